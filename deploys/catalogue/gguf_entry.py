"""A catalogue entry of GGUF files, read from their headers."""

from collections.abc import Sequence

from deploys.catalogue.folder import Folder
from deploys.catalogue.gguf_header import header_of, projector_of
from deploys.catalogue.model import Model
from deploys.catalogue.model_files import NOT_STATED, model_file
from deploys.settings.refusal import Complaint, Refused


def gguf_entry(folder: Folder, names: Sequence[str], projector: str = "", base: str = "") -> Model:
    """`names` in order, and a tower's file; raises Refused with the first thing that is wrong."""
    missing = [name for name in (*names, projector) if name and name not in folder.sizes]
    if missing:
        raise Refused([Complaint(folder.name, "", f"lacks {', '.join(missing)}", "check the name")])
    header = header_of([folder.bytes_of(name) for name in names])
    shape = header.architecture
    if projector:
        tower = projector_of(folder.bytes_of(projector))
        shape = shape.model_copy(update={"vision": tower}) if shape else None
    return Model(
        source=folder.source,
        revision=folder.revision,
        licence=header.licence or folder.licence or NOT_STATED,
        format="gguf",
        base=base or folder.base,
        quantization=header.quantization,
        files=tuple(model_file(folder, name) for name in names),
        projector=model_file(folder, projector) if projector else None,
        weights=header.weights,
        architecture=shape,
        architecture_name=header.architecture_name,
        kind=header.kind,
        chat_template=header.chat_template,
    )
