"""A headless Chromium, driven by its DevTools protocol over a pipe; with the standard library alone.

docs: https://chromedevtools.github.io/devtools-protocol/ and ``--remote-debugging-pipe``: messages are JSON
that ends with a zero, at the descriptors 3 and 4.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 120.0
_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
)


def chromium() -> "str | None":
    """The program, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A running Chromium."""

    def __init__(self, program: str, profile: Path) -> None:
        to_read, self._out = os.pipe()
        self._in, to_write = os.pipe()

        def hand_over() -> None:
            # dup2 to 3 and 4 from descriptors above, so that neither overwrites the other
            one, other = os.dup(to_read), os.dup(to_write)
            os.dup2(one, 3)
            os.dup2(other, 4)

        with (profile / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, *_SWITCHES, f"--user-data-dir={profile}", "about:blank"],
                preexec_fn=hand_over,
                pass_fds=(3, 4),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": str(profile)},
            )
        os.close(to_read)
        os.close(to_write)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """The result of a command."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def tab(self, address: str, width: int = 1200, height: int = 800, *, mobile: bool = False) -> "Tab":
        """A new tab at an address."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session, target)
        for domain in ("Page", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        tab.go(address)
        return tab

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            os.write(self._out, json.dumps({"id": 0, "method": "Browser.close"}).encode() + b"\0")
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for descriptor in (self._in, self._out):
            os.close(descriptor)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._in, 1 << 20)
            assert read, "Chromium has ended"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded


class Tab:
    """A tab."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self.session = session
        self.target = target

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command to this tab."""
        return self._browser.call(method, self.session, **parameters)

    def go(self, address: str) -> None:
        """Open an address."""
        self.call("Page.navigate", url=address)

    def reload(self) -> None:
        """Load the page again."""
        self.call("Page.reload")

    def show(self) -> None:
        """Bring it to the front, as a click on it does."""
        self._browser.call("Target.activateTarget", targetId=self.target)
        self.call("Page.bringToFront")

    def run(self, script: str) -> Any:
        """The value of an expression in JavaScript; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str) -> Any:
        """The value of an expression once it is true."""
        return self.until(lambda: self.run(condition), condition)

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """The value of a function once it is true."""
        end = time.monotonic() + _SECONDS
        while not (value := holds()):
            assert time.monotonic() < end, f"never: {what}"
            time.sleep(0.05)
        return value

    def press(self, key: str, code: int = 0) -> None:
        """Press and release a key. code: Windows' number of a key that is no letter."""
        text = key if len(key) == 1 else {"Enter": "\r"}.get(key, "")
        number = code or {"Enter": 13, "Tab": 9}.get(key, 0) or (ord(key.upper()) if len(key) == 1 else 0)
        common = {"key": key, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def screenshot(self) -> bytes:
        """The page as PNG."""
        import base64

        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def mistakes(self) -> list[str]:
        """What this tab's console complained of so far."""
        self.run("0")
        found = []
        for event in self._browser.events:
            parameters = event.get("params", {})
            if event.get("sessionId") == self.session and event.get("method") == "Runtime.exceptionThrown":
                found.append(str(parameters["exceptionDetails"]))
            entry = parameters.get("entry", {})
            if event.get("sessionId") == self.session and entry.get("level") == "error":
                found.append(f"{entry['text']} {entry.get('url', '')}")
        return found


@contextlib.contextmanager
def browsing(program: str) -> Iterator[Browser]:
    """A browser with a new profile, as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        browser = Browser(program, Path(profile))
        try:
            yield browser
        finally:
            browser.close()
