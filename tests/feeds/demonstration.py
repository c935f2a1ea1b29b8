"""What the demonstration's tests compare: every row, without times and keys."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models

OURS = ("profiles", "knowledge", "feeds")
# Chained to times and keys, or written anew by every action
LOGS = {"AuditEvent", "AuditHead", "SearchChange", "LiveEvent"}


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row, without times and keys, in no order: rows are known by their place among their kind."""
    kinds = [
        model
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if model.__name__ not in LOGS and not model._meta.proxy
    ]
    place = {
        model: {
            pk: number for number, pk in enumerate(model._default_manager.order_by("pk").values_list("pk", flat=True))
        }
        for model in kinds
    }
    return {
        model.__name__: sorted((_told(row, place) for row in model._default_manager.all()), key=repr) for model in kinds
    }


def _told(row: models.Model, place: dict[type[models.Model], dict[int, int]]) -> tuple[Any, ...]:
    return tuple(
        place.get(field.related_model, {}).get(value, value) if isinstance(field, models.ForeignKey) else value
        for field in row._meta.concrete_fields
        if not field.primary_key
        and not isinstance(field, models.DateField)
        and field.name not in {"password", "request_digest"}
        for value in [getattr(row, field.attname)]
    )
