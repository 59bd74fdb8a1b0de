"""What MyAnimeList's answers mean. Source: providers/myanimelist.md 3, 5.2, 8, read 2026-11-21.

A 403 may be the shield, maintenance or a dead token: only its JSON form speaks of the token, and `Session` takes even
that for the shield when a fresh token meets it.
"""

from __future__ import annotations

import msgspec

from integrations.answers import Answer
from integrations.errors import AuthRevoked, Malformed, ProviderError, Rejected, Transient, Unavailable
from integrations.providers.lenient import clean_line

SLUG = "myanimelist"
_SHIELD = ("dos detected", "request blocked", "banned", "maintenance")


class FormRefused(Malformed):
    """Our form no longer fits. Nothing was done."""

    unsent = True


class _Fault(msgspec.Struct):
    error: str | None = None
    message: str | None = None


def judge(answer: Answer) -> ProviderError | None:
    """MyAnimeList's own meanings; None where HTTP's general ones serve (`integrations.answers.judge_generally`)."""
    if 200 <= answer.status < 300:
        # Both a truncated body and a shield's page with status 200 would otherwise look like drift.
        whole = answer.is_json and answer.body[-64:].rstrip()[-1:] in (b"}", b"]")
        return None if whole or not answer.body else _outage()
    if answer.status == 429:
        return None
    if answer.status >= 500:
        return _maintenance() if _says(answer, "maintenance") else None
    fault = _read_fault(answer)
    if fault is None:
        return None if answer.status == 403 else _outage()
    if answer.status == 401:
        return AuthRevoked("MyAnimeList no longer accepts this sign-in.", provider=SLUG)
    if answer.status == 403:
        shielded = any(word in (fault.message or "").casefold() for word in _SHIELD)
        return _maintenance() if shielded or not fault.error else None
    return _judge_request(fault) if answer.status == 400 else None


def _judge_request(fault: _Fault) -> ProviderError:
    text = clean_line(fault.message or "")
    said = text.casefold()
    if fault.error == "invalid_content":
        return Rejected("MyAnimeList has not approved this title for lists yet.", provider=SLUG)
    if "extra fields" in said or "invalid client id" in said:
        return FormRefused("MyAnimeList does not know what we sent.", provider=SLUG)
    # A text that quotes may quote what a person wrote.
    if not text or any(mark in text for mark in "\"'`<"):
        return Rejected("MyAnimeList refused this entry.", provider=SLUG)
    return Rejected(f"MyAnimeList refused this entry: {text}", provider=SLUG)


def _read_fault(answer: Answer) -> _Fault | None:
    """None when the answer is not MyAnimeList's own JSON."""
    if not answer.is_json:
        return None
    try:
        return msgspec.json.decode(answer.body, type=_Fault)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _says(answer: Answer, word: str) -> bool:
    return word.encode() in answer.body[:4096].lower()


def _outage() -> Transient:
    return Transient("MyAnimeList gave an answer that is not its own or is cut short.", provider=SLUG)


def _maintenance() -> Unavailable:
    return Unavailable("MyAnimeList refuses all requests at the moment.", provider=SLUG)
