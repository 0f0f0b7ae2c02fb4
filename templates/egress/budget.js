// What was spent, by day and month (UTC): in memory for all workers, and in a file that outlives
// them. A request is counted before it is sent; whoever is killed half-way has it counted.

import fs from 'fs';

import limits from 'limits.js';

const FILE = '/srv/homeport/state/egress/spent.json';
const KINDS = ['requests', 'tokens', 'money'];

function today() {
    return new Date().toISOString().slice(0, 10);
}

// Sets `amounts` ({requests, tokens, money}) aside. Gives '' when it has, else the cap that is in
// the way, as in `tokens per day`. Throws when it cannot be recorded: then nothing may leave.
function reserve(amounts) {
    const day = today();
    load();
    const exceeded = caps(day).find((cap) => cap.spent + amounts[cap.kind] > cap.limit);
    if (exceeded) {
        return exceeded.name;
    }
    charge(amounts, day);
    return '';
}

// Adds to what was spent on a day; a correction of what was set aside may be negative.
function charge(amounts, day) {
    load();
    KINDS.forEach((kind) => {
        [day, day.slice(0, 7)].forEach((period) => {
            ngx.shared.spent.incr(`${period} ${kind}`, amounts[kind], 0);
        });
    });
    save(day);
}

// Every cap that is set: its name, its limit, what is spent of it, and whether that is alarming.
function caps(day) {
    load();
    const found = [];
    [['day', day], ['month', day.slice(0, 7)]].forEach((one) => {
        KINDS.forEach((kind) => {
            const limit = limits[one[0]][kind];
            if (limit !== null) {
                const spent = ngx.shared.spent.get(`${one[1]} ${kind}`) || 0;
                const alert = spent >= (limit * limits.alert_percent) / 100;
                found.push({ name: `${kind} per ${one[0]}`, kind, limit, spent, alert });
            }
        });
    });
    return found;
}

// Names of the caps whose alert threshold was passed since the last call, each once a period.
function new_alerts() {
    const day = today();
    return caps(day).filter((cap) => {
        const period = cap.name.endsWith('day') ? day : day.slice(0, 7);
        return cap.alert && ngx.shared.spent.add(`${period} told ${cap.kind}`, 1);
    }).map((cap) => cap.name);
}

// After a start the memory is empty. A file that is there and cannot be read stops everything:
// going on from nothing would forget what was spent.
function load() {
    if (ngx.shared.spent.has('loaded')) {
        return;
    }
    let text = '[]';
    try {
        text = fs.readFileSync(FILE, 'utf8');
    } catch (error) {
        if (error.code !== 'ENOENT') {
            throw error;
        }
    }
    JSON.parse(text).forEach((item) => ngx.shared.spent.add(item[0], item[1]));
    ngx.shared.spent.add('loaded', 1);
}

// Only this month's lines; written beside its place and renamed, so that it is never half there.
function save(day) {
    const month = day.slice(0, 7);
    const items = ngx.shared.spent.items();
    const current = items.filter((item) => item[0].startsWith(month));
    items.filter((item) => item[0] !== 'loaded' && item[0].slice(0, 7) < month)
        .forEach((item) => ngx.shared.spent.delete(item[0]));
    fs.writeFileSync(`${FILE}.new`, JSON.stringify(current), { mode: 0o600 });
    fs.renameSync(`${FILE}.new`, FILE);
}

export default { caps, charge, new_alerts, reserve, today };
