"""Works, what the services call them, and what is on each person's list."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from library.entry import DATE_FIELDS, FIELDS, Entry, Kind, PartialDate, Status


class Media(models.Model):
    """A work with its own identity here. No service's id is that identity."""

    kind = models.CharField(max_length=8)
    title = models.CharField(max_length=500, blank=True)
    titles = models.JSONField(default=list, help_text="All known titles, the main one first.")
    format = models.CharField(max_length=32, blank=True)
    year = models.PositiveSmallIntegerField(default=0, help_text="0 = unknown")
    total = models.PositiveIntegerField(default=0, help_text="Episodes or chapters; 0 = unknown or running.")
    volumes = models.PositiveIntegerField(default=0, help_text="Manga only; 0 = unknown or running.")
    is_adult = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "media"
        indexes = (models.Index(fields=["kind", "title"], name="media_kind_title"),)
        constraints = (models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="media_kind_known"),)

    def __str__(self) -> str:
        return self.title or f"{self.kind} {self.pk}"


class ExternalId(models.Model):
    """What one provider calls a media, and who told us so."""

    media = models.ForeignKey(Media, on_delete=models.CASCADE, related_name="external_ids")
    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=8)
    external_id = models.CharField(max_length=64)
    source = models.CharField(max_length=32, help_text="Provider slug, id table or 'person' that gave this pair.")
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "external id"
        constraints = (models.UniqueConstraint(fields=["provider", "kind", "external_id"], name="external_id_unique"),)
        indexes = (models.Index(fields=["media", "provider"], name="external_id_media"),)

    def __str__(self) -> str:
        return f"{self.provider}:{self.kind}:{self.external_id}"


class Library(models.Model):
    """One row a person. Locked for the milliseconds in which their entries change; counts those changes."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    revision = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "libraries"

    def __str__(self) -> str:
        return f"library at revision {self.revision}"


class ListEntry(models.Model):
    """The canonical entry of one person for one media, or its tombstone once `removed_at` is set.

    stamps: {field: [unix seconds (float), source, score scale]}: when a value was given, by whom ("library" or a
    provider's slug) and how finely that source can speak. See `library.stamps`.
    revision: the library's revision when this row last changed.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="entries")
    media = models.ForeignKey(Media, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10)
    progress = models.PositiveIntegerField(default=0)
    progress_volumes = models.PositiveIntegerField(default=0)
    score = models.PositiveSmallIntegerField(default=0)
    started_on = models.CharField(max_length=10, blank=True, default="")
    finished_on = models.CharField(max_length=10, blank=True, default="")
    repeats = models.PositiveIntegerField(default=0)
    notes = models.TextField(blank=True, default="")
    private = models.BooleanField(default=False)
    stamps = models.JSONField(default=dict)
    revision = models.PositiveBigIntegerField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "list entries"
        constraints = (
            models.UniqueConstraint(fields=["user", "media"], name="list_entry_unique"),
            models.CheckConstraint(condition=Q(score__lte=100), name="list_entry_score_range"),
            models.CheckConstraint(condition=Q(status__in=list(Status)), name="list_entry_status_known"),
        )
        indexes = (models.Index(fields=["user", "revision"], name="list_entry_user_revision"),)

    def __str__(self) -> str:
        return f"entry {self.pk}"

    @property
    def entry(self) -> Entry:
        """The row as a value."""
        return Entry(
            status=Status(self.status),
            progress=self.progress,
            progress_volumes=self.progress_volumes,
            score=self.score,
            started_on=PartialDate.parse(self.started_on),
            finished_on=PartialDate.parse(self.finished_on),
            repeats=self.repeats,
            notes=self.notes,
            private=self.private,
        )

    @entry.setter
    def entry(self, value: Entry) -> None:
        for name in FIELDS:
            given = getattr(value, name)
            setattr(self, name, str(given) if name in DATE_FIELDS else given)
