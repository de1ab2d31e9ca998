"""`{% static %}` for the gallery: an address below /static/, without looking for the file."""

from __future__ import annotations

from django import template

register = template.Library()


@register.simple_tag
def static(path: str) -> str:
    return f"/static/{path}"
