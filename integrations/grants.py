"""What token endpoints answer: tokens, or a verdict on a code, a password, a token or an app.

Only an answer in JSON with a known `error` and status 400 or 401 is a verdict, and at a refresh the statuses that the
service itself calls dead (`OAuthSpec.dead_statuses`). Pages, 5xx and other refusals are outages and shields: they
never cost anybody their connection (myanimelist.md 1.5, read 2026-11-21; trakt.md 2.2, read 2026-11-25).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.answers import Answer, judge_generally, read_json
from integrations.crypto import Secret
from integrations.errors import AuthRevoked, Malformed, ProviderError, Rejected, Transient
from integrations.line import Line

LONGEST_LIFE = 10 * 365 * 86_400
LONGEST_TOKEN = 16_384
"""Characters. AniList's tokens and codes are about 1,000 (anilist.md 1.2)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave. refresh_token None: none came, an older one stays in force. expires_at: UTC."""

    access_token: Secret
    refresh_token: Secret | None
    expires_at: datetime | None


class AppRejected(ProviderError):
    """The app's id or secret is wrong. The trouble of whoever entered them, never of the person who links."""

    unsent = True


class CodeRejected(Rejected):
    """The code of this one link is used, expired or not ours: the person may start again."""


class PasswordRejected(Rejected):
    """The user name or the password is wrong."""


def judge_token_answer(
    answer: Answer, *, name: str, grant_type: str, now: float, dead: Collection[int] = ()
) -> ProviderError | None:
    """What a token endpoint's answer means; None = tokens should be in it. dead: see `OAuthSpec.dead_statuses`."""
    data = read_json(answer)
    error = data.get("error") if isinstance(data, dict) else None
    is_dead = grant_type == "refresh_token" and answer.status in dead and isinstance(data, dict)
    if isinstance(error, str) and error and (answer.status in (200, 400, 401) or is_dead):
        verdict = _judge_error(error, data, name=name, grant_type=grant_type, status=answer.status)
        return _revoked(name) if is_dead and isinstance(verdict, Malformed) else verdict
    if is_dead:
        return _revoked(name)
    general = judge_generally(answer, name=name, now=now)
    if general is None or isinstance(general, Transient):
        return general
    if answer.status in (400, 401) and isinstance(data, dict):
        return Malformed(f"{name} refused the sign-in in a way that we do not understand.")
    return Transient(f"{name} does not hand out access at the moment.")


def judge_revocation(answer: Answer, *, name: str, now: float) -> ProviderError | None:
    """What the answer of a revocation endpoint means; None = the grant is over. It may say so with an empty body."""
    data = read_json(answer)
    if answer.status == 200 and (data is not None or not answer.body.strip()):
        return None
    error = data.get("error") if isinstance(data, dict) else None
    if answer.status in (400, 401, 403) and error in ("invalid_client", "unauthorized_client"):
        return AppRejected(f"{name} does not accept the client id and secret of the app.")
    general = judge_generally(answer, name=name, now=now)
    return general or Malformed(f"{name} did not say that it took the access back.")


def _judge_error(error: str, data: dict[str, Any], *, name: str, grant_type: str, status: int) -> ProviderError:
    if error in ("invalid_client", "unauthorized_client"):
        return AppRejected(f"{name} does not accept the client id and secret of the app.")
    if error in ("server_error", "temporarily_unavailable"):
        return Transient(f"{name} has trouble at the moment.")
    if grant_type == "password":
        if error == "invalid_grant":
            return PasswordRejected(f"{name} does not accept this name and password.")
    elif grant_type != "refresh_token" and error in ("invalid_grant", "invalid_request"):
        return CodeRejected(f"{name} did not accept this sign-in; it may have expired. Please start again.")
    elif _is_dead_token(error, data, status=status):
        return _revoked(name)
    return Malformed(f"{name} refused the sign-in in a way that we do not understand.")


def _is_dead_token(error: str, data: dict[str, Any], *, status: int) -> bool:
    """MyAnimeList calls a dead refresh token an invalid_request (myanimelist.md 1.5)."""
    told = f"{data.get('message', '')} {data.get('error_description', '')} {data.get('hint', '')}".lower()
    return error == "invalid_grant" or (error == "invalid_request" and (status == 401 or "refresh token" in told))


def _revoked(name: str) -> AuthRevoked:
    return AuthRevoked(f"{name} asks you to sign in again.")


def read_grant(data: Any, line: Line, *, from_creation: bool = False) -> Grant:
    """The tokens of a good answer. from_creation: see `OAuthSpec.expires_from_creation`. Raises Malformed."""
    token = data.get("access_token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not is_token(token):
        raise Malformed(f"{line.service.name} sent no usable access token.", provider=line.service.slug)
    renewal = data.get("refresh_token")
    now = line.clock()
    since = min(_read_seconds(data.get("created_at"), most=now) or now, now) if from_creation else now
    return Grant(
        access_token=Secret(token),
        refresh_token=Secret(renewal) if isinstance(renewal, str) and is_token(renewal) else None,
        expires_at=_read_expiry(data.get("expires_in"), token, since=since),
    )


def is_token(text: str) -> bool:
    """True for what can travel in a header: 1 to 16,384 printable ASCII characters without blanks."""
    return 0 < len(text) <= LONGEST_TOKEN and all("!" <= sign <= "~" for sign in text)


def _read_expiry(span: Any, token: str, *, since: float) -> datetime | None:
    """From `expires_in` (seconds, perhaps as text), else from the token itself; None = not told."""
    seconds = _read_seconds(span, most=LONGEST_LIFE)
    if seconds is None:
        return read_expiry_of_token(token)
    return datetime.fromtimestamp(since, UTC) + timedelta(seconds=seconds)


def _read_seconds(value: Any, *, most: float) -> float | None:
    """A number above 0 and up to `most`, perhaps as text; anything else is None."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return None if isinstance(value, bool) or not math.isfinite(seconds) or not 0 < seconds <= most else seconds


def read_expiry_of_token(token: str) -> datetime | None:
    """The `exp` claim of a JWT, unverified: good for a reminder, never for a decision on access (anilist.md 1.2)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        value = read_json(Answer(200, {}, claims))
        return datetime.fromtimestamp(float(value["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return None
