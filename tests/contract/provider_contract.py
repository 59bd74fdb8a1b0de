"""What every provider owes, whatever its service is like. A provider's test inherits `ProviderContract`.

Everything runs over real HTTP against the provider's sandbox, in which nothing of ours has a part.
"""

from __future__ import annotations

import pytest

from integrations.http import Session
from integrations.providers.base import Removal
from library.entry import Kind
from tests.contract.contract import FULL
from tests.contract.entry_contract import EntryContract
from tests.contract.stage import Stage
from tests.contract.trouble_contract import TroubleContract


class ProviderContract(EntryContract, TroubleContract):
    """All of it; here stands who, what, whether anything moved, and what that costs."""

    def test_identity(self, alice: Session) -> None:
        account = self.provider.identify(alice)
        assert (account.id, account.name) == (alice.account_id, "alice")

    def test_probe_moves_with_edits_and_rests_without(self, stage: Stage, alice: Session) -> None:
        kinds = frozenset(Kind)
        marks = [self.provider.probe(alice, kinds)]
        self.create(alice, Kind.ANIME, self.titles[Kind.ANIME][0])
        marks.append(self.provider.probe(alice, kinds))
        stage.pass_time(5)
        self.edit_on_site(stage, "alice", Kind.ANIME, external_id=self.titles[Kind.ANIME][0], progress=6)
        marks.append(self.provider.probe(alice, kinds))
        stage.pass_time(5)
        self.edit_on_site(stage, "alice", Kind.MANGA, external_id=self.titles[Kind.MANGA][0], progress=1)
        asked = alice.requests
        marks.append(self.provider.probe(alice, kinds))
        assert alice.requests - asked == self.provider.probe_requests
        assert len(set(marks)) == 4
        assert self.provider.probe(alice, kinds) == marks[-1]
        assert max(len(mark) for mark in marks) <= 128

    @pytest.mark.parametrize("kind", Kind)
    def test_facts_by_read_details_and_search_agree(self, alice: Session, kind: Kind) -> None:
        external_id = self.titles[kind][0]
        self.create(alice, kind, external_id)
        listed = self.read(alice)[kind, external_id].media
        details = self.provider.details(alice, kind, [external_id, self.unknown_id])
        assert [(one.external_id, one.titles[0], one.total) for one in details] == [
            (external_id, listed.titles[0], listed.total)
        ]
        found = self.provider.search(alice, kind, listed.titles[0], limit=25)
        assert external_id in {one.external_id for one in found}
        assert {one.kind for one in found} == {kind}

    def test_a_search_that_finds_nothing(self, alice: Session) -> None:
        assert self.provider.search(alice, Kind.ANIME, "zzzz qqqq xxxx") == []
        assert self.provider.search(alice, Kind.ANIME, "") == []

    def test_a_thousand_entries_cost_what_was_foretold(self, stage: Stage) -> None:
        session = self.fill_list(stage, "carol", 1000)
        read = self.read(session)
        assert len(read) == 1000
        assert session.requests == self.provider.read_requests({Kind.ANIME: 1000, Kind.MANGA: 0})

    def test_writes_go_in_full_batches(self, stage: Stage, alice: Session) -> None:
        ids = self.titles[Kind.ANIME][:30]
        entry = self.expected(Kind.ANIME, FULL)
        outcomes = self.write(alice, *(self.writing(Kind.ANIME, each, entry, create=True) for each in ids))
        assert [one.echo.entry for one in outcomes if one.echo] == [entry] * 30
        assert alice.requests == -(-30 // self.provider.write_batch)
        assert stage.control("GET", "requests")["written"] == 30

    def test_removals_go_in_full_batches(self, alice: Session) -> None:
        ids = self.titles[Kind.ANIME][:30]
        entry = self.expected(Kind.ANIME, FULL)
        echoes = self.write(alice, *(self.writing(Kind.ANIME, each, entry, create=True) for each in ids))
        removals = [Removal(Kind.ANIME, one.echo.media.external_id, one.echo.entry_id) for one in echoes if one.echo]
        asked, size = alice.requests, self.provider.removal_batch
        for at in range(0, 30, size):
            assert all(one.removed for one in self.provider.remove(alice, removals[at : at + size]))
        assert alice.requests - asked == -(-30 // size)
        assert self.read(alice) == {}
