"""Building the HTTP answers of the fakes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import msgspec
from werkzeug.wrappers import Response

JSON = "application/json"
HTML = "text/html; charset=utf-8"


def json_answer(data: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(data), status, headers, content_type=JSON)


def html_answer(title: str, body: str, status: int = 200) -> Response:
    """A small page. `title` is text, `body` is HTML."""
    text = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:38rem;margin:3rem auto;padding:0 1rem}"
        "textarea{width:100%}button,select{font:inherit;padding:.4rem .8rem;margin:.2rem}</style>"
        f"<h1>{escape(title)}</h1>{body}</html>"
    )
    return Response(text, status, content_type=HTML)


def block_page(status: int, reason: str) -> Response:
    """What a shield or a proxy in front of a service shows: HTML where a client expects JSON."""
    return html_answer(reason, f"<p>{escape(reason)}</p><p>Ray ID: 8f2e1c0000000000</p>", status)


def cut_short(response: Response, keep: int | None) -> Response:
    """The same answer, promised whole and broken off after `keep` bytes (default: half)."""
    body = response.get_data()
    kept = body[: len(body) // 2 if keep is None else keep]
    headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
    # At least one byte more than is sent, so that an empty body is cut as well.
    headers.append(("Content-Length", str(max(len(body), len(kept) + 1))))
    broken = Response(iter([kept]), response.status_code, headers, direct_passthrough=True)
    broken.automatically_set_content_length = False
    return broken
