"""Large JSON read piece by piece: the rows of an array, the members of an object, never the whole file at once."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

import msgspec

from library.mappings.said import Unreadable

T = TypeVar("T")
CHUNK = 256 * 1024
LARGEST_ROW = 2 * 1024 * 1024
"""Characters. The largest row of any table has a few thousand."""
MAX_SIZE = 64 * 1024 * 1024
"""Bytes of a table, decompressed. The largest known one has about 10 MB."""
_SPACE = re.compile(r"[ \t\r\n]*")
_AFTER = frozenset(" \t\r\n,:]}")


def rows_of(stream: BinaryIO) -> Iterator[Any]:
    """The elements of a JSON array. Raises Unreadable at the first place that is not JSON, or at half a file."""
    text = Text(stream)
    text.expect("[")
    if text.peek() == "]":
        text.expect("]")
    else:
        while True:
            yield text.value()
            if text.expect(",]") == "]":
                break
    text.expect_end()


def members_of(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """The members of a JSON object, in order. No name may come twice."""
    text = Text(stream)
    names: set[str] = set()
    text.expect("{")
    if text.peek() == "}":
        text.expect("}")
        text.expect_end()
        return
    while True:
        name = text.value()
        if not isinstance(name, str) or name in names:
            raise Unreadable("This is not the table that was expected: a name is there twice, or is none.")
        names.add(name)
        text.expect(":")
        yield name, text.value()
        if text.expect(",}") == "}":
            break
    text.expect_end()


def shaped(row: Any, shape: type[T], *, number: int) -> T:
    """The row as a msgspec Struct. Raises Unreadable with the row's number and the field, never with its value."""
    try:
        return msgspec.convert(row, shape)
    except msgspec.ValidationError as error:
        raise Unreadable(f"Row {number} has a shape that is not known here: {error}.") from error


def drain(stream: BinaryIO, take: Callable[[bytes], Any]) -> None:
    """Every chunk of a stream to `take`. Raises Unreadable for more than MAX_SIZE."""
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > MAX_SIZE:
            raise Unreadable(f"The table has more than {MAX_SIZE // 2**20} MB.")
        take(chunk)


def _refuse_twins(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise Unreadable("A name is there twice in one object.")
    return found


def _refuse_constant(name: str) -> Any:
    raise Unreadable(f"{name} is no JSON.")


class Text:
    """A window on the stream. What was read is let go at the next refill."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("strict").decode
        self._parse = json.JSONDecoder(object_pairs_hook=_refuse_twins, parse_constant=_refuse_constant).raw_decode
        self._window, self._at, self._size, self._ended = "", 0, 0, False

    def peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            space = _SPACE.match(self._window, self._at)
            self._at = space.end() if space is not None else self._at
            if self._at < len(self._window):
                return self._window[self._at]
            if self._ended:
                return ""
            self._refill()

    def expect(self, allowed: str) -> str:
        found = self.peek()
        if not found:
            raise Unreadable("The file ends in the middle.")
        if found not in allowed:
            raise Unreadable("This is not the table that was expected.")
        self._at += 1
        return found

    def expect_end(self) -> None:
        if self.peek():
            raise Unreadable("Something follows the end of the table.")

    def value(self) -> Any:
        self.peek()
        while True:
            try:
                value, end = self._parse(self._window, self._at)
            except RecursionError as error:
                raise Unreadable("The file is nested too deeply.") from error
            except ValueError as error:
                # Perhaps the row goes on in the next chunk.
                if self._ended:
                    raise Unreadable("The file ends in the middle, or is no JSON.") from error
            else:
                # A number that is cut by the end of the window may go on behind it.
                if self._window[end : end + 1] in _AFTER or self._ended:
                    self._at = end
                    return value
            self._refill()

    def _refill(self) -> None:
        if len(self._window) - self._at > LARGEST_ROW:
            raise Unreadable("A row is too long, or is no JSON.")
        chunk = self._stream.read(CHUNK)
        self._size += len(chunk)
        if self._size > MAX_SIZE:
            raise Unreadable(f"The table has more than {MAX_SIZE // 2**20} MB.")
        self._ended = not chunk
        try:
            self._window = self._window[self._at :] + self._decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:
            raise Unreadable("The file is not UTF-8.") from error
        self._at = 0
