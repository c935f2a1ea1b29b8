"""What is done to a person's profile: editing it, confirming it, giving it a photo."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from intranet.lib import markdown
from intranet.lib.images import portrait
from profiles.actions import audit, search, topics
from profiles.models import PHOTO_SIZES, Audience, Expertise, Topic, User
from profiles.models.listed import rename
from profiles.permissions import NotAllowed, Permission, require

logger = logging.getLogger(__name__)

# Steps up a line of managers that are looked at for a circle; no service has as many grades
MAX_LINE = 30


class EditedMeanwhile(Exception):
    """The profile was saved by somebody else after the form was opened; `person` is how it stands now."""

    def __init__(self, person: User) -> None:
        super().__init__("Somebody saved this profile after you opened it.")
        self.person = person


class ManagerLoop(Exception):
    """Somebody would come to manage themselves, directly or through others."""


@transaction.atomic
def edit(
    *, person: User, values: dict[str, Any], expertise: Sequence[str], version: datetime.datetime, by: User
) -> User:
    """Change the profile of `person`.

    Args:
        values: new values of columns of User.
        expertise: names of the topics they know, as typed.
        version: the `updated_at` that the editor began from.

    Returns:
        The person as saved.

    Raises:
        NotAllowed: `by` may not edit this profile.
        EditedMeanwhile: somebody else saved it since `version`; nothing was changed.
        ManagerLoop: the new manager reports to the person.
    """
    require(by, Permission.EDIT_PROFILE, person)
    person = User.objects.select_for_update().get(pk=person.pk)
    if person.updated_at != version:
        raise EditedMeanwhile(person)
    if _reports_to(values.get("manager"), person):
        raise ManagerLoop(f"{values['manager'].name} reports to {person.name}, so cannot be their manager.")
    changed = [name for name, value in values.items() if getattr(person, name) != value]
    if _set_expertise(person, expertise):
        changed.append("expertise")
    for name, value in values.items():
        setattr(person, name, value)
    person.biography_html = markdown.render(person.biography, prefix="biography")
    person.updated_at = timezone.now()
    if by.pk == person.pk:
        person.confirmed_at = person.updated_at
    elif changed:
        audit.record(action="user.edited", by=by, obj=person, details={"fields": sorted(changed)})
    person.save(update_fields=[*values, "biography_html", "updated_at", "confirmed_at"])
    if "name" in changed:
        rename(person)
    # A name stands in other documents too
    (search.changed_throughout if "name" in changed else search.changed)(person)
    return person


@transaction.atomic
def confirm(*, person: User, by: User) -> None:
    """Say that the profile is right as it is.

    Raises:
        NotAllowed: it is somebody else's.
    """
    if by.pk != person.pk:
        raise NotAllowed("Only the person themselves can confirm their details.")
    User.objects.filter(pk=person.pk).update(confirmed_at=timezone.now())
    search.changed(person)


def set_photo(*, person: User, upload: BinaryIO, by: User) -> None:
    """Give `person` a photo, re-encoded in the sizes used; the one before goes once this one is kept.

    Raises:
        NotAllowed: `by` may not edit this profile.
        ImageRefused: the file is no picture we take; its message says why.
    """
    require(by, Permission.EDIT_PROFILE, person)
    pictures = portrait(upload, PHOTO_SIZES)
    key = get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789")
    names = {size: User(pk=person.pk, photo_key=key).photo_name(size) for size in pictures}
    try:
        for size, content in pictures.items():
            default_storage.save(names[size], ContentFile(content))
        _use_photo(person, key, by)
    except BaseException:
        _remove_files(names.values())
        raise


def remove_photo(*, person: User, by: User) -> None:
    """Take the photo of `person` away.

    Raises:
        NotAllowed: `by` may not edit this profile.
    """
    require(by, Permission.EDIT_PROFILE, person)
    _use_photo(person, "", by)


@transaction.atomic
def _use_photo(person: User, key: str, by: User) -> None:
    before = User.objects.select_for_update().get(pk=person.pk)
    if before.photo_key:
        old = [before.photo_name(size) for size in PHOTO_SIZES]
        transaction.on_commit(partial(_remove_files, old))
    User.objects.filter(pk=person.pk).update(photo_key=key)
    if by.pk != person.pk:
        audit.record(action="user.edited", by=by, obj=before, details={"fields": ["photo"]})
    search.changed(before)


def _remove_files(names: Iterable[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError:
            # The photo is out of use all the same: nothing names its file any more
            logger.exception("photo file %s not removed", name)


def _set_expertise(person: User, names: Sequence[str]) -> bool:
    """Make the named topics the ones `person` knows; answer whether that changed anything."""
    wanted = {topic.pk: topic for topic in Topic.objects.resolve(names)}
    kept = set(person.expertise_rows.values_list("topic_id", flat=True))
    if wanted.keys() == kept:
        return False
    person.expertise_rows.exclude(topic_id__in=wanted).delete()
    Expertise.objects.bulk_create(Expertise(user=person, topic_id=pk) for pk in wanted.keys() - kept)
    # Everybody sees profiles, so everybody may know of the topic
    topics.note_use(topics=wanted.values(), audience=Audience.objects.everyone())
    return True


def _reports_to(manager: User | None, person: User) -> bool:
    for _ in range(MAX_LINE):
        if manager is None or manager.pk == person.pk:
            return manager is not None
        manager = manager.manager
    return False
