"""Exactly once: a create form that is sent twice makes one row."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from django import forms
from django.core.files.base import File
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from intranet.lib.compiled import Compiled

STALE_FORM = _("This page was open too long or was changed on the way. Nothing was saved. Check it and send it again.")
KEY_REUSED = _(
    "This form was already sent with other content. What you sent first is saved and unchanged. "
    "To save this as well, send it again."
)


class KeyReused(Exception):
    """The key has already made a row from another body; views answer 422."""

    def __init__(self) -> None:
        super().__init__(KEY_REUSED)

    def __str__(self) -> str:
        return str(KEY_REUSED)


class CreatedOnce(models.Model):
    """A row that remembers which sending of which form made it.

    The model adds `UniqueConstraint(fields=[<owner>, "idempotency_key"], name=...)`: the constraint is what
    decides between two requests that arrive together.
    """

    idempotency_key = models.UUIDField(null=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, default="", editable=False)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=CreatedOnce)


class IdempotentForm(forms.Form):
    """A form whose every rendering carries a new key, and whose every re-sending carries the same."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if "idempotency_key" in self.errors:
            # A hidden field cannot be corrected by hand: say what happened and make the next attempt work.
            del self.errors["idempotency_key"]
            self.add_error(None, STALE_FORM)
            self.renew_key()
        return cleaned

    def renew_key(self) -> None:
        """Show the form again with a new key, so that what it says can be sent as something new."""
        # What was sent is read-only; a copy of the same kind may be changed and keeps repeated fields.
        data: Any = copy(self.data)
        data[self.add_prefix("idempotency_key")] = str(uuid.uuid4())
        self.data = data


def create_once(
    model: type[Row], *, owner: dict[str, Any], key: uuid.UUID, digest: str, create: Callable[[], Row]
) -> tuple[Row, bool]:
    """Run `create` unless this key already made a row for this owner; return the row and whether it is new.

    `owner` is the scope of the key (`{"author": user}`), `digest` stands for the content sent (see `digest`).
    `create` stores both key and digest on its row, and all that it does is undone if it loses a race.
    Raises `KeyReused` when the key made a row from other content.
    """
    made = _made(model, tuple(owner))
    given = {"key": key, **{name: getattr(value, "pk", value) for name, value in owner.items()}}
    first: Row | None = made.instance(**given)
    if first is None:
        try:
            with transaction.atomic():
                return _stored(create(), key, digest), True
        except Exception:
            # Either the same request was faster, and its row is what is in the way now; or this one fails by itself.
            first = made.instance(**given)
            if first is None:
                raise
    if first.request_digest != digest:
        raise KeyReused
    return first, False


@cache
def _made(model: type[CreatedOnce], owner: tuple[str, ...]) -> Compiled:
    """What a key made for an owner, looked for before each thing that is made."""

    def rows(key: Any, **given: Any) -> Any:
        return model._base_manager.filter(idempotency_key=key, **given)

    fields: dict[str, Any] = {name: model._meta.get_field(name) for name in owner}
    return Compiled(rows, names=(*owner, "key"), key=models.UUIDField(), **fields)


def digest(**fields: Any) -> str:
    """The SHA-256 (hexadecimal) of what a form said, whatever the order of its fields.

    Takes text, numbers, dates, UUIDs, rows, uploaded files, and lists, sets, mappings and querysets of them;
    a set's or a queryset's order does not count. Raises TypeError for anything else.
    """
    text = json.dumps(_canonical(fields), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _stored(row: Row, key: uuid.UUID, digest: str) -> Row:
    if (row.idempotency_key, row.request_digest) != (key, digest):
        raise ValueError(f"{type(row).__name__} did not store its key and digest, so it could be made twice")
    return row


def _canonical(value: Any) -> Any:
    """Plain JSON in which values of different types never look alike."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Decimal | uuid.UUID):
        return {type(value).__name__: str(value)}
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return {"datetime": value.astimezone(dt.UTC).isoformat()}
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return {type(value).__name__: str(value)}
    if isinstance(value, models.Model):
        return {"row": [value._meta.label_lower, str(value.pk)]}
    if isinstance(value, File):
        return {"file": [value.name, _file_digest(value)]}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, Mapping):
        return {"mapping": [[_canonical(name), _canonical(value[name])] for name in sorted(value)]}
    if isinstance(value, set | frozenset | models.QuerySet):
        return {"set": sorted((_canonical(item) for item in value), key=json.dumps)}
    if isinstance(value, Iterable):
        return [_canonical(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be part of a form's digest")


def _file_digest(file: File) -> str:
    sha = hashlib.sha256()
    for chunk in file.chunks():
        sha.update(chunk)
    file.seek(0)
    return sha.hexdigest()
