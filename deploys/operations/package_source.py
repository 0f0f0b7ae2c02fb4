"""Adds a signed package source to a host."""

from collections.abc import Generator
from pathlib import Path

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand

from deploys.facts.files import FileDigests, SourceFiles
from deploys.operations.host_files import sha256
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.operations.package_choice import Source, source_text
from deploys.questions.docker import DockerSystem

Commands = Generator[StringCommand | FunctionCommand, None, bool]


def added(system: DockerSystem, source: Source, key: str) -> Commands:
    """Has the source and the key it is signed with on the host; False where that was refused.

    `key` is a committed file. Another file of apt's that names the same source is refused: with
    two `Signed-By` for one source apt reads neither.
    """
    listed = f"/etc/apt/sources.list.d/{source.name}.sources"
    others = [path for path in host.get_fact(SourceFiles, uri=source.uri) if path != listed]
    if others:
        yield refuse(
            f"{', '.join(others)} names {source.uri} already",
            "remove it there: the kit writes its own file, with a key that is committed",
        )
        return False
    if not Path(key).is_file():
        yield refuse(f"there is no file {key}", f"commit the key that {source.uri} is signed with")
        return False
    texts = {
        listed: source_text(source),
        f"/etc/apt/keyrings/{source.name}.asc": Path(key).read_text(encoding="ascii"),
    }
    there = host.get_fact(FileDigests, paths=tuple(texts))
    if any(there.get(path) != sha256(text) for path, text in texts.items()):
        arguments = ("add_signed_source", source.name, *texts.values())
        yield run_script(SCRIPTS / "apt", *arguments, sudo=system.uid != 0)
    return True
