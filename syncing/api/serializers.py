"""Runs, changes and questions, as the API shows and reads them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from library.entry import Kind
from library.files.model import Format
from syncing.core.intake import POLICIES
from syncing.models import Change, ChangeState, Review, ReviewState, RunState, SyncRun
from syncing.services.asking import ALL

KINDS = [str(kind) for kind in Kind]
PURPOSES = ("sync", "preview", "import", "undo")
IMPORT_POLICIES = list(POLICIES)
TRIGGERS = ("schedule", "person", "edit", "command")
ACTIONS = ("create", "update", "remove")
CHOICES = ("approve", "discard", "library", "provider")
MOST_ANSWERS = 100


class ProgressShape(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(("read", "plan", "library", "write"))
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class RunSerializer(serializers.ModelSerializer[SyncRun]):
    purpose = serializers.ChoiceField(PURPOSES)
    trigger = serializers.ChoiceField(TRIGGERS)
    state = serializers.ChoiceField(RunState.choices)
    media = serializers.IntegerField(source="media_id", allow_null=True, help_text="Only this work, where it is one.")
    undoes = serializers.UUIDField(source="undoes_id", allow_null=True, help_text="The run that it puts back.")
    checks = serializers.IntegerField(help_text="Runs without changes that are told by this one.")

    class Meta:
        model = SyncRun
        fields = (
            *("id", "provider", "purpose", "trigger", "state", "full", "media", "undoes", "started_at", "finished_at"),
            *("checks", "entries_read", "library_changes", "writes", "skipped", "failed", "requests"),
            *("error_code", "message"),
        )
        read_only_fields = fields


class RunDetailSerializer(RunSerializer):
    progress = ProgressShape(allow_null=True, help_text="While it is at work and somebody waits for it.")
    review = serializers.IntegerField(allow_null=True, help_text="The question that the whole run waits for.")
    undoable = serializers.IntegerField(help_text="Changes that an undo would put back.")
    planned = serializers.DictField(
        child=serializers.IntegerField(), help_text="Of an import that waits for a yes: what it would do, by action."
    )

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "progress", "review", "undoable", "planned")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class ChangeSerializer(serializers.ModelSerializer[Change]):
    run = serializers.UUIDField(source="run_id", allow_null=True, help_text="null: an edit in the library here.")
    provider = serializers.SerializerMethodField(help_text='"" where no connection was part of it.')
    media = serializers.IntegerField(source="media_id", allow_null=True)
    action = serializers.ChoiceField(ACTIONS)
    before = serializers.DictField(allow_null=True, help_text="The changed fields; null: it was not there.")
    after = serializers.DictField(allow_null=True, help_text="null: removed.")
    state = serializers.ChoiceField(ChangeState.choices)
    is_undone = serializers.BooleanField(help_text="Put back, or about to be.")
    undoes = serializers.IntegerField(source="undoes_id", allow_null=True)

    class Meta:
        model = Change
        fields = (
            *("id", "run", "provider", "media", "kind", "remote_id", "title", "side", "source", "action", "before"),
            *("after", "state", "reason", "message", "undoes", "is_undone", "created_at", "settled_at"),
        )
        read_only_fields = fields

    def get_provider(self, change: Change) -> str:
        return change.connection.provider if change.connection is not None else ""


class ReviewSerializer(serializers.ModelSerializer[Review]):
    provider = serializers.CharField(source="connection.provider")
    run = serializers.UUIDField(source="run_id", allow_null=True)
    media = serializers.IntegerField(source="media_id", allow_null=True)
    summary = serializers.DictField(help_text="What is asked, in figures or as before and after.")
    state = serializers.ChoiceField(ReviewState.choices)
    choices = serializers.ListField(child=serializers.ChoiceField(CHOICES))

    class Meta:
        model = Review
        fields = (
            *("id", "provider", "topic", "run", "media", "summary", "choices", "state", "choice"),
            *("created_at", "decided_at"),
        )
        read_only_fields = fields

    def to_representation(self, instance: Review) -> dict[str, Any]:
        instance.choices = choices_of(instance)  # type: ignore[attr-defined]
        return super().to_representation(instance)


def choices_of(review: Review) -> list[str]:
    return ["library", "provider"] if review.topic == "conflict" else ["approve", "discard"]


class AnswerSerializer(serializers.Serializer[Any]):
    choice = serializers.ChoiceField(CHOICES)


class OneAnswerSerializer(AnswerSerializer):
    id = serializers.IntegerField(min_value=0, max_value=2**63 - 1)


class AnswersSerializer(serializers.Serializer[Any]):
    answers = OneAnswerSerializer(many=True, min_length=1, max_length=MOST_ANSWERS)  # type: ignore[call-arg] # many makes it a list, which takes them


class AnsweredShape(serializers.Serializer[Any]):
    answered = serializers.IntegerField()


class SyncSerializer(serializers.Serializer[Any]):
    integration_type = serializers.CharField(
        required=False, default=ALL, max_length=32, help_text="A provider, or all: whatever is linked and not paused."
    )
    force_full_sync = serializers.BooleanField(
        required=False, default=False, help_text="Read and compare everything, though nothing seems to have moved."
    )
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Make a preview; nothing is changed.")
    media = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2**63 - 1, help_text="Only this work of the library."
    )
    external_id = serializers.CharField(
        required=False, max_length=64, help_text="Or the work that `integration_type` calls so."
    )
    kind = serializers.ChoiceField(("anime", "manga"), required=False, help_text="Of external_id.")


class SyncShape(serializers.Serializer[Any]):
    runs = RunSerializer(many=True)


class ImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(
        allow_empty_file=True,
        help_text="MyAnimeList's XML, packed or not, or JSON or CSV as Enishi writes them; up to 32 MB.",
    )
    policy = serializers.ChoiceField(
        IMPORT_POLICIES,
        default="newest",
        help_text="Where the library says something else. newest: the newer value; one without a time loses. file. "
        "library: only what it lacks is taken. furthest: the furthest progress, else the newer value.",
    )


class ExportSerializer(serializers.Serializer[Any]):
    format = serializers.ChoiceField([str(each) for each in Format], default=str(Format.JSON))
    kind = serializers.ChoiceField(KINDS, required=False, help_text="mal_xml holds one kind and needs it.")
    private = serializers.BooleanField(
        required=False,
        help_text="Private entries too: by default in json and csv, which say so, and not in mal_xml, which cannot.",
    )


class ExportedTableShape(serializers.Serializer[Any]):
    file = serializers.CharField(help_text="Below tables/ in the ZIP, with the ending .jsonl.")
    about = serializers.CharField()


class LeftOutShape(serializers.Serializer[Any]):
    what = serializers.CharField()
    why = serializers.CharField()


class EverythingShape(serializers.Serializer[Any]):
    tables = ExportedTableShape(many=True)
    left_out = LeftOutShape(many=True)
