"""What a service sends back with a person: reading its parameters, taking the attempt they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from integrations.crypto import Secret
from integrations.models import LinkAttempt
from integrations.providers.base import Provider
from integrations.services.refusals import LinkError

if TYPE_CHECKING:
    from accounts.models import User

KNOWN = ("code", "state", "error", "iss")
FOREIGN = frozenset(
    {"access_token", "refresh_token", "id_token", "token_type", "expires_in", "client_secret", "code_verifier"}
    | {"client_id", "redirect_uri", "response_type", "grant_type", "code_challenge", "code_challenge_method"}
)
"""Parameters of OAuth that no answer to the code grant has. Others are ignored, as RFC 6749, 4.1.2 asks: a service
may add what it likes. These, and any that is given twice, mean that the address was put together by someone else."""
LONGEST = 8_192


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: exactly one of code and error is set."""

    code: Secret | None = field(repr=False)
    error: str


def hash_secret(text: str) -> str:
    """SHA-256 in hex. For values of full entropy only: states and session keys."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def person_binding(user: User) -> str:
    """What a link is bound to that a program began: whoever ends it must be signed in as this person."""
    return f"person:{user.pk}"


def read_state(params: Mapping[str, Any]) -> str:
    """Raises LinkError: missing_parameter, duplicate_parameter."""
    state = _single(params, "state")
    if not state:
        raise LinkError("missing_parameter", "The service did not send back who this is for. Please start again.")
    return state


def take_attempt(user: User, *, provider: str, session_key: str, state: str) -> LinkAttempt:
    """The open attempt, which nobody can take a second time. Raises LinkError (link_expired).

    One answer for every fault: an unknown, used or expired state, and one of another person, session or service.
    """
    now = timezone.now()
    # Begun in this session, or by a program of this very person.
    bindings = [hash_secret(text) for text in (session_key, person_binding(user)) if text]
    row = LinkAttempt.objects.filter(
        user=user,
        provider=provider,
        state_hash=hash_secret(state),
        session_hash__in=bindings,
        used_at=None,
        expires_at__gt=now,
    )
    # One statement decides, so two callbacks at once cannot both win.
    if row.update(used_at=now) != 1:
        raise LinkError("link_expired", "This link has expired or was used already. Please start again.")
    return LinkAttempt.objects.select_related("app").get(state_hash=hash_secret(state))


@sensitive_variables()
def read_answer(params: Mapping[str, Any], *, provider: Provider) -> Answered:
    """Raises LinkError: duplicate_parameter, surplus_parameter, missing_parameter, wrong_issuer."""
    code, _, error, issuer = (_single(params, name) for name in KNOWN)
    if FOREIGN & set(params):
        raise LinkError(
            "surplus_parameter", "The address holds parameters that do not belong there. Please start again."
        )
    _check_issuer(issuer, provider)
    if code and error:
        raise LinkError("surplus_parameter", "The service said both yes and no. Please start again.")
    if not code and not error:
        raise LinkError("missing_parameter", f"{provider.name} sent no code along. Please start again.")
    return Answered(code=Secret(code) if code else None, error=error)


def _check_issuer(issuer: str, provider: Provider) -> None:
    """RFC 9207: an answer that names its issuer must name the one that was asked."""
    ours = urlsplit(provider.oauth.authorize_url)
    if issuer and issuer.rstrip("/") != f"{ours.scheme}://{ours.netloc}":
        raise LinkError("wrong_issuer", f"This answer does not come from {provider.name}. Please start again.")


def _single(params: Mapping[str, Any], name: str) -> str:
    """The value of a parameter, "" if absent. Takes a QueryDict as well as plain values or lists of them."""
    getlist = getattr(params, "getlist", None)
    held = getlist(name) if getlist else params.get(name, [])
    values = list(held) if isinstance(held, list | tuple) else [held]
    if len(values) > 1:
        raise LinkError("duplicate_parameter", f"The address holds “{name}” more than once. Please start again.")
    value = values[0] if values else ""
    if not isinstance(value, str) or len(value) > LONGEST:
        raise LinkError("not_understood", f"The “{name}” in the address is not usable. Please start again.")
    return value.strip()
