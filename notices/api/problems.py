"""What refusals of this room mean to a program."""

from __future__ import annotations

from accounts.api.problems import FieldError, Problem, explains
from notices.services.channels import ChannelRefused


@explains(ChannelRefused)
def explain_channel(error: ChannelRefused) -> Problem:
    if not error.field:
        return Problem("conflict", error.message)
    return Problem("invalid", errors=[FieldError(error.field, "invalid", error.message)])
