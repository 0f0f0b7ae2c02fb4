"""`homeport lock ENV`: writes which digest each image's tag has now."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.cli.stages import tagged_reference
from deploys.plan.placement import plan_environment
from deploys.registry.digests import Asking, Login, NoAnswer, digest_of
from deploys.render.image_tags import used_images
from deploys.settings.environment import Environment, read_environment
from deploys.settings.image_lock import lock_path, lock_text, read_lock
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve

CheckOption = Annotated[bool, typer.Option("--check", help="Only say which tags have moved.")]


def lock(
    environment: EnvironmentArgument, check: CheckOption = False, as_json: JsonOption = False
) -> int:
    """Asks the registries for the digests of all tags and writes inventories/images/ENV.yaml."""
    root = repository_root()
    settings = read_environment(root, environment)
    before = _before(root, environment)
    names = used_images(plan_environment(settings, {}))
    tagged = {tagged_reference(settings, name) for name in names}
    # What has a digest needs no lock, and what hosts build has no registry.
    wanted = sorted(one for one in tagged if one and "@" not in one)
    try:
        found = _found(wanted, _asking(root, settings))
    except NoAnswer as error:
        print(
            f"error: {error}\nhint: is it the right name, and up? nothing was written",
            file=sys.stderr,
        )
        return ExitCode.HOST_UNREACHABLE
    moved = {one: (before.get(one), found.get(one)) for one in {*before, *found}}
    moved = {one: pair for one, pair in moved.items() if pair[0] != pair[1]}
    if not check:
        _write(root / lock_path(environment), environment, found)
    if as_json:
        print(json.dumps({"images": found, "moved": sorted(moved)}, indent=2))
    else:
        _print(environment, found, moved, check)
    return ExitCode.CHANGES_PENDING if check and moved else ExitCode.DONE


def _before(root: Path, environment: str) -> dict[str, str]:
    try:
        return read_lock(root, environment) or {}
    except Refused:
        # It is about to be written anew.
        return {}


def _found(references: list[str], asking: Asking) -> dict[str, str]:
    digests: dict[str, str] = {}
    complaints: list[Complaint] = []
    for reference in references:
        try:
            digests[reference] = digest_of(reference, asking)
        except Refused as refused:
            complaints += refused.complaints
    if complaints:
        raise Refused(complaints)
    return digests


def _asking(root: Path, settings: Environment) -> Asking:
    registry, logins = settings.registry, {}
    if registry is not None and registry.user is not None and registry.password is not None:
        logins[registry.server] = Login(registry.user, resolve(registry.password, root))
    daemons = [host.words.docker.daemon for host in settings.hosts]
    authorities = {
        server: root / file for one in daemons for server, file in one.registry_authorities.items()
    }
    insecure = frozenset(server for one in daemons for server in one.insecure_registries or ())
    return Asking(logins, authorities, insecure)


def _write(path: Path, environment: str, digests: Mapping[str, str]) -> None:
    if not digests:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(lock_text(environment, digests), encoding="utf-8")


def _print(
    environment: str,
    found: Mapping[str, str],
    moved: Mapping[str, tuple[str | None, str | None]],
    check: bool,
) -> None:
    if not found:
        print(f"{environment}: no image has a tag to lock; those that hosts build have none")
    for reference, (old, new) in sorted(moved.items()):
        print(f"{reference}\n  was {old or 'not locked'}\n  is  {new or 'not used any more'}")
    if not moved:
        print(f"{environment}: nothing has moved" if found else "nothing to do")
    elif check:
        print(f"next: homeport lock {environment}")
    else:
        print(f"written to {lock_path(environment)}; next: homeport render {environment}")
