"""Many writes in one request, and finding the one that spoils it.

One refused alias fails the whole document, and whether the aliases before it took effect is not known
(providers/anilist.md 5.4). Every write sets absolute values, so the others are simply sent again: by the line that
the error names, where it names one, else by halves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from integrations.errors import ProviderError, Rejected, Transient
from integrations.providers.anilist.documents import FIRST_ALIAS_LINE
from integrations.providers.anilist.judging import (
    SLUG,
    Refused,
    RefusedAsGone,
    TooComplex,
)
from integrations.providers.base import Outcome

T = TypeVar("T")


class NotSent(Transient):
    """An earlier part of the same batch failed, so this part stayed here."""

    unsent = True


def send_in_pieces(
    items: Sequence[T],
    *,
    pieces: Sequence[Sequence[int]],
    send: Callable[[list[T]], list[Outcome]],
) -> list[Outcome]:
    """One outcome an item, in order. `pieces`: positions that go together in one request.

    Raises an error that is `unsent` when it was the first answer, so that surely nothing was done; later it becomes
    the outcome of all that is still open.
    """
    queue = deque(pieces)
    outcomes: dict[int, Outcome] = {}
    touched = False
    while queue:
        piece = queue.popleft()
        try:
            answers = send([items[position] for position in piece])
        except Rejected as error:
            touched = touched or not isinstance(error, TooComplex)
            if len(piece) == 1:
                outcomes[piece[0]] = Outcome(error=error)
            else:
                queue.extendleft(reversed(_split(piece, error)))
            continue
        except ProviderError as error:
            if error.unsent and not touched:
                raise
            outcomes.update(dict.fromkeys(piece, Outcome(error=_as_outcome(error))))
            outcomes.update(
                dict.fromkeys(
                    (at for rest in queue for at in rest),
                    Outcome(error=_as_unsent(error)),
                )
            )
            break
        touched = True
        outcomes.update(zip(piece, answers, strict=True))
    return [outcomes[position] for position in range(len(items))]


def _split(piece: Sequence[int], error: Rejected) -> list[Sequence[int]]:
    line = error.line if isinstance(error, Refused | RefusedAsGone) else 0
    at = line - FIRST_ALIAS_LINE
    if 0 <= at < len(piece):
        return [[piece[at]], [*piece[:at], *piece[at + 1 :]]]
    middle = len(piece) // 2
    return [piece[:middle], piece[middle:]]


def _as_outcome(error: ProviderError) -> ProviderError:
    """What cannot be understood after a write is a lost answer: the write may have been done."""
    if isinstance(error, Transient) or error.unsent:
        return error
    unknown = Transient("AniList's answer to a write could not be understood.", provider=SLUG)
    unknown.__cause__ = error
    return unknown


def _as_unsent(error: ProviderError) -> ProviderError:
    return error if error.unsent else NotSent("Not sent: AniList failed on an earlier part.", provider=SLUG)
