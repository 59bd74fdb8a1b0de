"""What a provider is: one folder, one object with these methods, no Django, no clock of its own.

A provider talks to its service through the `Session` it is given, which carries the person's token, spends the
budget and turns every failure into a `ProviderError`. It never stores anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from integrations.capability import Capability
from integrations.errors import ProviderError
from integrations.http import Answer, Session
from integrations.limits import Budget
from integrations.oauth import OAuthSpec
from library.entry import Entry, Kind


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a service says of a work.

    titles:    the main one first, no duplicates, never empty strings.
    total:     episodes or chapters; volumes: volumes; 0 = unknown or still running.
    cross_ids: other services' ids for the same work as this service tells them, {slug: id}.
    """

    kind: Kind
    external_id: str
    titles: tuple[str, ...] = ()
    format: str = ""
    year: int = 0
    total: int = 0
    volumes: int = 0
    is_adult: bool = False
    cross_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """One entry as a service holds it now. `updated_at` is None where the service does not know.

    room: progress that it has room for at present where that is not the work's total, e.g. episodes that have aired
    there; 0 = as much as the total.
    untold: fields of which it cannot be told just now what they are: unknown, not empty.
    """

    media: MediaFacts
    entry: Entry
    updated_at: datetime | None = None
    entry_id: str = ""
    room: int = 0
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Account:
    """Who a token belongs to. `settings` is small, plain JSON that `capability` needs, e.g. the score format."""

    id: str
    name: str
    url: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    """Something this provider alone asks of a person who links it. choices: (value, words), the default first."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]
    help: str = ""

    @property
    def default(self) -> str:
        return self.choices[0][0]


@dataclass(frozen=True, slots=True)
class Unclear:
    """An entry that is on the list and of which no more is known: it is neither absent nor empty.

    why: for a log, without anything that stands on the list. is_fault: our own code failed on it.
    """

    kind: Kind
    external_id: str
    why: str
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One read of a list.

    kinds:    what was read, whole unless `complete` is False.
    complete: False = may add and update, never delete; `reason` says why. A list with `unclear` entries may be
              complete: which ones they are is known.
    account:  who the answer says it belongs to, with fresh settings where the same request gave them.
    """

    entries: tuple[RemoteEntry, ...]
    kinds: frozenset[Kind]
    complete: bool = True
    reason: str = ""
    account: Account | None = None
    unclear: tuple[Unclear, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """Bring one remote entry to `desired`.

    fields: what changed and must be sent. A provider may send more of `desired` where the service couples fields.
    create: the entry is not there yet; every field of the capability is in `fields`.
    """

    kind: Kind
    external_id: str
    desired: Entry
    fields: frozenset[str]
    create: bool = False
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    kind: Kind
    external_id: str
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write or removal. Exactly one of: echo (write done), removed, error.

    An `error` that is Transient and not `unsent` means unknown: it may have taken effect.
    """

    echo: RemoteEntry | None = None
    removed: bool = False
    error: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """Whose public list is looked at, and which kinds of it."""

    account_id: str
    kinds: frozenset[Kind]


class Provider(Protocol):
    slug: str
    name: str
    kinds: frozenset[Kind]
    hosts: frozenset[str]
    """The only hosts that requests for this provider may go to."""
    oauth: OAuthSpec
    budgets: tuple[Budget, ...]
    """Starting rates, from providers/<slug>.md; settings may override them, headers correct them."""
    write_batch: int
    """Writes per HTTP request."""
    removal_batch: int
    probe_requests: int
    apps_url: str
    """Where the person can take our access away."""
    options: tuple[Option, ...]
    by_shows: bool
    """True where works are shows, seasons and films: its sessions carry an atlas and a play book."""

    def judge(self, answer: Answer) -> ProviderError | None:
        """What an answer means here; None = good. Called for every answer, before anything else looks at it."""
        ...

    def capability(self, kind: Kind, settings: Mapping[str, Any]) -> Capability: ...

    def media_url(self, kind: Kind, external_id: str) -> str: ...

    def identify(self, session: Session) -> Account: ...

    def read_requests(self, counts: Mapping[Kind, int]) -> int:
        """How many requests `read` will cost for a list of this size."""
        ...

    def probe(self, session: Session, kinds: Collection[Kind]) -> str:
        """A mark that moves when an entry was added or edited. Costs `probe_requests`. Blind to deletions."""
        ...

    def read(self, session: Session, kinds: Collection[Kind]) -> Snapshot:
        """The whole list. Raises rather than give a list that it knows to be cut short."""
        ...

    def write(self, session: Session, writes: Sequence[Write]) -> list[Outcome]:
        """At most `write_batch` writes, one outcome each, same order. Raises only when none can have been done
        (RateLimited, AuthRevoked); a lost answer is a Transient outcome for each write it may have done."""
        ...

    def remove(self, session: Session, removals: Sequence[Removal]) -> list[Outcome]:
        """As `write`. An entry that is not there counts as removed."""
        ...

    def hidden(self, session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
        """Of the ids that a complete read lacked, those whose absence says nothing: the service may be hiding them.

        Asked only when something is missing; may cost requests."""
        ...

    def search(self, session: Session, kind: Kind, text: str, *, limit: int = 10) -> list[MediaFacts]: ...

    def details(self, session: Session, kind: Kind, ids: Sequence[str]) -> list[MediaFacts]:
        """Facts for the ids that exist, in no order; unknown ids are absent."""
        ...

    def translate(self, session: Session, kind: Kind, slug: str, ids: Sequence[str]) -> dict[str, MediaFacts]:
        """{id at service `slug`: facts here}, for the ids this service can translate by itself."""
        ...


@runtime_checkable
class BatchProber(Provider, Protocol):
    """A provider that tells in one request whether the public lists of many people moved. Not every service can."""

    probe_batch: int
    """People in one request."""

    def probe_many(self, session: Session, targets: Sequence[ProbeTarget]) -> dict[str, str | None]:
        """{account id: mark} for at most `probe_batch` targets; the session carries nobody's token.

        A mark moves when an entry that everybody may see was added, edited or removed. At most 100 characters, and
        not to be compared with that of `probe`. None: it cannot be told from outside, e.g. of a private profile;
        absent: it was not asked for. Raises ProviderError only when nothing was learnt.
        """
        ...
