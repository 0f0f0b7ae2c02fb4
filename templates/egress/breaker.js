// Leaves the provider alone for a while after several failures in a row.

import limits from 'limits.js';

// Whether a request may be tried now. When the rest is over, the first to ask may, and the others
// rest on until it has gone well.
function may_try() {
    const until = ngx.shared.breaker.get('until') || 0;
    if (until === 0) {
        return true;
    }
    if (Date.now() < until) {
        return false;
    }
    rest();
    return true;
}

function went_well() {
    ngx.shared.breaker.clear();
}

// Gives whether the provider is left alone from now on.
function failed() {
    if (ngx.shared.breaker.incr('failures', 1, 0) < limits.breaker.failures) {
        return false;
    }
    rest();
    return true;
}

// Whether nobody may try now; asking changes nothing.
function is_resting() {
    return Date.now() < (ngx.shared.breaker.get('until') || 0);
}

function rest() {
    ngx.shared.breaker.set('until', Date.now() + limits.breaker.cool_down_seconds * 1000);
}

export default { failed, is_resting, may_try, went_well };
