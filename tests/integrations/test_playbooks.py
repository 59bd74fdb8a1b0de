"""Plays are written down before they are sent, and by one worker only."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection as database
from django.db import transaction

from accounts.models import User
from integrations.atlas import PlayBook
from integrations.models import Connection, Play
from integrations.services.playbooks import DatabasePlayBook
from library.episodes.model import Item, TargetKind
from tests.web.rows import make_connection

pytestmark = pytest.mark.django_db
FIRST, SECOND = Item(TargetKind.SHOW, "1420", 3, 13), Item(TargetKind.SHOW, "1420", 3, 14)
FILM = Item(TargetKind.MOVIE, "635302")
AT = datetime(2026, 11, 25, 20, 15, tzinfo=UTC)


@pytest.fixture
def connection(alice: User) -> Connection:
    return make_connection(alice, "trakt")


@pytest.fixture
def book(connection: Connection) -> PlayBook:
    return DatabasePlayBook(connection)


def test_only_what_is_new_may_be_sent(book: PlayBook) -> None:
    assert book.book({}) == frozenset()
    assert book.book({FIRST: AT, FILM: None}) == {FIRST, FILM}
    assert book.book({FIRST: None, SECOND: AT}) == {SECOND}
    rows = {row.item: (row.state, row.watched_at) for row in Play.objects.all()}
    assert rows == {
        "show:1420:3:13": ("doubtful", AT),
        "show:1420:3:14": ("doubtful", AT),
        "movie:635302": ("doubtful", None),
    }


def test_a_booked_play_is_doubtful_until_it_is_confirmed(book: PlayBook, connection: Connection) -> None:
    book.book({FIRST: AT, SECOND: AT})
    row = Play.objects.get(item=str(FIRST))
    assert (row.user_id, row.connection_id, row.account_id) == (
        connection.user_id,
        connection.pk,
        connection.account_id,
    )
    assert book.sent([FIRST, FILM]) == {FIRST: row.sent_at}
    book.confirm([FIRST, FILM])
    assert book.sent([FIRST, SECOND, FILM]) == {FIRST: None, SECOND: Play.objects.get(item=str(SECOND)).sent_at}
    assert book.book({FIRST: None}) == frozenset()


def test_what_had_no_effect_may_be_sent_again(book: PlayBook) -> None:
    book.book({FIRST: AT, SECOND: AT})
    book.confirm([SECOND])
    book.withdraw([FIRST, SECOND])
    assert book.book({FIRST: AT, SECOND: AT}) == {FIRST}


def test_a_book_is_one_connection_s_and_one_account_s(book: PlayBook, connection: Connection, bob: User) -> None:
    book.book({FIRST: AT})
    other = DatabasePlayBook(make_connection(bob, "trakt"))
    assert other.sent([FIRST]) == {}
    assert other.book({FIRST: AT}) == {FIRST}
    connection.account_id = "another"
    moved = DatabasePlayBook(connection)
    assert moved.book({FIRST: AT}) == {FIRST}
    moved.withdraw([FIRST])
    assert (book.sent([FIRST]) == {}, other.sent([FIRST]) == {}) == (False, False)


def test_many_plays_take_few_statements(book: PlayBook) -> None:
    many: dict[Item, datetime | None] = {Item(TargetKind.SHOW, "1", 1, number): AT for number in range(2500)}
    assert book.book(many) == frozenset(many)
    book.confirm(many)
    assert set(book.sent(many).values()) == {None}


@pytest.mark.django_db(transaction=True)
def test_booking_is_never_part_of_another_transaction(book: PlayBook) -> None:
    """It would be undone with it, and the play would be sent a second time."""
    with pytest.raises(RuntimeError), transaction.atomic():
        book.book({FIRST: AT})
    assert Play.objects.count() == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_workers_with_the_same_plays_each_is_given_its_own(connection: Connection) -> None:
    items = [Item(TargetKind.SHOW, "1", 1, number) for number in range(1, 101)]
    together = threading.Barrier(2)

    def work(mine: list[Item]) -> list[Item]:
        try:
            book = DatabasePlayBook(connection)
            new: list[Item] = []
            for at in range(0, len(mine), 20):
                together.wait(timeout=20)
                new += book.book(dict.fromkeys(mine[at : at + 20]))
            return new
        finally:
            database.close()

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(work, [items, [*items[:40], *reversed(items[40:])]])
    assert sorted([*one, *other]) == sorted(items)
    assert Play.objects.count() == len(items)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_worker_waits_for_another_s_unfinished_booking(connection: Connection) -> None:
    """The first is rolled back: then the second one is given the play, and no play is lost or doubled."""
    row = {"user": connection.user, "connection": connection, "account_id": connection.account_id, "sent_at": AT}

    def work() -> frozenset[Item]:
        try:
            return DatabasePlayBook(connection).book({FIRST: AT})
        finally:
            database.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Play.objects.create(item=str(FIRST), **row)
            waiting = pool.submit(work)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            transaction.set_rollback(True)
        assert waiting.result(timeout=20) == {FIRST}
