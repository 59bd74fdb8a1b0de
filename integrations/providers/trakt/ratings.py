"""Scores. Several entries may share a show, so a score goes to the season, show or film that is the entry alone.

Source: providers/trakt.md 7.3 and 8, read 2026-11-25. Ratings replace what was there: sending one twice does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from integrations.capability import SCALES
from integrations.errors import Gone
from integrations.providers.trakt import client
from integrations.providers.trakt.desk import Desk, Job
from integrations.providers.trakt.judging import SLUG
from integrations.providers.trakt.shelf import Rating, Spot, body_of, entry_of, score_of
from library.episodes.model import TargetKind

SCALE = SCALES["10"]


def send_ratings(desk: Desk, jobs: Sequence[Job]) -> None:
    """Scores of works that have a trace at Trakt; without one nothing would be read back (`shelf.entry_of`)."""
    added: dict[Spot, tuple[Job, int]] = {}
    removed: dict[Spot, Job] = {}
    for job in jobs:
        if job.error is not None or not job.wants("score") or entry_of(desk.shelf, job.plot, desk.rules) is None:
            continue
        mark = SCALE.mark(job.write.desired.score) // 10
        held = score_of(desk.shelf, job.plot)
        if mark and job.plot.ratings and (held is None or held.mark != mark):
            added[job.plot.ratings[0]] = (job, mark)
        # A work that is new to the list has no score that anybody took away: what was rated before stays.
        elif not mark and held and not job.is_new and not job.write.create:
            removed |= {spot: job for spot in job.plot.ratings if spot in desk.shelf.ratings}
    _add(desk, added)
    _remove(desk, removed)


def _add(desk: Desk, added: dict[Spot, tuple[Job, int]]) -> None:
    if not added:
        return
    body = body_of({spot: {"rating": mark} for spot, (_, mark) in added.items()})
    answer = desk.attempt([job for job, _ in added.values()], lambda: client.post(desk.session, "sync/ratings", body))
    if answer is None:
        return
    lost = set(spots_in(answer.not_found))
    for spot, (job, mark) in added.items():
        if spot in lost:
            job.fail(Gone("Trakt does not have what was to be rated.", provider=SLUG))
        else:
            desk.shelf.ratings[spot] = Rating(mark)


def _remove(desk: Desk, removed: dict[Spot, Job]) -> None:
    if not removed:
        return
    body = body_of({spot: {} for spot in removed})
    jobs = list({id(job): job for job in removed.values()}.values())
    if desk.attempt(jobs, lambda: client.post(desk.session, "sync/ratings/remove", body)) is not None:
        for spot in removed:
            desk.shelf.ratings.pop(spot, None)


def spots_in(told: client.NotFound) -> Iterator[Spot]:
    for film in told.movies:
        if film.ids:
            yield Spot(TargetKind.MOVIE, str(film.ids.trakt))
    for show in told.shows:
        if show.ids:
            for season in show.seasons or [client.MissingSeason()]:
                yield Spot(TargetKind.SHOW, str(show.ids.trakt), -1 if season.number is None else season.number)
