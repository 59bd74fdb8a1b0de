"""AniList under the contract, and what only AniList does."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.capability import SCALES
from integrations.http import Session
from integrations.providers.anilist.provider import AniList
from integrations.providers.base import Removal
from integrations.sandbox.catalogue import load_works
from library.entry import Entry, Kind, PartialDate, Status
from tests.contract.catalogue_contract import CatalogueContract
from tests.contract.contract import FULL
from tests.contract.provider_contract import ProviderContract
from tests.contract.stage import Stage

BOTH = frozenset(Kind)
NOTHING = {"year": None, "month": None, "day": None}


def big_titles(kind: Kind) -> list[str]:
    return [
        str(work.anilist_id)
        for work in load_works()
        if work.kind == kind and work.anilist_id and (work.total == 0 or work.total >= 10)
    ]


class TestAniList(CatalogueContract, ProviderContract):
    provider = AniList()
    calm = {"rate_limit": 0, "burst_limit": 0}
    titles = {kind: big_titles(kind) for kind in Kind}

    def edit_on_site(self, stage: Stage, name: str, kind: Kind, *, external_id: str, progress: int) -> None:
        edit = {"mediaId": int(external_id), "progress": progress}
        stage.control("POST", f"accounts/{name}/edit", {"upsert": [edit]})

    def fill_list(self, stage: Stage, name: str, count: int) -> Session:
        stage.control("POST", "works", {"generate": {"kind": "anime", "count": count, "first_id": 900_000}})
        entries = [{"mediaId": 900_000 + at, "status": "CURRENT", "progress": 1} for at in range(count)]
        return stage.add_person(name, entries=entries)

    def shown_work(self, number: int, **values: Any) -> dict[str, Any]:
        names = {"synopsis": "description", "cover": "coverImage", "startDate": "startDate"}
        told = {"startDate": "2031-04-07", **{names[name]: value for name, value in values.items()}}
        return {"id": number, "type": "ANIME", "title": f"Work {number}", **told}

    def add_alice(self, stage: Stage, *entries: dict[str, Any], **settings: Any) -> Session:
        return stage.add_person("alice", entries=list(entries), settings=settings)

    @pytest.mark.parametrize("score_format", ["POINT_100", "POINT_10_DECIMAL", "POINT_10", "POINT_5", "POINT_3"])
    def test_scores_are_kept_whatever_the_person_is_shown(self, stage: Stage, score_format: str) -> None:
        session = self.add_alice(
            stage, {"mediaId": 5114, "status": "CURRENT", "scoreRaw": 83}, score_format=score_format
        )
        snapshot = self.provider.read(session, BOTH)
        assert snapshot.account is not None
        assert snapshot.account.settings == {"score_format": score_format}
        assert (
            self.provider.capability(Kind.ANIME, snapshot.account.settings).scale == SCALES[f"anilist:{score_format}"]
        )
        assert [one.entry.score for one in snapshot.entries] == [83]
        assert self.create(session, Kind.ANIME, "1", FULL.with_(score=47)).entry.score == 47

    def test_dates_of_a_completed_entry_are_not_made_up(self, stage: Stage, alice: Session) -> None:
        self.create(alice, Kind.ANIME, "5114", Entry(Status.COMPLETED, progress=64))
        assert stage.native("alice")[0]["completedAt"] == NOTHING

    def test_custom_split_and_hidden_lists_are_read_and_left_alone(self, stage: Stage) -> None:
        listed = {"mediaId": 5114, "status": "COMPLETED", "customLists": ["Best", "Old"]}
        hidden = {"mediaId": 9253, "status": "PAUSED", "customLists": ["Best"], "hiddenFromStatusLists": True}
        movie = {"mediaId": 21519, "status": "COMPLETED"}
        settings = {"anime_custom_lists": ["Best", "Old"], "anime_split_completed": True}
        session = self.add_alice(stage, listed, hidden, movie, **settings)
        found = {external_id: one.entry.status for (_, external_id), one in self.read(session).items()}
        assert found == {"5114": Status.COMPLETED, "9253": Status.PAUSED, "21519": Status.COMPLETED}
        for external_id in found:
            write = self.writing(Kind.ANIME, external_id, FULL, fields=["status", "progress", "notes"])
            assert self.write(session, write)[0].echo is not None
        after = {entry["mediaId"]: entry for entry in stage.native("alice")}
        assert (after[5114]["customLists"], after[9253]["customLists"]) == (["Best", "Old"], ["Best"])
        assert (after[5114]["hiddenFromStatusLists"], after[9253]["hiddenFromStatusLists"]) == (False, True)

    def test_an_entry_hidden_from_every_list_is_not_mistaken_for_a_new_one(self, stage: Stage) -> None:
        session = self.add_alice(stage, {"mediaId": 5114, "status": "CURRENT", "hiddenFromStatusLists": True})
        assert self.read(session) == {}
        outcome = self.write(session, self.writing(Kind.ANIME, "5114", FULL, create=True))[0]
        assert isinstance(outcome.error, errors.Rejected)
        assert "hidden" in outcome.error.message

    def test_an_entry_without_a_time_is_read(self, stage: Stage) -> None:
        session = self.add_alice(stage, {"mediaId": 5114, "status": "CURRENT", "updatedAt": 0})
        assert [one.updated_at for one in self.read(session).values()] == [None]

    @pytest.mark.parametrize("failed_batch", ["earlier", "none", "others"])
    def test_a_spoilt_batch_costs_few_requests(self, stage: Stage, alice: Session, failed_batch: str) -> None:
        stage.control("POST", "settings", {"failed_batch": failed_batch})
        ids = [*self.titles[Kind.ANIME][:12], self.unknown_id, *self.titles[Kind.ANIME][12:24]]
        outcomes = self.write(alice, *(self.writing(Kind.ANIME, each, FULL, create=True) for each in ids))
        assert [at for at, one in enumerate(outcomes) if one.echo is None] == [12]
        assert isinstance(outcomes[12].error, errors.Gone)
        assert (len(self.read(alice)), alice.requests) == (24, 4)

    def test_a_lower_cap_is_met_by_halving(self, stage: Stage, alice: Session) -> None:
        stage.control("POST", "settings", {"max_complexity": 130})
        writes = [self.writing(Kind.ANIME, each, FULL, create=True) for each in self.titles[Kind.ANIME][:24]]
        assert [one.error for one in self.write(alice, *writes)] == [None] * 24

    def test_locked_titles_are_rejected_alone(self, stage: Stage, alice: Session) -> None:
        stage.control("POST", "works", {"works": [{"id": 5114, "isLocked": True}]})
        outcomes = self.write(
            alice, *(self.writing(Kind.ANIME, each, FULL, create=True) for each in ("1", "5114", "20"))
        )
        assert [one.echo is not None for one in outcomes] == [True, False, True]
        assert isinstance(outcomes[1].error, errors.Rejected)
        assert "locked" in outcomes[1].error.message

    def test_a_stale_entry_id_counts_as_removed_and_a_foreign_one_is_refused(
        self, stage: Stage, alice: Session
    ) -> None:
        bob = stage.add_person("bob")
        theirs = self.create(bob, Kind.ANIME, "5114")
        foreign = self.provider.remove(alice, [Removal(Kind.ANIME, "5114", theirs.entry_id)])
        assert isinstance(foreign[0].error, errors.Rejected)
        assert len(self.read(bob)) == 1

    def test_large_lists_come_in_chunks_when_the_whole_fails(self, stage: Stage) -> None:
        session = self.fill_list(stage, "carol", 1200)
        stage.break_next("error", status=504, body="html")
        snapshot = self.provider.read(session, BOTH)
        assert (len(snapshot.entries), snapshot.complete, session.requests) == (1200, False, 4)

    def test_a_list_at_the_cap_is_not_whole(self, stage: Stage) -> None:
        stage.control("POST", "settings", {"list_cap": 11_000})
        session = self.fill_list(stage, "carol", 11_001)
        snapshot = self.provider.read(session, frozenset({Kind.ANIME}))
        assert (len(snapshot.entries), snapshot.complete) == (11_000, False)

    def test_the_gate_and_the_switched_off_api(self, stage: Stage, alice: Session) -> None:
        stage.control("POST", "settings", {"referer_gate": "all"})
        assert self.read(alice) == {}

    def test_ids_of_the_other_service(self, alice: Session) -> None:
        found = self.provider.translate(alice, Kind.ANIME, "myanimelist", ["25777", "5114", "99999999"])
        assert {mal: facts.external_id for mal, facts in found.items()} == {"25777": "20958", "5114": "5114"}
        manga = self.provider.translate(alice, Kind.MANGA, "myanimelist", ["21", "2"])
        assert {mal: facts.external_id for mal, facts in manga.items()} == {"21": "30021", "2": "30002"}
        assert alice.requests == 2

    def test_days_without_their_year_are_kept(self, alice: Session) -> None:
        date = PartialDate(0, 5, 3)
        assert self.create(alice, Kind.ANIME, "1", FULL.with_(started_on=date)).entry.started_on == date

    def test_adult_works_are_shown_to_who_asks_for_them(self, stranger: Session) -> None:
        work = next(one for one in load_works() if one.kind == "anime" and one.nsfw == "black" and one.anilist_id)
        found = self.provider.browse_search(stranger, Kind.ANIME, work.title, adult=True).titles
        assert [one.facts.is_adult for one in found if one.facts.external_id == str(work.anilist_id)] == [True]
