"""Lists cost the same number of queries with one row and with three."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.web import rows


def _library(user: User, count: int) -> str:
    for number in range(count):
        rows.make_entry(user, rows.make_media(f"Title {number}"))
    return "/library/"


def _runs(user: User, count: int) -> str:
    connection = rows.make_connection(user)
    for _ in range(count):
        rows.make_run(connection)
    return "/runs/"


def _run(user: User, count: int) -> str:
    run = rows.make_run(rows.make_connection(user))
    for number in range(count):
        rows.make_change(run, rows.make_media(f"Title {number}"), reason="conflict_newest")
    return f"/runs/{run.pk}/"


def _edits(user: User, count: int) -> str:
    run = rows.make_run(rows.make_connection(user))
    for number in range(count):
        change = rows.make_change(run, rows.make_media(f"Title {number}"))
        change.run = change.connection = None
        change.save()
    return "/runs/by-hand/"


def _reviews(user: User, count: int) -> str:
    run = rows.make_run(rows.make_connection(user))
    for number in range(count):
        rows.make_review(run, "removal", key=str(number), media=rows.make_media(f"Title {number}"))
    return "/reviews/"


def _unmatched(user: User, count: int) -> str:
    connection = rows.make_connection(user)
    for number in range(count):
        rows.make_unmatched(connection, remote_id=str(number), media=rows.make_media(f"Title {number}"))
    return "/unmatched/"


def _unmatched_with_candidates(user: User, count: int) -> str:
    connection = rows.make_connection(user)
    for number in range(count):
        media = rows.make_media(f"Title {number}")
        candidates = [{"media": media.pk, "title": media.title, "confidence": 80, "reasons": []}] * 3
        rows.make_unmatched(connection, remote_id=str(number), reason="uncertain", candidates=candidates)
        rows.make_match(user, media, external_id=f"9{number}")
    return "/unmatched/"


def _home(user: User, count: int) -> str:
    """Connections are few by nature: one, and all there are."""
    for provider in ("anilist", "myanimelist")[:count]:
        connection = rows.make_connection(user, provider)
        for _ in range(count):
            rows.make_review(rows.make_run(connection), "first_plan", key=provider + str(_))
    return "/"


@pytest.mark.parametrize(
    "fill", [_library, _runs, _run, _edits, _reviews, _unmatched, _unmatched_with_candidates, _home]
)
def test_one_and_three_rows_cost_the_same(
    fill: Callable[[User, int], str], alice: User, bob: User, alice_client: Client, bob_client: Client
) -> None:
    counts = []
    for user, client, count in ((alice, alice_client, 1), (bob, bob_client, 3)):
        url = fill(user, count)
        client.get(url)
        with CaptureQueriesContext(
            database,
        ) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 13


def test_lists_come_in_pages(alice: User, alice_client: Client) -> None:
    for number in range(51):
        rows.make_entry(alice, rows.make_media(f"Title {number:02}"))
    first = alice_client.get("/library/?kind=anime").content
    assert b"Title 49" in first
    assert b"Title 50" not in first
    assert b"?kind=anime&amp;page=2" in first
    assert b"Title 50" in alice_client.get("/library/?page=2").content
    assert b"Title 50" in alice_client.get("/library/?page=999").content
    assert b"Title 00" in alice_client.get("/library/?page=zero").content
