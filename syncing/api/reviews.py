"""The review tray: what waits for a person's yes or no."""

from __future__ import annotations

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import filters
from accounts.api.idempotency import idempotent
from accounts.api.problems import FieldError, Problem
from accounts.api.schema import example
from accounts.api.views import PagedView, PersonView
from syncing import queries
from syncing.api import serializers
from syncing.api.examples import REVIEW
from syncing.models import Review
from syncing.services import reviewing


class ReviewFilter(filters.Filters):
    provider = filters.CharFilter(field_name="connection__provider", max_length=32)
    topic = filters.CharFilter(max_length=16)
    media = filters.IdFilter(field_name="media_id")

    class Meta:
        model = Review
        fields = ()


@extend_schema(tags=["reviews"])
class Reviews(PagedView):
    scopes = {"POST": "sync"}
    filterset_class = ReviewFilter
    queryset = Review.objects.none()

    @extend_schema(
        summary="List open questions, the oldest first",
        responses=serializers.ReviewSerializer(many=True),
        examples=[example("A removal", REVIEW)],
    )
    def get(self, request: Request) -> Response:
        rows = self.filter_queryset(queries.reviews_for_user(self.person))
        return self.answer_page(rows, serializers.ReviewSerializer)

    @extend_schema(
        summary="Answer many questions",
        operation_id="reviews_answer_many",
        request=serializers.AnswersSerializer,
        responses=serializers.AnsweredShape,
        examples=[
            example("Two", {"answers": [{"id": 7, "choice": "approve"}, {"id": 8, "choice": "discard"}]}, request=True),
            example("Both", {"answered": 2}),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """All or nothing. A question that was answered already keeps its answer."""
        answers = self.read(serializers.AnswersSerializer)["answers"]
        mine = Review.objects.filter(user=self.person).in_bulk([answer["id"] for answer in answers])
        for at, answer in enumerate(answers):
            review = mine.get(answer["id"])
            if review is None:
                raise Problem("invalid", errors=[FieldError(f"answers.{at}.id", "not_found", "No such question.")])
            if answer["choice"] not in (fitting := serializers.choices_of(review)):
                text = f"Choose one of: {', '.join(fitting)}."
                raise Problem("invalid", errors=[FieldError(f"answers.{at}.choice", "invalid_choice", text)])
        with transaction.atomic():
            # In one order, so that of two that answer at once none waits for the other for ever.
            for answer in sorted(answers, key=lambda one: (mine[one["id"]].connection_id, one["id"])):
                reviewing.decide(self.person, review_id=answer["id"], choice=answer["choice"])
        return Response({"answered": len(answers)})


@extend_schema(tags=["reviews"])
class OneReview(PersonView):
    scopes = {"POST": "sync"}

    @extend_schema(
        summary="Show a question", responses=serializers.ReviewSerializer, examples=[example("A removal", REVIEW)]
    )
    def get(self, request: Request, review_id: int) -> Response:
        return Response(self.show(serializers.ReviewSerializer, queries.any_review_for_user(self.person, review_id)))

    @extend_schema(
        summary="Answer a question",
        operation_id="reviews_answer",
        request=serializers.AnswerSerializer,
        responses=serializers.ReviewSerializer,
        examples=[
            example("Yes", {"choice": "approve"}, request=True),
            example("Answered", {**REVIEW, "state": "approved", "choice": "approve"}),
        ],
    )
    @idempotent
    def post(self, request: Request, review_id: int) -> Response:
        """The next run, which starts soon, acts on it. Answering twice changes nothing."""
        choice = self.read(serializers.AnswerSerializer)["choice"]
        reviewing.decide(self.person, review_id=review_id, choice=choice)
        return Response(self.show(serializers.ReviewSerializer, queries.any_review_for_user(self.person, review_id)))
