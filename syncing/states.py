"""What a run, a change and a question may be in. The models have them too."""

from __future__ import annotations

from django.db import models


class RunState(models.TextChoices):
    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    DONE = "done", "done"
    PARTIAL = "partial", "more to do"
    PREVIEW = "preview", "waiting for approval"
    HELD = "held", "held by a guard"
    HALTED = "halted", "halted"
    FAILED = "failed", "failed"
    ABANDONED = "abandoned", "abandoned"


class ChangeState(models.TextChoices):
    PLANNED = "planned", "planned"
    SENDING = "sending", "being sent"
    APPLIED = "applied", "applied"
    UNKNOWN = "unknown", "answer lost"
    FAILED = "failed", "failed"
    SKIPPED = "skipped", "skipped"
    ABANDONED = "abandoned", "abandoned"


class ReviewState(models.TextChoices):
    OPEN = "open", "waiting"
    APPROVED = "approved", "approved"
    DISCARDED = "discarded", "discarded"
    EXPIRED = "expired", "no longer needed"
