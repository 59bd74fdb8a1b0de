"""Which work here a title of a service's catalogue is, for a person who wants it on their list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from integrations.providers.base import MediaFacts, RemoteEntry
from library.entry import Entry, Status
from library.services import matches
from library.services.matches import Words
from syncing.services.matching import match
from syncing.services.suggesting import Candidate

if TYPE_CHECKING:
    from accounts.models import User


class Unsure(Exception):
    """It may be one of `candidates`: a person has to say which."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__("This may be a work that is known here already.")
        self.candidates = tuple(candidates)


def work_of(user: User, provider: str, facts: MediaFacts) -> int:
    """The id of the work, which is added to the catalogue where it is new; as a run would match an entry of it, so that
    the service's entry and this one are the same. Raises Unsure."""
    said = matches.words_of(user.pk, provider).media
    # What was left alone is asked for now; what is kept off the service still may be on the list.
    words = Words({key: media_id for key, media_id in said.items() if media_id is not None})
    matched = match(provider, [RemoteEntry(facts, Entry(Status.PLANNED))], words)
    if matched.remotes:
        return matched.remotes[0].media_id
    raise Unsure(matched.waiting[0].candidates if matched.waiting else ())
