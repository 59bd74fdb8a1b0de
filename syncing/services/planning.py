"""From a read list to a guarded plan: loads what a plan is made from, and nothing else. Decisions are the core's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider, RemoteEntry
from library.entry import Kind
from library.queries import Row, revision_of, rows_of
from library.services.matches import Words, words_of
from syncing.core.guard import Guarded, guard
from syncing.core.model import Canonical, Rules
from syncing.core.plan import Item, Key, Plan, Remote, Table, make_plan
from syncing.services import hiding, matching, parking, puzzling, recalling, reviewing, routing
from syncing.services.baselines import Ledger
from syncing.services.rules import rules_of
from syncing.services.watching import watch

NOTHING_UNCLEAR: Mapping[Key, bool] = {}


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that applying needs. revisions: of the rows as loaded; revision: of the library when they were.
    wanted: media on which there was something to do before anything was withheld; wishes: the same by entry.
    again: entries that failed before and are tried once more; True = by itself, apart from all others."""

    guarded: Guarded
    remotes: Mapping[Key, Remote]
    revisions: Mapping[int, int]
    revision: int
    rules: Mapping[Kind, Rules]
    waiting: tuple[matching.Waiting, ...] = ()
    searched: routing.Routes = routing.NO_ROUTES
    parked: tuple[Item, ...] = ()
    again: Mapping[Key, bool] = field(default_factory=dict)
    recalled: recalling.Recalled = recalling.NOTHING
    words: reviewing.Words = reviewing.NO_WORDS
    wanted: frozenset[int] = frozenset()
    wishes: frozenset[Key] = frozenset()

    @property
    def plan(self) -> Plan:
        return self.guarded.plan


def prepare(
    connection: Connection,
    session: Session,
    provider: Provider,
    *,
    entries: Sequence[RemoteEntry],
    complete: frozenset[Kind],
    ledger: Ledger,
    unclear: Mapping[Key, bool] = NOTHING_UNCLEAR,
) -> Prepared:
    """Match, load, plan and guard. The revision is read before the rows: the next run sees an edit in between again.

    unclear: as in Fetched.
    """
    own = words_of(connection.user_id, provider.slug)
    seen = _look(
        connection, session, provider, entries=entries, complete=complete, ledger=ledger, unclear=unclear, own=own
    )
    matched, complete = seen.matched, seen.complete
    revision = revision_of(connection.user_id)
    rows = _load_rows(connection, provider, matched, entries=entries, off=seen.off)
    rules = rules_of(connection, provider, ledger=ledger)
    remotes = {(remote.kind, remote.remote_id): remote for remote in matched.remotes}
    recalled = recalling.recall_lost(connection, ledger, remotes, complete=complete, rules=rules, unclear=seen.unclear)
    lacking = _lacking(rows, matched, complete) if rules[next(iter(rules))].gives else {}
    routes = routing.try_routes(connection, session, provider, lacking=lacking, own=own, listed=seen.present)
    words = reviewing.words_of(connection)
    planned = make_plan(_table(seen, ledger, rows, routes=routes.ids, rules=rules, choices=words.choices))
    plan, parked, again = parking.without_parked(connection, planned)
    there = seen.present | seen.hidden
    return Prepared(
        guarded=guard(plan, watch(connection, plan, there, ledger=ledger, complete=complete, words=words)),
        remotes=remotes,
        revisions={media_id: row.revision for media_id, row in rows.items()},
        revision=revision,
        rules=rules,
        waiting=(
            *matched.waiting,
            *puzzling.wait_for_us(connection, seen.unclear, seen.puzzles, faults=planned.faults, own=own),
        ),
        searched=routes,
        parked=parked,
        again=again,
        recalled=recalled,
        words=words,
        wanted=frozenset(item.track.media_id for item in planned.items),
        wishes=frozenset(item.key for item in planned.items),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read, by what is known of it. puzzles: as in `puzzling`. off: media that are not to be touched there.
    present: all that is there, as far as it was told; hidden, complete, unclear: as in Table."""

    matched: matching.Matched
    puzzles: Mapping[Key, str]
    off: frozenset[int]
    present: set[Key]
    hidden: frozenset[Key]
    complete: frozenset[Kind]
    unclear: frozenset[Key]


def _look(
    connection: Connection,
    session: Session,
    provider: Provider,
    *,
    entries: Sequence[RemoteEntry],
    complete: frozenset[Kind],
    ledger: Ledger,
    unclear: Mapping[Key, bool],
    own: Words,
) -> _Seen:
    matched, puzzles = puzzling.match_list(connection, entries, ledger, own=own)
    puzzles = {key: "" for key, is_fault in unclear.items() if is_fault} | puzzles
    unknown = frozenset(unclear.keys() | puzzles.keys())
    off = matching.set_aside(provider.slug, ledger, matched, own=own)
    off |= puzzling.media_of_unclear(provider.slug, ledger, unknown, matched=matched, own=own)
    present = {matching.key_of(entry) for entry in entries} | unknown
    hidden, complete = hiding.judge_absences(
        connection, session, provider, ledger=ledger, present=present, complete=complete
    )
    return _Seen(matched, puzzles, off, present, hidden, complete, unknown)


def _table(
    seen: _Seen,
    ledger: Ledger,
    rows: Mapping[int, Row],
    *,
    routes: Mapping[int, str],
    rules: Mapping[Kind, Rules],
    choices: Mapping[int, Mapping[str, str]],
) -> Table:
    return Table(
        remotes=seen.matched.remotes,
        tracks=ledger.tracks,
        library={media_id: Canonical(row.entry, row.stamps, row.removed) for media_id, row in rows.items()},
        kinds={media_id: row.kind for media_id, row in rows.items()},
        routes=routes,
        complete=seen.complete,
        rules=rules,
        choices=choices,
        hidden=seen.hidden,
        unclear=seen.unclear,
    )


def _load_rows(
    connection: Connection,
    provider: Provider,
    matched: matching.Matched,
    *,
    entries: Sequence[RemoteEntry],
    off: frozenset[int],
) -> dict[int, Row]:
    """The library without what is set aside; what nobody has described yet is described from what was read."""
    rows = {media_id: row for media_id, row in rows_of(connection.user_id).items() if media_id not in off}
    # Also what is new to this person: somebody's file may have named it first.
    new = {remote.media_id for remote in matched.remotes} - rows.keys()
    undescribed = {id_ for id_, row in rows.items() if not row.described}
    matching.describe(provider, matched, entries, media=new | undescribed)
    return rows


def _lacking(rows: Mapping[int, Row], matched: matching.Matched, complete: frozenset[Kind]) -> dict[int, Kind]:
    """Media on the list here that the side was read whole without."""
    present = {remote.media_id for remote in matched.remotes}
    return {
        media_id: row.kind
        for media_id, row in rows.items()
        if media_id not in present and not row.removed and row.kind in complete
    }
