"""AuditEvent: who changed rights, rules or other people's things. Append-only, each row sealed over the last."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any, NoReturn

from django.db import models
from django.utils import timezone


class AppendOnly(Exception):
    """Somebody tried to change or delete an audit row."""


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Audit rows; they can be read and, by `profiles.actions.audit`, added."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit events are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Audit events are never deleted.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit events are never changed.")


class AuditEvent(models.Model):
    """One audited act.

    `hash` is SHA-256 over `previous_hash` and the canonical JSON of the row, so that a changed, removed or
    inserted row breaks the chain at its place.
    """

    position = models.PositiveBigIntegerField(unique=True, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=60, editable=False)
    actor = models.ForeignKey(
        "profiles.User", on_delete=models.PROTECT, null=True, editable=False, related_name="audited_acts"
    )
    object_type = models.CharField(max_length=40, blank=True, editable=False)
    object_id = models.BigIntegerField(null=True, editable=False)
    object_name = models.CharField(max_length=250, blank=True, editable=False)
    details = models.JSONField(default=dict, editable=False)
    previous_hash = models.CharField(max_length=64, editable=False)
    hash = models.CharField(max_length=64, editable=False)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_by_object")]

    def __str__(self) -> str:
        return f"{self.position}: {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnly("Audit events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit events are never deleted.")

    def seal(self) -> str:
        """The hash this row must carry."""
        content = {
            "position": self.position,
            "at": self.at.astimezone(datetime.UTC).isoformat(),
            "action": self.action,
            "actor": self.actor_id,
            "object": [self.object_type, self.object_id, self.object_name],
            "details": self.details,
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(f"{self.previous_hash}{canonical}".encode()).hexdigest()


class AuditHead(models.Model):
    """The end of the chain: one row, locked by whoever appends, so that a cut-off tail is noticed too."""

    position = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return str(self.position)
