"""The authorisation matrix: nobody sees or moves what is somebody else's, and no endpoint was forgotten."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.api.expected import accounts, integrations, library, notices, syncing
from tests.api.matrix import MARK, PEOPLE, Row, ask, client_for, endpoints, make_world, state_of, words_of

TABLES = (accounts, library, integrations, syncing, notices)
ROWS: dict[tuple[str, str], Row] = {name: row for table in TABLES for name, row in table.ROWS.items()}


def test_every_endpoint_has_a_row_and_every_row_an_endpoint() -> None:
    assert set(endpoints()) == set(ROWS)


def test_rows_stand_in_one_table_only() -> None:
    assert sum(len(each.ROWS) for each in TABLES) == len(ROWS)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("endpoint", sorted(ROWS), ids=" ".join)
def test_who_gets_what(endpoint: tuple[str, str], who: str, alice: User, bob: User, charlie: User, staff: User) -> None:
    (method, path), row = endpoint, ROWS[endpoint]
    world = make_world({"alice": alice, "bob": bob, "charlie": charlie, "staff": staff})
    if row.before:
        row.before(world)
    client = client_for(who, world, row)
    before = state_of(alice)
    answer = ask(client, method, path, row=row, world=world)
    words = words_of(answer)
    assert answer.status_code == row.expected(who), words
    if who == "alice":
        return
    assert state_of(alice) == before
    assert MARK.encode() not in words
    assert who == "no_scope" or b"alice@example.org" not in words or row.anonymous == 200
