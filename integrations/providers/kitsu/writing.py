"""Writes, in rounds: each round is one document, and what Kitsu's answers ask for goes into the next one.

Kitsu alters an entry by itself when it is saved (providers/kitsu.md 8.2), so an echo may ask for a correction. A title
that turns out to be on the list already is updated, progress that turns out to be too far is cut; both once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from integrations.errors import AuthRevoked, Gone, ProviderError, Rejected
from integrations.http import Session
from integrations.providers.base import Outcome, RemoteEntry, Write
from integrations.providers.kitsu import batching, convert, graphql, looking, owner
from integrations.providers.kitsu.documents import MEDIA_TYPES, Mutation
from integrations.providers.kitsu.judging import SLUG, Missing, refusal
from integrations.providers.kitsu.reading import TOTALS_NOTE
from integrations.providers.lenient import number_ids
from library.entry import InvalidEntry, Kind

HEAVIEST_BODY = 500_000
"""Bytes of one document, our own prudence: a batch of very long notes is cut into several."""
MOST_CORRECTIONS = 2
"""The correction of a status may make Kitsu fill in a date, which is then corrected; after that Kitsu has its way."""
_TAKEN = "has already been taken"
_TOO_FAR = "cannot exceed length of media"
_UNKNOWN_WORK = ("must exist", "can't be blank", "must be present")


@dataclass(slots=True)
class Job:
    """One write on its way. fix: the correction that goes next, None = the write itself. echo: the newest.
    asks: what a refusal asks for before the next round, "entry" or "total"; each is asked for once."""

    write: Write
    entry_id: str = ""
    total: int = 0
    fix: dict[str, Any] | None = None
    corrections: int = 0
    asks: str = ""
    asked: frozenset[str] = frozenset()
    echo: RemoteEntry | None = None
    outcome: Outcome | None = None

    def mutation(self) -> Mutation:
        if self.fix is not None:
            return Mutation("update", {"id": self.entry_id, **self.fix})
        values = convert.input_for(self.write, total=self.total)
        if self.entry_id:
            return Mutation("update", {"id": self.entry_id, **values})
        where = {"mediaId": self.write.external_id, "mediaType": MEDIA_TYPES[self.write.kind]}
        return Mutation("create", {**where, **values})

    def end(self, error: ProviderError) -> None:
        self.outcome = Outcome(error=error)


def write_entries(session: Session, writes: Sequence[Write]) -> list[Outcome]:
    """One outcome a write. Raises an error that is `unsent` only while surely nothing was done."""
    totals = session.notes.get(TOTALS_NOTE, {})
    jobs = [
        Job(write, "" if write.create else write.entry_id, totals.get((write.kind, write.external_id), 0))
        for write in writes
    ]
    for job in jobs:
        # What cannot be an id, e.g. a slip in a person's own mapping, would spoil the whole document.
        if not number_ids([job.write.external_id]):
            job.end(Gone("Kitsu does not have this title.", provider=SLUG))
    if (trouble := _find_entries(session, [job for job in jobs if not (job.write.create or job.entry_id)])) is not None:
        return [job.outcome or Outcome(error=trouble) for job in jobs]
    is_first = True
    while pending := [job for job in jobs if job.outcome is None]:
        _send_round(session, pending, is_first=is_first)
        _prepare_next(session, jobs)
        is_first = False
    return [job.outcome for job in jobs if job.outcome is not None]


def _find_entries(session: Session, jobs: Sequence[Job]) -> ProviderError | None:
    """Entry ids for updates whose caller does not know them. The error, when it leaves everything unsent."""
    open_jobs = [job for job in jobs if job.outcome is None]
    try:
        _fill_entry_ids(session, open_jobs)
    except ProviderError as error:
        if error.unsent:
            raise
        failed = batching.NotSent("Not sent: Kitsu failed on a look-up.", provider=SLUG)
        failed.__cause__ = error
        return failed
    for job in open_jobs:
        if not job.entry_id:
            job.end(Gone("This title is no longer on the list at Kitsu.", provider=SLUG))
    return None


def _fill_entry_ids(session: Session, jobs: Sequence[Job]) -> None:
    for kind in Kind:
        of_kind = [job for job in jobs if job.write.kind is kind]
        found = looking.find_entry_ids(session, kind, [job.write.external_id for job in of_kind]) if of_kind else {}
        for job in of_kind:
            job.entry_id = found.get(job.write.external_id, "")


def _send_round(session: Session, jobs: Sequence[Job], *, is_first: bool) -> None:
    mutations = [job.mutation() for job in jobs]
    pairs = list(zip(jobs, mutations, strict=True))

    def send(chosen: list[tuple[Job, Mutation]]) -> list[graphql.Payload[graphql.Saved]]:
        return graphql.save_entries(session, [mutation for _, mutation in chosen])

    pieces = _cut(len(msgspec.json.encode(mutation.values)) for mutation in mutations)
    try:
        answers = batching.send_in_pieces(pairs, pieces=pieces, send=send, is_named=_is_named)
    except ProviderError as error:
        if is_first:
            raise
        for job in jobs:
            job.end(batching.as_unknown(error))
        return
    strangers = []
    for job, answer in zip(jobs, answers, strict=True):
        if isinstance(answer, ProviderError):
            _hear_error(job, answer, is_first=is_first)
        elif any(fault.code == "NotAuthorized" for fault in answer.errors or ()):
            strangers.append(job)
        else:
            _hear(job, answer)
    if strangers:
        nothing_done = is_first and len(strangers) == len(jobs)
        refused = refuse_strangers(session, nothing_done=nothing_done)
        for job in strangers:
            job.end(refused)


def _hear_error(job: Job, error: ProviderError, *, is_first: bool) -> None:
    if is_first or isinstance(error, Missing):
        job.end(error)
    elif not isinstance(error, Rejected):
        job.end(batching.as_unknown(error))
    elif job.echo is not None:
        # Only the correction was refused: Kitsu has its way.
        job.outcome = Outcome(echo=job.echo)
    else:
        job.end(error)


def _is_named(pair: tuple[Job, Mutation], error: Missing) -> bool:
    mutation = pair[1]
    if error.model == "LibraryEntry":
        return mutation.values.get("id") == error.missing_id
    return bool(error.missing_id) and mutation.values.get("mediaId") == error.missing_id


def refuse_strangers(session: Session, *, nothing_done: bool) -> ProviderError:
    """Why Kitsu says "not authorized": an entry of another person, or nobody is logged in. That is raised where
    nothing was done; who got something else done in the same document is known to Kitsu."""
    if nothing_done:
        owner.require_self(session)
    return Rejected("Kitsu says that this entry is not yours to change.", provider=SLUG)


def _hear(job: Job, answer: graphql.Payload[graphql.Saved]) -> None:
    if answer.errors or answer.library_entry is None:
        _hear_refusal(job, answer.errors or [])
        return
    saved = answer.library_entry
    try:
        echo = convert.read_state(convert.no_facts(job.write), saved, rating=saved.rating, entry_id=saved.id)
    except InvalidEntry as error:
        job.end(_not_understood(error))
        return
    job.echo, job.entry_id, job.fix = echo, saved.id, None
    fix = convert.correction_for(job.write, echo, saved) if job.corrections < MOST_CORRECTIONS else {}
    if fix:
        job.fix, job.corrections = fix, job.corrections + 1
    else:
        job.outcome = Outcome(echo=echo)


def _hear_refusal(job: Job, faults: Sequence[graphql.Fault]) -> None:
    if job.echo is not None:
        job.outcome = Outcome(echo=job.echo)
        return
    if job.write.create and _says(faults, _TAKEN) and "entry" not in job.asked:
        job.asks = "entry"
    elif _says(faults, _TOO_FAR) and "total" not in job.asked:
        job.asks = "total"
    elif not job.entry_id and any(_is_of_work(fault) for fault in faults):
        job.end(Gone("Kitsu does not have this title.", provider=SLUG))
    else:
        job.end(refusal(next((fault.message for fault in faults if fault.message), "")))
    job.asked |= {job.asks}


def _says(faults: Iterable[graphql.Fault], words: str) -> bool:
    return any(fault.says(words) for fault in faults)


def _is_of_work(fault: graphql.Fault) -> bool:
    named = {str(part) for part in fault.path or ()} & {"media", "mediaId", "anime", "animeId", "manga", "mangaId"}
    return bool(named) and any(fault.says(words) for words in _UNKNOWN_WORK)


def _prepare_next(session: Session, jobs: Sequence[Job]) -> None:
    """Finds what the refusals of this round ask for. A failure here leaves its jobs undone: they were refused."""
    wanting_entry = [job for job in jobs if job.asks == "entry"]
    wanting_total = [job for job in jobs if job.asks == "total"]
    for job in (*wanting_entry, *wanting_total):
        job.asks = ""
    _ask(wanting_entry, lambda: _fill_entry_ids(session, wanting_entry))
    for job in wanting_entry:
        if job.outcome is None and not job.entry_id:
            message = "Kitsu has this title on the list but does not show it; its filter for adult titles may be on."
            job.end(Rejected(message, provider=SLUG))
    _ask(wanting_total, lambda: _fill_totals(session, wanting_total))
    for job in wanting_total:
        if job.outcome is None and not 0 < job.total < job.write.desired.progress:
            job.end(refusal(_TOO_FAR))


def _ask(jobs: Sequence[Job], look_up: Callable[[], None]) -> None:
    try:
        look_up()
    except ProviderError as error:
        failed: ProviderError = batching.NotSent("Not sent: Kitsu failed on a look-up.", provider=SLUG)
        failed.__cause__ = error
        failed = error if isinstance(error, AuthRevoked) else failed
        for job in jobs:
            job.end(failed)


def _fill_totals(session: Session, jobs: Sequence[Job]) -> None:
    for kind in Kind:
        ids = [job.write.external_id for job in jobs if job.write.kind is kind]
        totals = {facts.external_id: facts.total for facts in looking.details(session, kind, ids)}
        for job in jobs:
            if job.write.kind is kind:
                job.total = totals.get(job.write.external_id, 0)


def _not_understood(error: Exception) -> ProviderError:
    unknown = batching.as_unknown(Rejected(""))
    unknown.__cause__ = error
    return unknown


def _cut(weights: Iterable[int]) -> list[list[int]]:
    """Positions in runs that weigh at most HEAVIEST_BODY together; one that weighs more goes alone."""
    pieces: list[list[int]] = []
    heaviness = 0
    for at, weight in enumerate(weights):
        if not pieces or heaviness + weight > HEAVIEST_BODY:
            pieces.append([])
            heaviness = 0
        pieces[-1].append(at)
        heaviness += weight
    return pieces
