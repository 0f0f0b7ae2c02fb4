"""The description of the API says what rendered gateways do: no more, no less."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.render.nginx_routes import PATHS
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files, locations, own

ROOT = Path(__file__).resolve().parents[2]
DESCRIBED: dict[str, Any] = yaml.safe_load((ROOT / "checks" / "openapi.yaml").read_text())
GATEWAYS = sorted((ROOT / "nginx").glob("*/*/routes.conf"))
PAGE = re.compile(r'return (\d{3}) \'\{"error": .*?"code": "(\w+)"')
RESPONSES = DESCRIBED["components"]["responses"]


def served(routes: str) -> dict[str, set[str]]:
    """Path -> the methods that a client may send there, of a routes.conf."""
    found = {}
    for name, block in locations({"routes.conf": routes}).items():
        if name.startswith("= ") and "internal;" not in block:
            (methods,) = re.findall(
                r"\$request_method !\S* ?\S*?([A-Z|]+)\S*\) \{ return 405", block
            )
            found[name[2:]] = set(methods.split("|"))
    return found


def described() -> dict[str, set[str]]:
    """The same of the description; HEAD is no operation of its own there."""
    return {path: {one.upper() for one in item} for path, item in DESCRIBED["paths"].items()}


def codes(response: dict[str, Any]) -> set[str]:
    """Every code of the gateway's own that a described answer may have."""
    schema = response["content"]["application/json"]["schema"]
    own_refusal = next(one for one in schema.get("anyOf", [schema]) if "properties" in one)
    return set(own_refusal["properties"]["error"]["properties"]["code"]["enum"])


def statuses() -> dict[str, str]:
    """Status -> the name of each response by which some operation describes it."""
    found: dict[str, str] = {}
    for item in DESCRIBED["paths"].values():
        for operation in item.values():
            refs = {s: one["$ref"] for s, one in operation["responses"].items() if "$ref" in one}
            found |= {f"{s} {ref}": ref.rpartition("/")[2] for s, ref in refs.items()}
    return found


def test_a_gateway_with_every_kind_of_pool_serves_exactly_what_is_described() -> None:
    rendered = served(gateway_files(full_plan())["routes.conf"])
    assert rendered.pop("/healthz") == {"GET", "HEAD"}
    wanted = described()
    assert wanted.pop("/healthz") == {"GET"}
    assert rendered == wanted
    assert set(wanted) == {"/v1/models", *(path for paths in PATHS.values() for path in paths)}


@pytest.mark.parametrize("file", GATEWAYS, ids=lambda file: "/".join(file.parts[-3:-1]))
def test_no_committed_gateway_serves_what_is_not_described(file: Path) -> None:
    assert set(served(file.read_text())) <= set(described())


def test_every_refusal_of_the_gateway_is_described_and_no_other() -> None:
    pages = PAGE.findall(own(gateway_files(full_plan()))["errors.conf"])
    found = {
        (key.split()[0], code)
        for key, name in statuses().items()
        for code in codes(RESPONSES[name])
    }
    assert found == set(pages)
    assert "403" not in {status for status, _ in pages}


def test_headers_that_a_refusal_always_has_are_described() -> None:
    text = own(gateway_files(full_plan()))["errors.conf"]
    blocks = re.findall(r"location = /_error/\w+ \{(.*?)\n\}", text, re.DOTALL)
    for header in ("Retry-After", "WWW-Authenticate", "Allow"):
        rendered = {
            PAGE.findall(block)[0][0] for block in blocks if f"add_header {header} " in block
        }
        told = {
            key.split()[0]
            for key, name in statuses().items()
            if header in RESPONSES[name]["headers"]
        }
        assert told == rendered


def test_every_response_of_the_description_is_used() -> None:
    assert set(statuses().values()) == set(RESPONSES)
