"""A borrowed session is not the account."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.conftest import PASSWORD


@pytest.fixture
def borrowed(alice: User, alice_client: Client) -> Client:
    """Her session, in which the password was not given lately."""
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice_client


def test_another_address_needs_the_password_again(alice: User, borrowed: Client) -> None:
    answer = borrowed.post(reverse("account_email"), {"action_add": "", "email": "thief@example.org"})
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert (EmailAddress.objects.filter(email="thief@example.org").exists(), mail.outbox) == (False, [])
    borrowed.post(answer["Location"], {"password": PASSWORD})
    borrowed.post(reverse("account_email"), {"action_add": "", "email": "new@example.org"})
    assert EmailAddress.objects.filter(user=alice, email="new@example.org", verified=False).exists()


def test_we_cannot_be_made_to_write_to_many(alice: User, borrowed: Client) -> None:
    borrowed.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    for number in range(5):
        borrowed.post(reverse("account_email"), {"action_add": "", "email": f"victim{number}@example.org"})
    assert EmailAddress.objects.filter(user=alice).count() == 3
    assert len({address for message in mail.outbox for address in message.to} - {alice.email}) == 2


def test_a_new_password_ends_every_other_session(alice: User, alice_client: Client) -> None:
    other = Client()
    other.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    new = "a quite different secret"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    alice_client.post(reverse("account_change_password"), fields)
    assert alice_client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


@pytest.mark.parametrize("forged", ["10.0.0.9", "10.0.0.9, 10.0.0.8", "::1"])
def test_a_forged_address_does_not_escape_the_limit(forged: str, client: Client, db: None) -> None:
    """Without proxies of ours, X-Forwarded-For is what a stranger wrote."""
    form = {"email": "x"}
    statuses = [
        client.post("/accounts/signup/", form, headers={"x-forwarded-for": f"{forged}{at}"}).status_code
        for at in range(21)
    ]
    assert statuses == [200] * 20 + [429]
