"""A table is taken over whole or not at all, by difference, and only if it can be believed."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from typing import Any, BinaryIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from library.mappings.said import Pair
from library.mappings.sources import RULES, SOURCES, Source
from library.models import EpisodeRange, IdPair, IdTable
from library.services import deciding, id_rows, id_tables
from library.services.id_content import read_content
from library.services.id_tables import Origin, Outcome, import_table
from tests.library.mappings.build import FRIEREN, FRIEREN_2, MUGEN_TRAIN, as_json

pytestmark = pytest.mark.django_db

FRIBB = replace(SOURCES["fribb"], least=1)
ARM = replace(SOURCES["arm"], least=1)
FIRST = [FRIEREN, FRIEREN_2, MUGEN_TRAIN]


def plain(count: int, *, first: int = 1000) -> list[dict[str, int]]:
    """Rows of invented entries that are called alike at both sites."""
    return [{"anilist_id": number, "mal_id": number} for number in range(first, first + count)]


def take(source: Source, rows: Any, **options: Any) -> Outcome:
    return import_table(source, as_json(rows), **options)


def everything() -> list[Any]:
    pairs = IdPair.objects.order_by("pk").values_list("pk", "state", "gone_at", "first_seen_at", *id_rows.PAIR)
    ranges = EpisodeRange.objects.order_by("pk").values_list("pk", "state", "flag", "gone_at", "first_seen_at")
    return [list(pairs), list(ranges)]


def state_of(left: str, right: str, source: str = "arm") -> tuple[str, bool]:
    row = IdPair.objects.get(left_site="anilist", left_id=left, right_site="myanimelist", right_id=right, source=source)
    return (row.state, row.gone_at is None)


def test_rows_are_stored_as_they_were_said() -> None:
    outcome = take(FRIBB, FIRST, origin=Origin('"abc"', "Tue, 24 Nov 2026 16:09:00 GMT"))
    counted = {name: outcome.figures[name] for name in ("rows", "pairs", "ranges", "added", "gone", "conflicts")}
    assert counted == {"rows": 3, "pairs": 12, "ranges": 3, "added": 15, "gone": 0, "conflicts": 0}
    pair = IdPair.objects.get(left_id="154587", right_site="myanimelist")
    assert (pair.kind, pair.left_site, pair.right_id, pair.source, pair.state) == (
        *("anime", "anilist", "52991", "fribb", "good"),
    )
    place = EpisodeRange.objects.get(site_id="182255")
    assert (place.site, place.first, place.last, place.season, place.start) == ("anilist", 1, None, 1, 29)
    assert (place.target_kind, place.target_site, place.target_id, place.numbering) == (
        *("show", "tmdb", "209867", "position"),
    )
    table = IdTable.objects.get(source="fribb")
    assert (table.state, table.etag, table.modified) == ("good", '"abc"', "Tue, 24 Nov 2026 16:09:00 GMT")
    assert table.imported_at == table.checked_at == pair.first_seen_at


@pytest.mark.parametrize("force", [False, True])
def test_the_same_table_again_writes_no_row(force: bool) -> None:
    take(FRIBB, FIRST)
    before = everything()
    with CaptureQueriesContext(connection) as seen:
        outcome = take(FRIBB, FIRST, force=force)
    writes = [query["sql"] for query in seen if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE", "COPY")]
    assert [sql for sql in writes if "library_idtable" not in sql] == []
    assert (everything(), outcome.is_changed) == (before, force)


def test_another_order_is_the_same_table() -> None:
    take(FRIBB, FIRST)
    before = everything()
    outcome = take(FRIBB, FIRST[::-1])
    assert (everything(), outcome.figures["added"], outcome.figures["changed"]) == (before, 0, 0)


def test_what_is_said_no_more_is_dated_and_may_come_back() -> None:
    take(ARM, plain(100))
    first_seen = IdPair.objects.get(left_id="1000").first_seen_at
    assert take(ARM, plain(99, first=1001)).figures["gone"] == 1
    assert state_of("1000", "1000") == ("good", False)
    assert take(ARM, plain(100)).figures["back"] == 1
    assert state_of("1000", "1000") == ("good", True)
    assert IdPair.objects.get(left_id="1000").first_seen_at == first_seen


def test_a_verdict_that_changes_is_rewritten_in_place() -> None:
    take(FRIBB, FIRST)
    key = EpisodeRange.objects.get(site_id="154587").pk
    twin = {"anilist_id": 9, "themoviedb_id": {"tv": 209867}, "season": {"tmdb": 1}}
    assert take(FRIBB, [*FIRST, twin]).figures["changed"] == 2
    assert EpisodeRange.objects.get(pk=key).flag == "duplicate"
    take(FRIBB, FIRST, force=True)
    assert EpisodeRange.objects.get(pk=key).flag == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[{", "middle"),
        (b"", "middle"),
        (b"<html>", "not the table"),
        (json.dumps([{"anilist_id": "1"}]).encode(), "Row 1"),
        (gzip.compress(b"[]", mtime=0)[:-9], "packed file"),
        (b"\x1f\x8bnonsense", "packed file"),
        (json.dumps([{"anilist_id": 0, "mal_id": 0}] * 50).encode(), "50 statements"),
    ],
)
def test_a_broken_table_leaves_everything_as_it_was(content: bytes, message: str) -> None:
    take(ARM, plain(100), origin=Origin('"old"'))
    before, old = everything(), IdTable.objects.get(source="arm")
    outcome = import_table(ARM, io.BytesIO(content), origin=Origin('"new"'), force=True)
    table = IdTable.objects.get(source="arm")
    assert (outcome.state, table.state, everything()) == ("failed", "failed", before)
    assert message in table.message
    assert (table.etag, table.digest, table.figures) == (old.etag, old.digest, old.figures)


def test_a_table_is_good_again_once_it_is_readable() -> None:
    take(ARM, plain(3))
    import_table(ARM, io.BytesIO(b"["))
    assert take(ARM, plain(3)).state == "good"
    assert IdTable.objects.get(source="arm").message == ""


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        # 3 of 100 are gone though the table is no smaller.
        (plain(97) + plain(3, first=5000), "3 of 100 known pairs"),
        # 3 of 100 have another partner.
        (plain(97) + [{"anilist_id": 1097 + n, "mal_id": 5000 + n} for n in range(3)], "3 of 100 known pairs"),
        (plain(97), "97 rows; there were 100"),
        (plain(9), "9 rows; at least 10"),
    ],
)
def test_a_table_that_changed_much_is_refused_unless_forced(rows: list[dict[str, int]], message: str) -> None:
    source = replace(ARM, least=10)
    take(source, plain(100))
    before = everything()
    outcome = take(source, rows)
    assert (outcome.state, everything()) == ("refused", before)
    assert message in outcome.message
    assert take(source, rows, force=True).state == "good"


def test_ranges_may_not_change_much_either() -> None:
    rows = [{"anilist_id": n, "themoviedb_id": {"tv": n}, "season": {"tmdb": 1}} for n in range(1, 101)]
    take(FRIBB, rows)
    for row in rows[:3]:
        row["season"] = {"tmdb": 2}
    assert "3 of 100 known ranges" in take(FRIBB, rows).message


def test_two_of_a_hundred_may_change() -> None:
    take(ARM, plain(100))
    assert take(ARM, plain(98)).state == "good"


def test_new_rules_of_ours_read_known_content_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    take(FRIBB, FIRST)
    EpisodeRange.objects.all().delete()
    assert take(FRIBB, FIRST).is_changed is False
    monkeypatch.setattr("library.services.id_content.RULES", RULES + 1)
    monkeypatch.setattr("library.services.id_tables.RULES", RULES + 1)
    assert take(FRIBB, FIRST).figures["added"] == 3


def test_nothing_is_stored_when_the_end_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    take(ARM, plain(100))
    before = everything()

    def fail(source: str) -> int:
        raise RuntimeError

    monkeypatch.setattr(id_tables, "count_conflicts", fail)
    with pytest.raises(RuntimeError):
        take(ARM, plain(150))
    assert (everything(), IdTable.objects.get(source="arm").figures["rows"]) == (before, 100)


def test_who_comes_second_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def read(source: Source, stream: BinaryIO) -> Any:
        content = read_content(source, stream)
        if not calls:
            calls.append(source.slug)
            take(ARM, plain(3))
        return content

    monkeypatch.setattr(id_tables, "read_content", read)
    outcome = take(ARM, plain(4))
    assert (outcome.message, IdPair.objects.count()) == ("another import was faster", 3)


# Conflicts -------------------------------------------------------------------------------------------------


def test_sources_that_disagree_are_both_ambiguous_until_they_agree() -> None:
    take(ARM, [{"anilist_id": 1, "mal_id": 2}, *plain(100)])
    assert take(FRIBB, [{"anilist_id": 1, "mal_id": 3}, *plain(1)]).figures["conflicts"] == 1
    assert (state_of("1", "2"), state_of("1", "3", "fribb")) == (("ambiguous", True), ("ambiguous", True))
    assert state_of("1000", "1000") == ("good", True)
    take(ARM, [{"anilist_id": 1, "mal_id": 3}, *plain(100)])
    assert (state_of("1", "3"), state_of("1", "3", "fribb")) == (("good", True), ("good", True))
    assert state_of("1", "2") == ("ambiguous", False)


def test_one_table_may_contradict_itself_from_either_side() -> None:
    outcome = take(
        ARM, [{"anilist_id": 1, "mal_id": 7}, {"anilist_id": 2, "mal_id": 7}, {"anilist_id": 3, "mal_id": 8}]
    )
    assert outcome.figures["conflicts"] == 2
    assert [state_of("1", "7")[0], state_of("2", "7")[0], state_of("3", "8")[0]] == ["ambiguous", "ambiguous", "good"]


def test_a_maintainers_word_settles_a_conflict_for_good() -> None:
    take(ARM, [{"anilist_id": 1, "mal_id": 2}, *plain(100)])
    take(FRIBB, [{"anilist_id": 1, "mal_id": 3}])
    assert deciding.confirm_pairs(IdPair.objects.filter(right_id="3")) == 1
    assert deciding.confirm_pairs(IdPair.objects.filter(right_id="3")) == 0
    assert (state_of("1", "2")[1], state_of("1", "3", "fribb")) == (False, ("good", True))
    take(ARM, [{"anilist_id": 1, "mal_id": 2}, *plain(101)])
    assert (state_of("1", "2")[1], state_of("1", "3", "maintainer")) == (False, ("good", True))


def test_without_the_maintainers_word_the_tables_speak_again() -> None:
    rows = [{"anilist_id": 1, "mal_id": 2}, *plain(100)]
    take(ARM, rows)
    take(FRIBB, [{"anilist_id": 1, "mal_id": 3}])
    deciding.confirm_pairs(IdPair.objects.filter(right_id="3"))
    deciding.remove_pairs(IdPair.objects.filter(source="maintainer"))
    take(ARM, rows)
    assert (state_of("1", "2"), state_of("1", "3", "fribb")) == (("ambiguous", True), ("ambiguous", True))


def test_a_pair_that_is_removed_comes_back_while_its_table_says_so() -> None:
    take(ARM, plain(3))
    deciding.remove_pairs(IdPair.objects.filter(left_id="1001"))
    assert IdPair.objects.count() == 2
    take(ARM, plain(3))
    assert IdPair.objects.count() == 3


def test_ranges_taken_over_are_good_and_survive_their_table() -> None:
    take(FRIBB, [FRIEREN | {"season": {"tmdb": 0}}])
    assert deciding.adopt_ranges(EpisodeRange.objects.all()) == 1
    assert deciding.adopt_ranges(EpisodeRange.objects.filter(source="fribb")) == 0
    mine = EpisodeRange.objects.get(source="maintainer")
    assert (mine.site_id, mine.season, mine.state, mine.flag) == ("154587", 0, "good", "")
    take(FRIBB, [FRIEREN_2], force=True)
    assert EpisodeRange.objects.get(source="maintainer").gone_at is None


def test_anime_and_shows_of_one_number_are_apart() -> None:
    take(ARM, [{"anilist_id": 1, "mal_id": 2}])
    rows = [Pair("show", "tmdb", "1", "trakt", "2"), Pair("movie", "tmdb", "1", "trakt", "3")]
    for row in rows:
        IdPair.objects.create(**row._asdict(), source="x", first_seen_at=IdPair.objects.all()[0].first_seen_at)
    take(ARM, [{"anilist_id": 1, "mal_id": 2}], force=True)
    assert IdPair.objects.filter(state="ambiguous").count() == 0
