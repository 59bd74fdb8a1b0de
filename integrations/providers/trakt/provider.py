"""Trakt as a `Provider`. Facts: providers/trakt.md and id-mapping.md, read 2026-11-25; quirks: README.md beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from integrations.answers import Answer
from integrations.capability import Capability
from integrations.errors import ProviderError
from integrations.http import Session
from integrations.limits import Budget
from integrations.oauth import OAuthSpec
from integrations.providers.base import Account, MediaFacts, Option, Outcome, Removal, Snapshot, Write
from integrations.providers.trakt import charting, client, convert, judging, reading, writing
from integrations.providers.trakt.ratings import SCALE
from integrations.providers.trakt.shelf import describe
from library.entry import Kind, Status
from library.episodes.model import Place, TargetKind

MOST_FOUND = 50
AUTH = "https://auth.trakt.tv"
_KEPT = frozenset({Status.PLANNED, Status.CURRENT, Status.COMPLETED})


class Trakt:
    slug = judging.SLUG
    name = "Trakt"
    kinds = frozenset({Kind.ANIME})
    hosts = frozenset({"api.trakt.tv", "auth.trakt.tv"})
    oauth = OAuthSpec(
        authorize_url=f"{AUTH}/oauth/authorize",
        token_url=f"{AUTH}/oauth/token",
        grants=frozenset({"code", "device"}),
        device_url=f"{AUTH}/oauth/device/code",
        device_token_url=f"{AUTH}/oauth/device/token",
        revoke_url=f"{AUTH}/oauth/revoke",
        body="json",
        refresh_redirects=True,
        refresh_when_left=timedelta(days=1),
        refresh_share_left=0.2,
        dead_statuses=frozenset({400, 401, 403}),
        expires_from_creation=True,
    )
    budgets: tuple[Budget, ...] = (
        # 500 in 5 minutes since 2026-09, and 1 write a second, both for each token (trakt.md 4).
        Budget("token", 460, 300, burst=20, applies="reads"),
        Budget("token", 1, 1.1, applies="writes"),
        # The shield in front of Trakt counts by address; its figure is not known.
        Budget("address", 60, 10, burst=4),
    )
    write_batch = 100
    removal_batch = 100
    probe_requests = 1
    apps_url = "https://app.trakt.tv/settings/apps"
    by_shows = True
    options: tuple[Option, ...] = (
        Option(
            "watched_at",
            "Dates of plays",
            (
                ("smart", "No date for what was watched before, today for new episodes"),
                ("unknown", "Never a date"),
                ("now", "Always the time of the sync"),
                ("released", "The day the episode aired"),
                ("finished", "The day you finished the title, where it is known"),
            ),
            help="Trakt keeps a date for every episode; lists do not.",
        ),
        Option(
            "watchlist",
            "Planned titles",
            (
                ("newest", "On the watchlist, as far as there is room"),
                ("skip", "Not on the watchlist"),
                ("warn", "On the watchlist; tell me what did not fit"),
            ),
            help="A free account's watchlist holds 250 things.",
        ),
        Option(
            "progress_way",
            "Progress from Trakt",
            (("unbroken", "Up to the first episode that was not watched"), ("highest", "The last watched episode")),
        ),
        Option(
            "dropped",
            "Dropped shows",
            (("no", "Leave them alone"), ("yes", "Sync them")),
            help="Trakt drops whole shows, with all their seasons.",
        ),
    )

    def headers(self, client_id: str) -> Mapping[str, str]:
        """Of every request; without a content type even a GET may be refused (trakt.md 3)."""
        return {"Content-Type": "application/json", "trakt-api-version": "2", "trakt-api-key": client_id}

    def judge(self, answer: Answer) -> ProviderError | None:
        return judging.judge(answer)

    def capability(self, kind: Kind, settings: Mapping[str, Any]) -> Capability:
        """Plays only grow, so status and progress only rise; without plays only the watchlist leaves a trace."""
        drops = frozenset({Status.DROPPED}) if settings.get("dropped") else frozenset()
        fallback = {Status.PAUSED: Status.CURRENT, Status.REPEATING: Status.COMPLETED, Status.DROPPED: Status.CURRENT}
        return Capability(
            fields=frozenset({"status", "progress", "score"}),
            scale=SCALE,
            statuses=_KEPT | drops,
            fallback={status: other for status, other in fallback.items() if status not in drops},
            can_delete=False,
            alters=frozenset({"status", "progress"}),
            clamps=True,
            rises=frozenset({"status", "progress"}),
            bare=frozenset({Status.PLANNED}) | drops,
        )

    def media_url(self, kind: Kind, external_id: str) -> str:
        """Of what a search found; a work of the tables is a part of a show, and has no page of its own."""
        found, _, number = external_id.partition("-")
        is_page = found in tuple(TargetKind) and number.isascii() and number.isdigit()
        return f"https://trakt.tv/{found}s/{number}" if is_page else "https://trakt.tv/"

    def identify(self, session: Session) -> Account:
        return convert.read_account(client.fetch_settings(session))

    def read_requests(self, counts: Mapping[Kind, int]) -> int:
        """Every entry may be a show of its own; each list of marks is taken to be one page."""
        shows = counts.get(Kind.ANIME, 0)
        return reading.FIXED_REQUESTS + max(0, shows - 1) // client.PROGRESS_PAGE

    def probe(self, session: Session, kinds: Collection[Kind]) -> str:
        """A digest of the stamps that matter and of the answers that decide how they are read."""
        rules = reading.rules_of(session)
        more = [rules.way, str(rules.drops)]
        return convert.read_mark(client.fetch_activities(session), more=more, drops=rules.drops)

    def read(self, session: Session, kinds: Collection[Kind]) -> Snapshot:
        return reading.read_list(session)

    def write(self, session: Session, writes: Sequence[Write]) -> list[Outcome]:
        return writing.write(session, writes)

    def remove(self, session: Session, removals: Sequence[Removal]) -> list[Outcome]:
        return writing.remove(session, removals)

    def hidden(self, session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
        """All: a show leaves the watchlist by itself, and what has no play has no entry."""
        return frozenset(ids)

    def search(self, session: Session, kind: Kind, text: str, *, limit: int = 10) -> list[MediaFacts]:
        """Shows and films, to map a title by hand."""
        query = " ".join(text.replace("\x00", " ").split())
        if not query:
            return []
        found = client.search(session, query, limit=min(max(limit, 1), MOST_FOUND))
        return [convert.read_found(TargetKind(one.type), one.work) for one in found if one.work]

    def details(self, session: Session, kind: Kind, ids: Sequence[str]) -> list[MediaFacts]:
        """From the tables, without a request."""
        assert session.atlas is not None
        return list(_facts(session, session.atlas.places_by_key(ids).values()).values())

    def translate(self, session: Session, kind: Kind, slug: str, ids: Sequence[str]) -> dict[str, MediaFacts]:
        """From the tables, without a request; works that a person has to look at first are left out."""
        assert session.atlas is not None
        found = session.atlas.places_for(slug, ids)
        places = {theirs: place for theirs, place in found.items() if not place.flag}
        facts = _facts(session, places.values())
        return {theirs: facts[place.key] for theirs, place in places.items()}


def _facts(session: Session, places: Iterable[Place]) -> dict[str, MediaFacts]:
    """{key: facts}. A total only where the season tables are known already."""
    rows = list(places)
    plots = charting.draw(session, rows, works={}, most=0).plots
    return {place.key: describe(place, total=plots[place.key].total if place.key in plots else 0) for place in rows}
