"""What a person can be told of."""

from __future__ import annotations

from django.db.models import TextChoices


class Event(TextChoices):
    SYNC_CHANGED = "sync_changed", "a sync changed something"
    SYNC_FAILED = "sync_failed", "a sync went wrong"
    NEEDS_LOGIN = "needs_login", "a service wants a new sign-in"
    LOGIN_ENDS = "login_ends", "a sign-in ends soon"
    REVIEW_WAITING = "review_waiting", "something waits for your answer"
    DIGEST = "digest", "once a week: what happened"


ALWAYS_MAILED = (Event.NEEDS_LOGIN, Event.LOGIN_ENDS)
"""What everybody hears by mail unless they say otherwise: without them a list silently stops."""
