// Counts what was answered, and tells it in Prometheus's text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/

// Upper ends in seconds: from a cached prompt to the longest wait that a gateway allows.
const ENDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];

const HELP = {
    requests: 'Requests that were answered, by pool and status.',
    refusals: 'Requests that the gateway answered itself, by the code in its answer.',
    tries: 'Tries on replicas: more than one for a request that was tried again.',
};

// Of the log's own variables none but names from the settings, and numbers: nothing that a client
// has written becomes a label, so that no client can make series.
function count(r) {
    const v = r.variables;
    const pool = v.pool || '';
    add(`requests|${pool}|${v.status}`, 1);
    if (v.refusal) {
        add(`refusals|${pool}|${v.refusal}`, 1);
    }
    const tries = pieces(v.upstream_status);
    if (tries.length > 0) {
        add(`tries|${pool}|`, tries.length);
    }
    const seconds = v.status === '200' ? first_byte(v) : NaN;
    if (!isNaN(seconds)) {
        const end = ENDS.find((one) => seconds <= one) || '+Inf';
        add(`first_byte|${pool}|${end}`, 1);
        add(`first_byte_sum|${pool}|`, seconds);
    }
    return '';
}

function add(key, number) {
    ngx.shared.figures.incr(key, number, 0);
}

// nginx writes one value for each try, between `, ` or ` : `.
function pieces(text) {
    return (text || '').split(/[, :]+/).filter((one) => one !== '');
}

// From the first try to the first byte of the answer; NaN where no replica has answered.
function first_byte(v) {
    const last = Number(pieces(v.upstream_header_time).pop());
    const before = pieces(v.upstream_response_time).slice(0, -1);
    return before.reduce((sum, one) => sum + (Number(one) || 0), last);
}

function tell(r) {
    const found = {};
    ngx.shared.figures.items().forEach((item) => {
        const words = item[0].split('|');
        found[words[0]] = found[words[0]] || {};
        found[words[0]][words[1]] = found[words[0]][words[1]] || {};
        found[words[0]][words[1]][words[2]] = item[1];
    });
    const lines = [
        ...counters('requests', 'status', found),
        ...counters('refusals', 'code', found),
        ...counters('tries', '', found),
        ...first_bytes(found),
        ...connections(r.variables),
    ];
    r.headersOut['Content-Type'] = 'text/plain; version=0.0.4';
    r.return(200, lines.join('\n') + '\n');
}

function counters(name, label, found) {
    const metric = `homeport_gateway_${name}_total`;
    const lines = [`# HELP ${metric} ${HELP[name]}`, `# TYPE ${metric} counter`];
    each(found[name], (pool, words) => each(words, (word, number) => {
        const more = label === '' ? '' : `,${label}="${word}"`;
        lines.push(`${metric}{pool="${pool}"${more}} ${number}`);
    }));
    return lines;
}

function first_bytes(found) {
    const metric = 'homeport_gateway_first_byte_seconds';
    const help = 'From the first try to the first byte of an answer with status 200.';
    const lines = [`# HELP ${metric} ${help}`, `# TYPE ${metric} histogram`];
    each(found.first_byte, (pool, numbers) => {
        let sum = 0;
        ENDS.concat('+Inf').forEach((end) => {
            sum += numbers[end] || 0;
            lines.push(`${metric}_bucket{pool="${pool}",le="${end}"} ${sum}`);
        });
        lines.push(`${metric}_sum{pool="${pool}"} ${found.first_byte_sum[pool]['']}`);
        lines.push(`${metric}_count{pool="${pool}"} ${sum}`);
    });
    return lines;
}

function connections(v) {
    const metric = 'homeport_gateway_connections';
    return [
        '# HELP homeport_gateway_info Which configuration is loaded.',
        '# TYPE homeport_gateway_info gauge',
        `homeport_gateway_info{revision="${v.revision}"} 1`,
        `# HELP ${metric} Connections of clients, this one too.`,
        `# TYPE ${metric} gauge`,
        `${metric}{state="active"} ${v.connections_active}`,
        `${metric}{state="waiting"} ${v.connections_waiting}`,
    ];
}

function each(numbers, visit) {
    Object.keys(numbers || {}).sort().forEach((key) => visit(key, numbers[key]));
}

export default { count, tell };
