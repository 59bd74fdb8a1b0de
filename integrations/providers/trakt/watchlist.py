"""Planned titles on the watchlist, and dropped shows. Source: providers/trakt.md 4, 7.4, 7.5 and 8, read 2026-11-25.

Both are sets: adding what is there does no harm. A free account's watchlist holds 250 things, far fewer than many
people plan to watch, so what happens to the rest is theirs to choose (option "watchlist").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from integrations.errors import Gone
from integrations.providers.trakt import client
from integrations.providers.trakt.desk import Desk, Job
from integrations.providers.trakt.judging import SLUG, LimitReached
from integrations.providers.trakt.ratings import spots_in
from integrations.providers.trakt.shelf import Spot, body_of, stands_for_show
from library.entry import Status
from library.episodes.model import TargetKind

SKIP, NEWEST, WARN = "skip", "newest", "warn"


def send_listings(desk: Desk, jobs: Sequence[Job]) -> None:
    """What does not fit is left out, or refused where the person wants to be told."""
    way = desk.session.options.get("watchlist", NEWEST)
    wanted = [job for job in jobs if way != SKIP and _is_to_be_listed(desk, job)]
    fitting = wanted[: _room(desk)]
    _refuse(wanted[len(fitting) :], way)
    if not fitting:
        return
    spots = {job.plot.listings[0]: job for job in fitting}
    body = body_of({spot: {} for spot in spots})

    def call() -> client.Written:
        try:
            return client.post(desk.session, "sync/watchlist", body)
        except LimitReached:
            # Full after all, e.g. of episodes, which we do not read: nothing more is added in this run.
            desk.shelf.is_full = True
            _refuse(fitting, way)
            return client.Written(client.NotFound(), list=None)

    answer = desk.attempt(fitting, call)
    if answer is None or desk.shelf.is_full:
        return
    lost = set(spots_in(answer.not_found))
    for spot, job in spots.items():
        if spot in lost:
            job.fail(Gone("Trakt does not have this title.", provider=SLUG))
        elif spot not in desk.shelf.listed:
            desk.shelf.listed[spot] = None
            desk.shelf.listed_count += 1
    if answer.list and answer.list.item_count is not None:
        desk.shelf.listed_count = answer.list.item_count


def _is_to_be_listed(desk: Desk, job: Job) -> bool:
    desired = job.write.desired
    if job.error is not None or desired.status is not Status.PLANNED or desired.progress or not job.wants("status"):
        return False
    if any(item in desk.shelf.watched for item in job.plot.items):
        return False
    return bool(job.plot.listings) and not any(spot in desk.shelf.listed for spot in job.plot.listings)


def _room(desk: Desk) -> int | None:
    """None = Trakt did not say how much there is."""
    if desk.shelf.is_full:
        return 0
    limit = desk.session.account_settings.get("watchlist")
    return max(0, limit - desk.shelf.listed_count) if isinstance(limit, int) else None


def _refuse(jobs: Iterable[Job], way: str) -> None:
    if way == WARN:
        for job in jobs:
            job.fail(LimitReached("Your Trakt watchlist is full; this title was not added to it.", provider=SLUG))


def take_off(desk: Desk, jobs: Sequence[Job]) -> None:
    spots = {spot: job for job in jobs for spot in job.plot.listings if spot in desk.shelf.listed}
    if not spots:
        return
    body = body_of({spot: {} for spot in spots})
    if desk.attempt(jobs, lambda: client.post(desk.session, "sync/watchlist/remove", body)) is not None:
        for spot in spots:
            del desk.shelf.listed[spot]
        desk.shelf.listed_count -= len(spots)


def send_drops(desk: Desk, jobs: Sequence[Job]) -> None:
    """Whole shows only, so only for the work that stands for its show. A show that is taken up again is freed."""
    if not desk.rules.drops:
        return
    wanted = [job for job in jobs if job.error is None and job.plot.show and job.wants("status")]
    meant = [job for job in wanted if stands_for_show(desk.shelf, job.plot)]
    dropped = {job.plot.show: job for job in meant if job.write.desired.status is Status.DROPPED}
    freed = {job.plot.show: job for job in meant if job.write.desired.status is not Status.DROPPED}
    added = {show: job for show, job in dropped.items() if show not in desk.shelf.dropped}
    removed = {show: job for show, job in freed.items() if show in desk.shelf.dropped and show not in dropped}
    for path, chosen in (("users/hidden/dropped", added), ("users/hidden/dropped/remove", removed)):
        if chosen:
            _send_drops(desk, path, chosen)


def _send_drops(desk: Desk, path: str, chosen: dict[str, Job]) -> None:
    spots = {Spot(TargetKind.SHOW, show): job for show, job in chosen.items()}
    body = body_of({spot: {} for spot in spots})
    answer = desk.attempt(list(chosen.values()), lambda: client.post(desk.session, path, body))
    if answer is None:
        return
    lost = set(spots_in(answer.not_found))
    for spot, job in spots.items():
        if spot in lost:
            job.fail(Gone("Trakt does not have this title.", provider=SLUG))
        elif path.endswith("/remove"):
            desk.shelf.dropped.pop(spot.id, None)
        else:
            desk.shelf.dropped[spot.id] = None
