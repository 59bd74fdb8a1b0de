"""MyAnimeList under the contract, and what only MyAnimeList does."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.http import Session
from integrations.providers.myanimelist.provider import MyAnimeList
from integrations.sandbox.catalogue import load_works
from library.entry import Entry, Kind, PartialDate, Status
from tests.contract.contract import FULL
from tests.contract.provider_contract import ProviderContract
from tests.contract.stage import Stage

BOTH = frozenset(Kind)


def big_titles(kind: Kind) -> list[str]:
    return [
        str(work.mal_id)
        for work in load_works()
        if work.kind == kind
        and work.mal_id
        and (work.total == 0 or work.total >= 10)
        and (work.volumes == 0 or work.volumes >= 3)
    ]


class TestMyAnimeList(ProviderContract):
    provider = MyAnimeList()
    calm = {"shield_rate": 0.0}
    titles = {kind: big_titles(kind) for kind in Kind}

    def edit_on_site(self, stage: Stage, name: str, kind: Kind, *, external_id: str, progress: int) -> None:
        word = "num_episodes_watched" if kind is Kind.ANIME else "num_chapters_read"
        edit = {"kind": str(kind), "id": int(external_id), word: progress}
        stage.control("POST", f"accounts/{name}/edit", {"upsert": [edit]})

    def fill_list(self, stage: Stage, name: str, count: int) -> Session:
        stage.control("POST", "works", {"generate": {"kind": "anime", "count": count, "first_id": 900_000}})
        entries = [{"kind": "anime", "id": 900_000 + at, "status": "watching"} for at in range(count)]
        return stage.add_person(name, entries=entries)

    def add_alice(self, stage: Stage, *entries: dict[str, Any]) -> Session:
        return stage.add_person("alice", entries=list(entries))

    def test_adult_titles_do_not_vanish(self, stage: Stage) -> None:
        works = [
            {"kind": "anime", "id": 8_000 + at, "title": level, "nsfw": level}
            for at, level in enumerate(("gray", "black"))
        ]
        stage.control("POST", "works", {"works": works})
        session = self.add_alice(stage, *({"kind": "anime", "id": 8_000 + at, "status": "watching"} for at in (0, 1)))
        found = {external_id: one.media.is_adult for (_, external_id), one in self.read(session).items()}
        assert found == {"8000": False, "8001": True}

    def test_counts_above_the_total_are_cut_and_the_echo_says_so(self, alice: Session) -> None:
        assert self.create(alice, Kind.ANIME, "5114", FULL.with_(progress=999)).entry.progress == 64

    @pytest.mark.parametrize("word", ["watching", "completed"])
    def test_the_flag_makes_it_a_repeat_and_ending_it_clears_the_flag(self, stage: Stage, word: str) -> None:
        entry = {"kind": "anime", "id": 5114, "status": word, "is_rewatching": True, "num_episodes_watched": 3}
        session = self.add_alice(stage, entry)
        assert self.read(session)[Kind.ANIME, "5114"].entry.status == Status.REPEATING
        done = Entry(Status.COMPLETED, progress=64, repeats=1)
        write = self.writing(Kind.ANIME, "5114", done, fields=["status", "progress", "repeats"])
        outcome = self.write(session, write)[0]
        assert outcome.echo is not None
        assert outcome.echo.entry == done
        assert stage.native("alice")[0]["is_rewatching"] is False

    def test_fields_that_we_do_not_know_stay(self, stage: Stage) -> None:
        entry = {
            "kind": "anime",
            "id": 5114,
            "status": "watching",
            "tags": ["a", "b"],
            "priority": 2,
            "rewatch_value": 4,
        }
        session = self.add_alice(stage, entry)
        self.write(session, self.writing(Kind.ANIME, "5114", FULL))
        after = stage.native("alice")[0]
        assert (after["tags"], after["priority"], after["rewatch_value"]) == (["a", "b"], 2, 4)

    def test_a_date_without_its_year_reads_as_none_and_stays_until_it_is_written(self, stage: Stage) -> None:
        session = self.add_alice(stage, {"kind": "anime", "id": 5114, "status": "watching", "start_date": "0000-05-03"})
        assert self.read(session)[Kind.ANIME, "5114"].entry.started_on == PartialDate()
        self.write(session, self.writing(Kind.ANIME, "5114", FULL, fields=["progress"]))
        wanted = self.expected(Kind.ANIME, FULL.with_(started_on=PartialDate(0, 5, 3)))
        assert wanted.started_on == PartialDate()

    def test_unapproved_titles_are_rejected(self, stage: Stage, alice: Session) -> None:
        works = [{"kind": "anime", "id": 8_000, "title": "Rumour", "approved": False}]
        stage.control("POST", "works", {"works": works})
        outcome = self.write(alice, self.writing(Kind.ANIME, "8000", self.expected(Kind.ANIME, FULL), create=True))[0]
        assert type(outcome.error) is errors.Rejected
        assert "approved" in outcome.error.message

    def test_more_than_a_page(self, stage: Stage) -> None:
        session = self.fill_list(stage, "carol", 2500)
        assert len(self.read(session)) == 2500
        assert session.requests == self.provider.read_requests({Kind.ANIME: 2500, Kind.MANGA: 0}) == 4

    def test_smaller_pages_after_a_slow_one(self, stage: Stage) -> None:
        session = self.fill_list(stage, "carol", 600)
        stage.break_next("error", status=504, body="html")
        assert len(self.read(session)) == 600

    def test_too_fast_meets_the_shield(self, stage: Stage, alice: Session) -> None:
        stage.control("POST", "settings", {"shield_rate": 0.01, "shield_room": 2})
        for _ in range(2):
            self.provider.identify(alice)
        with pytest.raises(errors.Unavailable):
            self.provider.identify(alice)

    def test_ids_are_of_their_kind(self, alice: Session) -> None:
        self.create(alice, Kind.ANIME, "21", FULL)
        self.create(alice, Kind.MANGA, "21", FULL)
        titles = {kind: one.media.titles[0] for (kind, _), one in self.read(alice).items()}
        assert titles == {Kind.ANIME: "One Piece", Kind.MANGA: "Death Note"}
