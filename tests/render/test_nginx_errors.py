"""Every error of the gateway, read from its files; tests/e2e asks a real nginx."""

import json
import re

from deploys.render.nginx_clients import client_pages
from deploys.render.nginx_errors import error_pages
from deploys.render.nginx_limits import limit_pages
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files, map_values, own, words
from tests.render.plans import HOST, limited_plan, small_plan, small_pool


def test_every_error_is_an_openai_document() -> None:
    plan = limited_plan()
    gateway = plan.host(HOST).gateway
    assert gateway is not None
    limits = [*limit_pages(gateway, plan.clients), *client_pages(plan.clients)]
    pages = [*error_pages(["chat"], 32), *limits]
    assert {page.status for page in pages} >= {400, 401, 404, 405, 413, 429, 500, 502, 503, 504}
    codes = [code for page in pages for code in page.codes]
    assert len(codes) == len(set(codes))
    for page in pages:
        error = json.loads(page.body)["error"]
        assert error["code"] == page.name
        assert error["message"].endswith(".") or "KEY" in error["message"]
        assert error["request_id"] == "$request_id"


def test_every_page_that_a_variable_chooses_exists() -> None:
    text = "".join(own(gateway_files(full_plan())).values())
    variables = set(re.findall(r"error_page [\d ]+ = (?:/_error/)?\$(\w+);", text))
    pages = {"no_key_page", "failed_page", "full_page", "fallback_page", "late_stream_page"}
    assert variables == pages | {"again", "stable_page"}
    for name in {name for variable in variables for name in map_values(text, variable)}:
        page = name if name.startswith(("@", "/")) else f"/_error/{name}"
        assert f"location {page} {{" in text or f"location = {page} {{" in text


def test_hundreds_of_models_fit_into_words_that_nginx_takes() -> None:
    pools = [small_pool(f"p{n}", public_name=f"model-{n:04}-" + "x" * 100) for n in range(300)]
    files = gateway_files(small_plan(*pools))
    configuration = [" ".join(words(text)) for name, text in files.items() if name != "gateway.js"]
    quoted = [word for text in configuration for word in re.findall(r"'[^']*'", text)]
    assert max(map(len, quoted)) < 4096
    pieces = re.findall(r"default '([^']*)'", files["models.conf"])
    listed = json.loads("".join(pieces))["data"]
    assert [model["id"] for model in listed] == [pool.public_name for pool in pools]
    assert f"$models_{len(pieces)};" in files["routes.conf"]
    assert " more, see GET /v1/models" in files["errors.conf"]


def test_a_fleet_of_models_still_fits_into_the_refusal_of_a_wrong_path() -> None:
    (page,) = (one for one in error_pages(["a"], 1, "x" * 9000) if one.name == "wrong_path")
    assert len(page.body) < 3500
