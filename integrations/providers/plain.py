"""What a service writes of a work for its own pages, made plain: text without markup, addresses fit to show. Pure.

Descriptions are edited by anybody at AniList and Kitsu, so all of it is taken for hostile: what leaves here holds no
tag, not even one that was escaped, and no address but https at a host of the service's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from html import unescape
from urllib.parse import urlsplit

from integrations.providers.lenient import clean_line

MAX_SYNOPSIS = 2_000
MAX_ADDRESS = 500
MOST_GENRES = 20
_LOOKED_AT = 20_000
"""Characters of a description that are read at all."""
_BREAK = re.compile(r"<(?:br|/?p|/?li|/?div)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!?][^<>]*>", re.IGNORECASE)
_OPENS = re.compile(r"<(?=[a-z/!?])", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.~:/?#@!$&()*+,;=%\[\]-]+", re.ASCII)


def read_synopsis(text: str | None) -> str:
    """Plain text, one paragraph a line, at most MAX_SYNOPSIS characters; "" = none. Spoilers (~!…!~) are left out."""
    told = _without_spoilers((text or "")[:_LOOKED_AT])
    told = _TAG.sub("", _BREAK.sub("\n", told))
    # What was escaped is text; but who puts it on a page unescaped must get no tag either.
    told = _OPENS.sub("‹", _TAG.sub("", unescape(told)))
    lines = (clean_line(line, limit=_LOOKED_AT) for line in told.splitlines())
    whole = "\n".join(line for line in lines if line)
    if len(whole) <= MAX_SYNOPSIS:
        return whole
    cut = whole[: MAX_SYNOPSIS - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"


def _without_spoilers(text: str) -> str:
    """One that nobody closes hides all that follows."""
    kept = []
    while text:
        before, _, text = text.partition("~!")
        kept.append(before)
        _, _, text = text.partition("!~")
    return " ".join(kept)


def read_address(url: str | None, hosts: Collection[str]) -> str:
    """`url` where it is https at one of `hosts`, without a port and a name; "" otherwise."""
    if not url or len(url) > MAX_ADDRESS or not _ADDRESS.fullmatch(url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme == "https" and parts.netloc in hosts else ""


def read_genres(names: Iterable[str | None]) -> tuple[str, ...]:
    lines = (clean_line(name, limit=40) for name in names if name)
    return tuple(dict.fromkeys(line for line in lines if line))[:MOST_GENRES]
