// Decides whether a request may leave, sends it in the provider's words, and records what it cost.

import fs from 'fs';

import body from 'body.js';
import breaker from 'breaker.js';
import budget from 'budget.js';
import limits from 'limits.js';
import usage from 'usage.js';

const KEY = '/srv/homeport/secrets/egress/provider.key';
const STATE = '/srv/homeport/state/egress';

// Said inside nginx; server.conf makes the answers out of them.
const NOT_OFFERED = 480;
const SPENT = 481;
const RESTING = 482;
const NOT_RECORDED = 483;

async function admit(r) {
    const text = await r.readRequestText();
    const members = offered(r, text);
    if (members === null) {
        return r.return(NOT_OFFERED);
    }
    try {
        const wanted = reservation(r, text, members);
        // The budget first: the breaker lets one request through and waits for what becomes of it.
        const exceeded = budget.reserve(wanted);
        if (exceeded !== '') {
            r.warn(`cloud: refused, it would exceed the cap of ${exceeded}`);
            return r.return(SPENT);
        }
        if (!breaker.may_try()) {
            budget.charge(negative(wanted), budget.today());
            return r.return(RESTING);
        }
        record(r, { event: 'sent', bytes: text.length });
        r.variables.admitted_day = budget.today();
        budget.new_alerts().forEach((cap) => {
            r.warn(`cloud: over ${limits.alert_percent} % of the cap of ${cap} is spent`);
        });
    } catch (error) {
        r.error(`cloud: refused, it cannot be recorded: ${error.message}`);
        return r.return(NOT_RECORDED);
    }
    return r.decline();
}

// The members that matter, or null for what may not leave: no or several models, one that is not
// offered, a client that is not listed, a body that is no JSON object.
function offered(r, text) {
    let found;
    try {
        found = body.members(text, ['model', 'max_tokens', 'max_completion_tokens', 'n']);
    } catch (error) {
        return null;
    }
    if (found.model.length !== 1 || r.variables.sender === '') {
        return null;
    }
    r.variables.public_model = body.string_at(text, found.model[0]) || '';
    r.variables.model_start = String(found.model[0].start);
    r.variables.model_end = String(found.model[0].end);
    return r.variables.provider_model === '' ? null : found;
}

// The most that the request may cost; set right when its answer has ended.
function reservation(r, text, members) {
    const numbers = (name) => members[name].map((value) => Number(text.slice(value.start, value.end)));
    const limit = numbers('max_completion_tokens').concat(numbers('max_tokens'), limits.answer_tokens)
        .find((number) => number >= 0);
    const choices = numbers('n').find((number) => number >= 1) || 1;
    const prompt = usage.guess(text.length);
    const completion = limit * choices;
    const wanted = amounts(r, prompt, completion);
    r.variables.prompt_tokens_guess = String(prompt);
    r.variables.reserved_tokens = String(wanted.tokens);
    r.variables.reserved_money = String(wanted.money);
    return wanted;
}

function amounts(r, prompt, completion) {
    const price = limits.prices[r.variables.provider_model];
    const money = (prompt * price.prompt + completion * price.completion) / 1e6;
    return { requests: 1, tokens: prompt + completion, money: money };
}

function negative(wanted) {
    return { requests: -wanted.requests, tokens: -wanted.tokens, money: -wanted.money };
}

// Only the value of "model" is another one: numbers, blanks and the order of members stay.
function provider_body(r) {
    const v = r.variables;
    const text = r.requestText;
    const name = JSON.stringify(v.provider_model);
    return text.slice(0, Number(v.model_start)) + name + text.slice(Number(v.model_end));
}

function authorization(r) {
    return `Bearer ${fs.readFileSync(KEY, 'utf8').trim()}`;
}

function count(r, data, flags) {
    if (data.length > 0) {
        usage.note(r, data);
    }
    r.sendBuffer(data, { last: flags.last, flush: true });
}

// The line about a request whose answer is over; '' for one that was not admitted.
function ended(r) {
    const v = r.variables;
    if (!v.admitted_day) {
        return '';
    }
    const status = Number((v.upstream_status || '').split(/[ ,:]+/).pop()) || 0;
    if (status === 429 || status >= 500 || status === 0) {
        if (r.variables.status !== '499' && breaker.failed()) {
            r.warn(`cloud: left alone for ${limits.breaker.cool_down_seconds} s after failures`);
        }
    } else {
        breaker.went_well();
    }
    const reserved = { tokens: Number(v.reserved_tokens), money: Number(v.reserved_money) };
    const cost = costs(r, status, reserved);
    const change = { requests: cost.requests - 1, tokens: cost.tokens - reserved.tokens };
    budget.charge(Object.assign(change, { money: cost.money - reserved.money }), v.admitted_day);
    return line(r, Object.assign({ event: 'ended', status: Number(v.status) }, cost));
}

// What a request really took. What never reached the provider cost nothing; an answer that came
// as a whole and was not waited for was made all the same.
function costs(r, status, reserved) {
    const v = r.variables;
    if (!Number(v.upstream_bytes_sent)) {
        return { requests: 0, tokens: 0, money: 0, tokens_from: 'nothing was sent' };
    }
    if (status === 0) {
        return Object.assign({ requests: 1, tokens_from: 'set aside' }, reserved);
    }
    if (status >= 400) {
        return { requests: 1, tokens: 0, money: 0, tokens_from: 'refused by the provider' };
    }
    const used = usage.of_answer(r, Number(v.body_bytes_sent));
    const found = amounts(r, used.prompt, used.completion);
    const words = { prompt_tokens: used.prompt, completion_tokens: used.completion };
    return Object.assign(found, words, { tokens_from: used.reported ? 'the provider' : 'a guess' });
}

// Before a byte leaves, and at once on the disk's side of the kernel.
function record(r, words) {
    const month = budget.today().slice(0, 7);
    const file = `${STATE}/audit-${month}.jsonl`;
    fs.appendFileSync(file, `${line(r, words)}\n`, { mode: 0o600 });
}

function line(r, words) {
    const v = r.variables;
    return JSON.stringify(Object.assign({
        time: new Date().toISOString(), request_id: v.sent_id, client: v.sender, reason: v.reason,
        path: v.uri, model: v.public_model, provider_model: v.provider_model,
        address: v.upstream_addr || '', currency: limits.currency,
    }, words));
}

// Where the caps stand: for checks, and for people.
function spent(r) {
    r.headersOut['Content-Type'] = 'application/json';
    r.return(200, JSON.stringify({ day: budget.today(), caps: budget.caps(budget.today()) }));
}

// Prometheus's text format; caps and their names are the settings' own.
function figures(r) {
    const caps = budget.caps(budget.today());
    const lines = [
        '# HELP homeport_cloud_spent What was spent of a cap: requests, tokens, or money.',
        '# TYPE homeport_cloud_spent gauge',
        ...caps.map((cap) => `homeport_cloud_spent{cap="${cap.name}"} ${cap.spent}`),
        '# HELP homeport_cloud_cap The most that may be spent.',
        '# TYPE homeport_cloud_cap gauge',
        ...caps.map((cap) => `homeport_cloud_cap{cap="${cap.name}"} ${cap.limit}`),
        '# HELP homeport_cloud_resting Whether the provider is left alone after failures.',
        '# TYPE homeport_cloud_resting gauge',
        `homeport_cloud_resting ${breaker.is_resting() ? 1 : 0}`,
    ];
    r.headersOut['Content-Type'] = 'text/plain; version=0.0.4';
    r.return(200, lines.join('\n') + '\n');
}

export default { admit, authorization, count, ended, figures, provider_body, spent };
