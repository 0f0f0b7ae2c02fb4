// What nginx's own directives cannot do: digest a key, and read the model's name from a body.

import crypto from 'crypto';

// RFC 6750: the scheme in any case, then one token without blanks.
const BEARER = /^Bearer ([!-~]{1,512})$/i;

// What is said inside nginx; errors.conf makes the answers out of it.
const NOT_JSON = 471;
const NO_MODEL = 472;
const UNKNOWN_MODEL = 473;
const TWO_MODELS = 474;
const WRONG_PATH = 475;
const OTHER_ROUTE = 476;

// Characters up to which a body is parsed as a whole. Larger ones are only scanned: parsing 30 MB
// of numbers took 1.6 s and 290 MB, and a worker does nothing else meanwhile. What is wrong deep
// inside a large body the engine finds.
const PARSED_LENGTH = 1048576;

// sha256 of the bearer token in hex, or '' when there is none or it is malformed.
function key_digest(r) {
    const match = BEARER.exec(r.headersIn['Authorization'] || '');
    return match ? crypto.createHash('sha256').update(match[1]).digest('hex') : '';
}

// Sets $public_model, and with it $pool, from the request's body; refuses what names no pool.
async function choose_pool(r) {
    const others = (r.variables.body_words || '').split(' ').filter(Boolean);
    const text = await r.readRequestText();
    let found;
    try {
        found = values_of(text, ['model', ...others]);
    } catch (error) {
        return r.return(NOT_JSON);
    }
    if (found.model.length > 1) {
        return r.return(TWO_MODELS);
    }
    if (typeof found.model[0] !== 'string' || found.model[0] === '') {
        return r.return(NO_MODEL);
    }
    r.variables.public_model = found.model[0];
    others.forEach((word) => { r.variables[`body_${word}`] = short_word(found[word]); });
    return r.variables.pool === '' ? r.return(UNKNOWN_MODEL) : let_pass(r);
}

// A pool of another kind than the path's is refused; one with time-outs of its own is in another
// location. Neither variable is there in environments that have no such pools.
function let_pass(r) {
    if (r.variables.pool_kind && r.variables.pool_kind !== r.variables.path_kind) {
        return r.return(WRONG_PATH);
    }
    return r.variables.silence_route ? r.return(OTHER_ROUTE) : r.decline();
}

// What a word's first value is as text: '' for what is neither text, number nor true or false.
function short_word(values) {
    const value = values[0];
    return value === undefined || typeof value === 'object' ? '' : String(value).slice(0, 256);
}

// Word -> every value that it has in the outermost object; null for what is neither text nor true,
// false or a number. Two models matter: parsers differ in which they take, so the pool would be
// chosen by one and the answer made by the other. Throws SyntaxError for what is no JSON object.
function values_of(text, words) {
    if (text.length > PARSED_LENGTH) {
        return scanned_values(text, words);
    }
    const request = JSON.parse(text);
    // Each letter of the name may be escaped, and each such escape begins with \u006.
    if (text.indexOf('"model"') !== text.lastIndexOf('"model"') || text.includes('\\u006')) {
        return scanned_values(text, words);
    }
    if (request === null || typeof request !== 'object' || Array.isArray(request)) {
        throw new SyntaxError('no object');
    }
    const found = {};
    words.forEach((word) => {
        found[word] = Object.hasOwn(request, word) ? [request[word]] : [];
    });
    return found;
}

// The same from brackets and strings alone; what is inside strings is jumped over, images too.
function scanned_values(text, words) {
    const token = /[{}[\]"]/g;
    const found = {};
    words.forEach((word) => { found[word] = []; });
    let depth = 0;
    if (printed_after(text, 0)[0] !== '{') {
        throw new SyntaxError('no object');
    }
    for (let match = token.exec(text); match !== null; match = token.exec(text)) {
        if (match[0] === '"') {
            token.lastIndex = end_of_string(text, match.index);
            const word = depth === 1 ? key(text, match.index, token.lastIndex) : null;
            if (word !== null && Object.hasOwn(found, word)) {
                found[word].push(value_after(text, token.lastIndex));
            }
        } else {
            depth += match[0] === '{' || match[0] === '[' ? 1 : -1;
        }
    }
    if (depth !== 0) {
        throw new SyntaxError('cut off');
    }
    return found;
}

// The string from `start` to `end` when it is a key, or null.
function key(text, start, end) {
    return printed_after(text, end)[0] === ':' ? JSON.parse(text.slice(start, end)) : null;
}

// The value of the key that ends at `end`: text, true, false, a number, or null.
function value_after(text, end) {
    const start = printed_after(text, printed_after(text, end).index + 1).index;
    if (text[start] === '"') {
        return JSON.parse(text.slice(start, end_of_string(text, start)));
    }
    const plain = /^(true|false|[-+.0-9eE]+)/.exec(text.slice(start, start + 32));
    return plain === null ? null : JSON.parse(plain[0]);
}

function printed_after(text, position) {
    const printed = /[^ \t\r\n]/g;
    printed.lastIndex = position;
    return printed.exec(text) || { 0: '', index: text.length };
}

// Where the string that begins at `start` is over: after the first quote that is not escaped.
function end_of_string(text, start) {
    let quote = start;
    do {
        quote = text.indexOf('"', quote + 1);
        if (quote === -1) {
            throw new SyntaxError('cut off');
        }
    } while (is_escaped(text, quote));
    return quote + 1;
}

function is_escaped(text, position) {
    let backslashes = 0;
    while (text[position - 1 - backslashes] === '\\') {
        backslashes += 1;
    }
    return backslashes % 2 === 1;
}

export default { choose_pool, key_digest };
