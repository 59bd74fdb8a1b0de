"""Trakt against its sandbox. It holds no entries but plays, so of the contract only what fits is inherited: the rest,
and what only Trakt does, stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar

import httpx
import pytest

from integrations import errors
from integrations.crypto import Secret
from integrations.http import Line, Session
from integrations.oauth import AppRejected
from integrations.providers.base import Removal, Snapshot, Write
from integrations.providers.trakt.provider import Trakt
from integrations.sandbox.catalogue import Work, load_works
from integrations.sandbox.server import Running
from integrations.sandbox.shows import Route, sandbox_routes
from library.entry import Entry, Kind, Status
from library.episodes.model import Place, Segment, Target, TargetKind
from tests.contract.contract import Contract
from tests.contract.stage import OpenRoad, Stage
from tests.integrations.providers.trakt_doubles import BookAtlas, DictPlays

ANIME = frozenset({Kind.ANIME})
BEGAN = 1_900_000_000.0
FRIEREN, FRIEREN_2, AOT, AOT_2, ONE_PIECE, HUNTER, FILM = (
    f"anilist-{number}" for number in (154_587, 182_255, 16_498, 20_958, 21, 11_061, 112_151)
)


def place_of(anilist_id: int, routes: Sequence[Route], work: Work | None) -> Place:
    segments = tuple(
        Segment(
            Target(TargetKind(route.kind), "tmdb", str(route.tmdb_id)),
            route.start,
            route.start + route.length - 1,
            route.season if route.kind == "show" else None,
            route.position,
        )
        for route in routes
    )
    total = sum(route.length for route in routes)
    titles = (work.title,) if work else ()
    return Place(f"anilist-{anilist_id}", {"anilist": str(anilist_id)}, segments, total, titles)


def places() -> Iterator[Place]:
    works = {work.anilist_id: work for work in load_works() if work.kind == "anime"}
    routes = [route for route in sandbox_routes(beyond=True) if route.anilist_id]
    for anilist_id, some in groupby(sorted(routes, key=lambda one: one.anilist_id), lambda one: one.anilist_id):
        yield place_of(anilist_id, sorted(some, key=lambda one: one.start), works.get(anilist_id))


PLACES = list(places())
TOTALS = {place.key: place.total for place in PLACES}


class TraktStage(Stage):
    """One clock for the sandbox and for us; each person's atlas and play book last over their sessions."""

    def __init__(self, running: Running, client: httpx.Client, provider: Trakt) -> None:
        super().__init__(running, client, provider)
        self.now = BEGAN
        self.atlas = BookAtlas(PLACES)
        self.books: dict[str, DictPlays] = {}
        app = self.control("POST", "apps", {"redirect_uri": "https://enishi.example/back", "name": "Tests"})
        self.client_id: str = app["client_id"]
        running.control("POST", "clock", {"freeze": True, "set": BEGAN})

    def pass_time(self, seconds: float) -> None:
        super().pass_time(seconds)
        self.now += seconds

    def open_session(self, token: str, *, account_id: str = "", **options: str) -> Session:
        road = OpenRoad()
        line = Line(
            self.provider,
            client=self._client,
            limiter=road,
            breaker=road,
            app=self.client_id,
            sandbox_url=self._running.url,
            clock=lambda: self.now,
        )
        book = self.books.setdefault(account_id, DictPlays(now=lambda: self.now))
        return Session(
            line,
            token=Secret(token),
            account_id=account_id,
            account_settings={"watchlist": 250},
            options=options,
            atlas=self.atlas,
            plays=book,
            sleep=lambda seconds: None,
        )

    def next_run(self, session: Session, **options: str) -> Session:
        """The same person's next session."""
        assert session._token is not None
        return self.open_session(session._token.reveal(), account_id=session.account_id, **options)

    def held(self, name: str = "alice") -> Any:
        return self.control("GET", f"accounts/{name}")

    def plays(self, name: str = "alice") -> list[str]:
        """ "1:28" an episode, "movie" a film: each as often as it was played."""
        return [
            f"{one['episode']['season']}:{one['episode']['number']}" if one["type"] == "episode" else "movie"
            for one in self.held(name)["history"]
        ]

    def edit(self, *upsert: Mapping[str, Any], name: str = "alice") -> None:
        self.control("POST", f"accounts/{name}/edit", {"upsert": list(upsert)})


class TestTrakt(Contract):
    provider: ClassVar[Trakt] = Trakt()
    calm: ClassVar[Mapping[str, Any]] = {"post_limit": 0, "get_limit": 0, "app_get_limit": 0, "edge_rate": 0.0}

    @pytest.fixture
    def stage(self, running: Running, wire: httpx.Client) -> Iterator[TraktStage]:
        running.control("POST", "reset")
        stage = TraktStage(running, wire, self.provider)
        stage.control("POST", "settings", self.calm)
        yield stage
        running.control("POST", "clock", {"resume": True})

    def snapshot(self, session: Session) -> Snapshot:
        snapshot = self.provider.read(session, ANIME)
        assert (snapshot.complete, snapshot.reason) == (True, "")
        return snapshot

    def entries(self, session: Session) -> dict[str, Entry]:
        return {one.media.external_id: one.entry for one in self.snapshot(session).entries}

    def put(self, session: Session, key: str, entry: Entry) -> Entry:
        outcome = self.write(session, self.writing(Kind.ANIME, key, entry, create=True))[0]
        assert outcome.error is None
        assert outcome.echo is not None
        return outcome.echo.entry

    def test_identity(self, stage: TraktStage, alice: Session) -> None:
        account = self.provider.identify(alice)
        assert (account.id, account.name) == (alice.account_id, "alice")
        assert account.settings == {"vip": False, "watchlist": 250}

    def test_an_empty_list_is_whole(self, stage: TraktStage, alice: Session) -> None:
        assert self.entries(alice) == {}
        assert alice.requests == self.provider.read_requests({Kind.ANIME: 0})

    @pytest.mark.parametrize(
        ("key", "entry"),
        [
            (FRIEREN, Entry(Status.PLANNED)),
            (AOT_2, Entry(Status.PLANNED)),
            (FILM, Entry(Status.PLANNED)),
            (FRIEREN, Entry(Status.CURRENT, progress=5)),
            (FRIEREN_2, Entry(Status.CURRENT, progress=2)),
            (AOT, Entry(Status.COMPLETED, progress=25, score=90)),
            (FILM, Entry(Status.COMPLETED, progress=1, score=10)),
            (HUNTER, Entry(Status.CURRENT, progress=64)),
        ],
    )
    def test_what_is_written_is_read_back_and_never_sent_again(
        self, stage: TraktStage, alice: Session, key: str, entry: Entry
    ) -> None:
        assert self.put(alice, key, entry) == entry
        again = stage.next_run(alice)
        assert self.entries(again) == {key: entry}
        asked = again.requests
        assert self.put(again, key, entry) == entry
        assert again.requests == asked
        assert len(stage.plays()) == entry.progress

    def test_works_lie_where_the_page_says(self, stage: TraktStage, alice: Session) -> None:
        """id-mapping.md 5.6: a sequel in the same season, and numbers that count on over the seasons."""
        self.put(alice, FRIEREN_2, Entry(Status.CURRENT, progress=1))
        self.put(alice, HUNTER, Entry(Status.CURRENT, progress=63))
        assert stage.plays()[0] == "1:29"
        assert stage.plays()[-1] == "2:63"

    def test_probe_moves_with_edits_and_removals_and_rests_without(self, stage: TraktStage, alice: Session) -> None:
        show = {"shows": [{"ids": {"trakt": 198_225}}]}
        episode = {"shows": [{**show["shows"][0], "seasons": [{"number": 1, "episodes": [{"number": 1}]}]}]}
        marks = [self.provider.probe(alice, ANIME)]
        for edit in (
            {"watchlist": show},
            {"history": episode},
            {"ratings": {"shows": [{"ids": {"trakt": 198_225}, "rating": 7}]}},
        ):
            stage.edit(edit)
            marks.append(self.provider.probe(alice, ANIME))
        stage.control("POST", "accounts/alice/edit", {"delete": [{"history": episode}]})
        asked = alice.requests
        marks.append(self.provider.probe(alice, ANIME))
        assert alice.requests - asked == self.provider.probe_requests == 1
        assert len(set(marks)) == 5
        assert self.provider.probe(alice, ANIME) == marks[-1]

    def test_what_the_person_does_on_the_site_is_seen(self, stage: TraktStage, alice: Session) -> None:
        numbers = [{"number": number} for number in range(1, 31)]
        frieren = {"ids": {"trakt": 198_225}}
        stage.edit({"history": {"shows": [{**frieren, "seasons": [{"number": 1, "episodes": numbers}]}]}})
        assert self.entries(alice) == {
            FRIEREN: Entry(Status.COMPLETED, progress=28),
            FRIEREN_2: Entry(Status.CURRENT, progress=2),
        }

    def test_people_do_not_touch_each_other(self, stage: TraktStage, alice: Session) -> None:
        bob = stage.add_person("bob")
        self.put(bob, AOT, Entry(Status.CURRENT, progress=3))
        self.put(alice, AOT, Entry(Status.CURRENT, progress=1))
        assert self.entries(bob) == {AOT: Entry(Status.CURRENT, progress=3)}
        assert self.entries(alice) == {AOT: Entry(Status.CURRENT, progress=1)}

    def test_five_hundred_missing_plays_cost_few_requests(self, stage: TraktStage, alice: Session) -> None:
        self.snapshot(alice)
        self.put(alice, ONE_PIECE, Entry(Status.CURRENT, progress=1))
        asked = alice.requests
        change = Write(Kind.ANIME, ONE_PIECE, Entry(Status.CURRENT, progress=501), frozenset({"progress"}))
        assert self.write(alice, change)[0].error is None
        assert alice.requests - asked == 3
        assert len(stage.plays()) == len(set(stage.plays())) == 501

    @pytest.mark.parametrize(
        "fault", [{"kind": "reset", "when": "after"}, {"kind": "error", "status": 502, "when": "after"}]
    )
    def test_a_lost_answer_makes_no_second_play(
        self, stage: TraktStage, alice: Session, fault: Mapping[str, Any]
    ) -> None:
        """Neither at once, nor when reads are late to show it, nor after that."""
        stage.control("POST", "settings", {"stale_seconds": 30.0})
        entry = Entry(Status.COMPLETED, progress=25)
        write = self.writing(Kind.ANIME, AOT, entry, create=True)
        stage.break_next(**fault, endpoint="POST *")
        error = self.write(alice, write)[0].error
        assert isinstance(error, errors.Transient)
        assert error.unsent is False
        for seconds, found in ((1, {}), (20, {}), (60, {AOT: entry}), (60, {AOT: entry})):
            stage.pass_time(seconds)
            run = stage.next_run(alice)
            assert self.entries(run) == found
            outcome = self.write(run, write)[0]
            assert (outcome.error is None) == bool(found)
        assert len(stage.plays()) == len(set(stage.plays())) == 25

    def test_plays_that_never_arrived_are_sent_again_in_time(self, stage: TraktStage, alice: Session) -> None:
        write = self.writing(Kind.ANIME, AOT, Entry(Status.COMPLETED, progress=25), create=True)
        stage.break_next("error", status=502, when="before", endpoint="POST *")
        assert self.write(alice, write)[0].error is not None
        stage.pass_time(10)
        assert self.write(stage.next_run(alice), write)[0].error is not None
        assert stage.plays() == []
        stage.pass_time(60)
        assert self.write(stage.next_run(alice), write)[0].error is None
        assert len(stage.plays()) == len(set(stage.plays())) == 25

    @pytest.mark.parametrize("conflicts", ["doubles", "refuse", "existing"])
    def test_a_stale_read_after_a_good_write_makes_no_second_play(
        self, stage: TraktStage, alice: Session, conflicts: str
    ) -> None:
        stage.control("POST", "settings", {"stale_seconds": 30.0, "history_conflicts": conflicts})
        entry = Entry(Status.COMPLETED, progress=25)
        self.put(alice, AOT, entry)
        run = stage.next_run(alice)
        assert self.entries(run) == {}
        assert self.put(run, AOT, entry) == entry
        assert len(stage.plays()) == 25

    def test_both_answers_to_a_write_are_understood(self, stage: TraktStage, alice: Session) -> None:
        stage.control("POST", "settings", {"write_status": 200})
        assert self.put(alice, FILM, Entry(Status.COMPLETED, progress=1, score=70)).score == 70

    @pytest.mark.parametrize("headers", [True, False])
    def test_several_pages(self, stage: TraktStage, alice: Session, headers: bool) -> None:
        stage.control("POST", "settings", {"page_max": 3, "page_progress": 3, "pagination_headers": headers})
        keys = [key for key, total in TOTALS.items() if total > 1][:10]
        for key in keys:
            assert self.put(alice, key, Entry(Status.CURRENT, progress=1)).progress == 1
        assert self.entries(stage.next_run(alice)).keys() == set(keys)

    def test_the_watchlist_of_a_free_account(self, stage: TraktStage, alice: Session) -> None:
        stage.control("POST", "settings", {"watchlist_cap_free": 2})
        keys = [FRIEREN, AOT, FILM]
        alice.account_settings = {"watchlist": 2}
        for key in keys:
            assert self.put(alice, key, Entry(Status.PLANNED)) == Entry(Status.PLANNED)
        assert self.entries(alice).keys() == {FRIEREN, AOT}
        run = stage.next_run(alice, watchlist="warn")
        run.account_settings = {}
        outcome = self.write(run, self.writing(Kind.ANIME, FILM, Entry(Status.PLANNED), create=True))[0]
        assert isinstance(outcome.error, errors.Rejected)
        assert "watchlist is full" in outcome.error.message

    def test_dropping_is_a_choice(self, stage: TraktStage, alice: Session) -> None:
        run = stage.next_run(alice, dropped="yes")
        dropped = Entry(Status.DROPPED, progress=3)
        assert self.put(run, AOT, dropped) == dropped
        assert self.entries(stage.next_run(alice, dropped="yes")) == {AOT: dropped}
        assert self.entries(stage.next_run(alice)) == {AOT: Entry(Status.CURRENT, progress=3)}

    def test_removals(self, stage: TraktStage, alice: Session) -> None:
        self.put(alice, FRIEREN, Entry(Status.PLANNED))
        self.put(alice, AOT, Entry(Status.CURRENT, progress=2))
        outcomes = self.provider.remove(alice, [Removal(Kind.ANIME, FRIEREN), Removal(Kind.ANIME, AOT)])
        assert [one.removed for one in outcomes] == [True, False]
        assert self.entries(alice) == {AOT: Entry(Status.CURRENT, progress=2)}
        assert len(stage.plays()) == 2

    def test_a_season_that_was_cut_anew_is_seen_by_its_numbers(self, stage: TraktStage, alice: Session) -> None:
        self.put(alice, AOT, Entry(Status.CURRENT, progress=2))
        stage.atlas.tables.clear()
        stage.atlas.recut.add("1420")
        assert self.snapshot(stage.next_run(alice)).entries == ()

    def test_a_dead_token_is_told_from_everything_else(self, stage: TraktStage, alice: Session) -> None:
        stage.control("POST", "tokens", {"account": "alice", "revoke": True})
        calls: tuple[Callable[[], Any], ...] = (
            lambda: self.provider.read(alice, ANIME),
            lambda: self.provider.identify(alice),
            lambda: self.put(alice, AOT, Entry(Status.CURRENT, progress=1)),
            lambda: self.provider.remove(alice, [Removal(Kind.ANIME, AOT)]),
        )
        for call in calls:
            with pytest.raises(errors.AuthRevoked):
                call()

    def test_the_apps_key_is_not_the_persons_trouble(self, stage: TraktStage, alice: Session) -> None:
        stage.client_id = "wrong"
        with pytest.raises(AppRejected):
            self.provider.identify(stage.next_run(alice))

    def test_a_locked_account_stops_everything(self, stage: TraktStage, alice: Session) -> None:
        stage.control("POST", "settings", {"lock_blocks": "writes"})
        stage.control("POST", "accounts/alice/edit", {"settings": {"locked": True}})
        self.snapshot(alice)
        writes = [
            self.writing(Kind.ANIME, key, Entry(Status.CURRENT, progress=1), create=True) for key in (AOT, FRIEREN)
        ]
        with pytest.raises(errors.ProviderError, match="locked"):
            self.write(alice, *writes)
        book = alice.plays
        assert isinstance(book, DictPlays)
        assert book.rows == {}

    @pytest.mark.parametrize("body", ["html", "text"])
    def test_the_shield_says_stay_away(self, stage: TraktStage, alice: Session, body: str) -> None:
        stage.control("POST", "settings", {"edge_ban": True, "edge_body": body})
        with pytest.raises(errors.Unavailable) as raised:
            self.provider.identify(alice)
        assert raised.value.retry_after == 300.0

    @pytest.mark.parametrize("headers", [True, False])
    def test_too_many_requests(self, stage: TraktStage, alice: Session, headers: bool) -> None:
        stage.break_next("rate_limit", times=None, retry_after=17, headers=headers)
        calls: tuple[Callable[[], Any], ...] = (
            lambda: self.provider.read(alice, ANIME),
            lambda: self.put(alice, AOT, Entry(Status.CURRENT, progress=1)),
        )
        for call in calls:
            asked = alice.requests
            with pytest.raises(errors.RateLimited) as raised:
                call()
            assert (alice.requests - asked, raised.value.unsent) == (1, True)
            assert raised.value.retry_after == (17 if headers else 60)
        assert stage.plays() == []

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "error", "status": 500},
            {"kind": "error", "status": 503, "body": "html"},
            {"kind": "html", "status": 200, "text": "checking your browser"},
            {"kind": "html", "status": 403},
            {"kind": "cut"},
            {"kind": "reset"},
        ],
    )
    def test_an_outage_is_never_an_empty_list(
        self, stage: TraktStage, alice: Session, fault: Mapping[str, Any]
    ) -> None:
        self.put(alice, AOT, Entry(Status.CURRENT, progress=1))
        stage.break_next(times=None, **fault)
        with pytest.raises(errors.Transient):
            self.provider.read(alice, ANIME)
        stage.control("DELETE", "faults")
        assert len(self.entries(alice)) == 1

    @pytest.mark.parametrize("fault", [{"kind": "error", "status": 500}, {"kind": "cut"}, {"kind": "reset"}])
    def test_one_failure_while_reading_is_overcome(
        self, stage: TraktStage, alice: Session, fault: Mapping[str, Any]
    ) -> None:
        self.put(alice, AOT, Entry(Status.CURRENT, progress=1))
        stage.break_next(**fault)
        assert len(self.entries(alice)) == 1

    def test_an_overload_is_left_alone(self, stage: TraktStage, alice: Session) -> None:
        """Trakt asks for half a minute of rest after a 502 (trakt.md 3), so it is not tried again at once."""
        stage.break_next("error", status=502)
        with pytest.raises(errors.Unavailable):
            self.provider.read(alice, ANIME)
        assert alice.requests == 1

    def test_ids_of_other_services_and_search(self, stage: TraktStage, alice: Session) -> None:
        found = self.provider.translate(alice, Kind.ANIME, "anilist", ["154587", "1"])
        assert found["154587"].external_id == FRIEREN
        assert alice.requests == 0
        shown = self.provider.search(alice, Kind.ANIME, "Frieren", limit=5)
        assert "show-198225" in {facts.external_id for facts in shown}
        assert self.provider.search(alice, Kind.ANIME, "zzzz qqqq xxxx") == []
