"""Channels and notices, as the API shows and reads them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notices.events import Event
from notices.models import Channel, Notice, NoticeState, Way
from notices.services.addresses import LONGEST
from notices.services.channels import LONGEST_NAME

ADDED = (Way.WEBHOOK, Way.SERVICE)


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    way = serializers.ChoiceField(Way.choices)
    shown = serializers.CharField(help_text="The address without its secrets.")
    events = serializers.ListField(child=serializers.ChoiceField(Event.choices))
    message = serializers.CharField(help_text='Why the last notice did not arrive; "" = all is well.')

    class Meta:
        model = Channel
        fields = ("id", "way", "name", "shown", "events", "is_on", "failures", "message", "created_at")
        read_only_fields = fields


class NewChannelSerializer(serializers.Serializer[Any]):
    way = serializers.ChoiceField([(str(way), way.label) for way in ADDED])
    address = serializers.CharField(
        max_length=LONGEST, help_text="https://… of a webhook; or a service's address as Apprise has it: discord://…"
    )
    events = serializers.ListField(child=serializers.ChoiceField(Event.choices), max_length=len(Event))
    name = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NAME)


class MadeChannelSerializer(ChannelSerializer):
    secret = serializers.CharField(help_text='What a webhook is signed with, shown this once; "" for others.')

    class Meta(ChannelSerializer.Meta):
        fields = (*ChannelSerializer.Meta.fields, "secret")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class ChannelChangeSerializer(serializers.Serializer[Any]):
    events = serializers.ListField(child=serializers.ChoiceField(Event.choices), required=False, max_length=len(Event))
    name = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NAME)
    is_on = serializers.BooleanField(required=False)


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    channel = serializers.UUIDField(source="channel_id")
    event = serializers.ChoiceField(Event.choices)
    state = serializers.ChoiceField(NoticeState.choices)
    data = serializers.DictField()  # type: ignore[assignment] # a field of this name

    class Meta:
        model = Notice
        fields = ("id", "channel", "event", "subject", "text", "data", "state", "tries", "message", "created_at")
        read_only_fields = fields
