"""Two endpoints as they are usually written with Django REST framework, served exactly as the portal is."""

from __future__ import annotations

import os
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.peers.drf_settings"

from django.core.wsgi import get_wsgi_application

from roi_portal.bridge import Bridge

_wsgi = get_wsgi_application()
application = Bridge(_wsgi, threads=8, body_at_most=64 * 1024 * 1024)

from django.urls import path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from bench.peers.models import Kpi, Point  # noqa: E402


class AllAtOnce(serializers.ListSerializer):
    def create(self, validated_data: list[dict[str, Any]]) -> list[Point]:
        return Point.objects.bulk_create([Point(**fields) for fields in validated_data])


class UsualPoint(serializers.ModelSerializer):
    """A ModelSerializer with `many=True`; its related field asks for each point's KPI."""

    kpi = serializers.SlugRelatedField(slug_field="key", queryset=Kpi.objects.all())

    class Meta:
        model = Point
        fields = ["id", "kpi", "at", "value", "weight", "created_at"]
        list_serializer_class = AllAtOnce


class Usual(APIView):
    def post(self, request: Request) -> Response:
        points = UsualPoint(data=request.data["measurements"], many=True)
        points.is_valid(raise_exception=True)
        points.save()
        return Response(points.data, status=201)


class TunedPoint(serializers.Serializer):
    kpi = serializers.CharField()
    at = serializers.DateTimeField()
    value = serializers.FloatField()
    weight = serializers.FloatField(default=1)


class Tuned(APIView):
    """As somebody writes it who knows where the time goes: KPIs once, an upsert in bulk, no echo."""

    def post(self, request: Request) -> Response:
        points = TunedPoint(data=request.data["measurements"], many=True)
        points.is_valid(raise_exception=True)
        ids = dict(Kpi.objects.values_list("key", "id"))
        Point.objects.bulk_create(
            [
                Point(kpi_id=ids[p["kpi"]], at=p["at"], value=p["value"], weight=p["weight"])
                for p in points.validated_data
            ],
            update_conflicts=True,
            unique_fields=["kpi", "at"],
            update_fields=["value", "weight"],
        )
        return Response({"accepted": len(points.validated_data)}, status=201)


urlpatterns = [path("usual/", Usual.as_view()), path("tuned/", Tuned.as_view())]
