"""Every table with rows of a person: what of it they get with their whole account, or why it is left out.

Tables go by their labels, so that those of other rooms and of allauth can be named. A test walks all models that lead
to a person and fails for one, or for a column of one, that is not named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WOULD_OPEN = "a secret: it would open what it belongs to"
HASH = "cannot be turned back into anything"
INNER = "says nothing of the person"
OWNER = "the person themselves"


@dataclass(frozen=True, slots=True)
class Table:
    """file: its name in the archive, without ending. about: one sentence for the person. owner: the way to them.

    fields: what they get. more: read along another table. left: {field: why it is left out}.
    """

    label: str
    file: str
    about: str
    fields: tuple[str, ...]
    more: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    owner: str = "user"


TABLES: tuple[Table, ...] = (
    Table(
        "accounts.User",
        "account",
        "Who you are here.",
        ("id", "email", "timezone", "date_joined", "last_login", "is_active", "is_staff", "is_superuser"),
        left={"password": HASH},
        owner="pk",
    ),
    Table(
        "account.EmailAddress",
        "addresses",
        "Your e-mail addresses.",
        ("email", "verified", "primary"),
        left={"id": INNER, "user": OWNER},
    ),
    Table(
        "accounts.AccessKey",
        "access_keys",
        "Your access keys, without what makes them work.",
        ("name", "prefix", "scopes", "created_at", "expires_at", "last_used_at"),
        left={"id": INNER, "user": OWNER, "digest": HASH},
    ),
    Table(
        "mfa.Authenticator",
        "second_factors",
        "Your second factors, without what makes them work.",
        ("type", "created_at", "last_used_at"),
        left={"id": INNER, "user": OWNER, "data": WOULD_OPEN},
    ),
    Table(
        "integrations.Connection",
        "connections",
        "Your links to services and their settings, without the access that they give.",
        (
            *("id", "provider", "account_id", "account_name", "account_url", "account_settings", "state", "message"),
            *("direction", "policy", "removals", "fields", "kinds", "options", "interval_minutes", "intervals"),
            *(
                "adapts",
                "automatic",
                "asks_first",
                "approved_at",
                "linked_at",
                "last_synced_at",
                "moved_at",
                "created_at",
            ),
            "token_expires_at",
        ),
        left={
            **dict.fromkeys(("access_token", "refresh_token"), WOULD_OPEN),
            **dict.fromkeys(("app", "token_version", "token_due_at", "message_code"), INNER),
            "user": OWNER,
        },
    ),
    Table(
        "integrations.ProviderApp",
        "apps",
        "Your own apps at services, without their secrets.",
        ("provider", "client_id", "created_at"),
        left={"id": INNER, "user": OWNER, "client_secret": WOULD_OPEN},
    ),
    Table(
        "integrations.Play",
        "plays",
        "Plays that were recorded at a service for you.",
        ("connection", "account_id", "item", "watched_at", "state", "sent_at"),
        left={"id": INNER, "user": OWNER},
    ),
    Table(
        "library.PersonMatch",
        "matches",
        "Your own choices of which work an entry of a service is.",
        ("provider", "kind", "external_id", "created_at"),
        more=("media__title",),
        left={"id": INNER, "user": OWNER, "media": "told by its title"},
    ),
    Table(
        "library.EpisodeRange",
        "places",
        "Where you said that a title is, on services that count by shows.",
        (
            *("site", "site_id", "first", "last", "target_kind", "target_site", "target_id", "season", "start"),
            *("numbering", "per_entry", "per_target", "first_seen_at", "gone_at"),
        ),
        left={**dict.fromkeys(("id", "source", "state", "flag"), INNER), "user": OWNER},
    ),
    Table(
        "library.ListEntry",
        "entries",
        "Your list as it is stored, with what was removed. `list.json` is the same for other programs.",
        (
            *("status", "progress", "progress_volumes", "score", "started_on", "finished_on", "repeats", "notes"),
            *("private", "stamps", "revision", "removed_at", "removed_by", "created_at", "updated_at"),
        ),
        more=("media__kind", "media__title"),
        left={"id": INNER, "user": OWNER, "media": "told by its title"},
    ),
    Table(
        "syncing.SyncRun",
        "runs",
        "Every sync and import.",
        (
            *("id", "provider", "purpose", "trigger", "state", "undoes", "full", "started_at", "finished_at"),
            *("checks", "entries_read", "library_changes", "writes", "skipped", "failed", "requests"),
            *("error_code", "message"),
        ),
        more=("media__title",),
        left={
            "user": OWNER,
            "connection": "told by the provider",
            "media": "told by its title",
            "lease_token": INNER,
        },
    ),
    Table(
        "syncing.Change",
        "journal",
        "Every change, with the value before and after.",
        (
            *("id", "run", "kind", "remote_id", "title", "side", "source", "action", "before", "after", "state"),
            *("reason", "message", "stamps", "undoes", "created_at", "settled_at"),
        ),
        left={"user": OWNER, "connection": "told by the run", "media": "told by its title"},
    ),
    Table(
        "syncing.Unmatched",
        "unmatched",
        "Titles without a counterpart.",
        ("kind", "remote_id", "title", "reason", "candidates", "first_seen_at", "retry_at"),
        more=("connection__provider", "media__title"),
        left={"id": INNER, "user": OWNER, **dict.fromkeys(("connection", "media"), "told by its name")},
    ),
    Table(
        "syncing.Review",
        "reviews",
        "What you were asked, and what you answered.",
        ("run", "topic", "key", "summary", "state", "choice", "created_at", "decided_at"),
        more=("connection__provider", "media__title"),
        left={"id": INNER, "user": OWNER, **dict.fromkeys(("connection", "media"), "told by its name")},
    ),
    Table(
        "syncing.Parked",
        "parked",
        "Entries that a service would not take.",
        ("kind", "remote_id", "cause", "failures", "message", "last_failed_at"),
        more=("connection__provider",),
        left={"id": INNER, "user": OWNER, "connection": "told by its name", "wanted": HASH},
    ),
    Table(
        "notices.Channel",
        "channels",
        "Where you want to be told of what happens, without the addresses that let others write there.",
        ("id", "way", "name", "shown", "events", "is_on", "failures", "message", "created_at"),
        left={"user": OWNER, **dict.fromkeys(("address", "secret"), WOULD_OPEN)},
    ),
    Table(
        "notices.Notice",
        "notices",
        "What you were told.",
        (
            *("channel", "event", "key", "subject", "text", "data", "state", "tries", "message"),
            *("created_at", "due_at", "ended_at"),
        ),
        left={"id": INNER, "user": OWNER},
    ),
)

NOT_EXPORTED: Mapping[str, str] = {
    "account.EmailConfirmation": "links that were mailed and work for a short time",
    "accounts.IdempotentAnswer": "copies, kept for a day, of answers that are told elsewhere",
    "accounts.User_groups": "rights that an operator gave",
    "accounts.User_user_permissions": "rights that an operator gave",
    "admin.LogEntry": "what an operator did in the admin, to whatever it was",
    "integrations.DeviceLink": "links by a code that are on their way",
    "integrations.LinkAttempt": "links that are on their way, kept as hashes",
    "library.Library": "a counter of changes",
    "syncing.Baseline": "a packed copy of the lists at the services, which the journal and the list tell",
    "syncing.Schedule": "when the next sync is due",
}
