"""Where people want to be told, and what they were told."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.fields import EncryptedTextField
from notices.events import Event


class Way(models.TextChoices):
    EMAIL = "email", "e-mail"
    WEBHOOK = "webhook", "webhook"
    SERVICE = "service", "Discord, Slack, Telegram, …"


class Channel(models.Model):
    """One place where a person is told, and of what.

    address: sealed; of a webhook its URL, of a service its address as Apprise writes it; none of e-mail, which goes to
    the person's own confirmed address. secret: what a webhook is signed with. shown: the address without its secrets.
    failures: in a row; after too many it is switched off, and `message` says why.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="channels")
    way = models.CharField(max_length=8, choices=Way)
    name = models.CharField(max_length=64, blank=True)
    address = EncryptedTextField(null=True, blank=True)
    secret = EncryptedTextField(null=True, blank=True)
    shown = models.CharField(max_length=255, blank=True)
    events = models.JSONField(default=list, blank=True)
    is_on = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user"], condition=Q(way="email"), name="channel_one_mail_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.way} channel {self.pk}"


class NoticeState(models.TextChoices):
    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    FAILED = "failed", "not delivered"


class Notice(models.Model):
    """One thing that one channel is told. The row is written with what it tells of; a task sends it afterwards.

    key: what it is about, so that one thing is told once however often it is noticed.
    data: for programs: no secret, no note, no title of a list.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="notices")
    event = models.CharField(max_length=16, choices=Event)
    key = models.CharField(max_length=128)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    data = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=NoticeState, default=NoticeState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    message = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint(fields=["channel", "event", "key"], name="notice_once"),)
        indexes = (
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="notice_due"),
            models.Index(fields=["user", "-created_at"], name="notice_user_created"),
        )

    def __str__(self) -> str:
        return f"notice of {self.event}"
