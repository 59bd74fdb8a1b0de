"""Changes to a person's own row."""

from __future__ import annotations

from accounts.models import User


def set_timezone(user: User, *, timezone: str) -> None:
    """Raises ValidationError for a name that is no time zone."""
    user.timezone = timezone
    user.clean_fields(exclude={"email", "password"})
    user.save(update_fields=["timezone"])
