"""Notices, for operators: whether they arrive. Neither addresses nor texts are shown."""

from __future__ import annotations

from django.contrib import admin

from library.admin import ReadOnly
from notices.models import Channel, Notice


@admin.register(Channel)
class ChannelAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "way", "shown", "is_on", "failures", "message", "created_at")
    list_filter = ("way", "is_on")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("address", "secret")
    ordering = ("-created_at",)
    show_full_result_count = False


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "channel", "event", "state", "tries", "message", "created_at")
    list_filter = ("event", "state", "channel__way")
    list_select_related = ("user", "channel")
    search_fields = ("user__email",)
    exclude = ("text", "data")
    ordering = ("-created_at",)
    show_full_result_count = False
