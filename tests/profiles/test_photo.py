"""Photos: uploading, what is refused, who gets the bytes."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from profiles.actions import memberships
from profiles.models import PHOTO_SIZES, AuditEvent, User


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 300)) -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", size, "teal").save(content, kind)
    return SimpleUploadedFile(f"me.{kind.lower()}", content.getvalue())


def upload(client: Any, person: User, file: SimpleUploadedFile | None = None) -> Any:
    return client.post(f"/people/{person.pk}/photo/", {"photo": file or picture()})


@pytest.fixture
def photographed(bob: User, as_: Any, django_capture_on_commit_callbacks: Any) -> User:
    with django_capture_on_commit_callbacks(execute=True):
        assert upload(as_(bob), bob).status_code == 303
    bob.refresh_from_db()
    return bob


def files(person: User) -> set[str]:
    return set(default_storage.listdir(f"photos/{person.pk}")[1])


def test_it_keeps_a_photo_in_the_sizes_used(photographed: User, as_: Any, alice: User) -> None:
    assert photographed.photo_key
    for size in PHOTO_SIZES:
        answer = as_(alice).get(photographed.photo_url(size))
        assert answer.status_code == 200 and answer["Content-Type"] == "image/webp"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
        assert Image.open(BytesIO(answer.content)).size == (size, size)
    assert photographed.avatar_url in as_(alice).get("/people/").content.decode()


def test_it_shows_photos_only_to_those_who_see_the_person(
    photographed: User, as_: Any, alice: User, client: Any
) -> None:
    address = photographed.photo_url(96)
    assert as_(alice).get(address).status_code == 200
    assert client.get(address).status_code == 302
    memberships.suspend(user=photographed, by=None)
    assert as_(alice).get(address).status_code == 404


def test_it_knows_no_other_key_size_or_person(photographed: User, as_: Any, alice: User) -> None:
    key = photographed.photo_key
    for address in (
        f"/people/{photographed.pk}/photo-{key}-97.webp",
        f"/people/{photographed.pk}/photo-{'0' * 32}-96.webp",
        f"/people/{alice.pk}/photo-{key}-96.webp",
        f"/people/{alice.pk}/photo--96.webp",
        f"/people/{alice.pk}/photo-%00-96.webp",
        f"/people/{photographed.pk}/photo-..%2F..%2Fdb-96.webp",
    ):
        assert as_(alice).get(address).status_code == 404, address


def test_it_answers_404_when_the_file_is_lost(photographed: User, as_: Any) -> None:
    default_storage.delete(photographed.photo_name(96))
    assert as_(photographed).get(photographed.photo_url(96)).status_code == 404


def test_it_replaces_a_photo_and_removes_the_old_files(
    photographed: User, as_: Any, django_capture_on_commit_callbacks: Any
) -> None:
    old = photographed.photo_url(96)
    with django_capture_on_commit_callbacks(execute=True):
        upload(as_(photographed), photographed, picture("JPEG"))
    photographed.refresh_from_db()
    assert as_(photographed).get(old).status_code == 404
    assert files(photographed) == {Path(photographed.photo_name(size)).name for size in PHOTO_SIZES}


def test_it_removes_a_photo(photographed: User, as_: Any, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_(photographed).post(f"/people/{photographed.pk}/photo/", {"remove": "1"})
    assert answer.status_code == 303
    photographed.refresh_from_db()
    assert photographed.photo_key == "" and files(photographed) == set()
    assert "Remove photo" not in as_(photographed).get(f"/people/{photographed.pk}/photo/").content.decode()


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("me.png", b"not a picture at all"),
        SimpleUploadedFile("me.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        SimpleUploadedFile("me.png", b""),
        SimpleUploadedFile("me.png", picture().read()[:200]),
    ],
)
def test_it_refuses_what_is_no_photo_with_a_sentence(as_: Any, bob: User, file: SimpleUploadedFile) -> None:
    answer = upload(as_(bob), bob, file)
    page = answer.content.decode()
    assert answer.status_code == 422 and 'href="#id_photo"' in page and "govuk-error-message" in page
    bob.refresh_from_db()
    assert bob.photo_key == ""


def test_it_asks_for_a_file_where_none_was_chosen(as_: Any, bob: User) -> None:
    answer = as_(bob).post(f"/people/{bob.pk}/photo/", {})
    assert answer.status_code == 422 and "Choose a photo to upload" in answer.content.decode()


def test_it_lets_an_administrator_set_it_on_record_and_nobody_else(
    as_: Any, alice: User, bob: User, dana: User
) -> None:
    assert upload(as_(alice), bob).status_code == 403
    assert as_(alice).post(f"/people/{bob.pk}/photo/", {"remove": "1"}).status_code == 403
    assert as_(alice).get(f"/people/{bob.pk}/photo/").status_code == 403
    assert upload(as_(dana), bob).status_code == 303
    assert AuditEvent.objects.get(action="user.edited").details == {"fields": ["photo"]}


def test_it_limits_uploads(as_: Any, bob: User, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "upload": "2/m"}
    statuses = [upload(as_(bob), bob).status_code for _ in range(3)]
    assert statuses == [303, 303, 429]
