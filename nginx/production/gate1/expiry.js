// Whether a key is past its last day. nginx's maps cannot compare numbers.

// '1' once $key_ends, in seconds since 1970, is over; '' before.
function has_ended(r) {
    return Date.now() >= Number(r.variables.key_ends) * 1000 ? '1' : '';
}

export default { has_ended };
