"""Keeping secrets out of logs, whoever logs them. Standard library only.

The filter belongs on every handler (a filter on the root logger does not see what its children pass up).
Own code does not log secrets in the first place; this is for libraries, access logs and tracebacks.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from typing import Any

MASK = "****"

_NAMES = "access_token|refresh_token|id_token|client_secret|code_verifier|password|token"
# Separators as they are and percent-encoded, as in /login?next=%2Fcallback%3Fcode%3D…
_BEFORE = r"(?:[?&]|%3[Ff]|%26)"
_IN_QUERY = r"(?:(?!%26)[^&\s\"'<>#])+"
_BARE = r"[^&\s\"'<>#,;)\]}]+"
_QUOTED = r"(?:[^\"'\\]|\\.)"


def _mask_if_whole(found: re.Match[str]) -> str:
    """Group 1 and the mask where group 2 took part, else the text as it was."""
    return found[0] if found[2] is None else f"{found[1]}{MASK}"


# No pattern tries the same text from many starts: what cannot match is stepped over whole (see _mask_if_whole), or a
# hostile line of 64 KB would hold a process up for half a minute.
_PATTERNS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(?i)\b(Bearer|Basic)(\s+|%20)[A-Za-z0-9._~+/=|-]{6,}"), rf"\1\2{MASK}"),
    # A JSON web token: two base64url parts that begin with {" and perhaps a signature.
    (re.compile(r"\b()eyJ[A-Za-z0-9_-]{6,}(\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?)?"), _mask_if_whole),
    # An access key of ours: its beginning is shown to its owner and says which one it was.
    (re.compile(r"\b(enishi_[a-z0-9]{8}_)[A-Za-z0-9_-]{6,}"), rf"\1{MASK}"),
    # Codes and refresh tokens of league/oauth2-server, as several services run it, are hex and begin so.
    (re.compile(r"\bdef50[0-9a-f]{40,}"), MASK),
    # In a query string anything so named; `code` and `state` are everyday words elsewhere.
    (re.compile(rf"({_BEFORE}(?:code|state|{_NAMES})(?:=|%3[Dd])){_IN_QUERY}"), rf"\1{MASK}"),
    (re.compile(rf"(?<![\w.-])((?:code|state)=){_IN_QUERY}(?=(&)?)"), _mask_if_whole),
    # Form bodies: password=…; JSON and reprs: "access_token": "…", 'token': [b'…'], Grant(access_token='…')
    (re.compile(rf"(?i)(?<![A-Za-z0-9])((?:{_NAMES})=)(?!b?[\"']){_BARE}"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(?<![A-Za-z0-9])((?:{_NAMES})[\"']?\s*[:=]\s*\[?b?[\"']){_QUOTED}+"), rf"\1{MASK}"),
    (re.compile(rf"(?<![A-Za-z0-9])((?:code|state)[\"']?\s*[:=]\s*\[?b?[\"']){_QUOTED}{{16,}}"), rf"\1{MASK}"),
)
# One cheap look decides whether the rest is needed at all.
_HINT = re.compile(rf"(?i)bearer|basic|eyJ|def50|enishi_|code|state|{_NAMES}")
_SECRET_NAME = re.compile(rf"(?i)^(?:authorization|secret|{_NAMES})$")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def redact(text: str) -> str:
    """The text with every secret that can be told by its shape or its name replaced by ****."""
    if _HINT.search(text) is None:
        return text
    for pattern, mask in _PATTERNS:
        text = pattern.sub(mask, text)
    return text


class RedactingFilter(logging.Filter):
    """Never drops a record. A record without secrets is left as it is, arguments and exception included."""

    def filter(self, record: logging.LogRecord) -> bool:
        self._redact_message(record)
        self._redact_traceback(record)
        if len(record.__dict__) > len(_STANDARD) - 2:
            self._redact_extras(record)
        return True

    def _redact_message(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A log call whose arguments do not fit. The logging module would print them as they are.
            record.msg, record.args = redact(f"{record.msg} (arguments that do not fit: {record.args!r})"), ()
            return
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()

    def _redact_traceback(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            text = record.exc_text or "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            clean = redact(text)
            if clean != text:
                # Formatters print exc_text; the exception itself still holds the secret and goes no further.
                record.exc_text, record.exc_info = clean, None
        elif record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)

    def _redact_extras(self, record: logging.LogRecord) -> None:
        for name in record.__dict__.keys() - _STANDARD:
            record.__dict__[name] = _redact_value(name, record.__dict__[name])


def _redact_value(name: str, value: Any) -> Any:
    """Values passed as `extra=`: text by its content, anything by its name, mappings and lists throughout."""
    if _SECRET_NAME.match(name):
        return MASK
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redact_value(str(key), inner) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_redact_value(name, inner) for inner in value)
    return value
