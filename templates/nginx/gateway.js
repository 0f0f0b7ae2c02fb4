// What nginx's own directives cannot do: digest a key, and read the model's name from a body.

import crypto from 'crypto';

import body from 'body.js';

// What is said inside nginx; errors.conf makes the answers out of it.
const NOT_JSON = 471;
const NO_MODEL = 472;
const UNKNOWN_MODEL = 473;
const TWO_MODELS = 474;
const WRONG_PATH = 475;

// Characters up to which a body is parsed as a whole. Larger ones are only scanned: parsing 30 MB
// of numbers took 1.6 s and 290 MB, and a worker does nothing else meanwhile. What is wrong deep
// inside a large body the engine finds.
const PARSED_LENGTH = 1048576;

// sha256 of the bearer token in hex, or '' when there is none or it is malformed.
function key_digest(r) {
    const token = r.variables.bearer;
    return token ? crypto.createHash('sha256').update(token).digest('hex') : '';
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

// A pool of another kind than the path's is refused; what has time-outs of its own, or may leave the
// fleet, goes on in another location. Environments without such pools have none of these variables.
function let_pass(r) {
    if (r.variables.pool_kind && r.variables.pool_kind !== r.variables.path_kind) {
        return r.return(WRONG_PATH);
    }
    const route = r.variables.route;
    return route ? r.internalRedirect(route) : r.decline();
}

// What a word's only value is as text: '' for what is neither text, number nor true or false.
function short_word(values) {
    const value = values.length === 1 ? values[0] : null;
    return typeof value === 'object' ? '' : String(value).slice(0, 256);
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

// The same, without parsing what is not asked for.
function scanned_values(text, words) {
    const found = body.members(text, words);
    words.forEach((word) => { found[word] = found[word].map((value) => body.value_at(text, value)); });
    return found;
}

export default { choose_pool, key_digest };
