"""When a connection is looked at next, and what people are told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.services.connecting import OptionError, set_options
from library.entry import Kind
from syncing.models import Schedule
from syncing.services import pacing
from syncing.services.leases import Lease
from syncing.web.pacing import describe_pace, every_words
from tests.syncing.test_ticks import connect
from tests.web import rows

pytestmark = pytest.mark.django_db

BOTH = frozenset(Kind)


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


def minutes_until(at: datetime) -> float:
    return (at - timezone.now()) / timedelta(minutes=1)


def lease_of(connection: Connection, **values: Any) -> Lease:
    return Lease(connection.pk, 1, timezone.now(), **values)


@pytest.mark.parametrize(("moved", "middle"), [(0, 30), (1, 60), (9, 180), (400, 360)])
def test_the_next_look_is_spread_around_the_lists_own_pace(alice: User, moved: float, middle: float) -> None:
    connection = connect(alice, "anilist")
    connection.moved_at = ago(days=moved)
    drawn = [minutes_until(pacing.next_due(connection)) for _ in range(200)]
    assert 0.89 * middle < min(drawn) < 0.95 * middle
    assert 1.05 * middle < max(drawn) < 1.11 * middle


def test_before_a_change_was_seen_the_first_sync_counts_and_before_that_the_choice(alice: User) -> None:
    connection = connect(alice, "anilist")
    assert pacing.pace_of(connection).minutes == 60
    connection.approved_at = ago(days=400)
    assert pacing.pace_of(connection).minutes == 360
    connection.adapts = False
    assert pacing.pace_of(connection).minutes == 60


def test_the_operator_sets_the_bounds(alice: User, settings: Any) -> None:
    connection = connect(alice, "anilist")
    connection.moved_at = ago(days=400)
    settings.SYNC_PACE_SLOWEST_PERCENT = 200
    assert pacing.pace_of(connection).minutes == 120
    settings.SYNC_MAX_INTERVAL_MINUTES = 90
    assert pacing.pace_of(connection).minutes == 90
    connection.moved_at = timezone.now()
    settings.SYNC_MIN_INTERVAL_MINUTES = 45
    assert pacing.pace_of(connection).minutes == 45


def test_a_shorter_interval_holds_at_once_and_a_longer_one_after_the_next_look(alice: User) -> None:
    connection = connect(alice, "anilist", due_at=timezone.now() + timedelta(days=7))
    set_options(alice, provider="anilist", interval_minutes=120)
    soon = Schedule.objects.get(pk=connection.pk).due_at
    assert 100 < minutes_until(soon) < 140
    set_options(alice, provider="anilist", interval_minutes=10_080)
    assert Schedule.objects.get(pk=connection.pk).due_at == soon


def test_what_was_set_aside_until_then_comes_back_a_little_later_and_never_earlier() -> None:
    at = timezone.now() + timedelta(hours=1)
    drawn = [pacing.spread_later(at) for _ in range(200)]
    assert at <= min(drawn) < at + timedelta(minutes=1)
    assert at + timedelta(minutes=5) < max(drawn) <= at + timedelta(minutes=6)


# Kinds ------------------------------------------------------------------------------------------------------


def test_kinds_are_looked_at_when_they_are_due_and_all_when_somebody_asks(alice: User) -> None:
    connection = connect(alice, "anilist")
    times = {"anime": ago(minutes=1).isoformat(), "manga": (timezone.now() + timedelta(hours=5)).isoformat()}
    assert pacing.kinds_to_look_at(connection, lease_of(connection, kinds_due=times)) == BOTH
    connection.intervals = {"manga": 1440}
    assert pacing.kinds_to_look_at(connection, lease_of(connection, kinds_due=times)) == {Kind.ANIME}
    assert pacing.kinds_to_look_at(connection, lease_of(connection)) == BOTH
    later = dict.fromkeys(times, times["manga"])
    assert pacing.kinds_to_look_at(connection, lease_of(connection, kinds_due=later)) == BOTH
    for wish in ("interactive", "full", "preview"):
        assert pacing.kinds_to_look_at(connection, lease_of(connection, kinds_due=times, **{wish: True})) == BOTH


def test_only_the_kinds_that_were_looked_at_get_another_time(alice: User) -> None:
    connection = connect(alice, "anilist")
    assert pacing.next_looks(connection).kinds_due is None
    connection.intervals = {"manga": 1440}
    whole = pacing.next_looks(connection)
    assert whole.kinds_due is not None
    due = {kind: datetime.fromisoformat(at) for kind, at in whole.kinds_due.items()}
    assert (whole.due_at, sorted(due)) == (due["anime"], ["anime", "manga"])
    assert 50 < minutes_until(due["anime"]) < 70
    assert 1290 < minutes_until(due["manga"]) < 1590
    lease = lease_of(connection, kinds_due={"anime": ago(minutes=1).isoformat(), "manga": whole.kinds_due["manga"]})
    part = pacing.next_looks(connection, lease, looked_at={Kind.ANIME})
    assert part.kinds_due is not None
    assert part.kinds_due["manga"] == whole.kinds_due["manga"]
    assert 50 < minutes_until(datetime.fromisoformat(part.kinds_due["anime"])) < 70


def test_kinds_of_one_interval_stay_together(alice: User) -> None:
    connection = connect(alice, "anilist")
    connection.intervals = {"anime": 120, "manga": 120}
    looks = pacing.next_looks(connection)
    assert looks.kinds_due is not None
    assert len(set(looks.kinds_due.values())) == 1


@pytest.mark.parametrize("value", [{"opera": 60}, {"anime": 14}, {"anime": "60"}, ["anime"], None])
def test_odd_intervals_are_refused(alice: User, value: Any) -> None:
    connect(alice, "anilist")
    with pytest.raises(OptionError):
        set_options(alice, provider="anilist", intervals=value)


def test_a_service_with_one_kind_has_no_interval_for_the_other(alice: User) -> None:
    connect(alice, "trakt")
    with pytest.raises(OptionError):
        set_options(alice, provider="trakt", intervals={"manga": 60})


# Words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (2, "every 5 minutes"),
        (15, "every 15 minutes"),
        (33, "every 35 minutes"),
        (57, "every 55 minutes"),
        (57.5, "every hour"),
        (60, "every hour"),
        (89, "every hour"),
        (180, "every 3 hours"),
        (1400, "every 23 hours"),
        (1440, "every day"),
        (10080, "every 7 days"),
    ],
)
def test_intervals_are_rounded_to_what_a_person_would_say(minutes: float, words: str) -> None:
    assert every_words(minutes) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Checked every hour."),
        ({"adapts": False, "days": 9}, "Checked every hour."),
        ({"days": 9}, "Checked every 3 hours at the moment, because nothing has changed there for 9 days."),
        ({"days": 1.7}, "Checked every hour at the moment, because nothing has changed there for 41 hours."),
        ({"days": 0.1}, "Checked every 30 minutes at the moment, because something changed there lately."),
        (
            {"days": 9, "intervals": {"manga": 1440}},
            "Anime: checked every 3 hours at the moment, because nothing has changed there for 9 days. "
            "Manga: checked every day.",
        ),
    ],
)
def test_the_pace_is_explained_in_a_sentence(alice: User, values: dict[str, Any], words: str) -> None:
    connection = connect(alice, "anilist")
    for name, value in values.items():
        setattr(connection, "moved_at" if name == "days" else name, ago(days=value) if name == "days" else value)
    assert describe_pace(connection) == words


def test_the_page_says_it_and_lets_the_person_choose(alice: User, client: Client) -> None:
    connection = rows.make_connection(alice, moved_at=ago(days=9), intervals={"manga": 1440})
    client.force_login(alice)
    page = client.get("/connections/anilist/")
    assert "nothing has changed there for 9 days" in page.content.decode()
    form = page.context["options"]
    assert [name for name in form.fields if "interval" in name or name == "adapts"] == [
        *("interval_minutes", "interval_anime", "interval_manga", "adapts")
    ]
    posted = {
        **{name: form.initial[name] for name in ("direction", "policy", "removals", "kinds", "fields_")},
        "interval_minutes": "60",
        "interval_anime": "180",
        "interval_manga": "",
    }
    client.post("/connections/anilist/", posted)
    after = Connection.objects.get(pk=connection.pk)
    assert (after.intervals, after.adapts) == ({"anime": 180}, False)
    client.post("/connections/anilist/", {**posted, "interval_anime": "", "adapts": "on"})
    after = Connection.objects.get(pk=connection.pk)
    assert (after.intervals, after.adapts) == ({}, True)
