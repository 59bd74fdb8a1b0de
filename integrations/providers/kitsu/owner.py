"""Whether Kitsu knows who we are. To a token that it does not know it shows what anybody may see (kitsu.md 2.6).

So every read asks for the owner of its entries as well, with what is told to the owner alone: no request more. Only
an answer without entries proves nothing, and then `require_self` asks outright.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from integrations.errors import AuthRevoked, Malformed
from integrations.http import Session
from integrations.providers.kitsu import client, shapes
from integrations.providers.kitsu.judging import SLUG


def known_user(session: Session) -> str:
    """The connected account's id: a list is asked for by it."""
    if not (session.account_id.isascii() and session.account_id.isdigit()):
        raise ValueError("a list can be read only for a known Kitsu account")
    return session.account_id


def require_self(session: Session) -> shapes.User:
    """Who the token belongs to. Raises AuthRevoked when it is nobody's, Malformed when it is another account's."""
    users = client.fetch_self(session).data
    if not users or not users[0].is_self:
        raise stranger()
    if session.account_id and users[0].id != session.account_id:
        raise _other_account()
    return users[0]


def prove_self(session: Session, rows: int, included: Sequence[msgspec.Raw]) -> shapes.User | None:
    """The owner of an answer with so many entries; None where there are none, which proves nothing.

    Raises AuthRevoked when the answer is what anybody may see, Malformed when it is of another account.
    """
    users: list[shapes.User] = shapes.read_all([raw for raw in included if b'"users"' in bytes(raw)], shapes.User)
    if any(user.id != session.account_id for user in users):
        raise _other_account()
    if users and users[0].is_self:
        return users[0]
    if rows:
        raise stranger()
    return None


def stranger() -> AuthRevoked:
    return AuthRevoked("Kitsu does not know this sign-in any more.", provider=SLUG)


def _other_account() -> Malformed:
    return Malformed("Kitsu answered for another account.", provider=SLUG, path="$.included")
