"""Many writes in few requests: plays first, then what stands beside them. Source: providers/trakt.md 7 and 8."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.errors import Gone, Rejected
from integrations.http import Session
from integrations.providers.base import Outcome, Removal, Write
from integrations.providers.trakt import history, ratings, watchlist
from integrations.providers.trakt.desk import Job, open_desk
from integrations.providers.trakt.judging import SLUG
from integrations.providers.trakt.shelf import entry_of
from library.entry import Entry, Status


def write(session: Session, writes: Sequence[Write]) -> list[Outcome]:
    """As `Provider.write`. What Trakt has already is not sent, so that nothing to send costs no request."""
    desk, prepared = open_desk(session, writes)
    jobs = [one for one in prepared if isinstance(one, Job)]
    history.send_plays(desk, jobs)
    watchlist.send_listings(desk, jobs)
    watchlist.send_drops(desk, jobs)
    # Last, since only what has a trace at Trakt is rated.
    ratings.send_ratings(desk, jobs)
    return [desk.outcome(one) if isinstance(one, Job) else one for one in prepared]


def remove(session: Session, removals: Sequence[Removal]) -> list[Outcome]:
    """Takes planned titles off the watchlist. Plays are never removed."""
    nothing = Entry(Status.PLANNED)
    writes = [Write(one.kind, one.external_id, nothing, frozenset(), entry_id=one.entry_id) for one in removals]
    desk, prepared = open_desk(session, writes)
    jobs: list[Job] = []
    for job in (one for one in prepared if isinstance(one, Job)):
        held = entry_of(desk.shelf, job.plot, desk.rules)
        if held is not None and held.entry.status is Status.PLANNED:
            jobs.append(job)
        elif held is not None:
            job.fail(Rejected("Enishi does not take anything out of your Trakt history.", provider=SLUG))
    watchlist.take_off(desk, jobs)
    return [_removed(one) for one in prepared]


def _removed(one: Job | Outcome) -> Outcome:
    error = one.error
    return Outcome(removed=True) if error is None or isinstance(error, Gone) else Outcome(error=error)
