"""When each field was given, by whom and how finely."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from library.entry import FIELDS
from library.stamps import REST, UNKNOWN, Stamp, restamp, stamp_of, stamps_from_json, stamps_to_json

OLD, NEW = Stamp(1.0, "anilist", "anilist:POINT_5"), Stamp(2.0)
stamps = st.dictionaries(
    st.sampled_from([REST, *FIELDS]),
    st.builds(
        Stamp,
        st.floats(0, 4e9, allow_nan=False),
        st.sampled_from(["library", "anilist"]),
        st.sampled_from(["100", "10"]),
    ),
)


def test_a_field_has_its_own_stamp_or_that_of_the_rest() -> None:
    assert stamp_of({REST: OLD, "score": NEW}, "score") == NEW
    assert stamp_of({REST: OLD, "score": NEW}, "notes") == OLD
    assert stamp_of({"score": NEW}, "notes") == UNKNOWN
    assert Stamp(0.0, "library", "100") == UNKNOWN


def test_restamping_leaves_the_other_fields_and_the_original_alone() -> None:
    before = {REST: OLD, "score": OLD}
    after = restamp(before, ["score", "notes"], NEW)
    assert [stamp_of(after, name) for name in ("score", "notes", "progress")] == [NEW, NEW, OLD]
    assert before == {REST: OLD, "score": OLD}
    assert restamp(before, [], NEW) == before


@given(stamps)
def test_stored_stamps_read_back(drawn: dict[str, Stamp]) -> None:
    assert stamps_from_json(json.loads(json.dumps(stamps_to_json(drawn)))) == drawn


def test_the_stored_form() -> None:
    assert stamps_to_json({REST: OLD}) == {"*": [1.0, "anilist", "anilist:POINT_5"]}
    assert stamps_from_json({"*": [1, "anilist", "100"]}) == {"*": Stamp(1.0, "anilist", "100")}
