"""A person's whole list, in one request when AniList manages it, else in chunks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec

from integrations.errors import Malformed, RateLimited, Transient, Unavailable
from integrations.http import Session
from integrations.providers.anilist import client, convert
from integrations.providers.anilist.judging import SLUG
from integrations.providers.base import RemoteEntry, Snapshot, Unclear
from integrations.providers.unclear import count_words, require_number, unclear_entry
from library.entry import InvalidEntry, Kind

CAP = 11_000
"""AniList gives at most this many entries of a kind, the most recently updated ones."""
MOST_CHUNKS = 40
"""Of 500 entries each: well above the cap. A list with more never ends."""


@dataclass(slots=True)
class Harvest:
    """What was read so far. found: by kind and media id; an entry on k custom lists comes k times or more.
    unclear: the same way, what could not be understood. broken: what does not even say which work it is about."""

    found: dict[tuple[Kind, str], RemoteEntry] = field(default_factory=dict)
    unclear: dict[tuple[Kind, str], Unclear] = field(default_factory=dict)
    broken: set[bytes] = field(default_factory=set)

    def add(self, kind: Kind, raw: msgspec.Raw) -> None:
        """An entry that cannot be understood is left out: it must not cost the others, whatever is wrong with it."""
        try:
            entry = convert.read_listed(kind, msgspec.json.decode(raw, type=client.ListedEntry))
            require_number(entry.media.external_id)
        except Exception as error:  # noqa: BLE001 - told by `unclear`
            self._leave_out(kind, raw, error)
            return
        key = (kind, entry.media.external_id)
        known = self.found.get(key)
        if known is None or _time(known) <= _time(entry):
            self.found[key] = entry

    def _leave_out(self, kind: Kind, raw: msgspec.Raw, error: Exception) -> None:
        try:
            external_id = require_number(str(msgspec.json.decode(raw, type=client.EntryId).media_id))
        except (msgspec.MsgspecError, InvalidEntry):
            self.broken.add(bytes(raw))
            return
        self.unclear[kind, external_id] = unclear_entry(kind, external_id, error)

    def left_out(self) -> tuple[Unclear, ...]:
        """Of an entry on several custom lists one copy may have been clear."""
        return tuple(one for key, one in self.unclear.items() if key not in self.found)

    def incompleteness(self, chunks: int) -> str:
        """Why absences say nothing; "" when they do."""
        counts = [sum(1 for kind, _ in self.found if kind is wanted) for wanted in Kind]
        if (self.broken or self.unclear) and not self.found:
            raise Malformed(
                "No entry of AniList's list could be understood.",
                provider=SLUG,
                path="$.data",
            )
        if max(counts) >= CAP:
            return f"AniList gives only the {CAP:,} most recently updated titles of a list."
        if self.broken:
            return count_words("AniList", len(self.broken) + len(self.left_out()))
        # A removal between two chunks moves another entry from the next chunk into the one already read.
        return "AniList gave the list in parts, so a title may have slipped between them." if chunks > 1 else ""


def _time(entry: RemoteEntry) -> float:
    return entry.updated_at.timestamp() if entry.updated_at else 0.0


def read_lists(session: Session, kinds: Collection[Kind]) -> Snapshot:
    """Raises ProviderError rather than give a list of another account, or one that was cut short."""
    user = known_user(session)
    harvest = Harvest()
    whole = _try_whole(session, kinds, user=user)
    if whole is not None:
        viewer, chunks = whole.viewer, 0
        _harvest(harvest, whole, kinds)
    else:
        viewer, chunks = _read_chunks(session, kinds, user=user, harvest=harvest)
    reason, unclear = harvest.incompleteness(chunks), harvest.left_out()
    return Snapshot(
        entries=tuple(harvest.found.values()),
        kinds=frozenset(kinds),
        complete=not reason,
        reason=reason or count_words("AniList", len(unclear)),
        account=convert.read_account(viewer),
        unclear=unclear,
    )


def known_user(session: Session) -> int:
    """The connected account's id. AniList does not infer it from the token."""
    if not session.account_id.isdigit():
        raise ValueError("a list can be read only for a known AniList account")
    return int(session.account_id)


def _try_whole(session: Session, kinds: Collection[Kind], *, user: int) -> client.Lists | None:
    """Both lists in one request, or None when AniList could not manage that: large lists time out now and then."""
    try:
        lists = client.fetch_lists(session, kinds, user=user)
    except (RateLimited, Unavailable):
        raise
    except Transient:
        return None
    _verify(lists, kinds, user=user)
    return None if any(lists.of(kind).has_next_chunk for kind in kinds) else lists


def _read_chunks(
    session: Session, kinds: Collection[Kind], *, user: int, harvest: Harvest
) -> tuple[client.Viewer, int]:
    """Chunk after chunk of both kinds together, until neither has a next one. Returns the viewer and how many."""
    open_kinds = set(kinds)
    for chunk in range(1, MOST_CHUNKS + 1):
        lists = client.fetch_lists(session, open_kinds, user=user, chunk=chunk)
        _verify(lists, open_kinds, user=user)
        _harvest(harvest, lists, open_kinds)
        open_kinds = {kind for kind in open_kinds if lists.of(kind).has_next_chunk}
        if not open_kinds:
            return lists.viewer, chunk
    raise Malformed("AniList's list does not end.", provider=SLUG, path="$.data")


def _verify(lists: client.Lists, kinds: Collection[Kind], *, user: int) -> None:
    """A list that belongs to someone else must never be merged into this person's library."""
    owners = {
        lists.viewer.id,
        *(owner.id for kind in kinds if (owner := lists.of(kind).user)),
    }
    if owners != {user}:
        raise Malformed(
            "AniList answered for another account.",
            provider=SLUG,
            path="$.data.viewer.id",
        )


def _harvest(harvest: Harvest, lists: client.Lists, kinds: Collection[Kind]) -> None:
    """All groups: an entry hidden from the status lists is only in its custom lists."""
    for kind in kinds:
        for group in lists.of(kind).lists:
            for raw in group.entries:
                harvest.add(kind, raw)
