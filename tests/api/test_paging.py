"""Cursor paging: every row once, forwards and backwards, whatever comes and goes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import AccessKey, User
from tests.api.conftest import by_key, problem
from tests.api.counting import assert_same_queries

ROWS = "/api/v1/trial/rows"
pytestmark = pytest.mark.urls("tests.api.trial")


def make(user: User, *names: str) -> None:
    AccessKey.objects.bulk_create(
        AccessKey(user=user, name=name, prefix=f"enishi_{uuid.uuid4().hex[:8]}", digest=b"x" * 32) for name in names
    )


@pytest.fixture
def client(alice: User) -> Client:
    """Her own key is a row as well, "tests"."""
    return by_key(alice)


def walk(client: Client, url: str, *, way: str = "next") -> list[list[str]]:
    pages = []
    while url:
        body = client.get(url).json()
        pages.append([row["name"] for row in body["results"]])
        url = body[way]
        assert len(pages) < 100
    return pages


@pytest.mark.parametrize("sort", ["name", "-name", "name,-created_at", "-created_at", "id", "user__email,-name"])
@pytest.mark.parametrize("size", [1, 2, 3, 8, 200])
def test_each_row_once_both_ways(sort: str, size: int, alice: User, client: Client) -> None:
    make(alice, "b", "a", "b", "a", "c", "a")
    url = f"{ROWS}?sort={sort}&page_size={size}"
    there = walk(client, url)
    assert sorted(name for page in there for name in page) == ["a", "a", "a", "b", "b", "c", "tests"]
    last = url
    while further := client.get(last).json()["next"]:
        last = further
    assert walk(client, last, way="previous")[::-1] == there


def test_a_row_that_comes_or_goes_moves_no_other(alice: User, client: Client) -> None:
    make(alice, "b", "d", "f", "h")
    first = client.get(f"{ROWS}?page_size=2").json()
    assert [row["name"] for row in first["results"]] == ["b", "d"]
    AccessKey.objects.filter(name="d").delete()
    make(alice, "a", "e")
    assert [row["name"] for row in client.get(first["next"]).json()["results"]] == ["e", "f"]


def test_back_from_what_is_empty_now(alice: User, client: Client) -> None:
    make(alice, "a", "b")
    second = client.get(client.get(f"{ROWS}?page_size=2").json()["next"]).json()
    assert [row["name"] for row in second["results"]] == ["tests"]
    AccessKey.objects.filter(name__in="ab").delete()
    before = client.get(second["previous"]).json()
    assert (before["results"], before["previous"]) == ([], None)


@pytest.mark.parametrize("size", ["0", "201", "-1", "x", "", "²", "9" * 5000, "1.5"])
def test_sizes_have_bounds(size: str, client: Client) -> None:
    found = problem(client.get(ROWS, {"page_size": size}), 400, "invalid")
    assert [error["field"] for error in found["errors"]] == ["page_size"]


@pytest.mark.parametrize("cursor", ["", "x", "eyJ", "\x00", "é", "a:b:c", "x" * 9000])
def test_a_cursor_that_is_none(cursor: str, client: Client) -> None:
    problem(client.get(ROWS, {"cursor": cursor}), 400, "bad_cursor")


def test_a_cursor_belongs_to_its_order(alice: User, client: Client) -> None:
    make(alice, "a", "b")
    further = client.get(f"{ROWS}?page_size=1").json()["next"]
    problem(client.get(further + "&sort=-name"), 400, "bad_cursor")
    spoilt = further.replace("cursor=", "cursor=e")
    problem(client.get(spoilt), 400, "bad_cursor")


def test_fifty_rows_cost_as_many_queries_as_one(alice: User) -> None:
    from tests.api.conftest import by_session

    assert assert_same_queries(by_session(alice), ROWS, lambda number: make(alice, f"k{number}")) == 3


def test_the_cursor_shows_in_links_only(alice: User, client: Client) -> None:
    """The links lead to where the request came from, with its other parameters."""
    make(alice, "a", "b")
    further: Any = client.get(f"{ROWS}?page_size=1&sort=name").json()["next"]
    assert further.startswith("http://testserver/api/v1/trial/rows?")
    assert "page_size=1" in further
    assert "sort=name" in further
