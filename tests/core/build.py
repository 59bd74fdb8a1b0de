"""Short ways to the values that the core's examples speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.capability import Capability, Totals
from library.entry import Entry, Kind, Status
from library.stamps import Stamp
from syncing.core.model import Canonical, Memory, Now, Rules, Track, Verdict
from syncing.core.plan import Key, Remote, Table
from tests.core.services import anilist

ANIME = Kind.ANIME


def entry(status: Status = Status.CURRENT, **values: Any) -> Entry:
    return Entry(status, **values)


def held(value: Entry, *, at: float = 100.0, source: str = "library", scale: str = "100") -> Canonical:
    """The library's row, all of it from one hand."""
    return Canonical(value, {"*": Stamp(at, source, scale)})


def now(value: Entry, *, at: float = 200.0, total: int = 0) -> Now:
    return Now(value, at, Totals(total))


def rules(capability: Capability | None = None, **values: Any) -> Rules:
    return Rules(source="anilist", capability=capability or anilist(), **values)


def track(number: int, memory: Memory | None, **values: Any) -> tuple[Key, Track]:
    """A track of media `number`, whose remote id is the same number unless `remote_id` says otherwise."""
    remote_id = values.pop("remote_id", str(number))
    return (ANIME, remote_id), Track(ANIME, remote_id, number, memory, **values)


def remote(number: int, value: Entry, **values: Any) -> Remote:
    remote_id = values.pop("remote_id", str(number))
    entry_id = values.pop("entry_id", "")
    return Remote(ANIME, remote_id, number, now(value, **values), entry_id)


def table(
    *remotes: Remote,
    library: Mapping[int, Canonical] | None = None,
    tracks: Mapping[Key, Track] | None = None,
    **values: Any,
) -> Table:
    """Anime only, read whole, every media known on the side by its own number; `values` override."""
    rows = library or {}
    defaults: dict[str, Any] = {
        "kinds": dict.fromkeys(rows, ANIME),
        "routes": {number: str(number) for number in rows},
        "complete": {ANIME},
        "rules": {ANIME: rules()},
    }
    return Table(remotes=remotes, tracks=tracks or {}, library=rows, **{**defaults, **values})


def moved(verdict: Verdict) -> tuple[dict[str, Any], dict[str, Any]]:
    """({field: value} into the library, {field: value} to the side)."""
    return {m.field: m.after for m in verdict.moves_in}, {m.field: m.after for m in verdict.moves_out}
