"""Every table that holds rows of a person is in their export, or there is a reason why not; so is every column."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from integrations.fields import EncryptedTextField
from syncing.services.belongings import NOT_EXPORTED, TABLES, Table
from tests.owned import personal_models

NEVER = ("password", "secret", "token", "digest", "hash", "verifier", "code", "data", "key")
"""Parts of names of columns that may hold what lets somebody in."""
HARMLESS = {"token_expires_at", "error_code", "key", "data"}
"""When our access ends; a word of ours; what a question or a notice was about; what a notice told programs."""


def test_every_table_with_rows_of_a_person_is_named_once() -> None:
    named = [table.label for table in TABLES] + list(NOT_EXPORTED)
    found = {model._meta.label for model in personal_models()}
    assert sorted(named) == sorted(found)
    assert {"library.PersonMatch", "library.EpisodeRange", "syncing.Change", "account.EmailAddress"} <= found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.label)
def test_every_column_is_exported_or_has_a_reason(table: Table) -> None:
    columns = [field.name for field in apps.get_model(table.label)._meta.concrete_fields]
    assert sorted([*table.fields, *table.left]) == sorted(columns)
    assert all(table.left.values())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.label)
def test_no_column_that_lets_somebody_in_is_exported(table: Table) -> None:
    for name in set(table.fields) - HARMLESS:
        field = apps.get_model(table.label)._meta.get_field(name)
        assert not isinstance(field, EncryptedTextField | models.BinaryField), name
        assert not any(part in name for part in NEVER), name


def test_files_have_names_of_their_own_and_reasons_are_given() -> None:
    assert len({table.file for table in TABLES}) == len(TABLES)
    assert all(NOT_EXPORTED.values())
