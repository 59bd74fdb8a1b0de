"""Kitsu under the contract, and what only Kitsu does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from integrations import errors, oauth
from integrations.crypto import Secret
from integrations.http import Session
from integrations.providers.base import Outcome, Removal, Write
from integrations.providers.kitsu.provider import Kitsu
from integrations.sandbox.catalogue import Work, load_works
from library.entry import NO_DATE, Entry, Kind, PartialDate, Status
from tests.contract.catalogue_contract import CatalogueContract
from tests.contract.contract import FULL, OTHER
from tests.contract.provider_contract import ProviderContract
from tests.contract.stage import Stage

BOTH = frozenset(Kind)


def kitsu_works() -> Iterator[tuple[Kind, str, Work]]:
    """(kind, id at the sandbox's Kitsu, work). No table tells Kitsu's manga ids: the sandbox counts them through."""
    manga = 0
    for work in load_works():
        manga += work.kind == "manga"
        number = manga if work.kind == "manga" else work.kitsu_id
        if number:
            yield Kind(work.kind), str(number), work


TOTALS = {(kind, external_id): work.total for kind, external_id, work in kitsu_works()}


def big_titles(wanted: Kind) -> list[str]:
    return [
        external_id
        for kind, external_id, work in kitsu_works()
        if kind is wanted and work.nsfw == "white" and (work.total == 0 or work.total >= 10)
    ]


class TestKitsu(CatalogueContract, ProviderContract):
    provider = Kitsu()
    calm: ClassVar[Mapping[str, Any]] = {}
    titles = {kind: big_titles(kind) for kind in Kind}
    coupled = frozenset({"status", "progress"})

    def edit_on_site(self, stage: Stage, name: str, kind: Kind, *, external_id: str, progress: int) -> None:
        edit = {"kind": str(kind), "id": int(external_id), "progress": progress}
        stage.control("POST", f"accounts/{name}/edit", {"upsert": [edit]})

    def fill_list(self, stage: Stage, name: str, count: int) -> Session:
        stage.control("POST", "works", {"generate": {"kind": "anime", "count": count, "first_id": 900_000}})
        entries = [{"kind": "anime", "id": 900_000 + at, "status": "current", "progress": 1} for at in range(count)]
        return stage.add_person(name, entries=entries)

    def kept(self, kind: Kind, external_id: str, entry: Entry) -> Entry:
        """A completed entry has all its parts."""
        total = TOTALS[kind, external_id]
        return entry.with_(progress=total) if entry.status is Status.COMPLETED and total else entry

    def add_alice(self, stage: Stage, *entries: dict[str, Any], **settings: Any) -> Session:
        return stage.add_person("alice", entries=list(entries), settings=settings)

    def add_work(self, stage: Stage, number: int, **values: Any) -> dict[str, Any]:
        work = {"kind": "anime", "id": number, "title": f"Work {number}", **values}
        stage.control("POST", "works", {"works": [work]})
        return {"kind": "anime", "id": number}

    def shown_work(self, number: int, **values: Any) -> dict[str, Any]:
        names = {"synopsis": "synopsis", "cover": "posterImage", "startDate": "startDate"}
        told = {"startDate": "2031-04-07", **{names[name]: value for name, value in values.items()}}
        return {"kind": "anime", "id": number, "title": f"Work {number}", **told}

    def only(self, outcomes: list[Outcome]) -> Entry:
        assert len(outcomes) == 1
        assert outcomes[0].echo is not None, outcomes[0].error
        return outcomes[0].echo.entry

    # What it costs -----------------------------------------------------------------------------------

    def test_what_a_sync_costs(self, stage: Stage) -> None:
        """No change: 1. A list of 1,000: 2, and 1 for the empty other kind. 20 edits: 1."""
        session = self.fill_list(stage, "carol", 1000)
        self.provider.probe(session, BOTH)
        costs = [session.requests]
        entries = list(self.read(session).values())[:20]
        costs.append(session.requests - sum(costs))
        writes = [
            Write(
                Kind.ANIME,
                one.media.external_id,
                one.entry.with_(score=70),
                frozenset({"score"}),
                entry_id=one.entry_id,
            )
            for one in entries
        ]
        assert [one.error for one in self.provider.write(session, writes)] == [None] * 20
        costs.append(session.requests - sum(costs))
        assert costs == [1, 3, 1]

    def test_twenty_edits_cost_two_requests_also_where_kitsu_alters_all_of_them(
        self, stage: Stage, alice: Session
    ) -> None:
        ids = self.titles[Kind.ANIME][:20]
        made = self.write(alice, *(self.writing(Kind.ANIME, each, FULL, create=True) for each in ids))
        asked = alice.requests
        outcomes = self.provider.write(
            alice,
            [
                Write(
                    Kind.ANIME,
                    one.echo.media.external_id,
                    FULL.with_(progress=6),
                    frozenset({"progress"}),
                    entry_id=one.echo.entry_id,
                )
                for one in made
                if one.echo
            ],
        )
        assert alice.requests - asked == 2
        assert [one.echo.entry for one in outcomes if one.echo] == [
            self.expected(Kind.ANIME, FULL.with_(progress=6))
        ] * 20
        assert {entry["status"] for entry in stage.native("alice")} == {"on_hold"}

    def test_smaller_pages_where_large_ones_fail(self, stage: Stage) -> None:
        session = self.fill_list(stage, "carol", 600)
        stage.control("POST", "settings", {"include_500_chance": 1.0})
        assert len(self.read(session)) == 600
        # A page of 500 fails and three of 250 follow; of the empty other kind one fails and one follows.
        assert session.requests == 6

    # Who is asking -----------------------------------------------------------------------------------

    @pytest.mark.parametrize("private", [True, False])
    def test_what_a_stranger_may_see_is_never_taken_for_the_list(
        self, stage: Stage, alice: Session, private: bool
    ) -> None:
        self.create(alice, Kind.ANIME, self.titles[Kind.ANIME][0], FULL.with_(private=private))
        stranger = stage.open_session("never-issued", account_id=alice.account_id)
        removal = Removal(Kind.ANIME, self.titles[Kind.ANIME][0])
        for call in (
            lambda: self.provider.read(stranger, BOTH),
            lambda: self.provider.probe(stranger, BOTH),
            lambda: self.provider.identify(stranger),
            lambda: self.write(stranger, self.writing(Kind.ANIME, self.titles[Kind.ANIME][1], FULL, create=True)),
            lambda: self.provider.remove(stranger, [removal]),
        ):
            with pytest.raises(errors.AuthRevoked):
                call()
        assert len(stage.native("alice")) == 1

    def test_the_list_of_another_account_is_not_taken(self, stage: Stage, alice: Session) -> None:
        bob = stage.add_person("bob")
        self.create(bob, Kind.ANIME, self.titles[Kind.ANIME][0], FULL.with_(private=False))
        mixed = stage.add_person("carol")
        mixed.account_id = bob.account_id
        with pytest.raises(errors.AuthRevoked):
            self.provider.read(mixed, BOTH)

    def test_a_foreign_entry_is_refused_and_stays(self, stage: Stage, alice: Session) -> None:
        bob = stage.add_person("bob")
        theirs = self.create(bob, Kind.ANIME, self.titles[Kind.ANIME][0], FULL.with_(private=False))
        write = self.writing(Kind.ANIME, self.titles[Kind.ANIME][0], FULL)
        outcomes = [
            *self.provider.write(alice, [replace(write, entry_id=theirs.entry_id)]),
            *self.provider.remove(alice, [Removal(Kind.ANIME, self.titles[Kind.ANIME][0], theirs.entry_id)]),
        ]
        assert [type(one.error) for one in outcomes] == [errors.Rejected, errors.Rejected]
        assert [one.entry for one in self.read(bob).values()] == [theirs.entry]

    # What is not shown -------------------------------------------------------------------------------

    def test_adult_works_vanish_behind_the_filter_and_are_not_taken_for_removed(self, stage: Stage) -> None:
        adult = self.add_work(stage, 800_001, nsfw=True)
        plain = self.add_work(stage, 800_002)
        session = self.add_alice(stage, adult, plain, sfw_filter=False)
        before = self.provider.read(session, BOTH)
        assert before.account is not None
        assert before.account.settings == {"rating_system": "regular", "sfw_filter": False}
        assert {one.media.external_id: one.media.is_adult for one in before.entries} == {
            "800001": True,
            "800002": False,
        }
        asked = session.requests
        assert self.provider.hidden(session, Kind.ANIME, ["800001", "800002"]) == frozenset()
        assert session.requests == asked

        session.account_settings = before.account.settings
        stage.control("POST", "accounts/alice/edit", {"settings": {"sfw_filter": True}, "delete": [plain]})
        after = self.provider.read(session, BOTH)
        assert (len(after.entries), after.complete) == (0, False)
        assert "filter" in after.reason
        assert after.account is not None
        session.account_settings = after.account.settings
        again = self.provider.read(session, BOTH)
        assert (again.complete, again.entries) == (True, ())
        assert self.provider.hidden(session, Kind.ANIME, ["800001", "800002"]) == frozenset({"800001"})

    def test_an_entry_of_a_work_that_is_not_shown_makes_absences_say_nothing(self, stage: Stage) -> None:
        shown, gone = self.add_work(stage, 800_001), self.add_work(stage, 800_002)
        session = self.add_alice(stage, shown, gone)
        self.add_work(stage, 800_002, hidden=True)
        snapshot = self.provider.read(session, BOTH)
        assert ([one.media.external_id for one in snapshot.entries], snapshot.complete) == (["800001"], False)

    def test_a_title_that_is_on_the_list_but_hidden_is_refused(self, stage: Stage) -> None:
        session = self.add_alice(stage, self.add_work(stage, 800_001, nsfw=True), sfw_filter=True)
        outcome = self.write(session, self.writing(Kind.ANIME, "800001", FULL, create=True))[0]
        assert type(outcome.error) is errors.Rejected
        assert "filter" in outcome.error.message

    # What Kitsu does by itself -----------------------------------------------------------------------

    def test_dates_are_not_made_up_and_times_of_day_are_kept(self, stage: Stage) -> None:
        started = {"startedAt": "2024-03-01T17:22:11.123Z"}
        where = self.add_work(stage, 800_001, episodeCount=12)
        session = self.add_alice(stage, {**where, **started, "status": "planned"})
        desired = Entry(Status.COMPLETED, progress=12, started_on=PartialDate(2024, 3, 1))
        entry = self.only(
            self.write(session, self.writing(Kind.ANIME, "800001", desired, fields=["status", "progress"]))
        )
        assert entry == desired
        native = stage.native("alice")[0]
        assert (native["startedAt"], native["finishedAt"]) == (started["startedAt"], None)

    def test_a_pause_at_the_last_episode_does_not_last_and_is_not_fought(self, stage: Stage) -> None:
        where = self.add_work(stage, 800_001, episodeCount=12)
        session = self.add_alice(stage, {**where, "status": "on_hold", "progress": 11})
        write = self.writing(Kind.ANIME, "800001", Entry(Status.PAUSED, progress=12), fields=["progress"])
        entry = self.only(self.write(session, write))
        assert (entry.status, entry.progress, entry.finished_on) == (Status.COMPLETED, 12, NO_DATE)
        assert session.requests <= 3
        assert [one.entry for one in self.read(session).values()] == [entry]

    def test_taking_progress_back_from_a_completed_entry_settles(self, stage: Stage) -> None:
        where = self.add_work(stage, 800_001, episodeCount=12)
        session = self.add_alice(stage, {**where, "status": "completed", "progress": 12})
        write = self.writing(Kind.ANIME, "800001", Entry(Status.COMPLETED, progress=11), fields=["progress"])
        entry = self.only(self.write(session, write))
        assert entry == Entry(Status.COMPLETED, progress=12)
        assert [one.entry for one in self.read(session).values()] == [entry]

    def test_progress_beyond_the_known_length_is_cut_once_the_length_is_learnt(self, stage: Stage) -> None:
        ids = [str(800_000 + at) for at in range(3)]
        for each in ids:
            self.add_work(stage, int(each), episodeCount=12)
        session = self.add_alice(stage)
        writes = [
            self.writing(Kind.ANIME, each, FULL.with_(progress=progress), create=True)
            for each, progress in zip(ids, (5, 13, 99), strict=True)
        ]
        outcomes = self.write(session, *writes)
        assert [one.echo.entry.progress if one.echo else one.error for one in outcomes] == [5, 12, 12]
        # The batch, one look-up, the two again; then Kitsu has completed none, for their status was new.
        assert session.requests == 3
        self.read(session)
        asked = session.requests
        again = Write(
            Kind.ANIME,
            ids[0],
            FULL.with_(progress=40),
            frozenset({"progress"}),
            entry_id=outcomes[0].echo.entry_id if outcomes[0].echo else "",
        )
        assert self.only(self.provider.write(session, [again])).progress == 12
        assert session.requests - asked <= 2

    def test_progress_that_kitsu_does_not_believe_is_rejected_alone(self, stage: Stage, alice: Session) -> None:
        self.add_work(stage, 800_001, episodeCount=None)
        self.add_work(stage, 800_002)
        outcomes = self.write(
            alice,
            self.writing(Kind.ANIME, "800001", FULL.with_(progress=5000), create=True),
            self.writing(Kind.ANIME, "800002", FULL, create=True),
        )
        assert type(outcomes[0].error) is errors.Rejected
        assert "unreasonably high" in outcomes[0].error.message
        assert outcomes[1].error is None

    def test_a_title_that_is_there_already_is_updated(self, stage: Stage, alice: Session) -> None:
        ids = self.titles[Kind.ANIME][:3]
        first = self.create(alice, Kind.ANIME, ids[1], OTHER)
        asked = alice.requests
        outcomes = self.write(alice, *(self.writing(Kind.ANIME, each, FULL, create=True) for each in ids))
        assert [one.error for one in outcomes] == [None] * 3
        assert alice.requests - asked == 3
        read = self.read(alice)
        assert {external_id for _, external_id in read} == set(ids)
        assert read[Kind.ANIME, ids[1]].entry_id == first.entry_id
        assert read[Kind.ANIME, ids[1]].entry == self.expected(Kind.ANIME, FULL)

    @pytest.mark.parametrize("removed", [[0], [2], [1, 3]])
    def test_entries_that_vanished_spoil_only_themselves(
        self, stage: Stage, alice: Session, removed: list[int]
    ) -> None:
        ids = self.titles[Kind.ANIME][:5]
        made = [self.create(alice, Kind.ANIME, each) for each in ids]
        gone = [{"kind": "anime", "id": int(ids[at])} for at in removed]
        stage.control("POST", "accounts/alice/edit", {"delete": gone})
        writes = [
            Write(Kind.ANIME, each, FULL.with_(score=50), frozenset({"score"}), entry_id=one.entry_id)
            for each, one in zip(ids, made, strict=True)
        ]
        outcomes = self.provider.write(alice, writes)
        assert [at for at, one in enumerate(outcomes) if isinstance(one.error, errors.Gone)] == removed
        assert {one.echo.entry.score for one in outcomes if one.echo} == {50}

        removals = [Removal(Kind.ANIME, each, one.entry_id) for each, one in zip(ids, made, strict=True)]
        assert [one.removed for one in self.provider.remove(alice, removals)] == [True] * 5
        assert stage.native("alice") == []

    def test_what_we_do_not_know_stays(self, stage: Stage) -> None:
        where = self.add_work(stage, 800_001)
        session = self.add_alice(stage, {**where, "status": "current", "reactionSkipped": "ignored"})
        self.write(session, self.writing(Kind.ANIME, "800001", FULL))
        assert stage.native("alice")[0]["reactionSkipped"] == "ignored"

    def test_a_repeat_is_a_flag_and_ends_with_it(self, stage: Stage) -> None:
        where = self.add_work(stage, 800_001, episodeCount=12)
        session = self.add_alice(stage, {**where, "status": "current", "reconsuming": True, "progress": 3})
        assert self.read(session)[Kind.ANIME, "800001"].entry.status is Status.REPEATING
        done = Entry(Status.COMPLETED, progress=12, repeats=1)
        write = self.writing(Kind.ANIME, "800001", done, fields=["status", "progress", "repeats"])
        assert self.only(self.write(session, write)) == done
        assert stage.native("alice")[0]["reconsuming"] is False

    # Works -------------------------------------------------------------------------------------------

    def test_ids_of_the_other_services_both_ways(self, stage: Stage, alice: Session) -> None:
        self.add_work(stage, 800_001, mappings={"anilist/anime": "700001", "myanimelist/anime": "700002"})
        self.add_work(stage, 800_002, mappings={"anilist/anime": "700003"})
        self.add_work(stage, 800_003, mappings={"anilist/anime": "700003"})
        found = self.provider.translate(alice, Kind.ANIME, "anilist", ["700001", "700003", "700009"])
        assert {theirs: (facts.external_id, facts.titles) for theirs, facts in found.items()} == {
            "700001": ("800001", ("Work 800001",))
        }
        assert alice.requests == 1
        assert self.provider.translate(alice, Kind.MANGA, "anilist", ["700001"]) == {}
        assert self.provider.translate(alice, Kind.ANIME, "trakt", ["1"]) == {}
        facts = self.provider.details(alice, Kind.ANIME, ["800001"])
        assert [dict(one.cross_ids) for one in facts] == [{"anilist": "700001", "myanimelist": "700002"}]

    def test_many_ids_are_translated_twenty_at_a_time(self, alice: Session) -> None:
        wanted = {
            str(work.mal_id): number for kind, number, work in kitsu_works() if kind is Kind.ANIME and work.mal_id
        }
        found = self.provider.translate(alice, Kind.ANIME, "myanimelist", list(wanted)[:50])
        assert alice.requests == 3
        assert len(found) > 40
        assert {theirs: facts.external_id for theirs, facts in found.items()}.items() <= wanted.items()

    # The way in --------------------------------------------------------------------------------------

    def test_a_password_opens_a_session_and_a_refresh_ends_it(self, stage: Stage) -> None:
        stage.add_person("alice", settings={"password": "p&ss+w ö%rd"})
        session = stage.open_session("")
        line, app = session._line, self.provider.oauth.public_app
        assert app is not None
        grant = oauth.password_grant(
            self.provider.oauth, line, app=app, username=Secret("alice"), password=Secret("p&ss+w ö%rd")
        )
        opened = stage.open_session(grant.access_token.reveal())
        assert self.provider.identify(opened).name == "alice"
        assert grant.refresh_token is not None
        oauth.refresh(self.provider.oauth, line, app=app, refresh_token=grant.refresh_token)
        with pytest.raises(errors.AuthRevoked):
            self.provider.identify(opened)
        with pytest.raises(errors.AuthRevoked):
            oauth.refresh(self.provider.oauth, line, app=app, refresh_token=grant.refresh_token)
