"""Large JSON in pieces: the same values as in one go, and a clear no for everything that is not the whole file."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.mappings import streaming
from library.mappings.said import Unreadable
from library.mappings.streaming import members_of, rows_of

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


class Dripping(io.BytesIO):
    """Gives a few bytes at a time, as a slow socket would."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._few = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._few)


FEWER = settings(max_examples=150)
"""A nested document costs as much to draw as a whole history of lists."""


@FEWER
@given(st.lists(PLAIN, max_size=6), st.integers(1, 9), st.booleans())
def test_rows_are_what_they_are_in_one_go(rows: list[Any], size: int, spaced: bool) -> None:
    content = json.dumps(rows, ensure_ascii=spaced, indent=1 if spaced else None).encode()
    assert list(rows_of(Dripping(content, size))) == rows


@FEWER
@given(st.dictionaries(st.text(), PLAIN, max_size=6), st.integers(1, 9))
def test_members_are_what_they_are_in_one_go(members: dict[str, Any], size: int) -> None:
    assert dict(members_of(Dripping(json.dumps(members).encode(), size))) == members


WHOLE = b'[{"anilist_id": 154587, "mal_id": 52991}, {"anilist_id": 182255}]'


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_half_a_file_is_refused_wherever_it_ends(length: int) -> None:
    with pytest.raises(Unreadable, match=r"ends in the middle|no JSON"):
        list(rows_of(io.BytesIO(WHOLE[:length])))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Not found</html>",
        b"{}",
        b'"[]"',
        b"[1] [2]",
        b"[1,]",
        b"[1 2]",
        b"[NaN]",
        b"[Infinity]",
        b"[\xff]",
        b"[" + b"9" * 5000 + b"]",
        b"[" * 200_000,
        b'[{"mal_id": 1, "mal_id": 2}]',
    ],
)
def test_what_is_no_array_of_rows_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        list(rows_of(io.BytesIO(content)))


@pytest.mark.parametrize("content", [b'{"a": 1, "a": 2}', b"{1: 2}", b"[]", b'{"a": {"b": 1, "b": 2}}', b'{"a": 1'])
def test_what_is_no_object_of_members_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        list(members_of(io.BytesIO(content)))


def test_a_row_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHUNK", 100)
    monkeypatch.setattr(streaming, "LARGEST_ROW", 1000)
    endless = io.BytesIO(b'["' + b"x" * 100_000)
    with pytest.raises(Unreadable, match="too long"):
        list(rows_of(endless))
    assert endless.tell() <= 1300


def test_a_table_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHUNK", 1000)
    monkeypatch.setattr(streaming, "MAX_SIZE", 10_000)
    with pytest.raises(Unreadable, match="more than"):
        list(rows_of(io.BytesIO(b"[" + b"1," * 100_000 + b"1]")))


def test_a_mark_of_byte_order_does_no_harm() -> None:
    assert list(rows_of(io.BytesIO(b"\xef\xbb\xbf[1]"))) == [1]
