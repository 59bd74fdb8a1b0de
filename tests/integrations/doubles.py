"""Stand-ins for the outside: a budget and a breaker that take notes, two providers and the service behind them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

from integrations.answers import Answer
from integrations.capability import SCALES, Capability
from integrations.crypto import Secret
from integrations.errors import ProviderError
from integrations.http import Session
from integrations.limits import Budget
from integrations.line import Line, build_client
from integrations.oauth import App, OAuthSpec
from integrations.providers.base import Account, Option
from library.entry import FIELDS, Kind

USER_AGENT = "Enishi/test (+https://enishi.test)"
SITE = "https://enishi.test"


@dataclass
class NotingLimiter:
    """Grants everything, unless `refusal` is set."""

    refusal: ProviderError | None = None
    notes: list[tuple[Any, ...]] = field(default_factory=list)

    def acquire(self, *, cost: int = 1) -> None:
        self.notes.append(("acquire", cost))
        if self.refusal:
            raise self.refusal

    def penalise(self, seconds: float) -> None:
        self.notes.append(("penalise", seconds))

    def observe(self, *, limit: int | None, remaining: int | None) -> None:
        self.notes.append(("observe", limit, remaining))


@dataclass
class NotingBreaker:
    refusal: ProviderError | None = None
    notes: list[str] = field(default_factory=list)

    def before_call(self) -> None:
        self.notes.append("before")
        if self.refusal:
            raise self.refusal

    def succeeded(self) -> None:
        self.notes.append("succeeded")

    def failed(self) -> None:
        self.notes.append("failed")


@dataclass
class Clock:
    """Seconds that pass only when told, or when someone sleeps."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


REFRESHING = OAuthSpec(
    authorize_url="https://toy.test/oauth/authorize", token_url="https://toy.test/oauth/token", pkce="plain"
)
LASTING = OAuthSpec(
    authorize_url="https://toy.test/oauth/authorize",
    token_url="https://toy.test/oauth/token",
    body="json",
    refreshes=False,
)

BY_PASSWORD = OAuthSpec(
    authorize_url="",
    token_url="https://toy.test/oauth/token",
    grants=frozenset({"password"}),
    body="json",
    refresh_when_left=timedelta(days=3),
    public_app=App("everybody", Secret("planted-public")),
    username_label="E-mail address",
    password_note="Toys share one login.",
)
BY_DEVICE = OAuthSpec(
    authorize_url="https://toy.test/oauth/authorize",
    token_url="https://toy.test/oauth/token",
    grants=frozenset({"code", "device"}),
    device_url="https://toy.test/oauth/device/code",
    device_token_url="https://toy.test/oauth/device/token",
    body="json",
    refresh_redirects=True,
    refresh_share_left=0.2,
    refresh_when_left=timedelta(days=1),
    dead_statuses=frozenset({400, 401, 403}),
    expires_from_creation=True,
)


def find_nothing(answer: Answer) -> ProviderError | None:
    return None


@dataclass
class Toy:
    """A provider with PKCE, a secret and a refresh grant."""

    slug: str = "toy"
    name: str = "Toy"
    kinds: frozenset[Kind] = frozenset(Kind)
    hosts: frozenset[str] = frozenset({"api.toy.test", "toy.test"})
    oauth: OAuthSpec = REFRESHING
    budgets: tuple[Budget, ...] = (Budget("address", 60, 60.0, 2),)
    options: tuple[Option, ...] = ()
    by_shows: bool = False
    verdict: Callable[[Answer], ProviderError | None] = find_nothing

    def judge(self, answer: Answer) -> ProviderError | None:
        return self.verdict(answer)

    def capability(self, kind: Kind, settings: Mapping[str, Any]) -> Capability:
        return Capability(fields=frozenset(FIELDS), scale=SCALES["100"])

    def identify(self, session: Session) -> Account:
        data = json.loads(session.send("GET", "https://api.toy.test/me", repeatable=True).body)
        return Account(data["id"], data["name"], f"https://toy.test/{data['name']}", {"score_format": "POINT_10"})


@dataclass
class Yearly(Toy):
    """As AniList: no refresh, no PKCE, JSON to the token endpoint."""

    slug: str = "yearly"
    name: str = "Yearly"
    oauth: OAuthSpec = LASTING


@dataclass
class Asking(Toy):
    """As Kitsu: a name and a password, a pair of ids for everybody, and a question of its own."""

    slug: str = "asking"
    name: str = "Asking"
    oauth: OAuthSpec = BY_PASSWORD
    options: tuple[Option, ...] = (
        Option("depth", "How deep", (("shallow", "Not deep"), ("deep", "Deep")), help="Deeper costs more."),
    )


@dataclass
class Showing(Toy):
    """As Trakt: a sign-in page, or a code to type in."""

    slug: str = "showing"
    name: str = "Showing"
    oauth: OAuthSpec = BY_DEVICE


TOYS = {
    "toy": "tests.integrations.doubles.Toy",
    "yearly": "tests.integrations.doubles.Yearly",
    "asking": "tests.integrations.doubles.Asking",
    "showing": "tests.integrations.doubles.Showing",
}


@dataclass
class ToyServer:
    """The service behind the toys. people: {access token: account}; passwords: {(name, password): account id};
    devices: {device code: account id, or the status that a poll gets}; answers: given instead of all, in order."""

    people: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    passwords: dict[tuple[str, str], str] = field(default_factory=dict)
    devices: dict[str, str | int] = field(default_factory=dict)
    expires_in: Any = 3600
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: list[httpx.Response | Exception] = field(default_factory=list)
    issued: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        fields = self._fields(request)
        self.calls.append((request.url.path, fields))
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if request.url.path == "/oauth/token":
            return self._token(fields)
        if request.url.path.startswith("/oauth/device/"):
            return self._device(request.url.path, fields)
        account = self.people.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return httpx.Response(200, json=account) if account else httpx.Response(401, json={"error": "invalid_token"})

    def _fields(self, request: httpx.Request) -> dict[str, str]:
        if "json" in request.headers.get("content-type", ""):
            return dict(json.loads(request.content))
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}

    def _token(self, fields: dict[str, str]) -> httpx.Response:
        if fields["grant_type"] == "refresh_token":
            who = self.refresh_tokens.pop(fields["refresh_token"], None)
        elif fields["grant_type"] == "password":
            who = self.passwords.get((fields["username"], fields["password"]))
        else:
            who = self.codes.pop(fields["code"], None)
        if who is None:
            return httpx.Response(400, json={"error": "invalid_grant", "message": "no"})
        return self._grant(who)

    def _device(self, path: str, fields: dict[str, str]) -> httpx.Response:
        if path.endswith("/code"):
            number = len(self.devices) + 1
            self.devices[f"planted-device-{number}"] = 400
            url = "https://auth.toy.test/activate"
            told = {"device_code": f"planted-device-{number}", "user_code": f"CODE{number}", "verification_url": url}
            return httpx.Response(200, json={**told, "expires_in": 600, "interval": 5})
        found = self.devices.get(fields["code"], 404)
        if isinstance(found, int):
            return httpx.Response(found)
        self.devices[fields["code"]] = 409
        return self._grant(found)

    def _grant(self, who: str) -> httpx.Response:
        access, renewal = self.issue(who)
        body = {"token_type": "Bearer", "access_token": access, "refresh_token": renewal, "expires_in": self.expires_in}
        return httpx.Response(200, json=body)

    def issue(self, who: str) -> tuple[str, str]:
        """A new pair for an account id."""
        self.issued += 1
        access, renewal = f"planted-access-{who}-{self.issued}", f"planted-refresh-{who}-{self.issued}"
        self.people[access] = {"id": who, "name": f"name-{who}"}
        self.refresh_tokens[renewal] = who
        return access, renewal

    @property
    def token_calls(self) -> list[dict[str, str]]:
        return [fields for path, fields in self.calls if path == "/oauth/token"]


def make_line(
    handler: Callable[[httpx.Request], httpx.Response],
    *,
    service: Any = None,
    limiter: NotingLimiter | None = None,
    breaker: NotingBreaker | None = None,
    clock: Clock | None = None,
    sandbox_url: str = "",
) -> Line:
    clock = clock or Clock()
    return Line(
        service or Toy(),
        client=build_client(user_agent=USER_AGENT, site_url=SITE, transport=httpx.MockTransport(handler)),
        limiter=limiter or NotingLimiter(),
        breaker=breaker or NotingBreaker(),
        sandbox_url=sandbox_url,
        clock=clock,
        stopwatch=clock,
    )


def make_session(line: Line, **options: Any) -> Session:
    """With the token "planted-token", and a clock for sleeping if the line has one."""
    clock = line.stopwatch
    sleep = clock.sleep if isinstance(clock, Clock) else time.sleep
    return Session(line, **{"token": Secret("planted-token"), "sleep": sleep, "draw": lambda: 1.0, **options})


def plain(secret: Secret | None) -> str:
    """What a sealed field holds; a test that asks expects it to hold something."""
    assert secret is not None
    return secret.reveal()
