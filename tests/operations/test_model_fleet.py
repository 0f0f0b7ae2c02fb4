"""Who brings a file from outside and who takes it from whom, without hosts."""

from deploys.catalogue.store import store_folder
from deploys.facts.models import Store, parse_store
from deploys.operations.model_fleet import Seen, asked_paths, seen, sources
from deploys.operations.models import without_room
from tests.operations.committed_release import model_copy

MODEL = model_copy(bytes(4 * 2**20), "https://files.example/model.gguf")
FILE = MODEL.files[0]


def host(name: str, *, lacks: bool = True, arrived: int = 0, **words: object) -> Seen:
    """A host that can give and take; it lacks the file or holds it."""
    found = Seen(name, f"10.0.0.{name[-1]}", gives=True, takes=True)
    if lacks:
        found.missing = {FILE.sha256: FILE}
        found.incoming = {FILE.sha256: arrived}
    else:
        found.held = {FILE.sha256}
    for word, value in words.items():
        setattr(found, word, value)
    return found


def chosen(*hosts: Seen) -> dict[str, str]:
    """Host -> where its file comes from."""
    found = sources({one.name: one for one in hosts})
    return {name: places[FILE.sha256] for name, places in found.items() if places}


def test_the_first_host_by_name_fetches_and_the_others_take_from_it() -> None:
    assert chosen(host("gpu2"), host("gpu1"), host("gpu3")) == dict.fromkeys(
        ("gpu1", "gpu2", "gpu3"), "gpu1"
    )


def test_who_has_the_file_gives_it() -> None:
    assert chosen(host("gpu1"), host("gpu2", lacks=False)) == {"gpu1": "gpu2"}


def test_who_has_most_of_it_already_fetches_the_rest() -> None:
    assert chosen(host("gpu1"), host("gpu2", arrived=9)) == {"gpu1": "gpu2", "gpu2": "gpu2"}


def test_a_host_that_cannot_take_fetches_by_itself() -> None:
    assert chosen(host("gpu1"), host("gpu2", takes=False))["gpu2"] == "gpu2"
    assert chosen(host("gpu1"), host("gpu2", address=""))["gpu2"] == "gpu2"


def test_a_host_that_cannot_give_is_not_the_one_that_the_others_wait_for() -> None:
    assert chosen(host("gpu1", gives=False), host("gpu2")) == {"gpu1": "gpu2", "gpu2": "gpu2"}
    assert chosen(host("gpu1", lacks=False, gives=False), host("gpu2")) == {"gpu2": "gpu2"}


def test_hosts_that_reach_nobody_fetch_each_by_itself() -> None:
    alone = [host("gpu1", gives=False), host("gpu2", gives=False)]
    assert chosen(*alone) == {"gpu1": "gpu1", "gpu2": "gpu2"}


def test_a_file_of_the_wrong_size_is_missing_and_one_in_two_models_is_counted_once() -> None:
    twice = (MODEL, MODEL.model_copy(update={"name": "another"}))
    sizes = {f".files/{FILE.sha256}": 1, f".incoming/{FILE.sha256}": 2**20}
    found = seen("gpu1", "", twice, Store(sizes=sizes, available_bytes=3 * 2**20, place="/srv"))
    assert found.needed_bytes == 3 * 2**20
    assert without_room(found) is None
    found.available_bytes -= 1
    refusal = without_room(found)
    assert refusal is not None
    assert refusal[0] == "models need 3 MiB more below /srv, and 2 MiB are free there"


def test_a_whole_model_lacks_nothing_though_its_single_files_are_gone() -> None:
    place = f"{store_folder(MODEL.files)}/{FILE.name}"
    assert place in asked_paths((MODEL,))
    found = seen("gpu1", "", (MODEL,), Store(sizes={place: FILE.size_bytes}))
    assert found.missing == {}
    assert found.whole == {store_folder(MODEL.files)}


def test_an_answer_of_a_host_is_read() -> None:
    lines = [
        "size 5 .files/ab",
        "sha256 cd .files/ab",
        "available 100",
        "place /srv",
        "takes",
        "noise",
    ]
    assert parse_store(lines) == Store(
        {".files/ab": 5}, {".files/ab": "cd"}, 100, "/srv", takes=True
    )
