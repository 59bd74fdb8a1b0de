"""Erasing a person: every row goes, access is given back where a service takes it, and nobody else notices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from accounts.services.erasing import erase_person
from accounts.signals import person_leaving
from integrations.crypto import Secret
from integrations.fields import Sealed
from integrations.models import Connection, ProviderApp
from integrations.oauth import App, OAuthSpec
from integrations.services import revoking
from library.models import Media
from tests.conftest import PASSWORD
from tests.integrations.conftest import World
from tests.integrations.doubles import BY_PASSWORD, REFRESHING, Toy
from tests.owned import count_rows, find_text, make_everything
from tests.web import rows

pytestmark = pytest.mark.django_db
REVOKE = "https://toy.test/oauth/revoke"


TAKES_BACK = replace(REFRESHING, revoke_url=REVOKE)
SHARED = replace(BY_PASSWORD, revoke_url=REVOKE)


@dataclass
class Ending(Toy):
    """Takes access back."""

    slug: str = "ending"
    name: str = "Ending"
    oauth: OAuthSpec = TAKES_BACK
    apps_url: str = "https://toy.test/apps"


@dataclass
class Sharing(Toy):
    """Takes access back, and with it that of all other programs of the person (Kitsu)."""

    slug: str = "sharing"
    name: str = "Sharing"
    oauth: OAuthSpec = SHARED
    apps_url: str = "https://toy.test/shared"


@dataclass
class Keeping(Toy):
    """Has no way to take access back (AniList)."""

    slug: str = "keeping"
    name: str = "Keeping"
    apps_url: str = "https://toy.test/kept"


LEAVING = {slug: f"tests.integrations.test_erasing.{slug.title()}" for slug in ("ending", "sharing", "keeping")}


@pytest.fixture
def leaving(world: World, settings: Settings) -> World:
    settings.EXTRA_PROVIDERS = LEAVING
    settings.PROVIDER_APPS = {"ending": ("end-id", "planted-end-secret"), "keeping": ("keep-id", "planted-keep-secret")}
    world.server.answers = [httpx.Response(200, json={}) for _ in range(9)]
    return world


def linked(user: User, *slugs: str, **values: Any) -> None:
    for slug in slugs:
        row = rows.make_connection(user, slug, **values)
        row.access_token = f"planted-{slug}-token"
        row.save()


def revoked(world: World) -> list[str]:
    return [fields["token"] for path, fields in world.server.calls if path == "/oauth/revoke"]


def test_every_row_goes_and_nobody_elses(alice: User, bob: User) -> None:
    for user in (alice, bob):
        make_everything(user)
    his = count_rows(bob.pk)
    hers = count_rows(alice.pk)
    assert {label for label, count in hers.items() if not count} == set(), "make_everything lacks a table"
    works = Media.objects.count()
    erase_person(alice)
    assert {label for label, count in count_rows(alice.pk).items() if count} == set()
    assert (count_rows(bob.pk), Media.objects.count()) == (his, works)
    assert find_text(alice.email, str(alice.pk), alice.pk.hex) == []


def test_their_sessions_go_too(
    alice: User, bob: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    clients = {user.pk: Client() for user in (alice, bob)}
    for user in (alice, bob):
        clients[user.pk].force_login(user)
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(User.objects.get(pk=alice.pk))
    assert [each.get_decoded()["_auth_user_id"] for each in Session.objects.all()] == [str(bob.pk)]
    assert clients[alice.pk].get("/account/").status_code == 302


def test_access_is_given_back_after_the_commit_and_the_mail_says_what_is_left(
    leaving: World, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    linked(alice, "ending", "sharing", "keeping")
    with django_capture_on_commit_callbacks() as callbacks:
        erase_person(alice)
    assert (revoked(leaving), Connection.objects.count(), mail.outbox) == ([], 0, [])
    for callback in callbacks:
        callback()
    assert revoked(leaving) == ["planted-ending-token"]
    _, fields = leaving.server.calls[0]
    assert fields == {"token": "planted-ending-token", "client_id": "end-id", "client_secret": "planted-end-secret"}
    (message,) = mail.outbox
    assert message.to == ["alice@example.org"]
    assert ("https://toy.test/shared" in message.body, "https://toy.test/kept" in message.body) == (True, True)
    assert "https://toy.test/apps" not in message.body


def test_what_other_programs_use_is_ended_only_when_it_is_wanted(
    leaving: World, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    linked(alice, "sharing")
    assert revoking.shares_access(Connection.objects.get()) is True
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(alice, shared_access=True)
    assert revoked(leaving) == ["planted-sharing-token"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, text="<html>Are you human?</html>", headers={"Content-Type": "text/html"}),
        httpx.Response(403, json={"error": "unauthorized_client"}),
        httpx.ConnectError("away"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_a_service_in_trouble_keeps_nobody_here(
    answer: httpx.Response | Exception,
    leaving: World,
    alice: User,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    leaving.server.answers = [answer]
    linked(alice, "ending")
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(alice)
    assert count_rows(alice.pk)["accounts.User"] == 0
    assert "https://toy.test/apps" in mail.outbox[0].body
    assert len(leaving.server.calls) == 1
    assert "planted" not in caplog.text


def test_all_services_together_have_so_much_time_and_no_more(
    leaving: World, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(alice, "ending")
    (access,) = revoking.take_access(alice, shared=False)
    monkeypatch.setattr(revoking, "ALL_SECONDS", 0.0)
    assert (
        revoking.give_back([access, access])
        == ["Ending may still list Enishi among your apps: https://toy.test/apps"] * 2
    )
    assert leaving.server.calls == []


def test_a_token_that_does_not_open_or_is_dead_is_not_sent(leaving: World, alice: User, bob: User) -> None:
    linked(alice, "ending", state="needs_login")
    linked(bob, "ending", "sharing")
    garbage = Sealed(b"\x01" + bytes(60))
    app = ProviderApp.objects.create(user=bob, provider="sharing", client_id="his", client_secret="planted")
    Connection.objects.filter(user=bob, provider="ending").update(access_token=garbage)
    Connection.objects.filter(user=bob, provider="sharing").update(app=app)
    ProviderApp.objects.update(client_secret=garbage)
    taken = [access for user in (alice, bob) for access in revoking.take_access(user, shared=True)]
    assert [access.token for access in taken] == [None, None, None]
    assert set(Connection.objects.values_list("state", flat=True)) == {"unlinked"}


def test_what_a_receiver_leaves_undone_is_logged_and_keeps_nobody_here(
    alice: User,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def fail() -> list[str]:
        raise RuntimeError("no")

    def receiver(**_: Any) -> Any:
        return fail

    person_leaving.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            erase_person(alice)
    finally:
        person_leaving.disconnect(receiver)
    assert "something was left to do" in caplog.text
    assert len(mail.outbox) == 1


def test_an_operator_erases_by_the_same_way(
    leaving: World, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    root = User.objects.create_superuser("root@example.org", PASSWORD)
    client = Client()
    client.force_login(root)
    make_everything(alice)
    linked(alice, "ending")
    change = {"email": alice.email, "timezone": "UTC", "is_active": "on"}
    client.post(reverse("admin:accounts_user_change", args=[alice.pk]), change)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("admin:accounts_user_delete", args=[alice.pk]), {"post": "yes"})
    assert answer.status_code == 302
    assert revoked(leaving) == ["planted-ending-token"]
    assert find_text(alice.email, str(alice.pk), alice.pk.hex) == []
    assert mail.outbox == []


def test_an_operator_erases_several_by_the_same_way(
    leaving: World, alice: User, bob: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    root = User.objects.create_superuser("root@example.org", PASSWORD)
    client = Client()
    client.force_login(root)
    for user in (alice, bob):
        linked(user, "ending", account_id=str(user.pk))
    chosen = {"action": "delete_selected", "_selected_action": [str(alice.pk), str(bob.pk)], "post": "yes"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admin:accounts_user_changelist"), chosen)
    assert (User.objects.count(), len(revoked(leaving))) == (1, 2)
    assert find_text(alice.email, bob.email, str(alice.pk), str(bob.pk)) == []


def test_a_journal_is_dropped_in_steps(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services.erasing.BATCH", 2)
    run = rows.make_run(rows.make_connection(alice))
    first = rows.make_change(run)
    for _ in range(5):
        rows.make_change(run, undoes=first)
    erase_person(alice)
    assert count_rows(alice.pk)["syncing.Change"] == 0


def test_access_shows_no_secret(alice: User) -> None:
    ending: Any = Ending()
    made = revoking.Access(ending, "1", Secret("planted-token"), App.of("id", "planted-secret"))
    assert "planted" not in repr(made)
