"""What AniList's answers mean. Source: providers/anilist.md 2.1, 3, 8, read 2026-11-21.

Its own ways: a dead token is HTTP 400; errors may ride on HTTP 200; HTTP 403 means "switched off" (or a missing
Referer), never "this person took their access away"; one envelope serves all of it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from integrations.answers import DEFAULT_WAIT, Answer
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
from integrations.providers.lenient import clean_line

SLUG = "anilist"
# How the GraphQL library words a fault of the document itself: we asked for something that no longer exists.
_DOCUMENT_FAULTS = (
    "cannot query field",
    "unknown ",
    "syntax error",
    "field ",
    "fragment ",
)


class Refused(Rejected):
    """`line`: of the document where AniList places the fault, 0 = it does not say."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message, provider=SLUG)
        self.line = line


class RefusedAsGone(Gone):
    """The title, entry or person is not there (any more). `line` as in Refused; `lines`: all that were named."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message, provider=SLUG)
        self.line = line
        self.lines: tuple[int, ...] = (line,) if line else ()


class TooComplex(Rejected):
    """More fields than one document may select. Checked before anything runs, so nothing was done."""


class DocumentRefused(Malformed):
    """Our document no longer fits the schema. Nothing was done."""

    unsent = True


class _Place(msgspec.Struct):
    line: int = 0


class _Fault(msgspec.Struct):
    message: str | None = None
    status: int | None = None
    locations: list[_Place] | None = None
    validation: Any = None

    @property
    def line(self) -> int:
        return self.locations[0].line if self.locations else 0


class _Envelope(msgspec.Struct):
    errors: list[_Fault] | None = None


def judge(answer: Answer) -> ProviderError | None:
    """AniList's own meanings; None where HTTP's general ones serve (`integrations.answers.judge_generally`)."""
    if answer.status == 429 or answer.status >= 500:
        return None
    good = 200 <= answer.status < 300
    if not answer.is_json:
        # One endpoint answers everything, so a page that says "not found" says nothing of a title.
        return _outage() if answer.status == 404 else None
    # A list may be many megabytes: it is parsed once, by who wants it. Inside a JSON text the quotes would be
    # escaped, so a body without this has no errors.
    if good and b'"errors"' not in answer.body:
        return None if answer.body[-64:].rstrip().endswith(b"}") else _outage()
    try:
        faults = msgspec.json.decode(answer.body, type=_Envelope).errors or []
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _outage() if good else None
    if not faults:
        return None if good else _judge_fault(_Fault(), answer.status)
    verdict = _judge_fault(faults[0], faults[0].status or 400 if good else answer.status)
    if isinstance(verdict, RefusedAsGone):
        verdict.lines = tuple(sorted({fault.line for fault in faults if fault.line}))
    return verdict


def _outage() -> Transient:
    return Transient("AniList gave an answer that is not its own or is cut short.", provider=SLUG)


def _judge_fault(fault: _Fault, status: int) -> ProviderError:
    """By the text first, because HTTP 400 serves for dead tokens, bad values and bad documents alike."""
    text = clean_line(fault.message or "")
    said = text.casefold()
    if said.startswith(("invalid token", "unauthorized")) or status == 401:
        return AuthRevoked("AniList no longer accepts this sign-in.", provider=SLUG)
    if "query complexity" in said:
        return TooComplex("AniList found the request too complex.", provider=SLUG)
    if said.startswith("you are not authorized to modify"):
        return Refused("AniList says that this entry is not yours to change.", line=fault.line)
    if status == 403:
        return Unavailable("AniList is switched off for programs at the moment.", provider=SLUG)
    if status == 404:
        return RefusedAsGone("AniList does not have this.", line=fault.line)
    if status == 429:
        return RateLimited("AniList asks us to slow down.", provider=SLUG, retry_after=DEFAULT_WAIT)
    if status >= 500:
        return Transient("AniList had an error of its own.", provider=SLUG)
    return _judge_request(fault, text)


def _judge_request(fault: _Fault, text: str) -> ProviderError:
    """A fault in what we sent. A text that quotes may quote what a person wrote, so it goes no further."""
    complaint = _first_complaint(fault.validation) or text
    if "selected media id is invalid" in complaint.casefold() or "selected id is invalid" in complaint.casefold():
        return RefusedAsGone("AniList does not have this title or entry (any more).", line=fault.line)
    if fault.validation is None and complaint.casefold().startswith(_DOCUMENT_FAULTS):
        return DocumentRefused("AniList does not know a field that we asked for.", provider=SLUG)
    if not complaint or any(mark in complaint for mark in "\"'`$<{"):
        return Refused("AniList refused this entry.", line=fault.line)
    return Refused(f"AniList refused this entry: {complaint}", line=fault.line)


def _first_complaint(validation: Any) -> str:
    """The first text of {field: [texts]}, however deep and in whatever shape it comes."""
    if isinstance(validation, str):
        return clean_line(validation)
    inner = validation.values() if isinstance(validation, dict) else validation if isinstance(validation, list) else ()
    return next((text for text in map(_first_complaint, inner) if text), "")
