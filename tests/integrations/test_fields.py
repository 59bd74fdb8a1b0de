"""EncryptedTextField on real rows."""

from __future__ import annotations

import copy
import io
import json
import pickle
import uuid
from typing import Any

import pytest
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection as database
from django.db import models, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import F, Q
from django.db.models.functions import Length
from django.forms import modelform_factory
from django.test.utils import isolate_apps

from accounts.models import User
from integrations import crypto
from integrations.crypto import DecryptionError, Secret
from integrations.fields import EncryptedTextField, Sealed, current_keyring
from integrations.models import Connection, LinkAttempt, ProviderApp

pytestmark = pytest.mark.django_db

TOKEN = "planted-access-token-0xC0FFEE"
OTHER = "planted-refresh-token-0xDECAF"


@pytest.fixture(autouse=True)
def ring(settings: Any) -> str:
    settings.TOKEN_KEYS = crypto.new_key("k1")
    return str(settings.TOKEN_KEYS)


@pytest.fixture
def link(alice: User) -> Connection:
    return Connection.objects.create(user=alice, provider="anilist", access_token=TOKEN, refresh_token=Secret(OTHER))


def raw(row: models.Model, column: str = "access_token") -> bytes | None:
    with database.cursor() as cursor:
        table, key = row._meta.db_table, row._meta.pk.get_db_prep_value(row.pk, database)
        cursor.execute(f"SELECT {column} FROM {table} WHERE id = %s", [key])
        value = cursor.fetchone()[0]
    return None if value is None else bytes(value)


def spoil(row: Connection) -> None:
    Connection.objects.filter(pk=row.pk).update(access_token=Sealed(b"\x01" + bytes(60)))


class TestReadingAndWriting:
    def test_str_and_secret_go_in_and_secrets_come_out(self, link: Connection) -> None:
        found = Connection.objects.get(pk=link.pk)
        assert found.access_token == Secret(TOKEN)
        assert found.refresh_token == Secret(OTHER)
        assert isinstance(found.access_token, Secret)
        assert found.access_token.reveal() == TOKEN

    def test_it_reads_the_same_before_and_after_saving(self, alice: User) -> None:
        fresh = Connection(user=alice, provider="anilist", access_token=TOKEN)
        assert fresh.access_token == Secret(TOKEN)
        fresh.save()
        assert fresh.access_token == Secret(TOKEN)

    def test_the_column_holds_an_envelope(self, link: Connection) -> None:
        stored = raw(link)
        assert stored is not None
        assert TOKEN.encode() not in stored
        assert len(stored) == len(TOKEN) + crypto.HEADER_BYTES + crypto.TAG_BYTES
        assert stored[:5] == b"\x01k1\0\0"

    def test_the_plain_text_leaves_the_row_once_it_is_saved(self, link: Connection) -> None:
        assert isinstance(link.__dict__["access_token"], Sealed)
        _ = link.access_token
        assert isinstance(link.__dict__["access_token"], Sealed)

    def test_none_is_null(self, link: Connection) -> None:
        link.access_token = None
        link.save(update_fields=["access_token"])
        assert raw(link) is None
        assert Connection.objects.get(pk=link.pk).access_token is None

    def test_empty_text_is_not_none(self, link: Connection) -> None:
        link.access_token = ""
        link.save(update_fields=["access_token"])
        assert Connection.objects.get(pk=link.pk).access_token == Secret("")

    @pytest.mark.parametrize("value", [b"bytes", bytearray(b"x"), 7, ["x"], memoryview(b"x")])
    def test_anything_else_is_refused_at_once(self, link: Connection, value: object) -> None:
        with pytest.raises(TypeError, match="access_token takes"):
            link.access_token = value  # type: ignore[assignment]

    def test_two_fields_and_two_rows_hold_different_bytes_for_one_text(self, alice: User, bob: User) -> None:
        rows = [Connection.objects.create(user=user, provider="x", access_token=TOKEN, refresh_token=TOKEN)
                for user in (alice, bob)]  # fmt: skip
        assert len({raw(row, column) for row in rows for column in ("access_token", "refresh_token")}) == 4


class TestBadRows:
    def test_a_bad_row_loads_and_only_reading_the_field_fails(self, link: Connection) -> None:
        spoil(link)
        found = Connection.objects.get(pk=link.pk)
        assert found.provider == "anilist"
        assert found.refresh_token == Secret(OTHER)
        with pytest.raises(DecryptionError):
            _ = found.access_token

    def test_the_error_names_the_place_and_nothing_else(self, link: Connection) -> None:
        spoil(link)
        with pytest.raises(crypto.UnknownKey) as caught:
            _ = Connection.objects.get(pk=link.pk).access_token
        assert caught.value.__notes__ == [f"in access_token of integrations.connection {link.pk}"]

    def test_someone_elses_token_does_not_open_in_my_row(self, link: Connection, bob: User) -> None:
        mine = Connection.objects.create(user=bob, provider="anilist")
        Connection.objects.filter(pk=mine.pk).update(access_token=Sealed(raw(link) or b""))
        with pytest.raises(crypto.Tampered):
            _ = Connection.objects.get(pk=mine.pk).access_token

    def test_the_refresh_token_does_not_open_as_access_token(self, link: Connection) -> None:
        Connection.objects.filter(pk=link.pk).update(access_token=F("refresh_token"))
        with pytest.raises(crypto.Tampered):
            _ = Connection.objects.get(pk=link.pk).access_token

    def test_plain_text_in_the_column_is_no_token(self, link: Connection) -> None:
        Connection.objects.filter(pk=link.pk).update(access_token=Sealed(b"plain-token-that-somebody-put-there"))
        with pytest.raises(crypto.UnsupportedVersion):
            _ = Connection.objects.get(pk=link.pk).access_token

    def test_the_rest_of_a_bad_row_can_be_saved_and_the_token_replaced(self, link: Connection) -> None:
        spoil(link)
        found = Connection.objects.get(pk=link.pk)
        found.message = "link again"
        found.save()
        assert raw(link) == b"\x01" + bytes(60)
        found.access_token = "new"
        found.save(update_fields=["access_token"])
        assert Connection.objects.get(pk=link.pk).access_token == Secret("new")

    def test_a_full_refresh_of_a_bad_row_raises_and_a_partial_one_does_not(self, link: Connection) -> None:
        spoil(link)
        link.refresh_from_db(fields=["message"])
        with pytest.raises(DecryptionError):
            link.refresh_from_db()

    def test_a_key_out_of_the_ring_is_said(self, link: Connection, settings: Any) -> None:
        settings.TOKEN_KEYS = crypto.new_key("k2")
        with pytest.raises(crypto.UnknownKey, match="k1"):
            _ = Connection.objects.get(pk=link.pk).access_token

    def test_without_keys_nothing_is_written(self, alice: User, settings: Any) -> None:
        settings.TOKEN_KEYS = ""
        with pytest.raises(crypto.EmptyKeyring), transaction.atomic():
            Connection.objects.create(user=alice, provider="anilist", access_token=TOKEN)
        assert Connection.objects.count() == 0


class TestOrm:
    def test_values_give_the_sealed_bytes(self, link: Connection) -> None:
        envelope = raw(link)
        assert list(Connection.objects.values_list("access_token", flat=True)) == [envelope]
        assert list(Connection.objects.values("access_token")) == [{"access_token": envelope}]

    def test_only_and_defer_open_later(self, link: Connection, django_assert_num_queries: Any) -> None:
        for rows in (Connection.objects.only("provider"), Connection.objects.defer("access_token")):
            with django_assert_num_queries(1):
                found = rows.get(pk=link.pk)
            assert "access_token" in found.get_deferred_fields()
            with django_assert_num_queries(1):
                assert found.access_token == Secret(TOKEN)
                assert found.access_token == Secret(TOKEN)

    def test_a_deferred_field_is_not_written(self, link: Connection) -> None:
        before = raw(link)
        found = Connection.objects.defer("access_token").get(pk=link.pk)
        found.message = "x"
        found.save()
        assert raw(link) == before

    def test_refreshing_reads_the_new_envelope_and_keeps_no_plain_text(self, link: Connection) -> None:
        stale = Connection.objects.get(pk=link.pk)
        link.access_token = "second"
        link.save(update_fields=["access_token"])
        stale.refresh_from_db()
        assert stale.access_token == Secret("second")
        assert stale.__dict__["access_token"] == raw(link)

    def test_saving_what_did_not_change_keeps_its_bytes(self, link: Connection) -> None:
        before = raw(link)
        found = Connection.objects.get(pk=link.pk)
        found.access_token = found.access_token
        found.save()
        assert raw(link) == before

    def test_update_fields_writes_only_what_it_names(self, link: Connection) -> None:
        link.access_token = "second"
        link.message = "m"
        link.save(update_fields=["message"])
        found = Connection.objects.get(pk=link.pk)
        assert (found.access_token, found.message) == (Secret(TOKEN), "m")

    def test_bulk_create_seals_each_row_to_itself(self, alice: User, bob: User) -> None:
        rows = [Connection(user=user, provider="anilist", access_token=f"of {user.email}") for user in (alice, bob)]
        Connection.objects.bulk_create(rows)
        assert {row.user.email: row.access_token for row in Connection.objects.select_related("user")} == {
            "alice@example.org": Secret("of alice@example.org"),
            "bob@example.org": Secret("of bob@example.org"),
        }

    def test_bulk_update_and_update_are_refused_without_showing_the_text(self, link: Connection) -> None:
        before = raw(link)
        link.access_token = "second-planted"
        tries: Any = (
            lambda: Connection.objects.bulk_update([link], ["access_token"]),
            lambda: Connection.objects.update(access_token="second-planted"),
            lambda: Connection.objects.update(access_token=Secret("second-planted")),
        )
        for attempt in tries:
            with (
                pytest.raises(TypeError, match=r"save\(update_fields=\['access_token'\]\)") as caught,
                transaction.atomic(),
            ):
                attempt()
            assert "second-planted" not in str(caught.value)
        assert raw(link) == before

    def test_update_to_null_works(self, link: Connection) -> None:
        assert Connection.objects.update(access_token=None, refresh_token=None) == 1
        assert raw(link) is None

    def test_update_or_create_seals(self, link: Connection, alice: User) -> None:
        Connection.objects.update_or_create(user=alice, provider="anilist", defaults={"access_token": "second"})
        assert Connection.objects.get(pk=link.pk).access_token == Secret("second")

    @pytest.mark.parametrize(
        "lookup", ["", "__exact", "__iexact", "__contains", "__startswith", "__in", "__gt", "__regex", "__range"]
    )
    def test_nothing_is_found_by_value(self, link: Connection, lookup: str) -> None:
        value: Any = [TOKEN] if lookup in ("__in", "__range") else TOKEN
        for rows in (Connection.objects.filter, Connection.objects.exclude):
            with pytest.raises(FieldError) as caught:
                list(rows(**{f"access_token{lookup}": value}))
            assert TOKEN not in str(caught.value)

    def test_not_even_by_its_envelope_or_by_a_transform(self, link: Connection) -> None:
        conditions: Any = (Q(access_token=Sealed(raw(link) or b"")), Q(access_token=F("refresh_token")))
        for condition in conditions:
            with pytest.raises(FieldError):
                list(Connection.objects.filter(condition))
        models.BinaryField.register_lookup(Length)
        try:
            with pytest.raises(FieldError):
                list(Connection.objects.filter(access_token__length=3))
        finally:
            models.BinaryField._unregister_lookup(Length)  # type: ignore[arg-type]

    def test_isnull_is_the_one_question(self, link: Connection, bob: User) -> None:
        empty = Connection.objects.create(user=bob, provider="anilist")
        assert [row.pk for row in Connection.objects.filter(access_token__isnull=False)] == [link.pk]
        assert [row.pk for row in Connection.objects.filter(access_token=None)] == [empty.pk]
        assert [row.pk for row in Connection.objects.exclude(access_token=None)] == [link.pk]


class TestCopies:
    def test_a_copy_under_another_key_is_refused_until_its_secrets_are_set(self, link: Connection, bob: User) -> None:
        twin = Connection.objects.get(pk=link.pk)
        twin.pk, twin.user, twin._state.adding = uuid.uuid4(), bob, True
        with pytest.raises(crypto.Tampered), transaction.atomic():
            twin.save()
        assert Connection.objects.count() == 1
        twin.access_token, twin.refresh_token = "second", None
        twin.save()
        assert Connection.objects.get(pk=twin.pk).access_token == Secret("second")
        assert Connection.objects.get(pk=link.pk).access_token == Secret(TOKEN)

    def test_a_copy_by_changing_the_key_alone_is_refused_too(self, link: Connection, bob: User) -> None:
        twin = Connection.objects.get(pk=link.pk)
        twin.pk, twin.user = uuid.uuid4(), bob
        with pytest.raises(crypto.Tampered), transaction.atomic():
            twin.save()

    def test_handing_a_secret_to_another_row_seals_it_there(self, link: Connection, bob: User) -> None:
        found = Connection.objects.get(pk=link.pk)
        other = Connection.objects.create(user=bob, provider="anilist", access_token=found.access_token)
        assert raw(other) != raw(link)
        assert Connection.objects.get(pk=other.pk).access_token == Secret(TOKEN)

    def test_reading_a_row_that_lost_its_key_says_so(self, link: Connection) -> None:
        link.pk = None
        with pytest.raises(ValueError, match="primary key"):
            _ = link.access_token

    def test_a_key_given_as_text_is_the_same_key(self, alice: User) -> None:
        key = str(uuid.uuid4())
        Connection.objects.create(id=key, user=alice, provider="anilist", access_token=TOKEN)
        assert Connection.objects.get(pk=key).access_token == Secret(TOKEN)

    def test_rows_are_copied_and_pickled_sealed(self, link: Connection) -> None:
        found = Connection.objects.get(pk=link.pk)
        _ = found.access_token
        assert TOKEN.encode() not in pickle.dumps(found)
        assert pickle.loads(pickle.dumps(found)).access_token == Secret(TOKEN)
        assert copy.deepcopy(found).access_token == Secret(TOKEN)

    def test_a_row_with_a_waiting_secret_is_not_pickled(self, alice: User) -> None:
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(Connection(user=alice, provider="anilist", access_token=TOKEN))


class TestKeptOut:
    def test_fixtures_leave_it_out(self, link: Connection) -> None:
        out = io.StringIO()
        call_command("dumpdata", "integrations.Connection", stdout=out)
        assert json.loads(out.getvalue())[0]["fields"]["provider"] == "anilist"
        for format_ in ("json", "xml", "jsonl", "python"):
            text = str(serializers.serialize(format_, Connection.objects.all()))
            assert "access_token" not in text
            assert TOKEN not in text

    def test_loading_such_a_fixture_gives_a_row_without_secrets(self, link: Connection) -> None:
        text = serializers.serialize("json", [link])
        link.delete()
        for row in serializers.deserialize("json", text):
            row.save()
        assert Connection.objects.get().access_token is None

    def test_a_fixture_with_a_secret_is_refused(self, link: Connection) -> None:
        data = json.loads(serializers.serialize("json", [link]))
        data[0]["fields"]["access_token"] = "smuggled"
        with pytest.raises(serializers.base.DeserializationError, match="not read from fixtures"):
            list(serializers.deserialize("json", json.dumps(data)))

    def test_asking_the_field_for_its_text_is_refused(self, link: Connection) -> None:
        field = Connection._meta.get_field("access_token")
        with pytest.raises(TypeError, match="never written to a fixture"):
            field.value_to_string(link)
        assert str(field.value_from_object(link)) == crypto.MASK
        assert field.value_from_object(link) == Secret("****")
        assert field.value_from_object(Connection()) is None

    def test_forms_and_admin_pages_do_not_have_it(self, link: Connection) -> None:
        assert "access_token" not in modelform_factory(Connection, fields="__all__").base_fields
        with pytest.raises(FieldError):
            modelform_factory(Connection, fields=["access_token"])
        page = ModelAdmin(Connection, AdminSite())
        assert "access_token" not in page.get_fields(None)  # type: ignore[arg-type]

    def test_validation_leaves_it_as_it_is(self, link: Connection) -> None:
        link.full_clean()
        assert link.__dict__["access_token"] == raw(link)

    def test_no_print_of_a_row_shows_it(self, alice: User) -> None:
        row = Connection(user=alice, provider="anilist", access_token=TOKEN)
        assert TOKEN not in f"{row!r}{row}{row.__dict__}"

    def test_no_secret_reaches_the_sql_log(self, alice: User, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(1) as caught:
            Connection.objects.create(user=alice, provider="anilist", access_token=TOKEN)
        assert TOKEN not in str(caught.captured_queries)


class TestDeclaration:
    def test_migrations_are_stable(self) -> None:
        for model in (Connection, ProviderApp, LinkAttempt):
            for field in model._meta.local_concrete_fields:
                if isinstance(field, EncryptedTextField):
                    _, path, args, options = field.deconstruct()
                    assert (path, list(args), options) == (
                        "integrations.fields.EncryptedTextField",
                        [],
                        {"null": True, "blank": True},
                    )
                    again = EncryptedTextField(*args, **options)
                    assert MigrationWriter.serialize(again)[0] == MigrationWriter.serialize(field)[0]

    @isolate_apps("integrations")
    def test_a_model_that_cannot_hold_it_is_named_by_the_checks(self) -> None:
        class Numbered(models.Model):
            word = EncryptedTextField(unique=True)

            class Meta:
                app_label = "integrations"

        class Keyed(models.Model):
            id = models.UUIDField(primary_key=True, default=uuid.uuid4)
            word = EncryptedTextField()

            class Meta:
                app_label = "integrations"

        assert {problem.id for problem in Numbered._meta.get_field("word").check()} == {
            "integrations.E001",
            "integrations.E002",
        }
        assert Keyed._meta.get_field("word").check() == []

    def test_the_ring_follows_the_settings(self, settings: Any) -> None:
        settings.TOKEN_KEYS = crypto.new_key("a1")
        assert current_keyring().ids == ("a1",)
        settings.TOKEN_KEYS = crypto.sample_key()
        with pytest.raises(crypto.SampleKey):
            current_keyring()
        settings.ALLOW_SAMPLE_KEYS = True
        assert current_keyring().ids == ("test",)
