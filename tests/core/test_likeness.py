"""How surely two works are one: facts of real works, and what must hold for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncing.core.likeness import LIKELY, SURE, Facts, confidence
from syncing.core.naming import LAST, read_title
from syncing.core.shortlist import MOST, Shortlist


def work(*titles: str, year: int = 2013, format: str = "tv", total: int = 12) -> Facts:  # noqa: A002 - the field's name
    return Facts(titles, year, format, total)


@pytest.mark.parametrize(
    ("text", "base", "season", "part"),
    [
        ("Shingeki no Kyojin Season 3 Part 2", "shingeki no kyojin", 3, 2),
        ("進撃の巨人３ Part.2", "進撃の巨人", 3, 2),
        ("Fate/Zero 2nd Season", "fate zero", 2, 0),
        ("Haikyuu!! Second Season", "haikyuu", 2, 0),
        ("Overlord IV", "overlord", 4, 0),
        ("Mushoku Tensei II: Isekai Ittara Honki Dasu Part 2", "mushoku tensei isekai ittara honki dasu", 2, 2),
        ("Spy x Family Cour 2", "spy x family", 0, 2),
        ("転生したらスライムだった件 第2期", "転生したらスライムだった件", 2, 0),
        ("約束のネバーランド 第二期", "約束のネバーランド", 2, 0),
        ("Code Geass: Hangyaku no Lelouch R2", "code geass hangyaku no lelouch", 2, 0),
        ("Attack on Titan: The Final Season", "attack on titan", LAST, 0),
        ("Hunter x Hunter (2011)", "hunter x hunter", 0, 0),
        ("Mob Psycho 100", "mob psycho 100", 0, 0),
        ("86", "86", 0, 0),
        ("Steins;Gate 0", "steins gate 0", 0, 0),
        ("Ｒｅ：Ｚｅｒｏ", "re zero", 0, 0),
        ("Pokémon & Friends", "pokemon and friends", 0, 0),
        ("Natsume’s Book", "natsumes book", 0, 0),
    ],
)
def test_titles_are_read_in_one_form(text: str, base: str, season: int, part: int) -> None:
    title = read_title(text)
    assert (title.base, title.season, title.part) == (base, season, part)


SAME = [
    (work("Shingeki no Kyojin", "Attack on Titan", total=25), work("Attack on Titan", total=25)),
    (work("Sousou no Frieren", "葬送のフリーレン", year=2023, total=28), work("葬送のフリーレン", year=2023, total=28)),
    (work("Fate/Zero 2nd Season", year=2012, total=12), work("Fate/Zero Season 2", year=2012, total=12)),
    (work("Overlord II", year=2018, total=13), work("Overlord 2nd Season", year=2018, total=13)),
    (work("Kara no Kyoukai", format="movie", total=1), work("KARA NO KYOUKAI", format="movie", total=1)),
    (work("Devilman: Crybaby", format="ona", total=10), work("DEVILMAN crybaby", format="tv", total=10)),
    (work("Monster", year=1994, format="manga", total=162), work("MONSTER", year=1994, format="manga", total=162)),
    (work("Solo Leveling", format="manhwa", total=0), work("Solo Leveling", format="manga", total=0)),
]
ASKED = [
    (work("Kakegurui"), work("Kakegurui××", year=0)),
    (work("Frieren: Beyond Journey's End"), work("Frieren", total=0)),
    (work("Non Non Biyori Repeat", year=0), work("Non Non Biyori")),
    (work("Ranma 1/2", year=1989, total=18), work("Ranma ½", year=1989, total=161)),
    (work("Death Note", year=2006, total=37), work("Death Note", year=2007, total=37)),
    (work("Log Horizon", "Log Horizon 2nd Season", total=25), work("Log Horizon", total=25, year=0)),
    (work("Fruits Basket", total=25), work("Fruits Basket Season 2", total=25)),
]
OTHER = [
    (work("Overlord II", year=2018, total=13), work("Overlord III", year=2018, total=13)),
    (work("Shingeki no Kyojin Season 3", year=2018), work("Shingeki no Kyojin Season 2", year=2018)),
    (work("Mushoku Tensei Part 1"), work("Mushoku Tensei Part 2")),
    (work("Fruits Basket", year=2001, total=26), work("Fruits Basket", year=2019, total=25)),
    (work("Sword Art Online", format="novel", total=0), work("Sword Art Online", format="manga", total=0)),
    (work("Steins;Gate", format="tv", total=24), work("Steins;Gate", format="movie", total=1)),
    (work("Mahouka Movie 1", format="movie", total=1), work("Mahouka Movie 2", format="movie", total=1)),
    (work("Naruto", year=2002, total=220), work("Naruto: Shippuuden", year=2007, total=500)),
    (work("Trigun"), work("Cowboy Bebop")),
    (work("葬送のフリーレン"), work("Sousou no Frieren")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_title_with_the_same_facts_is_sure(one: Facts, other: Facts) -> None:
    assert confidence(one, other).confidence >= SURE, confidence(one, other)


@pytest.mark.parametrize(("one", "other"), ASKED)
def test_what_is_like_it_but_not_surely_it_is_asked_about(one: Facts, other: Facts) -> None:
    assert LIKELY <= confidence(one, other).confidence < SURE, confidence(one, other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_works_are_not_even_suggested(one: Facts, other: Facts) -> None:
    assert confidence(one, other).confidence < LIKELY, confidence(one, other)


def test_the_reasons_say_what_counts() -> None:
    told = confidence(work("Overlord II", year=2018, total=13), work("Overlord III", year=2019, total=13)).reasons
    assert told == (
        "the same title",
        "season 2 is not season 3",
        "from 2018 and 2019",
        "the same format",
        "both of length 13",
    )


NAMES = st.text("abcdefgh ", min_size=3, max_size=30).filter(lambda text: len(text.strip()) >= 3)
FACTS = st.builds(
    Facts,
    st.lists(st.text(max_size=20), max_size=3).map(tuple),
    st.integers(0, 2030),
    st.sampled_from(["", "tv", "ona", "movie", "ova", "special", "music", "manga", "novel", "TV", "what"]),
    st.integers(0, 30),
)


@given(FACTS, FACTS)
def test_it_is_the_same_in_both_directions(one: Facts, other: Facts) -> None:
    assert confidence(one, other) == confidence(other, one)
    assert 0 <= confidence(one, other).confidence <= 100


@given(NAMES, st.integers(1900, 2030), st.sampled_from(["tv", "movie", "novel"]), st.integers(1, 999))
def test_what_is_equal_in_everything_is_a_hundred(name: str, year: int, format_: str, total: int) -> None:
    facts = Facts((name,), year, format_, total)
    assert confidence(facts, facts).confidence == 100


FORMS = (
    "{name} {number}nd Season",
    "{name} Season {number}",
    "{name}: S{number}",
    "{name} {number}",
    "{name} 第{number}期",
)


@given(NAMES, st.integers(1, 20), st.integers(1, 20), st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_two_season_numbers_are_never_one_work(name: str, one: int, other: int, form: str, another: str) -> None:
    first, second = work(form.format(name=name, number=one)), work(another.format(name=name, number=other))
    if one == other:
        assert confidence(first, second).confidence == 100
    else:
        assert confidence(first, second).confidence < LIKELY


@given(NAMES, st.integers(2, 20), st.sampled_from(FORMS))
def test_a_season_that_only_one_names_is_never_sure(name: str, number: int, form: str) -> None:
    assert confidence(work(name), work(form.format(name=name, number=number))).confidence < SURE


@settings(max_examples=100)
@given(st.dictionaries(st.integers(1, 500), st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=40))
def test_a_work_is_on_the_short_list_of_its_own_title(works: dict[int, list[str]]) -> None:
    shortlist = Shortlist(works)
    for work_id, titles in works.items():
        found = shortlist.find(titles)
        assert len(found) <= MOST
        assert work_id in found or len(works) > MOST
