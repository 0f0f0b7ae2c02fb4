// Tokens of a request and its answer: what the provider counts, or a guess where it does not say.

// As much of an answer as the numbers of a `usage` and what stands between them take.
const TAIL_LENGTH = 512;
// English has four characters per token or a little more.
const CHARACTERS_PER_TOKEN = 4;

function guess(characters) {
    return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

// Takes note of one piece of an answer; the numbers in the last `usage` win.
function note(r, piece) {
    const text = piece.toString();
    const seen = (r.variables.answer_tail || '') + text;
    const prompt = last_number(seen, /"prompt_tokens"\s*:\s*(\d+)/g);
    const completion = last_number(seen, /"completion_tokens"\s*:\s*(\d+)/g);
    if (prompt !== '') {
        r.variables.prompt_tokens = prompt;
    }
    if (completion !== '') {
        r.variables.completion_tokens = completion;
    }
    const events = (text.match(/^data: \{/gm) || []).length;
    r.variables.answer_events = String(Number(r.variables.answer_events || 0) + events);
    r.variables.answer_tail = seen.slice(-TAIL_LENGTH);
}

// {prompt, completion, reported} of an answer of which `bytes` came. Streams without a `usage` have
// about one token per event.
function of_answer(r, bytes) {
    const v = r.variables;
    if (v.prompt_tokens && v.completion_tokens) {
        const counts = { prompt: Number(v.prompt_tokens), completion: Number(v.completion_tokens) };
        return Object.assign(counts, { reported: true });
    }
    const completion = Number(v.answer_events || 0) || guess(bytes);
    return { prompt: Number(v.prompt_tokens_guess || 0), completion, reported: false };
}

// A number may go on in the next piece: one that ends with the text is not taken yet.
function last_number(text, pattern) {
    let found = '';
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        if (pattern.lastIndex < text.length) {
            found = match[1];
        }
    }
    return found;
}

export default { guess, note, of_answer };
