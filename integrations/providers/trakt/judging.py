"""What Trakt's answers mean. Source: providers/trakt.md 3, 4 and 7.1, read 2026-11-25.

Two parties answer under its name: the API, in JSON or with its own headers, and the shield in front of it, with pages.
What the API says concerns one person, app or call; what the shield says concerns our address, so everybody.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from integrations.answers import DEFAULT_WAIT, Answer, read_wait
from integrations.errors import (
    AuthRevoked,
    Malformed,
    ProviderError,
    RateLimited,
    Rejected,
    Transient,
    Unavailable,
)
from integrations.oauth import AppRejected

SLUG = "trakt"
EDGE_WAIT = 300.0
"""Seconds that the shield shuts an address out, whatever it asks (trakt.md 4)."""
OVERLOAD_WAIT = 30.0
_OVERLOADED = (502, 503, 504, 520, 521, 522)
_OWN_STATUSES = (409, 412, 420, 423, 426)
"""Meanings that only the API has, whatever the body looks like. With the others, what is not JSON is a page."""


class LimitReached(Rejected):
    """The account holds as much as Trakt lets it. Nothing was done; more of the same is refused as well."""


class VipOnly(Rejected):
    """Trakt keeps this for paying members. Nothing was done."""


class AccountLocked(ProviderError):
    """Only Trakt's support can unlock the account. Ends the run: every other write would be refused too."""

    unsent = True


class RequestRefused(Malformed):
    """Our request no longer fits. Nothing was done."""

    unsent = True


class _Bucket(msgspec.Struct):
    until: str | None = None


def judge(answer: Answer) -> ProviderError | None:
    """Trakt's own meanings; None where HTTP's general ones serve (`integrations.answers.judge_generally`)."""
    status = answer.status
    if 200 <= status < 300:
        return _judge_good(answer)
    if status == 429:
        return _judge_limit(answer)
    if status in _OVERLOADED:
        wait = max(OVERLOAD_WAIT, read_wait(answer, now=0.0) or 0.0)
        return Unavailable("Trakt is not available at the moment.", provider=SLUG, retry_after=wait)
    if status >= 500:
        return Transient("Trakt has trouble at the moment.", provider=SLUG)
    if status not in _OWN_STATUSES and answer.body and not answer.is_json:
        return _edge(answer) if status == 403 else _outage()
    return _judge_request(status)


def _judge_good(answer: Answer) -> ProviderError | None:
    # A captcha page comes with 200, and a cut body would otherwise look like drift.
    whole = answer.is_json and answer.body[-64:].rstrip()[-1:] in (b"}", b"]")
    return None if whole or not answer.body else _outage()


def _judge_limit(answer: Answer) -> ProviderError:
    """The API's own 429 is about one token or app; the shield's about our address. Only the API names its bucket;
    without that, its words "rate limit exceeded" tell them apart, since both may speak in plain text."""
    named = answer.headers.get("x-ratelimit", "")
    if not named and not answer.is_json and b"rate limit exceeded" not in answer.body[:1024].lower():
        return _edge(answer)
    wait = read_wait(answer, now=0.0) if answer.headers.get("retry-after") else _until(named, answer)
    message = "Trakt asks us to slow down."
    return RateLimited(message, provider=SLUG, retry_after=DEFAULT_WAIT if wait is None else wait)


def _until(named: str, answer: Answer) -> float | None:
    """Seconds until the bucket of `X-Ratelimit` is full again, by the answer's own Date."""
    try:
        until = datetime.fromisoformat(msgspec.json.decode(named, type=_Bucket).until or "")
    except (msgspec.MsgspecError, ValueError):
        return None
    if until.tzinfo is None:
        return None
    reset = Answer(429, {"x-ratelimit-reset": str(until.timestamp()), "date": answer.headers.get("date", "")}, b"")
    return read_wait(reset, now=0.0) if answer.headers.get("date") else None


def _judge_request(status: int) -> ProviderError | None:
    if status == 401:
        return AuthRevoked("Trakt no longer accepts this sign-in.", provider=SLUG)
    if status == 403:
        # The key of the app: whoever entered it has to see to it. It says nothing of the person's token.
        return AppRejected("Trakt does not accept the client id of the app.", provider=SLUG)
    if status == 409:
        return Transient("Trakt says that it may have this already.", provider=SLUG)
    if status in (400, 412):
        return RequestRefused("Trakt does not know what we sent.", provider=SLUG)
    if status == 420:
        return LimitReached("Your Trakt account is full: it has reached a limit of its plan.", provider=SLUG)
    if status == 423:
        message = "Trakt has locked or deactivated your account. Only Trakt's support can change that."
        return AccountLocked(message, provider=SLUG)
    if status == 426:
        return VipOnly("Trakt keeps this for VIP members.", provider=SLUG)
    if status == 422:
        return Rejected("Trakt refused this entry.", provider=SLUG)
    return None


def _edge(answer: Answer) -> Unavailable:
    wait = max(EDGE_WAIT, read_wait(answer, now=0.0) or 0.0)
    return Unavailable("Trakt refuses all requests at the moment.", provider=SLUG, retry_after=wait)


def _outage() -> Transient:
    return Transient("Trakt answered with a page instead of data.", provider=SLUG)
