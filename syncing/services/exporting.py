"""All that is kept of a person, as one ZIP that is written while it is sent."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from library.entry import Kind
from library.files.model import Format
from library.services.exporting import export_list
from syncing.services.belongings import HASH, NOT_EXPORTED, TABLES, WOULD_OPEN, Table

if TYPE_CHECKING:
    from accounts.models import User

CHUNK = 200
PIECE = 64 * 1024
"""About as many bytes are gathered before they are packed and given on."""

TYPES = {
    Format.JSON: ("application/json", "json"),
    Format.CSV: ("text/csv; charset=utf-8", "csv"),
    Format.MAL_XML: ("application/gzip", "xml.gz"),
}
"""Format → content type and ending of what is given out."""

_HEAD = """{site}: all that is kept of {email}
Written {when}

list.json       your list, complete: {site} can read it again
list.csv        the same as a table
anime.xml.gz    your anime as MyAnimeList's own export, for MyAnimeList, AniList and others; without private entries,
                since this format cannot say that an entry is private
manga.xml.gz    the same of your manga

tables/         everything else, one JSON object a line:
"""


def export_account(user: User) -> Iterator[bytes]:
    """Pieces of the ZIP. In memory are some hundred rows at a time, however much there is."""
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for name, pieces in _members(user):
            info = ZipInfo(name, timezone.now().timetuple()[:6])
            info.compress_type = ZIP_STORED if name.endswith(".gz") else ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                for piece in _gathered(pieces):
                    member.write(piece)
                    yield sink.take()
    yield sink.take()


@dataclass(frozen=True, slots=True)
class ListFile:
    """pieces: made while they are read. name: without date and ending."""

    pieces: Iterator[bytes]
    content_type: str
    name: str
    ending: str


def list_file(user: User, *, file_format: Format, kind: Kind | None = None, with_private: bool = True) -> ListFile:
    """A person's list as it is given out; MyAnimeList's packed. Raises CannotExport, before the first piece."""
    pieces = export_list(user, file_format=file_format, kind=kind, with_private=with_private)
    body = pack(pieces) if file_format is Format.MAL_XML else _encoded(pieces)
    content_type, ending = TYPES[file_format]
    return ListFile(body, content_type, f"enishi-{kind or 'list'}", ending)


def pack(pieces: Iterable[str]) -> Iterator[bytes]:
    """Text as gzip."""
    packer = zlib.compressobj(wbits=31)
    for piece in _gathered(piece.encode() for piece in pieces):
        yield packer.compress(piece)
    yield packer.flush()


def _members(user: User) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "README.txt", [_readme(user).encode()]
    yield "list.json", _encoded(export_list(user, file_format=Format.JSON))
    yield "list.csv", _encoded(export_list(user, file_format=Format.CSV))
    for kind in Kind:
        yield f"{kind}.xml.gz", pack(export_list(user, file_format=Format.MAL_XML, kind=kind, with_private=False))
    for table in TABLES:
        yield f"tables/{table.file}.jsonl", _encoded(_rows(user, table))


def _rows(user: User, table: Table) -> Iterator[str]:
    rows = apps.get_model(table.label)._default_manager.filter(**{table.owner: user.pk}).order_by("pk")
    for row in rows.values(*table.fields, *table.more).iterator(chunk_size=CHUNK):
        yield json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"


def _readme(user: User) -> str:
    lines = [_HEAD.format(site=settings.SITE_NAME, email=user.email, when=f"{timezone.now():%Y-%m-%d %H:%M} UTC")]
    for table in TABLES:
        lines.append(f"  {table.file + '.jsonl':<22}{table.about}")
        kept = {name: why for name, why in table.left.items() if why in (WOULD_OPEN, HASH)}
        lines += [f"{'':24}(without {name}: {why})" for name, why in kept.items()]
    lines += ["", "Not in here:", *(f"  {label}: {why}" for label, why in NOT_EXPORTED.items()), ""]
    return "\n".join(lines)


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode() for piece in pieces)


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


class _Sink(io.RawIOBase):
    """What is written can be taken once. It cannot be gone back in, so that the ZIP is written straight on."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        self._held += data
        self._at += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken
