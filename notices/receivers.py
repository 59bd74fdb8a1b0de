"""What the rooms to the left tell, turned into what people are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.providers import registry
from integrations.signals import connection_needs_login, login_ends_soon
from notices.events import Event
from notices.services.channels import mail_channel
from notices.services.writing import Told, tell
from syncing.models import RunState, SyncRun
from syncing.signals import questions_asked, run_ended


@receiver(post_save, sender=User)
def on_person_made(instance: User, *, created: bool, raw: bool, **_: Any) -> None:
    """So that looking at the settings need not make anything. raw: a fixture brings its own rows."""
    if created and not raw:
        mail_channel(instance)


@receiver(connection_needs_login)
def on_needs_login(connection: Connection, **_: Any) -> None:
    name = _name(connection.provider)
    tell(
        connection.user_id,
        Told(
            Event.NEEDS_LOGIN,
            # Once for each sign-in that died.
            f"{connection.pk}:{connection.token_version}",
            subject=f"Please link {name} again",
            text=f"{connection.message}\nUntil then this list is not kept in step. Nothing is lost.",
            link="/connections/",
            data={"provider": connection.provider, "reason": connection.message_code},
        ),
    )


@receiver(login_ends_soon)
def on_login_ends(connection: Connection, expires_at: datetime, days: int, **_: Any) -> None:
    name = _name(connection.provider)
    tell(
        connection.user_id,
        Told(
            Event.LOGIN_ENDS,
            f"{connection.pk}:{connection.token_version}:{days}",
            subject=f"Access to {name} runs out in {days} day{'s' if days != 1 else ''}",
            text=f"{connection.message}\nIt takes one click, and nothing is lost.",
            link="/connections/",
            data={"provider": connection.provider, "ends_at": expires_at.isoformat()},
        ),
    )


@receiver(run_ended)
def on_run_ended(run: SyncRun, **_: Any) -> None:
    if run.state in (RunState.DONE, RunState.PARTIAL) and run.purpose in ("sync", "undo", "import"):
        _tell_changes(run)
    elif run.state in (RunState.FAILED, RunState.HALTED, RunState.HELD) and run.error_code != "needs_login":
        _tell_failure(run)


def _tell_changes(run: SyncRun) -> None:
    if not (run.library_changes or run.writes):
        return
    name, hour = _name(run.provider), timezone.now().strftime("%Y-%m-%dT%H")
    taken, written = run.library_changes, run.writes
    tell(
        run.user_id,
        Told(
            Event.SYNC_CHANGED,
            # A long sync is many runs: once an hour is enough.
            f"{run.connection_id or run.provider}:{hour}",
            subject=f"{name}: {taken + written} changes",
            text=f"{taken} taken into your library, {written} written to {name}.",
            link=f"/runs/{run.pk}/",
            data={"provider": run.provider, "run": str(run.pk), "library_changes": taken, "writes": written},
        ),
    )


def _tell_failure(run: SyncRun) -> None:
    name, day = _name(run.provider), timezone.now().strftime("%Y-%m-%d")
    tell(
        run.user_id,
        Told(
            Event.SYNC_FAILED,
            f"{run.connection_id or run.provider}:{run.error_code}:{day}",
            subject=f"{name}: {run.get_state_display()}",
            text=run.message or "The sync ended early. Nothing is lost.",
            link=f"/runs/{run.pk}/",
            data={"provider": run.provider, "run": str(run.pk), "state": run.state, "reason": run.error_code},
        ),
    )


@receiver(questions_asked)
def on_questions(run: SyncRun, count: int, **_: Any) -> None:
    name, day = _name(run.provider), timezone.now().strftime("%Y-%m-%d")
    tell(
        run.user_id,
        Told(
            Event.REVIEW_WAITING,
            f"{run.connection_id}:{day}",
            subject=f"{name}: something waits for your answer",
            text=f"{count} question{'s' if count != 1 else ''} about {name}. Nothing happens before you answer.",
            link="/reviews/",
            data={"provider": run.provider, "count": count},
        ),
    )


def _name(slug: str) -> str:
    try:
        return registry.get(slug).name
    except registry.UnknownProvider:
        return "Your file"
