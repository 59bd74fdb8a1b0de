"""Bodies: JSON only, of a bounded size, in text that the database can hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

_UNFIT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""What an escape may hide: NUL, which PostgreSQL does not store, and halves of a pair, which are no text."""


class JSONParser(BaseParser):
    """Not DRF's, which reads bodies of any size and fails on deep ones. RequestDataTooBig becomes 413."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        assert parser_context is not None
        # `body` refuses what is over DATA_UPLOAD_MAX_MEMORY_SIZE before it reads.
        body: bytes = parser_context["request"]._request.body
        try:
            text = body.decode("utf-8-sig")
            value = json.loads(text, parse_constant=_refuse_constant)
            if _UNFIT.search(text):
                _check_text(value)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except UnicodeError as error:
            raise ParseError("The body is not UTF-8 text.") from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _check_text(value: Any) -> None:
    whole = json.dumps(value, ensure_ascii=False)
    whole.encode()  # raises UnicodeEncodeError for a lone half
    if "\\u0000" in whole.replace("\\\\", ""):
        raise ValueError("text holds a NUL")
