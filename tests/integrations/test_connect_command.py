"""`manage.py connect` against the fakes: every way in, from a terminal and from a program."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from integrations.management.commands import connect
from integrations.models import Connection, DeviceLink, LinkAttempt
from integrations.sandbox.server import Running
from integrations.services import linking_from_apps
from tests.integrations import test_whole_link
from tests.integrations.test_whole_link import sandbox as two_services
from tests.integrations.test_whole_link_more import sandbox as further_services

__all__ = ["further_services", "two_services"]

pytestmark = pytest.mark.django_db(transaction=True)


class Terminal:
    """What is typed may depend on what was shown."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown = io.StringIO()
        self.types: Callable[[], str] = lambda: ""
        monkeypatch.setattr("sys.stdin", self)

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        return f"{self.types()}\n"

    def run(self, provider: str, **options: Any) -> list[dict[str, Any]]:
        call_command("connect", user="Alice@example.org", provider=provider, json=True, stdout=self.shown, **options)
        return self.lines

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.shown.getvalue().splitlines()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


def decide(url: str, **choice: str) -> dict[str, str]:
    return {name: values[0] for name, values in test_whole_link.decide(url, **choice).items()}


def linked(slug: str) -> dict[str, Any]:
    return {"connected": True, "provider": slug, "username": "alice_there"}


def test_by_name_and_password(further_services: Running, alice: User, terminal: Terminal) -> None:
    terminal.types = lambda: "p+&% ü"
    assert terminal.run("kitsu", username="alice-there") == [linked("kitsu")]
    assert Connection.objects.get().user == alice
    assert "p+&" not in terminal.shown.getvalue()


def test_the_name_is_asked_for_as_well(further_services: Running, alice: User, terminal: Terminal) -> None:
    answers = iter(["alice-there", "p+&% ü"])
    terminal.types = lambda: next(answers)
    assert terminal.run("kitsu") == [linked("kitsu")]


def test_by_a_code_that_is_typed_in_elsewhere(
    further_services: Running, alice: User, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def wait(seconds: float) -> None:
        told = terminal.lines[0]
        assert set(told) == {"url", "user_code"}
        if not said:
            said.append(told["user_code"])
            further_services.control("POST", "trakt/devices", {"user_code": said[0], "account": "alice_there"})
        DeviceLink.objects.update(next_poll_at=timezone.now())

    monkeypatch.setattr(connect, "sleep", wait)
    assert terminal.run("trakt", way="device")[1:] == [linked("trakt")]


def test_a_code_that_nobody_types_in_ends(
    further_services: Running, alice: User, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(seconds: float) -> None:
        DeviceLink.objects.update(next_poll_at=timezone.now(), expires_at=timezone.now())

    monkeypatch.setattr(connect, "sleep", wait)
    with pytest.raises(CommandError):
        terminal.run("trakt", way="device")
    assert Connection.objects.count() == 0


@pytest.mark.parametrize("slug", ["anilist", "mal"])
def test_by_the_page_and_the_address_pasted(two_services: Running, alice: User, terminal: Terminal, slug: str) -> None:
    terminal.types = lambda: f"http://localhost/callback?{urlencode(decide(terminal.lines[0]['url']))}"
    found = terminal.run(slug, paste=True)
    assert found[1:] == [linked({"mal": "myanimelist"}.get(slug, slug))]


@pytest.mark.parametrize(
    ("back", "said"),
    [
        ("", "holds no code"),
        ("https://enishi.test/integrations/anilist/callback?error=access_denied&state=x", "holds no code"),
        ("https://enishi.test/integrations/anilist/callback?code=a&code=b&state=x", "holds no code"),
        ("https://enishi.test/integrations/anilist/callback?code=abc&state=foreign", "expired or was used"),
    ],
)
def test_another_address_is_explained(
    two_services: Running, alice: User, terminal: Terminal, back: str, said: str
) -> None:
    terminal.types = lambda: back
    with pytest.raises(CommandError, match=said):
        terminal.run("anilist", paste=True)


def test_by_the_page_while_the_command_waits(
    two_services: Running, alice: User, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(seconds: float) -> None:
        back = decide(terminal.lines[0]["url"])
        linking_from_apps.finish_link_from_app(alice, provider="anilist", code=back["code"], state=back["state"])

    monkeypatch.setattr(connect, "sleep", wait)
    assert terminal.run("anilist")[1:] == [linked("anilist")]


def test_it_does_not_wait_for_what_cannot_come(
    two_services: Running, alice: User, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "sleep", lambda seconds: LinkAttempt.objects.all().delete())
    with pytest.raises(CommandError, match="Nobody said yes in time"):
        terminal.run("anilist")


def test_by_a_token(two_services: Running, alice: User, terminal: Terminal) -> None:
    token = two_services.control("POST", "anilist/tokens", {"account": "alice_there"})["access_token"]
    terminal.types = lambda: str(token)
    assert terminal.run("anilist", way="token") == [linked("anilist")]
    assert str(token) not in terminal.shown.getvalue()


def test_people_are_told_in_words(two_services: Running, alice: User, terminal: Terminal) -> None:
    token = two_services.control("POST", "anilist/tokens", {"account": "alice_there"})["access_token"]
    terminal.types = lambda: str(token)
    call_command("connect", user="alice@example.org", provider="anilist", way="token", stdout=terminal.shown)
    assert terminal.shown.getvalue() == "AniList is linked as alice_there.\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"user": "nobody@example.org", "provider": "kitsu"}, "nobody here has the address nobody@example.org"),
        ({"user": "alice@example.org", "provider": "geocities"}, "geocities"),
        ({"user": "alice@example.org", "provider": "kitsu", "way": "device"}, "cannot be linked in this way"),
        ({"user": "alice@example.org", "provider": "trakt", "way": "code"}, "is not set up here"),
    ],
)
def test_what_cannot_be_is_explained(alice: User, terminal: Terminal, options: dict[str, str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("connect", stdout=terminal.shown, **options)
