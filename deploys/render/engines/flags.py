"""Rendered arguments against the facts of the engine's version."""

from collections.abc import Iterator

from deploys.engine_facts.facts import FOLDER, facts_of, versions
from deploys.engine_facts.judging import Wrong, unread, wrong
from deploys.engine_facts.localai_facts import localai_facts
from deploys.plan.plan import Replica
from deploys.render.engines import localai
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
    file = f"deploys/{FOLDER.name}/{engine}/{replica.version}.yaml"
    found = _of_localai if engine == "localai" else _of_flags
    unknown = found(engine, replica.version, service)
    if unknown is None:
        yield Complaint(file, "", "is missing", f"known here: {', '.join(versions(engine))}")
        return
    for one in unknown:
        yield Complaint(file, f"{replica.name}.{one.flag}", one.found, one.hint)


def _of_flags(engine: str, version: str, service: Service) -> list[Wrong] | None:
    """None: nothing is known of the version."""
    facts = facts_of(engine, version)
    if facts is None:
        return None
    flags = (one.words for one in service.arguments if one.words[0].startswith("-"))
    found = [one for words in flags for one in wrong(facts, words)]
    return [*found, *unread(facts, service.environment)]


def _of_localai(_engine: str, version: str, service: Service) -> list[Wrong] | None:
    facts = localai_facts(version)
    return None if facts is None else list(localai.wrong(facts, service))
