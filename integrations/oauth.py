"""How one logs in at a service, as data, and the calls that follow from it. (signatures; the body follows)"""

from __future__ import annotations

from dataclasses import dataclass, field
from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class OAuthSpec:
    """authorize_url, token_url: absolute. pkce: "", "plain" or "S256".
    client_auth: "body" or "basic". body: how the token request is sent, "form" or "json".
    refreshes: False where the service has no refresh grant (AniList).
    secret_optional: True where public clients without a secret exist (MyAnimeList).
    """

    authorize_url: str
    token_url: str
    pkce: str = ""
    body: str = "form"
    client_auth: str = "body"
    refreshes: bool = True
    secret_optional: bool = False
    authorize_params: Mapping[str, str] = field(default_factory=dict)
