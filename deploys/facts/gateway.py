"""What the gateway of a host serves and knows."""

import json
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand

from deploys.questions.canaries import parse_shares, question

_CERTIFICATES = "/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/p"


class GatewayLoaded(FactBase[dict[str, str]]):
    """What nginx has loaded: `revision` of its files and `loaded`, the word of the last reload.

    Empty when it does not answer.
    """

    default = dict

    def command(self, project: str) -> StringCommand:
        """Asked inside the container: the host needs no HTTP client of its own."""
        return StringCommand(
            "docker compose --project-name", QuoteString(project),
            "exec --no-TTY nginx curl --silent --max-time 5 http://127.0.0.1:8081/revision",
            "2>/dev/null || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, str]:
        """The fields of the answer."""
        try:
            answer = json.loads("".join(output))
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}


class SecretDigest(FactBase[str]):
    """sha256 of a 0600 file that may belong to a container's uid; empty when it is missing.

    Whoever may use Docker without being root reads it through a container.
    """

    default = str

    def command(self, folder: str, file: str, image: str) -> StringCommand:
        """The content stays on the host; only the digest comes back."""
        path = QuoteString(f"{folder}/{file}")
        return StringCommand(
            "if [ -r", path, "]; then sha256sum", path, "; elif [ -e", path, "]; then",
            "docker run --rm --network none --user 0 --volume", QuoteString(f"{folder}:/folder:ro"),
            "--entrypoint sha256sum", QuoteString(image), QuoteString(f"/folder/{file}"), "; fi",
        )  # fmt: skip

    def process(self, output: list[str]) -> str:
        """The first word of sha256sum's line."""
        return output[0].split()[0] if output and output[0] else ""


class ServedCertificate(FactBase[str]):
    """Certificates in the gateway's 0600 file, in PEM; the key stays there. Empty when missing."""

    default = str

    def command(self, folder: str, file: str, image: str) -> StringCommand:
        """Only what every client is shown anyway comes back."""
        path, script = QuoteString(f"{folder}/{file}"), QuoteString(_CERTIFICATES)
        return StringCommand(
            "if [ -r", path, "]; then sed -n", script, path, "; elif [ -e", path, "]; then",
            "docker run --rm --network none --user 0 --volume", QuoteString(f"{folder}:/folder:ro"),
            "--entrypoint sed", QuoteString(image), "-n", script, QuoteString(f"/folder/{file}"),
            "; fi",
        )  # fmt: skip

    def process(self, output: list[str]) -> str:
        """The lines, joined again."""
        return "".join(f"{line}\n" for line in output if line)


class Drains(FactBase[dict[str, Any]]):
    """What is drained at a gateway, and what nginx includes for it.

    `marks`: NAME.KIND -> who and when; `pools`: digests of what is included; `loaded`: what nginx
    is to say of it; `stand_ins`: stand-in -> its address in the current release's pools.conf;
    `canaries`: pool -> the share of its candidate.
    """

    default = dict

    def command(self, directory: str) -> StringCommand:
        """One round trip."""
        return StringCommand(
            "if cd", QuoteString(f"{directory}/state/gateway"), "2>/dev/null; then",
            "for f in drained/*; do if [ -e $f ]; then echo \"mark ${f#drained/} $(cat $f)\"; fi;",
            "done; for f in pools/*.conf; do if [ -e $f ]; then echo \"pools $f\"; fi; done;",
            "if [ -e drained.conf ]; then echo \"loaded $(cat drained.conf)\"; fi;",
            f"{question('')};",
            "awk '$1 == \"#\" && $2 == \"server\" { print \"stand-in \" $NF \" \" $3 }'",
            "../../gateway/current/pools.conf 2>/dev/null || true; fi",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, Any]:
        """Lines of five kinds."""
        found: dict[str, Any] = {"marks": {}, "pools": [], "loaded": "", "stand_ins": {}}
        found["canaries"] = parse_shares(output)
        for line in output:
            kind, _, rest = line.partition(" ")
            if kind == "mark":
                name, _, text = rest.partition(" ")
                found["marks"][name] = text
            elif kind == "pools":
                found["pools"].append(rest.removeprefix("pools/").removesuffix(".conf"))
            elif kind == "loaded":
                found["loaded"] = rest.removeprefix('default "').removesuffix('";')
            elif kind == "stand-in":
                name, _, address = rest.partition(" ")
                found["stand_ins"][name] = address
        return found
