"""What refusals of this room mean to a program."""

from __future__ import annotations

from accounts.api.problems import FieldError, Problem, declare, explains
from library.entry import InvalidEntry

declare({"already_there": (409, "It is on the list already")})


@explains(InvalidEntry)
def explain_entry(error: InvalidEntry) -> Problem:
    if error.field == "media":
        return Problem("already_there", "This work is on your list already. Change it instead.")
    return Problem("invalid", errors=[FieldError(error.field, "invalid", f"{error.message.rstrip('.')}.")])
