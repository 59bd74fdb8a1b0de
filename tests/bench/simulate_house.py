"""One AniList, some addresses, many people: what the ticks, the line, the batches and the budget make of a day.

Everybody is in one place at a time: in the calendar (due later), in the line (due), or held (handed out to a worker).
An entry in calendar, line or near is a pair of due time and person; it counts only while the person is still due then.
"""

from __future__ import annotations

from collections import deque
from random import Random

from syncing.core.pace import spread
from tests.bench import simulate_batches as batching
from tests.bench.simulate_people import APART, NO_MARK, OFFERED, PRESSES_A_DAY, PRIVATE_ENTRIES, SETTLED, People
from tests.bench.simulate_rules import DAY, MINUTE, Rules
from tests.bench.simulate_tally import Entry, Tally

PRESSED, EDIT = 1, 2
"""Why somebody waits: "sync now", or an edit that was made elsewhere or seen from outside."""
RING = 1 << 14
"""Steps that the calendar reaches: more than the longest interval and its spread."""


class House:
    """batched: whether many are looked at in one request."""

    def __init__(self, count: int, rules: Rules, *, addresses: int, batched: bool, days: float, seed: int) -> None:
        self.rules, self.addresses, self.batched, self.ends = rules, addresses, batched, int(days * DAY)
        self.draw = Random(seed)
        self.people = People(count, self.draw, rules)
        self.now = 0
        self.tally = Tally()
        self.due = [0] * count
        self.held = bytearray(count)
        self.stale = bytearray(count)
        self.waits = bytearray(count)
        self.wish: dict[int, int] = {}
        self.calendar: list[list[int]] = [[] for _ in range(RING)]
        self.wishes: dict[int, list[int]] = {}
        self.line: deque[Entry] = deque()
        self.pressed: deque[Entry] = deque()
        self.near: deque[Entry] = deque()
        self.late: deque[Entry] = deque()
        self.running: deque[int] = deque()
        self.first: deque[int] = deque()
        self.batches: deque[tuple[int, list[Entry]]] = deque()
        self.begun: set[int] = set()
        self.owed = 0
        self.tokens = 0.0
        self.spent: deque[int] = deque([0] * MINUTE, maxlen=MINUTE)
        self._begin()

    def _begin(self) -> None:
        """Everybody is somewhere within their interval."""
        people = self.people
        for person in range(people.count):
            wanted = self._wanted(person)
            since = self.draw.random() * wanted
            people.looked[person], people.interval[person] = -since, wanted
            self._put(person, int(wanted - since))
            self._plan_wish(person)
        for step in range(self.rules.imminent):
            self.near.extend((step, person) for person in self.calendar[step])

    def step(self) -> None:
        """Ten seconds."""
        self._arrive()
        if self.batched and self.now % MINUTE == 0:
            batching.form(self)
        self._hand_out()
        self._serve()
        self.now += 1
        self.tally.steps += 1

    def forget(self) -> None:
        """The warm-up is over: what was counted so far is not told."""
        self.tally = Tally()

    def _arrive(self) -> None:
        now, due, held = self.now, self.due, self.held
        for person in self.wishes.pop(now, ()):
            self._plan_wish(person)
            self.wish.setdefault(person, now)
            self.hurry(person, EDIT)
        slot = now % RING
        self.line.extend([(now, person) for person in self.calendar[slot] if due[person] == now and not held[person]])
        self.calendar[slot] = []
        if self.batched:
            soon = now + self.rules.imminent
            self.near.extend([(soon, person) for person in self.calendar[soon % RING] if due[person] == soon])
        expected = self.people.count * PRESSES_A_DAY / DAY
        for _ in range(int(expected + self.draw.random())):
            self.hurry(int(self.draw.random() * self.people.count), PRESSED)

    def hurry(self, person: int, why: int) -> None:
        """Into the line of those who wait: whoever is held or waits already is there soon enough."""
        if not self.held[person] and not self.waits[person]:
            self.waits[person], self.due[person] = why, self.now
            self.pressed.append((self.now, person))

    def _hand_out(self) -> None:
        """As `dispatching`: what a batch holds while it is asked is out as well."""
        asked = min(self.addresses, len(self.batches)) * self.rules.size
        room = self.rules.in_line * self.addresses - len(self.running) - asked
        taken = self._take(self.line, room, waits=False)
        self.running.extend(taken)
        left = max(room, 0) - len(taken)
        people = self.rules.people * self.addresses - len(self.first) + left
        self.first.extend(self._take(self.pressed, people, waits=True))

    def _take(self, line: deque[Entry], room: int, *, waits: bool) -> list[int]:
        taken: list[int] = []
        while line and len(taken) < room:
            due, person = line.popleft()
            if self.due[person] == due and not self.held[person] and bool(self.waits[person]) is waits:
                self.held[person] = 1
                taken.append(person)
        return taken

    def _serve(self) -> None:
        """Who waits goes first, but while there are checks to be made these have their share. Runs go before batches:
        none is handed out while those are asked for."""
        rate, burst = self.rules.requests * self.addresses / MINUTE, self.rules.burst * self.addresses
        self.tokens = min(self.tokens + rate, rate + burst)
        most = min(int(self.tokens), int(self.rules.requests * self.addresses) - sum(list(self.spent)[1:]))
        again = min(self.owed, most)
        self.tally.requests["again"] += again
        self.owed -= again
        left = most - again
        kept = int(left * self.rules.share_of_checks + self.draw.random()) if self.running or self.batches else 0
        left = kept + self._run(self.first, left - kept)
        left = self._run(self.running, left)
        while left > 0 and self.batches:
            until, batch = self.batches.popleft()
            left -= batching.ask(self, batch) if self.now < until else 0
        left = self._run(self.first, left)
        self.tokens -= most - left
        self.spent.append(most - left)
        self.tally.busiest_minute = max(self.tally.busiest_minute, sum(self.spent))

    def _run(self, line: deque[int], left: int) -> int:
        """Requests that are left then. A run that also writes takes two, and may wait between them."""
        while line and left > 0:
            left -= 1
            person = line[0]
            self.tally.requests["written" if person in self.begun else "own"] += 1
            if person in self.wish and person not in self.begun:
                self.begun.add(person)
                continue
            self.begun.discard(line.popleft())
            self._finish(person)
        return left

    def _finish(self, person: int) -> None:
        """A run of their own: the whole list is read, and what waits is written."""
        people, tally, now = self.people, self.tally, self.now
        tally.own_runs[people.shown[person] != 0] += 1
        wished = self.wish.pop(person, None)
        if self.waits[person] == PRESSED:
            tally.waited.add(now - self.due[person])
        elif not self.waits[person]:
            self.note_look(person)
        people.read[person] = now
        if people.next_edit[person] <= now:
            tally.seen.add(now - people.next_edit[person])
            people.moved[person], people.next_edit[person] = now, people.edit_after(now, person, self.draw)
            # Found before a batch could tell: the mark is of the list as it was.
            self.stale[person] = people.mark[person] == SETTLED
        if wished is not None:
            tally.written.add(now - wished)
        self._confirm(person, wrote=wished is not None)
        self.held[person] = self.waits[person] = 0
        self.again(person)

    def _confirm(self, person: int, *, wrote: bool) -> None:
        people = self.people
        if people.shown[person] == PRIVATE_ENTRIES:
            people.mark[person], people.apart_until[person] = APART, self.now + self.rules.apart
        elif people.mark[person] != APART:
            if wrote:
                people.mark[person], self.stale[person] = NO_MARK, 0
            elif people.mark[person] == OFFERED:
                people.mark[person], self.stale[person] = SETTLED, 0

    def note_look(self, person: int) -> None:
        now, due, looked = self.now, self.due[person], self.people.looked[person]
        self.tally.behind.add(max(now - due, 0))
        if due > looked:
            self.tally.looks += 1
            self.tally.stretch += (now - looked) / (due - looked)

    def again(self, person: int) -> None:
        self.people.looked[person] = self.now
        wanted = self._wanted(person)
        self.people.interval[person] = wanted
        self._put(person, self.now + max(round(wanted), 1))

    def _wanted(self, person: int) -> float:
        """Steps until the next look, by the real pace."""
        quiet = int((self.now - self.people.moved[person]) / MINUTE)
        minutes = self.rules.minutes
        return spread(minutes[min(quiet, len(minutes) - 1)], self.draw.random()) * MINUTE

    def on(self, step: int) -> list[int]:
        """Who was put there; some may be due at another time by now."""
        return self.calendar[step % RING]

    def _put(self, person: int, due: int) -> None:
        self.due[person] = due
        self.calendar[due % RING].append(person)

    def _plan_wish(self, person: int) -> None:
        when = int(self.people.wish_after(self.now, person, self.draw)) + 1
        if when < self.ends:
            self.wishes.setdefault(when, []).append(person)
