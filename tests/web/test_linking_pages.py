"""The pages of the further ways to link: a name and a password, a code, a question of a service's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from integrations.models import Connection, DeviceLink
from integrations.providers import registry
from integrations.services import connecting, devices, signing_in
from integrations.services.sessions import chosen_options
from syncing.models import Schedule
from tests.integrations.doubles import TOYS
from tests.web import rows
from tests.web.test_connection_pages import refuse

DEVICE = "/connections/showing/code/"
SIGN_IN = "/connections/asking/sign-in/"
FORM = {"username": "someone", "password": " planted pass "}


@pytest.fixture(autouse=True)
def _toys(settings: Settings) -> Iterator[None]:
    settings.EXTRA_PROVIDERS = TOYS
    settings.PROVIDER_APPS = {"showing": ("client-s", "planted-s"), "toy": ("client-t", "planted-t")}
    settings.SANDBOX_URL = ""
    yield
    settings.EXTRA_PROVIDERS = {}


def text(client: Client, path: str, **data: Any) -> str:
    return client.get(path, data).content.decode()


# What is offered -------------------------------------------------------------------------------------------


def test_each_service_offers_its_own_ways(alice_client: Client) -> None:
    by_page = text(alice_client, "/connections/toy/")
    assert "/connections/toy/connect/" in by_page
    assert "Enishi never sees your password" in by_page
    assert ("Get a code" in by_page, 'type="password" name="password"' in by_page) == (False, False)
    by_code = text(alice_client, "/connections/showing/")
    assert "/connections/showing/connect/" in by_code
    assert f'action="{DEVICE}"' in by_code
    by_password = text(alice_client, "/connections/asking/")
    assert f'action="{SIGN_IN}"' in by_password
    assert "/connections/asking/connect/" not in by_password


def test_a_password_form_says_what_becomes_of_it(alice_client: Client) -> None:
    page = text(alice_client, "/connections/asking/")
    assert "sent to Asking once, right now, and never stored" in page
    assert "Toys share one login." in page
    assert "E-mail address" in page
    assert "never sees your password" not in page
    # Nobody registers an app where one pair is everybody's.
    assert "Use your own app" not in page


def test_the_list_leads_to_the_form_where_there_is_no_page_to_go_to(alice_client: Client) -> None:
    page = text(alice_client, "/connections/")
    assert 'class="button primary" href="/connections/asking/">Link Asking</a>' in page
    assert 'action="/connections/asking/connect/"' not in page
    answer = alice_client.post("/connections/asking/connect/")
    assert (answer.status_code, answer["Location"]) == (302, "/connections/asking/")


@pytest.mark.parametrize(("slug", "way"), [("asking", SIGN_IN), ("showing", DEVICE)])
def test_who_has_to_sign_in_again_gets_the_same_ways(alice: User, alice_client: Client, slug: str, way: str) -> None:
    connection = rows.make_connection(alice, slug)
    assert way not in text(alice_client, f"/connections/{slug}/")
    Connection.objects.filter(pk=connection.pk).update(state="needs_login", message="Please link again.")
    page = text(alice_client, f"/connections/{slug}/")
    assert way in page
    assert "Sign in again" in page
    assert "The first sync is a preview" not in page


def test_a_service_without_a_sign_in_page_is_no_forms_target(alice_client: Client) -> None:
    from project.security import content_policy

    content_policy.cache_clear()
    policy = alice_client.get("/connections/")["Content-Security-Policy"]
    content_policy.cache_clear()
    assert "https://toy.test" in policy
    assert " ://" not in policy


# A name and a password -------------------------------------------------------------------------------------


def test_a_sign_in_links_and_goes_home(alice: User, alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def link(user: User, **given: str) -> Connection:
        seen.update(given, user=user)
        return rows.make_connection(user, "asking")

    monkeypatch.setattr(signing_in, "link_with_password", link)
    answer = alice_client.post(SIGN_IN, FORM, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert "Asking is linked as alice." in answer.content.decode()
    assert seen == {"provider": "asking", "username": "someone", "password": " planted pass ", "user": alice}


@pytest.mark.parametrize("code", ["bad_credentials", "busy", "unavailable"])
def test_a_failed_sign_in_says_why_and_forgets_the_password(
    alice_client: Client, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(signing_in, "link_with_password", refuse(code, "This did not work, and here is why."))
    answer = alice_client.post(SIGN_IN, FORM)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "This did not work, and here is why." in page
    assert 'value="someone"' in page
    assert "planted" not in page
    assert "no-store" in answer["Cache-Control"]


def test_an_empty_form_asks_nobody(alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_in, "link_with_password", refuse("never", "never"))
    answer = alice_client.post(SIGN_IN, {"username": " ", "password": ""})
    assert answer.status_code == 400
    assert "never" not in answer.content.decode().partition("<form")[2].partition("</form")[0]


def test_passwords_cannot_be_tried_without_end(
    alice_client: Client, bob_client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "link": "2/h/user"}
    monkeypatch.setattr(signing_in, "link_with_password", refuse("bad_credentials", "No."))
    assert [alice_client.post(SIGN_IN, FORM).status_code for _ in range(3)] == [400, 400, 429]
    assert bob_client.post(SIGN_IN, FORM).status_code == 400


# A code ----------------------------------------------------------------------------------------------------


def make_link(user: User, **values: Any) -> DeviceLink:
    now = timezone.now()
    given = {
        "provider": "showing",
        "user_code": "ABCD1234",
        "verification_url": "https://auth.toy.test/activate",
        "next_poll_at": now,
        "expires_at": now + timedelta(minutes=9, seconds=30),
        "device_code": "planted-device",
        **values,
    }
    return DeviceLink.objects.create(user=user, **given)


def test_getting_a_code_leads_to_its_page(alice: User, alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "start_device_link", lambda user, provider: make_link(user, provider=provider))
    answer = alice_client.post(DEVICE, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(DEVICE, 302)]
    assert '<code id="user-code">ABCD1234</code>' in page
    assert 'href="https://auth.toy.test/activate"' in page
    assert "Open auth.toy.test/activate" in page
    assert "works for about 9\xa0minutes" in page
    assert 'data-live="3"' in page
    assert "planted" not in page


def test_no_code_no_page(alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "start_device_link", refuse("unavailable", "Showing has trouble."))
    answer = alice_client.post(DEVICE, follow=True)
    assert answer.redirect_chain == [("/connections/showing/", 302)]
    assert "Showing has trouble." in answer.content.decode()


def test_only_where_there_are_codes(alice_client: Client) -> None:
    assert alice_client.get("/connections/toy/code/").status_code == 404
    assert alice_client.post("/connections/toy/code/").status_code == 404


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "refused", "message": "Access was refused there."}, "Access was refused there."),
        ({"state": "failed", "message": "Used already."}, "Used already."),
        ({"state": "pending", "expires_at": timezone.now()}, "The code has expired before it was used."),
    ],
)
def test_an_ended_code_says_so_and_offers_another(
    alice: User, alice_client: Client, values: dict[str, Any], words: str
) -> None:
    make_link(alice, **values)
    page = text(alice_client, DEVICE)
    assert words in page
    assert "Get a new code" in page
    assert ("ABCD1234" in page, "data-live" in page) == (False, False)


def test_a_linked_code_says_as_whom(alice: User, alice_client: Client) -> None:
    make_link(alice, state="linked", device_code=None)
    rows.make_connection(alice, "showing")
    page = text(alice_client, DEVICE)
    assert "Showing is linked as alice." in page
    assert "data-live" not in page


def test_nobody_sees_the_code_of_another(alice: User, bob_client: Client, client: Client) -> None:
    link = make_link(alice)
    assert "ABCD1234" not in text(bob_client, DEVICE)
    assert client.get(DEVICE).status_code == 302
    # There is no address that names a link, so nobody can poll one either.
    assert bob_client.get(f"{DEVICE}{link.pk}/").status_code == 404


def test_looking_asks_nobody(alice: User, alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.services.providers.open_line", refuse("never", "never"))
    link = make_link(alice)
    assert "ABCD1234" in text(alice_client, DEVICE)
    after = DeviceLink.objects.get()
    assert (after.next_poll_at, after.state) == (link.next_poll_at, "pending")


# A question of the service's own ---------------------------------------------------------------------------

CHOSEN = {
    "direction": "bidirectional",
    "policy": "newest",
    "removals": "ask",
    "interval_minutes": "60",
    "kinds": ["anime", "manga"],
    "asks_first": "on",
}


def test_a_question_is_asked_and_its_answer_looked_at_soon(alice: User, alice_client: Client) -> None:
    connection = rows.make_connection(alice, "asking")
    page = text(alice_client, "/connections/asking/")
    assert "How deep" in page
    assert "Deeper costs more." in page
    assert '<option value="shallow" selected>' in page
    answer = alice_client.post("/connections/asking/", {**CHOSEN, "fields_": ["status"], "option_depth": "deep"})
    assert answer.status_code == 302
    assert Connection.objects.get().options == {"depth": "deep"}
    assert Schedule.objects.get().due_at <= timezone.now()
    assert connection.options == {}
    assert '<option value="deep" selected>' in text(alice_client, "/connections/asking/")


def test_an_answer_that_is_none_is_refused(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice, "asking")
    alice_client.post("/connections/asking/", {**CHOSEN, "fields_": ["status"], "option_depth": "abyss"})
    assert Connection.objects.get().options == {}


@pytest.mark.parametrize(
    "options",
    [{"depth": "abyss"}, {"width": "wide"}, {"depth": 7}, {"depth": ["deep"]}, "deep", None, [["depth", "deep"]]],
)
def test_only_known_answers_are_stored(alice: User, options: Any) -> None:
    rows.make_connection(alice, "asking")
    with pytest.raises(connecting.OptionError) as caught:
        connecting.set_options(alice, provider="asking", options=options)
    assert set(caught.value.errors) == {"options"}


def test_a_service_that_asks_nothing_takes_no_answer(alice: User) -> None:
    rows.make_connection(alice, "toy")
    with pytest.raises(connecting.OptionError):
        connecting.set_options(alice, provider="toy", options={"depth": "deep"})
    assert connecting.set_options(alice, provider="toy", options={}).options == {}


def test_what_is_no_longer_asked_is_forgotten(alice: User) -> None:
    connection = rows.make_connection(alice, "asking", options={"depth": "gone", "old": "x"})
    assert chosen_options(registry.get("asking"), connection) == {"depth": "shallow"}
    assert connecting.set_options(alice, provider="asking", options={"depth": "deep"}).options == {"depth": "deep"}
