"""Which files a gateway has: what is not used is not there, and one hash names all the rest."""

import re

from deploys.render.nginx import OPTIONAL, gateway_revision, pools_digest
from tests.render.full_plan import full_plan
from tests.render.gateway_files import TEMPLATES, gateway_files, own
from tests.render.plans import HOST, small_plan

IN_LOCATIONS = ("limited.conf", "counted.conf", "to_pool.conf", "to_egress.conf")


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert gateway_files(small_plan()) == gateway_files(small_plan())


def test_every_template_is_rendered_to_a_file_of_its_name() -> None:
    templates = {path.name.removesuffix(".j2") for path in (TEMPLATES / "nginx").iterdir()}
    assert own(gateway_files(full_plan())).keys() == templates


def test_what_is_not_used_is_not_gateway_files() -> None:
    files = gateway_files(small_plan())
    assert not files.keys() & OPTIONAL.keys()
    assert own(files) == files
    assert "egress" not in "".join(text for name, text in files.items() if name[-3:] != ".js")


def test_every_file_but_the_script_says_for_whom_it_was_rendered_and_from_what() -> None:
    for name, text in own(gateway_files(full_plan())).items():
        if not name.endswith(".js"):
            head = "".join(text.splitlines()[:3])
            assert HOST in head
            assert f"templates/nginx/{name}.j2" in head


def test_every_file_is_included_exactly_once_and_some_in_many_locations() -> None:
    files = own(gateway_files(full_plan()))
    everything = "\n".join(files.values())
    for name in files.keys() - {"nginx.conf", "pools.conf", *IN_LOCATIONS}:
        if name.endswith(".js"):
            # By nginx once, or by other scripts alone.
            imported = everything.count(f"from {name};"), everything.count(f"from '{name}';")
            assert imported[0] == 1 or (imported[0] == 0 and imported[1] > 0)
        else:
            assert everything.count(f"include {name};") == 1
    for name in IN_LOCATIONS:
        assert everything.count(f"include {name};") > 1
    # What is drained now is no part of the release: a copy of the pools says so.
    copy = f"/srv/homeport/state/gateway/pools/{pools_digest(files['pools.conf'])}.conf"
    assert everything.count(f"include {copy};") == 1


def test_files_end_with_one_newline_and_have_no_tabs_or_trailing_blanks() -> None:
    for text in [*gateway_files(small_plan()).values(), *gateway_files(full_plan()).values()]:
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert not re.search(r"[ \t]\n|\t", text)


def test_the_revision_is_the_hash_of_every_other_file() -> None:
    files = gateway_files(small_plan())
    revision = gateway_revision(files)
    assert re.fullmatch(r"[0-9a-f]{12}", revision)
    assert f"default {revision};" in files["revision.conf"]
    without = {name: text for name, text in files.items() if name != "revision.conf"}
    assert gateway_revision(without) == revision
    for name, text in without.items():
        assert gateway_revision({**without, name: text + "#"}) != revision


def test_two_files_that_swap_their_texts_have_another_revision() -> None:
    assert gateway_revision({"a": "x", "b": "y"}) != gateway_revision({"a": "y", "b": "x"})
