"""Id tables, pairs and ranges in the admin: looked at by operators, decided by a word of their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from library.models import EpisodeRange, IdPair, IdTable

pytestmark = pytest.mark.django_db

NEW = {
    "site": "anilist",
    "site_id": "154587",
    "first": 1,
    "target_kind": "show",
    "target_site": "tmdb",
    "target_id": "209867",
    "season": 1,
    "start": 1,
    "numbering": "position",
    "per_entry": 1,
    "per_target": 1,
    "state": "good",
}


@pytest.fixture
def operator(alice: User) -> Client:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    return client


def pair(mal: str, source: str) -> IdPair:
    ids = {"left_site": "anilist", "left_id": "1", "right_site": "myanimelist", "right_id": mal}
    return IdPair.objects.create(kind="anime", source=source, first_seen_at=timezone.now(), **ids)


def act(client: Client, page: str, action: str, *keys: Any) -> int:
    data = {"action": action, "_selected_action": keys, "post": "yes"}
    return client.post(f"/admin/library/{page}/", data).status_code


@pytest.mark.parametrize("page", ["idtable", "idpair", "episoderange"])
def test_pages_are_for_operators(operator: Client, bob: User, page: str) -> None:
    IdTable.objects.create(source="arm", figures={"rows": 35531})
    row = pair("2", "arm")
    EpisodeRange.objects.create(**NEW, source="fribb", first_seen_at=row.first_seen_at)
    assert operator.get(f"/admin/library/{page}/?q=154587").status_code == 200
    stranger = Client()
    stranger.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.get(f"/admin/library/{page}/").status_code == 302


def test_import_now_queues_a_task_for_superusers_alone(
    operator: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("library.admin.current_app.send_task", lambda name, **options: sent.append((name, options)))
    IdTable.objects.create(source="arm")
    assert act(operator, "idtable", "import_now", "arm") == 302
    assert sent == [("integrations.import_id_table", {"args": ("arm",), "queue": "upkeep"})]
    User.objects.filter(pk=alice.pk).update(is_superuser=False)
    act(operator, "idtable", "import_now", "arm")
    assert len(sent) == 1


def test_a_pair_is_marked_good(operator: Client) -> None:
    right, wrong = pair("2", "arm"), pair("3", "fribb")
    assert act(operator, "idpair", "mark_good", right.pk) == 302
    assert IdPair.objects.get(source="maintainer").right_id == "2"
    wrong.refresh_from_db()
    assert wrong.gone_at is not None


def test_a_pair_is_deleted(operator: Client) -> None:
    row = pair("2", "arm")
    IdTable.objects.create(source="arm", digest="x")
    assert act(operator, "idpair", "delete_selected", row.pk) == 302
    assert (IdPair.objects.count(), IdTable.objects.get().digest) == (0, "")


def test_what_an_operator_adds_is_a_maintainers_word(operator: Client) -> None:
    assert operator.post("/admin/library/episoderange/add/", NEW).status_code == 302
    row = EpisodeRange.objects.get()
    assert (row.source, row.user, row.season, row.state) == ("maintainer", None, 1, "good")
    assert operator.post(f"/admin/library/episoderange/{row.pk}/change/", NEW | {"season": 2}).status_code == 302
    assert EpisodeRange.objects.get().season == 2


@pytest.mark.parametrize(
    "wrong",
    [{"season": ""}, {"first": 0}, {"first": 5, "last": 3}, {"start": 0}, {"per_entry": 0}, {"numbering": "absolute"}],
)
def test_a_range_that_makes_no_sense_is_not_added(operator: Client, wrong: dict[str, Any]) -> None:
    assert operator.post("/admin/library/episoderange/add/", NEW | wrong).status_code == 200
    assert EpisodeRange.objects.count() == 0


def test_a_tables_range_is_taken_over_not_edited(operator: Client) -> None:
    row = EpisodeRange.objects.create(**NEW | {"state": "flagged"}, source="fribb", first_seen_at=timezone.now())
    assert operator.post(f"/admin/library/episoderange/{row.pk}/change/", NEW).status_code == 403
    assert act(operator, "episoderange", "adopt", row.pk) == 302
    assert EpisodeRange.objects.get(source="maintainer").state == "good"
