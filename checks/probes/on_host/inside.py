"""What a container sees of its GPUs, asked within it: their UUIDs, those of slices too.

An answer has `way` and `uuids`, where it is known the CUDA that its image `wants` and has, or
`refused`; `asked` is False where nothing in it can ask.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import zlib

LIMIT_SECONDS = 25
_RUN = "import sys, zlib; exec(zlib.decompress(sys.stdin.buffer.read()))"
_MODULES = ("pynvml", "checks.probes.on_host.nvml", "checks.probes.on_host.inside")
_NO_SUCH_COMMAND = (126, 127)
_ANSWER = "@@homeport@@ inside "
NEITHER = "it has neither python3 nor nvidia-smi"


def main(arguments: list[str]) -> None:
    """Runs in a container: prints the UUIDs, or what NVML said instead."""
    # Whoever started this in a container cannot end it from outside.
    signal.alarm(LIMIT_SECONDS - 5)
    # Not at the top: where ctypes is missing it cannot be imported.
    from checks.probes.on_host import nvml  # noqa: PLC0415

    try:
        with nvml.session():
            answer: dict[str, object] = {"way": "NVML", "uuids": _uuids(), **_cuda()}
    except nvml.Refusal as refusal:
        answer = {"way": "NVML", "refused": str(refusal), "code": refusal.code}
    print(f"{_ANSWER}{answer!r}", flush=True)


def _uuids() -> list[str]:
    from checks.probes.on_host import nvml  # noqa: PLC0415

    found = []
    for index in range(nvml.call("nvmlDeviceGetCount")):
        try:
            device = nvml.call("nvmlDeviceGetHandleByIndex", index)
            found.append(nvml.call("nvmlDeviceGetUUID", device))
            found += [nvml.call("nvmlDeviceGetUUID", one) for _, one in nvml.slices(device)]
        except nvml.Error:
            # A lost GPU, or one that knows no slices.
            continue
    return found


def _cuda() -> dict[str, object]:
    """`wants`: the CUDA that the image was made with, by the variable of NVIDIA's own images;
    `cuda`: the one that its driver library is for, be it the host's or a newer one of the image's.
    """
    from checks.probes.on_host import nvml  # noqa: PLC0415

    wants = os.environ.get("CUDA_VERSION", "")
    try:
        version = nvml.call("nvmlSystemGetCudaDriverVersion_v2")
    except nvml.Error:
        return {}
    cuda = f"{version // 1000}.{version % 1000 // 10}"
    return {"wants": wants, "cuda": cuda} if wants else {}


def ask_all(containers: list[str]) -> dict[str, str]:
    """Runs on the host: each container's answer as text, all of them asked at the same time."""
    answers: dict[str, str] = {}

    def ask(container: str) -> None:
        answers[container] = _ask(container)

    threads = [threading.Thread(target=ask, args=(one,), daemon=True) for one in containers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * LIMIT_SECONDS + 10)
    return dict(answers)


def _ask(container: str) -> str:
    try:
        done = _exec(container, ("python3", "-I", "-c", _RUN), _program())
        answers = [line for line in done.stdout.splitlines() if line.startswith(_ANSWER)]
        if answers:
            return answers[-1][len(_ANSWER) :]
        # A bare Python in it has no ctypes.
        bare = "No module named" in done.stderr or "cannot import name" in done.stderr
        if done.returncode not in _NO_SUCH_COMMAND and not bare:
            return repr({"refused": _last_line(done), "way": "NVML"})
        return repr(_listed(container))
    except (OSError, subprocess.TimeoutExpired) as error:
        return repr({"refused": f"no answer from within it: {error}", "way": "NVML"})


def _listed(container: str) -> dict[str, object]:
    """By the driver's own program, which is mounted beside its libraries."""
    done = _exec(container, ("nvidia-smi", "-L"), b"")
    if done.returncode in _NO_SUCH_COMMAND:
        return {"asked": False, "refused": NEITHER}
    if done.returncode:
        return {"refused": _last_line(done), "way": "nvidia-smi"}
    return {"way": "nvidia-smi", "uuids": re.findall(r"UUID: ((?:GPU|MIG)-[^)]+)", done.stdout)}


def _exec(
    container: str, command: tuple[str, ...], given: bytes
) -> subprocess.CompletedProcess[str]:
    line = ("docker", "exec", "--interactive", container, *command)
    done = subprocess.run(
        line, input=given, capture_output=True, check=False, timeout=LIMIT_SECONDS
    )
    output, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(line, done.returncode, output, errors)


def _program() -> bytes:
    """What this program needs of itself within a container, compressed."""
    whole = sys.modules["__main__"]
    sources = [one for one in whole.SOURCES if one[0] in _MODULES]
    text = f"SOURCES = {sources!r}\nRUNS = {_MODULES[-1]!r}\nBOOT = {whole.BOOT!r}\nexec(BOOT)"
    return zlib.compress(text.encode(), 9)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit status {done.returncode}"
