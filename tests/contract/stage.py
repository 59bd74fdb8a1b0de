"""One person at one provider's sandbox, over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from integrations.crypto import Secret
from integrations.http import Line, Session, build_client
from integrations.providers.base import Provider
from integrations.sandbox.server import Running


class OpenRoad:
    """A limiter and a breaker that let everything through."""

    def acquire(self, *, cost: int = 1) -> None:
        pass

    def penalise(self, seconds: float) -> None:
        pass

    def observe(self, *, limit: int | None, remaining: int | None) -> None:
        pass

    def before_call(self) -> None:
        pass

    def succeeded(self) -> None:
        pass

    def failed(self) -> None:
        pass


def _do_not_wait(seconds: float) -> None:
    pass


class Stage:
    def __init__(self, running: Running, client: httpx.Client, provider: Provider) -> None:
        self._running = running
        self._client = client
        self.provider = provider

    def control(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        return self._running.control(method, f"{self.provider.slug}/{path}", dict(data or {}))

    def pass_time(self, seconds: float) -> None:
        self._running.control("POST", "clock", {"step": seconds})

    def add_person(self, name: str, **data: Any) -> Session:
        """A new account, and a session of ours for it."""
        made = self.control("POST", "accounts", {"name": name, "token": True, **data})
        return self.open_session(made["token"]["access_token"], account_id=str(made["id"]))

    def open_session(self, token: str, *, account_id: str = "") -> Session:
        return Session(self._line(), token=Secret(token), account_id=account_id, sleep=_do_not_wait)

    def open_public_session(self) -> Session:
        """With nobody's token."""
        return Session(self._line(), sleep=_do_not_wait)

    def _line(self) -> Line:
        road = OpenRoad()
        return Line(self.provider, client=self._client, limiter=road, breaker=road, sandbox_url=self._running.url)

    def break_next(self, kind: str, *, times: int | None = 1, skip: int = 0, **options: Any) -> None:
        self.control("POST", "faults", {"kind": kind, "times": times, "skip": skip, **options})

    def native(self, name: str) -> list[dict[str, Any]]:
        """The account's entries in the service's own words."""
        entries: list[dict[str, Any]] = self.control("GET", f"accounts/{name}")["entries"]
        return entries


def connect(site_url: str = "https://enishi.example") -> httpx.Client:
    return build_client(user_agent="Enishi/0 (+https://enishi.example)", site_url=site_url)
