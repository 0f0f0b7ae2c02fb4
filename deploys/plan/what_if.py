"""The same environment with other hosts, GPUs, models or contexts: questions that touch no file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploys.catalogue.model import Model
from deploys.plan.gpu_catalogue import CatalogueGpu, find_gpu, read_gpus
from deploys.settings.consistency import entries_of
from deploys.settings.environment import Environment, Host
from deploys.settings.gateway import Gateway
from deploys.settings.group_data import HostWords
from deploys.settings.hardware import Cpu, Gpu, HostHardware
from deploys.settings.kind_consistency import KIND_OF
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss

# The host of a plan without an environment; only what lies in RAM depends on it.
WHAT_IF_CORES = 16
WHAT_IF_RAM_MIB = 65_536
LEAST_CONTEXT = 64
# A chat with a few pages of text; llama.cpp's own least for a plan of its own (--fit-ctx) is 4096.
DEFAULT_CONTEXT = "4096"


@dataclass(frozen=True)
class Questions:
    """What would be different; empty: nothing."""

    without: Sequence[str] = ()
    """Hosts that are gone."""
    contexts: Sequence[str] = ()
    """`N` for all pools, or `POOL=N`."""
    models: Sequence[str] = ()
    """`NAME` for all pools, or `POOL=NAME`."""
    gpus: Sequence[str] = ()
    """Of each host that runs engines: `RTX 4090`, `RTX 4090x2`."""

    def __bool__(self) -> bool:
        """Whether anything is asked."""
        return bool(self.without or self.contexts or self.models or self.gpus)


def changed(environment: Environment, questions: Questions) -> Environment:
    """The environment as asked; raises Refused for what it does not have."""
    environment = _without(environment, questions.without)
    environment = _with_gpus(environment, questions.gpus)
    environment = _with_words(environment, questions.contexts, "--context", _context)
    models = environment.models
    return _with_words(environment, questions.models, "--model", lambda word: _model(word, models))


def one_model(models: Mapping[str, Model], questions: Questions) -> Environment:
    """One host with the GPUs asked for, and one pool with the model; raises Refused."""
    names, contexts = questions.models, questions.contexts
    if len(names) != 1 or len(contexts) > 1 or questions.without:
        hint = "one --model, one --context and any number of --gpu; or name an environment"
        raise _refused("--model", f"found {len(names)} models", hint)
    words = _model(names[0], models)
    words |= _context(contexts[0] if contexts else _usual_context(names[0], models))
    pool = Pool(model=names[0], context_tokens=LEAST_CONTEXT).model_copy(update=words)
    environment = Environment(
        name="what-if",
        hosts=(_what_if_host(),),
        pools={"model": pool},
        clients={},
        gateway=Gateway(),
        images={},
        models=dict(models),
    )
    return _with_gpus(environment, questions.gpus)


def _what_if_host() -> Host:
    hardware = HostHardware(cpu=Cpu(physical_cores=WHAT_IF_CORES), memory_mib=WHAT_IF_RAM_MIB)
    return Host(
        name="host",
        connection="@local",
        roles=("gpu_hosts", "gateways"),
        words=HostWords(),
        hardware=hardware,
    )


def _without(environment: Environment, gone: Sequence[str]) -> Environment:
    names = [host.name for host in environment.hosts]
    for name in gone:
        if name not in names:
            raise _refused("--without", f"there is no host `{name}`", near_miss(name, names))
    hosts = tuple(host for host in environment.hosts if host.name not in gone)
    if not any("gpu_hosts" in host.roles for host in hosts):
        raise _refused("--without", "no host is left to run engines", "leave one of gpu_hosts")
    pools = {name: _pool_without(name, pool, gone) for name, pool in environment.pools.items()}
    return environment.model_copy(update={"hosts": hosts, "pools": pools})


def _pool_without(name: str, pool: Pool, gone: Sequence[str]) -> Pool:
    if pool.hosts is None:
        return pool
    left = tuple(host for host in pool.hosts if host not in gone)
    if not left:
        found = f"pool `{name}` may run on {', '.join(pool.hosts)} alone"
        raise _refused("--without", found, f"give pools.{name}.hosts one more host")
    return pool.model_copy(update={"hosts": left})


def _with_words(
    environment: Environment,
    asked: Sequence[str],
    option: str,
    read: Callable[[str], dict[str, object]],
) -> Environment:
    """Words of all pools, or of the one named before a `=`."""
    pools = dict(environment.pools)
    for text in asked:
        name, equals, value = text.partition("=")
        if equals and name not in pools:
            raise _refused(option, f"there is no pool `{name}`", near_miss(name, pools))
        update = read(value if equals else text)
        for one in [name] if equals else list(pools):
            pools[one] = pools[one].model_copy(update=update)
    return environment.model_copy(update={"pools": pools})


def _context(word: str) -> dict[str, object]:
    if not word.isdecimal() or not LEAST_CONTEXT <= int(word) <= 2**24:
        hint = f"tokens of one request, from {LEAST_CONTEXT}: 32768, or POOL=32768"
        raise _refused("--context", f"found {word!r}", hint)
    return {"context_tokens": int(word)}


def _model(word: str, models: Mapping[str, Model]) -> dict[str, object]:
    if not entries_of(word, models):
        known = {*models, *(one.base for one in models.values() if one.base)}
        raise _refused("--model", f"`{word}` is not in the catalogue", near_miss(word, known))
    return {"model": word, "kind": KIND_OF[models[entries_of(word, models)[0]].kind]}


def _usual_context(word: str, models: Mapping[str, Model]) -> str:
    """What a question means that names none; a model of short texts takes no longer ones."""
    shape = models[entries_of(word, models)[0]].architecture
    trained = shape.context_tokens if shape else int(DEFAULT_CONTEXT)
    return str(max(LEAST_CONTEXT, min(int(DEFAULT_CONTEXT), trained)))


def _with_gpus(environment: Environment, words: Sequence[str]) -> Environment:
    """GPUs of the catalogue in place of those of each host that runs engines."""
    entries = [entry for word in words for entry in gpus_in(word)]
    if not entries:
        return environment
    hosts = tuple(
        host.model_copy(
            update={
                "hardware": host.hardware.model_copy(
                    update={"gpus": _gpus(entries, number * len(entries))}
                )
            }
        )
        if "gpu_hosts" in host.roles
        else host
        for number, host in enumerate(environment.hosts)
    )
    return environment.model_copy(update={"hosts": hosts})


def gpus_in(words: str) -> list[CatalogueGpu]:
    """`RTX 4090`, or `RTX 4090x2` for two; raises Refused for one the catalogue lacks."""
    many = re.fullmatch(r"(.+?)\s*x\s*(\d{1,2})", words.strip())
    name, count = (many[1], int(many[2])) if many else (words.strip(), 1)
    entry = find_gpu(name)
    if entry is None or not 1 <= count <= 64:
        hint = near_miss(name, [one.name for one in read_gpus()])
        raise _refused("--gpu", f"`{words}` is not in deploys/plan/gpus.yaml", hint)
    return [entry] * count


def _gpus(entries: Sequence[CatalogueGpu], first: int) -> tuple[Gpu, ...]:
    """As a host would report them; a bridge has to be bought, a fabric is there."""
    uuids = [f"GPU-what-if-{first + number}" for number in range(len(entries))]
    fabric = {uuid for uuid, entry in zip(uuids, entries, strict=True) if entry.nvlink == "fabric"}
    return tuple(
        Gpu(
            uuid=uuid,
            name=entry.name,
            memory_mib=entry.nvml_mib,
            visible_mib=entry.visible_mib,
            nvlink_peers=tuple(sorted(fabric - {uuid})) if uuid in fabric else (),
        )
        for uuid, entry in zip(uuids, entries, strict=True)
    )


def _refused(option: str, found: str, hint: str) -> Refused:
    return Refused([Complaint(option, "", found, hint)])
