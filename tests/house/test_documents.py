"""What the documents point at exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("inventories", "deploys", "templates", "compose", "nginx", "checks", "tests")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"{folder}/README.md" for folder in FOLDERS)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    document = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_has_a_readme_of_one_screen(folder: str) -> None:
    lines = (ROOT / folder / "README.md").read_text().splitlines()
    assert 5 < len(lines) <= 60


def test_every_test_that_is_named_is_there() -> None:
    """In documents, comments and templates, with as much of its path as is given."""
    listed = ["git", "ls-files", "*.md", "*.py", "*.yaml", "*.j2", "*.js"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in names.splitlines() if (ROOT / name).exists()]
    named = {
        (file, test)
        for file in files
        for test in re.findall(r"[\w/]*\btest_\w+\.py\b", (ROOT / file).read_text())
    }
    there = [f"/{name}" for name in files]
    missing = {one for one in named if not any(name.endswith(f"/{one[1]}") for name in there)}
    assert missing == set()
    assert len(named) > 20


def test_every_dependency_has_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    reasons = (ROOT / "CONTRIBUTING.md").read_text()
    wanted = re.findall(r'^    "([a-z0-9-]+)[~>=]', project, re.MULTILINE)
    assert [name for name in wanted if name not in reasons] == []


def test_every_exit_code_in_the_readme_is_a_code() -> None:
    from deploys.cli.exit_codes import ExitCode  # noqa: PLC0415 - beside what it is compared with

    rows = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {int(row) for row in rows} <= set(ExitCode)
    assert len(rows) >= 7
