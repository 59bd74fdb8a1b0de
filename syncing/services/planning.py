"""From a read list to a guarded plan: loads what a plan is made from, and nothing else. Decisions are the core's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider, RemoteEntry
from library.entry import Kind
from library.queries import Row, revision_of, rows_of
from library.services.matches import Words, words_of
from syncing.core.guard import Guarded, guard
from syncing.core.model import Canonical, Rules
from syncing.core.plan import Item, Key, Plan, Remote, Table, make_plan
from syncing.services import hiding, matching, parking, recalling, reviewing, routing
from syncing.services.baselines import Ledger
from syncing.services.rules import rules_of
from syncing.services.watching import watch


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that applying needs. revisions: of the rows as loaded; revision: of the library when they were.
    wanted: media on which there was something to do before anything was withheld."""

    guarded: Guarded
    remotes: Mapping[Key, Remote]
    revisions: Mapping[int, int]
    revision: int
    rules: Mapping[Kind, Rules]
    waiting: tuple[matching.Waiting, ...] = ()
    searched: routing.Routes = routing.NO_ROUTES
    parked: tuple[Item, ...] = ()
    recalled: recalling.Recalled = recalling.NOTHING
    words: reviewing.Words = reviewing.NO_WORDS
    wanted: frozenset[int] = frozenset()

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
) -> Prepared:
    """Match, load, plan and guard. The revision is read before the rows: the next run sees an edit in between again."""
    own = words_of(connection.user_id, provider.slug)
    matched, off = _match(provider.slug, entries, ledger, own=own)
    present = {matching.key_of(entry) for entry in entries}
    hidden = hiding.find_hidden(session, provider, ledger=ledger, present=present, complete=complete)
    revision = revision_of(connection.user_id)
    rows = _load_rows(connection, provider, matched, entries=entries, off=off)
    remotes = {(remote.kind, remote.remote_id): remote for remote in matched.remotes}
    rules = rules_of(connection, provider, ledger=ledger)
    recalled = recalling.recall_lost(connection, ledger, remotes, complete=complete, rules=rules)
    lacking = _lacking(rows, matched, complete) if rules[next(iter(rules))].gives else {}
    routes = routing.routes_for(connection, session, provider, lacking=lacking, own=own, listed=present)
    words = reviewing.words_of(connection)
    planned = make_plan(
        Table(
            remotes=matched.remotes,
            tracks=ledger.tracks,
            library={media_id: Canonical(row.entry, row.stamps, row.removed) for media_id, row in rows.items()},
            kinds={media_id: row.kind for media_id, row in rows.items()},
            routes=routes.ids,
            complete=complete,
            rules=rules,
            choices=words.choices,
            hidden=hidden,
        )
    )
    plan, parked = parking.without_parked(connection, planned)
    return Prepared(
        guarded=guard(plan, watch(connection, plan, present | hidden, ledger=ledger, complete=complete, words=words)),
        remotes=remotes,
        revisions={media_id: row.revision for media_id, row in rows.items()},
        revision=revision,
        rules=rules,
        waiting=matched.waiting,
        searched=routes,
        parked=parked,
        recalled=recalled,
        words=words,
        wanted=frozenset(item.track.media_id for item in planned.items),
    )


def _match(
    slug: str, entries: Sequence[RemoteEntry], ledger: Ledger, *, own: Words
) -> tuple[matching.Matched, frozenset[int]]:
    """What was read with its media, and the media that are not to be touched there."""
    # Of two entries of one work the one we know stays the work's: else each edit would make it the other one.
    known_first = sorted(entries, key=lambda entry: matching.key_of(entry) not in ledger.tracks)
    matched = matching.match(slug, known_first, own)
    return matched, matching.set_aside(slug, ledger, matched, own=own)


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
