"""Entries that cannot be understood. Each costs itself alone: the list around it is read, and nobody takes it for
absent. Pure."""

from __future__ import annotations

import traceback

import msgspec

from integrations.errors import Malformed
from integrations.providers.base import Unclear
from integrations.providers.lenient import number_ids
from library.entry import InvalidEntry, Kind

_STRANGE = (msgspec.MsgspecError, InvalidEntry, Malformed)
"""What says that a service sent something strange; anything else that is raised on an entry is a fault of ours."""


def place_of(error: BaseException) -> str:
    """ "ValueError in convert.py:57": where it was raised, without its words, which may quote a person's list."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def is_fault(error: Exception) -> bool:
    return not isinstance(error, _STRANGE)


def unclear_entry(kind: Kind, external_id: str, error: Exception) -> Unclear:
    # What is said of a strange value names its field and never quotes it.
    why = str(error)[:200] if isinstance(error, _STRANGE) else place_of(error)
    return Unclear(kind, external_id, why, is_fault(error))


def require_number(external_id: str) -> str:
    """An id as services that number their works have it. Raises InvalidEntry."""
    if not number_ids([external_id]):
        raise InvalidEntry("id", "is no number of a work")
    return external_id


def count_words(service: str, count: int, kind: str = "") -> str:
    """A sentence for the person, "" for none."""
    return f"{count} of {service}'s {kind}{' ' * bool(kind)}entries could not be understood." if count else ""
