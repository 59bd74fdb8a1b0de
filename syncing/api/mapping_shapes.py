"""Matches as the API shows and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers

from library.entry import Kind
from library.models import ExternalId, PersonMatch
from library.services.matches import NOWHERE
from syncing.models import Unmatched

KINDS = [str(kind) for kind in Kind]
CHOICES = ("this", "own", "alone")
LONGEST_SEARCH = 100
LONGEST_ID = 64


class CandidateShape(serializers.Serializer[Any]):
    """media: a work here; remote_id: an entry of the service; one of the two."""

    media = serializers.IntegerField(required=False)
    remote_id = serializers.CharField(required=False)
    title = serializers.CharField(required=False)
    year = serializers.IntegerField(required=False, allow_null=True)
    format = serializers.CharField(required=False)
    total = serializers.IntegerField(required=False, allow_null=True)
    confidence = serializers.IntegerField(required=False, min_value=0, max_value=100)
    reasons = serializers.ListField(child=serializers.CharField(), required=False)


class UnmatchedSerializer(serializers.ModelSerializer[Unmatched]):
    provider = serializers.CharField(source="connection.provider")
    kind = serializers.ChoiceField(KINDS)
    remote_id = serializers.CharField(help_text='Of an entry whose work is not known, else "".')
    media = serializers.IntegerField(source="media_id", allow_null=True, help_text="Of a work that is not found there.")
    candidates = serializers.ListField(child=CandidateShape())

    class Meta:
        model = Unmatched
        fields = (
            *("id", "provider", "kind", "remote_id", "media", "title", "reason", "candidates"),
            *("first_seen_at", "retry_at"),
        )
        read_only_fields = fields


class ChoiceSerializer(serializers.Serializer[Any]):
    choice = serializers.ChoiceField(CHOICES)
    media = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**63 - 1)
    external_id = serializers.RegexField(r"^[A-Za-z0-9_.:-]+$", max_length=LONGEST_ID, required=False)

    def validate_external_id(self, value: str) -> str:
        return _no_word_of_ours(value)


class PlaceSerializer(serializers.Serializer[Any]):
    external_id = serializers.RegexField(
        r"^[A-Za-z0-9_.:-]+$", max_length=LONGEST_ID, help_text="What the service calls the work."
    )

    def validate_external_id(self, value: str) -> str:
        return _no_word_of_ours(value)


def _no_word_of_ours(value: str) -> str:
    if value.startswith(NOWHERE):
        raise serializers.ValidationError("No service calls a work so.")
    return value


class MatchSerializer(serializers.ModelSerializer[PersonMatch]):
    kind = serializers.ChoiceField(KINDS)
    external_id = serializers.SerializerMethodField(help_text='"" = kept off the service.')
    media = serializers.IntegerField(source="media_id", allow_null=True, help_text="null: left alone.")
    title = serializers.SerializerMethodField()

    class Meta:
        model = PersonMatch
        fields = ("id", "provider", "kind", "external_id", "media", "title")
        read_only_fields = fields

    def get_external_id(self, match: PersonMatch) -> str:
        return "" if match.external_id.startswith(NOWHERE) else match.external_id

    def get_title(self, match: PersonMatch) -> str:
        return match.media.title if match.media is not None else ""


class LinkedPlaceShape(serializers.Serializer[Any]):
    provider = serializers.CharField()
    external_id = serializers.CharField(help_text='"" = not found there, or kept off.')
    source = serializers.CharField(help_text='person, off, a table or service that says so, or "".')  # type: ignore[assignment] # a field of this name


class KnownPlaceShape(serializers.Serializer[Any]):
    provider = serializers.CharField()
    external_id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # a field of this name


class PlacesShape(serializers.Serializer[Any]):
    linked = LinkedPlaceShape(many=True)
    known = KnownPlaceShape(many=True)


def places_of(linked: Mapping[str, tuple[str, str]], known: Iterable[ExternalId]) -> dict[str, Any]:
    return {
        "linked": [
            {"provider": slug, "external_id": external_id, "source": source}
            for slug, (external_id, source) in linked.items()
        ],
        "known": [{"provider": row.provider, "external_id": row.external_id, "source": row.source} for row in known],
    }


CANDIDATE = {
    "media": 57,
    "title": "Mushishi",
    "year": 2005,
    "format": "tv",
    "total": 26,
    "confidence": 88,
    "reasons": [],
}
UNMATCHED: dict[str, Any] = {
    "id": 12,
    "provider": "kitsu",
    "kind": "anime",
    "remote_id": "388",
    "media": None,
    "title": "Mushi-shi",
    "reason": "uncertain",
    "candidates": [CANDIDATE],
    "first_seen_at": "2026-11-26T12:00:00Z",
    "retry_at": "2026-12-03T12:00:00Z",
}
MATCH = {"id": 3, "provider": "kitsu", "kind": "anime", "external_id": "388", "media": 57, "title": "Mushishi"}
PLACES = {
    "linked": [{"provider": "kitsu", "external_id": "388", "source": "person"}],
    "known": [{"provider": "myanimelist", "external_id": "457", "source": "fribb"}],
}
