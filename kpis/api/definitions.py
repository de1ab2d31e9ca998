"""What all definitions have in common over HTTP: list, create, read, change, delete.

A resource says its rows (`rows`), its body (`serializer_class`), who may change it (`changes`) and three verbs of its
room. Bodies are checked here, rules live there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.query import QuerySet as Rows
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from kpis.access.rights import Action, Actor
from kpis.api.idempotency import Idempotent
from kpis.api.permissions import Asker, ReadOrManage, asker
from kpis.plumbing import clock


class Definitions(Idempotent, GenericViewSet):
    """The five verbs of a resource. Who is asking goes into every query and every change."""

    permission_classes = [ReadOrManage]
    changes: Action
    nouns: tuple[str, str]  # one and many, as the documentation says them
    ordering_fields: tuple[str, ...] = ()
    filterset_fields: Any = ()

    # -- what a resource says ---------------------------------------------------------------------------------------

    def rows(self, who: Actor) -> QuerySet[Any]:
        raise NotImplementedError

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Model:
        raise NotImplementedError

    def change_row(self, row: Any, fields: Mapping[str, Any], **who_and_when: Any) -> object:
        raise NotImplementedError

    def delete_row(self, row: Any, **who_and_when: Any) -> None:
        raise NotImplementedError

    # -- what they share --------------------------------------------------------------------------------------------

    @property
    def who(self) -> Asker:
        return asker(self.request)

    def get_queryset(self) -> Rows[Any]:
        if getattr(self, "swagger_fake_view", False):  # the schema is being written: nobody asks
            return self.get_serializer_class().Meta.model._default_manager.none()  # type: ignore[attr-defined]
        return self.rows(self.who)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "asker": self.who if self.request else None}

    def acting(self) -> dict[str, Any]:
        """`by` and `at` of a change."""
        return {"by": self.who, "at": clock.now()}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = self.create_row(body.validated_data, **self.acting())
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._change(request, partial=False)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._change(request, partial=True)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.delete_row(self.get_object(), **self.acting())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, *, partial: bool) -> Response:
        row = self.get_object()
        body = self.get_serializer(row, data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        self.change_row(row, body.validated_data, **self.acting())
        return Response(self.get_serializer(self.get_object()).data)


COLLECTION: dict[str, Any] = {"get": "list", "post": "create"}
MEMBER: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
