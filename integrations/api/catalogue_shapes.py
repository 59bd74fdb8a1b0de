"""Titles of the services' catalogues, as the API shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.api.serializers import KINDS
from integrations.providers.cataloguer import AIRINGS, SEASONS
from integrations.services.browsing import LONGEST_TEXT, MOST_PAGES
from library.api.serializers import DATE_HELP

FIRST_YEAR, LAST_YEAR = 1907, 2100


class AskedSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=32,
        help_text="Whose catalogue; by default that of the service with the most requests to spare.",
    )
    adult = serializers.BooleanField(required=False, default=False, help_text="Adult works too, where there are any.")


class AskedPageSerializer(AskedSerializer):
    page = serializers.IntegerField(
        required=False,
        default=1,
        min_value=1,
        max_value=MOST_PAGES,
        help_text="From 1. For a second page name the `provider` that gave the first.",
    )


class SearchSerializer(AskedPageSerializer):
    kind = serializers.ChoiceField(KINDS, required=False, default="anime")
    text = serializers.CharField(max_length=LONGEST_TEXT)


class SeasonSerializer(AskedPageSerializer):
    year = serializers.IntegerField(min_value=FIRST_YEAR, max_value=LAST_YEAR)
    season = serializers.ChoiceField(SEASONS)


class TrendingSerializer(AskedSerializer):
    kind = serializers.ChoiceField(KINDS, required=False, default="anime")


class DetailsSerializer(serializers.Serializer[Any]):
    adult = serializers.BooleanField(required=False, default=False, help_text="Shown even if it is an adult work.")


class TitleShape(serializers.Serializer[Any]):
    provider = serializers.CharField()
    external_id = serializers.CharField(help_text="At this service.")
    kind = serializers.ChoiceField(KINDS)
    url = serializers.CharField(help_text="Its page there.")
    title = serializers.CharField()
    titles = serializers.ListField(child=serializers.CharField())
    format = serializers.CharField()
    year = serializers.IntegerField(help_text="0 = not known.")
    total = serializers.IntegerField(help_text="Episodes or chapters; 0 = not known, or still running.")
    volumes = serializers.IntegerField()
    is_adult = serializers.BooleanField()
    cover_url = serializers.CharField(help_text='At the service\'s own host; "" = none.')
    synopsis = serializers.CharField(help_text="Plain text, a paragraph a line; in lists its beginning.")
    airing = serializers.ChoiceField(["", *AIRINGS])
    started_on = serializers.CharField(help_text=DATE_HELP)
    season = serializers.ChoiceField(["", *SEASONS])
    season_year = serializers.IntegerField()
    average_score = serializers.IntegerField(help_text="Of everybody there, 1 to 100; 0 = none yet.")
    popularity = serializers.IntegerField(help_text="People there who have it on a list.")
    genres = serializers.ListField(child=serializers.CharField())
    ids = serializers.DictField(child=serializers.CharField(), help_text="At other services, as this one tells them.")
    media = serializers.IntegerField(allow_null=True, help_text="The work here; null = nobody here has had it yet.")
    on_list = serializers.BooleanField(help_text="Whether it is on your list.")


class PageShape(serializers.Serializer[Any]):
    provider = serializers.CharField(help_text="Who answered.")
    asked_at = serializers.DateTimeField(help_text="When the service was asked; answers are kept for a while.")
    stale = serializers.BooleanField(help_text="No service answers now; this is what it said before.")
    has_more = serializers.BooleanField(help_text="Ask for the next page, of the same `provider`.")
    results = TitleShape(many=True)


MUSHISHI: dict[str, Any] = {
    "provider": "kitsu",
    "external_id": "665",
    "kind": "anime",
    "url": "https://kitsu.app/anime/665",
    "title": "Mushishi",
    "titles": ["Mushishi"],
    "format": "TV",
    "year": 2005,
    "total": 26,
    "volumes": 0,
    "is_adult": False,
    "cover_url": "https://media.kitsu.app/anime/665/poster_image/medium.jpeg",
    "synopsis": "Ginko walks from place to place and helps people who live with mushi.",
    "airing": "finished",
    "started_on": "2005-10-23",
    "season": "",
    "season_year": 0,
    "average_score": 83,
    "popularity": 61000,
    "genres": [],
    "ids": {"anilist": "457", "myanimelist": "457"},
    "media": 57,
    "on_list": True,
}
PAGE: dict[str, Any] = {
    "provider": "kitsu",
    "asked_at": "2026-11-26T12:00:00Z",
    "stale": False,
    "has_more": False,
    "results": [MUSHISHI],
}
