// What nginx's own directives cannot do: digest a key, and read the model's name from a body.

import crypto from 'crypto';

const BEARER = /^Bearer ([!-~]{1,512})$/;

// sha256 of the bearer token in hex, or '' when there is none. nginx looks it up in a hash table,
// so the time it takes tells nothing about the keys.
function key_digest(r) {
    const match = BEARER.exec(r.headersIn['Authorization'] || '');
    return match ? crypto.createHash('sha256').update(match[1]).digest('hex') : '';
}

// Sets $public_model, and with it $pool, from the request's body; refuses what names no pool.
async function choose_pool(r) {
    let request;
    try {
        request = JSON.parse(await r.readRequestText());
    } catch (error) {
        r.return(471);
        return;
    }
    if (request === null || typeof request !== 'object' || typeof request.model !== 'string') {
        r.return(472);
        return;
    }
    r.variables.public_model = request.model;
    if (r.variables.pool === '') {
        r.return(473);
        return;
    }
    r.decline();
}

export default { choose_pool, key_digest };
