"""What a vector store takes of its host is not there for engines."""

from deploys.plan.retrieval import beside_store
from deploys.settings.environment import Environment, Host
from deploys.settings.gateway import Gateway
from deploys.settings.group_data import HostWords
from deploys.settings.hardware import Cpu, HostHardware
from deploys.settings.retrieval import Retrieval
from deploys.settings.words import Role


def _host(name: str, *roles: Role) -> Host:
    hardware = HostHardware(cpu=Cpu(physical_cores=2), memory_mib=4096)
    return Host(name=name, connection=name, roles=roles, words=HostWords(), hardware=hardware)


def test_engines_beside_a_store_have_the_rest_of_its_hosts_ram() -> None:
    words = {"collections": {"texts": {"pool": "vectors"}}, "memory_mib": 1024}
    environment = Environment(
        name="small",
        hosts=(_host("a", "gpu_hosts"), _host("b", "gpu_hosts", "vector_stores")),
        pools={},
        clients={},
        gateway=Gateway(),
        images={},
        models={},
        retrieval=Retrieval.model_validate(words),
    )
    left = {host.name: host.hardware.memory_mib for host in beside_store(environment).hosts}
    assert left == {"a": 4096, "b": 3072}
