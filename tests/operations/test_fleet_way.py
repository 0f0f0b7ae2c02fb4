"""The rules by which a gateway's containers reach engines on other hosts."""

import pytest

from deploys.operations.fleet_way import unit_text


def test_the_rules_lead_to_the_engines_alone_and_go_with_the_unit() -> None:
    text = unit_text("staging", ["10.0.0.3:9002", "10.0.0.3:9001"])
    starts = [line for line in text.splitlines() if line.startswith("ExecStart=/")]
    assert [line.rpartition("--destination ")[2] for line in starts if "MASQ" in line] == [
        "10.0.0.3 --protocol tcp --dport 9001 --jump MASQUERADE",
        "10.0.0.3 --protocol tcp --dport 9002 --jump MASQUERADE",
    ]
    assert sum("--append" in line for line in starts) == 3
    stops = [line for line in text.splitlines() if line.startswith("ExecStop=-")]
    assert [line.split()[5] for line in stops] == ["--delete", "--flush", "--delete-chain"]


def test_environments_have_chains_of_their_own_whatever_their_names() -> None:
    texts = {name: unit_text(name, ["10.0.0.3:9001"]) for name in ("a" * 60, "b")}
    chains = {text.partition("--new-chain ")[2].split()[0] for text in texts.values()}
    assert len(chains) == 2
    assert all(len(chain) <= 28 for chain in chains)


@pytest.mark.parametrize("endpoint", ["[fd00::3]:9001", "gpu1:9001", "10.0.0.3", "10.0.0.3:x"])
def test_what_is_no_address_and_port_gets_no_rule(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        unit_text("staging", [endpoint])
