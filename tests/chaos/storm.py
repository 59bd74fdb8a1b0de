"""The driver: a seeded order of edits, faults and deaths, until enough runs were done.

The order is the seed's; when what happens meets what, is up to the machine. So a seed that failed is run again with
its command, more than once if need be.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database
from django.db.models import Q, Sum
from django.utils import timezone
from redis import Redis

from integrations.sandbox.server import Running
from syncing.models import Schedule, SyncRun
from syncing.services import scheduling
from tests.chaos.crew import BEAT, CONTROL, SYNC, UPKEEP, Crew
from tests.chaos.downtime import Downtime
from tests.chaos.edits import Editor
from tests.chaos.people import Person
from tests.chaos.servers import Servers
from tests.e2e.four import ALL, ANILIST, KITSU, MAL, TRAKT

WRITES = {
    ANILIST: "graphql:*MediaListEntr*",
    MAL: "P* /anime/*",
    KITSU: "graphql:libraryEntry*",
    TRAKT: "POST /sync/*",
}
"""Endpoints as faults name them."""
SLOWEST = 3.0
"""Seconds: longer than anybody waits for an answer here (`apps.READ_SECONDS`)."""
MISSING_SECONDS, RECONNECT_SECONDS, START_SECONDS = 2.5, 8.0, 8.0
"""The longest that something stays away, that a worker then waits for its next try, and that a process needs to start
where others start, too."""
CALLING, SLOWEST_RUN = 120.0, 5.0
"""Seconds for a storm to begin, and for each of its runs, on a slow machine with others at work."""
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("error", {"status": 500, "when": "before"}),
    ("error", {"status": 500, "when": "after"}),
    ("error", {"status": 503, "when": "before"}),
    ("error", {"status": 503, "when": "after"}),
    ("html", {"status": 502, "when": "after"}),
    ("rate_limit", {"retry_after": 1.0}),
    ("reset", {"when": "before"}),
    ("reset", {"when": "after"}),
    ("reset", {"when": "after"}),
    ("cut", {}),
    ("latency", {"seconds": 0.5}),
    # It is done after its sender gave up, or is dead.
    ("latency", {"seconds": SLOWEST}),
)
DECK: Mapping[str, int] = {
    "edit": 40,
    "sync by hand": 24,
    "fault": 14,
    "worker killed": 4,
    "title added": 2,
    "title removed": 2,
    "episode replayed": 1,
    "service away": 1,
    "strange answer": 1,
    "beat killed": 1,
    "control killed": 1,
    "upkeep killed": 1,
    "child of upkeep killed": 1,
    "valkey restarted": 1,
    "valkey killed": 1,
    "postgres cut": 1,
    "postgres restarted": 1,
    "postgres crashed": 1,
}
"""What one round is made of, in an order of its own each time."""
SMALL_DECK: Mapping[str, int] = {
    **{one: 1 for one in DECK if one not in ("upkeep killed", "valkey restarted", "postgres restarted")},
    "edit": 24,
    "sync by hand": 20,
    "fault": 8,
}
"""For the tests: of two that are much alike, one, since to start a process costs most of the time."""
ONCE = {"valkey flushed": 1}
BLOWS = {one for one in (*DECK, *ONCE) if one.endswith((" killed", " restarted", " crashed", " flushed", " cut"))}
RUNS_BETWEEN = 3
"""So many runs end between two blows, where there is something to do."""


@dataclass(slots=True)
class Storm:
    """dealer: shuffles the cards and nothing else, so that they lie the same whatever became of the last round.
    patience: the most seconds between two blows. happened: how often what. down: when nobody could take a lease back.
    overdue: the longest seconds, besides those, for which one was found expired and not taken back."""

    sandbox: Running
    servers: Servers
    crew: Crew
    editor: Editor
    people: Sequence[Person]
    chance: random.Random
    dealer: random.Random
    deck: Mapping[str, int]
    patience: float
    happened: Counter[str] = field(default_factory=Counter)
    faults_hit: Counter[str] = field(default_factory=Counter)
    down: Downtime = field(default_factory=Downtime)
    overdue: float = 0.0
    _repairs: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _cards: deque[str] = field(default_factory=deque)
    _rounds: int = 0
    _runs_at_blow: int = 0

    def rage(self, *, runs: int, pace: float) -> None:
        """Until so many runs were done and each thing has happened. pace: seconds between two, on average.

        Raises AssertionError when hardly anything goes on any more."""
        actions = self._actions()
        target, ends = runs_done() + runs, time.monotonic() + CALLING + SLOWEST_RUN * runs
        while self._cards or not self._rounds or runs_done() < target:
            if time.monotonic() > ends:
                raise AssertionError(f"of {runs} runs {target - runs_done()} were not done in time")
            if not self._cards:
                self._shuffle()
            what = self._cards.popleft()
            if what in BLOWS:
                self._let_work()
            actions[what]()
            self.happened[what] += 1
            self.editor.told.append(f"{time.strftime('%H:%M:%S')} {what}")
            self._wait(pace * 2 * self.chance.random())

    def _let_work(self) -> None:
        """Some runs between two blows, or all would be spent on starting anew; on a slow machine too."""
        ends = time.monotonic() + self.patience
        while is_busy() and runs_done() < self._runs_at_blow + RUNS_BETWEEN and time.monotonic() < ends:
            self._wait(0.1)
        self._runs_at_blow = runs_done()

    def end(self) -> None:
        """All trouble is over: faults off, servers and processes up."""
        for _, repair in sorted(self._repairs, key=lambda one: one[0]):
            repair()
        self._repairs.clear()
        self._count_faults()
        self._replace(but_killed=False)

    def _shuffle(self) -> None:
        cards = [what for what, times in self.deck.items() for _ in range(times)]
        cards += [what for what, times in ONCE.items() for _ in range(times) if not self._rounds]
        self.dealer.shuffle(cards)
        self._cards.extend(cards)
        self._rounds += 1

    def _actions(self) -> dict[str, Callable[[], object]]:
        crew = self.crew
        return {
            "edit": self.editor.edit,
            "title added": self.editor.add,
            "title removed": self.editor.remove,
            "episode replayed": self.editor.replay,
            "sync by hand": self._sync,
            "fault": self._break,
            "service away": self._shut,
            "strange answer": self._confuse,
            "worker killed": lambda: self._kill(SYNC),
            "beat killed": lambda: self._kill(BEAT),
            "control killed": lambda: self._kill(CONTROL),
            "upkeep killed": lambda: self._kill(UPKEEP),
            "child of upkeep killed": lambda: crew.kill_child(crew.of(UPKEEP)[0], self.chance),
            "valkey restarted": lambda: self._fell_valkey(hard=False),
            "valkey killed": lambda: self._fell_valkey(hard=True),
            "valkey flushed": self._flush_valkey,
            "postgres cut": cut_all,
            "postgres restarted": lambda: self._fell_postgres(hard=False),
            "postgres crashed": lambda: self._fell_postgres(hard=True),
        }

    def _wait(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while True:
            self._mend()
            self._replace()
            self.overdue = max(self.overdue, longest_overdue(self.down))
            left = ends - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    def _replace(self, *, but_killed: bool = True) -> None:
        if CONTROL in self.crew.fill(but_killed=but_killed):
            self._is_down(START_SECONDS)

    def _is_down(self, seconds: float) -> None:
        """From now on; what comes after it says so itself."""
        now = time.time()
        self.down.add(now, now + seconds)

    def _mend(self) -> None:
        now = time.monotonic()
        due = [repair for at, repair in self._repairs if at <= now]
        self._repairs = [(at, repair) for at, repair in self._repairs if at > now]
        for repair in due:
            repair()

    def _later(self, most: float, repair: Callable[[], None]) -> None:
        self._repairs.append((time.monotonic() + most * self.chance.random(), repair))

    # People and services --------------------------------------------------------------------------------------

    def _sync(self) -> None:
        person = self.chance.choice(self.people)
        scheduling.request_sync(person.user, provider=self.chance.choice(ALL), full=self.chance.random() < 0.1)

    def _break(self) -> None:
        """The next one, two or three requests of a sort fail, some of them."""
        side = self.chance.choice((*ALL, TRAKT))
        kind, options = self.chance.choice(FAULTS)
        if kind == "rate_limit":
            # With AniList's headers the whole next minute would be lost.
            options = {**options, "headers": side != ANILIST}
        where = self.chance.choice(("*", WRITES[side], WRITES[side]))
        self._set_fault(side, kind, endpoint=where, times=self.chance.randint(1, 3), **options)

    def _confuse(self) -> None:
        """Well-formed, and not what was asked for."""
        self._set_fault(self.chance.choice((MAL, TRAKT)), "error", endpoint="GET *", status=200)

    def _shut(self) -> None:
        side = self.chance.choice(ALL)
        fault = self._set_fault(side, "error", status=503, times=None)
        self._later(4.0, lambda: self._take_back(side, fault))

    def _set_fault(self, side: str, kind: str, **options: Any) -> int:
        return int(self.sandbox.control("POST", f"{side}/faults", {"kind": kind, **options})["id"])

    def _take_back(self, side: str, fault: int) -> None:
        self._count_faults(side, only=fault)

    def _count_faults(self, *sides: str, only: int | None = None) -> None:
        for side in sides or ALL:
            for fault in self.sandbox.control("GET", f"{side}/faults"):
                if only in (None, fault["id"]):
                    self.faults_hit[f"{fault['kind']} {fault.get('status', '')}".strip()] += fault["hits"]
            self.sandbox.control("DELETE", f"{side}/faults", {} if only is None else {"id": only})

    # Processes and servers ------------------------------------------------------------------------------------

    def _kill(self, role: str) -> None:
        alive = [member for member in self.crew.of(role) if member.is_up]
        if alive:
            self.crew.kill(self.chance.choice(alive))
            self._is_down(MISSING_SECONDS if role == CONTROL else 0.0)
            self._later(MISSING_SECONDS, lambda: self._replace(but_killed=False))

    def _fell_valkey(self, *, hard: bool) -> None:
        self.servers.valkey.fall(hard=hard)
        self._is_down(MISSING_SECONDS + RECONNECT_SECONDS)
        self._later(MISSING_SECONDS, self.servers.valkey.rise)

    def _flush_valkey(self) -> None:
        """All of it is lost: messages, what was being worked on, budgets, the breakers."""
        self.servers.valkey.rise()
        with Redis.from_url(self.servers.valkey.url) as client:
            client.flushall()

    def _fell_postgres(self, *, hard: bool) -> None:
        """Nobody edits meanwhile: whether an edit was saved would be unknown to its person, and to us."""
        began = time.time()
        self.servers.postgres.fall(hard=hard)
        time.sleep(self.chance.random())
        self.servers.postgres.rise()
        database.close()
        self.down.add(began, time.time() + 1.0)


def runs_done() -> int:
    """Of all who sync; runs without changes are told by the tally of the row that they were folded into."""
    return int(SyncRun.objects.aggregate(all=Sum("checks"))["all"] or 0)


def is_busy() -> bool:
    """True while a run is at work or due, or soon will be after an edit."""
    soon = timezone.now() + scheduling.EDIT_DEBOUNCE
    return Schedule.objects.filter(Q(lease_until__isnull=False) | Q(due_at__lte=soon)).exists()


def longest_overdue(down: Downtime) -> float:
    first = Schedule.objects.exclude(lease_until=None).order_by("lease_until").first()
    if first is None or first.lease_until is None:
        return 0.0
    return down.up(first.lease_until.timestamp(), time.time())


def cut_all() -> None:
    """Every connection to the database but ours is cut, in the middle of whatever it does."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
