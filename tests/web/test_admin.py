"""The admin: every page opens, the journal is read-only, nothing secret or whole is shown, no query per row."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection as database
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from library.models import ExternalId
from syncing.models import Baseline, Change, Parked, Schedule, SyncRun, Unmatched
from tests.web import rows

READ_ONLY = (
    "library.library",
    "library.listentry",
    "syncing.baseline",
    "syncing.syncrun",
    "syncing.change",
    "syncing.review",
)
LISTED = (
    *READ_ONLY,
    "accounts.user",
    "library.media",
    "library.externalid",
    "library.personmatch",
    "syncing.schedule",
    "syncing.unmatched",
    "syncing.parked",
)


def url(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def model_of(label: str) -> type[Model]:
    return next(model for model in admin.site._registry if model._meta.label_lower == label)


def fill(user: User, number: int) -> None:
    """One row of everything that is listed."""
    media = rows.make_media(f"Title {number}")
    rows.make_entry(user, media)
    connection = rows.make_connection(user)
    run = rows.make_run(connection)
    rows.make_change(run, media)
    rows.make_review(run, "removal", key=str(number), media=media)
    rows.make_unmatched(connection, media=media)
    rows.make_match(user, media)
    ExternalId.objects.create(media=media, provider="anilist", kind="anime", external_id=str(number), source="anilist")
    Parked.objects.create(user=user, connection=connection, kind="anime", remote_id="1", wanted="x", failures=3)


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org", "right horse battery staple"))
    return client


@pytest.mark.parametrize("label", LISTED)
def test_lists_cost_the_same_with_one_row_and_with_three(
    label: str, operator: Client, alice: User, bob: User, charlie: User
) -> None:
    fill(alice, 1)
    operator.get(url(label, "changelist"))
    counts = []
    for user, number in ((None, 0), (bob, 2)):
        if user is not None:
            fill(user, number)
            fill(charlie, 3)
        with CaptureQueriesContext(database) as queries:
            assert operator.get(url(label, "changelist")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("label", LISTED)
def test_every_row_opens_and_search_works(label: str, operator: Client, alice: User) -> None:
    fill(alice, 1)
    row = model_of(label)._default_manager.first()
    assert row is not None
    assert operator.get(url(label, "change", row.pk)).status_code == 200
    for text in ("alice", "Title", "1", "'\";--"):
        assert operator.get(url(label, "changelist"), {"q": text}).status_code == 200


@pytest.mark.parametrize("label", READ_ONLY)
def test_the_journal_is_only_read(label: str, operator: Client, alice: User) -> None:
    fill(alice, 1)
    row = model_of(label)._default_manager.first()
    assert row is not None
    assert operator.get(url(label, "add")).status_code == 403
    assert operator.post(url(label, "change", row.pk), {"state": "done"}).status_code == 403
    assert operator.post(url(label, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert b'name="_save"' not in operator.get(url(label, "change", row.pk)).content


def test_the_packed_tracks_are_not_dumped(operator: Client, alice: User) -> None:
    rows.make_connection(alice)
    Baseline.objects.update(data=b"planted-tracks")
    row = Baseline.objects.get()
    for page in (url("syncing.baseline", "changelist"), url("syncing.baseline", "change", row.pk)):
        assert b"planted-tracks" not in operator.get(page).content


def test_no_password_hash_is_shown(operator: Client, alice: User) -> None:
    page = operator.get(url("accounts.user", "change", alice.pk)).content.decode()
    assert alice.password[:12] not in page
    assert alice.password.rpartition("$")[2] not in page


def test_a_password_can_be_replaced(operator: Client, alice: User) -> None:
    new = "another long password"
    operator.post(
        reverse("admin:auth_user_password_change", args=[alice.pk]),
        {"password1": new, "password2": new, "usable_password": "true"},
    )
    alice.refresh_from_db()
    assert alice.check_password(new)


def test_an_operator_can_add_a_person(operator: Client) -> None:
    secret = "a long enough password"
    posted = {"email": "Dora@Example.org", "password1": secret, "password2": secret, "usable_password": "true"}
    operator.post(url("accounts.user", "add"), posted)
    assert User.objects.get(email="dora@example.org").check_password(secret)


def test_staff_cannot_raise_themselves(alice: User) -> None:
    from django.contrib.auth.models import Permission

    alice.is_staff = True
    alice.save()
    alice.user_permissions.add(*Permission.objects.filter(content_type__model="user"))
    client = Client()
    client.force_login(alice)
    posted = {"email": alice.email, "timezone": "UTC", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(url("accounts.user", "change", alice.pk), posted).status_code == 302
    alice.refresh_from_db()
    assert (alice.timezone, alice.is_superuser) == ("UTC", False)


def test_the_admins_own_sign_in_goes_through_the_limited_one(client: Client, db: None) -> None:
    answer = client.get("/admin/login/", {"next": "/admin/"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_people_are_not_operators(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/admin/").status_code in (302, 403)
    assert b">Admin</a>" not in client.get("/").content


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [("switch_off", "is_on", False), ("make_due_fully", "full", True), ("switch_on", "is_on", True)],
)
def test_schedules_can_be_acted_on(action: str, field: str, value: bool, operator: Client, alice: User) -> None:
    rows.make_connection(alice)
    row = Schedule.objects.get()
    posted = {"action": action, "_selected_action": [str(row.pk)]}
    assert operator.post(url("syncing.schedule", "changelist"), posted).status_code == 302
    assert getattr(Schedule.objects.get(), field) is value


def test_an_unmatched_title_can_be_tried_again(operator: Client, alice: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    row = rows.make_unmatched(rows.make_connection(alice))
    Unmatched.objects.update(retry_at=timezone.now() + timedelta(days=7))
    operator.post(url("syncing.unmatched", "changelist"), {"action": "retry", "_selected_action": [str(row.pk)]})
    assert Unmatched.objects.get().retry_at <= timezone.now()


def test_journal_rows_are_still_there(operator: Client, alice: User) -> None:
    """The bulk delete action is not offered for what is only read."""
    fill(alice, 1)
    for label in ("syncing.syncrun", "syncing.change"):
        row = model_of(label)._default_manager.get()
        operator.post(
            url(label, "changelist"), {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        )
    assert (SyncRun.objects.count(), Change.objects.count()) == (1, 1)
