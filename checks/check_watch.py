"""The watch of each host that has one: systemd starts it, and it has looked lately."""

from checks.fleet import Deployed
from checks.verdict import require

# A look lasts as long as what it proves and restarts; in that time the next one does not begin.
LONGEST_LOOK_SECONDS = 900
JOURNAL = "`journalctl --unit 'homeport-watch-*'` on the host says why"


def check_the_watch_is_started_by_systemd(watched: Deployed) -> None:
    """Its timer, and where gateways elsewhere ask its socket; now and with the host."""
    watch, live = watched.committed.release.watch, watched.live.watch
    started = watch.started if watch is not None else ()
    missing = [unit for unit in started if unit not in live.active & live.enabled]
    remedy = f"homeport apply {watched.committed.release.environment}; {JOURNAL}"
    require(not missing, f"does not run, or not with the host: {', '.join(missing)}", remedy)


def check_the_watch_has_looked_lately(watched: Deployed) -> None:
    """By the file that each look writes at its end, and by systemd's word for the last one."""
    watch, live = watched.committed.release.watch, watched.live.watch
    found = f"its last look ended with `{live.result}`"
    require(live.result in ("", "success"), found, JOURNAL)
    require(live.age_seconds is not None, "it has never looked", JOURNAL)
    most = LONGEST_LOOK_SECONDS + (4 * watch.look_seconds if watch is not None else 0)
    age = live.age_seconds or 0
    require(age <= most, f"its last look is {age} s old, and {most} s would be long", JOURNAL)
