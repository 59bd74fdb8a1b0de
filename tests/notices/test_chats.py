"""Discord and others, through Apprise: what is looked at again before each message."""

from __future__ import annotations

from typing import Any

import apprise
import pytest

from integrations.crypto import Secret
from notices.services import chats
from notices.services.webhooks import NotDelivered

DISCORD = "discord://123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture
def notified(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    def notify(self: Any, **values: Any) -> bool:
        sent.append(values)
        return len(sent) == 1

    for scheme in ("discord", "json"):
        plugin = type(apprise.Apprise.instantiate(DISCORD if scheme == "discord" else "json://localhost"))
        monkeypatch.setattr(plugin, "notify", notify)
    return sent


def test_a_message_is_handed_over(notified: list[dict[str, Any]]) -> None:
    chats.send(Secret(DISCORD), subject="AniList: 3 changes", text="Two and one.")
    assert [(one["title"], one["body"]) for one in notified] == [("AniList: 3 changes", "Two and one.")]
    with pytest.raises(NotDelivered):
        chats.send(Secret(DISCORD), subject="", text="no")


def test_what_was_allowed_once_is_no_more(notified: list[dict[str, Any]], settings: Any) -> None:
    """An operator who takes the permission back means the channels that are there, too."""
    settings.NOTICES_ALLOW_PRIVATE = True
    inside = "json://10.0.0.1/"
    assert chats.check_address(inside) == "json"
    chats.send(Secret(inside), subject="", text="")
    settings.NOTICES_ALLOW_PRIVATE = False
    with pytest.raises(NotDelivered) as caught:
        chats.send(Secret(inside), subject="", text="")
    assert (caught.value.is_final, len(notified)) == (True, 1)
