"""What operators may do to people: erase them, but never become each other."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import User
from library.models import Media
from tests.conftest import PASSWORD
from tests.security.conftest import browser_of
from tests.web import rows

OURS = ("accounts", "library", "integrations", "syncing")


@pytest.fixture
def helper(db: None) -> User:
    """Staff with every right over people and nothing else, but no superuser."""
    user = User.objects.create_user("helper@example.org", PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    return user


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def rows_of(user: User) -> dict[str, int]:
    """{model: rows that belong to the person}."""
    found = {}
    for model in (model for label in OURS for model in apps.get_app_config(label).get_models()):
        if any(field.name == "user" for field in model._meta.get_fields()):
            found[model.__name__] = model._default_manager.filter(user=user).count()
    return found


def test_an_operator_can_erase_a_person_and_nobody_else(alice: User, bob: User, root_client: Client) -> None:
    made = rows.make_all(alice)
    rows.make_change(made["run"], made["entry"].media, undoes=made["change"])
    rows.make_all(bob)
    before = rows_of(bob)
    answer = root_client.post(page("accounts_user_delete", alice.pk), {"post": "yes"})
    assert answer.status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()
    assert rows_of(bob) == before
    # The work itself belongs to everybody.
    assert Media.objects.filter(pk=made["entry"].media_id).exists()


def test_the_page_that_asks_before_erasing_does_not_print_the_list(alice: User, root_client: Client) -> None:
    rows.make_entry(alice, rows.make_media("A title of hers"), notes="a thought of hers")
    answer = root_client.get(page("accounts_user_delete", alice.pk))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "List entries: 1" in text
    assert ("A title of hers" in text, "a thought of hers" in text) == (False, False)


def test_a_helper_without_the_right_to_delete_cannot_erase(alice: User, helper: User) -> None:
    helper.user_permissions.remove(Permission.objects.get(codename="delete_user"))
    answer = browser_of(helper).post(page("accounts_user_delete", alice.pk), {"post": "yes"})
    assert (answer.status_code, User.objects.filter(pk=alice.pk).exists()) == (403, True)


def test_a_helper_cannot_take_over_a_superuser(helper: User, root: User) -> None:
    client = browser_of(helper)
    new = {"password1": "an evil new password", "password2": "an evil new password", "usable_password": "true"}
    assert client.post(f"/admin/accounts/user/{root.pk}/password/", new).status_code == 403
    fields = {"email": "evil@example.org", "timezone": "UTC", "is_active": "on"}
    assert client.post(page("accounts_user_change", root.pk), fields).status_code == 403
    assert client.post(page("accounts_user_delete", root.pk), {"post": "yes"}).status_code == 403
    root.refresh_from_db()
    assert (root.email, root.check_password(PASSWORD)) == ("root@example.org", True)
    chosen = {"action": "delete_selected", "_selected_action": [str(root.pk)], "post": "yes"}
    client.post(page("accounts_user_changelist"), chosen)
    assert User.objects.filter(pk=root.pk).exists()


def test_a_helper_may_still_help_ordinary_people(helper: User, alice: User) -> None:
    fields = {"email": "alice@new.example.org", "timezone": "UTC", "is_active": "on", "is_superuser": "on"}
    answer = browser_of(helper).post(page("accounts_user_change", alice.pk), fields)
    alice.refresh_from_db()
    assert (answer.status_code, alice.email, alice.is_superuser) == (302, "alice@new.example.org", False)


def test_a_stranger_sees_nothing_of_the_admin(charlie_client: Client, client: Client) -> None:
    assert charlie_client.get("/admin/").status_code in (302, 403)
    assert b"Log out" not in charlie_client.get("/admin/", follow=True).content
    assert client.get("/admin/accounts/user/")["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    "query",
    [
        "integrations_connection_changelist?access_token__startswith=e",
        "integrations_connection_changelist?user__password__startswith=m",
        "integrations_providerapp_changelist?client_secret=x",
        "integrations_providerapp_changelist?user__password__startswith=m",
        "accounts_user_changelist?password__startswith=m",
        "syncing_baseline_changelist?user__password__contains=m",
    ],
)
def test_a_filter_in_the_address_cannot_guess_a_secret(query: str, alice: User, root_client: Client) -> None:
    connection = rows.make_connection(alice, access_token="eyJplanted")
    name, _, condition = query.partition("?")
    answer = root_client.get(f"{page(name)}?{condition}")
    assert answer.status_code in (302, 400)
    assert str(connection.pk) not in answer.content.decode()


def test_erasing_a_person_by_code_leaves_nothing_of_them(alice: User, client: Client) -> None:
    made = rows.make_all(alice)
    made["connection"].access_token = "a token of hers"
    made["connection"].save()
    client.force_login(alice)
    key = client.session.session_key
    alice.delete()
    assert set(rows_of(User(pk=made["connection"].user_id)).values()) == {0}
    assert Session.objects.filter(session_key=key).exists()
    assert client.get("/account/").status_code == 302
