// Judges the images of a request before an engine hears of it: engines decode what they get, and
// llama-server fetches whatever a URL names.

import body from 'body.js';
import gateway from 'gateway.js';
import pixels from 'pixels.js';

// What is said inside nginx; errors.conf makes the answers out of it.
const TOO_LARGE = 476;
const TOO_MANY = 477;
const UNREADABLE = 478;
const BY_URL = 479;

// As engines take them; what stands behind is base64.
const IN_THE_REQUEST = /^data:(image|video|audio)\/[a-z0-9.+-]{1,32};base64,/;
const SOMEWHERE_ELSE = /^https?:\/\/([a-z0-9.-]{1,253})(:[0-9]{1,5})?\//;
const LONGEST_NAME = 320;
// llama-server's own form, base64 alone.
const BARE = 'multimodal_data';
// Characters in which the size stands, but for photographs with much before it.
const BEGINNING = 65536;

// choose_way of gateway.js, for environments with a pool that sees.
async function choose_way(r) {
    const text = await r.readRequestText();
    const refusal = gateway.set_way(r, text) || judged(text, r.variables.image_limits);
    return refusal ? r.return(refusal) : gateway.let_pass(r);
}

// 0, or why the images of a request are refused; `written` are the limits of its pool: '' where it
// sees nothing, else IMAGES|PIXELS|DOMAIN DOMAIN|KIND KIND, with what else it takes, as video.
function judged(text, written) {
    // Without any of these there is no image, unless in letters that are escaped.
    if (!written || ['_url"', '"input_', `"${BARE}"`, '\\u00'].every((one) => !has(text, one))) {
        return 0;
    }
    const words = written.split('|');
    const limits = { images: Number(words[0]), pixels: Number(words[1]),
        domains: words[2].split(' ').filter(Boolean), kinds: words[3].split(' ').filter(Boolean) };
    const media = body.strings_below(text, names_media);
    const others = media.filter((one) => limits.kinds.includes(kind_of(one)));
    return media.length - others.length > limits.images ? TOO_MANY
        : media.reduce((found, one) => found || wrong(one, limits), 0);
}

// As in gateway.js: faster than includes.
function has(text, word) {
    return text.split(word, 2).length > 1;
}

// By the name of a member and that of the object around it: {"image_url": {"url": …}}, also without
// the object, {"input_video": {"data": ...}}, or a place in the list "multimodal_data". llama-server
// fetches what stands in "data", too, and takes for an image what is one, whatever it is called.
function names_media(name, around) {
    return /_url$/.test(name) || name === BARE ||
        ((name === 'url' || name === 'data') && /_url$|^input_/.test(around));
}

function kind_of(one) {
    const found = /image|video|audio/.exec(/_url$/.test(one.name) ? one.name : one.around);
    return found === null ? 'image' : found[0];
}

function wrong(one, limits) {
    if (one.name === BARE) {
        return judged_size(one.value, 0, limits.pixels);
    }
    const beginning = one.value.slice(0, LONGEST_NAME);
    const inside = IN_THE_REQUEST.exec(beginning);
    const outside = SOMEWHERE_ELSE.exec(beginning);
    if (limits.kinds.includes(kind_of(one)) && (inside || one.name === 'data')) {
        // Decoded by an engine that was told how much of it to take; "data" is base64 there.
        return 0;
    }
    if (inside !== null) {
        return judged_size(one.value, inside[0].length, limits.pixels);
    }
    return outside !== null && limits.domains.includes(outside[1]) ? 0 : BY_URL;
}

function judged_size(value, start, most) {
    const found = size_of(value, start, start + BEGINNING) || size_of(value, start, value.length);
    return !found ? UNREADABLE : found > most ? TOO_LARGE : 0;
}

// Pixels; 0 where that much of the base64 does not tell.
function size_of(value, start, end) {
    const part = value.slice(start, end);
    // Decoders differ in what they make of other letters.
    return /^[A-Za-z0-9+\/]+={0,2}$/.test(part) ? pixels.of(Buffer.from(part, 'base64')) : 0;
}

export default { choose_way };
