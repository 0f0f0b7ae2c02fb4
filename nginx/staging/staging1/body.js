// Reads single members of a JSON object without parsing the rest of it.

// Every value of each of `names` in the outermost object, as {start, end} in `text`, from brackets
// and strings alone; what is inside strings is jumped over, images too. Several values of one name
// are all given: parsers differ in which they take.
// Throws SyntaxError when the text is no JSON object.
function members(text, names) {
    const token = /[{}[\]"]/g;
    const found = {};
    let depth = 0;
    names.forEach((name) => { found[name] = []; });
    if (printed_after(text, 0)[0] !== '{') {
        throw new SyntaxError('no object');
    }
    for (let match = token.exec(text); match !== null; match = token.exec(text)) {
        if (match[0] === '"') {
            token.lastIndex = end_of_string(text, match.index);
            const name = depth === 1 ? key(text, match.index, token.lastIndex) : null;
            if (name !== null && Object.hasOwn(found, name)) {
                found[name].push(value_after(text, token.lastIndex));
            }
        } else {
            depth += match[0] === '{' || match[0] === '[' ? 1 : -1;
        }
    }
    if (depth !== 0) {
        throw new SyntaxError('cut off');
    }
    return found;
}

// Every string that is a value anywhere in the object and for which `wanted(name, around)` holds, as
// {name, around, value}: the name of the member it stands in, also in a list, and of the one around.
// Throws SyntaxError as above.
function strings_below(text, wanted) {
    const token = /[{}[\]"]/g;
    const found = [];
    const around = [];
    let name = '';
    for (let match = token.exec(text); match !== null; match = token.exec(text)) {
        if (match[0] === '"') {
            const end = end_of_string(text, match.index);
            token.lastIndex = end;
            const own = key(text, match.index, end);
            if (own !== null) {
                name = own;
            } else if (wanted(name, around[around.length - 1])) {
                const value = JSON.parse(text.slice(match.index, end));
                found.push({ name: name, around: around[around.length - 1], value: value });
            }
        } else if (match[0] === '{' || match[0] === '[') {
            around.push(name);
        } else {
            name = around.pop();
        }
    }
    return found;
}

// A value that `members` has found: text, true, false or a number, and null for all else.
function value_at(text, value) {
    const word = text.slice(value.start, value.end);
    return /^("|(true|false|[-+.0-9eE]+)$)/.test(word) ? JSON.parse(word) : null;
}

// The same, and null for what is no text.
function string_at(text, value) {
    const found = value_at(text, value);
    return typeof found === 'string' ? found : null;
}

// The name of a member whose key stands between `start` and `end`, or null for any other string.
function key(text, start, end) {
    return printed_after(text, end)[0] === ':' ? JSON.parse(text.slice(start, end)) : null;
}

// The value of the key that ends at `end`: all of a string, and of others the first word.
function value_after(text, end) {
    const start = printed_after(text, printed_after(text, end).index + 1).index;
    if (text[start] === '"') {
        return { start: start, end: end_of_string(text, start) };
    }
    const word = /[^ \t\r\n,}\]]*/g;
    word.lastIndex = start;
    return { start: start, end: start + word.exec(text)[0].length };
}

function printed_after(text, position) {
    const printed = /[^ \t\r\n]/g;
    printed.lastIndex = position;
    return printed.exec(text) || { 0: '', index: text.length };
}

// Where the string that begins at `start` is over: after the first quote that is not escaped.
function end_of_string(text, start) {
    let quote = start;
    do {
        quote = next_quote(text, quote + 1);
    } while (is_escaped(text, quote));
    return quote + 1;
}

// QuickJS's indexOf compares at each sign as if the rest could be as long as what is sought: 40
// instructions for each, 800 million for an image. split looks for the first sign alone. In pieces
// that grow, so that neither short nor long strings are copied many times.
function next_quote(text, from) {
    for (let start = from, length = 64; start < text.length; length *= 2) {
        const piece = text.slice(start, start + length);
        const before = piece.split('"', 1)[0].length;
        if (before < piece.length) {
            return start + before;
        }
        start += piece.length;
    }
    throw new SyntaxError('cut off');
}

function is_escaped(text, position) {
    let backslashes = 0;
    while (text[position - 1 - backslashes] === '\\') {
        backslashes += 1;
    }
    return backslashes % 2 === 1;
}

export default { members, string_at, strings_below, value_at };
