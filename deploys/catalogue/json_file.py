"""One JSON file of a folder."""

import json
from collections.abc import Mapping
from typing import Any

from deploys.catalogue.folder import Folder
from deploys.settings.refusal import Complaint, Refused

# The index of DeepSeek-V3 with its 91,991 tensors takes 9 MiB.
LARGEST_BYTES = 64 << 20


def json_file(folder: Folder, name: str) -> Mapping[str, Any]:
    """A JSON object; raises Refused."""
    try:
        path = folder.path_of(name)
        if path.stat().st_size > LARGEST_BYTES:
            raise _refused(folder, name, f"is larger than {LARGEST_BYTES >> 20} MiB")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise _refused(folder, name, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _refused(folder, name, "is not JSON") from None
    if not isinstance(found, dict):
        raise _refused(folder, name, "holds no words, but one value")
    return found


def _refused(folder: Folder, name: str, found: str) -> Refused:
    return Refused([Complaint(folder.name, name, found, "get the file again")])
