"""From a read list to a guarded plan: loads what a plan is made from, and nothing else. Decisions are the core's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from django.db.models import Count
from django.utils import timezone

from integrations.http import Session
from integrations.models import Connection, Direction
from integrations.providers import registry
from integrations.providers.base import Provider, RemoteEntry
from library.entry import FIELDS, Kind, to_json
from library.queries import revision_of, rows_of
from syncing.core.guard import Guarded, Watch, guard
from syncing.core.model import Action, Canonical, Rules
from syncing.core.plan import Item, Key, Plan, Remote, Table, make_plan
from syncing.models import Change, ChangeState, Parked, Unmatched
from syncing.services import reviewing
from syncing.services.baselines import Ledger
from syncing.services.matching import find_routes, key_of, match
from syncing.services.recalling import NOTHING, Recalled, recall_lost

PARK_AFTER = 3
RETRY_PARKED = (timedelta(minutes=5), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that applying needs. revisions: of the rows as loaded; revision: of the library when they were.
    wanted: media on which there was something to do before anything was withheld."""

    guarded: Guarded
    remotes: Mapping[Key, Remote]
    revisions: Mapping[int, int]
    revision: int
    rules: Mapping[Kind, Rules]
    duplicates: Sequence[RemoteEntry] = ()
    parked: tuple[Item, ...] = ()
    recalled: Recalled = NOTHING
    words: reviewing.Words = reviewing.NO_WORDS
    wanted: frozenset[int] = frozenset()

    @property
    def plan(self) -> Plan:
        return self.guarded.plan


def kinds_of(connection: Connection, provider: Provider) -> frozenset[Kind]:
    chosen = frozenset(Kind(kind) for kind in connection.kinds)
    return (chosen & provider.kinds) if chosen else provider.kinds


def options_of(connection: Connection) -> list[str]:
    """What, when it changes, makes an unchanged list worth another look."""
    return [
        connection.direction,
        connection.policy,
        connection.removals,
        "fields:" + ",".join(sorted(connection.fields)),
        "kinds:" + ",".join(sorted(connection.kinds)),
        f"settings:{sorted(connection.account_settings.items())}",
    ]


def rules_of(connection: Connection, provider: Provider, *, ledger: Ledger) -> dict[Kind, Rules]:
    chosen = frozenset(connection.fields) or frozenset(FIELDS)
    rules = {}
    for kind in provider.kinds:
        capability = provider.capability(kind, connection.account_settings).only(chosen)
        covered = ledger.fields.get(kind)
        rules[kind] = Rules(
            source=provider.slug,
            capability=capability,
            policy=connection.policy,
            takes=connection.direction != Direction.EXPORT_ONLY,
            gives=connection.direction != Direction.IMPORT_ONLY,
            fresh=frozenset() if covered is None else capability.fields - frozenset(covered),
            read_at=timezone.now().timestamp(),
        )
    return rules


def prepare(
    connection: Connection,
    session: Session,
    provider: Provider,
    *,
    entries: Sequence[RemoteEntry],
    complete: frozenset[Kind],
    ledger: Ledger,
) -> Prepared:
    """Match, load the library, plan and guard. Reads the library's revision before its rows, so that an edit in
    between is seen again by the next run rather than missed."""
    # Of two entries of one work the one we know stays the work's: else each edit would make it the other one.
    matched = match(provider.slug, sorted(entries, key=lambda entry: key_of(entry) not in ledger.tracks))
    revision = revision_of(connection.user_id)
    rows = rows_of(connection.user_id)
    on_side = {remote.media_id for remote in matched.remotes}
    remotes = {(remote.kind, remote.remote_id): remote for remote in matched.remotes}
    rules = rules_of(connection, provider, ledger=ledger)
    recalled = recall_lost(connection, ledger, remotes, complete=complete, rules=rules)
    lacking = {
        media_id: row.kind
        for media_id, row in rows.items()
        if media_id not in on_side and not row.removed and row.kind in complete
    }
    routes = _routes(connection, session, provider, lacking=lacking, gives=rules[next(iter(rules))].gives)
    words = reviewing.words_of(connection)
    planned = make_plan(
        Table(
            remotes=matched.remotes,
            tracks=ledger.tracks,
            library={media_id: Canonical(row.entry, row.stamps, row.removed) for media_id, row in rows.items()},
            kinds={media_id: row.kind for media_id, row in rows.items()},
            routes=routes,
            complete=complete,
            rules=rules,
            choices=words.choices,
        )
    )
    plan, parked = _without_parked(connection, planned)
    return Prepared(
        guarded=guard(plan, _watch(connection, plan, set(remotes), ledger=ledger, complete=complete, words=words)),
        remotes=remotes,
        revisions={media_id: row.revision for media_id, row in rows.items()},
        revision=revision,
        rules=rules,
        duplicates=matched.duplicates,
        parked=parked,
        recalled=recalled,
        words=words,
        wanted=frozenset(item.track.media_id for item in planned.items),
    )


def _routes(
    connection: Connection, session: Session, provider: Provider, *, lacking: Mapping[int, Kind], gives: bool
) -> dict[int, str]:
    if not lacking or not gives:
        return {}
    waiting = Unmatched.objects.filter(connection=connection, retry_at__gt=timezone.now())
    skip = set(waiting.exclude(media=None).values_list("media_id", flat=True))
    return find_routes(session, provider, lacking, sources=registry.slugs(), skip={id_ for id_ in skip if id_})


def _watch(
    connection: Connection,
    plan: Plan,
    present: set[Key],
    *,
    ledger: Ledger,
    complete: frozenset[Kind],
    words: reviewing.Words,
) -> Watch:
    # Of a kind that was not read, or not whole, an absence says nothing.
    sentinels = frozenset((Kind(kind), id_) for kind, id_ in ledger.sentinels if kind in complete)
    return Watch(
        removals=connection.removals,
        first=connection.approved_at is None,
        approved=words.topics,
        allowed=words.media,
        lately=_lately(connection) if any(item.verdict.to_side is not Action.NONE for item in plan.items) else {},
        sentinels=sentinels,
        sentinels_present=len(sentinels & present),
    )


def _lately(connection: Connection) -> dict[Key, int]:
    """Writes to each entry of the service within the last hour, where there was more than one."""
    rows = (
        Change.objects.filter(
            connection=connection,
            side=connection.provider,
            state=ChangeState.APPLIED,
            settled_at__gt=timezone.now() - timedelta(hours=1),
        )
        .values("kind", "remote_id")
        .annotate(writes=Count("pk"))
        .filter(writes__gt=1)
        .order_by()
    )
    return {(Kind(row["kind"]), row["remote_id"]): row["writes"] for row in rows}


def _without_parked(connection: Connection, plan: Plan) -> tuple[Plan, tuple[Item, ...]]:
    """Entries that the service refused are left out until what we want of it changes, or a retry is due."""
    known = {(Kind(row.kind), row.remote_id): row for row in Parked.objects.filter(connection=connection)}
    if not known:
        return plan, ()
    parked = tuple(item for item in plan.items if item.key in known and _still_parked(known[item.key], item))
    if not parked:
        return plan, ()
    left_out = {item.key for item in parked}
    kept = tuple(item for item in plan.items if item.key not in left_out)
    return Plan(kept, plan.settled, plan.unroutable, plan.census), parked


def _still_parked(row: Parked, item: Item) -> bool:
    if item.verdict.to_side is Action.NONE or row.wanted != wanted_digest(item):
        return False
    if row.failures >= PARK_AFTER:
        return True
    return row.last_failed_at + RETRY_PARKED[row.failures - 1] > timezone.now()


def wanted_digest(item: Item) -> str:
    """What a write wants, in short: the same wish that failed is not tried again at once."""
    wish = [item.verdict.to_side, [[move.field, to_json(move.field, move.after)] for move in item.verdict.moves_out]]
    return hashlib.blake2b(msgspec.json.encode(wish), digest_size=24).hexdigest()
