"""Where the repository is: every verb works from any folder below it."""

from pathlib import Path

from deploys.settings.refusal import Complaint, Refused


def repository_root(start: Path | None = None) -> Path:
    """The nearest folder, from `start` (the working directory) upwards, that is a checkout."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "inventories").is_dir() and (folder / "deploys").is_dir():
            return folder
    found = "neither this folder nor one above it holds inventories/ and deploys/"
    raise Refused([Complaint(str(here), "", found, "cd into the repository first")])
