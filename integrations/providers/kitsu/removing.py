"""Removals: many in one document, which ends at the first entry that is not there (providers/kitsu.md 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.errors import ProviderError
from integrations.http import Session
from integrations.providers.base import Outcome, Removal
from integrations.providers.kitsu import batching, graphql, looking
from integrations.providers.kitsu.judging import SLUG, Missing, refusal
from integrations.providers.kitsu.writing import refuse_strangers
from integrations.providers.lenient import number_ids
from library.entry import Kind

_REMOVED = Outcome(removed=True)


def remove_entries(session: Session, removals: Sequence[Removal]) -> list[Outcome]:
    """By entry id, looked up where the caller does not know it. Raises as `writing.write_entries`."""
    try:
        entry_ids = _fill_entry_ids(session, removals)
    except ProviderError as error:
        if error.unsent:
            raise
        failed = batching.NotSent("Not removed: Kitsu failed on a look-up.", provider=SLUG)
        failed.__cause__ = error
        return [Outcome(error=failed)] * len(removals)
    outcomes = dict.fromkeys(range(len(removals)), _REMOVED)
    batch = _Batch(session, removals, entry_ids)
    queue = [[at for at in outcomes if entry_ids[at]]]
    while queue:
        piece = queue.pop(0)
        try:
            heard, rest = batch.send(piece)
        except ProviderError as error:
            if error.unsent and not batch.touched:
                raise
            failure = batching.as_unknown(error) if batch.touched else batching.as_outcome(error)
            outcomes.update(dict.fromkeys([*piece, *(at for later in queue for at in later)], Outcome(error=failure)))
            break
        outcomes.update(heard)
        queue = [*rest, *queue]
    return [outcomes[at] for at in range(len(removals))]


def _fill_entry_ids(session: Session, removals: Sequence[Removal]) -> list[str]:
    """Entry ids, "" for titles that are not on the list."""
    found: dict[tuple[Kind, str], str] = {}
    for kind in Kind:
        ids = [one.external_id for one in removals if one.kind is kind and not number_ids([one.entry_id])]
        if number_ids(ids):
            entries = looking.find_entry_ids(session, kind, ids)
            found |= {(kind, media_id): entry_id for media_id, entry_id in entries.items()}
    return [
        one.entry_id if number_ids([one.entry_id]) else found.get((one.kind, one.external_id), "") for one in removals
    ]


@dataclass(slots=True)
class _Batch:
    """Positions stand for removals. touched: something may have been removed by now."""

    session: Session
    removals: Sequence[Removal]
    entry_ids: Sequence[str]
    touched: bool = False

    def send(self, piece: list[int]) -> tuple[dict[int, Outcome], list[list[int]]]:
        """What became of the entries, where it is not that they were removed, and what has to be sent again."""
        if not piece:
            return {}, []
        try:
            answers = graphql.delete_entries(self.session, [self.entry_ids[at] for at in piece])
        except Missing as error:
            self.touched = True
            return {}, self._after_missing(piece, error)
        outcomes = self._hear(piece, answers)
        self.touched = True
        return outcomes, []

    def _after_missing(self, piece: list[int], error: Missing) -> list[list[int]]:
        """One by one where Kitsu does not say which entry is missing.

        The ones before the missing one were removed, which is looked up: that a document has no transaction is
        derived. The ones behind it were not reached, whether a look-up shows them or not.
        """
        if len(piece) == 1:
            return []
        missing = [at for at in piece if self.entry_ids[at] == error.missing_id]
        if not missing:
            return [[at] for at in piece]
        cut = piece.index(missing[0])
        return [[*self._still_there(piece[:cut]), *piece[cut + 1 :]]]

    def _still_there(self, positions: Sequence[int]) -> list[int]:
        left: list[int] = []
        for kind in Kind:
            of_kind = {at: self.removals[at].external_id for at in positions if self.removals[at].kind is kind}
            found = looking.find_entry_ids(self.session, kind, of_kind.values()) if of_kind else {}
            left += [at for at, media_id in of_kind.items() if found.get(media_id) == self.entry_ids[at]]
        return left

    def _hear(self, piece: Sequence[int], answers: Sequence[graphql.Payload[graphql.Deleted]]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        strangers = []
        for at, answer in zip(piece, answers, strict=True):
            faults = answer.errors or []
            if any(fault.code == "NotAuthorized" for fault in faults):
                strangers.append(at)
            elif faults:
                outcomes[at] = Outcome(error=refusal(faults[0].message or ""))
        if strangers:
            nothing_done = not self.touched and len(strangers) == len(piece)
            refused = Outcome(error=refuse_strangers(self.session, nothing_done=nothing_done))
            outcomes.update(dict.fromkeys(strangers, refused))
        return outcomes
