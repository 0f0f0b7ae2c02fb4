// Counts the tokens that clients use, by what engines say in `usage`.

const MINUTE_MS = 60000;
const DAY_MS = 86400000;

// A key, a number and what is between them: as much of one piece is kept for the next.
const LONGEST_COUNT = 64;

// Seconds until the next minute or day begins.
function rest_of_minute() {
    return rest_seconds(MINUTE_MS);
}

function rest_of_day() {
    return rest_seconds(DAY_MS);
}

function rest_seconds(period_ms) {
    return String(Math.ceil((period_ms - Date.now() % period_ms) / 1000));
}

// Which periods this client's tokens are limited in: where they are counted, and how many it may use.
function limits(r) {
    return [
        { name: 'day', zone: 'tokens_by_day', period_ms: DAY_MS, most: r.variables.tokens_per_day },
        {
            name: 'minute',
            zone: 'tokens_by_minute',
            period_ms: MINUTE_MS,
            most: r.variables.tokens_per_minute,
        },
    ].filter((limit) => limit.most);
}

// CLIENT and the number of the minute or day: no client's name holds a blank.
function period(client, period_ms) {
    return `${client} ${Math.floor(Date.now() / period_ms)}`;
}

// 'day', 'minute' or ''. What is under way is not known yet: a client is refused once it has used
// its budget, and may end over it by what was running.
function used_up(r) {
    const client = r.variables.client;
    const over = limits(r).find(({ zone, period_ms, most }) => {
        return (ngx.shared[zone].get(period(client, period_ms)) || 0) >= Number(most);
    });
    return over ? over.name : '';
}

// Passes each piece of an answer on as it is. Until the answer says how many tokens it took, each
// event of a stream counts as one: that is what stays of an answer that was broken off, or whose
// client did not ask for usage.
function count(r, data, flags) {
    // Without flush nginx keeps the pieces of a stream until there are many.
    r.sendBuffer(data, { last: flags.last, flush: !flags.last });
    const seen = r.seen_tokens || (r.seen_tokens = first_sight(r));
    if (!seen.limits.length) {
        return r.done();
    }
    const text = seen.rest + data.toString();
    seen.events += ends_of_events(text) - ends_of_events(seen.rest);
    seen.total = last_total(text, seen.total);
    seen.rest = text.slice(-LONGEST_COUNT);
    add(seen, seen.total === null ? seen.events : seen.total);
    if (flags.last && seen.total !== null) {
        r.variables.total_tokens = String(seen.total);
    }
}

function first_sight(r) {
    const counted = r.status === 200 ? limits(r) : [];
    return {
        client: r.variables.client,
        limits: counted,
        rest: '',
        events: 0,
        total: null,
        added: 0,
    };
}

// No JSON string holds a line's end, so each blank line is the end of an event.
function ends_of_events(text) {
    return text.split('\n\n').length - 1;
}

// What the last whole "total_tokens" says. Inside an answer's own text its quotes are escaped.
function last_total(text, before) {
    if (!text.includes('"total_tokens"')) {
        return before;
    }
    const counts = /"total_tokens"\s*:\s*(\d+)\D/g;
    let total = before;
    for (let match = counts.exec(text); match !== null; match = counts.exec(text)) {
        total = Number(match[1]);
    }
    return total;
}

// Brings what is counted for this answer to `tokens`.
function add(seen, tokens) {
    if (tokens !== seen.added) {
        seen.limits.forEach(({ zone, period_ms }) => {
            ngx.shared[zone].incr(period(seen.client, period_ms), tokens - seen.added, 0);
        });
        seen.added = tokens;
    }
}

export default { count, rest_of_day, rest_of_minute, used_up };
