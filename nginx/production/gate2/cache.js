// What keeping answers needs to know that nginx's own directives cannot tell.

import crypto from 'crypto';
import fs from 'fs';

const FOLDER = '/srv/homeport/state/gateway/answers';

// sha256 of the body, byte for byte, in hex; '' when it is larger than $cached_body_bytes. Of a
// larger one no copy is made.
function body_digest(r) {
    const limit = Number(r.variables.cached_body_bytes);
    if (!(Number(r.variables.content_length) <= limit)) {
        return '';
    }
    return crypto.createHash('sha256').update(r.requestBuffer).digest('hex');
}

// Seconds since the answer was kept that nginx gives again, from its file; '' when that is gone.
// The name is the key's md5, and `levels=1:2` takes its folders from the end of that.
function kept_seconds(r) {
    const name = crypto.createHash('md5').update(r.variables.cache_key).digest('hex');
    try {
        const file = fs.statSync(`${FOLDER}/${name.slice(-1)}/${name.slice(-3, -1)}/${name}`);
        return String(Math.max(0, Math.floor((Date.now() - file.mtimeMs) / 1000)));
    } catch (error) {
        return '';
    }
}

export default { body_digest, kept_seconds };
