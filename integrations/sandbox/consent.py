"""The authorize page that a person can click: who is signed in, and yes or no.

A program without a browser posts the same form: the query of the authorize URL stays, the body carries
`account=<name>` and `decision=approve` or `deny`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox.answers import html_answer


def show_page(service: str, app: str, *, accounts: Iterable[str]) -> Response:
    options = "".join(f"<option>{escape(name)}</option>" for name in accounts)
    if not options:
        body = "<p>There is no account here yet. Make one with POST /_control/&lt;provider&gt;/accounts.</p>"
        return html_answer(f"{service} (sandbox)", body)
    body = (
        f"<p><b>{escape(app)}</b> asks for access to your {escape(service)} account.</p>"
        f'<form method="post"><p><label>Signed in as <select name="account">{options}</select></label></p>'
        '<button name="decision" value="approve">Approve</button>'
        '<button name="decision" value="deny">Deny</button></form>'
    )
    return html_answer(f"{service} (sandbox)", body)


def read_decision(request: Request) -> str | None:
    """The name of the account that approved, or None when the person said no."""
    return request.form.get("account", "") if request.form.get("decision") == "approve" else None


def send_back(uri: str, params: Mapping[str, str], *, fragment: bool = False) -> Response:
    """302 to the app, with what it asked for in the query or, for an implicit grant, behind the #."""
    joint = "#" if fragment else "&" if "?" in uri else "?"
    return redirect(f"{uri}{joint}{urlencode(params)}", 302)
