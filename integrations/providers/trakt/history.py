"""Sending plays. Trakt's history only grows: an equal play sent twice is two plays, and accounts with too many of them
were locked (trakt.md 7.1). So every play is in the play book before its call, and stays doubtful until it is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from integrations.atlas import PlayBook
from integrations.errors import Doubtful, Gone, ProviderError, Transient
from integrations.providers.trakt import client, convert
from integrations.providers.trakt.desk import Desk, Job
from integrations.providers.trakt.judging import SLUG, LimitReached
from integrations.providers.trakt.shelf import entry_of
from library.entry import Status
from library.episodes.model import Item, TargetKind
from library.episodes.progress import plays_for

MOST_PLAYS, MOST_SHOWS = 200, 100
"""Of one request. No limit is documented; 800 ratings took 45 s, and we wait 30 s for an answer (trakt.md 7.9)."""
DOUBT_SECONDS = 60.0
"""A read shows a write some seconds late (trakt.md 6.2): only one that began this long after it can tell."""

Moments = Mapping[Item, str | datetime]


def send_plays(desk: Desk, jobs: Sequence[Job]) -> None:
    """Brings the plays of all jobs about. Those that Trakt has, or that we sent before, are not sent again."""
    plays = desk.session.plays
    assert plays is not None
    owners: dict[Item, list[Job]] = {}
    moments: dict[Item, str | datetime] = {}
    for job in jobs:
        missing = [item for item in _needed(desk, job) if item not in desk.shelf.watched]
        for item in missing:
            owners.setdefault(item, []).append(job)
        moments |= {item: at for item, at in _moments(desk, job, missing).items() if item not in moments}
    doubtful = _sort_out(desk, plays, moments)
    _fail(owners, doubtful, Doubtful("It is not known yet whether Trakt recorded a play.", provider=SLUG))
    open_items = [item for item in moments if item not in doubtful and item not in desk.shelf.watched]
    for piece in convert.cut(open_items, most=MOST_PLAYS, most_shows=MOST_SHOWS):
        _send(desk, plays, {item: moments[item] for item in piece}, owners=owners)


def _needed(desk: Desk, job: Job) -> tuple[Item, ...]:
    """What lies before the progress that Trakt shows already was left out by the person, who counts to the highest
    episode: it is nothing that we have to fill, unless all of it was watched."""
    desired = job.write.desired
    if not job.wants("progress", "status"):
        return ()
    if desired.progress and not job.plot.room:
        job.fail(Gone("Trakt does not have these episodes yet.", provider=SLUG))
    needed = plays_for(job.plot.resolved, desired.progress)
    held = entry_of(desk.shelf, job.plot, desk.rules)
    if held is None or desired.status is Status.COMPLETED:
        return needed
    before = {item for items in job.plot.resolved.items[: held.entry.progress] for item in items}
    return tuple(item for item in needed if item not in before)


def _moments(desk: Desk, job: Job, missing: Sequence[Item]) -> dict[Item, str | datetime]:
    at = convert.choose_moment(
        desk.session.options.get("watched_at", "smart"),
        count=len(missing),
        is_new=job.is_new or job.write.create,
        now=desk.session.now(),
        finished_on=job.write.desired.finished_on,
    )
    return dict.fromkeys(missing, at)


def _sort_out(desk: Desk, plays: PlayBook, wanted: Iterable[Item]) -> set[Item]:
    """The items that may neither count as recorded nor be sent. What was sent and answered counts as watched."""
    doubtful: set[Item] = set()
    gone: list[Item] = []
    for item, at in plays.sent(list(wanted)).items():
        if at is None:
            desk.shelf.note_play(item, None)
        elif at.timestamp() + DOUBT_SECONDS <= desk.shelf.read_at:
            # The read had time to show it, and does not.
            gone.append(item)
        else:
            doubtful.add(item)
    if gone:
        plays.withdraw(gone)
    return doubtful


def _send(desk: Desk, plays: PlayBook, piece: Moments, *, owners: Mapping[Item, list[Job]]) -> None:
    jobs = _jobs_of(owners, piece)
    if desk.is_stopped(jobs):
        return
    if desk.shelf.is_history_full:
        _fail(owners, piece, LimitReached("Your Trakt history is full; nothing more was added to it.", provider=SLUG))
        return
    booked = plays.book({item: at if isinstance(at, datetime) else None for item, at in piece.items()})
    chosen = {item: at for item, at in piece.items() if item in booked}
    _fail(owners, set(piece) - booked, Transient("A play is being sent by another run.", provider=SLUG))
    if not chosen:
        return

    def call() -> client.Written:
        try:
            return client.post(desk.session, "sync/history", convert.plays_body(chosen))
        except ProviderError as error:
            desk.shelf.is_history_full |= isinstance(error, LimitReached)
            if error.unsent:
                plays.withdraw(list(chosen))
            raise

    answer = desk.attempt(jobs, call)
    if answer is not None:
        _settle(desk, plays, chosen, answer=answer, owners=owners)


def _settle(
    desk: Desk, plays: PlayBook, chosen: Moments, *, answer: client.Written, owners: Mapping[Item, list[Job]]
) -> None:
    """What Trakt names as not found was not recorded. Of a kind of which it counts fewer than were sent nobody can say
    which ones are missing: all of that kind stay doubtful."""
    lost = _not_found(answer.not_found, chosen)
    counted = {
        TargetKind.MOVIE: answer.added.movies + answer.updated.movies + answer.existing.movies,
        TargetKind.SHOW: answer.added.episodes + answer.updated.episodes + answer.existing.episodes,
    }
    recorded: list[Item] = []
    for kind, count in counted.items():
        sent = [item for item in chosen if item.kind is kind and item not in lost]
        if count >= len(sent):
            recorded += sent
        else:
            _fail(owners, sent, Doubtful("Trakt recorded fewer plays than it was sent.", provider=SLUG))
    if recorded:
        plays.confirm(recorded)
    for item in recorded:
        at = chosen[item]
        desk.shelf.note_play(item, at if isinstance(at, datetime) else None)
    if lost:
        plays.withdraw(list(lost))
        _fail(owners, lost, Gone("Trakt does not have some of these episodes.", provider=SLUG))


def _not_found(told: client.NotFound, chosen: Iterable[Item]) -> set[Item]:
    films = {str(one.ids.trakt) for one in told.movies if one.ids}
    named: set[tuple[str, int | None, int | None]] = set()
    for show in told.shows:
        external_id = str(show.ids.trakt) if show.ids else ""
        for season in show.seasons or [client.MissingSeason()]:
            for episode in season.episodes or [client.MissingEpisode()]:
                named.add((external_id, season.number, episode.number))

    def is_lost(item: Item) -> bool:
        if item.kind is TargetKind.MOVIE:
            return item.id in films
        # A show or season that names no more is missing as a whole.
        ways = ((item.id, None, None), (item.id, item.season, None), (item.id, item.season, item.number))
        return not named.isdisjoint(ways)

    return {item for item in chosen if is_lost(item)}


def _jobs_of(owners: Mapping[Item, list[Job]], items: Iterable[Item]) -> list[Job]:
    return list({id(job): job for item in items for job in owners[item]}.values())


def _fail(owners: Mapping[Item, list[Job]], items: Iterable[Item], error: ProviderError) -> None:
    for job in _jobs_of(owners, items):
        job.fail(error)
