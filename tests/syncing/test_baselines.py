"""What is remembered of a connection survives the trip through its row, small and exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.entry import Entry, Kind, Status
from syncing.core.model import Memory, Track
from syncing.services.baselines import Ledger, UnreadableBaseline, digest, pack, unpack
from tests.core.strategies import entries

tracks = st.builds(
    Track,
    st.sampled_from(list(Kind)),
    st.text("0123456789abc", min_size=1, max_size=8),
    st.integers(1, 10**9),
    st.builds(Memory, entries, entries, st.integers(-1, 3)),
    st.text("0123456789", max_size=10),
)


@given(st.lists(tracks, max_size=5))
def test_what_is_packed_is_unpacked(listed: list[Track]) -> None:
    ledger = Ledger(
        {(track.kind, track.remote_id): track for track in listed},
        {"anime": ["score"]},
        [("anime", "1"), ("manga", "2")],
    )
    assert unpack(pack(ledger)) == ledger


def test_an_entry_costs_few_bytes() -> None:
    known = {}
    for number in range(1000):
        entry = Entry(Status(list(Status)[number % 6]), number % 26, score=number % 10 * 10)
        track = Track(Kind.ANIME, str(number * 37), number, Memory(entry, entry), str(400_000_000 + number * 91))
        known[Kind.ANIME, track.remote_id] = track
    assert len(pack(Ledger(known))) / 1000 < 15


@pytest.mark.parametrize("data", [b"x", b"\x78\x9c", pack(Ledger())[:-3]])
def test_what_is_not_ours_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableBaseline):
        unpack(data)


def test_nothing_stored_is_an_empty_ledger() -> None:
    assert unpack(b"") == Ledger()


@given(st.dictionaries(st.tuples(st.sampled_from(list(Kind)), st.text("0123456789", min_size=1)), entries, max_size=4))
def test_a_digest_does_not_depend_on_order_and_moves_with_any_field(held: dict[tuple[Kind, str], Entry]) -> None:
    options = ["both"]
    backwards = dict(reversed(list(held.items())))
    assert digest(held, options=options) == digest(backwards, options=options)
    assert digest(held, options=["other"]) != digest(held, options=options)
    for key, entry in held.items():
        assert digest({**held, key: entry.with_(notes=entry.notes + "!")}, options=options) != digest(
            held, options=options
        )
