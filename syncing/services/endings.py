"""What an error says about a whole run: its class, and what the person is told."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.errors import AuthRevoked, Malformed, ProviderError, RateLimited, Transient, Unavailable
from integrations.oauth import AppRejected
from syncing.core import retry
from syncing.models import RunState
from syncing.services.sparing import OUR_STORES


@dataclass(frozen=True, slots=True)
class Ending:
    """code: of SyncRun.error_code, and how it is waited out by `retry.TABLE`. message: for the person. told: seconds
    for which the service wants to be left alone."""

    code: str
    message: str
    told: float | None = None

    @property
    def rule(self) -> retry.Retry:
        return retry.TABLE[self.code]

    @property
    def state(self) -> RunState:
        if self.code == "rate_limited":
            return RunState.PARTIAL
        return RunState.FAILED if self.rule.whose in retry.WAKES else RunState.HALTED


def ending_of(error: ProviderError, *, name: str) -> Ending:
    """What an error of a service says about the whole run. name: the service's name for people."""
    if isinstance(error, RateLimited):
        message = f"{name} allows no more requests right now. The sync goes on by itself."
        return Ending("rate_limited", message, error.retry_after)
    if isinstance(error, Unavailable):
        return ending_of_outage(name=name, told=error.retry_after)
    if isinstance(error, AuthRevoked):
        return Ending("needs_login", f"{name} no longer lets Enishi in. Please sign in there again.")
    if isinstance(error, AppRejected):
        # The operator's client id or secret: everybody waits for it, so somebody must be woken.
        message = f"{name} does not accept this site's own registration. The operator has been told."
        return Ending("app_rejected", message)
    if isinstance(error, Malformed):
        message = f"{name} answered in a way that is not understood. Nothing was changed; we look into it."
        return Ending("malformed", message)
    if isinstance(error, Transient):
        return Ending("transient", f"{name} did not answer as it should. It is tried again soon.")
    # Of the person's whole account, for instance that it is locked.
    return Ending("rejected", error.message)


def ending_of_outage(*, name: str, told: float | None = None) -> Ending:
    return Ending("unavailable", f"{name} is not reachable right now. The sync goes on when it is back.", told)


def ending_of_fault(error: Exception) -> Ending:
    """What an error of ours says about the whole run."""
    if isinstance(error, OUR_STORES):
        return Ending("storage", "Something of ours was away for a moment. Nothing is lost; it is tried again soon.")
    return Ending("internal", "Something went wrong on our side. Nothing is lost; we look into it.")
