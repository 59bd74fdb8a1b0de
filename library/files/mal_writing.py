"""Writing MyAnimeList's list file: what its own importer and AniList's take. Pure.

An importer changes an entry that it has already only where `update_on_import` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from library.entry import Kind, Status
from library.files.mal_words import ELEMENTS, SITE, TYPES, clean_xml, hold, write_day, write_mark, write_status
from library.files.model import FileEntry

_TOTALS = (
    ("completed", (Status.COMPLETED, Status.REPEATING)),
    ("onhold", (Status.PAUSED,)),
    ("dropped", (Status.DROPPED,)),
)


def write_mal_xml(
    entries: Iterable[FileEntry], *, kind: Kind, counts: Mapping[Status, int], person: str = ""
) -> Iterator[str]:
    """Pieces of the file. Entries of the other kind are passed over; those without an id at MyAnimeList cannot be
    written and are named in comments at the end.

    counts: how many entries of each status the file will hold, for its head. person: a name for the head.
    """
    words = ELEMENTS[kind]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<myanimelist>\n'
    yield from _head(kind, counts, person=person)
    left_out = 0
    for each in entries:
        if each.work.kind is not kind:
            continue
        if SITE in each.work.ids:
            yield _row(each, kind)
        else:
            left_out += 1
            yield f"\t<!-- Left out, as MyAnimeList has no id for it here: {_comment(each.work.title)} -->\n"
    if left_out:
        yield f"\t<!-- {left_out} {words.row} left out -->\n"
    yield "</myanimelist>\n"


def _head(kind: Kind, counts: Mapping[Status, int], *, person: str) -> Iterator[str]:
    words = ELEMENTS[kind]
    current = words.current.lower()
    planned = words.planned.lower().replace(" ", "")
    totals = [(words.row, tuple(Status)), (current, (Status.CURRENT,)), *_TOTALS, (planned, (Status.PLANNED,))]
    yield "\t<myinfo>\n"
    yield f"\t\t<user_id></user_id>\n\t\t<user_name>{escape(clean_xml(person))}</user_name>\n"
    yield f"\t\t<user_export_type>{words.kind_number}</user_export_type>\n"
    for name, statuses in totals:
        yield f"\t\t<user_total_{name}>{sum(counts.get(status, 0) for status in statuses)}</user_total_{name}>\n"
    yield "\t</myinfo>\n"


def _row(each: FileEntry, kind: Kind) -> str:
    words, work, entry = ELEMENTS[kind], each.work, hold(each.entry, kind)
    repeats = entry.status is Status.REPEATING
    lines = [
        (words.id, escape(work.ids[SITE])),
        (words.title, _cdata(work.title)),
        *([("series_type", TYPES.get(work.format, "Unknown"))] if kind is Kind.ANIME else []),
        *([(words.volumes, work.volumes)] if words.volumes else []),
        (words.total, work.total),
        ("my_id", 0),
        *([(words.progress_volumes, entry.progress_volumes)] if words.progress_volumes else []),
        (words.progress, entry.progress),
        ("my_start_date", write_day(entry.started_on)),
        ("my_finish_date", write_day(entry.finished_on)),
        ("my_score", write_mark(entry.score)),
        ("my_status", write_status(entry.status, kind)),
        ("my_comments", _cdata(entry.notes)),
        (words.repeats, entry.repeats),
        ("my_tags", _cdata("")),
        (words.repeating, words.yes if repeats else words.no),
        ("update_on_import", 1),
    ]
    body = "".join(f"\t\t<{name}>{value}</{name}>\n" for name, value in lines)
    return f"\t<{words.row}>\n{body}\t</{words.row}>\n"


def _cdata(text: str) -> str:
    """The end mark within a text is cut in two, each half in a section of its own."""
    return f"<![CDATA[{clean_xml(text).replace(']]>', ']]]]><![CDATA[>')}]]>"


def _comment(text: str) -> str:
    """Two dashes end a comment, also where more follow."""
    return clean_xml(text).replace("-", "‐") or "a work without a title"
