"""Where a person is told, of what, and what they were told."""

from __future__ import annotations

import uuid

from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.paging import CursorPaging
from accounts.api.schema import example, problems
from accounts.api.views import PagedView, PersonView
from notices import queries
from notices.api import serializers
from notices.api.examples import CHANNEL, MAIL, NOTICE
from notices.models import Notice
from notices.services import channels, trying


@extend_schema(tags=["notifications"])
class Channels(PersonView):
    limits = {"POST": "link"}
    pagination_class = CursorPaging

    @extend_schema(
        summary="List channels",
        responses=serializers.ChannelSerializer(many=True),
        examples=[example("E-mail", MAIL)],
    )
    def get(self, request: Request) -> Response:
        """E-mail is always among them; told of nothing, it is silent."""
        page = self.paginate_queryset(queries.channels_for_user(self.person))
        return self.get_paginated_response(serializers.ChannelSerializer(page, many=True).data)

    @extend_schema(
        summary="Add a channel",
        request=serializers.NewChannelSerializer,
        responses={201: serializers.MadeChannelSerializer},
        examples=[
            example(
                "A webhook",
                {"way": "webhook", "address": "https://example.org/hooks/enishi", "events": ["sync_failed"]},
                request=True,
            ),
            example("Made", {**CHANNEL, "secret": "x" * 43}, status=201),
        ],
        extensions=problems(409),
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """The answer is the only place where the secret of a webhook is shown."""
        channel, secret = channels.add_channel(self.person, **self.read(serializers.NewChannelSerializer))
        shown = self.show(serializers.ChannelSerializer, channel)
        return Response({**shown, "secret": secret}, status=201)


@extend_schema(tags=["notifications"])
class OneChannel(PersonView):
    @extend_schema(
        summary="Show a channel", responses=serializers.ChannelSerializer, examples=[example("A webhook", CHANNEL)]
    )
    def get(self, request: Request, channel_id: uuid.UUID) -> Response:
        return Response(self.show(serializers.ChannelSerializer, queries.channel_for_user(self.person, channel_id)))

    @extend_schema(
        summary="Change a channel",
        request=serializers.ChannelChangeSerializer,
        responses=serializers.ChannelSerializer,
        examples=[example("Less", {"events": ["needs_login"]}, request=True), example("Changed", CHANNEL)],
    )
    def patch(self, request: Request, channel_id: uuid.UUID) -> Response:
        """Switching it on forgets its failures."""
        given = self.read(serializers.ChannelChangeSerializer)
        row = channels.change_channel(self.person, channel_id=channel_id, **given)
        return Response(self.show(serializers.ChannelSerializer, row))

    @extend_schema(summary="Remove a channel", responses={204: None})
    def delete(self, request: Request, channel_id: uuid.UUID) -> Response:
        """E-mail stays, told of nothing."""
        channels.drop_channel(self.person, channel_id=channel_id)
        return Response(status=204)


@extend_schema(tags=["notifications"])
class TryChannel(PersonView):
    limits = {"POST": "link"}

    @extend_schema(
        summary="Try a channel",
        request=None,
        responses={202: serializers.NoticeSerializer},
        examples=[example("Under way", {**NOTICE, "event": "digest", "state": "waiting"}, status=202)],
    )
    @idempotent
    def post(self, request: Request, channel_id: uuid.UUID) -> Response:
        """Sends one notice; `notifications` says whether it arrived."""
        notice = trying.try_channel(self.person, channel_id=channel_id)
        return Response(self.show(serializers.NoticeSerializer, notice), status=202)


@extend_schema(tags=["notifications"])
class Notices(PagedView):
    queryset = Notice.objects.none()

    @extend_schema(
        summary="List what one was told",
        responses=serializers.NoticeSerializer(many=True),
        examples=[example("A failure", NOTICE)],
    )
    def get(self, request: Request) -> Response:
        """Of the last month, the latest first."""
        return self.answer_page(queries.notices_for_user(self.person), serializers.NoticeSerializer)
