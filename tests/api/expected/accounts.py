"""Rows of accounts.api. `others` is 200 where everybody gets their own."""

from __future__ import annotations

from tests.api.matrix import Row

ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/api/v1/schema"): Row(alice=200, others=200, anonymous=200, no_scope=200),
    ("GET", "/api/v1/csrf"): Row(alice=200, others=200, anonymous=200, no_scope=200),
    ("GET", "/api/v1/account"): Row(alice=200, others=200),
    ("PATCH", "/api/v1/account"): Row(alice=200, others=200, scope="write", body={"timezone": "UTC"}),
    # Everybody ends their own.
    ("DELETE", "/api/v1/account"): Row(alice=204, others=204, by="session"),
    ("GET", "/api/v1/account/keys"): Row(alice=200, others=200, by="session"),
    ("POST", "/api/v1/account/keys"): Row(
        alice=201, others=201, by="session", body={"name": "matrix", "scopes": ["read"]}
    ),
    ("DELETE", "/api/v1/account/keys/<uuid:key_id>"): Row(
        alice=204, by="session", where=lambda world: {"key_id": world.hers["key"].pk}
    ),
}
