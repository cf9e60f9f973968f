"""A real headless Chromium, driven by its DevTools protocol; as much of it as our tests need."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
_WITH_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
_WITHOUT_WEBGL = ("--disable-gpu", "--disable-3d-apis")
_PATIENCE_S = 60
_KEYS = {
    "Enter": 13,
    "Escape": 27,
    "ArrowRight": 39,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowDown": 40,
    "Tab": 9,
}


class Tab:
    """An open page; keeps what it complains of (`complaints`) and asks for (`requests`)."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=_PATIENCE_S)
        self._ids = itertools.count(1)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        wanted = next(self._ids)
        self._socket.send(json.dumps({"id": wanted, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            self._note(message)
            if message.get("id") == wanted:
                assert "error" not in message, message
                return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(told["args"]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
            case "Page.javascriptDialogOpening":
                self.complaints.append(f"a dialog says {told['message']}")
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])

    def open(
        self,
        file: Path,
        size: tuple[int, int] = (1440, 900),
        *,
        dark: bool = False,
        ready: str = "document.body?.dataset.ready === 'yes'",
    ) -> None:
        phone = size[0] < 600
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.send("Emulation.setEmulatedMedia", features=scheme)
        self.send("Page.navigate", url=file.absolute().as_uri())
        self.until(ready)

    def run(self, script: str) -> Any:
        """Evaluate an expression; promises are waited for."""
        done = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def until(self, condition: str) -> Any:
        """Wait until an expression is true, and return it."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (value := self.run(condition)):
            assert time.monotonic() < deadline, f"never true: {condition}; {self.complaints}"
            time.sleep(0.05)
        return value

    def mouse(self, kind: str, at: tuple[float, float], buttons: int = 0, clicks: int = 0) -> None:
        button = "left" if kind != "mouseMoved" else "none"
        self.send(
            "Input.dispatchMouseEvent",
            type=kind, x=at[0], y=at[1], button=button, buttons=buttons, clickCount=clicks,
        )  # fmt: skip

    def click(self, at: tuple[float, float], times: int = 1) -> None:
        self.mouse("mouseMoved", at)
        for clicks in range(1, times + 1):
            self.mouse("mousePressed", at, buttons=1, clicks=clicks)
            self.mouse("mouseReleased", at, clicks=clicks)

    def wheel(self, at: tuple[float, float], down_px: float) -> None:
        """Turn the wheel, downwards where that is above 0."""
        self.mouse("mouseMoved", at)
        self.send(
            "Input.dispatchMouseEvent",
            type="mouseWheel", x=at[0], y=at[1], deltaX=0, deltaY=down_px,
        )  # fmt: skip

    def tap(self, at: tuple[float, float]) -> None:
        point = [{"x": at[0], "y": at[1]}]
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=point)
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def key(self, key: str, modifiers: int = 0) -> None:
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        code = _KEYS.get(key, ord(key[0].upper()))
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            self.send(
                "Input.dispatchKeyEvent",
                type=kind, key=key, modifiers=modifiers, windowsVirtualKeyCode=code, **more,
            )  # fmt: skip

    def middle(self, selector: str) -> tuple[float, float]:
        """Return where the middle of an element is, once it has been scrolled into view."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        return box[0], box[1]

    def point(self, number: int) -> tuple[float, float]:
        """Return where a point of the map is."""
        left, top = self.run(
            "(() => { const canvas = document.querySelector('#map canvas');"
            "canvas.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = canvas.getBoundingClientRect();"
            f"const [x, y] = map.place({number}); return [b.x + x, b.y + y]; }})()"
        )
        return left, top

    def screenshot(self, file: Path) -> None:
        """Save what is seen."""
        file.write_bytes(
            base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])
        )

    def close(self) -> None:
        self._socket.close()


@contextmanager
def chromium(*, webgl: bool = True) -> Iterator[Tab]:
    """Run a browser with an empty tab."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = (*_FLAGS, *(_WITH_WEBGL if webgl else _WITHOUT_WEBGL), f"--user-data-dir={profile}")
        process = subprocess.Popen(
            [CHROMIUM, *flags, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            tab = Tab(_address(Path(profile) / "DevToolsActivePort"))
            yield tab
            tab.close()
        finally:
            process.terminate()
            process.wait(_PATIENCE_S)


def _address(file: Path) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while not file.exists() or "\n" not in file.read_text():
        assert time.monotonic() < deadline, "chromium did not start"
        time.sleep(0.05)
    port = file.read_text().splitlines()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
        pages = [target for target in json.load(answer) if target["type"] == "page"]
    address: str = pages[0]["webSocketDebuggerUrl"]
    return address
