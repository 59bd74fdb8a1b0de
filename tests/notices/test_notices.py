"""What people are told of, once each, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.utils import timezone

from accounts.models import User
from integrations.crypto import Secret
from integrations.models import Connection
from notices import tasks
from notices.events import Event
from notices.models import Channel, Notice
from notices.services import channels, digests, pruning, sending, trying, webhooks, writing
from notices.services.turns import take_turn
from notices.services.webhooks import NotDelivered
from syncing.models import SyncRun
from syncing.signals import questions_asked, run_ended
from tests.notices.conftest import HOOK, Hook
from tests.web import rows

give_mail = import_module("notices.migrations.0002_mail_for_everybody").give_mail


@pytest.fixture
def linked(alice: User) -> Connection:
    return rows.make_connection(alice)


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What webhooks were sent; raise what `answer` holds by appending an exception to `failures`."""
    sent: list[dict[str, Any]] = []

    def post(url: str, *, secret: Secret, payload: dict[str, Any]) -> None:
        assert (url, len(secret.reveal())) == (HOOK, 43)
        sent.append(payload)

    monkeypatch.setattr(webhooks, "post", post)
    return sent


def end(connection: Connection, **values: Any) -> SyncRun:
    run = rows.make_run(connection, **values)
    run_ended.send(SyncRun, run=run)
    return run


def told() -> list[tuple[str, str]]:
    return list(Notice.objects.order_by("created_at").values_list("event", "subject"))


def test_changes_are_told_to_who_wants_to_hear_of_them(linked: Connection, hook: Hook) -> None:
    hook("sync_changed")
    hook("sync_failed")
    run = end(linked, library_changes=2, writes=1)
    assert told() == [("sync_changed", "AniList: 3 changes")]
    notice = Notice.objects.get()
    assert notice.data["run"] == str(run.pk)
    assert notice.data["url"].endswith(f"/runs/{run.pk}/")


def test_nothing_is_said_of_a_run_without_changes(linked: Connection, hook: Hook) -> None:
    hook("sync_changed", "sync_failed")
    end(linked)
    end(linked, state="preview", purpose="preview", writes=3)
    assert told() == []


def test_a_long_sync_of_many_runs_is_told_once_an_hour(linked: Connection, hook: Hook) -> None:
    hook("sync_changed")
    for _ in range(5):
        end(linked, writes=200, state="partial")
    assert len(told()) == 1


@pytest.mark.parametrize(("state", "code"), [("failed", "internal"), ("halted", "unavailable"), ("held", "guard")])
def test_trouble_is_told_once_a_day_and_kind(linked: Connection, hook: Hook, state: str, code: str) -> None:
    hook("sync_failed")
    for _ in range(3):
        end(linked, state=state, error_code=code, message="Why.")
    assert [event for event, _ in told()] == ["sync_failed"]
    assert "Why." in Notice.objects.get().text


def test_a_dead_sign_in_is_told_by_its_own_event_alone(linked: Connection, hook: Hook) -> None:
    hook("sync_failed")
    end(linked, state="halted", error_code="needs_login")
    assert told() == []


def test_questions_are_told_once_a_day(linked: Connection, hook: Hook) -> None:
    hook("review_waiting")
    run = rows.make_run(linked)
    for _ in range(2):
        questions_asked.send(SyncRun, run=run, count=2)
    assert told() == [("review_waiting", "AniList: something waits for your answer")]


def test_no_title_and_no_note_is_in_a_notice(linked: Connection, hook: Hook) -> None:
    hook("sync_changed", "sync_failed", "review_waiting")
    run = rows.make_run(linked, writes=1)
    rows.make_change(run, rows.make_media("Planted title"))
    run_ended.send(SyncRun, run=run)
    questions_asked.send(SyncRun, run=run, count=1)
    assert Notice.objects.count() == 2
    assert not any("Planted" in f"{notice.text}{notice.subject}{notice.data}" for notice in Notice.objects.all())


def test_nobody_else_is_told(linked: Connection, bob: User, hook: Hook) -> None:
    channels.add_channel(bob, way="webhook", address=HOOK, events=["sync_changed"])
    end(linked, writes=1)
    assert told() == []


# Sending ---------------------------------------------------------------------------------------------------


def test_a_webhook_is_delivered_once(linked: Connection, hook: Hook, posted: list[dict[str, Any]]) -> None:
    hook("sync_changed")
    end(linked, writes=1)
    assert (sending.send_due(), sending.send_due(), len(posted)) == (1, 0, 1)
    assert posted[0]["event"] == "sync_changed"
    assert Notice.objects.get().state == "sent"


def test_mail_goes_to_the_persons_own_address(alice: User, linked: Connection) -> None:
    channel = channels.mail_channel(alice)
    channels.change_channel(alice, channel_id=channel.pk, events=["sync_changed"])
    end(linked, writes=1)
    sending.send_due()
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([alice.email], "[Enishi] AniList: 1 changes")
    assert "/account/notifications/" in message.body


def test_what_did_not_arrive_is_tried_again_and_then_given_up(
    linked: Connection, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, _ = hook("sync_changed")
    end(linked, writes=1)

    def refuse(url: str, **_: Any) -> None:
        raise NotDelivered("The address answered 500.")

    monkeypatch.setattr(webhooks, "post", refuse)
    waits = []
    for _ in range(len(sending.AGAIN) + 1):
        before = timezone.now()
        assert sending.send_due() == 0
        notice = Notice.objects.get()
        waits.append(round((notice.due_at - before) / timedelta(minutes=1)))
        assert sending.send_due() == 0
        Notice.objects.update(due_at=timezone.now())
    assert waits[:-1] == [1, 10, 60, 360, 1440]
    notice = Notice.objects.get()
    assert (notice.state, notice.tries, notice.message) == ("failed", 6, "The address answered 500.")
    channel.refresh_from_db()
    assert (channel.failures, channel.is_on) == (1, True)


def test_an_address_that_asks_us_to_stop_is_switched_off(
    linked: Connection, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, _ = hook("sync_changed")
    end(linked, writes=1)

    def gone(url: str, **_: Any) -> None:
        raise NotDelivered("The address answered 410.", is_final=True)

    monkeypatch.setattr(webhooks, "post", gone)
    sending.send_due()
    channel.refresh_from_db()
    assert (channel.is_on, channel.message, Notice.objects.get().state) == (
        False,
        "The address answered 410.",
        "failed",
    )
    end(linked, state="failed", error_code="internal")
    assert Notice.objects.count() == 1
    channels.change_channel(channel.user, channel_id=channel.pk, is_on=True)
    channel.refresh_from_db()
    assert (channel.is_on, channel.failures, channel.message) == (True, 0, "")


def test_what_a_dead_worker_took_is_sent_later(linked: Connection, hook: Hook, posted: list[dict[str, Any]]) -> None:
    hook("sync_changed")
    end(linked, writes=1)
    assert sending._take(Notice.objects.get().pk) is not None
    assert (sending.send_due(), posted) == (0, [])
    Notice.objects.update(due_at=timezone.now())
    assert (sending.send_due(), len(posted)) == (1, 1)


def test_one_that_cannot_be_reached_does_not_stop_the_others(
    linked: Connection, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook("sync_changed")
    hook("sync_changed")
    end(linked, writes=1)
    calls = iter([NotDelivered("no"), None])

    def post(url: str, **_: Any) -> None:
        if error := next(calls):
            raise error

    monkeypatch.setattr(webhooks, "post", post)
    assert sending.send_due() == 1


def test_a_fault_of_ours_does_not_stop_the_others(
    linked: Connection, hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook("sync_changed")
    hook("sync_changed")
    end(linked, writes=1)
    calls = iter([ValueError("planted"), None])

    def post(url: str, **_: Any) -> None:
        if error := next(calls):
            raise error

    monkeypatch.setattr(webhooks, "post", post)
    assert sending.send_due() == 1
    assert sorted(Notice.objects.values_list("state", "tries")) == [("sent", 1), ("waiting", 1)]
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage().startswith(
        f"notice {Notice.objects.get(state='waiting').pk} could not be delivered: ValueError"
    )
    # Where, and not what: the message of an error may quote an address.
    assert "in by_webhook" in caplog.text
    assert "planted" not in caplog.text


def test_a_channel_that_fails_is_left_alone_for_the_rest_of_the_turn(
    linked: Connection, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits for seconds on an address that does not answer, and others wait behind it."""
    hook("sync_changed", "sync_failed")
    end(linked, writes=1)
    end(linked, state="failed", error_code="internal")
    tried: list[str] = []

    def post(url: str, **_: Any) -> None:
        tried.append(url)
        raise NotDelivered("The address did not answer.")

    monkeypatch.setattr(webhooks, "post", post)
    assert (sending.send_due(), len(tried)) == (0, 1)
    assert (sending.send_due(), len(tried)) == (0, 2)


def test_a_trial_is_made_once(alice: User, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, _ = hook()

    def refuse(url: str, **_: Any) -> None:
        raise NotDelivered("The address answered 500.")

    monkeypatch.setattr(webhooks, "post", refuse)
    trying.try_channel(alice, channel_id=channel.pk)
    sending.send_due()
    channel.refresh_from_db()
    assert (Notice.objects.get().state, channel.failures, channel.message) == ("failed", 0, "The address answered 500.")


def test_few_turns_at_once(linked: Connection, hook: Hook, posted: list[dict[str, Any]]) -> None:
    """However many are asked for: each holds a thread that syncs need."""
    hook("sync_changed")
    end(linked, writes=1)
    with take_turn(), take_turn():
        assert (sending.send_due(), posted) == (0, [])
    assert sending.send_due() == 1


def test_the_clock_only_passes_it_on(
    linked: Connection, hook: Hook, posted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that keeps the schedule waits for nobody out there."""
    asked: list[str] = []
    monkeypatch.setattr(sending, "nudge", lambda: asked.append("sent"))
    tasks.send_due()
    hook("sync_changed")
    end(linked, writes=1)
    tasks.send_due()
    assert (asked, posted) == (["sent"], [])


def test_a_trial_is_sent_whatever_the_channel_is_told_of(alice: User, hook: Hook, posted: list[dict[str, Any]]) -> None:
    channel, _ = hook()
    trying.try_channel(alice, channel_id=channel.pk)
    sending.send_due()
    assert posted[0]["subject"] == "This is a trial"


def test_who_is_switched_off_is_told_nothing(
    alice: User, linked: Connection, hook: Hook, posted: list[dict[str, Any]]
) -> None:
    hook("sync_changed")
    end(linked, writes=1)
    User.objects.update(is_active=False)
    sending.send_due()
    assert (posted, Notice.objects.get().state) == ([], "failed")


# Digests, upkeep, channels ---------------------------------------------------------------------------------


def test_a_digest_comes_once_a_week_to_who_wants_it(linked: Connection, hook: Hook) -> None:
    hook("digest")
    hook("sync_failed")
    rows.make_run(linked, writes=3, library_changes=2, checks=14)
    rows.make_run(linked, state="failed")
    assert (digests.write_digests(), digests.write_digests()) == (1, 0)
    notice = Notice.objects.get()
    assert "AniList: looked at 15 times, 2 taken in, 3 written there, 1 times something went wrong." in notice.text


def test_digests_reach_everybody(alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "MOST", 1)
    for user in (alice, bob):
        channels.add_channel(user, way="webhook", address=HOOK, events=["digest"])
        channels.add_channel(user, way="webhook", address=HOOK, events=["digest"])
    assert (digests.write_digests(), Notice.objects.count()) == (2, 4)


def test_old_notices_go(alice: User, hook: Hook) -> None:
    channel, _ = hook()
    for days in (1, 40):
        notice = trying.try_channel(alice, channel_id=channel.pk)
        Notice.objects.filter(pk=notice.pk).update(created_at=timezone.now() - timedelta(days=days))
    assert (pruning.prune(), Notice.objects.count()) == (1, 1)


def test_an_address_and_a_secret_are_sealed_and_shown_nowhere(alice: User, hook: Hook) -> None:
    channel, secret = hook("sync_failed")
    raw = str(Channel.objects.filter(pk=channel.pk).extra(select={"raw": "address"}).values_list("raw").get())
    assert "hooks.example.org" not in raw
    assert channel.shown == "https://hooks.example.org/…"
    assert secret not in repr(channel.__dict__)


def test_a_person_has_ten_channels_at_most(alice: User, hook: Hook) -> None:
    for _ in range(channels.MOST):
        hook()
    with pytest.raises(channels.ChannelRefused):
        hook()


def test_whoever_was_here_before_gets_mail_too(alice: User, bob: User) -> None:
    Channel.objects.filter(user=bob).delete()
    give_mail(apps, None)
    give_mail(apps, None)
    found = Channel.objects.order_by("user__email").values_list("user__email", "way", "events")
    assert list(found) == [(user.email, "email", ["needs_login", "login_ends"]) for user in (alice, bob)]


def test_mail_cannot_be_removed_but_falls_silent(alice: User) -> None:
    channel = channels.mail_channel(alice)
    channels.drop_channel(alice, channel_id=channel.pk)
    assert Channel.objects.get().events == []
    writing.tell(alice.pk, writing.Told(Event.SYNC_FAILED, "k", "s", "t"))
    assert Notice.objects.count() == 0
