"""Lists in pages: `count`, `next`, `previous`, `results`; filters and order by name, and no other names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # reads our classes from the settings while it loads

LARGEST_PAGE = 200
KNOWN = {"page", "page_size", "ordering"}


class Paging(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE

    def get_page_size(self, request: Request) -> int | None:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= LARGEST_PAGE):
            sentence = _("A page holds 1 to %(most)d entries.") % {"most": LARGEST_PAGE}
            raise ValidationError({"page_size": [ErrorDetail(sentence, "invalid_page_size")]})
        return int(asked)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        page = {"type": "integer", "minimum": 1}
        size = page | {"maximum": LARGEST_PAGE, "default": self.page_size}
        return [
            {
                "name": "page",
                "in": "query",
                "schema": page,
                "description": "From 1; beyond the last there is none: 404.",
            },
            {"name": "page_size", "in": "query", "schema": size, "description": "Entries a page."},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        properties = {
            "count": {"type": "integer", "minimum": 0, "example": 1},
            "next": address | {"example": None, "description": "Address of the next page; null on the last."},
            "previous": address | {"example": None},
            "results": schema,
        }
        return {"type": "object", "required": list(properties), "properties": properties}


class Filters(DjangoFilterBackend):
    """The filters that a view names in `filterset_fields` or `filterset_class`.

    A parameter that nobody knows is an error: a mistyped filter must not answer with everything.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filterset = self.get_filterset_class(view, queryset)
        known = KNOWN | set(filterset.base_filters if filterset else ())
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            sentence = _("Known parameters are: %(names)s.") % {"names": ", ".join(sorted(known))}
            raise ValidationError({name: [ErrorDetail(sentence, "unknown_parameter")] for name in unknown})
        return super().filter_queryset(request, queryset, view)


class Order(OrderingFilter):
    """`ordering=name` or `-name`, by the fields in `ordering_fields`; the id decides among equals."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        allowed = getattr(view, "ordering_fields", ())
        asked = [name.strip() for name in request.query_params.get("ordering", "").split(",") if name.strip()]
        wrong = [name for name in asked if name.removeprefix("-") not in allowed]
        if wrong:
            sentence = _("Lists can be ordered by: %(names)s.") % {"names": ", ".join(allowed)}
            raise ValidationError({"ordering": [ErrorDetail(sentence, "invalid_ordering")]})
        return queryset.order_by(*asked, "pk") if asked else queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        allowed = getattr(view, "ordering_fields", ())
        if not allowed:
            return []
        schema = {"type": "string", "enum": [name for field in allowed for name in (field, f"-{field}")]}
        return [
            {"name": "ordering", "in": "query", "schema": schema, "description": "With a minus: the largest first."}
        ]
