"""Files that mean harm cost little and are refused in words; memory is bounded whatever is given."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from library.files import opening
from library.files.model import MAX_ENTRIES, MAX_PROBLEMS, FileRefused
from library.files.opening import CHUNK, MAX_FILE, MAX_UNPACKED
from library.files.reading import read_list
from tests.library.files.made import opened
from tests.library.files.test_mal_xml import anime, read

MB = 2**20


class Endless(io.RawIOBase):
    """Gives `piece` for ever after `start`, and counts what it gave."""

    def __init__(self, start: bytes, piece: bytes) -> None:
        self.given = 0
        self._next = self._pieces(start, piece)

    def _pieces(self, start: bytes, piece: bytes) -> Iterator[bytes]:
        yield start
        while True:
            yield piece

    def read(self, size: int = -1) -> bytes:
        piece = next(self._next)
        self.given += len(piece)
        return piece


def refusal(stream: io.RawIOBase | io.BytesIO) -> str:
    with pytest.raises(FileRefused) as caught:
        read_list(stream)  # type: ignore[arg-type]
    return caught.value.code


def json_of(rows: str) -> bytes:
    return ('{"format": "enishi-list", "version": 1, "entries": [' + rows + "]}").encode()


@pytest.mark.parametrize(
    ("start", "piece", "code"),
    [
        (b"<myanimelist>", b"<other>" + b"1" * 8000 + b"</other>", "too_large"),
        (b"<myanimelist>", b"<a/>" * 16_384, "too_many"),
        (b'{"format": "enishi-list", "version": 1, "entries": [1', b"," + b" " * 65_000 + b"1", "too_large"),
        (b'{"x": 1', b',"x":1' * 1000, "unknown"),
        (b"kind,status\r\n", b"\r\n" * 32_768, "too_many"),
        (b"kind,status\r\n", b"," * 100_000 + b"\r\n", "too_large"),
    ],
)
def test_an_endless_file_is_left_at_the_limit(start: bytes, piece: bytes, code: str) -> None:
    stream = Endless(start, piece)
    assert refusal(stream) == code
    assert stream.given <= MAX_FILE + 3 * max(CHUNK, len(piece))


@pytest.mark.parametrize(
    ("start", "code"),
    [(b"<myanimelist>", "too_large"), (b"kind,status\n", "too_many"), (b'{"entries": [', "too_large")],
)
def test_a_small_file_that_unpacks_to_gigabytes_is_left_at_the_limit(
    start: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(start) + b"".join(packer.compress(b"\n" * MB) for _ in range(200)) + packer.flush()
    assert len(bomb) < MB
    sizes = []
    real = opening._unpack

    def noting(packed: object) -> Iterator[bytes]:
        for chunk in real(packed):  # type: ignore[arg-type]
            sizes.append(len(chunk))
            yield chunk

    monkeypatch.setattr(opening, "_unpack", noting)
    assert refusal(opened(bomb)) == code
    assert max(sizes) <= opening.STEP
    assert sum(sizes) <= MAX_UNPACKED + opening.STEP


def test_what_is_packed_twice_or_as_a_zip_is_not_unpacked() -> None:
    assert refusal(opened(gzip.compress(gzip.compress(b"<myanimelist/>")))) == "packed"
    assert refusal(opened(b"PK\x03\x04" + b"\x00" * 100)) == "packed"


def test_a_packed_file_that_is_damaged_gives_what_came_before() -> None:
    text = ("<myanimelist>" + anime() * 2000 + "</myanimelist>").encode()
    packed = gzip.compress(text)
    reading = read_list(opened(packed[:-12]))
    assert (0 < len(reading.entries) <= 2000, bool(reading.cut_short)) == (True, True)
    assert refusal(opened(b"\x1f\x8b nothing like it")) == "unknown"


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE myanimelist [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE myanimelist SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE myanimelist [<!ENTITY % more SYSTEM "http://127.0.0.1:1/x">%more;]>',
        "<!DOCTYPE myanimelist>",
    ],
)
def test_document_types_and_entities_are_refused(head: str) -> None:
    assert refusal(opened(f"<?xml version='1.0'?>{head}<myanimelist>{anime()}</myanimelist>".encode())) == "unsafe"


def test_an_entity_that_nobody_declared_ends_the_reading() -> None:
    assert read(anime(), "&lol;").cut_short


@pytest.mark.parametrize("piece", [b"<anime a='", b"<!-- ", b"<?pi "])
def test_one_giant_tag_or_comment_is_not_looked_through_again_and_again(piece: bytes) -> None:
    stream = Endless(b"<myanimelist>" + piece, b"a" * CHUNK)
    assert refusal(stream) == "unsafe"
    assert stream.given <= 2 * MB


def test_deep_nesting() -> None:
    assert refusal(opened(("<myanimelist>" + "<a>" * 100_000).encode())) == "unsafe"
    assert refusal(opened(json_of("[" * 200_000))) == "unknown"
    reading = read_list(opened(json_of('{"kind": "anime", "entry": {"status": "current"}}, ' + "[" * 200_000)))
    assert (len(reading.entries), bool(reading.cut_short)) == (1, True)


@pytest.mark.parametrize(
    "data",
    [
        ("<myanimelist>" + "<anime/>" * (MAX_ENTRIES + 1)).encode(),
        json_of(",".join(["1"] * (MAX_ENTRIES + 1))),
        b"kind,status\n" + b"x,y\n" * (MAX_ENTRIES + 1),
    ],
)
def test_rows_without_end_are_refused_and_problems_are_counted(data: bytes) -> None:
    assert refusal(opened(data)) == "too_many"


def test_only_so_many_problems_are_told() -> None:
    reading = read_list(opened(b"kind,status\n" + b"x,y\n" * 2000))
    assert (len(reading.problems), reading.more_problems, reading.rows) == (MAX_PROBLEMS, 2000 - MAX_PROBLEMS, 2000)


def test_names_of_fields_are_not_kept_without_end() -> None:
    reading = read(anime(**{f"f{number}": "x" for number in range(1000)}), anime(**{"g" * 5000: "x"}))
    assert len(reading.ignored) == 100
    assert max(map(len, reading.ignored)) <= 64


def test_one_giant_cell_and_one_giant_line() -> None:
    reading = read_list(opened(b'kind,status\nanime,current\nanime,"' + b"a" * 400_000))
    assert (len(reading.entries), reading.cut_short) == (1, "After row 1 this is no table.")
    assert refusal(opened(b"kind,status\n" + b"a" * MB)) == "unsafe"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n \t", "empty"),
        (b"<html><body>not a list</body></html>", "unknown"),
        (b"<myanimelist", "unknown"),
        (b"title,score\nA,1\n", "unknown"),
        (b"kind,kind,status\n", "unknown"),
        (b"kind,status\n\xff\xff,1\n", "encoding"),
        (b'{"format": "other", "version": 1, "entries": []}', "unknown"),
        (b'{"format": "enishi-list", "version": 2, "entries": []}', "version"),
        (b"{}", "unknown"),
        (b'{"entries": [NaN]}', "unknown"),
        (b"\x00" * 100, "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "encoding"),
    ],
)
def test_what_is_no_list_is_refused_in_words(data: bytes, code: str) -> None:
    assert refusal(opened(data)) == code


def test_nul_and_signs_that_turn_a_line_around_are_dropped() -> None:
    reading = read_list(opened(b'kind,status,title,notes\nanime,current,"a\x00b\xe2\x80\xae c","x\x00y"\n'))
    assert [(each.work.title, each.entry.notes) for each in reading.entries] == [("a b c", "xy")]


@pytest.mark.parametrize(
    "row",
    [
        "null",
        "[]",
        '{"kind": "novel", "entry": {"status": "current"}}',
        '{"kind": "anime"}',
        '{"kind": "anime", "entry": []}',
        '{"kind": ["anime"], "entry": {"status": "current"}}',
        '{"kind": "anime", "entry": {"status": {"a": 1}}}',
    ],
)
def test_a_bad_row_of_json_is_told_and_the_rest_is_read(row: str) -> None:
    good = '{"kind": "anime", "entry": {"status": "current"}}'
    reading = read_list(opened(json_of(f"{row}, {good}")))
    assert (len(reading.entries), [problem.place for problem in reading.problems]) == (1, [1])


def test_values_of_json_are_held_to_their_ranges() -> None:
    row = (
        '{"kind": "anime", "ids": {"anilist": 5, "My": "1", "kitsu": "a b", "myanimelist": 0, "x": null}, '
        '"titles": [1, "A", "A", ""], "total": 1e9, "entry": {"status": "current", "score": 101, "progress": true, '
        '"repeats": 3, "tags": 1}, "stamps": {"*": [1, "Bad", "100"], "score": [-1, "x", "100"], "no": [1, "x", "100"],'
        ' "status": [7, "anilist", "100"]}}'
    )
    (each,) = (reading := read_list(opened(json_of(row)))).entries
    assert (dict(each.work.ids), each.work.titles, each.work.total) == ({"anilist": "5"}, ("A",), 0)
    assert (each.entry.score, each.entry.progress, each.entry.repeats) == (0, 0, 3)
    assert list(each.stamps) == ["status"]
    assert ({problem.text.split()[0] for problem in reading.problems}, dict(reading.ignored)) == (
        {"score", "progress"},
        {"entry.tags": 1},
    )


def test_the_order_of_names_in_json_does_not_matter() -> None:
    row = '{"kind": "anime", "entry": {"status": "current"}}'
    data = f'{{"entries": [{row}], "more": {{"a": [1]}}, "version": 1, "format": "enishi-list"}}'.encode()
    assert len(read_list(opened(data)).entries) == 1


@pytest.mark.slow
def test_ten_thousand_entries_are_read_in_bounded_memory() -> None:
    """What is kept are the entries; the file itself is never in memory as a whole."""
    one = anime(series_title="Mushishi" * 5, my_comments="x" * 100, my_storage="y" * 800)
    stream = io.BytesIO(("<myanimelist>" + one * 10_000 + "</myanimelist>").encode())
    assert stream.getbuffer().nbytes > 10 * MB
    tracemalloc.start()
    reading = read_list(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(reading.entries) == 10_000
    print(f"10,000 entries, {stream.getbuffer().nbytes / MB:.1f} MB of XML: {peak / MB:.1f} MB at the most")
    assert peak < 20 * MB
