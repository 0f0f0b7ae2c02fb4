"""Words by which the command, the deploys and the scripts on hosts understand each other."""

# Environment variables that carry what a person says to a run of pyinfra.
REASON = "HOMEPORT_REASON"
RELEASE = "HOMEPORT_RELEASE"
RUNS = "HOMEPORT_RUNS"
REPLICA = "HOMEPORT_REPLICA"
CANARY = "HOMEPORT_CANARY"

# How `homeport` knows, from pyinfra's progress, that somebody else holds the lock.
LOCKED = "is locked by"
# How it knows what a rolling update told, and that a replica went back to its old release.
ROLLOUT = "rollout:"
ROLLED_BACK = "went back to its old release"
# And that what stood in for a replica failed before that was drained: nothing has to go back.
UNTOUCHED = "was never drained and serves as before"
# Operations that belong to a run and change nothing that is deployed.
LOCKING = "Lock the environment"
# What a host says that is lost in the middle of a run.
LOST = "the connection to this host was lost"

# Kinds of a drained replica's mark on a gateway: each is another's business. What a run drained a
# run restores; what a person drained stays drained until a person restores it.
DRAINED_BY_RUN = "apply"
DRAINED_BY_OPERATOR = "operator"
# What the watch has taken out it lets back itself; so does a rollout that has proved it.
DRAINED_BY_WATCH = "watch"
# The mark of a stand-in that serves: without it nginx does not know it.
SERVES = "serves"
