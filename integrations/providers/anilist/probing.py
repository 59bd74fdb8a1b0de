"""Whether the public lists of many people moved, asked in one request. providers/anilist.md 4.6, 5.4, 7, 9,
read 2026-11-27.

One person who is private or gone turns the whole answer into a 404 (AniList/docs#52, #84): the others are asked again
without those whom the error names, else by halves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from integrations.errors import Malformed, ProviderError, Rejected
from integrations.http import Session
from integrations.providers.anilist import client, documents
from integrations.providers.anilist.judging import DocumentRefused, RefusedAsGone
from integrations.providers.base import ProbeTarget
from integrations.providers.lenient import number_ids
from library.entry import Kind

PEOPLE = 30
"""480 of the 500 points that a document may have."""
MOST_SPLITS = 8
"""Requests more than one for a batch in which somebody spoils the answer; who is still open then is not told."""


class _Count(msgspec.Struct):
    count: int


class _Listed(msgspec.Struct, rename="camel"):
    score_format: str | None


class _Who(msgspec.Struct, rename="camel"):
    statistics: dict[str, _Count]
    media_list_options: _Listed


class _Newest(msgspec.Struct, rename="camel"):
    id: int
    updated_at: client.Number | None


class _Page(msgspec.Struct, rename="camel"):
    media_list: list[_Newest]


def probe_many(session: Session, targets: Sequence[ProbeTarget]) -> dict[str, str | None]:
    """As `BatchProber.probe_many`. A mark is e.g. "anime:4711@1700000000/120 manga:-/0 POINT_10"."""
    known = [target for target in targets if number_ids([target.account_id])]
    told: dict[str, str | None] = {target.account_id: None for target in targets if target not in known}
    queue = deque([known] if known else [])
    left = 1 + MOST_SPLITS
    while queue and left:
        piece, left = queue.popleft(), left - 1
        try:
            told.update(_ask(session, piece))
        except DocumentRefused:
            raise
        except (Rejected, Malformed) as error:
            rest, spoilers = _split(piece, error)
            told.update(dict.fromkeys((target.account_id for target in spoilers), None))
            queue.extendleft(reversed(rest))
        except ProviderError:
            if not any(told.values()):
                raise
            break
    return told


def _split(piece: Sequence[ProbeTarget], error: ProviderError) -> tuple[list[list[ProbeTarget]], list[ProbeTarget]]:
    """(the pieces to ask again, those who cannot be told)."""
    if len(piece) == 1:
        return [], list(piece)
    lines = error.lines if isinstance(error, RefusedAsGone) else ()
    named = {line - documents.FIRST_ALIAS_LINE for line in lines} & set(range(len(piece)))
    if named:
        rest = [target for at, target in enumerate(piece) if at not in named]
        return ([rest] if rest else []), [piece[at] for at in sorted(named)]
    middle = len(piece) // 2
    return [list(piece[:middle]), list(piece[middle:])], []


def _ask(session: Session, piece: Sequence[ProbeTarget]) -> dict[str, str | None]:
    variables: dict[str, Any] = {f"u{at}": int(target.account_id) for at, target in enumerate(piece)}
    query = documents.probe_people([target.kinds for target in piece])
    reply = client.post(session, query, variables, shape=client.Reply[dict[str, msgspec.Raw]], repeatable=True)
    return {target.account_id: _mark(reply.data, at, target.kinds) for at, target in enumerate(piece)}


def _mark(data: Mapping[str, msgspec.Raw], at: int, kinds: frozenset[Kind]) -> str | None:
    """None for what does not fit: it must not cost the others, and their own runs say what is wrong."""
    try:
        who = msgspec.json.decode(data[f"who{at}"], type=_Who)
        parts = [_mark_of_kind(data, at, kind, count=who.statistics[kind].count) for kind in sorted(kinds)]
    except (msgspec.MsgspecError, KeyError):
        return None
    return " ".join([*parts, who.media_list_options.score_format or "-"])


def _mark_of_kind(data: Mapping[str, msgspec.Raw], at: int, kind: Kind, *, count: int) -> str:
    newest = msgspec.json.decode(data[f"{kind}{at}"], type=_Page).media_list
    last = f"{newest[0].id}@{newest[0].updated_at}" if newest else "-"
    return f"{kind}:{last}/{count}"
