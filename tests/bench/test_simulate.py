"""A small house on the paper clock: nobody is lost, doubled or forgotten, and no budget is overdrawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.bench.simulate import figures, simulate
from tests.bench.simulate_house import RING, House
from tests.bench.simulate_people import PUBLIC
from tests.bench.simulate_rules import DAY, MINUTE, Rules, real_rules

COUNT = 300


@pytest.fixture(scope="module")
def rules() -> Rules:
    return real_rules()


def tight(rules: Rules) -> Rules:
    """Two requests a minute."""
    return replace(rules, requests=2.0, burst=1, in_line=1, people=1, batches=1)


def places(house: House) -> Counter[int]:
    """How often each person is somewhere: in the calendar, in a line, or with a worker."""
    found = Counter(person for person in range(COUNT) if house.held[person])
    for step in range(house.now, house.now + RING):
        found.update({person for person in house.on(step) if house.due[person] == step and not house.held[person]})
    for line, waits in ((house.line, False), (house.pressed, True)):
        found.update(
            {
                person
                for due, person in line
                if house.due[person] == due and not house.held[person] and bool(house.waits[person]) is waits
            }
        )
    return found


@pytest.mark.parametrize("batched", [False, True], ids=["alone", "batched"])
@pytest.mark.parametrize("short", [False, True], ids=["enough", "short"])
def test_everybody_is_in_one_place_and_no_budget_is_overdrawn(
    rules: Rules, monkeypatch: pytest.MonkeyPatch, batched: bool, short: bool
) -> None:
    chosen = tight(rules) if short else rules
    house = House(COUNT, chosen, addresses=1, batched=batched, days=1.0, seed=3)
    finish, finished = house._finish, Counter[int]()

    def finish_once(person: int) -> None:
        assert house.held[person] == 1
        finish(person)
        assert house.held[person] == 0
        finished[person] += 1

    monkeypatch.setattr(house, "_finish", finish_once)
    asked: list[int] = []
    for step in range(DAY):
        before = house.tally.requests.total()
        house.step()
        asked.append(house.tally.requests.total() - before)
        if step % 997 == 0:
            assert places(house) == Counter(range(COUNT))
    assert max(sum(asked[at : at + MINUTE]) for at in range(DAY)) <= chosen.requests
    assert finished.total() == house.tally.own_runs.total()
    if short and not batched:
        assert sum(asked) > 0.98 * chosen.requests * DAY / MINUTE
    if not short:
        assert house.tally.behind.at(0.99) <= 60


@pytest.mark.slow
@pytest.mark.parametrize("batched", [False, True], ids=["alone", "batched"])
def test_nobody_starves_however_short_the_budget(rules: Rules, batched: bool) -> None:
    """A turn of all takes 1,500 of the day's 2,880 requests, more with what edits cost; with batches much less."""
    house = House(1_500, tight(rules), addresses=1, batched=batched, days=3.0, seed=4)
    for _ in range(3 * DAY):
        house.step()
    assert house.tally.requests.total() > 0.98 * 3 * 2_880
    assert max(house.now - looked for looked in house.people.looked) < DAY * (0.5 if batched else 0.8)
    assert house.tally.written.maximum < 3_600


def test_the_same_seed_gives_the_same_figures_and_another_others(rules: Rules) -> None:
    told = [simulate(200, rules, addresses=1, batched=True, days=0.5, seed=seed) for seed in (1, 1, 2)]
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_batches_save_requests_and_lose_no_edit(rules: Rules) -> None:
    alone, batched = (
        simulate(COUNT, rules, addresses=1, batched=batched, days=2.0, seed=5) for batched in (False, True)
    )
    assert alone["requests_a_check_of_public"] == 1.0
    assert batched["requests_a_check_of_public"] < 0.5
    assert batched["requests_a_minute"] < 0.6 * alone["requests_a_minute"]
    # As many looks as without them, and so edits are found as soon.
    assert batched["checks_a_person_and_day"] > 0.95 * alone["checks_a_person_and_day"]
    assert batched["edit_seen"]["p50"] < 1.5 * alone["edit_seen"]["p50"]


def test_who_hides_a_list_is_never_answered_for(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(COUNT, rules, addresses=1, batched=True, days=2.0, seed=6)
    again, told = house.again, Counter[int]()

    def note(person: int) -> None:
        told[house.people.shown[person]] += not house.held[person] and house.people.read[person] < house.now
        again(person)

    monkeypatch.setattr(house, "again", note)
    for _ in range(2 * DAY):
        house.step()
    assert set(+told) == {PUBLIC}
    assert house.tally.requests["again"] > 0
    assert figures(house)["requests_a_batched_check"] < 2.0


def test_the_rules_are_the_houses_own(rules: Rules) -> None:
    assert (rules.size, rules.imminent, rules.horizon, rules.whole_read) == (30, 9, 90, DAY)
    # An hour was chosen: half of it at first, six times as much for a list that sleeps.
    assert (rules.minutes[0], rules.minutes[1440], rules.minutes[-1]) == (30.0, 60.0, 360.0)
