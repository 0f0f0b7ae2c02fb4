"""What a hub says of a model, asked with its own client: facts, revision, sha256, and refusals."""

import hashlib
from pathlib import Path

import pytest

from deploys.catalogue.tiny import write_tiny
from tests.catalogue.fake_hub import COMMIT, Repository, fake_hub
from tests.catalogue.gguf_files import TOWER, header_bytes
from tests.catalogue.hub_questions import asked, refusal
from tests.catalogue.safetensors_files import CONFIG, TENSORS, model_files, safetensors
from tests.catalogue.test_gguf_weights import MIXED
from tests.catalogue.test_gguf_weights import TENSORS as PARTS

CARD = {"license": "apache-2.0", "base_model": "people/Base-7B"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_tiny(tmp_path_factory.mktemp("tiny") / "tiny.gguf").read_bytes()


def test_a_safetensors_repository_is_pinned_and_every_file_proved(tmp_path: Path) -> None:
    files = model_files()
    with fake_hub({"people/Model-1B": Repository(files, {"license": "mit"})}) as hub:
        model = asked(hub, tmp_path, "people/Model-1B")
    assert model.source == f"hub:people/Model-1B@{COMMIT}"
    assert (model.revision, model.licence, model.format) == (COMMIT, "mit", "safetensors")
    assert (model.quantization, model.base) == ("bf16", "people/Model-1B")
    assert [file.name for file in model.files] == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "config.json",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    for file in model.files:
        content = files[file.name]
        assert (file.size_bytes, file.sha256) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
    assert model.architecture is not None
    assert (model.architecture.name, model.architecture.layers) == ("llama", 2)
    assert model.chat_template


def test_a_gguf_file_is_read_without_its_weights(tmp_path: Path) -> None:
    header = header_bytes(MIXED, PARTS)
    content = header + bytes(6 * 2**20)
    with fake_hub({"people/Model-GGUF": Repository({"Model-Q4_K_M.gguf": content}, CARD)}) as hub:
        model = asked(hub, tmp_path, "people/Model-GGUF")
        assert hub.stored_bytes < 2 * 2**20
    (file,) = model.files
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert (model.licence, model.base) == ("apache-2.0", "people/Base-7B")
    assert model.weights is not None
    assert len(model.weights.layer_bytes) == 2


def test_a_revision_is_asked_for_by_its_name_and_kept_by_its_commit(
    tmp_path: Path, tiny: bytes
) -> None:
    repository = Repository({"a.gguf": tiny}, branches=("main", "v2"))
    with fake_hub({"people/a": repository}) as hub:
        model = asked(hub, tmp_path, "hub:people/a@v2")
        assert hub.asked[0] == "GET /api/models/people/a/revision/v2"
        assert f"GET /people/a/resolve/{COMMIT}/a.gguf" in hub.asked
    assert model.source == f"hub:people/a@{COMMIT}"


def test_several_quantizations_are_listed_with_their_sizes(tmp_path: Path, tiny: bytes) -> None:
    files = {
        "Model-Q4_K_M.gguf": tiny,
        "Model-Q8_0.gguf": tiny + bytes(2**20),
        "UD-Q2_K_XL/Model-UD-Q2_K_XL-00001-of-00002.gguf": tiny,
        "UD-Q2_K_XL/Model-UD-Q2_K_XL-00002-of-00002.gguf": tiny,
        "mmproj-F16.gguf": tiny,
        "imatrix.gguf": tiny,
    }
    with fake_hub({"people/many": Repository(files)}) as hub:
        said = refusal(hub, tmp_path, "people/many")
        assert "holds 3 quantizations" in said
        assert "for instance people/many:Q4_K_M" in said
        assert "  Q8_0                 2 MiB  Model-Q8_0.gguf" in said
        assert "UD-Q2_K_XL" in said
        assert "holds no Q5_K_M" in refusal(hub, tmp_path, "people/many:Q5_K_M")
        for word in ("q8_0", "Q8_0", "Model-Q8_0.gguf"):
            model = asked(hub, tmp_path, f"people/many:{word}", projector="none")
            assert [file.name for file in model.files] == ["Model-Q8_0.gguf"]


def test_a_vision_model_takes_its_tower_along(tmp_path: Path) -> None:
    files = {
        "Model-Q4_K_M.gguf": header_bytes(MIXED, PARTS) + bytes(2**20),
        "mmproj-Model-F16.gguf": header_bytes(TOWER, {"v.x": PARTS["output.weight"]})
        + bytes(2**20),
        "mmproj-Model-BF16.gguf": b"not read",
    }
    with fake_hub({"people/sees": Repository(files)}) as hub:
        model = asked(hub, tmp_path, "people/sees")
        blind = asked(hub, tmp_path, "people/sees", projector="none")
    assert model.projector is not None
    assert model.projector.name == "mmproj-Model-F16.gguf"
    assert model.architecture is not None
    assert model.architecture.vision is not None
    assert (blind.projector, blind.architecture and blind.architecture.vision) == (None, None)


def test_a_split_quantization_is_one_model_of_several_files(tmp_path: Path) -> None:
    files = {}
    names = list(PARTS)
    for number in range(2):
        words = {"split.no": number, "split.count": 2, "split.tensors.count": 8}
        chosen = {name: PARTS[name] for name in names[number * 4 : number * 4 + 4]}
        header = header_bytes({**(MIXED if number == 0 else {}), **words}, chosen)
        files[f"Q4_K_M/M-Q4_K_M-{number + 1:05d}-of-00002.gguf"] = header + bytes(2**20)
    with fake_hub({"people/split": Repository(files)}) as hub:
        model = asked(hub, tmp_path, "people/split:Q4_K_M")
        assert [file.name for file in model.files] == list(files)
        del files["Q4_K_M/M-Q4_K_M-00002-of-00002.gguf"]
        assert "lacks Q4_K_M/M-Q4_K_M-00002-of-00002" in refusal(hub, tmp_path, "people/split")


def test_a_base_that_is_given_wins_over_the_card(tmp_path: Path, tiny: bytes) -> None:
    with fake_hub({"people/a": Repository({"a.gguf": tiny}, CARD)}) as hub:
        assert asked(hub, tmp_path, "people/a", base="mine/base").base == "mine/base"


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ({}, "CC0-1.0"),
        ({"license": "other", "license_name": "llama3.1"}, "CC0-1.0"),
    ],
)
def test_the_files_own_licence_wins_over_the_card(
    tmp_path: Path, tiny: bytes, card: dict[str, str], licence: str
) -> None:
    with fake_hub({"people/a": Repository({"a.gguf": tiny}, card)}) as hub:
        assert asked(hub, tmp_path, "people/a").licence == licence


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ({}, "not stated"),
        ({"license": "mit"}, "mit"),
        ({"license": "other"}, "other"),
        ({"license": "other", "license_name": "llama3.1"}, "llama3.1"),
        ({"license": ["mit", "apache-2.0"]}, "mit"),
    ],
)
def test_a_licence_is_what_the_card_states_or_not_stated(
    tmp_path: Path, card: dict[str, object], licence: str
) -> None:
    with fake_hub({"people/a": Repository(model_files(), card)}) as hub:
        assert asked(hub, tmp_path, "people/a").licence == licence


@pytest.mark.parametrize(
    ("task", "architecture", "kind"),
    [
        (None, "LlamaForCausalLM", "chat"),
        ("feature-extraction", "LlamaModel", "embedding"),
        ("sentence-similarity", "LlamaModel", "embedding"),
        ("text-ranking", "LlamaForCausalLM", "rerank"),
        (None, "LlamaForSequenceClassification", "rerank"),
    ],
)
def test_what_a_model_is_for_is_its_head_and_the_hubs_word(
    tmp_path: Path, task: str | None, architecture: str, kind: str
) -> None:
    files = model_files({**CONFIG, "architectures": [architecture]})
    with fake_hub({"people/a": Repository(files, task=task)}) as hub:
        assert asked(hub, tmp_path, "people/a").kind == kind


def test_one_file_of_safetensors_needs_no_index(tmp_path: Path) -> None:
    files = model_files(model__safetensors=safetensors(TENSORS))
    del files["model.safetensors.index.json"]
    with fake_hub({"people/a": Repository(files)}) as hub:
        model = asked(hub, tmp_path, "people/a")
    assert model.files[0].name == "model.safetensors"
