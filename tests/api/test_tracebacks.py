"""What a person gives us is in no report of a fault: neither password nor secret nor address."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.views.debug import ExceptionReporter

from tests.api.conftest import problem

API, JSON = "/api/v1", "application/json"
PLANTED = "planted-secret-0123456789"


@pytest.mark.parametrize(
    ("path", "body", "inside"),
    [
        (
            "integrations/kitsu/connect",
            {"username": "alice", "password": PLANTED},
            "integrations.services.signing_in.link_with_password",
        ),
        ("integrations/anilist/connect", {"access_token": PLANTED}, "integrations.services.pasting.paste_token"),
        (
            "integrations/anilist/connect",
            {"authorization_code": PLANTED, "state": PLANTED},
            "integrations.services.linking_from_apps.finish_link_from_app",
        ),
        (
            "integrations/setup",
            {"integration_type": "anilist", "client_id": "1", "client_secret": PLANTED},
            "integrations.services.apps.save_app",
        ),
        (
            "notifications/channels",
            {"way": "webhook", "address": f"https://hooks.example.org/{PLANTED}", "events": []},
            "notices.services.channels.add_channel",
        ),
    ],
)
def test_nothing_given_is_in_a_report(
    alice_api: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
    body: Any,
    inside: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(inside, fail)
    alice_api.raise_request_exception = False
    # Not from the log: where a line looks like a secret its filter has made text of the error already.
    answer: Any = alice_api.post(f"{API}/{path}", body, JSON)
    problem(answer, 500, "server_error")
    assert PLANTED not in caplog.text
    frames = ExceptionReporter(None, *answer.exc_info).get_traceback_frames()
    ours = [
        frame for frame in frames if "site-packages" not in frame["filename"] and "/tests/" not in frame["filename"]
    ]
    assert ours
    assert PLANTED not in repr([frame["vars"] for frame in ours])
