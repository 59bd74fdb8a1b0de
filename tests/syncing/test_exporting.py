"""The whole account in one file: complete, one person's, without secrets, and never in memory as a whole."""

from __future__ import annotations

import gc
import gzip
import io
import json
import tracemalloc
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from library.files.reading import read_list
from library.models import Library, ListEntry, Media
from syncing.models import Change, SyncRun
from syncing.services.belongings import TABLES
from syncing.services.exporting import export_account
from tests.owned import SECRETS, count_rows, make_everything
from tests.web import rows

pytestmark = pytest.mark.django_db
MB = 2**20


def unpacked(user: User) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(b"".join(export_account(user)))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def test_it_holds_every_table_and_the_list_in_every_format(alice: User, bob: User) -> None:
    make_everything(alice)
    make_everything(bob)
    files, hers = unpacked(alice), count_rows(alice.pk)
    lists = ["README.txt", "list.json", "list.csv", "anime.xml.gz", "manga.xml.gz"]
    assert list(files) == [*lists, *(f"tables/{table.file}.jsonl" for table in TABLES)]
    for table in TABLES:
        told = lines(files[f"tables/{table.file}.jsonl"])
        assert len(told) == hers[table.label] > 0, table.label
        assert set(told[0]) == {*table.fields, *table.more}
        assert f"{table.file}.jsonl" in files["README.txt"].decode()
    for name in ("list.json", "list.csv", "anime.xml.gz"):
        (each,) = read_list(io.BytesIO(files[name])).entries
        assert (each.work.title, each.entry.progress, each.entry.score) == ("Mushishi", 4, 80)
    assert read_list(io.BytesIO(files["manga.xml.gz"])).entries == []


def test_nothing_secret_and_nothing_of_others_is_in_it(alice: User, bob: User) -> None:
    make_everything(alice)
    make_everything(bob, "kitsu")
    rows.make_entry(bob, rows.make_media("His own title"))
    files = unpacked(alice)
    plain = [gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()]
    everything = b"\n".join(plain).decode()
    for text in (*SECRETS, bob.email, str(bob.pk), "His own title", alice.password):
        assert text not in everything


def test_what_is_private_is_in_all_but_the_file_that_cannot_say_so(alice: User) -> None:
    media = rows.make_media("Secret love")
    rows.make_entry(alice, media, private=True)
    media.external_ids.create(provider="myanimelist", kind="anime", external_id="1", source="x")
    files = unpacked(alice)
    assert "Secret love" in files["list.json"].decode()
    assert "Secret love" not in gzip.decompress(files["anime.xml.gz"]).decode()


def _fill(user: User, run: SyncRun, count: int) -> None:
    """Some 11 KB each: an entry with a note, and a change of a long one."""
    media = Media.objects.bulk_create([Media(kind="anime", title=f"T{number}") for number in range(count)])
    ListEntry.objects.bulk_create(
        [ListEntry(user=user, media=one, status="current", revision=1, notes="y" * 500) for one in media]
    )
    note = {"notes": "x" * 5000}
    told = {"kind": "anime", "side": "library", "source": "x", "action": "update", "before": note, "after": note}
    Change.objects.bulk_create([Change(user=user, run=run, **told) for _ in range(count)])


def _peak(user: User) -> float:
    tracemalloc.start()
    for number, piece in enumerate(export_account(user)):
        assert len(piece) < MB
        if number % 10 == 0:
            # What is only waiting to be thrown away does not count.
            gc.collect()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / MB


@pytest.mark.slow
def test_a_large_account_needs_little_more_memory_than_a_small_one(alice: User) -> None:
    Library.objects.create(user=alice, revision=1)
    run = rows.make_run(rows.make_connection(alice))
    _fill(alice, run, 500)
    small = _peak(alice)
    _fill(alice, run, 1000)
    large = _peak(alice)
    with CaptureQueriesContext(database) as queries:
        assert sum(map(len, export_account(alice))) > 0
    print(f"{small:.1f} MB for 5 MB, {large:.1f} MB for 16 MB, {len(queries)} queries")
    assert large < small + 2
    assert len(queries) <= 80
