// What a request says about itself that decides when it may go to the cloud.

import body from 'body.js';

// `yes` for a request whose answer is to come as a stream, once its body is read. One that says it
// twice is none: an answer that comes as a whole must not be cut short by mistake.
function wants_stream(r) {
    const text = r.requestText;
    const values = body.members(text, ['stream']).stream;
    return values.length === 1 && text.slice(values[0].start, values[0].end) === 'true' ? 'yes' : '';
}

export default { wants_stream };
