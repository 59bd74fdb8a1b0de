"""Many mutations in one document, and finding the one that spoils it.

An id that does not exist ends the document with HTTP 500: what stands before it was done, without an echo; what stands
after it was not (providers/kitsu.md 7). Absolute values may be sent again, so the others are: without the one that the
answer names, where it names one, else by halves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from integrations.errors import ProviderError, RateLimited, Rejected, Transient
from integrations.providers.kitsu.judging import SLUG, Missing

T = TypeVar("T")
A = TypeVar("A")


class NotSent(Transient):
    """An earlier part of the same call failed, so this part stayed here."""

    unsent = True


def send_in_pieces(
    items: Sequence[T],
    *,
    pieces: Sequence[Sequence[int]],
    send: Callable[[list[T]], list[A]],
    is_named: Callable[[T, Missing], bool],
) -> list[A | ProviderError]:
    """One answer or error an item, in order. `pieces`: positions that go together in one document.

    is_named: whether this item is what the answer says does not exist.
    Raises an error that is `unsent` when it was the first answer, so that surely nothing was done.
    """
    queue = deque(pieces)
    results: dict[int, A | ProviderError] = {}
    touched = False
    while queue:
        piece = queue.popleft()
        try:
            results.update(zip(piece, send([items[at] for at in piece]), strict=True))
        except Missing as error:
            touched = True
            guilty = [at for at in piece if is_named(items[at], error)] if len(piece) > 1 else list(piece)
            results.update(dict.fromkeys(guilty, error))
            queue.extendleft(reversed(_rest(piece, guilty)))
        except Rejected as error:
            results.update(dict.fromkeys(piece, error))
        except ProviderError as error:
            if error.unsent and not touched:
                raise
            results.update(dict.fromkeys(piece, as_unknown(error) if touched else as_outcome(error)))
            results.update(dict.fromkeys((at for rest in queue for at in rest), _as_unsent(error)))
            break
        touched = True
    return [results[at] for at in range(len(items))]


def _rest(piece: Sequence[int], guilty: Sequence[int]) -> list[Sequence[int]]:
    """What is sent again: all but the guilty one, or both halves when it is not known."""
    if guilty:
        others = [at for at in piece if at not in guilty]
        return [others] if others else []
    middle = len(piece) // 2
    return [piece[:middle], piece[middle:]]


def as_outcome(error: ProviderError) -> ProviderError:
    """What cannot be understood after a write is a lost answer: the write may have been done."""
    if isinstance(error, Transient) or error.unsent:
        return error
    return as_unknown(error)


def as_unknown(error: ProviderError) -> ProviderError:
    """An error of a later step of a write whose first step was done: nobody may say that nothing happened."""
    unknown: Transient
    if isinstance(error, RateLimited):
        unknown = RateLimited(error.message, provider=SLUG, retry_after=error.retry_after)
        unknown.unsent = False
    else:
        unknown = Transient("Kitsu's answer to a write was lost or could not be understood.", provider=SLUG)
    unknown.__cause__ = error
    return unknown


def _as_unsent(error: ProviderError) -> ProviderError:
    return error if error.unsent else NotSent("Not sent: Kitsu failed on an earlier part.", provider=SLUG)
