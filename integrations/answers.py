"""What came back from a service, and what it means when the service has no word of its own for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from integrations.errors import (
    AuthRevoked,
    Gone,
    Malformed,
    ProviderError,
    RateLimited,
    Rejected,
    Transient,
    Unavailable,
)

T = TypeVar("T")

DEFAULT_WAIT = 60.0
"""Seconds to stay away after a 429 that does not say how long: AniList locks out for about a minute (anilist.md 3)."""
LONGEST_WAIT = 86_400.0
_PATH = re.compile(r" - at (?:key in )?`(\$[^`]*)`")


@dataclass(frozen=True, slots=True)
class Answer:
    """status, headers (lower-case names), body as it came (decompressed)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "").lower()

    def decode(self, shape: type[T], *, provider: str = "") -> T:
        """The body as `shape`, usually a msgspec Struct. Raises Malformed with the path of what does not fit."""
        wanted: Any = shape
        try:
            decoded: T = _decoder(wanted).decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            found = _PATH.search(str(error))
            path = found.group(1) if found else "$"
            # msgspec may quote the value that does not fit, which belongs to the person: only the place is told.
            raise Malformed(
                f"An answer has another shape than expected, at {path}.", provider=provider, path=path
            ) from None
        return decoded


@lru_cache(maxsize=256)
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def read_count(answer: Answer, name: str) -> int | None:
    """A header that holds a whole number from 0 to a million; anything else is None."""
    text = answer.headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 7 and int(text) <= 1_000_000 else None


def read_wait(answer: Answer, *, now: float) -> float | None:
    """Seconds to stay away, 0..86,400: Retry-After (seconds or HTTP date), else X-RateLimit-Reset (unix seconds).

    now: unix seconds, ours; the service's own Date header is preferred, since its clock set the reset time.
    """
    text = answer.headers.get("retry-after", "").strip()
    there = _read_date(answer.headers.get("date", ""))
    base = now if there is None else there
    seconds = _read_number(text)
    if seconds is None and text:
        until = _read_date(text)
        seconds = None if until is None else until - base
    if seconds is None:
        reset = _read_number(answer.headers.get("x-ratelimit-reset", ""))
        # A small number is a span and not a time of day.
        seconds = None if reset is None else reset - base if reset > LONGEST_WAIT else reset
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT)


def _read_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _read_date(text: str) -> float | None:
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def judge_generally(answer: Answer, *, name: str, now: float) -> ProviderError | None:
    """What an answer means by HTTP alone; None = good. `name`: the service's name for messages.

    Only 401 and a 403 in JSON say something about the token. A page where data was expected is an outage or a
    shield, whatever its status: both services send such pages (anilist.md 8, myanimelist.md 8; read 2026-11-21).
    """
    status = answer.status
    if status == 429:
        wait = read_wait(answer, now=now)
        return RateLimited(f"{name} asks us to slow down.", retry_after=DEFAULT_WAIT if wait is None else wait)
    if status == 503:
        return Unavailable(f"{name} is not available at the moment.", retry_after=read_wait(answer, now=now))
    if status >= 500 or status in (408, 425):
        return Transient(f"{name} has trouble at the moment.")
    if not _is_data(answer):
        return _judge_page(status, name)
    if 200 <= status < 300:
        return None
    if status in (401, 403):
        return AuthRevoked(f"{name} does not accept our access any more.")
    if status in (404, 410):
        return Gone(f"{name} does not have this.")
    return _judge_rest(status, name)


def _judge_page(status: int, name: str) -> ProviderError:
    if status == 401:
        return AuthRevoked(f"{name} does not accept our access any more.")
    if status in (404, 410):
        return Gone(f"{name} does not have this.")
    if status == 403:
        return Unavailable(f"{name} refuses all requests at the moment.")
    return Transient(f"{name} answered with a page instead of data.")


def _judge_rest(status: int, name: str) -> ProviderError:
    if 400 <= status < 500:
        return Rejected(f"{name} refused the request.")
    return Transient(f"{name} answered in an unexpected way.")


def _is_data(answer: Answer) -> bool:
    """True for JSON, for an empty body, and for an unlabelled body that begins like JSON."""
    if answer.is_json or not answer.body:
        return True
    return not answer.headers.get("content-type") and answer.body.lstrip()[:1] in (b"{", b"[")


def read_json(answer: Answer) -> Any:
    """The body as plain values, or None when it is not JSON. For bodies whose shape is not promised."""
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
