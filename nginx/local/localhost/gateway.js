// What nginx's own directives cannot do: digest a key, and read the model's name from a body.

import crypto from 'crypto';

// RFC 6750: the scheme in any case, then one token without blanks.
const BEARER = /^Bearer ([!-~]{1,512})$/i;

// What is said inside nginx; errors.conf makes the answers out of it.
const NOT_JSON = 471;
const NO_MODEL = 472;
const UNKNOWN_MODEL = 473;
const TWO_MODELS = 474;

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
    const text = await r.readRequestText();
    let models;
    try {
        models = models_of(text);
    } catch (error) {
        return r.return(NOT_JSON);
    }
    if (models.length > 1) {
        return r.return(TWO_MODELS);
    }
    if (typeof models[0] !== 'string' || models[0] === '') {
        return r.return(NO_MODEL);
    }
    r.variables.public_model = models[0];
    return r.variables.pool === '' ? r.return(UNKNOWN_MODEL) : r.decline();
}

// Every value of "model" in the outermost object, null for what is no string. Two matter: parsers
// differ in which they take, so the pool would be chosen by one and the answer made by the other.
// Throws SyntaxError when the text is no JSON object.
function models_of(text) {
    if (text.length > PARSED_LENGTH) {
        return scanned_models(text);
    }
    const request = JSON.parse(text);
    // Each letter of the name may be escaped, and each such escape begins with \u006.
    if (text.indexOf('"model"') !== text.lastIndexOf('"model"') || text.includes('\\u006')) {
        return scanned_models(text);
    }
    if (request === null || typeof request !== 'object' || Array.isArray(request)) {
        throw new SyntaxError('no object');
    }
    return Object.hasOwn(request, 'model') ? [request.model] : [];
}

// The same from brackets and strings alone; what is inside strings is jumped over, images too.
function scanned_models(text) {
    const token = /[{}[\]"]/g;
    const models = [];
    let depth = 0;
    if (printed_after(text, 0)[0] !== '{') {
        throw new SyntaxError('no object');
    }
    for (let match = token.exec(text); match !== null; match = token.exec(text)) {
        if (match[0] === '"') {
            token.lastIndex = end_of_string(text, match.index);
            if (depth === 1 && is_model_key(text, match.index, token.lastIndex)) {
                models.push(string_after(text, token.lastIndex));
            }
        } else {
            depth += match[0] === '{' || match[0] === '[' ? 1 : -1;
        }
    }
    if (depth !== 0) {
        throw new SyntaxError('cut off');
    }
    return models;
}

function is_model_key(text, start, end) {
    return printed_after(text, end)[0] === ':' && JSON.parse(text.slice(start, end)) === 'model';
}

// The string that is the value of the key that ends at `end`, or null.
function string_after(text, end) {
    const start = printed_after(text, printed_after(text, end).index + 1).index;
    return text[start] === '"' ? JSON.parse(text.slice(start, end_of_string(text, start))) : null;
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
