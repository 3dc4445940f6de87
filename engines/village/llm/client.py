"""A language model behind any OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, LM Studio, a hosted API.

Every request has one deadline that covers all of it, so that a server that drips cannot hold a run. Replies are read to
a bound and no further, never unpacked, and redirects are not followed. The key comes from the environment and goes
into one header; it is in no error, transcript or recording. `json_modes` has the ways of asking: a refusal, or an
answer that does not fit, leads to the next one. Overload and faults are retried after a growing, jittered pause or the
one the server names. Several threads may ask; at most `Config.parallel` requests are under way at once.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import random
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import httpx

from stagelight.engines.experiment.progress import NEVER, Interrupted
from stagelight.engines.village import sanitize
from stagelight.engines.village.llm import json_modes
from stagelight.engines.village.llm.types import (
    CONTEXT,
    REFUSED,
    THINKING,
    Messages,
    ModelError,
    Reply,
    Schema,
    estimate,
)

RETRIED = {408, 409, 425, 429, 500, 501, 502, 503, 504, 529}
REFUSALS = {400, 404, 405, 413, 415, 422}  # of a way of asking, perhaps
EFFORTS = ("none", "minimal", "low", "medium", "high")
MAX_SAID = 200  # characters of a server's complaint in an error
UNUSABLE = 20  # answers in a row that cannot be used, after which a run is stopped
SECRET = 8  # characters; what is shorter is a word that a local server wants, `ollama` say


@dataclass(frozen=True)
class Config:
    """The address of a model, and the way it is asked."""

    base_url: str  # up to and including /v1, say http://127.0.0.1:11434/v1
    model: str
    key_variable: str = "OPENAI_API_KEY"  # the environment variable that holds the key, if one is needed
    dialect: str = "auto"  # or one of json_modes.DIALECTS
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 2000  # of one reply, its thinking included
    effort: str = ""  # of thinking, one of EFFORTS; empty: the model's own
    parallel: int = 1  # requests under way at once
    budget: int = 2_000_000  # tokens of all prompts and replies
    timeout: float = 120.0  # s, one request from connecting to its last byte
    attempts: int = 5  # of one prompt
    pause: float = 1.0  # s, before the second attempt; doubles
    longest_pause: float = 120.0  # s
    max_bytes: int = 1 << 20  # of one answer
    deadline: float = NEVER  # moment of `time.monotonic()` after which no request is begun

    def settings(self) -> dict[str, Any]:
        """All that an answer depends on, beside the model and the prompt."""
        return {name: getattr(self, name) for name in ("temperature", "seed", "max_tokens", "effort")}


class EndpointError(ModelError):
    """The endpoint gives no usable answer."""


class BudgetSpent(ModelError):  # noqa: N818  # a state, not a fault
    """The tokens allowed are used up."""


class _Malfunction(Exception):  # noqa: N818
    """Worth another attempt."""

    def __init__(self, why: str, wait: float | None = None, status: int = 0) -> None:
        super().__init__(why)
        self.wait = wait  # s, if the server named it
        self.status = status


class _Refused(Exception):  # noqa: N818
    """The server understood and will not: what it said."""


class Endpoint:
    """An open connection to a model; close it, or use it in a `with`."""

    def __init__(self, config: Config, say: Callable[[str], object] = lambda line: None) -> None:
        """Check the address and the key; nothing is asked yet.

        Args:
            config: where the model is and how it is asked.
            say: told in a line what the server does not take, and what is wrong with its answers; each once.

        Raises:
            EndpointError: the address or the key cannot be used.
        """
        _check(config)
        self.config = config
        self.tokens = 0  # spent so far
        self._dialect = json_modes.DIALECTS[0] if config.dialect == "auto" else config.dialect
        self._proven = config.dialect != "auto"  # the way of asking gave an answer that fits
        self._refused: frozenset[str] = frozenset()
        self._unusable = 0  # answers in a row
        self._ended: ModelError | None = None  # what every later question is answered by
        self._say, self._said_before = say, set[str]()
        self._key = os.environ.get(config.key_variable, "").strip()
        _check_key(config, self._key)
        headers = {"Accept-Encoding": "identity", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._chance = random.Random(config.seed)  # of pauses only
        self._client = httpx.AsyncClient(headers=headers, timeout=config.timeout, follow_redirects=False)
        self._url = config.base_url.rstrip("/") + "/chat/completions"
        self._free = asyncio.Semaphore(config.parallel)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

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
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.aclose()

    def ask(self, messages: Messages, schema: Schema) -> Reply:
        """One answer to one prompt; any thread may ask. An error ends the asking of all.

        Raises:
            BudgetSpent: no tokens are left; with several requests under way, some more than allowed may be spent.
            EndpointError: every attempt failed, the server refuses the request, or its answers cannot be used.
            Interrupted: the deadline passed.
        """
        return asyncio.run_coroutine_threadsafe(self._in_turn(messages, schema), self._loop).result()

    async def _in_turn(self, messages: Messages, schema: Schema) -> Reply:
        async with self._free:
            if self._ended is not None:
                raise self._ended
            try:
                reply = await self._fitting(messages, schema)
                self._judge(reply, schema)
            except ModelError as error:
                self._ended = error
                raise
        return reply

    async def _fitting(self, messages: Messages, schema: Schema) -> Reply:
        """An answer that fits, or that of the last way of asking; once one fitted, its way is kept."""
        while True:
            reply = await self._ask(messages, schema)
            self.tokens += reply.tokens_in + reply.tokens_out
            if _fits(reply, schema):
                self._proven = True
            elif not self._proven and reply.fault not in {CONTEXT, REFUSED, THINKING} and self._go_on("no answer fits"):
                continue
            return reply

    def _judge(self, reply: Reply, schema: Schema) -> None:
        """Count answers in a row that cannot be used; say what is wrong with the first, and stop at the last."""
        if reply.fault == CONTEXT:
            return
        self._unusable = 0 if _fits(reply, schema) else self._unusable + 1
        why = reply.fault or "no object that fits the schema"
        if self._unusable == 1:
            self._note(why, f"an answer cannot be used: {why}{self._advice(reply)}")
        if self._unusable >= UNUSABLE:
            raise EndpointError(
                f"{self._url}: {UNUSABLE} answers in a row cannot be used, the last because of this: {why}"
                f"{self._advice(reply)}"
            )

    def _advice(self, reply: Reply) -> str:
        if reply.fault != THINKING:
            return ""
        return f", {reply.tokens_out} of them: raise --max-tokens, now {self.config.max_tokens}, or lower --effort"

    async def _ask(self, messages: Messages, schema: Schema) -> Reply:
        attempt = 0
        while True:
            if time.monotonic() > self.config.deadline:
                raise Interrupted(f"{self.tokens} tokens of {self.name}")
            if self.tokens >= self.config.budget:
                raise BudgetSpent(f"{self.tokens} tokens spent of {self.config.budget}; raise the budget to go on")
            try:
                answer = await self._adapting(messages, schema)
                return _reply(answer, messages, attempt + 1)
            except _Malfunction as error:
                attempt += 1
                if attempt >= self.config.attempts:
                    raise EndpointError(
                        f"{self._url}: {error} ({attempt} attempts); see that the server is up, then run again: "
                        "what was answered is kept"
                    ) from None
                if error.status == 500 and attempt > 1 and not self._proven:
                    self._go_on(str(error))
                await asyncio.sleep(self._pause(attempt, error.wait))

    def _pause(self, attempt: int, named: float | None) -> float:
        """Seconds before the next attempt: what the server named, or twice the last, jittered; to the deadline."""
        grown = self.config.pause * 2 ** (attempt - 1) * self._chance.uniform(0.5, 1.0)
        left = max(0.0, self.config.deadline - time.monotonic())
        return float(min(max(grown, named or 0.0), self.config.longest_pause, left))

    async def _adapting(self, messages: Messages, schema: Schema) -> json_modes.Answer:
        """One attempt, in a way of asking that the server accepts."""
        config = self.config
        settings = {
            "temperature": config.temperature, "seed": config.seed, "max_tokens": config.max_tokens,
            "reasoning_effort": config.effort or None,
            "chat_template_kwargs": {"enable_thinking": False} if config.effort == "none" else None,
        }  # fmt: skip
        while True:
            way, refused = self._dialect, self._refused
            asked = json_modes.body(way, config.model, messages, schema, settings, refused)
            try:
                async with asyncio.timeout(config.timeout):
                    return await self._post(asked)
            except TimeoutError:
                raise _Malfunction(f"no whole answer in {config.timeout:g} s; --time-out allows more") from None
            except httpx.HTTPError as error:
                raise _Malfunction(f"{type(error).__name__} {self._said(str(error))}".strip()) from None
            except _Refused as error:
                said = str(error)
                if json_modes.too_long(said):
                    self._note(CONTEXT, f"{CONTEXT}, so memory is shortened ({said})")
                    return json_modes.Answer("", CONTEXT, 0, 0)
                field = json_modes.refusal(said, asked, refused)
                if field is not None:
                    self._refused |= {field}
                    self._note(field, f"asked without {field} ({said})")
                elif way == self._dialect and not (config.dialect == "auto" and self._go_on(said)):
                    raise EndpointError(
                        f"{self._url}: refused ({said}); look at the address, --model {config.model} and the key in "
                        f"{config.key_variable}"
                    ) from None

    def _go_on(self, why: str) -> bool:
        """Ask in the next way from now on, if there is one."""
        following = json_modes.next_dialect(self._dialect)
        if following is not None:
            self._note(following, f"asked by {following} instead of {self._dialect} ({why})")
            self._dialect = following
        return following is not None

    async def _post(self, asked: dict[str, Any]) -> json_modes.Answer:
        async with self._client.stream("POST", self._url, json=asked) as response:
            data = await self._bounded(response)
            wait = _retry_after(response.headers.get("retry-after"))
        status, said = response.status_code, self._said(data.decode("utf-8", "replace"))
        if status == 200:
            try:
                answer = json_modes.read(json.loads(data))
                return replace(answer, text=self._secret(answer.text))
            except (ValueError, RecursionError):
                raise _Malfunction(f"not JSON but {said!r}") from None
            except json_modes.Complaint as error:
                status, said = error.status, self._said(str(error))
        raise self._failure(status, f"{response.status_code} {said}", wait)

    def _failure(self, status: int, said: str, wait: float | None) -> Exception:
        """The error that a complaint amounts to."""
        config = self.config
        if status == 402 or (status in {403, 429} and json_modes.unpaid(said)):
            return EndpointError(f"{self._url}: the quota of the key in {config.key_variable} is used up ({said})")
        if status in {401, 403}:
            return EndpointError(
                f"{self._url}: the key in {config.key_variable} is missing, wrong or not allowed this model ({said})"
            )
        if status == 429 and (wait or 0) > config.longest_pause:
            return EndpointError(f"{self._url}: a limit of requests, for {wait:.0f} s more ({said}); run again then")
        if status in REFUSALS or (
            status in {500, 501} and (json_modes.unstructured(said) or json_modes.too_long(said))
        ):
            return _Refused(said)
        if status in RETRIED:
            return _Malfunction(said, wait, status)
        return EndpointError(f"{self._url}: {said}; look at the address")

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

    def _note(self, topic: str, line: str) -> None:
        """Say a line, once for each topic."""
        if topic not in self._said_before:
            self._said_before.add(topic)
            self._say(f"{self.name}: {line}")

    def _secret(self, text: str) -> str:
        """A server's words without the key, should it echo that."""
        return text.replace(self._key, "[key]") if len(self._key) >= SECRET else text

    def _said(self, text: str) -> str:
        """A server's words, safe to print."""
        plain = sanitize.plain(self._secret(text), MAX_SAID)
        return "".join(letter for letter in plain if letter.isprintable())


def _fits(reply: Reply, schema: Schema) -> bool:
    found = json_modes.parse(reply.text, schema)
    return found is not None and json_modes.fits(found, schema)


def _reply(answer: json_modes.Answer, messages: Messages, attempts: int) -> Reply:
    """An answer with its tokens, estimated where the server does not count them."""
    if answer.tokens_in is not None and answer.tokens_out is not None:
        return Reply(answer.text, answer.tokens_in, answer.tokens_out, True, attempts, answer.fault)
    asked = sum(estimate(message["content"]) for message in messages)
    return Reply(answer.text, asked, estimate(answer.text), False, attempts, answer.fault)


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


def _shown(text: str) -> str:
    """A text from a command line, quoted, in ASCII with the rest escaped, cut."""
    return ascii(text) if len(text) <= MAX_SAID else f"{text[:MAX_SAID]!a}..."


def _check(config: Config) -> None:
    shown = _shown(config.base_url)
    try:
        url = urllib.parse.urlsplit(config.base_url)
    except ValueError:
        raise EndpointError(f"--base-url {shown}: not an address") from None
    if url.username or url.password or url.query or url.fragment:
        raise EndpointError("--base-url holds a name, password or query; put the key into the environment instead")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise EndpointError(f"--base-url {shown}: wanted one such as http://127.0.0.1:11434/v1")
    if config.dialect not in {"auto", *json_modes.DIALECTS}:
        raise EndpointError(f"dialect {config.dialect!r}: choose auto, {', '.join(json_modes.DIALECTS)}")
    if config.effort not in {"", *EFFORTS}:
        raise EndpointError(f"effort {config.effort!r}: choose {', '.join(EFFORTS)}")


def _check_key(config: Config, key: str) -> None:
    url = urllib.parse.urlsplit(config.base_url)
    local = url.hostname in {"localhost", "127.0.0.1", "::1"}
    if key and url.scheme == "http" and not local:
        raise EndpointError(
            f"{_shown(config.base_url)}: the key in {config.key_variable} would travel unencrypted; use https, or "
            "unset it"
        )
    if key and (not key.isascii() or not key.isprintable()):
        raise EndpointError(f"{config.key_variable}: not a key, it has characters no header may hold")
