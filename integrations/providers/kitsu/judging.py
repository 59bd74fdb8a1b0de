"""What Kitsu's answers mean. Source: providers/kitsu.md 2.6, 4, 7, 8.1, read 2026-11-21.

REST is judged by its status, with `errors[].detail` as the message only. GraphQL answers 200 even to refusals, which
stand in the payload of each mutation (`writing.py`), and 500 to an id that does not exist.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from integrations.answers import DEFAULT_WAIT, Answer
from integrations.errors import AuthRevoked, Gone, Malformed, ProviderError, RateLimited, Rejected, Transient
from integrations.providers.lenient import clean_line

SLUG = "kitsu"
_MISSING = re.compile(r"Couldn't find (\w+) with 'id'=\"?(\d+)")


class Missing(Gone):
    """A document met an id that does not exist: what stands before it was done, what stands after it was not.

    model, missing_id: of what is missing, as Kitsu calls it; "" where it does not say.
    """

    def __init__(self, *, model: str = "", missing_id: str = "") -> None:
        super().__init__("Kitsu does not have this title or entry (any more).", provider=SLUG)
        self.model = model
        self.missing_id = missing_id


class QueryRefused(Malformed):
    """Our request no longer fits. Nothing was done."""

    unsent = True


class _Fault(msgspec.Struct):
    message: str | None = None
    title: str | None = None
    detail: str | None = None
    code: Any = None
    status: Any = None
    extensions: Any = None


class _Envelope(msgspec.Struct):
    errors: list[_Fault] | None = None
    error: Any = None
    data: Any = None


def judge(answer: Answer) -> ProviderError | None:
    """Kitsu's own meanings; None where HTTP's general ones serve (`integrations.answers.judge_generally`)."""
    if 200 <= answer.status < 300:
        return _judge_good(answer)
    if answer.status == 429:
        return None
    if answer.status >= 500:
        return _judge_trouble(answer)
    if not answer.is_json:
        # A page is an outage or a shield, whatever its status; only a 403 says that nobody is let in.
        return None if answer.status == 403 else _outage()
    if answer.status == 401:
        return AuthRevoked("Kitsu no longer accepts this sign-in.", provider=SLUG)
    if answer.status in (404, 410):
        return Gone("Kitsu does not have this.", provider=SLUG)
    fault = next(iter(_read(answer).errors or []), _Fault())
    if answer.status in (400, 406, 415):
        return QueryRefused("Kitsu does not understand what we asked.", provider=SLUG)
    return refusal(fault.detail or fault.title or "")


def _judge_good(answer: Answer) -> ProviderError | None:
    """A list may be many megabytes: it is parsed once, by who wants it. Inside a JSON text the quotes would be
    escaped, so a body without this has no errors."""
    if not answer.is_json or not answer.body[-64:].rstrip().endswith(b"}"):
        return _outage()
    if b'"errors"' not in answer.body:
        return None
    envelope = _read(answer)
    if not envelope.errors or envelope.data:
        return None
    return _judge_fault(envelope.errors[0])


def _judge_fault(fault: _Fault) -> ProviderError:
    """GraphQL without data. A document that does not fit the schema is refused before anything runs."""
    code = fault.extensions.get("code") if isinstance(fault.extensions, dict) else fault.code
    if code == "NotAuthorized" or (fault.message or "").casefold() == "not authorized":
        return AuthRevoked("Kitsu no longer accepts this sign-in.", provider=SLUG)
    if str(fault.status) == "429":
        return RateLimited("Kitsu asks us to slow down.", provider=SLUG, retry_after=DEFAULT_WAIT)
    return QueryRefused("Kitsu does not understand what we asked.", provider=SLUG)


def _judge_trouble(answer: Answer) -> ProviderError | None:
    """A 503 that names no time is how a heavy page fails, too (kitsu.md 4): no reason to stay away from Kitsu."""
    fault = _read(answer).error if answer.is_json else None
    message = fault.get("message") if isinstance(fault, dict) else None
    if answer.status == 500 and isinstance(message, str) and message.startswith("Couldn't find"):
        named = _MISSING.match(message)
        return Missing(model=named[1], missing_id=named[2]) if named else Missing()
    if answer.status == 503 and "retry-after" not in answer.headers:
        return Transient("Kitsu has trouble at the moment.", provider=SLUG)
    return None


def refusal(text: str) -> Rejected:
    """A text that quotes may quote what a person wrote, so it goes no further."""
    text = clean_line(text)
    if not text or any(mark in text for mark in "\"'`<{"):
        return Rejected("Kitsu refused this entry.", provider=SLUG)
    return Rejected(f"Kitsu refused this entry: {text}", provider=SLUG)


def _read(answer: Answer) -> _Envelope:
    try:
        return msgspec.json.decode(answer.body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Envelope()


def _outage() -> Transient:
    return Transient("Kitsu gave an answer that is not its own or is cut short.", provider=SLUG)
