"""Trakt's device codes in the fake: a code on the screen, a page to type it into, and polling.

providers/trakt.md 2.6, read 2026-11-25. Not RFC 8628.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from integrations.providers.trakt.fake_oauth import BAD_CLIENT, find_app, issue_token, read_body, refuse
from integrations.sandbox.answers import JSON, html_answer, json_answer
from integrations.sandbox.consent import read_decision
from integrations.sandbox.grants import HEX
from integrations.sandbox.shapes import ControlError, Shape, read_shape

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt
    from integrations.sandbox.base import Exchange

USER_CODE_SIGNS = "ABCDEF0123456789"
STATUSES = {"pending": 400, "used": 409, "refused": 418}


@dataclass
class Device:
    """state: pending, allowed, refused or used. polled_at: the last poll, None before the first."""

    code: str
    user_code: str
    client_id: str
    expires_at: float
    state: str = "pending"
    account_id: int = 0
    polled_at: float | None = None


class Decision(Shape):
    """decision: "allow", "refuse" or "expire"; `account` allows."""

    user_code: str
    decision: str = "allow"
    account: str = ""


def start(fake: ControlledTrakt, exchange: Exchange) -> Response:
    app = fake.grants.apps.get(read_body(exchange).get("client_id", ""))
    if app is None:
        return refuse(fake, "invalid_client", BAD_CLIENT)
    seconds = fake.settings["device_expires_in"]
    device = Device(
        fake.grants.word(64, HEX), fake.grants.word(8, USER_CODE_SIGNS), app.client_id, fake.clock.now() + seconds
    )
    fake.devices[device.code] = device
    answer = {
        "device_code": device.code,
        "user_code": device.user_code,
        "verification_url": f"{exchange.root}/auth.trakt.tv/activate",
        "expires_in": seconds,
        "interval": fake.settings["device_interval"],
    }
    return json_answer(answer)


def poll(fake: ControlledTrakt, exchange: Exchange) -> Response:
    """200 with a token, else a status with an empty body: 400, 404, 409, 410, 418 or 429."""
    data, now = read_body(exchange), fake.clock.now()
    app = find_app(fake, data)
    if app is None:
        return refuse(fake, "invalid_client", BAD_CLIENT)
    device = fake.devices.get(data.get("code", ""))
    if device is None or device.client_id != app.client_id:
        return _empty(404)
    last, device.polled_at = device.polled_at, now
    interval = fake.settings["device_interval"]
    if last is not None and 0 <= now - last < interval:
        return _empty(429, {"Retry-After": str(interval)})
    if device.state == "allowed" and now < device.expires_at:
        device.state = "used"
        account = fake.store.accounts[device.account_id]
        exchange.account = account.name
        return json_answer(issue_token(fake, account.id, app.client_id))
    expired = now >= device.expires_at and device.state in ("pending", "allowed")
    return _empty(410 if expired else STATUSES[device.state])


def _empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response("", status, headers, content_type=JSON)


def activate(fake: ControlledTrakt, exchange: Exchange) -> Response:
    """The page where the person types the code, and says yes or no. A program posts the same form:

    `user_code`, `account`, `decision=approve` or `deny`.
    """
    if exchange.request.method == "GET":
        options = "".join(f"<option>{escape(name)}</option>" for name in fake.account_names())
        body = (
            '<form method="post"><p><label>Code <input name="user_code" autocomplete="off" required></label></p>'
            f'<p><label>Signed in as <select name="account">{options}</select></label></p>'
            '<button name="decision" value="approve">Allow</button>'
            '<button name="decision" value="deny">Refuse</button></form>'
        )
        return html_answer("Activate your device: Trakt (sandbox)", body)
    name = read_decision(exchange.request)
    verb = "refuse" if name is None else "allow"
    try:
        decide(fake, {"user_code": exchange.request.form.get("user_code", ""), "decision": verb, "account": name or ""})
    except ControlError as error:
        return html_answer("Trakt (sandbox)", f"<p>{escape(str(error))}</p>", error.status)
    return html_answer("Trakt (sandbox)", "<p>Done. You can go back to your device.</p>")


def decide(fake: ControlledTrakt, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the person did with a code. Raises ControlError."""
    call = read_shape(data, Decision)
    typed = call.user_code.strip().upper()
    device = next((one for one in fake.devices.values() if one.user_code == typed), None)
    if device is None or device.state != "pending" or fake.clock.now() >= device.expires_at:
        raise ControlError("no device waits with this code", status=404)
    if call.decision not in ("allow", "refuse", "expire"):
        raise ControlError("decision must be allow, refuse or expire")
    if call.decision == "allow":
        device.account_id = fake.account_id(call.account)
        device.state = "allowed"
    elif call.decision == "refuse":
        device.state = "refused"
    else:
        device.expires_at = fake.clock.now()
    return device_json(device)


def device_json(device: Device) -> dict[str, Any]:
    return {
        "user_code": device.user_code,
        "client_id": device.client_id,
        "state": device.state,
        "expires_at": device.expires_at,
    }
