"""Linking by a code that the person types in at the service (trakt.md 2.6, read 2026-11-25; also RFC 8628's words).

Trakt answers a poll by its status alone, with an empty body. A page is never a verdict here either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from integrations.answers import Answer, read_json, read_wait
from integrations.crypto import Secret
from integrations.errors import Malformed, ProviderError
from integrations.grants import Grant, is_token, judge_token_answer, read_grant
from integrations.line import Judge, Line, Request
from integrations.oauth import TOKEN_SECONDS, App, OAuthSpec, app_fields

__all__ = ["LONGEST_INTERVAL", "DeviceAnswer", "DeviceCode", "Grant", "poll_device", "start_device"]

Said = Literal["pending", "slower", "refused", "expired", "used", "unknown"]

_BY_STATUS: dict[int, Said] = {
    400: "pending",
    404: "unknown",
    409: "used",
    410: "expired",
    418: "refused",
    429: "slower",
}
_BY_ERROR: dict[str, Said] = {
    "authorization_pending": "pending",
    "slow_down": "slower",
    "access_denied": "refused",
    "expired_token": "expired",
}
SHORTEST_LIFE, LONGEST_LIFE = 30, 3_600
SHORTEST_INTERVAL, LONGEST_INTERVAL = 1, 60
"""Seconds. What a service says beyond these is cut to them."""
LONGEST_CODE = 64
LONGEST_URL = 255


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """user_code is shown to the person, device_code is ours alone. expires_in, interval: seconds."""

    device_code: Secret
    user_code: str
    verification_url: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class DeviceAnswer:
    """What a poll brought instead of tokens. wait: seconds that the service asked for, 0 = it did not."""

    said: Said
    wait: float = 0.0


def start_device(spec: OAuthSpec, line: Line, *, app: App) -> DeviceCode:
    """A code for one link. Raises AppRejected, Malformed, Transient and its kin."""
    request = Request("POST", spec.device_url, json={"client_id": app.client_id})
    data = read_json(line.exchange(request, judge=_judge_as_token(line), seconds=TOKEN_SECONDS))
    data = data if isinstance(data, dict) else {}
    code, shown, url = (data.get(name) for name in ("device_code", "user_code", "verification_url"))
    if not (
        isinstance(code, str) and is_token(code) and _is_short(shown, LONGEST_CODE) and _is_short(url, LONGEST_URL)
    ):
        raise Malformed(f"{line.service.name} sent no usable code.", provider=line.service.slug)
    return DeviceCode(
        device_code=Secret(code),
        user_code=str(shown),
        verification_url=str(url),
        expires_in=_bounded(data.get("expires_in"), SHORTEST_LIFE, LONGEST_LIFE, default=600),
        interval=_bounded(data.get("interval"), SHORTEST_INTERVAL, LONGEST_INTERVAL, default=5),
    )


def poll_device(spec: OAuthSpec, line: Line, *, app: App, device_code: Secret) -> Grant | DeviceAnswer:
    """The tokens, which the service gives once, or what it says instead. Never more often than its interval.

    Raises AppRejected, Malformed, Transient and its kin; none of them says anything about the code.
    """
    request = Request("POST", spec.device_token_url, json={"code": device_code, **app_fields(app)})
    judge_rest = _judge_as_token(line)

    def judge(answer: Answer) -> ProviderError | None:
        return None if _read_said(answer) else judge_rest(answer)

    answer = line.exchange(request, judge=judge, seconds=TOKEN_SECONDS)
    said = _read_said(answer)
    if said is not None:
        return DeviceAnswer(said, read_wait(answer, now=line.clock()) or 0.0 if said == "slower" else 0.0)
    return read_grant(read_json(answer), line, from_creation=spec.expires_from_creation)


def _judge_as_token(line: Line) -> Judge:
    def judge(answer: Answer) -> ProviderError | None:
        return judge_token_answer(answer, name=line.service.name, grant_type="device_code", now=line.clock())

    return judge


def _read_said(answer: Answer) -> Said | None:
    """By the error that the body names, else by the status where the body is empty or JSON."""
    data = read_json(answer)
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, str) and answer.status in (400, 401):
        return _BY_ERROR.get(error)
    return _BY_STATUS.get(answer.status) if data is not None or not answer.body.strip() else None


def _is_short(text: Any, longest: int) -> bool:
    return isinstance(text, str) and 0 < len(text) <= longest and text.isprintable()


def _bounded(value: Any, lowest: int, highest: int, *, default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return default
    return int(min(max(value, lowest), highest))
