"""A person's yes or no to a plan that lies before them: a first plan, a preview that they asked for, an import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from integrations.models import Connection, ConnectionState
from syncing import queries
from syncing.core.guard import Topic
from syncing.models import Review, ReviewState, RunState, SyncRun
from syncing.services import asking, importing, importing_applying, previewing, reviewing, scheduling
from syncing.services.importing import PURPOSE

if TYPE_CHECKING:
    from accounts.models import User


class NothingToAnswer(Exception):
    """The run is no plan that waits for an answer; the message says so to a person."""


def approve_plan(user: User, *, run_id: UUID) -> SyncRun:
    """Let what a plan shows be done: an import at once, a sync as soon as a worker is free. Answering twice is once.

    Raises SyncRun.DoesNotExist, NothingToAnswer, CannotApprove, CannotSync.
    """
    run = _waiting(user, run_id)
    if run.purpose == PURPOSE:
        return importing_applying.approve_import(user, run_id=run.pk)
    with _held(run) as connection:
        review = _question_of(run, choice="approve")
        if review is not None:
            reviewing.decide(user, review_id=review.pk, choice="approve")
        else:
            asking.check_may_sync(connection)
            scheduling.request_sync(user, provider=run.provider)
    run.refresh_from_db()
    return run


def discard_plan(user: User, *, run_id: UUID) -> SyncRun:
    """Nothing is done. A first plan's connection rests until the person lets it go on.

    Raises SyncRun.DoesNotExist, NothingToAnswer.
    """
    run = _waiting(user, run_id)
    if run.purpose == PURPOSE:
        return importing.discard_import(user, run_id=run.pk)
    with _held(run) as connection:
        review = _question_of(run, choice="discard")
        if review is not None:
            reviewing.decide(user, review_id=review.pk, choice="discard")
        previewing.expire_previews(connection, message="You discarded it.")
    run.refresh_from_db()
    return run


@contextmanager
def _held(run: SyncRun) -> Iterator[Connection]:
    """One after the other: of a yes and a no in the same moment the first holds."""
    assert run.connection_id is not None, "only an import has none"
    with transaction.atomic():
        connection = Connection.objects.select_for_update(no_key=True).get(pk=run.connection_id)
        run.refresh_from_db(fields=["state"])
        _check_waits(run, connection)
        yield connection


def _question_of(run: SyncRun, *, choice: str) -> Review | None:
    """What this plan asks, answered or not; None when it asks nothing. Raises NothingToAnswer when the answer was
    another one."""
    review = Review.objects.filter(run=run, topic=Topic.FIRST_PLAN).exclude(state=ReviewState.EXPIRED).first()
    if review is not None and review.state != ReviewState.OPEN and review.choice != choice:
        raise NothingToAnswer(_SAID[review.choice])
    return review


_SAID = {
    "approve": "You said yes to this plan; its sync starts soon. What it does can be undone.",
    "discard": "You said no to this plan; the service rests until you resume it.",
}


def _waiting(user: User, run_id: UUID) -> SyncRun:
    run = queries.run_for_user(user, run_id)
    _check_waits(run, run.connection)
    return run


def _check_waits(run: SyncRun, connection: Connection | None) -> None:
    """Raises NothingToAnswer."""
    if run.state != RunState.PREVIEW:
        raise NothingToAnswer("This run is no plan that waits for an answer; look at its state.")
    if connection is not None and connection.state == ConnectionState.UNLINKED:
        raise NothingToAnswer("The account was unlinked since.")
