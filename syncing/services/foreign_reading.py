"""What anilist-mal-sync's own files say: its config.yaml, tokens.json and mappings.yaml, as values. No row is touched.

Two programs go by that name: one in Python (seeds: `sync.mode`, `sync.interval` in minutes, anime only) and the one in
Go that it follows (`watch.interval` like "24h", a list of what to ignore). Both files look alike and are both read.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from integrations.crypto import Secret
from integrations.oauth import is_token, read_expiry_of_token

LARGEST = 256 * 1024
"""Bytes of any of these files."""
NAMES = {"anilist": ("anilist",), "myanimelist": ("myanimelist", "mal")}
"""What each service is called in them."""
MODES = {
    "bidirectional": {"anilist": "bidirectional", "myanimelist": "bidirectional"},
    "anilist-to-mal": {"anilist": "import_only", "myanimelist": "export_only"},
    "mal-to-anilist": {"anilist": "export_only", "myanimelist": "import_only"},
}
_SPAN = re.compile(r"(\d{1,6})(h|m)")
_SAMPLE = re.compile(r"your[_-]|.*_here$|secret$", re.IGNORECASE)


class SetupRefused(ValueError):
    """The message names the file and the cure, and quotes nothing from it."""


@dataclass(frozen=True, slots=True)
class ForeignService:
    """expires_at: of the access token, as far as it is told; None = unknown."""

    client_id: str = ""
    client_secret: Secret | None = None
    username: str = ""
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ForeignSetup:
    """mode: a key of MODES, "" = not told. minutes: 0 = not told. anime_only: the program knew no manga.

    ignored: ids at AniList; titles: that were ignored; pairs: (id at AniList, id at MyAnimeList).
    other: settings that have no like here.
    """

    services: Mapping[str, ForeignService]
    mode: str = ""
    minutes: int = 0
    anime_only: bool = False
    dry_run: bool = False
    ignored: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    other: tuple[str, ...] = field(default=())


def read_setup(config: Path, tokens: Path | None = None, mappings: Path | None = None) -> ForeignSetup:
    """Raises SetupRefused."""
    data = _mapping(_load_yaml(config), config)
    held = _mapping(_load_json(tokens), tokens) if tokens is not None else {}
    held = _part(held, "tokens") or held
    more = _mapping(_load_yaml(mappings), mappings) if mappings is not None else data
    sync, watch, ignore = _part(data, "sync"), _part(data, "watch"), _part(more, "ignore")
    mode = str(sync.get("mode") or "")
    if mode and mode not in MODES:
        raise SetupRefused(f"{config}: sync.mode must be one of {', '.join(MODES)}")
    return ForeignSetup(
        services={slug: _read_service(slug, data, held) for slug in NAMES},
        mode=mode,
        minutes=_read_minutes(sync.get("interval"), watch.get("interval")),
        anime_only=bool(sync),
        dry_run=sync.get("dry_run") is True,
        ignored=tuple(filter(None, map(_read_id, _items(ignore.get("anilist_ids"))))),
        titles=tuple(str(title)[:200] for title in _items(ignore.get("titles"))),
        pairs=tuple(filter(all, map(_read_pair, _items(more.get("manual_mappings"))))),
        other=_other(data, sync),
    )


def is_open_to_others(path: Path) -> bool:
    """True when other people of this machine may read the file."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _load_yaml(path: Path) -> Any:
    text = _read(path)
    try:
        # References could make much out of little, and none of these files needs them.
        if any(isinstance(token, yaml.AliasToken | yaml.AnchorToken) for token in yaml.scan(text)):
            raise SetupRefused(f"{path}: this file uses anchors or references; write its values out")
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        # The error itself quotes the line, which may hold a secret.
        raise SetupRefused(f"{path}{where}: this is no YAML") from None


def _load_json(path: Path) -> Any:
    try:
        return json.loads(_read(path))
    except (json.JSONDecodeError, RecursionError):
        raise SetupRefused(f"{path}: this is no JSON") from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SetupRefused(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SetupRefused(f"{path}: this is no text in UTF-8") from None
    if len(data) > LARGEST:
        raise SetupRefused(f"{path}: this file is larger than any of this program")
    return text


def _mapping(data: Any, path: Path | None) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise SetupRefused(f"{path}: this is not a file of anilist-mal-sync")
    return data


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _read_service(slug: str, data: Mapping[str, Any], held: Mapping[str, Any]) -> ForeignService:
    said = next((part for name in NAMES[slug] if (part := _part(data, name))), {})
    token = next((part for name in NAMES[slug] if (part := _part(held, name))), {})
    access, renewal = (_read_token(token.get(name)) for name in ("access_token", "refresh_token"))
    secret = _read_text(said, "client_secret")
    return ForeignService(
        client_id=_read_text(said, "client_id"),
        client_secret=Secret(secret) if secret else None,
        username=_read_text(said, "username"),
        access_token=access,
        refresh_token=renewal,
        expires_at=_read_end(access, token.get("expiry")),
    )


def _read_text(said: Mapping[str, Any], name: str) -> str:
    """What was filled in; the samples that the file came with are nothing."""
    value = said.get(name)
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "" if _SAMPLE.match(text) else text


def _read_token(value: Any) -> Secret | None:
    return Secret(value) if isinstance(value, str) and is_token(value) else None


def _read_end(access: Secret | None, expiry: Any) -> datetime | None:
    """By the token itself where it says so: the Python program writes the machine's own time and calls it UTC."""
    told = read_expiry_of_token(access.reveal()) if access is not None else None
    if told is not None or not isinstance(expiry, str):
        return told
    try:
        at = datetime.fromisoformat(expiry)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _read_minutes(minutes: Any, span: Any) -> int:
    if isinstance(minutes, int) and not isinstance(minutes, bool) and 0 < minutes < 10**6:
        return minutes
    found = _SPAN.fullmatch(span) if isinstance(span, str) else None
    return int(found[1]) * (60 if found[2] == "h" else 1) if found else 0


def _read_id(value: Any) -> str:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdigit() and 0 < len(text) < 10 else ""


def _read_pair(value: Any) -> tuple[str, str]:
    given = value if isinstance(value, dict) else {}
    return _read_id(given.get("anilist_id")), _read_id(given.get("mal_id"))


def _other(data: Mapping[str, Any], sync: Mapping[str, Any]) -> tuple[str, ...]:
    known = {"oauth", "sync", "watch", "ignore", "manual_mappings", "token_file_path", "anilist", "myanimelist", "mal"}
    names = [str(name)[:40] for name in data if name not in known]
    names += [f"sync.{name}"[:40] for name in sync if name not in ("mode", "interval", "dry_run")]
    return tuple(sorted(names))
