"""What operators see of keys and factors: that they exist, never what they are made of."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import AccessKey, User
from accounts.services.keys import create_key
from tests.conftest import PASSWORD


@pytest.fixture
def helper_client(db: None) -> Client:
    """Staff who may see and drop keys and factors, and no more."""
    user = User.objects.create_user("helper@example.org", PASSWORD, is_staff=True)
    names = [f"{action}_{model}" for action in ("view", "delete") for model in ("accesskey", "authenticator")]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def test_a_key_is_seen_and_dropped(alice: User, helper_client: Client) -> None:
    made = create_key(alice, name="Home", scopes=["read"])
    for path in ("/admin/accounts/accesskey/", f"/admin/accounts/accesskey/{made.row.pk}/change/"):
        shown = helper_client.get(path)
        assert made.row.prefix.encode() in shown.content
        assert bytes(made.row.digest).hex().encode() not in shown.content
        assert b'name="_save"' not in shown.content
    assert helper_client.get("/admin/accounts/accesskey/add/").status_code == 403
    helper_client.post(f"/admin/accounts/accesskey/{made.row.pk}/delete/", {"post": "yes"})
    assert not AccessKey.objects.exists()


def test_a_factor_is_seen_and_dropped_but_not_read(alice: User, helper_client: Client) -> None:
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    row = Authenticator.objects.get()
    shown = helper_client.get(f"/admin/mfa/authenticator/{row.pk}/change/")
    assert alice.email.encode() in shown.content
    assert row.data["secret"].encode() not in shown.content
    helper_client.post(f"/admin/mfa/authenticator/{row.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()


def test_those_of_a_superuser_stay(helper_client: Client) -> None:
    root = User.objects.create_superuser("root@example.org", PASSWORD)
    TOTP.activate(root, "JBSWY3DPEHPK3PXP")
    row = Authenticator.objects.get()
    assert helper_client.post(f"/admin/mfa/authenticator/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    helper_client.post(
        "/admin/mfa/authenticator/", {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    )
    assert Authenticator.objects.exists()
