"""Entries and files for these tests."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from library.entry import MAX_COUNT, Entry, Kind, PartialDate, Status
from library.files.csv_file import write_csv
from library.files.json_file import write_json
from library.files.mal_writing import write_mal_xml
from library.files.model import FileEntry, FileWork
from library.stamps import Stamp

DAYS = st.builds(PartialDate, st.integers(0, 9999), st.integers(0, 12), st.integers(0, 31))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
ENTRIES = st.builds(
    Entry,
    st.sampled_from(Status),
    progress=st.integers(0, MAX_COUNT),
    progress_volumes=st.integers(0, MAX_COUNT),
    score=st.integers(0, 100),
    started_on=DAYS,
    finished_on=DAYS,
    repeats=st.integers(0, MAX_COUNT),
    notes=TEXTS | st.sampled_from(["]]>", "a\r\nb\rc", "=1+1", "'=x", "''-", '"', "a,b;c\td", " \n ", "<b>&amp;</b>"]),
    private=st.booleans(),
)
STAMPS = st.dictionaries(
    st.sampled_from(["*", "score", "status", "progress"]),
    st.builds(
        Stamp,
        st.integers(0, 2**40).map(float),
        st.sampled_from(["library", "anilist"]),
        st.sampled_from(["100", "anilist:POINT_5"]),
    ),
    min_size=1,
)


def rows(entries: Iterable[Entry], kind: Kind = Kind.MANGA, *, stamps: Any = None) -> list[FileEntry]:
    return [
        FileEntry(FileWork(kind, {"myanimelist": str(number)}, (f"Title {number}",)), entry, stamps or {})
        for number, entry in enumerate(entries, 1)
    ]


def mal_xml(entries: list[FileEntry], kind: Kind = Kind.MANGA) -> bytes:
    counts = Counter(each.entry.status for each in entries)
    return "".join(write_mal_xml(entries, kind=kind, counts=counts)).encode()


def json_file(entries: Iterable[FileEntry]) -> bytes:
    return "".join(write_json(entries, exported_at="2026-11-26T10:00:00+00:00")).encode()


def csv_file(entries: Iterable[FileEntry], *sites: str) -> bytes:
    return "".join(write_csv(entries, sites=sites or ("anilist", "myanimelist"))).encode()


def opened(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)
