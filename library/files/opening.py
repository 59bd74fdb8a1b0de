"""A file as it was given, as plain bytes: unpacked where it is packed, and never larger than the limits. Pure.

Nothing is read ahead: whoever stops reading has spent no more than what they read.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from library.files.model import CutShort, FileRefused, Format

MAX_FILE = 32 * 1024 * 1024
"""Bytes as they come, packed or not. 10,000 entries of MyAnimeList's own export are about 11 MB unpacked."""
MAX_UNPACKED = 64 * 1024 * 1024
CHUNK = 64 * 1024
STEP = 256 * 1024
"""Bytes that one step of unpacking gives at most, whatever it is given."""

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_BLANK = b" \t\r\n\x00"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def open_plain(stream: BinaryIO) -> io.BufferedReader:
    """The stream without its packing (gzip, one layer). Raises FileRefused and CutShort, also from `read`."""
    given: io.BufferedReader = io.BufferedReader(_Capped(_chunks(stream), MAX_FILE), CHUNK)
    start = given.peek(4)[:4]
    if start.startswith(_ZIP):
        raise FileRefused("packed", "This is a ZIP. Unpack it and give the list inside.")
    if not start.startswith(_GZIP):
        return given
    plain: io.BufferedReader = io.BufferedReader(_Capped(_unpack(given), MAX_UNPACKED), CHUNK)
    if plain.peek(2)[:2] == _GZIP:
        raise FileRefused("packed", "This file is packed twice. Unpack it once.")
    return plain


def guess_format(plain: io.BufferedReader) -> Format:
    """By the first sign that says something. Raises FileRefused for an empty file."""
    start = plain.peek(CHUNK)[:CHUNK]
    if not start.strip(_BLANK):
        raise FileRefused("empty", "This file is empty.")
    for mark in _MARKS:
        start = start.removeprefix(mark)
    first = start.lstrip(_BLANK)[:1]
    return {b"<": Format.MAL_XML, b"{": Format.JSON}.get(first, Format.CSV)


class _Capped(io.RawIOBase):
    """Chunks as a stream that refuses to give more than `limit` bytes."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._chunks, self._left, self._rest = chunks, limit, memoryview(b"")
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left -= len(chunk)
            if self._left < 0:
                raise FileRefused("too_large", f"This file is larger than {self._limit // 2**20} MB.")
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _unpack(packed: BinaryIO) -> Iterator[bytes]:
    """One or more gzip members, one after another; zeros behind them are padding."""
    unpacker, began, rest = zlib.decompressobj(31), False, b""
    while True:
        rest = rest or packed.read(CHUNK)
        if not began and not rest.strip(b"\x00"):
            if not rest:
                return
            rest = b""
            continue
        if not rest:
            raise CutShort("The packed file ends in the middle.")
        began = True
        try:
            plain = unpacker.decompress(rest, STEP)
        except zlib.error as error:
            raise CutShort("The packed file is damaged.") from error
        if plain:
            yield plain
        if unpacker.eof:
            rest, unpacker, began = unpacker.unused_data, zlib.decompressobj(31), False
        else:
            rest = unpacker.unconsumed_tail
