"""Runs, changes and questions of one person. Every function takes the person; a row of someone else does not exist."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from integrations.models import Connection, ConnectionState
from integrations.services.outages import Outage, outages_of
from library.models import Media
from syncing.core.retry import Cause
from syncing.models import (
    Change,
    ChangeState,
    Parked,
    Review,
    ReviewState,
    RunState,
    Schedule,
    SyncRun,
    Unmatched,
)

RECENT = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """How one connection does now. `last`: its latest run of any purpose; `preview`: the run of its open first plan;
    `outage`: why its service cannot be asked at the moment, whoever asks."""

    connection: Connection
    schedule: Schedule | None
    last: SyncRun | None
    preview: SyncRun | None
    reviews: int
    unmatched: int
    parked: int
    outage: Outage | None = None

    @property
    def is_busy(self) -> bool:
        """A run is at work, or somebody asked for one that has not begun."""
        if self.last is not None and self.last.state in (RunState.QUEUED, RunState.RUNNING):
            return True
        return self.schedule is not None and self.schedule.is_on and self.schedule.interactive


def standings_for_user(user: User) -> list[Standing]:
    """One for each linked connection, oldest link first. Six queries, whatever the number of connections."""
    connections = list(
        Connection.objects.filter(user=user)
        .exclude(state=ConnectionState.UNLINKED)
        .annotate(last_run_id=Subquery(_latest_runs(OuterRef("pk")).values("pk")[:1]))
        .order_by("created_at")
    )
    ids = [connection.pk for connection in connections]
    schedules = Schedule.objects.in_bulk(ids)
    runs = SyncRun.objects.in_bulk([connection.last_run_id for connection in connections if connection.last_run_id])
    first_plans = Review.objects.filter(connection__in=ids, topic="first_plan", state=ReviewState.OPEN)
    previews = {
        review.connection_id: review.run
        for review in first_plans.select_related("run").order_by("created_at")
        if review.run is not None
    }
    reviews = _counts(Review.objects.filter(state=ReviewState.OPEN), ids)
    outages = outages_of(sorted({connection.provider for connection in connections}))
    unmatched, parked = _counts(Unmatched.objects.all(), ids), _counts(_parked(), ids)
    return [
        Standing(
            connection,
            schedule=schedules.get(connection.pk),
            last=runs.get(connection.last_run_id),
            preview=previews.get(connection.pk),
            reviews=reviews.get(connection.pk, 0),
            unmatched=unmatched.get(connection.pk, 0),
            parked=parked.get(connection.pk, 0),
            outage=outages.get(connection.provider),
        )
        for connection in connections
    ]


def _latest_runs(connection: OuterRef) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(connection=connection).order_by("-started_at")


def _counts(rows: QuerySet[Review] | QuerySet[Unmatched] | QuerySet[Parked], ids: Collection[UUID]) -> dict[UUID, int]:
    found = rows.filter(connection__in=ids).order_by().values("connection").annotate(count=Count("pk"))
    return {row["connection"]: row["count"] for row in found}


def runs_for_user(user: User, *, provider: str = "") -> QuerySet[SyncRun]:
    """Latest first."""
    rows = SyncRun.objects.filter(user=user).select_related("connection")
    return rows.filter(provider=provider) if provider else rows


def run_for_user(user: User, run_id: UUID) -> SyncRun:
    """Raises SyncRun.DoesNotExist."""
    return SyncRun.objects.select_related("connection").get(user=user, pk=run_id)


def edits_for_user(user: User) -> QuerySet[Change]:
    """What the person did in the library here, outside any run; latest first. Annotated as `changes_for_run`."""
    return _told(Change.objects.filter(user=user, run=None)).order_by("-id")


def _told(rows: QuerySet[Change]) -> QuerySet[Change]:
    """With what showing them needs. `is_undone`: something puts it back already, or has."""
    return rows.select_related("media", "connection").annotate(is_undone=_is_undone())


def _is_undone() -> Exists:
    """As `syncing.services.undoing` counts it: an undo that came to nothing may be tried again."""
    nothing = (ChangeState.FAILED, ChangeState.ABANDONED, ChangeState.SKIPPED, ChangeState.UNKNOWN)
    return Exists(Change.objects.filter(undoes=OuterRef("pk")).exclude(state__in=nothing))


def changes_for_user(user: User) -> QuerySet[Change]:
    """The whole journal, latest first. Annotated as `changes_for_run`."""
    return _told(Change.objects.filter(user=user)).order_by("-id")


def changes_for_run(user: User, run: SyncRun, *, show: str = "") -> QuerySet[Change]:
    """In the order they were planned.

    show: "library" or "service" (where the change happens), "failed", or "" for all.
    """
    rows = _told(Change.objects.filter(user=user, run=run)).order_by("id")
    if show == "library":
        return rows.filter(side="library")
    if show == "service":
        return rows.exclude(side="library")
    if show == "failed":
        return rows.filter(state__in=(ChangeState.FAILED, ChangeState.UNKNOWN, ChangeState.ABANDONED))
    return rows


def change_for_user(user: User, change_id: int) -> Change:
    """Raises Change.DoesNotExist."""
    return Change.objects.get(user=user, pk=change_id)


@dataclass(frozen=True, slots=True)
class Tally:
    """Changes of one run, by where they happen, and by what became of them. undoable: done and not put back."""

    all: int = 0
    library: int = 0
    service: int = 0
    removals: int = 0
    failed: int = 0
    undoable: int = 0


def tally_run(user: User, run: SyncRun) -> Tally:
    failed = (ChangeState.FAILED, ChangeState.UNKNOWN, ChangeState.ABANDONED)
    figures = Change.objects.filter(user=user, run=run).aggregate(
        all=Count("pk"),
        library=Count("pk", filter=Q(side="library")),
        service=Count("pk", filter=~Q(side="library")),
        removals=Count("pk", filter=Q(action="remove")),
        failed=Count("pk", filter=Q(state__in=failed)),
        undoable=Count("pk", filter=Q(state=ChangeState.APPLIED) & ~Q(_is_undone())),
    )
    return Tally(**figures)


def planned_of_run(user: User, run: SyncRun) -> dict[str, int]:
    """{"create": 3, "update": 5}: what an import would do, by action; empty for what is no import that waits."""
    if run.purpose != "import" or run.state != RunState.PREVIEW:
        return {}
    rows = Change.objects.filter(user=user, run=run, state=ChangeState.PLANNED).order_by()
    return dict(rows.values_list("action").annotate(count=Count("pk")))


def reviews_for_user(user: User) -> QuerySet[Review]:
    """What waits for a yes, oldest first."""
    rows = Review.objects.filter(user=user, state=ReviewState.OPEN)
    return rows.select_related("connection", "media", "run").order_by("created_at", "pk")


def review_for_user(user: User, review_id: int) -> Review:
    """Raises Review.DoesNotExist, also for what was decided already."""
    return Review.objects.select_related("connection", "media").get(user=user, pk=review_id, state=ReviewState.OPEN)


def any_review_for_user(user: User, review_id: int) -> Review:
    """Open or not. Raises Review.DoesNotExist."""
    return Review.objects.select_related("connection", "media").get(user=user, pk=review_id)


def count_reviews(user: User) -> int:
    return Review.objects.filter(user=user, state=ReviewState.OPEN).count()


def review_of_run(user: User, run: SyncRun) -> Review | None:
    """The open question that this run, as a whole, waits for."""
    return Review.objects.filter(user=user, run=run, state=ReviewState.OPEN, media=None).order_by("created_at").first()


def unmatched_for_user(user: User, *, provider: str = "") -> QuerySet[Unmatched]:
    rows = Unmatched.objects.filter(user=user).select_related("connection", "media")
    rows = rows.filter(connection__provider=provider) if provider else rows
    return rows.order_by("connection__provider", "kind", "title", "pk")


def unmatched_row_for_user(user: User, row_id: int) -> Unmatched:
    """Raises Unmatched.DoesNotExist, also for one that has been decided."""
    return Unmatched.objects.select_related("connection", "media").get(user=user, pk=row_id)


def unmatched_work_for_user(user: User, connection: Connection, media: Media) -> Unmatched | None:
    """What is known of a work that this service does not seem to have."""
    rows = Unmatched.objects.filter(user=user, connection=connection, media=media)
    return rows.select_related("connection", "media").first()


def _parked() -> QuerySet[Parked]:
    """Without what is only sent again: one lost answer is a matter of luck."""
    return Parked.objects.exclude(cause=Cause.LOST, failures=1)


def parked_for_user(user: User) -> QuerySet[Parked]:
    """Entries that are set aside since something failed, with the title where the journal knows it."""
    titles = Change.objects.filter(
        user=user, connection=OuterRef("connection"), kind=OuterRef("kind"), remote_id=OuterRef("remote_id")
    ).exclude(title="")
    rows = _parked().filter(user=user).select_related("connection")
    return rows.annotate(title=Subquery(titles.values("title")[:1])).order_by("connection__provider", "-last_failed_at")
