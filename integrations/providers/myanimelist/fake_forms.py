"""MAL's update form: its keys, what they may hold, what they do. providers/myanimelist.md 5, read 2026-11-21.

The server does little by itself: completing fills nothing in, the last episode completes nothing, and the
rewatch flag stays until it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from integrations.providers.myanimelist.fake_store import NO_DATE, STATUSES, Date, Entry, Title

DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
COMMON = {"status", "score", "priority", "tags", "comments", "start_date", "finish_date"}
KEYS = {
    "anime": COMMON | {"is_rewatching", "num_watched_episodes", "num_times_rewatched", "rewatch_value"},
    "manga": COMMON | {"is_rereading", "num_chapters_read", "num_volumes_read", "num_times_reread", "reread_value"},
}
Change = Callable[[Entry], None]


class BadForm(ValueError):
    """The message is MAL's."""


def read_form(form: Mapping[str, str], title: Title) -> list[Change]:
    """What the form asks for, checked as a whole before anything is changed. Raises BadForm."""
    if set(form) - KEYS[title.kind]:
        raise BadForm("This form should not contain extra fields.")
    return [_read_value(name, value, title=title) for name, value in form.items()]


def _read_value(name: str, value: str, *, title: Title) -> Change:
    if name == "status":
        if value not in STATUSES[title.kind]:
            raise BadForm("invalid status")
        return _set("status", value)
    if name in ("is_rewatching", "is_rereading"):
        if value.lower() not in ("true", "false", "1", "0"):
            raise BadForm(f"invalid {name}")
        return _set("is_repeating", value.lower() in ("true", "1"))
    if name in ("start_date", "finish_date"):
        return _set(name.removesuffix("_date"), read_date(name, value))
    if name == "tags":
        return _set("tags", [tag.strip() for tag in value.split(",") if tag.strip()])
    if name == "comments":
        return _set("comments", value)
    return _read_number(name, value, title=title)


def _read_number(name: str, value: str, *, title: Title) -> Change:
    if not re.fullmatch(r"-?\d{1,9}", value):
        raise BadForm(f"invalid {name}")
    number = int(value)
    tops = {"score": 10, "priority": 2, "rewatch_value": 5, "reread_value": 5}
    if name in tops:
        if not 0 <= number <= tops[name]:
            raise BadForm(f"invalid {name}")
        return _set({"score": "score", "priority": "priority"}.get(name, "value"), number)
    counts = {"num_watched_episodes": "progress", "num_chapters_read": "progress", "num_volumes_read": "volumes"}
    if number < 0:
        # AniWatch-AKA-Zoro-To-MyAnimeList#3: -1 changes nothing.
        return _keep
    if name in counts:
        total = title.volumes if counts[name] == "volumes" else title.total
        return _set(counts[name], min(number, total) if total else number)
    return _set("times", number)


def _set(attribute: str, value: Any) -> Change:
    return lambda entry: setattr(entry, attribute, value)


def _keep(entry: Entry) -> None:
    return None


def read_date(name: str, value: str) -> Date:
    """ "" clears. Raises BadForm."""
    if not value:
        return NO_DATE
    found = DATE.fullmatch(value)
    if not found:
        raise BadForm(f"invalid {name}")
    year, month, day = (int(part or 0) for part in found.groups())
    if not (year and month <= 12 and day <= 31) or (found[2] == "00" and found[3] not in (None, "00")):
        raise BadForm(f"invalid {name}")
    return (year, month, day)
