"""What a page says of how often a list is checked."""

from __future__ import annotations

from django import template

from integrations.models import Connection
from syncing.web.pacing import describe_pace

register = template.Library()


@register.simple_tag
def pace_words(connection: Connection) -> str:
    return describe_pace(connection)
