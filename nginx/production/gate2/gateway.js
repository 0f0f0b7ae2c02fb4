// What nginx's own directives cannot do: digest a key, and read the model's name from a body.

import crypto from 'crypto';

import body from 'body.js';

// What is said inside nginx; errors.conf makes the answers out of it.
const NOT_JSON = 471;
const NO_MODEL = 472;
const UNKNOWN_MODEL = 473;
const TWO_MODELS = 474;
const WRONG_PATH = 475;

const MODEL = ['model'];
// In place of a value.
const SEVERAL = {};

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
    const refusal = set_model(r, await r.readRequestText(), MODEL);
    return refusal ? r.return(refusal) : r.decline();
}

// The same where a pool alone does not say how a request goes on. Not for all: each variable that is
// asked for costs as much as a tenth of the key's digest.
async function choose_way(r) {
    const refusal = set_way(r, await r.readRequestText());
    return refusal ? r.return(refusal) : let_pass(r);
}

// set_model, with the words that the environment asks for.
function set_way(r, text) {
    const others = (r.variables.body_words || '').split(' ').filter(Boolean);
    return set_model(r, text, MODEL.concat(others));
}

// 0, or why no pool is found.
function set_model(r, text, words) {
    let found;
    try {
        found = values_of(text, words);
    } catch (error) {
        return NOT_JSON;
    }
    if (found.model === SEVERAL) {
        return TWO_MODELS;
    }
    if (typeof found.model !== 'string' || found.model === '') {
        return NO_MODEL;
    }
    r.variables.public_model = found.model;
    for (let at = 1; at < words.length; at += 1) {
        r.variables[`body_${words[at]}`] = short_word(found[words[at]]);
    }
    return r.variables.pool === '' ? UNKNOWN_MODEL : 0;
}

// A pool of another kind than the path's is refused; what has time-outs of its own, or may leave the
// fleet, goes on in another location. Environments have only those variables that they use.
function let_pass(r) {
    if (r.variables.pool_kind && r.variables.pool_kind !== r.variables.path_kind) {
        return r.return(WRONG_PATH);
    }
    const route = r.variables.route;
    return route ? r.internalRedirect(route) : r.decline();
}

// What a value is as text: '' for what is neither text, number nor true or false.
function short_word(value) {
    return value === undefined || typeof value === 'object' ? '' : String(value).slice(0, 256);
}

// An object with the value of each word in the outermost object; where that has several of a word's,
// SEVERAL, for parsers differ in which they take: with two models the pool would be chosen by one
// and the answer made by the other. Throws SyntaxError for what is no JSON object.
function values_of(text, words) {
    if (text.length > PARSED_LENGTH) {
        return scanned_values(text, words);
    }
    const request = JSON.parse(text);
    // More than one name, or one that may be escaped: each of its letters begins with \u006 then.
    // Split, because indexOf and includes take three times as long, and the parser half of that.
    if (text.split('"model"', 3).length > 2 || text.split('\\u006', 2).length > 1) {
        return scanned_values(text, words);
    }
    if (request === null || typeof request !== 'object' || Array.isArray(request)) {
        throw new SyntaxError('no object');
    }
    return request;
}

// The same, without parsing what is not asked for.
function scanned_values(text, words) {
    const found = body.members(text, words);
    words.forEach((word) => { found[word] = only_value(text, found[word]); });
    return found;
}

function only_value(text, values) {
    return values.length > 1 ? SEVERAL : values.length === 1 ? body.value_at(text, values[0]) : null;
}

export default { choose_pool, choose_way, key_digest, let_pass, set_way };
