"""A person's yes or no to a plan that lies before them: a first plan, a preview that they asked for, an import."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from integrations.models import Connection, ConnectionState
from syncing import queries
from syncing.models import RunState, SyncRun
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
    review = queries.review_of_run(user, run)
    if review is not None:
        reviewing.decide(user, review_id=review.pk, choice="approve")
    else:
        assert run.connection is not None, "only an import has none"
        asking.check_may_sync(run.connection)
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
    review = queries.review_of_run(user, run)
    if review is not None:
        reviewing.decide(user, review_id=review.pk, choice="discard")
    assert run.connection is not None, "only an import has none"
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True).get(pk=run.connection.pk)
        previewing.expire_previews(run.connection, message="You discarded it.")
    run.refresh_from_db()
    return run


def _waiting(user: User, run_id: UUID) -> SyncRun:
    run = queries.run_for_user(user, run_id)
    if run.state != RunState.PREVIEW:
        raise NothingToAnswer("This run is no plan that waits for an answer; look at its state.")
    if run.connection is not None and run.connection.state == ConnectionState.UNLINKED:
        raise NothingToAnswer("The account was unlinked since.")
    return run
