"""The control API under /_control: arrange the sandbox, and read what was done to it. Examples: `docs/sandbox.md`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from werkzeug.wrappers import Request, Response

from integrations.sandbox.answers import json_answer
from integrations.sandbox.base import Fake, World
from integrations.sandbox.catalogue import make_works
from integrations.sandbox.grants import App, Token
from integrations.sandbox.shapes import ClockCall, ControlError, Edit, NewAccount, NewApp, TokenCall, Works, read_shape

Data = Mapping[str, Any]


class Control:
    """One call is (method, path below /_control, JSON) → JSON. Raises ControlError."""

    def __init__(self, world: World, fakes: Mapping[str, Fake]) -> None:
        self.world = world
        self.fakes = fakes
        self._actions: dict[str, Callable[..., Any]] = {
            "POST apps": _add_app,
            "GET apps": lambda fake, _: [_app_json(app) for app in fake.grants.apps.values()],
            "POST works": _change_works,
            "POST accounts": _add_account,
            "GET accounts": lambda fake, _: fake.account_names(),
            "POST tokens": _change_tokens,
            "POST faults": lambda fake, data: fake.faults.add(data).as_json(),
            "GET faults": lambda fake, _: fake.faults.as_json(),
            "DELETE faults": lambda fake, data: {"removed": fake.faults.clear(data.get("id"))},
            "GET requests": lambda fake, _: fake.journal.as_json(),
            "DELETE requests": lambda fake, _: fake.journal.clear() or {},
            "GET settings": lambda fake, _: fake.settings,
            "POST settings": lambda fake, data: fake.change_settings(data) or fake.settings,
        }

    def respond(self, request: Request, path: str) -> Response:
        """One HTTP call. Its body is JSON whatever its content type says, so that plain curl -d serves."""
        try:
            data = msgspec.json.decode(request.get_data() or b"{}", type=dict[str, Any])
            return json_answer(self.call(request.method, path, data))
        except (ControlError, msgspec.MsgspecError) as error:
            return json_answer({"error": str(error)}, getattr(error, "status", 400))

    def call(self, method: str, path: str, data: Data | None = None) -> Any:
        parts = [part for part in path.split("/") if part]
        with self.world.lock:
            if not parts:
                return {"providers": sorted(self.fakes), "clock": self._clock_json()}
            if parts[0] in self.fakes and len(parts) > 1:
                return self._call_fake(method, self.fakes[parts[0]], data or {}, rest=parts[1:])
            return self._call_sandbox(f"{method} {'/'.join(parts)}", data or {})

    def _call_sandbox(self, call: str, data: Data) -> Any:
        if call == "POST reset":
            self.reset()
            return {"clock": self._clock_json()}
        if call == "GET clock":
            return self._clock_json()
        if call == "POST clock":
            return self._move_clock(data)
        raise ControlError(f"there is no {call} here; providers are {', '.join(sorted(self.fakes))}", status=404)

    def reset(self) -> None:
        """Everything as it was when the sandbox started, the clock too."""
        with self.world.lock:
            self.world.clock.reset()
            for fake in self.fakes.values():
                fake.reset()

    def _call_fake(self, method: str, fake: Fake, data: Data, *, rest: list[str]) -> Any:
        if rest[0] == "accounts" and len(rest) > 1:
            return _call_account(method, fake, data, name=rest[1], verb="/".join(rest[2:]))
        call = f"{method} {'/'.join(rest)}"
        if call in self._actions:
            return self._actions[call](fake, data)
        own = fake.own_actions().get(call)
        if own is None:
            raise ControlError(f"there is no {call} for {fake.slug}", status=404)
        return own(data)

    def _move_clock(self, data: Data) -> Any:
        clock, call = self.world.clock, read_shape(data, ClockCall)
        if call.freeze:
            clock.freeze()
        if call.set is not None:
            clock.set(_read_time(call.set))
        clock.step(call.step)
        if call.resume:
            clock.resume()
        return self._clock_json()

    def _clock_json(self) -> dict[str, Any]:
        now = self.world.clock.now()
        return {"now": now, "iso": datetime.fromtimestamp(now, UTC).isoformat(), "frozen": self.world.clock.frozen}


def _read_time(value: float | str) -> float:
    """Unix seconds, or ISO 8601; without a zone it is UTC."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ControlError("set takes Unix seconds or ISO 8601") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _app_json(app: App) -> dict[str, Any]:
    return {"client_id": app.client_id, "name": app.name, "redirect_uris": app.redirect_uris, "public": not app.secret}


def _add_app(fake: Fake, data: Data) -> Any:
    """The one answer that shows the secret."""
    app = fake.add_app(read_shape(data, NewApp))
    fake.grants.apps[app.client_id] = app
    return {"client_id": app.client_id, "client_secret": app.secret, "redirect_uris": app.redirect_uris}


def _add_account(fake: Fake, data: Data) -> Any:
    """Its id and name, with "token" as the token endpoint answers when it was asked for."""
    wanted = read_shape(data, NewAccount)
    account = fake.add_account(wanted)
    made = {"id": account, "name": wanted.name}
    return {**made, "token": fake.issue_token(account, wanted.client_id)} if wanted.token else made


def _call_account(method: str, fake: Fake, data: Data, *, name: str, verb: str) -> Any:
    if (method, verb) == ("GET", ""):
        return fake.read_account(name)
    if (method, verb) == ("POST", "edit"):
        return {"entries": fake.edit_account(name, read_shape(data, Edit))}
    if (method, verb) == ("DELETE", ""):
        fake.remove_account(name)
        return {}
    raise ControlError(f"there is no {method} accounts/<name>/{verb}", status=404)


def _change_works(fake: Fake, data: Data) -> Any:
    """{"works": [...]} in the service's words, or {"generate": {"kind", "count", "first_id"}}."""
    wanted = read_shape(data, Works)
    made = wanted.generate
    if made is not None:
        if made.kind not in ("anime", "manga"):
            raise ControlError("kind must be anime or manga")
        fake.add_works(make_works(made.kind, count=made.count, first_id=made.first_id))
    for work in wanted.works:
        fake.change_work(work)
    return {"changed": len(wanted.works) + (made.count if made else 0)}


def _change_tokens(fake: Fake, data: Data) -> Any:
    """Issue by default; with "expire", "revoke" or "revoke_refresh" true, do that to one token or all of an account."""
    call = read_shape(data, TokenCall)
    verbs = [verb for verb in ("expire", "revoke", "revoke_refresh") if getattr(call, verb)]
    if not verbs:
        return fake.issue_token(fake.account_id(call.account), call.client_id)
    tokens = _chosen_tokens(fake, call)
    for token in tokens:
        _spoil(token, verbs, fake.clock.now())
    return {"changed": len(tokens)}


def _spoil(token: Token, verbs: list[str], now: float) -> None:
    if "expire" in verbs:
        token.expires_at = min(token.expires_at, now)
    if "revoke" in verbs:
        token.revoked = token.refresh_revoked = True
    if "revoke_refresh" in verbs:
        token.refresh_revoked = True


def _chosen_tokens(fake: Fake, call: TokenCall) -> list[Token]:
    if not call.access_token:
        return fake.grants.tokens_of(fake.account_id(call.account))
    token = fake.grants.by_access.get(call.access_token)
    if token is None:
        raise ControlError("no such token", status=404)
    return [token]
