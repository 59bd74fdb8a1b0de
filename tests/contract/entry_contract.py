"""Entries: written, read back, changed field by field, removed."""

from __future__ import annotations

import pytest

from integrations import errors
from integrations.http import Session
from integrations.providers.base import Outcome, Removal
from library.entry import EMPTY, FIELDS, NO_DATE, Entry, Kind, PartialDate, Status
from tests.contract.contract import FULL, OTHER, Contract
from tests.contract.stage import Stage

HOSTILE = (
    "<script>alert('&amp;')</script> &copy 2020",
    'quote " brace } ) { id } #hash $var \\ slash',
    "first line\nsecond line\ttab",
    "\u202eright to left\u202c \U0001f600 縁",
    "n" * 20_000,
)


class EntryContract(Contract):
    def test_an_empty_list_is_whole(self, alice: Session) -> None:
        assert self.read(alice) == {}

    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("status", Status)
    def test_what_is_created_is_read_back(self, alice: Session, kind: Kind, status: Status) -> None:
        wanted = self.expected(kind, FULL.with_(status=status))
        echo = self.create(alice, kind, self.titles[kind][0], wanted)
        read = self.read(alice)[kind, self.titles[kind][0]]
        kept = self.kept(kind, self.titles[kind][0], wanted)
        assert (echo.entry, read.entry) == (kept, kept)
        assert read.updated_at is not None
        assert echo.updated_at == read.updated_at
        assert echo.entry_id == read.entry_id

    @pytest.mark.parametrize("kind", Kind)
    def test_a_bare_entry_stays_bare(self, alice: Session, kind: Kind) -> None:
        """No server-made date or count may come back as if the person had given it."""
        for status in Status:
            external_id = self.titles[kind][list(Status).index(status)]
            kept = self.kept(kind, external_id, Entry(status))
            assert self.create(alice, kind, external_id, Entry(status)).entry == kept

    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("field", FIELDS)
    def test_one_field_is_written_and_no_other(self, alice: Session, kind: Kind, field: str) -> None:
        if field not in self.capability(kind).fields:
            assert self.expected(kind, FULL).get(field) == EMPTY[field]
            return
        external_id = self.titles[kind][0]
        before = self.create(alice, kind, external_id).entry
        others = self.coupled - {field} if field in self.coupled else frozenset()
        desired = self.expected(kind, OTHER).with_(**{name: before.get(name) for name in others})
        outcome = self.write(alice, self.writing(kind, external_id, desired, fields=[field]))[0]
        after = before.with_(**{field: desired.get(field)})
        assert outcome.echo is not None
        assert outcome.echo.entry == after
        assert self.read(alice)[kind, external_id].entry == after

    @pytest.mark.parametrize("kind", Kind)
    def test_every_field_can_be_emptied(self, alice: Session, kind: Kind) -> None:
        external_id, empty = self.titles[kind][0], Entry(Status.PLANNED)
        self.create(alice, kind, external_id)
        assert self.write(alice, self.writing(kind, external_id, empty))[0].error is None
        assert self.read(alice)[kind, external_id].entry == empty

    @pytest.mark.parametrize("kind", Kind)
    def test_writing_twice_is_writing_once(self, alice: Session, kind: Kind) -> None:
        desired = self.expected(kind, FULL)
        echoes = [
            self.write(alice, self.writing(kind, self.titles[kind][0], desired, create=first))[0].echo
            for first in (True, False)
        ]
        assert [echo.entry for echo in echoes if echo] == [desired, desired]
        assert [one.entry for one in self.read(alice).values()] == [desired]

    @pytest.mark.parametrize("score", [1, 4, 9, 10, 14, 15, 33, 50, 74, 85, 95, 99, 100])
    def test_scores_come_back_as_projected(self, alice: Session, score: int) -> None:
        echo = self.create(alice, Kind.ANIME, self.titles[Kind.ANIME][0], FULL.with_(score=score))
        assert echo.entry.score == self.capability(Kind.ANIME).scale.write(score)
        assert echo.entry.score > 0

    @pytest.mark.parametrize("date", [PartialDate(2021), PartialDate(2021, 7), PartialDate(2021, 7, 31), NO_DATE])
    def test_partial_dates_come_back_as_projected(self, alice: Session, date: PartialDate) -> None:
        wanted = self.expected(Kind.MANGA, FULL.with_(started_on=date, finished_on=date))
        self.create(alice, Kind.MANGA, self.titles[Kind.MANGA][0], wanted)
        assert next(iter(self.read(alice).values())).entry == wanted

    @pytest.mark.parametrize("notes", HOSTILE)
    def test_hostile_notes_survive_and_hurt_nothing(self, alice: Session, notes: str) -> None:
        external_id = self.titles[Kind.ANIME][0]
        self.create(alice, Kind.ANIME, self.titles[Kind.ANIME][1])
        assert self.create(alice, Kind.ANIME, external_id, FULL.with_(notes=notes)).entry.notes == notes
        read = self.read(alice)
        assert (len(read), read[Kind.ANIME, external_id].entry.notes) == (2, notes)

    def test_nul_in_notes_is_dropped(self, alice: Session) -> None:
        entry = self.expected(Kind.ANIME, FULL.with_(notes="a\x00b"))
        assert self.create(alice, Kind.ANIME, self.titles[Kind.ANIME][0], entry).entry.notes == "ab"

    def test_people_do_not_touch_each_other(self, stage: Stage, alice: Session) -> None:
        bob = stage.add_person("bob")
        external_id = self.titles[Kind.ANIME][0]
        theirs = self.create(bob, Kind.ANIME, external_id, OTHER)
        mine = self.create(alice, Kind.ANIME, external_id, FULL)
        self.provider.remove(alice, [Removal(Kind.ANIME, external_id, mine.entry_id)])
        assert self.read(alice) == {}
        assert self.read(bob)[Kind.ANIME, external_id].entry == theirs.entry

    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("knows_entry_id", [True, False])
    def test_removing_and_removing_again(self, alice: Session, kind: Kind, knows_entry_id: bool) -> None:
        stays, goes = self.titles[kind][:2]
        self.create(alice, kind, stays)
        echo = self.create(alice, kind, goes)
        removal = Removal(kind, goes, echo.entry_id if knows_entry_id else "")
        assert self.provider.remove(alice, [removal]) == [Outcome(removed=True)]
        assert self.provider.remove(alice, [removal]) == [Outcome(removed=True)]
        assert set(self.read(alice)) == {(kind, stays)}

    def test_an_unknown_title_spoils_only_itself(self, alice: Session) -> None:
        ids = [*self.titles[Kind.ANIME][:3], self.unknown_id, *self.titles[Kind.ANIME][3:6]]
        entry = self.expected(Kind.ANIME, FULL)
        outcomes = self.write(alice, *(self.writing(Kind.ANIME, each, entry, create=True) for each in ids))
        assert [isinstance(one.error, errors.Gone) for one in outcomes] == [each == self.unknown_id for each in ids]
        assert {external_id for _, external_id in self.read(alice)} == set(ids) - {self.unknown_id}
