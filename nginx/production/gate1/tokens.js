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

// CLIENT and the number of the minute or day: no client's name holds a blank.
function period(client, period_ms) {
    return `${client} ${Math.floor(Date.now() / period_ms)}`;
}

// 'day', 'minute' or ''. What is under way is not known yet: a client is refused once it has used
// its budget, and may end over it by what was running.
function used_up(r) {
    const client = r.variables.client;
    if (has_used(ngx.shared.tokens_by_day, period(client, DAY_MS), r.variables.tokens_per_day)) {
        return 'day';
    }
    const minute = period(client, MINUTE_MS);
    const per_minute = r.variables.tokens_per_minute;
    return has_used(ngx.shared.tokens_by_minute, minute, per_minute) ? 'minute' : '';
}

// An empty budget is none.
function has_used(zone, key, budget) {
    return budget !== '' && (zone.get(key) || 0) >= Number(budget);
}

// Passes each piece of an answer on as it is. Until the answer says how many tokens it took, each
// event of a stream counts as one: that is what stays of an answer that was broken off, or whose
// client did not ask for usage.
function count(r, data, flags) {
    // Without flush nginx keeps the pieces of a stream until there are many.
    r.sendBuffer(data, { last: flags.last, flush: !flags.last });
    const seen = r.seen_tokens || (r.seen_tokens = first_sight(r));
    if (!seen.by_day && !seen.by_minute) {
        return r.done();
    }
    const text = seen.rest + data.toString();
    if (seen.streams) {
        seen.events += ends_of_events(text) - ends_of_events(seen.rest);
    }
    seen.total = last_total(text, seen.total);
    seen.rest = text.slice(-LONGEST_COUNT);
    add(seen, seen.total === null ? seen.events : seen.total);
    if (flags.last && seen.total !== null) {
        r.variables.total_tokens = String(seen.total);
    }
}

// What is known of an answer. Kept with the request: variables of this file outlive one.
function first_sight(r) {
    // What was generated for an earlier request took no tokens for this one.
    const counts = r.status === 200 && r.variables.upstream_cache_status !== 'HIT';
    return {
        client: r.variables.client,
        by_day: counts && r.variables.tokens_per_day !== '',
        by_minute: counts && r.variables.tokens_per_minute !== '',
        streams: (r.headersOut['Content-Type'] || '').startsWith('text/event-stream'),
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
    const more = tokens - seen.added;
    if (more === 0) {
        return;
    }
    if (seen.by_day) {
        ngx.shared.tokens_by_day.incr(period(seen.client, DAY_MS), more, 0);
    }
    if (seen.by_minute) {
        ngx.shared.tokens_by_minute.incr(period(seen.client, MINUTE_MS), more, 0);
    }
    seen.added = tokens;
}

export default { count, rest_of_day, rest_of_minute, used_up };
