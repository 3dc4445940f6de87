"""Firefox without a window, driven by WebDriver BiDi, which it speaks itself."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from tornado.websocket import WebSocketClientConnection, websocket_connect

SECONDS = 60.0  # for any one thing; a machine may be busy
LISTEN = """() => { window.refused = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        refused.push(`${violatedDirective} ${blockedURI}`)) }"""
Value = TypeVar("Value")


class Firefox:
    """A browser with one tab; what its pages complain about is kept."""

    def __init__(self, program: str) -> None:
        self.loop = asyncio.Runner()
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.complaints: list[str] = []
        self.sent = 0
        command = [program, "--headless", "--no-remote", "--profile", self.profile.name, "--remote-debugging-port", "0"]
        self.socket: WebSocketClientConnection | None = None
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            self.socket = self.wait(self.connect(Path(self.profile.name, "WebDriverBiDiServer.json")))
            self.call("session.new", capabilities={})
            self.call("session.subscribe", events=["log.entryAdded"])
            self.call("script.addPreloadScript", functionDeclaration=LISTEN)
            self.tab = self.call("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the browser and forget its profile."""
        if self.socket:
            self.wait(self.leave(self.socket))
        self.process.terminate()
        self.process.wait()
        self.loop.close()
        self.profile.cleanup()

    def wait(self, work: Coroutine[Any, Any, Value]) -> Value:
        """The result of something that takes a while, but not for ever."""
        return self.loop.run(asyncio.wait_for(work, SECONDS))

    async def connect(self, port: Path) -> WebSocketClientConnection:
        """The connection over which all else goes, once Firefox has said in a file where it listens."""
        while not (said := port.read_text(encoding="utf-8") if port.exists() else ""):
            assert self.process.poll() is None, "Firefox has ended"
            await asyncio.sleep(0.05)
        at = json.loads(said)
        return await websocket_connect(f"ws://{at['ws_host']}:{at['ws_port']}/session")

    async def leave(self, socket: WebSocketClientConnection) -> None:
        """Close the connection."""
        socket.close()
        while await socket.read_message():
            pass

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        return self.wait(self.answer(method, parameters))

    async def answer(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The answer; what is told meanwhile is kept."""
        self.sent += 1
        assert self.socket
        await self.socket.write_message(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while text := await self.socket.read_message():
            message = json.loads(text)
            if message.get("method") == "log.entryAdded":
                self.hear(**message["params"])
            if message.get("id") == self.sent:
                assert message["type"] == "success", message
                return cast("dict[str, Any]", message["result"])
        raise ConnectionError("Firefox has gone")

    def hear(self, level: str, text: str, stackTrace: object = None, **_: Any) -> None:
        """Keep a complaint of the page; Firefox's own code at times complains in its name, and from no line of it."""
        own = text.startswith("Error: Permission denied to access property") and not stackTrace
        if level in ("error", "warn") and not own:
            self.complaints.append(text)

    def open(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self.complaints.clear()
        self.call("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def run(self, code: str) -> Any:
        """The value of an expression on the page, awaited if it is a promise."""
        wrapped = f"Promise.resolve({code}).then(value => JSON.stringify(value ?? null))"
        target = {"context": self.tab}
        told = self.call("script.evaluate", expression=wrapped, target=target, awaitPromise=True, userActivation=True)
        assert told["type"] == "success", told
        return json.loads(told["result"]["value"])

    def widen(self, width: int, height: int) -> None:
        """Give the page so much room."""
        self.call("browsingContext.setViewport", context=self.tab, viewport={"width": width, "height": height})
