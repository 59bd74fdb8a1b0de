"""`manage.py export_list` and `import_list`: for people, and with --json for programs."""

from __future__ import annotations

import gzip
import io
import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from library.files.reading import read_list
from library.models import ListEntry
from syncing.models import Change, SyncRun
from syncing.services.importing import preview_import
from tests.web import rows

pytestmark = pytest.mark.django_db

CSV = "kind,title,myanimelist_id,status,score\nanime,Mushishi,457,completed,90\nanime,Only a title,,dropped,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(CSV)
    return path


def run(file: Path, **options: Any) -> str:
    out = StringIO()
    call_command("import_list", str(file), user="alice@example.org", stdout=out, **options)
    return out.getvalue()


def export(**options: Any) -> str:
    out = StringIO()
    call_command("export_list", user="alice@example.org", stdout=out, **options)
    return out.getvalue()


def test_without_a_word_the_import_waits_on_its_page(alice: User, file: Path) -> None:
    told = run(file)
    assert "state preview" in told
    assert "left out: Only a title: The file names no id that is known here" in told
    assert (SyncRun.objects.get().trigger, ListEntry.objects.count()) == ("command", 0)


def test_yes_does_it_and_json_tells_all(alice: User, file: Path) -> None:
    told = json.loads(run(file, yes=True, json=True))
    figures = {
        name: told[name] for name in ("state", "read", "would_add", "would_change", "library_changes", "left_out")
    }
    assert figures == {
        "state": "done",
        "read": 2,
        "would_add": 1,
        "would_change": 0,
        "library_changes": 1,
        "left_out": 1,
    }
    assert [each["title"] for each in told["left_out_entries"]] == ["Only a title"]
    assert ListEntry.objects.get(user=alice).score == 90


def test_a_dry_run_leaves_no_trace_and_takes_nobodys_place(alice: User, file: Path) -> None:
    waiting = preview_import(alice, read_list(io.BytesIO(CSV.encode())))
    before = (SyncRun.objects.count(), Change.objects.count())
    assert json.loads(run(file, dry_run=True, json=True))["would_add"] == 1
    waiting.refresh_from_db()
    assert (waiting.state, (SyncRun.objects.count(), Change.objects.count())) == ("preview", before)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"user": "nobody@example.org"}, "nobody here has the address"),
        ({"format": "json"}, "no list that Enishi has written"),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, str], why: str, alice: User, file: Path) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("import_list", str(file), **{"user": "alice@example.org", **options})
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run(file.with_name("none"))


def test_a_list_is_written_for_its_owner_alone(alice: User, bob: User, tmp_path: Path) -> None:
    media = rows.make_media("Mushishi")
    media.external_ids.create(provider="myanimelist", kind="anime", external_id="457", source="x")
    rows.make_entry(alice, media)
    rows.make_entry(bob, rows.make_media("His"))
    text = export()
    assert ("Mushishi" in text, "His" in text) == (True, False)
    path = tmp_path / "anime.xml.gz"
    export(format="mal_xml", kind="anime", output=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "<series_animedb_id>457<" in gzip.decompress(path.read_bytes()).decode()
    with pytest.raises(CommandError, match="File exists"):
        export(output=str(path))
    with pytest.raises(CommandError, match="one kind"):
        export(format="mal_xml")
    with pytest.raises(CommandError, match="nobody here"):
        call_command("export_list", user="nobody@example.org")


def test_private_entries_can_stay_out(alice: User) -> None:
    rows.make_entry(alice, rows.make_media("Secret"), private=True)
    assert ("Secret" in export(format="csv"), "Secret" in export(format="csv", without_private=True)) == (True, False)
