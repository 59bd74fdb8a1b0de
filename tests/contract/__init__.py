from __future__ import annotations

import pytest

# The assertions of an inherited contract explain themselves only when pytest rewrites them.
pytest.register_assert_rewrite(*(f"tests.contract.{name}_contract" for name in ("entry", "trouble", "provider")))
