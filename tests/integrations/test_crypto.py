"""The envelope, the ring and the wrapper."""

from __future__ import annotations

import base64
import copy
import hmac
import json
import pickle
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from integrations import crypto
from integrations.crypto import Context, Keyring, Secret, open_, seal

ROOT = Path(crypto.__file__).parent.parent
RING = Keyring.parse(crypto.new_key("k1"))
HERE = Context(model="integrations.connection", row=uuid.UUID(int=7), field="access_token")
WORD = "planted-marker-0xC0FFEE"

contexts = st.builds(
    Context,
    model=st.sampled_from(["integrations.connection", "integrations.providerapp", "integrations.c", ""]),
    row=st.uuids(),
    field=st.sampled_from(["access_token", "refresh_token", "onnection.access_token"]),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


class TestEnvelope:
    @given(text=texts, context=contexts)
    def test_what_was_sealed_opens_in_its_place(self, text: str, context: Context) -> None:
        envelope = seal(text, context, RING)
        assert open_(envelope, context, RING).reveal() == text
        assert len(envelope) == crypto.HEADER_BYTES + len(text.encode()) + crypto.TAG_BYTES
        assert envelope[0] == crypto.VERSION
        assert envelope[1:5] == b"k1\0\0"

    @given(text=texts, bit=st.integers(min_value=0))
    def test_every_flipped_bit_is_refused(self, text: str, bit: int) -> None:
        envelope = bytearray(seal(text, HERE, RING))
        at = bit % (len(envelope) * 8)
        envelope[at // 8] ^= 1 << at % 8
        with pytest.raises(crypto.DecryptionError):
            open_(bytes(envelope), HERE, RING)

    def test_every_flipped_bit_of_one_envelope_is_refused(self) -> None:
        whole = seal(WORD, HERE, RING)
        for at in range(len(whole) * 8):
            envelope = bytearray(whole)
            envelope[at // 8] ^= 1 << at % 8
            with pytest.raises(crypto.DecryptionError):
                open_(bytes(envelope), HERE, RING)

    @given(text=texts, cut=st.integers(min_value=0))
    def test_every_shortened_or_lengthened_envelope_is_refused(self, text: str, cut: int) -> None:
        envelope = seal(text, HERE, RING)
        for broken in (envelope[: cut % len(envelope)], envelope + b"\0"):
            with pytest.raises(crypto.Tampered):
                open_(broken, HERE, RING)

    @given(here=contexts, there=contexts)
    def test_an_envelope_opens_in_its_own_place_only(self, here: Context, there: Context) -> None:
        envelope = seal(WORD, here, RING)
        if here == there:
            assert open_(envelope, there, RING).reveal() == WORD
        else:
            with pytest.raises(crypto.Tampered):
                open_(envelope, there, RING)

    @pytest.mark.parametrize(
        "moved", [{"model": "integrations.providerapp"}, {"row": uuid.UUID(int=8)}, {"field": "x"}]
    )
    def test_each_part_of_the_place_is_bound(self, moved: dict[str, object]) -> None:
        with pytest.raises(crypto.Tampered):
            open_(seal(WORD, HERE, RING), replace(HERE, **moved), RING)  # type: ignore[arg-type]

    def test_parts_of_the_place_cannot_slide_into_each_other(self) -> None:
        row = uuid.UUID(bytes=b"A" * 16)
        one, other = Context(model="x", row=row, field="Ab"), Context(model="xA", row=row, field="b")
        with pytest.raises(crypto.Tampered):
            open_(seal(WORD, one, RING), other, RING)

    def test_it_can_be_opened_by_hand_as_the_decision_describes(self) -> None:
        """The format is a promise to rows written years ago: docs/decisions/0003-token-encryption.md."""
        envelope = seal(WORD, HERE, RING)
        master, row = RING.keys[b"k1\0\0"], HERE.row.bytes
        pseudorandom = hmac.digest(row, master, "sha256")
        subkey = hmac.digest(pseudorandom, b"enishi/secret/v1\x01", "sha256")
        bound = b""
        for part in (b"\x01", b"integrations.connection", row, b"access_token", b"k1\0\0"):
            bound += len(part).to_bytes(4, "big") + part
        assert AESGCM(subkey).decrypt(envelope[5:17], envelope[17:], bound) == WORD.encode()

    def test_the_same_text_never_seals_to_the_same_bytes(self) -> None:
        assert len({seal(WORD, HERE, RING) for _ in range(100)}) == 100

    def test_an_unknown_key_is_named_and_no_other_key_is_tried(self) -> None:
        other = Keyring.parse(crypto.new_key("k2"))
        with pytest.raises(crypto.UnknownKey, match="'k1'") as caught:
            open_(seal(WORD, HERE, RING), HERE, other)
        assert caught.value.key_id == "k1"

    def test_a_key_of_the_same_name_but_other_bytes_is_refused(self) -> None:
        with pytest.raises(crypto.Tampered):
            open_(seal(WORD, HERE, RING), HERE, Keyring.parse(crypto.new_key("k1")))

    def test_relabelling_the_key_id_is_refused(self) -> None:
        both = Keyring({**RING.keys, b"k2\0\0": RING.keys[b"k1\0\0"]})
        envelope = seal(WORD, HERE, both)
        with pytest.raises(crypto.Tampered):
            open_(envelope[:1] + b"k2\0\0" + envelope[5:], HERE, both)

    def test_the_first_key_writes_and_all_read(self) -> None:
        old, new = crypto.new_key("old"), crypto.new_key("new")
        sealed_before = seal(WORD, HERE, Keyring.parse(old))
        rotated = Keyring.parse(f"{new},{old}")
        assert open_(sealed_before, HERE, rotated).reveal() == WORD
        assert crypto.show_key_id(crypto.key_id_of(seal(WORD, HERE, rotated))) == "new"

    @pytest.mark.parametrize("version", [0, 2, 255])
    def test_another_version_says_so(self, version: int) -> None:
        envelope = bytes([version]) + seal(WORD, HERE, RING)[1:]
        with pytest.raises(crypto.UnsupportedVersion, match=f"version {version}"):
            open_(envelope, HERE, RING)

    def test_plain_text_in_the_column_is_not_taken_for_a_token(self) -> None:
        with pytest.raises(crypto.UnsupportedVersion):
            open_(WORD.encode(), HERE, RING)

    def test_a_lone_surrogate_is_refused_without_showing_the_text(self) -> None:
        with pytest.raises(ValueError, match="surrogate") as caught:
            seal(WORD + "\ud800", HERE, RING)
        assert WORD not in repr(caught.value)
        assert caught.value.__context__ is None

    def test_no_error_holds_key_or_text(self) -> None:
        envelope = seal(WORD, HERE, RING)
        key = base64.b64encode(RING.keys[b"k1\0\0"]).decode()
        for broken in (b"", envelope[:9], envelope[:-1], b"\x09" + envelope[1:], envelope[:1] + b"zzzz" + envelope[5:]):
            with pytest.raises(crypto.DecryptionError) as caught:
                open_(broken, HERE, RING)
            assert WORD not in str(caught.value)
            assert key not in str(caught.value)


KEY = base64.b64encode(bytes.fromhex("9f1c7e02ab5de8347710c4f98b23d6ae5f0198c7e4b2a36d0d8f7b6c1a2e3d45")).decode()
RAW = base64.b64decode(KEY)


class TestKeyring:
    @pytest.mark.parametrize(
        ("text", "error", "says"),
        [
            ("", crypto.EmptyKeyring, "is empty"),
            (" ,\n, ", crypto.EmptyKeyring, "is empty"),
            (KEY, crypto.MalformedKey, "entry 1 .* not id:base64"),
            (f":{KEY}", crypto.MalformedKey, "entry 1"),
            (f"toolong:{KEY}", crypto.MalformedKey, "entry 1"),
            (f"k1:{KEY},ö:{KEY}", crypto.MalformedKey, "entry 2"),
            ("k1:!!!!", crypto.MalformedKey, "not base64"),
            ("k1:" + base64.b64encode(RAW[:31]).decode(), crypto.MalformedKey, "31 bytes instead of 32"),
            ("k1:" + base64.b64encode(RAW + b"\x01").decode(), crypto.MalformedKey, "33 bytes"),
            ("k1:", crypto.MalformedKey, "0 bytes"),
            (f"k1:{KEY},k1:{crypto.new_key()[3:]}", crypto.DuplicateKey, "k1 stands twice"),
            (f"k1:{KEY},k2:{KEY}", crypto.DuplicateKey, "k2 stands twice"),
            ("k1:" + base64.b64encode(bytes(32)).decode(), crypto.SampleKey, "k1"),
            ("k1:" + base64.b64encode(bytes(range(32))).decode(), crypto.SampleKey, "k1"),
            ("k1:" + base64.b64encode(b"change-me-change-me-change-me-32").decode(), crypto.SampleKey, "k1"),
            (crypto.sample_key(), crypto.SampleKey, "test"),
        ],
    )
    def test_what_cannot_be_used_is_refused_with_its_cure(
        self, text: str, error: type[crypto.KeyringError], says: str
    ) -> None:
        with pytest.raises(error, match=says) as caught:
            Keyring.parse(text)
        assert "python -m integrations.crypto" in str(caught.value)
        assert KEY not in str(caught.value)

    @pytest.mark.parametrize("secret_key", [KEY, base64.urlsafe_b64encode(RAW).decode(), KEY.rstrip("=")])
    def test_the_secret_key_is_refused(self, secret_key: str) -> None:
        with pytest.raises(crypto.ReusedSecretKey) as caught:
            Keyring.parse(f"k1:{KEY}", secret_key=secret_key)
        assert secret_key not in str(caught.value)

    def test_a_typed_secret_key_in_base64_is_refused(self) -> None:
        typed = "9f1c7e02ab5de8347710c4f98b23d6ae"
        with pytest.raises(crypto.ReusedSecretKey):
            Keyring.parse("k1:" + base64.b64encode(typed.encode()).decode(), secret_key=typed)

    def test_both_alphabets_newlines_and_missing_padding_are_read(self) -> None:
        ring = Keyring.parse(f"a1:{KEY.rstrip('=')}\n b2:{crypto.new_key()[3:].replace('+', '-').replace('/', '_')},")
        assert ring.ids == ("a1", "b2")
        assert ring.first == b"a1\0\0"
        assert ring.keys[b"a1\0\0"] == RAW

    def test_a_new_key_is_accepted_and_new_each_time(self) -> None:
        assert len({crypto.new_key("k9") for _ in range(50)}) == 50
        assert Keyring.parse(crypto.new_key("k9")).ids == ("k9",)
        with pytest.raises(crypto.MalformedKey):
            crypto.new_key("k-9")

    def test_the_cure_in_the_messages_works(self) -> None:
        """In a process of its own, without Django and without settings."""
        run = [sys.executable, "-m", "integrations.crypto", "k7"]
        said = subprocess.run(run, capture_output=True, text=True, check=True, timeout=30, env={}, cwd=ROOT).stdout
        assert Keyring.parse(said).ids == ("k7",)

    def test_the_sample_key_works_where_it_is_allowed(self) -> None:
        assert Keyring.parse(crypto.sample_key(), allow_samples=True).ids == ("test",)

    def test_it_prints_ids_only_and_is_not_pickled(self) -> None:
        ring = Keyring.parse(f"a1:{KEY}")
        assert repr(ring) == str(ring) == "Keyring(a1)"
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(ring)


class TestSecret:
    secret = Secret(WORD)

    def test_it_gives_its_text_only_when_asked(self) -> None:
        assert self.secret.reveal() == WORD

    def test_every_way_to_print_it_gives_a_mask(self) -> None:
        ways = [
            str(self.secret),
            repr(self.secret),
            f"{self.secret}",
            f"{self.secret:>40}",
            "%s" % self.secret,  # noqa: UP031
            "%r" % (self.secret,),  # noqa: UP031
            repr([self.secret]),
            repr({"token": self.secret}),
            json.dumps({"token": self.secret}, default=str),
        ]
        assert [way for way in ways if WORD in way] == []
        assert ways[0] == ways[2] == ways[3] == crypto.MASK

    def test_json_refuses_it(self) -> None:
        with pytest.raises(TypeError):
            json.dumps(self.secret)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_it_is_not_pickled(self, protocol: int) -> None:
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(self.secret, protocol)

    def test_copies_are_itself(self) -> None:
        assert copy.copy(self.secret) is self.secret
        assert copy.deepcopy({"a": [self.secret]})["a"][0] is self.secret

    def test_it_equals_the_same_secret_and_never_a_str(self) -> None:
        assert self.secret == Secret(WORD)
        assert self.secret != Secret(WORD + " ")
        assert self.secret != WORD
        assert Secret("é\ud800") == Secret("é\ud800")

    def test_it_has_no_hash_no_dict_and_does_not_change(self) -> None:
        with pytest.raises(TypeError):
            hash(self.secret)
        assert not hasattr(self.secret, "__dict__")
        with pytest.raises(AttributeError):
            self.secret._text = "x"
        with pytest.raises(AttributeError):
            del self.secret._text

    def test_its_fingerprint_is_four_hex_digits(self) -> None:
        assert self.secret.fingerprint() == Secret(WORD).fingerprint()
        assert len(self.secret.fingerprint()) == 4
        assert self.secret.fingerprint() != Secret(WORD + "x").fingerprint()

    def test_it_holds_text_only(self) -> None:
        with pytest.raises(TypeError, match="bytes"):
            Secret(b"x")  # type: ignore[arg-type]
