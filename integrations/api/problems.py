"""What refusals of this room mean to a program."""

from __future__ import annotations

import math

from accounts.api.problems import FieldError, Problem, declare, explains
from integrations.errors import ProviderError, Transient
from integrations.services.refusals import LinkError, OptionError

WAIT = "60"
"""Seconds that a program should wait after a refusal for now."""
SOON, LONGEST_WAIT = 5, 3_600

declare(
    {
        "missing_parameter": (400, "Something needed is missing"),
        "foreign_redirect": (400, "Not an address to be sent back to"),
        "unknown_provider": (404, "No such service"),
        "provider_disabled": (409, "The service is switched off here"),
        "no_app": (409, "Linking this service is not set up here"),
        "app_in_use": (409, "The app is in use"),
        "app_rejected": (409, "The service does not accept the app"),
        "account_taken": (409, "Somebody else has linked this account"),
        "link_expired": (409, "The link has expired or was used"),
        "denied": (409, "Access was not granted"),
        "no_catalogue": (409, "The service has no catalogue to look through"),
        "no_paste": (409, "Not linked by a token"),
        "wrong_way": (409, "Not linked in this way"),
        "code_rejected": (422, "The service does not accept the code"),
        "bad_token": (422, "The service does not accept the token"),
        "bad_credentials": (422, "The service does not accept name and password"),
        "bad_app": (422, "This cannot be an app"),
        "busy": (503, "Too many sign-ins at this moment"),
        "not_understood": (503, "The service answered strangely"),
    }
)


@explains(OptionError)
def explain_options(error: OptionError) -> Problem:
    errors = [FieldError(name, "invalid", text) for name, text in sorted(error.errors.items())]
    return Problem("invalid", "Some of the settings do not fit; `errors` says which.", errors=errors)


@explains(ProviderError)
def explain_trouble(error: ProviderError) -> Problem:
    """Of what was only looked up: nothing was done, and it may be asked again. Messages hold nothing of a person."""
    code = "unavailable" if isinstance(error, Transient) else "not_understood"
    wait = max(1, min(math.ceil(getattr(error, "retry_after", None) or SOON), LONGEST_WAIT))
    return Problem(code, f"{error.message.rstrip('.')}. Please try again.", headers={"Retry-After": str(wait)})


@explains(LinkError)
def explain_link(error: LinkError) -> Problem:
    is_for_now = error.code in ("busy", "unavailable", "not_understood")
    return Problem(error.code, error.message, headers={"Retry-After": WAIT} if is_for_now else None)
