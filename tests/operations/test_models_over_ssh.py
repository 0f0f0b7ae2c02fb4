"""Models on two GPU hosts over SSH: fetched once, taken from host to host, never half visible."""

import hashlib

import pytest

from deploys.catalogue.store import store_folder
from deploys.cli.exit_codes import ExitCode
from tests.lab.network import address
from tests.operations.committed_release import model_copy
from tests.operations.store_lab import STORE, StoreLab, outside, several_files

pytestmark = [pytest.mark.docker, pytest.mark.root]

MIB = 2**20
CONTENT = hashlib.shake_256(b"a model").digest(4 * MIB)
LEFT = f"ls -d {STORE}/.taking /run/homeport/models* 2>&-; systemctl is-active homeport-models"


def nothing_is_left(stores: StoreLab) -> bool:
    """No server, no keys."""
    return [stores.host(name).run(LEFT, check=False) for name in ("gpu1", "gpu2")] == [
        "inactive"
    ] * 2


def whole(stores: StoreLab, name: str, content: bytes = CONTENT) -> bool:
    """Whether a host has a model of one file, and nothing else."""
    digest = hashlib.sha256(content).hexdigest()
    found = stores.host(name).run(f"cd {STORE}/{digest} && sha256sum *").split()
    return found[0] == digest and len(found) == 2


def test_one_host_downloads_and_the_other_takes_it_from_there(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    with outside(stores.lab, CONTENT) as server:
        stores.commit([model_copy(CONTENT, server.url)], "gpu1", "gpu2")
        dry = stores.apply(dry=True)
        assert (dry.exit_code, dry.changed) == (
            ExitCode.CHANGES_PENDING,
            ["Have the model a-model"],
        )
        assert stores.apply().exit_code == ExitCode.DONE
    assert server.asked == [""]
    assert whole(stores, "gpu1")
    assert whole(stores, "gpu2")
    assert nothing_is_left(stores)
    assert stores.apply().changed == []


def test_several_files_in_folders_come_with_a_token_over_tls(stores: StoreLab) -> None:
    contents = {"config.json": b"{}", "parts/one.bin": CONTENT, "parts/two.bin": CONTENT[::-1]}
    source = f"hub:site/model@{'a' * 40}"
    model = several_files("m", source, contents)
    files = {f"/hub/site/model/resolve/{'a' * 40}/{name}": text for name, text in contents.items()}
    stores.trust_the_lab()
    with outside(stores.lab, b"", tls=True, others=files, token="hub-token-of-a-test") as server:
        hub = {"endpoint": server.url.replace("/model.gguf", "/hub"), "token": "file:token"}
        stores.commit([model], "gpu1", "gpu2", hub=hub)
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
        (stores.root / "token").write_text("hub-token-of-a-test")
        (stores.root / "token").chmod(0o600)
        assert stores.apply().exit_code == ExitCode.DONE
    assert sorted(server.paths) == sorted(files)
    folder = store_folder(model.files)
    for name in ("gpu1", "gpu2"):
        assert stores.visible(name) == [
            f"./{folder}",
            *(f"./{folder}/{path}" for path in ("config.json", "parts")),
            *(f"./{folder}/parts/{path}" for path in ("one.bin", "two.bin")),
        ]


def test_a_host_that_cannot_take_from_another_fetches_by_itself(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    # The host's own SSH server has this port.
    inventory = stores.root / "inventories" / "lab.py"
    inventory.write_text(inventory.read_text().replace("'address'", "'fleet_port': 22, 'address'"))
    with outside(stores.lab, CONTENT) as server:
        stores.commit([model_copy(CONTENT, server.url)], "gpu1", "gpu2")
        assert stores.apply().exit_code == ExitCode.DONE
    assert server.asked == ["", ""]
    assert whole(stores, "gpu2")
    assert "warning: models can't be given to other hosts on" in capfd.readouterr().err
    assert nothing_is_left(stores)


def test_a_host_that_comes_from_another_address_is_told(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    inventory = stores.root / "inventories" / "lab.py"
    real, written = stores.host("gpu2").address, address(stores.lab.name, 200)
    text = inventory.read_text()
    inventory.write_text(text.replace(f"'address': '{real}'", f"'address': '{written}'"))
    with outside(stores.lab, CONTENT) as server:
        stores.commit([model_copy(CONTENT, server.url)], "gpu1", "gpu2")
        assert stores.apply().exit_code == ExitCode.DONE
    assert whole(stores, "gpu2")
    warning = f"a host came from {real} and got no model: its `address` in the inventory is"
    assert capfd.readouterr().err.count(f"warning: {warning} {written}") == 1
    assert nothing_is_left(stores)


def test_what_one_host_has_the_others_take_without_asking_outside(stores: StoreLab) -> None:
    file = stores.root / "model.gguf"
    file.write_bytes(CONTENT)
    model = model_copy(CONTENT, f"file:{file}")
    stores.commit([model], "gpu2")
    assert stores.apply().exit_code == ExitCode.DONE
    file.unlink()
    stores.commit([model], "gpu1", "gpu2")
    assert stores.apply().exit_code == ExitCode.DONE
    assert whole(stores, "gpu1")
    assert nothing_is_left(stores)


def test_two_revisions_share_the_files_that_are_the_same(stores: StoreLab) -> None:
    folder = stores.root / "weights"
    folder.mkdir()
    models = []
    for revision in (b"first", b"second"):
        contents = {"config.json": revision, "weights.bin": CONTENT}
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        models.append(several_files("m", f"file:{folder}/", contents))
        stores.commit(models[-1:], "gpu1")
        assert stores.apply().exit_code == ExitCode.DONE
    paths = [f"{STORE}/{store_folder(model.files)}/weights.bin" for model in models]
    inodes = stores.host("gpu1").run(f"stat --format '%i %a' {' '.join(paths)}").splitlines()
    assert len(set(inodes)) == 1
    assert inodes[0].endswith(" 444")
    assert stores.apply("unused_models.py").exit_code == ExitCode.DONE
    assert stores.visible("gpu1") == [
        f"./{store_folder(models[1].files)}{name}" for name in ("", "/config.json", "/weights.bin")
    ]


def test_a_run_that_ends_half_way_leaves_no_server_and_no_key(stores: StoreLab) -> None:
    stores.host("gpu2").run(f"mkdir -p {STORE}; mount -t tmpfs -o size=6m tmpfs {STORE}")
    # Full as soon as gpu2 is to take from gpu1; a file of this size would be there too soon.
    stores.fill_when_something_comes("gpu2", ".taking/key.pub")
    with outside(stores.lab, CONTENT) as server:
        stores.commit([model_copy(CONTENT, server.url)], "gpu1", "gpu2")
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
    assert whole(stores, "gpu1")
    assert stores.visible("gpu2") == ["./filler"]
    assert nothing_is_left(stores)
