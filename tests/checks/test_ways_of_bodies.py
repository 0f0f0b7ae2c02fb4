"""Where nginx reads bodies itself, a way out is found at each step."""

from pathlib import Path

import pytest

from checks.ways.sovereignty import leaks
from tests.checks.cloud_tree import written
from tests.render.plans import small_plan

CHAT = "/v1/chat/completions"
OUTSIDE = "203.0.113.7"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("routes.conf", "    return 204;", "    proxy_pass https://203.0.113.7;"),
        ("routes.conf", "mirror /_body_read;", "mirror /out;"),
        (
            "routes.conf",
            "return 476; }\n    include to_pool.conf;",
            "proxy_pass https://203.0.113.7; }",
        ),
        ("models.conf", f'"POST|{CHAT}" @read;', f'"POST|{CHAT}" /out;'),
        ("errors.conf", "error_page 476 = @read_by_script;", "error_page 476 = /out;"),
    ],
)
def test_a_way_out_is_found_wherever_nginx_reads_a_body(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    folder, release = written(tmp_path, small_plan())
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    routes = (folder / "routes.conf").read_text()
    way_out = f"location = /out {{ internal; proxy_pass https://{OUTSIDE}; }}\n"
    (folder / "routes.conf").write_text(way_out + routes)
    assert any(OUTSIDE in line for line in leaks(folder, release))
