"""How the schema names the three ways to sign in (accounts.api.authentication). Imported for its effect by urls."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.KeyAuthentication"
    name = "accessKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A personal access key, made at /account/keys/."}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.TokenAuthentication"
    name = "sessionToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        text = "From POST /_allauth/app/v1/auth/login."
        return {"type": "apiKey", "in": "header", "name": "X-Session-Token", "description": text}


class CookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.CookieAuthentication"
    name = "cookie"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        text = "The session of the pages; changes need X-CSRFToken as well. Behind https its name begins with __Host-."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": text}
