"""The table that ships with us: every worked example of id-mapping.md 5.6, and no conflict."""

from __future__ import annotations

import pytest

from library.mappings.sources import SOURCES
from library.mappings.starter import FILE
from library.models import EpisodeRange, IdPair
from library.services.id_tables import import_table

pytestmark = pytest.mark.django_db

EXAMPLES = [
    ("154587", 28, "209867", 1, 28),
    ("182255", 1, "209867", 1, 29),
    ("104578", 1, "1429", 3, 13),
    ("131681", 1, "1429", 4, 17),
    ("146984", 1, "1429", 4, 29),
    ("20799", 1, "45790", 2, 25),
    ("113693", 1, "91768", 1, 15),
    ("127720", 1, "94664", 1, 12),
    ("146065", 1, "94664", 0, 2),
    ("146065", 2, "94664", 2, 1),
    ("166873", 1, "94664", 2, 13),
    ("11061", 63, "46298", 2, 1),
    ("21", 62, "37854", 2, 1),
    ("112151", 1, "635302", None, 1),
]
"""(AniList id, episode, TMDB id, season, position in it). Season 2 of 46298 and 37854 begins with numbers 63 and 62."""


@pytest.fixture
def starter() -> None:
    with FILE.open("rb") as file:
        outcome = import_table(SOURCES["starter"], file)
    assert (outcome.state, outcome.figures["conflicts"], outcome.figures["flagged"]) == ("good", 0, 0)


@pytest.mark.usefixtures("starter")
@pytest.mark.parametrize(("entry", "episode", "target", "season", "position"), EXAMPLES)
def test_a_worked_example(entry: str, episode: int, target: str, season: int | None, position: int) -> None:
    rows = EpisodeRange.objects.filter(site="anilist", site_id=entry, first__lte=episode, state="good")
    (row,) = [row for row in rows if row.last is None or row.last >= episode]
    assert (row.target_id, row.season, row.start + episode - row.first) == (target, season, position)


@pytest.mark.usefixtures("starter")
def test_it_is_of_use_and_costs_nothing_the_second_time() -> None:
    pairs = IdPair.objects.filter(left_site="anilist", right_site="myanimelist", state="good")
    assert pairs.count() > 300
    with FILE.open("rb") as file:
        assert import_table(SOURCES["starter"], file).is_changed is False
