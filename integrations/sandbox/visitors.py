"""Services that know apps and no people: every call about an account is a 404 at the control API."""

from __future__ import annotations

from typing import Any, NoReturn

from integrations.sandbox.base import Fake
from integrations.sandbox.shapes import ControlError, Edit, NewAccount


class WithoutAccounts(Fake):
    def account_names(self) -> list[str]:
        return []

    def add_account(self, data: NewAccount) -> int:
        self._refuse()

    def read_account(self, name: str) -> dict[str, Any]:
        self._refuse()

    def edit_account(self, name: str, data: Edit) -> list[dict[str, Any]]:
        self._refuse()

    def remove_account(self, name: str) -> None:
        self._refuse()

    def account_id(self, name: str) -> int:
        self._refuse()

    def issue_token(self, account_id: int, client_id: str) -> dict[str, Any]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ControlError(f"{self.slug} has no accounts", status=404)
