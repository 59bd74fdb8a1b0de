"""The real tables, as they were in summer 2026: the figures that id-mapping.md 3 and 4 print, found again.

The snapshots lie beside the repository and are no part of it; without them these tests are skipped.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from library.mappings.sources import SOURCES
from library.models import EpisodeRange, IdPair
from library.services import id_rows
from library.services.id_tables import Outcome, import_table

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
FILES = {
    "fribb": "fribb-anime-lists-2026-06-30.rebuilt.json.gz",
    "arm": "arm-0.225.0-2026-05-17.json.gz",
    "anitrakt_shows": "anitrakt-extended-tv-2026-07-24.json.gz",
    "anitrakt_movies": "anitrakt-extended-movies-2026-07-24.json",
    "anime_lists": "anime-lists-master-2026-08-20.xml.gz",
}
EDITS = "anibridge-mappings-edits-2026-02-27.yaml"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (DATA / EDITS).exists(), reason="the snapshots of ../shared/data are not here"),
]


@pytest.fixture(scope="module")
def outcomes(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Outcome]]:
    """All tables, imported once for all tests of this file, and gone after them."""
    with django_db_blocker.unblock():
        try:
            yield {slug: _import(slug) for slug in ("anibridge", *FILES)}
        finally:
            for model in (IdPair, EpisodeRange):
                model.objects.all().delete()
            from library.models import IdTable

            IdTable.objects.all().delete()


def _import(slug: str) -> Outcome:
    if slug == "anibridge":
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        edits = loader((DATA / EDITS).read_text()).get_single_data()
        return import_table(SOURCES[slug], io.BytesIO(json.dumps(edits).encode()))
    with (DATA / FILES[slug]).open("rb") as file:
        return import_table(SOURCES[slug], file)


def pairs_of(source: str, left: str, right: str) -> set[tuple[str, str]]:
    rows = IdPair.objects.filter(source=source, left_site=left, right_site=right)
    return set(rows.values_list("left_id", "right_id"))


def ids_with(site: str, **where: Any) -> set[str]:
    return set(EpisodeRange.objects.filter(site=site, **where).values_list("site_id", flat=True))


def test_every_table_is_believed(outcomes: dict[str, Outcome]) -> None:
    found = {slug: (outcome.state, outcome.figures.get("refused")) for slug, outcome in outcomes.items()}
    assert found == dict.fromkeys(outcomes, ("good", 0))


def test_the_printed_figures(outcomes: dict[str, Outcome]) -> None:
    rows = {slug: outcome.figures["rows"] for slug, outcome in outcomes.items()}
    assert rows == {
        "fribb": 42_152,
        "arm": 35_531,
        "anitrakt_shows": 5_396,
        "anitrakt_movies": 1_881,
        "anime_lists": 16_865,
        "anibridge": 9_374,
    }
    assert len(pairs_of("fribb", "anilist", "myanimelist")) == 18_719
    assert len(pairs_of("fribb", "anilist", "kitsu")) == 17_181
    assert len(pairs_of("fribb", "kitsu", "myanimelist")) == 19_577
    assert len(pairs_of("arm", "anilist", "myanimelist")) == 20_314
    assert len(pairs_of("anibridge", "anilist", "myanimelist")) == 5_936
    assert len(pairs_of("anibridge", "anidb", "anilist")) == 2_180


def test_hardly_any_pair_is_in_dispute(outcomes: dict[str, Outcome]) -> None:
    """Fribb and arm differ on 8 of 18,393 AniList ids (4.1)."""
    fribb, arm = dict(pairs_of("fribb", "anilist", "myanimelist")), dict(pairs_of("arm", "anilist", "myanimelist"))
    both = fribb.keys() & arm.keys()
    assert (len(both), sum(fribb[key] != arm[key] for key in both)) == (18_393, 8)
    torn = IdPair.objects.filter(left_site="anilist", right_site="myanimelist", state="ambiguous")
    assert 16 <= torn.count() <= 200
    assert {(row.left_id, row.right_id) for row in torn if row.source == "arm"} >= {
        (key, arm[key]) for key in both if fribb[key] != arm[key]
    }


def test_coverage_of_ids(outcomes: dict[str, Outcome]) -> None:
    """Of the AniList ids that have a partner somewhere: Fribb 18,719 and what arm adds to them (4.1)."""
    mal = pairs_of("fribb", "anilist", "myanimelist") | pairs_of("arm", "anilist", "myanimelist")
    assert len({left for left, _ in mal}) == 20_640
    good = IdPair.objects.filter(left_site="anilist", state="good", gone_at=None)
    assert good.filter(right_site="myanimelist").values("left_id").distinct().count() >= 20_600
    assert good.filter(right_site="kitsu").values("left_id").distinct().count() >= 17_150


def test_coverage_of_trakt(outcomes: dict[str, Outcome]) -> None:
    """10,581 AniList ids have a route of any kind: 7,798 to a show and 2,607 to a film (4.3)."""
    to_anilist: dict[str, set[str]] = {}
    for source in ("fribb", "arm", "anibridge"):
        for anilist, mal in pairs_of(source, "anilist", "myanimelist"):
            to_anilist.setdefault(mal, set()).add(anilist)
    found = {}
    for kind in ("show", "movie"):
        direct = ids_with("anilist", target_kind=kind)
        through = (to_anilist.get(mal, set()) for mal in ids_with("myanimelist", target_kind=kind))
        found[kind] = direct.union(*through)
    assert len(found["show"]) >= 7_798
    assert len(found["movie"]) >= 2_607
    assert len(found["show"] | found["movie"]) >= 10_581


def test_doubtful_places_are_not_in_use(outcomes: dict[str, Outcome]) -> None:
    fribb = EpisodeRange.objects.filter(source="fribb")
    assert fribb.filter(season=0, state="good").count() == 0
    # 34 groups begin alike in one regular season (3.1): their members are out of use.
    twins = fribb.filter(flag="duplicate", site="anilist", target_site="tmdb")
    assert len(set(twins.values_list("target_id", "season"))) == 34
    assert fribb.filter(target_kind="movie", flag="check").exists() is True


@pytest.mark.parametrize(
    ("source", "entry", "expected"),
    [
        ("anibridge", "146065", [(1, 1, 0, 2), (2, 13, 2, 1)]),
        ("anibridge", "11061", [(1, 62, 1, 1), (63, 136, 2, 63), (137, 148, 3, 137)]),
        ("fribb", "182255", [(1, None, 1, 29)]),
        ("fribb", "104578", [(1, None, 3, 13)]),
        ("fribb", "112151", [(1, 1, None, 1)]),
    ],
)
def test_worked_examples(outcomes: dict[str, Outcome], source: str, entry: str, expected: list[Any]) -> None:
    rows = EpisodeRange.objects.filter(source=source, site="anilist", site_id=entry, state="good").order_by("first")
    assert list(rows.values_list("first", "last", "season", "start")) == expected


def test_a_second_import_changes_nothing(outcomes: dict[str, Outcome]) -> None:
    with (DATA / FILES["anime_lists"]).open("rb") as file:
        again = import_table(SOURCES["anime_lists"], file, force=True)
    assert {name: again.figures[name] for name in ("added", "gone", "back", "changed")} == {
        "added": 0,
        "gone": 0,
        "back": 0,
        "changed": 0,
    }
    assert id_rows.compare_pairs("anime_lists", ()).known == 0
