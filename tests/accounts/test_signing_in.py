"""Sign-up, confirmation, sign-in, sign-out, reset: by page, as a person does it, and as an attacker would."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import User

PASSWORD = "right horse battery staple"
SITE = "https://enishi.example"


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.SITE_URL = SITE
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def sign_up(client: Client, email: str = "Dora@Example.org", **values: str) -> Any:
    return client.post(
        reverse("account_signup"), {"email": email, "password1": PASSWORD, "password2": PASSWORD, **values}
    )


def link_in_mail() -> str:
    """The path of the only link in the only mail. It must begin with our own address, whoever asked."""
    (message,) = mail.outbox
    (url,) = re.findall(rf"{SITE}/accounts/(?:confirm-email|password/reset)\S+", str(message.body))
    return str(url).removeprefix(SITE)


def sign_in(client: Client, email: str, password: str, **values: str) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password, **values})


def confirmed(email: str = "dora@example.org") -> User:
    from allauth.account.models import EmailAddress

    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


@pytest.mark.django_db
def test_the_whole_way_in(client: Client) -> None:
    answer = sign_up(client)
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert b"Look into your mail" in client.get(answer["Location"]).content
    user = User.objects.get()
    assert user.email == "dora@example.org"
    assert "_auth_user_id" not in client.session
    confirm = link_in_mail()
    page = client.get(confirm)
    assert b"Confirm your address" in page.content
    assert client.post(confirm).status_code == 302
    assert sign_in(client, "dora@example.org", PASSWORD)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert b"Welcome to Enishi" in client.get("/").content
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_without_confirmation_there_is_no_way_in(client: Client) -> None:
    sign_up(client)
    answer = sign_in(client, "dora@example.org", PASSWORD)
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_a_link_in_a_mail_does_not_follow_the_host_header(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post(
        reverse("account_signup"),
        {"email": "dora@example.org", "password1": PASSWORD, "password2": PASSWORD},
        headers={"host": "evil.example"},
    )
    assert link_in_mail().startswith("/accounts/confirm-email/")
    mail.outbox.clear()
    confirmed("emil@example.org")
    client.post(reverse("account_reset_password"), {"email": "emil@example.org"}, headers={"host": "evil.example"})
    assert link_in_mail().startswith("/accounts/password/reset/")
    assert all("evil.example" not in str(message.body) + message.subject for message in mail.outbox)


@pytest.mark.django_db
def test_a_forgotten_password_is_replaced_once(client: Client) -> None:
    user = confirmed()
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = link_in_mail()
    form = client.get(link)["Location"]
    new = "a quite different secret"
    assert b"Choose a new password" in client.get(form).content
    assert client.post(form, {"password1": new, "password2": new}).status_code == 302
    user.refresh_from_db()
    assert user.check_password(new)
    assert b"This link does not work" in Client().get(link, follow=True).content


@pytest.mark.django_db
def test_nobody_learns_who_has_an_account(client: Client) -> None:
    confirmed()
    known = client.post(reverse("account_reset_password"), {"email": "dora@example.org"})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert sign_up(Client(), "dora@example.org")["Location"] == sign_up(Client(), "new@example.org")["Location"]
    assert User.objects.filter(email="dora@example.org").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"email": "not an address"},
        {"email": "x" * 250 + "@example.org"},
        {"password1": "short1", "password2": "short1"},
        {"password1": "passwordpassword", "password2": "somethingelse12"},
        {"password1": "1234567890", "password2": "1234567890"},
        {"email": "", "password1": "", "password2": ""},
    ],
)
def test_bad_sign_ups_are_told_at_the_form(values: dict[str, str], client: Client) -> None:
    answer = sign_up(client, **{"email": "dora@example.org", **values})
    assert answer.status_code == 200
    assert b'class="errorlist"' in answer.content
    assert User.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:/evil.example",
        "\thttps://e",
    ],
)
def test_next_leads_nowhere_else(target: str, client: Client) -> None:
    confirmed()
    answer = sign_in(client, "dora@example.org", PASSWORD, next=target)
    assert answer.status_code == 302
    assert answer["Location"] == "/"


@pytest.mark.django_db
def test_next_leads_within_the_site(client: Client) -> None:
    confirmed()
    assert sign_in(client, "dora@example.org", PASSWORD, next="/runs/")["Location"] == "/runs/"


@pytest.mark.django_db
def test_guessing_is_stopped_for_one_person_and_not_for_the_others(client: Client) -> None:
    confirmed()
    for _ in range(5):
        assert sign_in(client, "dora@example.org", "wrong").status_code == 200
    answer = sign_in(client, "dora@example.org", PASSWORD)
    assert "_auth_user_id" not in client.session
    assert "Too many failed login attempts" in answer.content.decode()
    other = Client(REMOTE_ADDR="127.0.0.2")
    confirmed("emil@example.org")
    assert sign_in(other, "emil@example.org", PASSWORD)["Location"] == "/"


@pytest.mark.django_db
def test_the_session_changes_its_key_when_someone_signs_in(client: Client) -> None:
    client.get(reverse("account_login"))
    session = client.session
    session["seen"] = True
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    before = session.session_key
    confirmed()
    sign_in(client, "dora@example.org", PASSWORD)
    assert client.session.session_key != before


@pytest.mark.django_db
def test_an_old_cookie_is_dead_after_signing_out(client: Client) -> None:
    confirmed()
    sign_in(client, "dora@example.org", PASSWORD)
    old = client.cookies["sessionid"].value
    client.post(reverse("account_logout"))
    thief = Client()
    thief.cookies["sessionid"] = old
    assert thief.get("/account/").status_code == 302


@pytest.mark.django_db
def test_someone_who_was_switched_off_is_out_at_once(client: Client) -> None:
    user = confirmed()
    sign_in(client, user.email, PASSWORD)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/account/").status_code == 302


@pytest.mark.django_db
def test_sign_up_can_be_closed(client: Client, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    assert b"Sign-up is closed" in client.get(reverse("account_signup")).content
    sign_up(client)
    assert User.objects.count() == 0


PUBLIC = ("account_login", "account_signup", "account_reset_password", "account_reset_password_done")
SIGNED_IN = ("account_email", "account_change_password", "account_logout", "account_reauthenticate")


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*PUBLIC, *SIGNED_IN, "account_inactive", "account_email_verification_sent"])
def test_every_account_page_wears_our_frame(name: str, client: Client) -> None:
    if name in SIGNED_IN:
        client.force_login(confirmed())
    page = client.get(reverse(name)).content.decode()
    assert '<link rel="stylesheet" href="/static/enishi/enishi' in page
    assert '<main id="main"' in page
    assert page.count("<h1>") == 1


@pytest.mark.django_db
def test_a_dead_confirmation_link_is_told(client: Client) -> None:
    assert b"This link does not work" in client.get("/accounts/confirm-email/nonsense/").content


@pytest.mark.django_db
def test_a_flood_of_sign_ups_is_stopped_with_our_page(client: Client) -> None:
    answers = [client.post(reverse("account_signup"), {"email": "x"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert b"Too many tries" in answers[-1].content
