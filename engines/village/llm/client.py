"""A language model behind any OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, LM Studio, a hosted API.

Every request has one deadline that covers all of it, so that a server that drips cannot hold a run. Replies are read to
a bound and no further, never unpacked, and redirects are not followed. The key comes from the environment and goes
into one header; it is in no error, transcript or recording. A refusal that only concerns how JSON is asked for, or an
optional field, changes the way of asking; overload and faults are retried after a growing, jittered pause or the one
the server names.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import random
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any, Self

import httpx

from stagelight.engines.village import sanitize
from stagelight.engines.village.llm import json_modes
from stagelight.engines.village.llm.types import Messages, ModelError, Reply, Schema, estimate

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 529}
MAX_SAID = 200  # characters of a server's complaint in an error


@dataclass(frozen=True)
class Config:
    """Where a model is and how it is asked."""

    base_url: str  # up to and including /v1, say http://127.0.0.1:11434/v1
    model: str
    key_variable: str = "OPENAI_API_KEY"  # the environment variable that holds the key, if one is needed
    dialect: str = "auto"  # or one of json_modes.DIALECTS
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 200  # of one reply
    budget: int = 2_000_000  # tokens of all prompts and replies
    timeout: float = 120.0  # s, one request from connecting to its last byte
    attempts: int = 5  # of one prompt
    pause: float = 1.0  # s, before the second attempt; doubles
    longest_pause: float = 60.0  # s
    max_bytes: int = 1 << 18  # of one reply


class EndpointError(ModelError):
    """The endpoint gives no usable answer."""


class BudgetSpent(ModelError):  # noqa: N818  # a state, not a fault
    """The tokens allowed are used up."""


class _Malfunction(Exception):  # noqa: N818
    """Worth another attempt."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait  # s, if the server named it


class _Refused(Exception):  # noqa: N818
    """The server understood and will not: what it said."""


class Endpoint:
    """An open connection to a model; close it, or use it in a `with`."""

    def __init__(self, config: Config) -> None:
        _check(config)
        self.config = config
        self.tokens = 0  # spent so far
        self._dialect = json_modes.DIALECTS[0] if config.dialect == "auto" else config.dialect
        self._refused: frozenset[str] = frozenset()
        self._key = os.environ.get(config.key_variable, "").strip()
        _check_key(config, self._key)
        headers = {"Accept-Encoding": "identity", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._chance = random.Random(config.seed)  # of pauses only
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(headers=headers, timeout=config.timeout, follow_redirects=False)
        self._url = config.base_url.rstrip("/") + "/chat/completions"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.config.model

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        try:
            self._runner.run(self._client.aclose())
        finally:
            self._runner.close()

    def ask(self, messages: Messages, schema: Schema) -> Reply:
        """One answer to one prompt.

        Raises:
            BudgetSpent: no tokens are left.
            EndpointError: every attempt failed, or the server refuses the request.
        """
        if self.tokens >= self.config.budget:
            raise BudgetSpent(f"{self.tokens} tokens spent of {self.config.budget}; raise the budget to go on")
        reply = self._runner.run(self._ask(messages, schema))
        self.tokens += reply.tokens_in + reply.tokens_out
        return reply

    async def _ask(self, messages: Messages, schema: Schema) -> Reply:
        attempt = 0
        while True:
            try:
                content = await self._adapting(messages, schema)
                return _reply(content, messages, attempt + 1)
            except _Malfunction as error:
                attempt += 1
                if attempt >= self.config.attempts:
                    raise EndpointError(
                        f"{self._url}: {error} ({attempt} attempts); see that the server is up, then run again: "
                        "what was answered is kept"
                    ) from None
                await asyncio.sleep(self._pause(attempt, error.wait))

    def _pause(self, attempt: int, named: float | None) -> float:
        """Seconds before the next attempt: what the server named, or twice the last, jittered."""
        grown = self.config.pause * 2 ** (attempt - 1) * self._chance.uniform(0.5, 1.0)
        return float(min(max(grown, named or 0.0), self.config.longest_pause))

    async def _adapting(self, messages: Messages, schema: Schema) -> Any:
        """One attempt, in a way of asking that the server accepts."""
        settings = {name: getattr(self.config, name) for name in json_modes.OPTIONAL}
        while True:
            asked = json_modes.body(self._dialect, self.config.model, messages, schema, settings, self._refused)
            try:
                async with asyncio.timeout(self.config.timeout):
                    return await self._post(asked)
            except TimeoutError:
                raise _Malfunction(f"no whole answer in {self.config.timeout:g} s") from None
            except httpx.HTTPError as error:
                raise _Malfunction(f"{type(error).__name__} {self._said(str(error))}".strip()) from None
            except _Refused as error:
                field = json_modes.refusal(str(error), settings, self._refused)
                following = json_modes.next_dialect(self._dialect) if self.config.dialect == "auto" else None
                if field is not None:
                    self._refused |= {field}
                elif following is not None:
                    self._dialect = following
                else:
                    raise EndpointError(
                        f"{self._url}: refused ({error}); look at the model's name and the key"
                    ) from None

    async def _post(self, asked: dict[str, Any]) -> Any:
        async with self._client.stream("POST", self._url, json=asked) as response:
            data = await self._bounded(response)
            said = self._said(data.decode("utf-8", "replace"))
            if response.status_code in RETRIED:
                raise _Malfunction(f"{response.status_code} {said}", _retry_after(response.headers.get("retry-after")))
            if response.status_code in {400, 422}:
                raise _Refused(f"{response.status_code} {said}")
            if response.status_code != 200:
                raise EndpointError(
                    f"{self._url}: {response.status_code} {said}; look at the address, the model's name, and the key "
                    f"in {self.config.key_variable}"
                )
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise _Malfunction(f"not JSON but {said!r}") from None

    async def _bounded(self, response: httpx.Response) -> bytes:
        """The body as it comes over the wire, to the bound."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _Malfunction("a packed answer, which was not asked for")
        data = bytearray()
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > self.config.max_bytes:
                raise EndpointError(f"{self._url}: an answer of more than {self.config.max_bytes} bytes; ask for less")
        return bytes(data)

    def _said(self, text: str) -> str:
        """A server's words, safe to print, without the key should it echo that."""
        if self._key:
            text = text.replace(self._key, "[key]")
        return sanitize.plain(text, MAX_SAID)


def _reply(content: Any, messages: Messages, attempts: int) -> Reply:
    """What an answer holds; anything else is a malfunction."""
    try:
        text = content["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        text = None
    if not isinstance(text, str):
        raise _Malfunction("no choices[0].message.content in the answer")
    usage = content.get("usage")
    read, written = (_count(usage, name) for name in ("prompt_tokens", "completion_tokens"))
    if read is not None and written is not None:
        return Reply(text, read, written, True, attempts)
    asked = sum(estimate(message["content"]) for message in messages)
    return Reply(text, asked, estimate(text), False, attempts)


def _count(usage: Any, name: str) -> int | None:
    """A number of tokens that can be one."""
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if type(found) is int and 0 <= found < 10**7 else None


def _retry_after(header: str | None) -> float | None:
    """Seconds, from a number or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return seconds if 0 <= seconds < 86400 else None


def _check(config: Config) -> None:
    url = urllib.parse.urlsplit(config.base_url)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise EndpointError(f"--base-url {config.base_url!r}: wanted one such as http://127.0.0.1:11434/v1")
    if url.username or url.password:
        raise EndpointError("--base-url holds a name or password; put the key into the environment instead")
    if config.dialect not in {"auto", *json_modes.DIALECTS}:
        raise EndpointError(f"dialect {config.dialect!r}: choose auto, {', '.join(json_modes.DIALECTS)}")


def _check_key(config: Config, key: str) -> None:
    url = urllib.parse.urlsplit(config.base_url)
    local = url.hostname in {"localhost", "127.0.0.1", "::1"}
    if key and url.scheme == "http" and not local:
        raise EndpointError(
            f"{config.base_url}: the key in {config.key_variable} would travel unencrypted; use https, or unset it"
        )
    if key and (not key.isascii() or not key.isprintable()):
        raise EndpointError(f"{config.key_variable}: not a key, it has characters no header may hold")
