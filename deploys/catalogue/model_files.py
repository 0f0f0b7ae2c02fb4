"""The files of an entry: names that hosts can keep, sizes, contents."""

from pydantic import TypeAdapter, ValidationError

from deploys.catalogue.folder import Folder
from deploys.catalogue.model import FileName, ModelFile
from deploys.settings.refusal import Complaint, Refused

# What an entry says where neither the file nor its card names a licence.
NOT_STATED = "not stated"


def model_file(folder: Folder, name: str) -> ModelFile:
    """One file with its sha256; raises Refused for a name that could do harm, and no bytes."""
    try:
        TypeAdapter(FileName).validate_python(name)
    except ValidationError:
        hint = "letters, digits, dots, dashes and underscores, in one folder at most"
        raise _refused(
            folder, f"holds {name!r:.60}, which is no name for a file here", hint
        ) from None
    if not folder.sizes[name]:
        raise _refused(folder, f"holds {name} without a byte", "get the file again")
    return ModelFile(name=name, size_bytes=folder.sizes[name], sha256=folder.sha256_of(name))


def _refused(folder: Folder, found: str, hint: str) -> Refused:
    return Refused([Complaint(folder.name, "", found, hint)])
