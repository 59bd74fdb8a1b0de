"""Our own list file: everything that is known of each entry, in JSON. Pure.

{"format": "enishi-list", "version": 1, "exported_at": ISO time, "entries": [
 {"kind", "ids": {site: id}, "titles", "format", "year", "total", "volumes",
  "entry": {field: value in its JSON form}, "stamps": {field or "*": [unix seconds, source, score scale]}}, ...]}

Written one entry a line, so that it can be looked at and compared; read however it is laid out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from library.entry import FIELDS, Entry, InvalidEntry, Kind, Status, clean_value, entry_to_json
from library.files.model import CutShort, FileEntry, FileRefused, FileWork, Format, Reading, clean_id, clean_titles
from library.mappings.said import Unreadable
from library.mappings.streaming import Text
from library.stamps import REST, Stamp, stamps_to_json

NAME, VERSION = "enishi-list", 1
"""Another version is another shape: fields that are only added need no new one."""
MOST_MEMBERS = 100
"""Beside the entries. We write three."""
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SCALE = re.compile(r"[A-Za-z0-9_:]{1,32}")


def write_json(entries: Iterable[FileEntry], *, exported_at: str) -> Iterator[str]:
    """Pieces of the file."""
    head = json.dumps({"format": NAME, "version": VERSION, "exported_at": exported_at})
    yield f'{head[:-1]}, "entries": ['
    between = "\n"
    for each in entries:
        yield between + json.dumps(_to_json(each), ensure_ascii=False, separators=(",", ":"))
        between = ",\n"
    yield "\n]}\n"


def _to_json(each: FileEntry) -> dict[str, Any]:
    work = each.work
    return {
        "kind": work.kind,
        "ids": dict(work.ids),
        "titles": list(work.titles),
        "format": work.format,
        "year": work.year,
        "total": work.total,
        "volumes": work.volumes,
        "entry": entry_to_json(each.entry),
        "stamps": stamps_to_json(each.stamps),
    }


def read_json(plain: BinaryIO) -> Reading:
    """Raises FileRefused for what is no such file. Whatever else is wrong is in the Reading."""
    reading, head = Reading(Format.JSON), dict[str, Any]()
    try:
        _read_members(Text(plain), reading, head)
    except (Unreadable, CutShort) as error:
        what = str(error) if isinstance(error, CutShort) else "the file cannot be read."
        reading.cut_short = f"After entry {reading.rows} {what}"
    if head.get("format") != NAME:
        raise FileRefused("unknown", "This JSON is no list that Enishi has written.")
    if head.get("version") != VERSION:
        raise FileRefused("version", "This list was written by another version of Enishi than this one can read.")
    return reading


def _read_members(text: Text, reading: Reading, head: dict[str, Any]) -> None:
    text.expect("{")
    for _ in range(MOST_MEMBERS):
        name = text.value()
        text.expect(":")
        if name == "entries":
            _read_rows(text, reading)
        else:
            head[str(name)[:64]] = text.value()
        if text.expect(",}") == "}":
            return
    raise FileRefused("unknown", "This JSON is no list that Enishi has written.")


def _read_rows(text: Text, reading: Reading) -> None:
    text.expect("[")
    if text.peek() == "]":
        text.expect("]")
        return
    while True:
        reading.begin_row()
        _read_row(reading, text.value())
        if text.expect(",]") == "]":
            return


def _read_row(reading: Reading, row: Any) -> None:
    place = reading.rows
    if not isinstance(row, dict) or row.get("kind") not in tuple(Kind):
        reading.complain(place, "This is no entry of a list.")
        return
    work = _read_work(row)
    entry = _read_entry(reading, row.get("entry"), place=place, title=work.title)
    if entry is None:
        return
    for name in row.keys() - _NAMES:
        reading.ignore(str(name))
    reading.entries.append(FileEntry(work, entry, _read_stamps(row.get("stamps")), place))


_NAMES = {"kind", "ids", "titles", "format", "year", "total", "volumes", "entry", "stamps"}


def _read_work(row: Mapping[str, Any]) -> FileWork:
    given = row.get("ids")
    ids = filter(None, (clean_id(*pair) for pair in given.items())) if isinstance(given, dict) else ()
    form = row.get("format")
    return FileWork(
        kind=Kind(row["kind"]),
        ids=dict(ids),
        titles=clean_titles(row.get("titles")),
        format=form[:32] if isinstance(form, str) else "",
        **{name: _number(row.get(name)) for name in ("year", "total", "volumes")},
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000 else 0


def _read_entry(reading: Reading, given: Any, *, place: int, title: str) -> Entry | None:
    """None where there is no status that is known; any other field that cannot be read is left out, and named."""
    values: dict[str, Any] = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        if name not in FIELDS:
            reading.ignore(f"entry.{name}")
            continue
        try:
            values[name] = clean_value(name, value)
        except InvalidEntry as error:
            if name != "status":
                reading.complain(place, f"{name} {error.message}, so it is left out.", title=title)
    if not isinstance(values.get("status"), Status):
        reading.complain(place, "It has no status that is known, so the entry is left out.", title=title)
        return None
    return Entry(**values)


def _read_stamps(given: Any) -> dict[str, Stamp]:
    """What is no stamp is as if it were not told."""
    stamps: dict[str, Stamp] = {}
    for name, stamp in given.items() if isinstance(given, dict) else ():
        if (name in FIELDS or name == REST) and isinstance(stamp, list) and len(stamp) == 3:
            at, source, scale = stamp
            is_time = isinstance(at, int | float) and not isinstance(at, bool) and math.isfinite(at) and at >= 0
            if is_time and _is(_SLUG, source) and _is(_SCALE, scale):
                stamps[name] = Stamp(float(at), source, scale)
    return stamps or {REST: Stamp(0.0, "file")}


def _is(shape: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None
