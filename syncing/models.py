"""When each connection is due, what its sides last held, and what every run did."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection
from library.models import Media
from syncing.states import ChangeState, ReviewState, RunState

__all__ = [
    "Baseline",
    "Change",
    "ChangeState",
    "Parked",
    "Review",
    "ReviewState",
    "RunState",
    "Schedule",
    "SyncRun",
    "Unmatched",
]


class Schedule(models.Model):
    """When a connection is due and who holds it: a narrow row, since every run rewrites it.

    due_at:      next run; not_before: a service asked us to stay away until then (it wins over due_at).
    lease_token: fencing number; grows with each claim. Whoever holds an older number has lost the connection.
    begun_at:    since when a worker is at it; None while it waits in the broker, and while nobody holds it.
    wanted_at:   when somebody last asked for a run; later than the holder's start = the next run is due at once.
    interactive: a person is waiting: goes first and may use the reserve of the budget. trigger: for what, "person" or
                 "edit", as in SyncRun; "" while nobody waits.
    backlog:     changes that the last run left to be sent: a long push goes on, in turn with others of its kind.
    failures:    runs in a row that ended in an error; 0 after a good one. trouble: the code of the last of them, "" =
                 none; failing_since: when the first of them ended.
    deaths:      workers in a row that died at it; 0 once a run has come to an end, a bad one too.
    kinds_due:   {kind: ISO time of its next look} where kinds have intervals of their own; a run reads what is due.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=32)
    due_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(null=True, blank=True)
    is_on = models.BooleanField(default=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    interactive = models.BooleanField(default=False)
    trigger = models.CharField(max_length=16, blank=True, default="")
    backlog = models.PositiveIntegerField(default=0)
    full = models.BooleanField("next run reads everything", default=False)
    preview = models.BooleanField("next run only shows", default=False)
    lease_token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=32, blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    deaths = models.PositiveSmallIntegerField(default=0)
    kinds_due = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["provider", "interactive", "due_at"], condition=Q(is_on=True), name="schedule_next"),
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="schedule_lease"),
            # Few rows: most lists have nothing left to be sent.
            models.Index(fields=["provider", "due_at"], condition=Q(backlog__gt=0), name="schedule_pushes"),
            models.Index(fields=["trouble", "failing_since"], condition=~Q(trouble=""), name="schedule_trouble"),
        )

    def __str__(self) -> str:
        return f"schedule of {self.connection_id}"


class Baseline(models.Model):
    """All tracks of a connection, whole: written once a run or batch. `syncing.services.baselines` packs it.

    digest:           of the last complete read that ended with nothing left to do; "" = look at everything again.
    kind_digests:     the same by kind, {kind: digest}, where kinds have intervals of their own; void without `digest`.
    library_revision: the library up to here is known to this connection.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    data = models.BinaryField(default=b"")
    tracks = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    kind_digests = models.JSONField(default=dict, blank=True)
    probe_mark = models.CharField(max_length=128, blank=True, default="")
    library_revision = models.PositiveBigIntegerField(default=0)
    complete_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"baseline of {self.connection_id}, {self.tracks} tracks"


class SyncRun(models.Model):
    """One sync of one connection, or one import of a file: that has no connection, and its provider is "file".

    `checks` counts the unchanged runs that were folded into this row.
    media: the one work that it was asked for, where it was not for all.
    error_code: "" or the class of what ended it: guard, stopped, or one of `syncing.core.retry.TABLE`. HALTED is the
    person's or the provider's trouble; FAILED is ours.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runs")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="runs")
    provider = models.CharField(max_length=32)
    purpose = models.CharField(max_length=16, default="sync", help_text="sync, preview, import or undo")
    trigger = models.CharField(max_length=16, default="schedule", help_text="schedule, person, edit or command")
    state = models.CharField(max_length=16, choices=RunState, default=RunState.RUNNING)
    lease_token = models.PositiveBigIntegerField(default=0)
    undoes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="undone_by")
    media = models.ForeignKey(Media, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    full = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveIntegerField(default=1)
    entries_read = models.PositiveIntegerField(default=0)
    library_changes = models.PositiveIntegerField(default=0)
    writes = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=32, blank=True)
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-started_at",)
        indexes = (
            models.Index(fields=["user", "-started_at"], name="run_user_started"),
            models.Index(fields=["connection", "-started_at"], name="run_connection_started"),
            # For upkeep, and for the list of all runs that operators look at.
            models.Index(fields=["started_at"], name="run_started"),
            models.Index(fields=["started_at"], condition=Q(state="running"), name="run_running"),
            # Not by `finished_at`, which a run without changes moves: no index is rewritten for those (HOT).
            models.Index(fields=["started_at"], condition=Q(state="failed"), name="run_failed"),
            models.Index(fields=["started_at"], condition=Q(state="preview"), name="run_preview"),
        )

    def __str__(self) -> str:
        return f"{self.provider} run {self.pk}"

    @property
    def is_stored(self) -> bool:
        """A run gets its row only when there is something to say."""
        return not self._state.adding


class Change(models.Model):
    """One field-wise before/after in the journal. Rows are added and settled, never edited by hand.

    before, after: changed fields only, in their JSON form; null before = it was not there, null after = removed.
    side:   "library" or the provider's slug: where the change happens.
    source: who brought it about: "person", "undo", "import" or the provider whose edit it carries.
    reason: which rule chose it: side_edit, library_edit, first_contact, conflict_newest, …
    stamps: what `after` is to be stamped with, in the form of ListEntry.stamps; only while an import waits for a yes.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="changes")
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, null=True, blank=True, related_name="changes")
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, blank=True)
    media = models.ForeignKey(Media, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=8)
    remote_id = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=500, blank=True)
    side = models.CharField(max_length=32)
    source = models.CharField(max_length=32)
    action = models.CharField(max_length=8, help_text="create, update or remove")
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=ChangeState, default=ChangeState.PLANNED)
    reason = models.CharField(max_length=32, blank=True)
    message = models.CharField(max_length=500, blank=True)
    stamps = models.JSONField(null=True, blank=True)
    undoes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="undone_by")
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["user", "-id"], name="change_user"),
            models.Index(fields=["user", "media", "-id"], name="change_user_media"),
            models.Index(
                fields=["connection", "state"],
                condition=Q(state__in=("planned", "sending", "unknown")),
                name="change_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} on {self.side}"


class Unmatched(models.Model):
    """An entry that has no counterpart yet: shown with its reason, tried again at `retry_at`.

    remote_id set, media empty: an entry of the provider whose work we do not know.
    media set, remote_id empty: an entry of the library whose work the provider does not seem to have.
    candidates: what it might be, best first: [{"media" or "remote_id", "title", "year", "format", "total",
    "confidence": 0..100, "reasons": [text]}].
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="unmatched")
    kind = models.CharField(max_length=8)
    remote_id = models.CharField(max_length=64, blank=True, default="")
    media = models.ForeignKey(Media, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=32)
    candidates = models.JSONField(default=list, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    retry_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unmatched"
        constraints = (
            models.UniqueConstraint(fields=["connection", "kind", "remote_id", "media"], name="unmatched_unique"),
        )
        indexes = (
            models.Index(fields=["first_seen_at"], condition=Q(reason="fault"), name="unmatched_faults"),
            models.Index(fields=["retry_at"], name="unmatched_retry"),
            # Whoever waits for an id that a service has just told us.
            models.Index(fields=["remote_id"], condition=~Q(remote_id=""), name="unmatched_remote"),
        )

    def __str__(self) -> str:
        return f"unmatched {self.kind} {self.remote_id or self.media_id}"


class Review(models.Model):
    """Something that waits for a person's yes.

    topic: first_plan, emptied, shrunk, rewritten, sentinels, progress_drop, removal or conflict.
    key:   what exactly is asked, so that one question is asked once; "" for a question about a whole run.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reviews")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="reviews")
    run = models.ForeignKey(SyncRun, on_delete=models.SET_NULL, null=True, blank=True)
    topic = models.CharField(max_length=16)
    key = models.CharField(max_length=128, blank=True, default="")
    media = models.ForeignKey(Media, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    summary = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=ReviewState, default=ReviewState.OPEN)
    choice = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "topic", "key"], condition=Q(state="open"), name="review_asked_once"
            ),
        )

    def __str__(self) -> str:
        return f"review: {self.topic}"


class Parked(models.Model):
    """An entry that is set aside until what is wanted of it changes, or until its next try.

    wanted: digest of what failed; another wish is tried at once. cause: of `syncing.core.retry.Cause`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="parked")
    kind = models.CharField(max_length=8)
    remote_id = models.CharField(max_length=64)
    wanted = models.CharField(max_length=64)
    cause = models.CharField(max_length=8, default="refused")
    failures = models.PositiveSmallIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    last_failed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "parked"
        constraints = (models.UniqueConstraint(fields=["connection", "kind", "remote_id"], name="parked_unique"),)
        indexes = (models.Index(fields=["cause", "last_failed_at"], condition=~Q(cause="refused"), name="parked_due"),)

    def __str__(self) -> str:
        return f"parked {self.kind} {self.remote_id}"
