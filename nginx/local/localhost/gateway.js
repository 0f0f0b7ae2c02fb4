// What nginx's own directives cannot do: digest a key, and read the model's name from a body.

import crypto from 'crypto';

import body from 'body.js';

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
    if (r.variables.pool === '') {
        return r.return(UNKNOWN_MODEL);
    }
    // Only where something is rendered that gives some requests a location of their own.
    const route = r.variables.route;
    return route ? r.internalRedirect(route) : r.decline();
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

// The same, without parsing what is no name of a model.
function scanned_models(text) {
    return body.members(text, ['model']).model.map((value) => body.string_at(text, value));
}

export default { choose_pool, key_digest };
