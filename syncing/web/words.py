"""Runs and changes in human words: what happens where, from which value to which, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.capability import Scale
from integrations.models import Connection
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.web.scales import score_there
from integrations.web.services import service_name
from library.entry import EMPTY, FIELDS, Kind, to_json
from library.words import NOTHING, field_words, kind_words, value_words
from syncing.models import Change, ChangeState
from syncing.services.importing import FILE
from syncing.web.candidates import work_url

LIBRARY = "library"
QUOTED = 40
"""Characters of a value that a sentence about it holds."""
UNDOABLE = frozenset({ChangeState.APPLIED})


@dataclass(frozen=True, slots=True)
class Line:
    """One field: its name and both values in words, and why where the reason is about this field alone."""

    name: str
    before: str
    after: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One change, ready to show. tone: "add", "update", "remove" or "failed".

    lines: the fields of an update. summary: all that an added or removed entry says, in one line.
    """

    id: int
    title: str
    kind: str
    url: str
    media_id: int | None
    headline: str
    tone: str
    lines: tuple[Line, ...]
    summary: str
    why: str
    note: str
    can_undo: bool
    is_undone: bool


_VERBS = {
    "create": ("added to", "added to"),
    "remove": ("removed from", "removed from"),
    "update": ("changed in", "changed on"),
}
_TENSES = {
    ChangeState.PLANNED: "Will be {done}",
    ChangeState.SENDING: "Being {done}",
    ChangeState.APPLIED: "{Done}",
    ChangeState.UNKNOWN: "Perhaps {done}",
    ChangeState.FAILED: "Not {done}",
    ChangeState.SKIPPED: "Not {done}",
    ChangeState.ABANDONED: "Not {done}",
}
_NOTES = {
    ChangeState.UNKNOWN: "The answer was lost. The next sync looks whether it took effect before it sends anything.",
    ChangeState.ABANDONED: "The run ended before this was done. The next one decides afresh.",
}
_TONES = {"create": "add", "remove": "remove"}

_FIELD_REASONS = {
    "conflict_newest": "{service} says {there}, {library} says {here}: {target} takes {after}, because it is newer.",
    "conflict_policy": "{service} says {there}, {library} says {here}: {target} takes {after}, as your rule for "
    "{service} says.",
    "conflict_chosen": "{service} says {there}, {library} says {here}: {target} takes {after}, as you chose.",
    "finer": "{service} says {there}, {library} says {here}: the same opinion, and {target} takes the more exact one.",
    "filled": "{service} says {there}, {library} says {here}: {target} takes {after}.",
}
_FILE_REASONS = {
    "conflict_newest": "The file says {there}, {library} says {here}: {target} takes {after}, because it is newer.",
    "conflict_policy": "The file says {there}, {library} says {here}: {target} takes {after}, as you chose.",
    "finer": "The file says {there}, {library} says {here}: the same opinion, and {target} takes the more exact one.",
    "filled": "The file says {there}, {library} says {here}: {target} takes {after}.",
}
_CHANGE_REASONS = {
    "side_edit": "It was changed on {service}.",
    "new_on_side": "It is on {service} and was not in your library.",
    "new_in_library": "It is in your library and was not on {service}.",
    "came_back": "It had been removed and was added again.",
    "edit_beats_removal": "It was removed on one side and edited on the other: an edit is never lost to a removal.",
    "removed_on_side": "It was removed on {service}.",
    "removed_in_library": "It was removed from your library.",
    "undo": "Put back as it was before.",
}


class Narrator:
    """Tells the changes of one connection. Looks its provider up once, however many changes it tells."""

    def __init__(self, connection: Connection | None, *, slug: str) -> None:
        self.slug = slug
        self.service = "the file" if slug == FILE else service_name(slug)
        self._settings = connection.account_settings if connection is not None else {}
        self._scales: dict[str, Scale | None] = {}
        self._provider = _provider_or_none(slug)

    def place(self, side: str) -> str:
        """ "your library" or the name of the service."""
        return "your library" if side == LIBRARY else service_name(side)

    def value(self, field: str, value: Any, *, kind: str) -> str:
        """In words; a score also as this service shows it."""
        words = value_words(field, value, kind=kind)
        scale = self._scale(kind) if field == "score" and value else None
        if scale is None:
            return words
        there = score_there(int(value), scale)
        return words if there == words else f"{words} ({there})"

    def _scale(self, kind: str) -> Scale | None:
        if kind not in self._scales:
            provider = self._provider
            if provider is None or kind not in provider.kinds:
                self._scales[kind] = None
            else:
                self._scales[kind] = provider.capability(Kind(kind), self._settings).scale
        return self._scales[kind]

    def media_url(self, change: Change) -> str:
        if self.slug == FILE and ":" in change.remote_id:
            site, _, external_id = change.remote_id.partition(":")
            return work_url(site, change.kind, external_id)
        if self._provider is None or not change.remote_id or change.kind not in tuple(Kind):
            return ""
        return self._provider.media_url(Kind(change.kind), change.remote_id)

    def tell(self, changes: Iterable[Change]) -> list[Told]:
        return [self.tell_one(change) for change in changes]

    def tell_one(self, change: Change) -> Told:
        """`change` comes from `queries.changes_for_run`, which annotates `is_undone`."""
        state = ChangeState(change.state)
        undone = bool(getattr(change, "is_undone", False))
        title = change.title or (change.media.title if change.media else "") or f"{change.kind} {change.remote_id}"
        return Told(
            id=change.pk,
            title=title,
            kind=kind_words(change.kind),
            url=self.media_url(change),
            media_id=change.media_id,
            headline=self.headline(change),
            tone="failed"
            if state in (ChangeState.FAILED, ChangeState.UNKNOWN)
            else _TONES.get(change.action, "update"),
            lines=tuple(self._lines(change)) if change.action == "update" else (),
            summary=""
            if change.action == "update" or not (change.after or change.before)
            else describe_values(self, change.kind, change.after or change.before),
            why=self._why(change),
            note=change.message or _NOTES.get(state, ""),
            can_undo=state in UNDOABLE and not undone,
            is_undone=undone,
        )

    def headline(self, change: Change) -> str:
        """ "Will be added to AniList", "Changed in your library", "Not removed from MyAnimeList"."""
        in_library, on_service = _VERBS.get(change.action, _VERBS["update"])
        done = f"{in_library if change.side == LIBRARY else on_service} {self.place(change.side)}"
        return _TENSES[ChangeState(change.state)].format(done=done, Done=done[0].upper() + done[1:])

    def _lines(self, change: Change) -> Iterable[Line]:
        before, after = change.before or {}, change.after or {}
        for name in FIELDS:
            if name not in before and name not in after:
                continue
            old, new = before.get(name), after.get(name)
            yield Line(
                name=field_words(change.kind, name),
                before=self.value(name, old, kind=change.kind),
                after=self.value(name, new, kind=change.kind),
                why=self._field_why(change, name, old, new),
            )

    def _field_why(self, change: Change, name: str, /, *values: Any) -> str:
        template = (_FILE_REASONS if self.slug == FILE else _FIELD_REASONS).get(change.reason)
        if template is None:
            return ""
        old, new = (_shorten(self.value(name, value, kind=change.kind)) for value in values)
        here, there = (old, new) if change.side == LIBRARY else (new, old)
        return template.format(
            service=self.service,
            library="your library",
            here=here,
            there=there,
            after=new,
            target=self.place(change.side),
        )

    def _why(self, change: Change) -> str:
        if self.slug == FILE and change.reason == "new_on_side":
            return "It is in the file and was not in your library."
        if change.reason == "library_edit":
            return "You changed it here." if change.source == "person" else "It was changed in your library."
        return _CHANGE_REASONS.get(change.reason, "").format(service=self.service)


def _shorten(words: str) -> str:
    """A note stands whole in its line; a sentence about it needs only its beginning."""
    return words if len(words) <= QUOTED else f"{words[: QUOTED - 1].rstrip()}…{'”' if words[0] == '“' else ''}"


def _is_silent(name: str, value: Any) -> bool:
    return value is None or (name in EMPTY and value == to_json(name, EMPTY[name]))


def _provider_or_none(slug: str) -> Provider | None:
    try:
        return registry.get(slug)
    except registry.UnknownProvider:
        return None


def describe_values(narrator: Narrator, kind: str, values: Mapping[str, Any] | None) -> str:
    """ "Watching, Episodes 4, Score 80/100 (8/10)" for fields in JSON form; what is left open is left out."""
    words = []
    values = values or {}
    for name in FIELDS:
        if name not in values or _is_silent(name, values[name]):
            continue
        said = narrator.value(name, values[name], kind=kind)
        words.append(said if name in ("status", "private") else f"{field_words(kind, name)} {said}")
    return ", ".join(words) or NOTHING
