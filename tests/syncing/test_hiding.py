"""Which absences are asked about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import pytest

from integrations.errors import Transient
from integrations.http import Session
from integrations.providers.base import Provider
from library.entry import Entry, Kind, Status
from syncing.core.model import Memory, Track
from syncing.core.plan import Key
from syncing.services.baselines import Ledger
from syncing.services.hiding import find_hidden

SESSION = cast(Session, object())
ENTRY = Entry(Status.CURRENT)


class Hider:
    """Hides the ids it was made with, and remembers what it was asked about."""

    def __init__(self, *ids: str, error: Exception | None = None) -> None:
        self.ids, self.error = frozenset(ids), error
        self.asked: list[tuple[Kind, list[str]]] = []

    def hidden(self, _session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
        self.asked.append((kind, sorted(ids)))
        if self.error is not None:
            raise self.error
        return self.ids & frozenset(ids)


def ledger(*keys: Key, remembered: bool = True) -> Ledger:
    memory = Memory(ENTRY, ENTRY) if remembered else None
    return Ledger({key: Track(key[0], key[1], number, memory) for number, key in enumerate(keys)})


def find(hider: Hider, known: Ledger, present: set[Key], complete: set[Kind]) -> frozenset[Key]:
    provider: Any = hider
    return find_hidden(SESSION, cast(Provider, provider), ledger=known, present=present, complete=complete)


def test_only_what_a_whole_read_lacked_is_asked_about() -> None:
    keys: list[Key] = [(Kind.ANIME, "1"), (Kind.ANIME, "2"), (Kind.MANGA, "3")]
    hider = Hider("2", "3")
    assert find(hider, ledger(*keys), {keys[0]}, {Kind.ANIME}) == {keys[1]}
    assert hider.asked == [(Kind.ANIME, ["2"])]


def test_nothing_missing_costs_nothing() -> None:
    keys: list[Key] = [(Kind.ANIME, "1")]
    hider = Hider("1")
    assert find(hider, ledger(*keys), set(keys), set(Kind)) == frozenset()
    assert find(hider, ledger(*keys, remembered=False), set(), set(Kind)) == frozenset()
    assert hider.asked == []


def test_without_an_answer_no_absence_is_judged() -> None:
    hider = Hider(error=Transient("no answer"))
    with pytest.raises(Transient):
        find(hider, ledger((Kind.ANIME, "1")), set(), {Kind.ANIME})
