"""A list costs as many queries with fifty rows as with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

MANY = 50


def assert_same_queries(client: Client, url: str, make: Callable[[int], Any]) -> int:
    """make(n): one more row that `url` lists, the n-th. Returns how many queries an answer takes."""
    make(0)
    client.get(url)  # what is written once a minute or cached
    one = _ask(client, url, rows=1)
    for number in range(1, MANY):
        make(number)
    many = _ask(client, url, rows=MANY)
    assert len(many) == len(one), "\n".join(query["sql"] for query in many)
    return len(many)


def _ask(client: Client, url: str, *, rows: int) -> list[dict[str, str]]:
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(url)
    assert answer.status_code == 200, answer.content
    assert len(answer.json()["results"]) == rows
    return seen.captured_queries
