"""Forms of a connection: what to sync and how, an app of one's own, a sign-in, a pasted token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from integrations.models import Connection, Direction, Policy, Removals
from integrations.providers.base import Provider
from integrations.services.sessions import chosen_options
from integrations.services.signing_in import LONGEST
from library.entry import FIELDS, Kind
from library.words import field_words, kind_words

INTERVALS = {
    15: "every 15 minutes",
    30: "every 30 minutes",
    60: "every hour",
    180: "every 3 hours",
    360: "every 6 hours",
    720: "every 12 hours",
    1440: "every day",
    10080: "every week",
}
_DIRECTIONS = {
    Direction.BIDIRECTIONAL: "Both ways",
    Direction.IMPORT_ONLY: "Only from {name} into the library; {name} is never changed",
    Direction.EXPORT_ONLY: "Only from the library to {name}; edits there are not taken",
}
_POLICIES = {
    Policy.NEWEST: "The most recent edit wins",
    Policy.LIBRARY: "The library wins",
    Policy.PROVIDER: "{name} wins",
    Policy.FURTHEST: "The furthest progress wins; for the rest, the most recent edit",
    Policy.ASK: "Ask me each time",
}
_REMOVALS = {
    Removals.ASK: "Ask me before anything is removed",
    Removals.YES: "Carry removals over by themselves",
    Removals.NO: "Never remove anything",
}


class OptionsForm(forms.Form):
    direction = forms.ChoiceField(widget=forms.RadioSelect)
    policy = forms.ChoiceField(label="When both sides changed the same thing", widget=forms.RadioSelect)
    removals = forms.ChoiceField(label="When something was removed from a list", widget=forms.RadioSelect)
    interval_minutes = forms.TypedChoiceField(label="How often", coerce=int)
    automatic = forms.BooleanField(
        label="Sync by itself",
        required=False,
        help_text="By the clock, and soon after you change something here. Off: only when you press Sync now.",
    )
    adapts = forms.BooleanField(
        label="Check more often while that list changes, less often while it does not",
        required=False,
        help_text="What you choose above is the middle. Your own edits here travel within seconds in any case.",
    )
    kinds = forms.MultipleChoiceField(label="Lists", widget=forms.CheckboxSelectMultiple)
    fields_ = forms.MultipleChoiceField(label="What is synced", widget=forms.CheckboxSelectMultiple)
    asks_first = forms.BooleanField(
        label="Show me the first sync before it happens", required=False, help_text="Recommended."
    )

    def __init__(self, data: Any = None, *, connection: Connection, provider: Provider) -> None:
        self.all_kinds = [str(kind) for kind in Kind if kind in provider.kinds]
        self.all_names = syncable_fields(provider, connection)
        super().__init__(data, initial=self._initial(connection, provider))
        self._choose("direction", _named(_DIRECTIONS, provider.name))
        self._choose("policy", _named(_POLICIES, provider.name))
        self._choose("removals", _named(_REMOVALS, provider.name))
        self._choose("kinds", [(kind, kind_words(kind)) for kind in self.all_kinds])
        self._choose("fields_", [(name, _both_words(name, self.all_kinds)) for name in self.all_names])
        self._choose("interval_minutes", _intervals(connection.interval_minutes))
        # With one kind only the question was answered above.
        self.timed = {f"interval_{kind}": kind for kind in self.all_kinds} if len(self.all_kinds) > 1 else {}
        for name, kind in self.timed.items():
            self.fields[name] = forms.TypedChoiceField(
                label=f"How often, {kind_words(kind)}",
                coerce=int,
                empty_value=None,
                required=False,
                choices=[("", "as above"), *_intervals(connection.intervals.get(kind, connection.interval_minutes))],
            )
        self.order_fields(["direction", "policy", "removals", "automatic", "interval_minutes", *self.timed, "adapts"])
        self.asked = {f"option_{option.name}": option.name for option in provider.options}
        for option in provider.options:
            self.fields[f"option_{option.name}"] = forms.ChoiceField(
                label=option.label, choices=option.choices, help_text=option.help
            )

    def _initial(self, connection: Connection, provider: Provider) -> dict[str, Any]:
        return {
            "direction": connection.direction,
            "policy": connection.policy,
            "removals": connection.removals,
            "interval_minutes": connection.interval_minutes,
            **{f"interval_{kind}": minutes for kind, minutes in connection.intervals.items()},
            "automatic": connection.automatic,
            "adapts": connection.adapts,
            "kinds": connection.kinds or self.all_kinds,
            "fields_": connection.fields or self.all_names,
            "asks_first": connection.asks_first,
            **{f"option_{name}": choice for name, choice in chosen_options(provider, connection).items()},
        }

    def tell(self, errors: Mapping[str, str]) -> None:
        """What set_options refused, at the fields it is about."""
        for name, text in errors.items():
            known = f"{name}_" if name == "fields" else name
            self.add_error(known if known in self.fields else None, text)

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def options(self) -> dict[str, Any]:
        """Keyword arguments of set_options. Everything chosen is stored as [], so that a field which the service
        learns to hold later is synced too. Only after is_valid()."""
        chosen = dict(self.cleaned_data)
        names, kinds = chosen.pop("fields_"), chosen.pop("kinds")
        answers = {name: chosen.pop(field) for field, name in self.asked.items()}
        timed = {kind: chosen.pop(field) for field, kind in self.timed.items()}
        return {
            **chosen,
            "intervals": {kind: minutes for kind, minutes in timed.items() if minutes is not None},
            **({"options": answers} if answers else {}),
            "fields": [] if set(names) == set(self.all_names) else names,
            "kinds": [] if set(kinds) == set(self.all_kinds) else kinds,
        }


def syncable_fields(provider: Provider, connection: Connection) -> list[str]:
    """Entry fields that this account can hold for any kind, in the order of FIELDS."""
    held: set[str] = set()
    for kind in provider.kinds:
        held |= provider.capability(kind, connection.account_settings).fields
    return [name for name in FIELDS if name in held]


def _named(choices: dict[Any, str], name: str) -> list[tuple[str, str]]:
    return [(str(value), label.format(name=name)) for value, label in choices.items()]


def _both_words(name: str, kinds: list[str]) -> str:
    return " / ".join(dict.fromkeys(field_words(kind, name) for kind in kinds))


def _intervals(present: int) -> list[tuple[int, str]]:
    return sorted({**INTERVALS, present: INTERVALS.get(present, f"every {present} minutes")}.items())


class AppForm(forms.Form):
    """Client id and secret of a person's own. What was stored is never shown again."""

    client_id = forms.CharField(label="Client ID", max_length=255, strip=True)
    client_secret = forms.CharField(
        label="Client secret",
        max_length=1000,
        strip=True,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Stored encrypted and never shown again. Empty keeps the one you stored for the same client ID.",
    )

    def __init__(self, data: Any = None, *, provider: Provider) -> None:
        super().__init__(data)
        if provider.oauth.secret_optional:
            self.fields["client_secret"].label = "Client secret, if your app has one"


class SignInForm(forms.Form):
    """What a person signs in with at the service. A browser should not offer the password they have here."""

    username = forms.CharField(
        max_length=LONGEST, strip=True, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    password = forms.CharField(
        max_length=LONGEST, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, data: Any = None, *, provider: Provider) -> None:
        super().__init__(data)
        self.fields["username"].label = provider.oauth.username_label
        self.fields["password"].label = f"Password at {provider.name}"


class TokenForm(forms.Form):
    token = forms.CharField(
        max_length=20_000,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="The token, or the whole address that it stands in. Stored encrypted and never shown again.",
    )
