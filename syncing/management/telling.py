"""What a run did, for a terminal and for programs. Nothing that came from a service can spoil a terminal."""

from __future__ import annotations

from typing import Any

from integrations.providers import registry
from integrations.providers.lenient import clean_line
from library.entry import FIELDS
from library.words import field_words, value_words
from syncing.models import Change, ChangeState, RunState, SyncRun

LIBRARY = "library"
_VERBS = {"create": "added", "remove": "removed"}


def figures_of(run: SyncRun) -> dict[str, Any]:
    found: dict[str, Any] = {
        "provider": run.provider,
        "run": str(run.pk),
        "state": run.state,
        "read": run.entries_read,
        "library_changes": run.library_changes,
        "writes": run.writes,
        "skipped": run.skipped,
        "failed": run.failed,
        "requests": run.requests,
        "message": run.message,
    }
    if run.state == RunState.PREVIEW and run.is_stored:
        found["planned"] = run.changes.count()
    return found


def planned_of(run: SyncRun, *, limit: int) -> list[Change]:
    """What a preview would do, as far as it is to be told, in its order."""
    if run.state != RunState.PREVIEW or not run.is_stored or not limit:
        return []
    return list(run.changes.filter(state=ChangeState.PLANNED).select_related("media").order_by("pk")[:limit])


def figures_of_change(change: Change) -> dict[str, Any]:
    before, after = change.before or {}, change.after or {}
    names = [name for name in FIELDS if name in before or name in after]
    return {
        "title": _title(change),
        "kind": change.kind,
        "side": change.side,
        "action": change.action,
        "fields": {name: {"before": before.get(name), "after": after.get(name)} for name in names},
    }


def words_of_figures(figures: dict[str, Any]) -> str:
    told = ((name, clean(str(value))) for name, value in figures.items() if name != "provider" and value not in ("", 0))
    return f"{registry.get(figures['provider']).name}: {', '.join(f'{name} {value}' for name, value in told)}"


def words_of_change(change: Change) -> str:
    """ "Mushishi (anime), on AniList: Episodes 3 → 5, Score no score → 80/100" """
    where = "in the library" if change.side == LIBRARY else f"on {registry.get(change.side).name}"
    head = f"{clean(_title(change))} ({change.kind}), {where}:"
    if change.action in _VERBS:
        return f"{head} {_VERBS[change.action]}"
    told = (
        f"{field_words(change.kind, name)} {_value(change, name, values['before'])} → "
        f"{_value(change, name, values['after'])}"
        for name, values in figures_of_change(change)["fields"].items()
    )
    return f"{head} {', '.join(told)}"


def clean(text: str) -> str:
    """One printable line: no escape sequence, nothing that turns the text around."""
    return clean_line(text, limit=500)


def _value(change: Change, name: str, value: Any) -> str:
    return clean(value_words(name, value, kind=change.kind))


def _title(change: Change) -> str:
    return change.title or (change.media.title if change.media else "") or f"{change.kind} {change.remote_id}"
