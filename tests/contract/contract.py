"""What the parts of the contract share: a sandbox, a person, and short words for reading and writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import httpx
import pytest

from integrations.capability import Capability, Totals, project
from integrations.http import Session
from integrations.providers.base import Outcome, Provider, RemoteEntry, Write
from integrations.sandbox.server import Running
from library.entry import Entry, Kind, PartialDate, Status
from tests.contract.stage import Stage

FULL = Entry(
    Status.PAUSED,
    progress=5,
    progress_volumes=2,
    score=80,
    started_on=PartialDate(2023, 4, 9),
    finished_on=PartialDate(2024, 5, 1),
    repeats=2,
    notes="Watched with Bob",
    private=True,
)
OTHER = Entry(
    Status.DROPPED,
    progress=7,
    progress_volumes=3,
    score=40,
    started_on=PartialDate(2022, 1, 2),
    finished_on=PartialDate(2022, 3, 4),
    repeats=1,
    notes="Alone",
    private=False,
)


class Contract:
    """titles: at least 30 ids a kind, of works with 10 or more parts (manga: 3 or more volumes) or unknown totals.

    calm: settings of the sandbox without which its own limits would spoil tests that are not about limits.
    coupled: fields that are sent together, so that a write must hold the real value of each.
    """

    provider: ClassVar[Provider]
    calm: ClassVar[Mapping[str, Any]]
    titles: ClassVar[Mapping[Kind, Sequence[str]]]
    unknown_id: ClassVar[str] = "99999999"
    account_settings: ClassVar[Mapping[str, Any]] = {}
    coupled: ClassVar[frozenset[str]] = frozenset()

    def edit_on_site(self, stage: Stage, name: str, kind: Kind, *, external_id: str, progress: int) -> None:
        """As the person would, in the service's own words."""
        raise NotImplementedError

    def fill_list(self, stage: Stage, name: str, count: int) -> Session:
        """A new account with `count` anime on its list."""
        raise NotImplementedError

    @pytest.fixture
    def stage(self, running: Running, wire: httpx.Client) -> Stage:
        running.control("POST", "reset")
        stage = Stage(running, wire, self.provider)
        stage.control("POST", "settings", self.calm)
        return stage

    @pytest.fixture
    def alice(self, stage: Stage) -> Session:
        return stage.add_person("alice")

    def capability(self, kind: Kind) -> Capability:
        return self.provider.capability(kind, self.account_settings)

    def expected(self, kind: Kind, entry: Entry) -> Entry:
        return project(entry, self.capability(kind), Totals())

    def kept(self, kind: Kind, external_id: str, entry: Entry) -> Entry:
        """What the service makes of an entry that it is given, where it will not have it otherwise."""
        return entry

    def writing(
        self, kind: Kind, external_id: str, desired: Entry, *, fields: Sequence[str] = (), create: bool = False
    ) -> Write:
        named = frozenset(fields) if fields else self.capability(kind).fields
        return Write(kind, external_id, desired, named, create=create)

    def write(self, session: Session, *writes: Write) -> list[Outcome]:
        """In batches of the provider's size."""
        size = self.provider.write_batch
        outcomes = [
            one for at in range(0, len(writes), size) for one in self.provider.write(session, writes[at : at + size])
        ]
        assert len(outcomes) == len(writes)
        return outcomes

    def create(self, session: Session, kind: Kind, external_id: str, entry: Entry = FULL) -> RemoteEntry:
        outcome = self.write(session, self.writing(kind, external_id, self.expected(kind, entry), create=True))[0]
        assert outcome.error is None
        assert outcome.echo is not None
        return outcome.echo

    def read(self, session: Session) -> dict[tuple[Kind, str], RemoteEntry]:
        snapshot = self.provider.read(session, frozenset(Kind))
        assert (snapshot.complete, snapshot.reason) == (True, "")
        return {(one.media.kind, one.media.external_id): one for one in snapshot.entries}
