"""Chromium without a window, asked by its own protocol over two pipes; no driver, no library.

https://chromedevtools.github.io/devtools-protocol/: JSON messages, each ended by a zero byte, which
Chromium reads from descriptor 3 and writes to descriptor 4 with `--remote-debugging-pipe`.
"""

import base64
import json
import os
import select
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# On a machine that is busy with labs a first page may take a minute.
SECONDS = 180
_OPTIONS = (
    "--headless",
    # Its sandbox wants user namespaces, which root in a container may not have.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# dash knows no descriptors above 9.
_START = 'exec "${@:3}" 3<&"$1" 4>&"$2"'

Message = dict[str, Any]


class Browser:
    """One tab."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._rest, self._number = b"", 0
        self._session: dict[str, str] = {}
        self.events: list[Message] = []
        """All that the tab has told of itself since it was made."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Page.setLifecycleEventsEnabled", enabled=True)

    def ask(self, method: str, **parameters: object) -> Message:
        """One command's result; raises AssertionError where Chromium refuses it."""
        self._number += 1
        words = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._writes, json.dumps(words).encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            self.events.append(message)
        assert "result" in message, message
        found: Message = message["result"]
        return found

    def show(self, file: Path, width: int, height: int = 800, *, phone: bool = False) -> None:
        """Loads a file into a window of so many CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.events.clear()
        loader = self.ask("Page.navigate", url=file.absolute().as_uri())["loaderId"]
        # Its own: what was there before may still be telling of itself.
        while not self._is_loaded(loader):
            self.events.append(self._next())

    def _is_loaded(self, loader: str) -> bool:
        phases = self.told("Page.lifecycleEvent")
        return any((one["loaderId"], one["name"]) == (loader, "load") for one in phases)

    def value(self, script: str) -> Any:  # noqa: ANN401 - whatever the script gives
        """What an expression gives in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def told(self, method: str) -> list[Message]:
        """What the tab said of one kind."""
        return [one["params"] for one in self.events if one.get("method") == method]

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def printed(self) -> bytes:
        """The page as PDF, on A4."""
        found = self.ask("Page.printToPDF", paperWidth=8.27, paperHeight=11.69,
                         preferCSSPageSize=True, printBackground=True)  # fmt: skip
        return base64.b64decode(found["data"])

    def _next(self) -> Message:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reads], [], [], max(0, end - time.monotonic()))
            assert ready, f"Chromium said nothing for {SECONDS} s"
            read = os.read(self._reads, 1 << 20)
            assert read, "Chromium has ended"
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\0")
        message: Message = json.loads(line)
        return message


@contextmanager
def running_browser(folder: Path) -> Iterator[Browser]:
    """A Chromium of its own, with its profile in `folder`."""
    commands, writes = os.pipe()
    reads, answers = os.pipe()
    line = ["bash", "-c", _START, "bash", str(commands), str(answers), "chromium", *_OPTIONS]
    with (folder / "chromium.log").open("w") as log:
        process = subprocess.Popen(
            [*line, f"--user-data-dir={folder / 'profile'}"],
            pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    os.close(commands)
    os.close(answers)
    try:
        yield Browser(reads, writes)
    finally:
        # It ends when nobody is left to tell it anything.
        os.close(writes)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(reads)


def complaints(browser: Browser) -> list[object]:
    """Errors of the page, and whatever it asked for beside itself."""
    asked = [one["request"]["url"] for one in browser.told("Network.requestWillBeSent")]
    errors = [one for one in browser.told("Log.entryAdded") if one["entry"]["level"] == "error"]
    thrown = browser.told("Runtime.exceptionThrown") + browser.told("Runtime.consoleAPICalled")
    return [*errors, *thrown, *browser.told("Page.javascriptDialogOpening"), *asked[1:]]


def scanlines(png: bytes) -> int:
    """How many different ones a picture has; of a blank one all but the first are alike."""
    width = int.from_bytes(png[16:20])
    at, packed = 8, b""
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        packed += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    pixels = zlib.decompress(packed)
    # One byte of filter, and 3 or 4 for each pixel.
    length = 1 + width * (3 if png[25] == 2 else 4)
    return len({pixels[at : at + length] for at in range(0, len(pixels), length)})
