"""A person's file into their library: looked at first, done after a yes, and undone like any run.

An import is a run without a connection. Its plan is in the journal and changes nothing until the person approves it;
what was edited meanwhile is left as it is and named. Nothing is ever removed. What was taken travels to the services
like any edit here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from accounts.models import User
from library import queries, stamps
from library.files.model import FileEntry, Format, Problem, Reading
from library.services.catalogue import titles_of
from syncing.core.intake import POLICIES, Intake, take_in
from syncing.core.model import Action, Canonical
from syncing.models import Change, ChangeState, RunState, SyncRun
from syncing.services import journal
from syncing.services.importing_matching import Place, place_works

T = TypeVar("T")
FILE = "file"
"""`SyncRun.provider` of imports, and of their undoing."""
PURPOSE = "import"
LASTS = timedelta(days=7)
"""How long a plan waits for a yes."""
BATCH = 2000
LEFT_OUT = "unmatched"
UNREADABLE = "unreadable"
TWICE = "The file has this title twice; the later one counts."
NAMES = {Format.MAL_XML: "MyAnimeList XML", Format.JSON: "JSON", Format.CSV: "CSV"}


@dataclass(slots=True)
class _Plan:
    """same: entries that change nothing. kept: values that differ and stay, by the policy."""

    rows: list[Change] = field(default_factory=list)
    left_out: list[Change] = field(default_factory=list)
    same: int = 0
    kept: int = 0


def preview_import(user: User, reading: Reading, *, policy: str = "newest", trigger: str = "person") -> SyncRun:
    """The plan of an import, stored and shown; one that still waited gives way. policy: a key of POLICIES.

    The run's changes are all that would be done (planned), and all that cannot be (failed, with the reason).
    Raises ValueError for an unknown policy.
    """
    if policy not in POLICIES:
        raise ValueError(f"choose one of: {', '.join(POLICIES)}")
    run = SyncRun(
        user=user,
        provider=FILE,
        purpose=PURPOSE,
        trigger=trigger,
        state=RunState.PREVIEW,
        finished_at=timezone.now(),
        entries_read=reading.rows,
    )
    plan = _make_plan(run, reading, policy=policy)
    run.failed = len(plan.left_out) + reading.more_problems
    run.message = _tell(reading, plan, policy=policy)[:500]
    with transaction.atomic():
        # The person's row: of two uploads at once the later stays.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        give_up(SyncRun.objects.filter(user=user), message="A newer file took its place.")
        run.save(force_insert=True)
        for rows in _chunks([*plan.rows, *plan.left_out], BATCH):
            Change.objects.bulk_create(rows, batch_size=500)
    return run


def discard_import(user: User, *, run_id: UUID) -> SyncRun:
    """Raises SyncRun.DoesNotExist. One that is done or given up stays as it is."""
    with transaction.atomic():
        run = lock_import(user, run_id)
        give_up(SyncRun.objects.filter(pk=run.pk), message="You discarded it.")
    run.refresh_from_db()
    return run


def lock_import(user: User, run_id: UUID) -> SyncRun:
    """The run of an import, locked until the transaction ends. Raises SyncRun.DoesNotExist."""
    rows = SyncRun.objects.select_for_update(of=("self",))
    return rows.get(user=user, pk=run_id, purpose=PURPOSE)


def give_up(runs: models.QuerySet[SyncRun], *, message: str) -> int:
    """Imports among these that wait for a yes will not be done. Their plan is dropped: it is as long as the file."""
    keys = list(runs.filter(purpose=PURPOSE, state=RunState.PREVIEW).values_list("pk", flat=True)[:BATCH])
    rows = Change.objects.filter(run__in=keys)
    while some := list(rows.values_list("pk", flat=True)[:BATCH]):
        Change.objects.filter(pk__in=some).delete()
    SyncRun.objects.filter(pk__in=keys).update(
        state=RunState.ABANDONED, failed=0, finished_at=timezone.now(), message=message
    )
    return len(keys)


def expire_imports() -> int:
    """Plans that nobody said a word about."""
    old = SyncRun.objects.filter(started_at__lt=timezone.now() - LASTS)
    return give_up(old, message=f"Nobody approved it within {LASTS.days} days.")


def _make_plan(run: SyncRun, reading: Reading, *, policy: str) -> _Plan:
    plan = _Plan()
    places = place_works(run.user_id, [each.work for each in reading.entries])
    chosen: dict[object, tuple[FileEntry, Place]] = {}
    for each, place in zip(reading.entries, places, strict=True):
        if place.reason:
            plan.left_out.append(_left_out(run, each, place.reason))
            continue
        key = place.media_id if place.media_id is not None else (each.work.kind, place.new)
        if key in chosen:
            plan.left_out.append(_left_out(run, chosen[key][0], TWICE))
        chosen[key] = each, place
    plan.left_out += [_unreadable(run, problem) for problem in reading.problems]
    library = queries.rows_of(run.user_id)
    titles = titles_of(place.media_id for _, place in chosen.values() if place.media_id is not None)
    now = timezone.now().timestamp()
    for each, place in chosen.values():
        row = library.get(place.media_id or 0)
        canonical = Canonical(row.entry, row.stamps, row.removed) if row is not None else None
        intake = take_in(canonical, each.entry, each.stamps, kind=each.work.kind, policy=policy, now=now)
        plan.kept += len(intake.kept)
        if intake.action is Action.NONE:
            plan.same += not intake.kept
            continue
        plan.rows.append(_planned(run, each, place, intake=intake, titles=titles))
    return plan


def _planned(run: SyncRun, each: FileEntry, place: Place, *, intake: Intake, titles: Mapping[int, str]) -> Change:
    """A work that is new here has no media yet, but its id: "myanimelist:5114"."""
    return Change(
        user_id=run.user_id,
        run=run,
        media_id=place.media_id,
        kind=each.work.kind,
        remote_id=":".join(place.new) if place.new else "",
        title=titles.get(place.media_id or 0, "") or each.work.title,
        side=journal.LIBRARY,
        source=PURPOSE,
        action=intake.action,
        before=journal.before_of(intake.moves, intake.action),
        after=journal.after_of(intake.moves, intake.action),
        reason=intake.reason or journal.telling_reason(intake.moves),
        stamps=stamps.stamps_to_json(intake.stamps),
    )


def _left_out(run: SyncRun, each: FileEntry, why: str) -> Change:
    ids = ", ".join(f"{site} {id_}" for site, id_ in sorted(each.work.ids.items()))
    return _failed(
        run,
        LEFT_OUT,
        f"{why} (row {each.place}{f': {ids}' if ids else ''})",
        title=each.work.title,
        kind=each.work.kind,
    )


def _unreadable(run: SyncRun, problem: Problem) -> Change:
    return _failed(run, UNREADABLE, f"Row {problem.place}: {problem.text}", title=problem.title)


def _failed(run: SyncRun, reason: str, message: str, *, title: str, kind: str = "") -> Change:
    return Change(
        user_id=run.user_id,
        run=run,
        kind=kind,
        title=title or "An entry without a title",
        side=journal.LIBRARY,
        source=PURPOSE,
        action=Action.CREATE,
        state=ChangeState.FAILED,
        reason=reason,
        message=message[:500],
        settled_at=timezone.now(),
    )


_RULES = {
    "newest": "the newer value wins",
    "library": "your library wins",
    "file": "the file wins",
    "furthest": "the furthest progress wins, else the newer value",
}


def _tell(reading: Reading, plan: _Plan, *, policy: str) -> str:
    """What the page of the run says of the file as a whole."""
    said = [f"{NAMES[reading.format]}, {reading.rows} entries; where both differ, {_RULES[policy]}."]
    if reading.cut_short:
        said.append(f"The file is damaged: {reading.cut_short} What came before is used.")
    if plan.same:
        said.append(f"{plan.same} say what your library says already.")
    if plan.kept:
        said.append(f"{plan.kept} differing values stay as your library has them.")
    if reading.more_problems:
        said.append(f"{reading.more_problems} more rows could not be read.")
    if reading.ignored:
        said.append(f"Not carried over: {', '.join(sorted(reading.ignored))}.")
    return " ".join(said)


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some
