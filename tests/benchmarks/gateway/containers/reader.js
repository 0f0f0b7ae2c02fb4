// A whole answer, or a stream of a few events.

// Larger bodies are images, for which nobody here wants a stream: they are not parsed.
const PARSED_BYTES = 65536;
const EVENTS = 4;
const PAUSE_MS = 5;
const ABOUT = { id: 'chatcmpl-0', created: 1767225600, model: 'talk' };

function whole() {
    const message = { role: 'assistant', content: 'An image.' };
    const usage = { prompt_tokens: 12, completion_tokens: 14, total_tokens: 26 };
    const choices = [{ index: 0, message: message, finish_reason: 'stop' }];
    const rest = { object: 'chat.completion', choices: choices, usage: usage };
    return JSON.stringify(Object.assign({}, ABOUT, rest));
}

function event(number) {
    const delta = { role: 'assistant', content: `word ${number} ` };
    const reason = number === EVENTS ? 'stop' : null;
    const choices = [{ index: 0, delta: delta, finish_reason: reason }];
    const rest = { object: 'chat.completion.chunk', choices: choices };
    return `data: ${JSON.stringify(Object.assign({}, ABOUT, rest))}\n\n`;
}

function pause() {
    return new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
}

// The first event at once, so that what a proxy adds to it is all that there is.
async function answer(r) {
    const length = Number(r.headersIn['Content-Length'] || 0);
    if (length > PARSED_BYTES || !JSON.parse(r.requestText).stream) {
        return r.return(200, whole());
    }
    r.status = 200;
    r.headersOut['Content-Type'] = 'text/event-stream';
    r.sendHeader();
    for (let number = 1; number <= EVENTS; number += 1) {
        r.send(event(number));
        await pause();
    }
    r.send('data: [DONE]\n\n');
    r.finish();
}

export default { answer };
