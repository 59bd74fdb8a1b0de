"""Why something about a link is refused, in words for the person who asked."""

from __future__ import annotations

from collections.abc import Mapping

from integrations import oauth
from integrations.errors import AuthRevoked, ProviderError, Transient
from integrations.providers.base import Provider


class LinkError(Exception):
    """`code`: stable, for programs; `message`: for a person; neither holds a secret nor text from the address.

    unknown_provider, provider_disabled, no_app, no_session, foreign_redirect,
    missing_parameter, duplicate_parameter, surplus_parameter, wrong_issuer, link_expired, denied,
    code_rejected, app_rejected, unavailable, not_understood, account_taken, no_paste, bad_token, bad_app, app_in_use,
    wrong_way, bad_credentials, busy, bad_option, no_catalogue
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class OptionError(LinkError, ValueError):
    """`errors`: {option: what is wrong with it}."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("bad_option", " ".join(f"{name}: {text}" for name, text in sorted(errors.items())))
        self.errors = dict(errors)


def check_way(provider: Provider, grant: str) -> None:
    """Raises LinkError (wrong_way) where the service cannot be linked like this. grant: see `OAuthSpec.grants`."""
    if grant not in provider.oauth.grants:
        raise LinkError("wrong_way", f"{provider.name} cannot be linked in this way. Its page here shows how it can.")


def explain_refusal(name: str, error: str) -> LinkError:
    """For the `error` of a callback. name: the service's."""
    if error == "access_denied":
        return LinkError("denied", f"{name} was not linked, because access was not granted.")
    if error in ("server_error", "temporarily_unavailable"):
        return LinkError("unavailable", f"{name} has trouble at the moment. Please try again later.")
    # What else it says is text from an address, which anybody can write.
    return LinkError("app_rejected", f"{name} refused the sign-in. The app registered there may be set up wrong.")


def explain_failure(error: ProviderError, *, is_own_app: bool = False) -> LinkError:
    """For what a token call or a first request raised."""
    if isinstance(error, oauth.AppRejected):
        whose = "your own app" if is_own_app else "this site's app; its operator has to repair that"
        return LinkError("app_rejected", f"{error.message.rstrip('.')}: check the id and secret of {whose}.")
    if isinstance(error, oauth.CodeRejected):
        return LinkError("code_rejected", error.message)
    if isinstance(error, oauth.PasswordRejected):
        return LinkError("bad_credentials", f"{error.message} Please check both and try again.")
    if isinstance(error, AuthRevoked):
        return LinkError("bad_token", error.message)
    if isinstance(error, Transient):
        text = error.message.rstrip(".")
        return LinkError("unavailable", f"{text[:1].upper()}{text[1:]}. Please try again in a few minutes.")
    return LinkError("not_understood", error.message)
