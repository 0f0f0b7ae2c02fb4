"""Models on their way into a host's store, by real runs of pyinfra on this machine."""

from pathlib import Path

import pytest
import yaml

from deploys.catalogue.tiny import write_tiny
from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.render.release import ModelCopy
from deploys.settings.hub import Hub
from tests.catalogue.file_server import serving
from tests.operations.committed_release import ROOT, bring_models, model_copy, write_release

pytestmark = pytest.mark.deploys

CONTENT = bytes(range(256)) * 2048


@pytest.fixture(autouse=True)
def _this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(CONTENT)
    path.chmod(0o600)
    return path


def placed(root: Path, model: ModelCopy) -> Path:
    return root / "store" / "models" / model.files[0].sha256 / model.files[0].name


def visible(root: Path) -> list[str]:
    """What an engine could mount: hidden folders are on their way."""
    store = root / "store" / "models"
    return [path.name for path in store.glob("*") if not path.name.startswith(".")]


def test_a_file_of_this_machine_comes_into_the_store_once(tmp_path: Path, file: Path) -> None:
    model = model_copy(CONTENT, f"file:{file}")
    write_release(tmp_path, (model,))
    dry = bring_models(tmp_path, dry=True)
    assert (dry.exit_code, dry.changed) == (ExitCode.CHANGES_PENDING, ["Have the model a-model"])
    assert not (tmp_path / "store").exists()

    first = bring_models(tmp_path)
    assert first.exit_code == ExitCode.DONE
    path = placed(tmp_path, model)
    assert path.read_bytes() == CONTENT
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o444, 0o755)
    assert visible(tmp_path) == [model.files[0].sha256]
    assert list((tmp_path / "store" / "models" / ".incoming").iterdir()) == []
    assert file.stat().st_mode & 0o777 == 0o600

    inode = path.stat().st_ino
    assert bring_models(tmp_path, dry=True).exit_code == ExitCode.DONE
    assert bring_models(tmp_path).changed == []
    assert path.stat().st_ino == inode


def test_the_tiny_model_is_generated_on_the_way(tmp_path: Path) -> None:
    content = write_tiny(tmp_path / "expected.gguf").read_bytes()
    model = model_copy(content, "generated:tiny", "tiny-random.gguf")
    write_release(tmp_path, (model,))
    assert bring_models(tmp_path).exit_code == ExitCode.DONE
    assert placed(tmp_path, model).read_bytes() == content
    assert (tmp_path / ".homeport" / "models" / "tiny-random.gguf").is_file()


def test_two_models_come_each_under_its_own_name(tmp_path: Path, file: Path) -> None:
    one = model_copy(CONTENT, f"file:{file}")
    other = tmp_path / "other.gguf"
    other.write_bytes(CONTENT[:1000])
    two = model_copy(CONTENT[:1000], f"file:{other}", "other.gguf").model_copy(
        update={"name": "another"}
    )
    write_release(tmp_path, (one, two))
    run = bring_models(tmp_path)
    assert sorted(run.changed) == ["Have the model a-model", "Have the model another"]
    assert placed(tmp_path, one).is_file()
    assert placed(tmp_path, two).is_file()


def test_a_file_that_is_cut_off_in_the_store_is_replaced(tmp_path: Path, file: Path) -> None:
    model = model_copy(CONTENT, f"file:{file}")
    write_release(tmp_path, (model,))
    path = placed(tmp_path, model)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[:-1])
    assert bring_models(tmp_path).exit_code == ExitCode.DONE
    assert path.read_bytes() == CONTENT
    assert visible(tmp_path) == [model.files[0].sha256]


def test_a_file_that_is_another_now_is_refused_and_nothing_is_visible(
    tmp_path: Path, file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = model_copy(CONTENT, f"file:{file}")
    write_release(tmp_path, (model,))
    file.write_bytes(CONTENT[:-1] + b"x")
    assert bring_models(tmp_path).exit_code == ExitCode.OPERATION_FAILED
    assert visible(tmp_path) == []
    said = capfd.readouterr().err
    assert f"error: {file}: is another file than inventories/models.yaml lists" in said
    assert "Traceback" not in said


def test_a_file_that_is_gone_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_release(tmp_path, (model_copy(CONTENT, "file:/nowhere/model.gguf"),))
    assert bring_models(tmp_path).exit_code == ExitCode.OPERATION_FAILED
    said = capfd.readouterr().err
    assert "is no file on this machine" in said
    assert "Traceback" not in said


def test_a_host_downloads_by_itself_and_goes_on_after_a_cut(tmp_path: Path) -> None:
    with serving(CONTENT, cut_after_bytes=200_000, cuts_left=1) as server:
        model = model_copy(CONTENT, server.url)
        write_release(tmp_path, (model,))
        assert bring_models(tmp_path).exit_code == ExitCode.DONE
    assert placed(tmp_path, model).read_bytes() == CONTENT
    assert server.asked == ["", "bytes=200000-"]
    assert not (tmp_path / ".homeport").exists()


def test_the_next_run_goes_on_where_the_last_one_stopped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(CONTENT) as server:
        model = model_copy(CONTENT, server.url)
        write_release(tmp_path, (model,))
        incoming = tmp_path / "store" / "models" / ".incoming"
        incoming.mkdir(parents=True)
        (incoming / model.files[0].sha256).write_bytes(CONTENT[:300_000])
        assert bring_models(tmp_path).exit_code == ExitCode.DONE
    assert server.asked == ["bytes=300000-"]
    assert placed(tmp_path, model).read_bytes() == CONTENT


def test_a_server_that_cannot_resume_sends_the_whole_file_again(tmp_path: Path) -> None:
    with serving(CONTENT, ranges=False, cut_after_bytes=1000, cuts_left=1) as server:
        model = model_copy(CONTENT, server.url)
        write_release(tmp_path, (model,))
        assert bring_models(tmp_path).exit_code == ExitCode.DONE
    assert placed(tmp_path, model).read_bytes() == CONTENT


def test_a_download_with_another_digest_is_refused_and_thrown_away(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(CONTENT) as server:
        model = model_copy(CONTENT, server.url, sha256="0" * 64)
        write_release(tmp_path, (model,))
        assert bring_models(tmp_path).exit_code == ExitCode.OPERATION_FAILED
    assert visible(tmp_path) == []
    assert list((tmp_path / "store" / "models" / ".incoming").iterdir()) == []
    assert "has sha256" in capfd.readouterr().err


@pytest.mark.root
def test_a_disk_without_room_is_refused_before_anything_is_fetched(
    tmp_path: Path, small_disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(CONTENT) as server:
        write_release(tmp_path, (model_copy(CONTENT, server.url),))
        assert bring_models(tmp_path).exit_code == ExitCode.OPERATION_FAILED
    assert server.asked == []
    said = capfd.readouterr().err
    assert f"models need 1 MiB more below {small_disk}, and 0 MiB are free there" in said
    assert visible(tmp_path) == []


def test_a_secret_that_cannot_be_read_is_refused_before_anything_is_brought(
    tmp_path: Path, file: Path
) -> None:
    release = write_release(tmp_path, (model_copy(CONTENT, f"file:{file}"),))
    hub = Hub(endpoint="https://hub.example", token="env:NO_SUCH_TOKEN")
    text = yaml.safe_dump(release.model_copy(update={"hub": hub}).model_dump(mode="json"))
    (tmp_path / "compose/small/localhost/release.yaml").write_text(text)
    run = run_pyinfra(tmp_path, "small", str(ROOT / "deploys" / "preflight.py"))
    assert run.exit_code == ExitCode.REFUSED
    assert run.explanation == (
        "error: env:NO_SUCH_TOKEN: is not set\nhint: export NO_SUCH_TOKEN=… before the command"
    )
