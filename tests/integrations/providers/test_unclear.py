"""Entries that cannot be understood: what is said of them, and what is not."""

from __future__ import annotations

import pytest

from integrations.providers.unclear import count_words, place_of, require_number, unclear_entry
from library.entry import InvalidEntry, Kind

PRIVATE = "nobody may read this note"


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_a_fault_of_ours_is_told_by_its_place_without_its_words() -> None:
    one = unclear_entry(Kind.ANIME, "5", raised(ValueError(PRIVATE)))
    assert one.is_fault is True
    assert one.why.startswith("ValueError in test_unclear.py:")
    assert PRIVATE not in one.why
    assert place_of(KeyError(PRIVATE)) == "KeyError"


def test_a_strange_value_is_the_services_and_named_by_its_field() -> None:
    one = unclear_entry(Kind.MANGA, "5", InvalidEntry("status", "is none that AniList is known to have"))
    assert (one.is_fault, one.why) == (False, "status: is none that AniList is known to have")


@pytest.mark.parametrize("external_id", ["", "0", "-1", "1e3", "seven", "9" * 40, "1\x00"])
def test_what_is_no_id_of_a_work_is_refused(external_id: str) -> None:
    with pytest.raises(InvalidEntry):
        require_number(external_id)


def test_nothing_is_no_sentence() -> None:
    assert (count_words("Kitsu", 0), count_words("Kitsu", 2, "manga")) == (
        "",
        "2 of Kitsu's manga entries could not be understood.",
    )
