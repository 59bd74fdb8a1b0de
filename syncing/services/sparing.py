"""One bad entry must not block a list. What our own code fails on is found, set aside and told; all others flow on.

What is told of it names the entry by its id and the place in the code, never a text of the person's list.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from redis import RedisError

from integrations.errors import ProviderError
from integrations.providers.unclear import place_of
from syncing.services.leases import LeaseLost

log = logging.getLogger(__name__)

OUR_STORES = (OperationalError, InterfaceError, RedisError)
"""What a database or a Redis that is away raises: no fault of a list."""
_OF_ALL = (ProviderError, LeaseLost, *OUR_STORES, SoftTimeLimitExceeded, MemoryError)
MOST = 20
"""More faulty entries than this are a fault of something else: then the run fails as a whole."""
MESSAGE = "Something on our side does not get along with this title. It is left as it is; we look into it."
"""For the person."""

T = TypeVar("T")
R = TypeVar("R")


class Fault(ProviderError):
    """Our own code failed on one write. unsent: nothing had been sent by then."""

    def __init__(self, error: Exception, *, unsent: bool) -> None:
        super().__init__(MESSAGE)
        self.unsent = unsent
        self.error = error


def is_of_entry(error: BaseException) -> bool:
    """False for what says something about the service, the lease or the machine, and so about all entries."""
    return not isinstance(error, _OF_ALL)


def spare(items: Sequence[T], work: Callable[[Sequence[T]], R]) -> tuple[R, list[tuple[T, Exception]]]:
    """What `work` makes of all items or, where it fails, of all but those on which it fails by themselves.

    Raises the first error where there are no such items, or more than MOST. Outside of a transaction.
    """
    try:
        return work(items), []
    except Exception as error:
        if not is_of_entry(error):
            raise
        faulty = find_faulty(items, work)
        if not faulty or len(faulty) > MOST:
            raise
    bad = {at for at, _ in faulty}
    good = [item for at, item in enumerate(items) if at not in bad]
    return work(good), [(items[at], error) for at, error in faulty]


def find_faulty(items: Sequence[T], work: Callable[[Sequence[T]], object]) -> list[tuple[int, Exception]]:
    """(position, error) of the items on which `work` fails, by halves; nothing that it stores on the way stays.

    Ends early, with more than MOST, when there are too many.
    """
    found: list[tuple[int, Exception]] = []
    parts = [(0, len(items))]
    while parts and len(found) <= MOST:
        start, end = parts.pop()
        error = _fails(items[start:end], work) if start < end else None
        if error is None:
            continue
        if end - start == 1:
            found.append((start, error))
            continue
        middle = (start + end) // 2
        parts += [(middle, end), (start, middle)]
    return found


def _fails(items: Sequence[T], work: Callable[[Sequence[T]], object]) -> Exception | None:
    try:
        with transaction.atomic():
            work(items)
            transaction.set_rollback(True)
    except Exception as error:
        if not is_of_entry(error):
            raise
        return error
    return None


def tell(connection_id: UUID | None, entry: str, error: BaseException) -> None:
    """entry: its kind and its id, there or here."""
    log.error("connection %s, %s: %s; it is set aside", connection_id, entry, place_of(error))
