"""What containers have said last, whatever became of them."""

import shlex
from collections.abc import Sequence

from checks.probes import sections
from checks.probes.host import Unreachable, run
from deploys.questions import whole_text
from deploys.settings.inventory import InventoryHost

# A container that ends again and again has said the same before.
MOST_LINES = 5000


def last_words(host: InventoryHost, containers: Sequence[str]) -> dict[str, bytes]:
    """Container's id -> the end of its log, in one round trip. Raises Unreachable."""
    questions = {
        one: whole_text.question(f"docker logs --tail {MOST_LINES} {shlex.quote(one)}")
        for one in containers
    }
    try:
        answers = sections.answers(run(host, sections.script(questions)))
    except ValueError as error:
        raise Unreachable(host.name, str(error)) from error
    return {one: whole_text.read(answers.get(one, "")) for one in containers}
