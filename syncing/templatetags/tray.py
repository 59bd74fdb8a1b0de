"""What the frame of every page says of the review tray."""

from __future__ import annotations

from typing import Any

from django import template

from syncing.queries import count_reviews

register = template.Library()


@register.simple_tag(takes_context=True)
def waiting_reviews(context: dict[str, Any]) -> int:
    """How many questions wait for the person who is signed in; one query, 0 without a person."""
    user = context.get("user")
    return count_reviews(user) if user is not None and user.is_authenticated else 0
