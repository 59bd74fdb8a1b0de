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


class PersonMatch(models.Model):
    """A person's own word on which work an entry of a service is. It overrides everything else, for them alone.

    media empty: none of ours; the entry is left alone.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="matches")
    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=8)
    external_id = models.CharField(max_length=64)
    media = models.ForeignKey(Media, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "match by a person"
        verbose_name_plural = "matches by people"
        constraints = (
            models.UniqueConstraint(fields=["user", "provider", "kind", "external_id"], name="person_match_once"),
        )
        indexes = (models.Index(fields=["user", "media"], name="person_match_media"),)

    def __str__(self) -> str:
        return f"{self.provider}:{self.kind}:{self.external_id} → {self.media_id or 'nothing'}"


class TableState(models.TextChoices):
    GOOD = "good", "in use"
    REFUSED = "refused", "refused, the one before is in use"
    FAILED = "failed", "could not be read, the one before is in use"


class IdTable(models.Model):
    """One public id table: what we have of it, and how the last look at it ended.

    etag, modified: what its host said, for the next conditional request. digest: SHA-256 of the content in use.
    figures: what the last import counted: rows, pairs, ranges, conflicts, refused, added, removed, ...
    """

    source = models.CharField(max_length=32, primary_key=True)
    state = models.CharField(max_length=8, choices=TableState, default=TableState.GOOD)
    message = models.CharField(max_length=500, blank=True)
    etag = models.CharField(max_length=255, blank=True)
    modified = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "id table"

    def __str__(self) -> str:
        return self.source


class PairState(models.TextChoices):
    GOOD = "good", "good"
    AMBIGUOUS = "ambiguous", "ambiguous: sources or ids disagree"


class IdPair(models.Model):
    """One source's word that two ids name the same work. left_site < right_site, as text.

    gone_at: when the source stopped saying so; empty = it says so in the table in use, last seen at its `imported_at`.
    ambiguous: not used for anybody until a person (or a better table) decides.
    """

    kind = models.CharField(max_length=8)
    left_site = models.CharField(max_length=16)
    left_id = models.CharField(max_length=64)
    right_site = models.CharField(max_length=16)
    right_id = models.CharField(max_length=64)
    source = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=PairState, default=PairState.GOOD)
    first_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "id pair"
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "left_site", "left_id", "right_site", "right_id", "source"], name="id_pair_once"
            ),
        )
        indexes = (models.Index(fields=["kind", "right_site", "right_id"], name="id_pair_right"),)

    def __str__(self) -> str:
        return f"{self.left_site}:{self.left_id} = {self.right_site}:{self.right_id} ({self.source})"


class RangeState(models.TextChoices):
    GOOD = "good", "good"
    FLAGGED = "flagged", "needs a look"
    UNMAPPED = "unmapped", "has no counterpart"


class EpisodeRange(models.Model):
    """One source's word where some episodes of an entry are on services that count by shows, seasons and films.

    site, site_id: the entry, as "anilist", "myanimelist" or "anidb" calls it. user: set for a person's own map.
    first, last: the entry's episodes, from 1; last empty = open. The rest as in `library.episodes.model.Segment`.
    flag: why a flagged range needs a look: overlap, season_zero, too_long, disagrees, recut, ...
    """

    site = models.CharField(max_length=16)
    site_id = models.CharField(max_length=64)
    source = models.CharField(max_length=32)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    first = models.PositiveIntegerField(default=1)
    last = models.PositiveIntegerField(null=True, blank=True)
    target_kind = models.CharField(max_length=8)
    target_site = models.CharField(max_length=8)
    target_id = models.CharField(max_length=64)
    season = models.PositiveIntegerField(null=True, blank=True)
    start = models.IntegerField(default=1)
    numbering = models.CharField(max_length=8)
    per_entry = models.PositiveSmallIntegerField(default=1)
    per_target = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=RangeState, default=RangeState.GOOD)
    flag = models.CharField(max_length=32, blank=True)
    first_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "episode range"
        indexes = (
            models.Index(fields=["site", "site_id"], name="episode_range_entry"),
            models.Index(fields=["target_site", "target_kind", "target_id"], name="episode_range_target"),
            models.Index(fields=["source"], name="episode_range_source"),
        )

    def __str__(self) -> str:
        return f"{self.site}:{self.site_id} → {self.target_site} {self.target_kind} {self.target_id} ({self.source})"
