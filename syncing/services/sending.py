"""The calls that carry a plan to the service: in which turns, and what becomes of each. Nothing is stored here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from integrations import stopping
from integrations.capability import project
from integrations.errors import Doubtful, ProviderError, RateLimited, Rejected, Transient, Unavailable
from integrations.providers.base import Outcome, Removal, Write
from syncing.core.model import Action
from syncing.core.plan import Item
from syncing.services import leases, sparing
from syncing.services.desk import Desk

T = TypeVar("T")
SINGLES_A_COMMIT = 10
"""Writes of a service without batches that share their two commits: a crash leaves at most these unknown."""


@dataclass(frozen=True, slots=True)
class Call:
    """One item with what is sent for it. alone: it failed before, and then its trouble is its own."""

    item: Item
    payload: Write | Removal
    alone: bool = False


class _NothingSent(Exception):
    """Our own code failed on a batch before a request was made, so that each may be tried by itself."""


def turns(desk: Desk, items: Sequence[Item]) -> Iterator[tuple[Sequence[Item], int]]:
    """(items that share two commits, how many of them go in one call): removals after the rest, what failed before
    at the very end, and what failed twice by itself: nothing else stands behind it, and nothing fails with it."""
    again = desk.prepared.again
    fresh = [item for item in items if item.key not in again]
    late = [item for item in items if item.key in again and not again[item.key]]
    for some in (fresh, late):
        for part, batch in (
            ([item for item in some if not _removes(item)], desk.provider.write_batch),
            ([item for item in some if _removes(item)], desk.provider.removal_batch),
        ):
            for group in _chunks(part, batch if batch > 1 else SINGLES_A_COMMIT):
                yield group, batch
    for item in items:
        if again.get(item.key):
            yield [item], 1


def limit_turn(desk: Desk) -> None:
    """A long push goes in turns, each with a plan of its own: no more is journalled than one turn can do."""
    sent = [item for item in desk.prepared.plan.items if item.verdict.to_side is not Action.NONE]
    if len(sent) > desk.most_writes:
        ordered = (item.track.media_id for group, _ in turns(desk, sent) for item in group)
        desk.turn = frozenset(islice(ordered, desk.most_writes))


def _removes(item: Item) -> bool:
    return item.verdict.to_side is Action.REMOVE


def prepare_calls(desk: Desk, items: Sequence[Item]) -> tuple[list[Call], list[tuple[Item, Exception]]]:
    """(calls, the items for which our own code could not make one): all writes, or all removals."""
    calls: list[Call] = []
    faults: list[tuple[Item, Exception]] = []
    for item in items:
        try:
            payload = _to_removal(item) if _removes(item) else _to_write(desk, item)
        except Exception as error:  # noqa: BLE001 - told where it is set aside
            faults.append((item, error))
            continue
        calls.append(Call(item, payload, alone=bool(desk.prepared.again.get(item.key))))
    return calls, faults


def send(desk: Desk, calls: Sequence[Call], *, batch: int) -> tuple[list[Outcome], ProviderError | None]:
    """(the outcomes of those that were sent, in order; why no more are sent). Raises LeaseLost."""
    outcomes: list[Outcome] = []
    queue = deque(_chunks(calls, batch))
    while queue:
        part = queue.popleft()
        if outcomes:
            # Single writes share two commits but not a lease: whoever lost it stops before the next one.
            leases.renew(desk.lease)
            if stopping.is_asked():
                break
        try:
            told = _send_part(desk, part)
        except _NothingSent:
            queue.extendleft([one] for one in reversed(part))
            continue
        except ProviderError as error:
            return outcomes, error
        outcomes += told
        for call, outcome in zip(part, told, strict=False):
            if outcome.error is not None and _ends_the_run(call, outcome.error):
                return outcomes, outcome.error
    return outcomes, None


def _send_part(desk: Desk, part: Sequence[Call]) -> list[Outcome]:
    """Raises what the provider raises, and _NothingSent."""
    before = desk.session.requests
    try:
        with stopping.in_hand(lambda: desk.session.requests > before):
            writes = [call.payload for call in part if isinstance(call.payload, Write)]
            removals = [call.payload for call in part if isinstance(call.payload, Removal)]
            if writes:
                return desk.provider.write(desk.session, writes)
            return desk.provider.remove(desk.session, removals)
    except Exception as error:
        if not sparing.is_of_entry(error):
            raise
        unsent = desk.session.requests == before
        if unsent and len(part) > 1:
            raise _NothingSent from error
        return [Outcome(error=sparing.Fault(error, unsent=unsent))] * len(part)


def _ends_the_run(call: Call, error: ProviderError) -> bool:
    """A refusal, a doubt or a fault of ours is this entry's own trouble, and so is an answer that is lost for the third
    time while others come; anything else says that going on is no good."""
    if isinstance(error, Rejected | Doubtful | sparing.Fault):
        return False
    is_lost = isinstance(error, Transient) and not isinstance(error, RateLimited | Unavailable) and not error.unsent
    return not (call.alone and is_lost)


def _to_write(desk: Desk, item: Item) -> Write:
    capability = desk.rules[item.track.kind].capability
    canonical = item.verdict.canonical
    assert canonical is not None
    moved = {move.field: move.after for move in item.verdict.moves_out}
    base = item.now.entry if item.now is not None else canonical.entry
    creates = item.verdict.to_side is Action.CREATE
    desired = project(canonical.entry, capability) if creates else replace(base, **moved)
    if desk.provider.by_shows:
        # Not a field there, but the day of a play may follow it.
        desired = replace(desired, finished_on=canonical.entry.finished_on)
    return Write(
        kind=item.track.kind,
        external_id=item.track.remote_id,
        desired=desired,
        fields=capability.fields | {"status"} if creates else frozenset(moved),
        create=creates,
        entry_id=item.track.entry_id,
    )


def _to_removal(item: Item) -> Removal:
    return Removal(item.track.kind, item.track.remote_id, item.track.entry_id)


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
