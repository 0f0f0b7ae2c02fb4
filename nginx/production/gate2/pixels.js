// How many pixels an image has, by its first bytes. What an engine might know beside these formats
// is refused: decoders of rare ones are where their holes are.

// In hexadecimal digits: njs knows no Latin-1. A PNG says its size first; a maker's own chunk before
// that is refused.
const PNG = /^89504e470d0a1a0a.{8}49484452/;
const GIF = /^47494638(37|39)61/;
const WEBP = /^52494646.{8}57454250/;

// Pixels of the whole image; 0 for what is none, or is cut off before its size.
function of(bytes) {
    if (bytes.length < 30) {
        return 0;
    }
    const start = bytes.toString('hex', 0, 16);
    if (PNG.test(start)) {
        return bytes.readUInt32BE(16) * bytes.readUInt32BE(20);
    }
    if (start.startsWith('ffd8ff')) {
        return of_jpeg(bytes);
    }
    if (GIF.test(start)) {
        return bytes.readUInt16LE(6) * bytes.readUInt16LE(8);
    }
    if (start.startsWith('424d')) {
        return of_bmp(bytes);
    }
    return WEBP.test(start) ? of_webp(bytes) : 0;
}

// Markers one after the other, until the frame that says the size (ITU T.81, B.2.2).
function of_jpeg(bytes) {
    for (let at = 2; at + 9 < bytes.length;) {
        if (bytes[at] !== 0xff) {
            return 0;
        }
        const marker = bytes[at + 1];
        if (marker === 0xff) {
            at += 1;
        } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
            return bytes.readUInt16BE(at + 5) * bytes.readUInt16BE(at + 7);
        } else {
            at += 2 + bytes.readUInt16BE(at + 2);
        }
    }
    return 0;
}

// A height below zero: the lines stand from top to bottom.
function of_bmp(bytes) {
    return bytes.readUInt32LE(14) === 12
        ? bytes.readUInt16LE(18) * bytes.readUInt16LE(20)
        : Math.abs(bytes.readInt32LE(18) * bytes.readInt32LE(22));
}

// RFC 9649: lossy, lossless, and with more than a picture.
function of_webp(bytes) {
    const kind = bytes.toString('hex', 12, 16);
    if (kind === '56503820') {  // VP8, and a blank
        return (bytes.readUInt16LE(26) & 0x3fff) * (bytes.readUInt16LE(28) & 0x3fff);
    }
    if (kind === '5650384c') {  // VP8L
        const sizes = bytes.readUInt32LE(21);
        return ((sizes & 0x3fff) + 1) * (((sizes >>> 14) & 0x3fff) + 1);
    }
    // VP8X.
    return kind === '56503858'
        ? (bytes.readUIntLE(24, 3) + 1) * (bytes.readUIntLE(27, 3) + 1) : 0;
}

export default { of };
