"""Entries and works, as the API shows and reads them. Units: library.entry."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from library.entry import FIELDS, MAX_COUNT, MAX_NOTES, MAX_SCORE, Kind, Status
from library.models import ListEntry, Media

KINDS = [str(kind) for kind in Kind]
STATUSES = [str(status) for status in Status]
MOST_AT_ONCE = 200
DATE = r"^(|([0-9]{4}|\?{4})(-([0-9]{2}|\?{2})(-[0-9]{2})?)?)$"
DATE_HELP = 'YYYY, YYYY-MM or YYYY-MM-DD; ???? stands for a year that is not known; "" = not known.'


class MediaSerializer(serializers.ModelSerializer[Media]):
    kind = serializers.ChoiceField(KINDS)
    titles = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Media
        fields = ("id", "kind", "title", "titles", "year", "format", "total", "volumes")
        read_only_fields = fields


class EntrySerializer(serializers.ModelSerializer[ListEntry]):
    media = MediaSerializer()
    status = serializers.ChoiceField(STATUSES)
    score = serializers.IntegerField(help_text="0 to 100; 0 = unscored.")
    started_on = serializers.CharField(help_text=DATE_HELP)
    finished_on = serializers.CharField(help_text=DATE_HELP)

    class Meta:
        model = ListEntry
        fields = ("media", *FIELDS, "revision", "updated_at")
        read_only_fields = fields


class EntryChangeSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(STATUSES, required=False)
    progress = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_COUNT, help_text="Episodes or chapters."
    )
    progress_volumes = serializers.IntegerField(required=False, min_value=0, max_value=MAX_COUNT)
    score = serializers.IntegerField(required=False, min_value=0, max_value=MAX_SCORE, help_text="0 = unscored.")
    started_on = serializers.RegexField(DATE, required=False, allow_blank=True, max_length=10, help_text=DATE_HELP)
    finished_on = serializers.RegexField(DATE, required=False, allow_blank=True, max_length=10, help_text=DATE_HELP)
    repeats = serializers.IntegerField(required=False, min_value=0, max_value=MAX_COUNT)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=MAX_NOTES, trim_whitespace=False)
    private = serializers.BooleanField(required=False)


class NewValuesSerializer(EntryChangeSerializer):
    status = serializers.ChoiceField(STATUSES)


class NewEntrySerializer(NewValuesSerializer):
    media = serializers.IntegerField(min_value=0, max_value=2**63 - 1, help_text="A work: see media.")


class OneOfManySerializer(EntryChangeSerializer):
    media = serializers.IntegerField(min_value=0, max_value=2**63 - 1)
    remove = serializers.BooleanField(required=False, default=False, help_text="Takes it off the list.")


class ManySerializer(serializers.Serializer[Any]):
    entries = OneOfManySerializer(many=True, min_length=1, max_length=MOST_AT_ONCE)  # type: ignore[call-arg] # many makes it a list, which takes them


class ManyShape(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    removed = serializers.IntegerField()
    revision = serializers.IntegerField(help_text="Of the library from now on.")


class CountsShape(serializers.Serializer[Any]):
    anime = serializers.IntegerField()
    manga = serializers.IntegerField()


class RevisionShape(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=0)
