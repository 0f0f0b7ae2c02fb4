"""`make judge-tls`: what sslyze says of the gateway's TLS, held against Mozilla's own profile.

sslyze comes into an environment of its own: it pins an older `cryptography` than the kit's, and is
AGPL. The last line is the verdict; exit code 1 when it is another than COMPLIANT.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.e2e.tls_lab import NAME, TlsLab, running_tls_lab
from tests.lab.kit_images import kit_images
from tests.lab.machine import CACHE

SSLYZE = "sslyze==6.3.1"
PLACE = CACHE / "sslyze"


def judged(lab: TlsLab) -> subprocess.CompletedProcess[str]:
    """sslyze's whole report."""
    trust = ["--certinfo", f"--certinfo_ca_file={lab.authority}"]
    target = [f"--sni={NAME}", "--mozilla_config=intermediate", f"127.0.0.1:{lab.port}"]
    command = [str(PLACE / "bin" / "sslyze"), *trust, *target]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def _install() -> None:
    if not (PLACE / "bin" / "sslyze").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PLACE)], check=True)
        pip = [str(PLACE / "bin" / "pip"), "install", "--quiet", SSLYZE]
        subprocess.run(pip, check=True)


def main() -> int:
    """Starts a gateway, has it judged, and tells the verdict."""
    _install()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_tls_lab(Path(folder), kit_images()["nginx"]) as lab,
    ):
        done = judged(lab)
    print(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
