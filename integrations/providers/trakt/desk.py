"""One call of `Provider.write` on its way: what each write still owes, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from integrations.errors import Gone, ProviderError, RateLimited, Rejected, Transient
from integrations.http import Session
from integrations.providers.base import Outcome, RemoteEntry, Write
from integrations.providers.trakt import charting, client, reading
from integrations.providers.trakt.judging import SLUG
from integrations.providers.trakt.shelf import Plot, Rules, Shelf, describe, entry_of
from library.entry import Entry

LOOKUPS_A_WRITE = 60
"""Ids and season tables that one call looks up at most: at Trakt's rate more would take longer than a run may."""
LOOKUP_WAIT = 1.0
"""Seconds until the next run goes on: the look-ups themselves are paced by the budget."""


class NotSent(Transient):
    """An earlier request of the same call failed, so this one stayed here."""

    unsent = True


class NotYet(RateLimited):
    """This run has asked enough; the next one goes on from there. Nothing was done."""

    def __init__(self, message: str) -> None:
        super().__init__(message, provider=SLUG, retry_after=LOOKUP_WAIT)


@dataclass
class Job:
    """One write that can be placed. touched: something of it was sent."""

    write: Write
    plot: Plot
    is_new: bool
    """Trakt held no trace of the work before: then all of `desired` is news there."""
    touched: bool = False
    error: ProviderError | None = None

    def wants(self, *fields: str) -> bool:
        return self.is_new or self.write.create or not self.write.fields.isdisjoint(fields)

    def fail(self, error: ProviderError) -> None:
        self.error = self.error or error


@dataclass
class Desk:
    """sent: a request that may have had an effect was made. stop: why no more are made."""

    session: Session
    shelf: Shelf
    rules: Rules
    sent: bool = False
    stop: ProviderError | None = None

    def attempt(self, jobs: Sequence[Job], call: Callable[[], client.Written]) -> client.Written | None:
        """One request for these jobs; None when it failed, which is then written down in each of them.

        Raises an error that is `unsent` while surely nothing was done.
        """
        if self.is_stopped(jobs):
            return None
        try:
            answer = call()
        except Rejected as error:
            for job in jobs:
                job.fail(error)
            return None
        except ProviderError as error:
            if error.unsent and not self.sent:
                raise
            self.sent, self.stop = True, error
            for job in jobs:
                job.fail(_left(job, error) if error.unsent else _as_unknown(error))
            return None
        self.sent = True
        for job in jobs:
            job.touched = True
        return answer

    def is_stopped(self, jobs: Sequence[Job]) -> bool:
        """True when no more requests are made, which is then written down in these jobs."""
        if self.stop is None:
            return False
        for job in jobs:
            job.fail(_left(job, self.stop))
        return True

    def outcome(self, job: Job) -> Outcome:
        """The echo is what Trakt holds now. Where it can hold nothing of the work yet, e.g. a planned title for which
        there is no room, it is the bare status, so that the same is not tried at each run."""
        if job.error is not None:
            return Outcome(error=job.error)
        held = entry_of(self.shelf, job.plot, self.rules)
        media = describe(job.plot.place, total=job.plot.total)
        return Outcome(echo=held or RemoteEntry(media, Entry(job.write.desired.status)))


def _left(job: Job, error: ProviderError) -> ProviderError:
    """For what was not sent any more. A write of which a part was done is not `unsent` as a whole."""
    if job.touched:
        return _as_unknown(error)
    return error if error.unsent else NotSent("Not sent: Trakt failed before.", provider=SLUG)


def _as_unknown(error: ProviderError) -> ProviderError:
    """What cannot be understood after a write is a lost answer: the write may have been done."""
    if isinstance(error, Transient) and not error.unsent:
        return error
    unknown = Transient("It is not known what Trakt made of a write.", provider=SLUG)
    unknown.__cause__ = error
    return unknown


def open_desk(session: Session, writes: Sequence[Write]) -> tuple[Desk, list[Job | Outcome]]:
    """What has to be known before anything may be sent; for each write a job, or why there is none.

    Raises ProviderError; nothing was done then.
    """
    assert session.atlas is not None
    sight = reading.recall(session)
    if not sight.shelf.steady:
        raise NotYet("Your Trakt list changes while it is read.")
    places = session.atlas.places_by_key([write.external_id for write in writes])
    targets = {segment.target for place in places.values() for segment in place.segments}
    around = {place.key: place for place in session.atlas.places_at(targets)} | places
    chart = charting.draw(session, list(around.values()), works=sight.works, most=LOOKUPS_A_WRITE)
    desk = Desk(session, sight.shelf, reading.rules_of(session))
    return desk, [_prepare(desk, chart, write) for write in writes]


def _prepare(desk: Desk, chart: charting.Chart, write: Write) -> Job | Outcome:
    if write.external_id in chart.waiting:
        return Outcome(error=NotYet("Trakt has not been asked about this title yet."))
    if write.external_id in chart.refused or write.external_id in chart.faults:
        message = "This title cannot be placed among Trakt's episodes; its mapping needs a look."
        return Outcome(error=Rejected(message, provider=SLUG))
    plot = chart.plots.get(write.external_id)
    if plot is None:
        return Outcome(error=Gone("Trakt does not have this title.", provider=SLUG))
    if not desk.shelf.is_clear(plot):
        return Outcome(error=Rejected("Trakt's record of this title could not be understood.", provider=SLUG))
    return Job(write, plot, is_new=entry_of(desk.shelf, plot, desk.rules) is None)
