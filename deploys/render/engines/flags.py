"""Rendered arguments against the facts of the engine's version."""

from collections.abc import Iterator

from deploys.engine_facts.facts import FOLDER, facts_of, versions
from deploys.engine_facts.judging import unread, wrong
from deploys.plan.plan import Replica
from deploys.render.engines.service import Service
from deploys.settings.refusal import Complaint, Refused


def checked(engine: str, replica: Replica, service: Service) -> Service:
    """The same service; raises Refused with every flag, value and variable that the version does
    not know. vLLM would say so itself, but only a minute after its start, and of variables never.
    """
    complaints = list(_complaints(engine, replica, service))
    if complaints:
        raise Refused(complaints)
    return service


def _complaints(engine: str, replica: Replica, service: Service) -> Iterator[Complaint]:
    facts = facts_of(engine, replica.version)
    file = f"deploys/{FOLDER.name}/{engine}/{replica.version}.yaml"
    if facts is None:
        yield Complaint(file, "", "is missing", f"known here: {', '.join(versions(engine))}")
        return
    flags = (one.words for one in service.arguments if one.words[0].startswith("-"))
    for words in flags:
        for one in wrong(facts, words):
            yield Complaint(file, f"{replica.name}.{one.flag}", one.found, one.hint)
    for one in unread(facts, service.environment):
        yield Complaint(file, f"{replica.name}.{one.flag}", one.found, one.hint)
