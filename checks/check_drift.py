"""The host is what the commit says: files, services, images, models, network, loaded revision."""

from checks.fleet import Deployed
from checks.probes.drift import drift
from checks.verdict import none_of


def check_the_host_is_what_was_committed(deployed: Deployed) -> None:
    """The same findings as `homeport drift`."""
    found = [
        f"{finding.what}: committed {finding.committed}, live {finding.live}"
        for finding in drift(deployed.committed, deployed.live)
    ]
    remedy = "homeport apply mends exactly these; what was changed by hand goes into the inventory"
    none_of(found, "differs from the commit", remedy)
