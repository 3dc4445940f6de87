"""Firefox without a window, driven by WebDriver BiDi, which it speaks itself."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import tempfile
from collections.abc import Coroutine
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
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            assert self.process.stderr
            found = (re.search(r"BiDi listening on (ws://\S+)", line) for line in self.process.stderr)
            address = next(match[1] for match in found if match)
            self.socket: WebSocketClientConnection = self.wait(self.connect(address))
            self.call("session.new", capabilities={})
            self.call("session.subscribe", events=["log.entryAdded"])
            self.call("script.addPreloadScript", functionDeclaration=LISTEN)
            self.tab = self.call("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the browser and forget its profile."""
        self.process.terminate()
        self.process.wait()
        self.loop.close()
        self.profile.cleanup()

    def wait(self, work: Coroutine[Any, Any, Value]) -> Value:
        """The result of something that takes a while, but not for ever."""
        return self.loop.run(asyncio.wait_for(work, SECONDS))

    async def connect(self, address: str) -> WebSocketClientConnection:
        """The connection over which all else goes."""
        return await websocket_connect(f"{address}/session")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        return self.wait(self.answer(method, parameters))

    async def answer(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The answer; what is told meanwhile is kept."""
        self.sent += 1
        await self.socket.write_message(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while text := await self.socket.read_message():
            message = json.loads(text)
            if message.get("method") == "log.entryAdded" and message["params"]["level"] in ("error", "warn"):
                self.complaints.append(str(message["params"]["text"]))
            if message.get("id") == self.sent:
                assert message["type"] == "success", message
                return cast("dict[str, Any]", message["result"])
        raise ConnectionError("Firefox has gone")

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
