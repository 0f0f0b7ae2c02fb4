"""A question's model as `homeport models add` takes it in, and as the planner reads it then."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.catalogue.model import Model, ModelFile
from deploys.plan.memory.configuration import KnownWeights
from deploys.plan.search.model_weights import gguf_weights
from tests.plan.oracle.header import write_header
from tests.plan.oracle.questions import Question

FILE = "model.gguf"


def taken_in(question: Question) -> tuple[Architecture, KnownWeights]:
    """Shape and weights of the catalogue's entry."""
    model = entry(question.shape, question.file_type)
    return model.shape, gguf_weights(model)


@cache
def entry(shape: Architecture, file_type: str) -> Model:
    """What is kept of a file of this shape: its header is written and read back."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        write_header(path, shape, file_type)
        return _entry(read_header(path), path.stat().st_size)


def _entry(header: GgufHeader, size_bytes: int) -> Model:
    return Model(
        source="https://models.example/drawn",
        licence="drawn",
        format="gguf",
        quantization=header.quantization,
        files=(ModelFile(name=FILE, size_bytes=size_bytes, sha256="0" * 64),),
        weights=header.weights,
        architecture=header.architecture,
        architecture_name=header.architecture_name,
        chat_template=False,
    )
