"""Batched probes in the simulator, as `probing`, `ripeness` and `batch_checks` do them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.simulate_people import APART, OFFERED, PRIVATE_PROFILE, SETTLED
from tests.bench.simulate_tally import Entry

if TYPE_CHECKING:
    from tests.bench.simulate_house import House

EDIT = 2
"""As in simulate_house."""


def form(house: House) -> None:
    """Once a minute: who is due soon and may be told from outside, the longest due first, as many as the checks of the
    next minute look after. What the last minute did not come to is picked anew."""
    rules = house.rules
    for _, batch in reversed(house.batches):
        house.near.extendleft(reversed(batch))
    house.batches.clear()
    most = rules.size * rules.batches * house.addresses
    taken: list[Entry] = []
    while house.late and house.late[0][0] + rules.late < house.now and len(taken) < most:
        _take(house, house.late.popleft(), taken)
    while house.near and len(taken) < most:
        _take(house, house.near.popleft(), taken)
    if taken and len(taken) % rules.size:
        _fill_up(house, taken, min(-len(taken) % rules.size, most - len(taken)))
    for at in range(0, len(taken), rules.size):
        batch = taken[at : at + rules.size]
        if len(batch) < rules.fewest:
            house.near.extendleft(batch)
            break
        house.batches.append((house.now + rules.turn, batch))


def _take(house: House, entry: Entry, taken: list[Entry]) -> None:
    """Whose whole read alone stands in the way is looked at again when it is late."""
    if not _is_there(house, entry) or not _can_be_told(house, entry[1]):
        return
    if _is_ripe(house, entry):
        taken.append(entry)
    elif entry[0] + house.rules.late >= house.now:
        house.late.append(entry)


def _fill_up(house: House, taken: list[Entry], room: int) -> None:
    """Those whose wait is three quarters over come along in the last batch."""
    now, rules, looked = house.now, house.rules, house.people.looked
    for due in range(now + rules.imminent + 1, now + rules.horizon + 1):
        for person in house.on(due):
            entry = (due, person)
            is_near = due - now <= (due - looked[person]) / 4
            if is_near and _is_there(house, entry) and _can_be_told(house, person) and _is_ripe(house, entry):
                taken.append(entry)
                room -= 1
                if room == 0:
                    return


def ask(house: House, batch: list[Entry]) -> int:
    """One request, or 0 when nobody is left to be asked for. One more is owed when somebody spoils the answer."""
    known = [
        entry for entry in batch if _is_there(house, entry) and _can_be_told(house, entry[1]) and _is_ripe(house, entry)
    ]
    if not known:
        return 0
    house.tally.requests["batch"] += 1
    house.owed += min(sum(_settle(house, person) for _, person in known), 1)
    return 1


def _settle(house: House, person: int) -> bool:
    """True when this one spoils the answer."""
    people, now = house.people, house.now
    if people.shown[person] == PRIVATE_PROFILE:
        people.mark[person], people.apart_until[person] = APART, now + house.rules.apart
        return True
    if people.mark[person] == SETTLED and not house.stale[person] and people.next_edit[person] > now:
        house.tally.batched += 1
        house.note_look(person)
        house.again(person)
        return False
    if people.mark[person] == SETTLED:
        house.hurry(person, EDIT)
    people.mark[person] = OFFERED
    return False


def _is_there(house: House, entry: Entry) -> bool:
    due, person = entry
    return house.due[person] == due and not house.held[person] and not house.waits[person]


def _can_be_told(house: House, person: int) -> bool:
    mark = house.people.mark[person]
    return (
        mark != OFFERED
        and not (mark == APART and house.people.apart_until[person] > house.now)
        and person not in house.wish
    )


def _is_ripe(house: House, entry: Entry) -> bool:
    due, person = entry
    age = house.now - house.people.read[person]
    rules = house.rules
    return age < rules.whole_read or (age < rules.longest_unread and due + rules.late < house.now)
