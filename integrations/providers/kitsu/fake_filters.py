"""Which rows a read of Kitsu returns, and in which order. providers/kitsu.md 6.1, 6.3 and 10, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from integrations.providers.kitsu.fake_jsonapi import Query, refusal
from integrations.providers.kitsu.fake_resources import Resource
from integrations.providers.kitsu.fake_store import STATUSES, Account, Entry, Media, MediaMapping, View, slugify
from integrations.providers.kitsu.fake_write import BadValue, read_moment

Test = Callable[[Any], bool]
SEASONS = ("winter", "spring", "summer", "fall")
MEDIA_KINDS = ("anime", "manga", "drama")
STATUS_NUMBERS = {str(number): status for number, status in enumerate(STATUSES, start=1)}


def bad_value(value: str, name: str) -> Exception:
    return refusal(400, f"{value} is not a valid value for {name}.", code="107")


def read_numbers(values: Iterable[str], name: str) -> set[int]:
    found = set()
    for value in values:
        if not value.isdecimal():
            raise bad_value(value, name)
        found.add(int(value))
    return found


def _one_of(values: Iterable[str], name: str, known: Mapping[str, str]) -> set[str]:
    for value in values:
        if value.lower() not in known:
            raise bad_value(value, name)
    return {known[value.lower()] for value in values}


def _is(attribute: Callable[[Any], Any], values: Iterable[Any]) -> Test:
    wanted = set(values)
    return lambda model: attribute(model) in wanted


def entry_test(name: str, values: list[str], *, view: View) -> Test:
    """Raises Refused for a value that cannot be read."""
    if name in ("id", "userId"):
        return _is(lambda entry: entry.id if name == "id" else entry.user_id, read_numbers(values, name))
    if name in ("kind", "mediaType"):
        return _is(
            lambda entry: entry.media.kind, _one_of(values, name, dict(zip(MEDIA_KINDS, MEDIA_KINDS, strict=True)))
        )
    if name == "status":
        known = {status: status for status in STATUSES} | STATUS_NUMBERS
        return _is(lambda entry: entry.status, _one_of(values, name, known))
    if name == "since":
        moment = _read_since(values)
        return lambda entry: bool(entry.updated_at >= moment)
    if name == "mediaId":
        # Of whatever kind: tachiyomi#774.
        return _is(lambda entry: entry.media.id, read_numbers(values, name))
    if name in ("animeId", "mangaId", "dramaId"):
        kind = name.removesuffix("Id")
        return _is(lambda entry: entry.key, [(kind, number) for number in read_numbers(values, name)])
    if name == "title":
        return lambda entry: match_score(entry.media, " ".join(values)) > 0
    # Nobody follows anybody here.
    return lambda _: False


def _read_since(values: list[str]) -> float:
    try:
        return read_moment(values[0] if values else "") or 0.0
    except BadValue as error:
        raise bad_value(",".join(values), "since") from error


def media_test(name: str, values: list[str], *, view: View) -> Test:
    if name == "id":
        return _is(lambda media: media.id, read_numbers(values, name))
    if name == "text":
        return lambda media: match_score(media, " ".join(values)) > 0
    if name == "season":
        return _is(season_of, _one_of(values, name, dict(zip(SEASONS, SEASONS, strict=True))))
    if name == "seasonYear":
        return _is(lambda media: int(media.start[:4] or 0), read_numbers(values, name))
    wanted = {value.lower() for value in values}
    return lambda media: str(getattr(media, name)).lower() in wanted


def mapping_test(name: str, values: list[str], *, view: View) -> Test:
    if name == "id":
        return _is(lambda mapping: mapping.id, read_numbers(values, name))
    return _is(lambda mapping: mapping.site if name == "externalSite" else mapping.external_id, values)


def user_test(name: str, values: list[str], *, view: View) -> Test:
    if name == "id":
        return _is(lambda account: account.id, read_numbers(values, name))
    if name == "self":
        return lambda account: account is view.viewer
    wanted = {value.lower() for value in values}
    return lambda account: str(getattr(account, name)).lower() in wanted


TESTS: Mapping[type, Callable[..., Test]] = {
    Entry: entry_test,
    Media: media_test,
    MediaMapping: mapping_test,
    Account: user_test,
}


def keep_rows(rows: Sequence[Any], filters: Mapping[str, list[str]], *, model: type, view: View) -> list[Any]:
    """The rows that pass all filters. A filter is checked even when there is nothing to filter."""
    tests = [TESTS[model](name, values, view=view) for name, values in filters.items()]
    return [row for row in rows if all(test(row) for test in tests)]


def sort_rows(rows: list[Any], query: Query, resource: Resource) -> list[Any]:
    """By id unless told otherwise; a text search by fit. Nulls come last either way."""
    rows = sorted(rows, key=lambda row: row.id)
    if "text" in query.filters and not query.sort:
        text = " ".join(query.filters["text"])
        return sorted(rows, key=lambda media: -match_score(media, text))
    for name, descending in reversed(query.sort):
        read = _sort_key(name, resource)
        keyed = [(read(row), row) for row in rows]
        known = sorted([pair for pair in keyed if pair[0] is not None], key=lambda pair: pair[0], reverse=descending)
        rows = [row for _, row in known] + [row for key, row in keyed if key is None]
    return rows


def _sort_key(name: str, resource: Resource) -> Callable[[Any], Any]:
    if name == "id":
        return lambda row: row.id
    if name.endswith(".titles.canonical"):
        kind = name.partition(".")[0]
        return lambda entry: entry.media.title.lower() if entry.media.kind == kind else None
    return resource.attributes[name]


def season_of(media: Media) -> str | None:
    """By its first month; None where the day is not known."""
    return SEASONS[(int(media.start[5:7]) - 1) // 3] if media.start else None


def match_score(media: Media, text: str) -> float:
    """0 = no match. The whole name, then its beginning, then the share of the words that are there."""
    wanted = slugify(text)
    words = set(wanted.split("-"))
    best = 0.0
    for name in map(slugify, media.names):
        if name == wanted:
            return 3.0
        share = len(words & set(name.split("-"))) / len(words)
        best = max(best, 2.0 if f"{name}-".startswith(f"{wanted}-") else share if share > 0.6 else 0.0)
    return best


def trending(rows: Iterable[Media], *, limit: int) -> list[Media]:
    """What runs at present first, then the newest: there are no other figures here."""
    return sorted(rows, key=lambda media: (media.status == "current", media.start), reverse=True)[:limit]
