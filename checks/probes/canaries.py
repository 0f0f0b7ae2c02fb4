"""Asks a gateway's host which shares it has, and which of them nginx goes by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.committed import Committed
from checks.probes import gateway, sections
from checks.probes.host import Unreachable, directory, run
from deploys.questions.canaries import Share, parse_loaded, parse_shares, question
from deploys.settings.inventory import InventoryHost


@dataclass(frozen=True)
class Shares:
    """Of one gateway, by pool."""

    host: InventoryHost
    project: str
    """Compose project of the gateway."""
    written: Mapping[str, Share]
    loaded: Mapping[str, str]
    """SHARE@TIME that nginx goes by; without the pools that have no candidate there."""

    def share(self, pool: str) -> Share | None:
        """What it goes by; None without a share, or when a run died before it was loaded."""
        found = self.written.get(pool)
        return found if found is not None and self.loaded.get(pool) == found.loaded else None


def ask_shares(committed: Committed, root: Path) -> Shares:
    """One round trip; raises Unreachable."""
    released, host = committed.release.gateway, committed.host
    (project,) = (one.name for one in committed.release.projects if one.role == "gateways")
    questions = {
        "shares": question(f"{directory(host, root)}/state/gateway"),
        "revision": gateway.revision_question(project, released.service if released else ""),
    }
    try:
        answers = sections.answers(run(host, sections.script(questions)))
        shares = parse_shares(answers["shares"].splitlines())
        served = json.loads(answers["revision"] or "{}")
        loaded = parse_loaded(str(served.get("canaries", "")))
        return Shares(host, project, shares, loaded)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreachable(host.name, f"its answer makes no sense: {error}") from error
