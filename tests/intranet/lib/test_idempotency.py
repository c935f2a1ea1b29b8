"""Exactly once: the same sending makes one row, another sending never hides behind it."""

import datetime as dt
import threading
import uuid
from contextlib import suppress
from decimal import Decimal

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from intranet.lib.idempotency import IdempotentForm, KeyReused, create_once, digest


def send(model, *, key, body, author="alice", delay=None):
    """Create a note as a view would."""
    mark = digest(body=body)

    def create():
        if delay:
            delay()
        return model.objects.create(author=author, body=body, idempotency_key=key, request_digest=mark)

    return create_once(model, owner={"author": author}, key=key, digest=mark, create=create)


def test_a_second_sending_gets_the_first_row(note_model):
    key = uuid.uuid4()
    first, created = send(note_model, key=key, body="hello")
    again, created_again = send(note_model, key=key, body="hello")
    assert (created, created_again) == (True, False)
    assert again == first
    assert note_model.objects.count() == 1


def test_a_used_key_with_another_body_is_refused_and_changes_nothing(note_model):
    key = uuid.uuid4()
    first, _ = send(note_model, key=key, body="hello")
    with pytest.raises(KeyReused, match="saved and unchanged"):
        send(note_model, key=key, body="goodbye")
    assert list(note_model.objects.values_list("pk", "body")) == [(first.pk, "hello")]


def test_another_key_or_another_owner_makes_another_row(note_model):
    key = uuid.uuid4()
    send(note_model, key=key, body="hello")
    assert send(note_model, key=uuid.uuid4(), body="hello again")[1]
    assert send(note_model, key=key, body="hello from bob", author="bob")[1]


def test_two_sendings_at_once_make_one_row(note_model):
    key, together, results = uuid.uuid4(), threading.Barrier(2, timeout=1), []

    def meet():
        # SQLite lets one writer in at a time, so the second never gets here while the first waits.
        with suppress(threading.BrokenBarrierError):
            together.wait()

    def run():
        try:
            results.append(send(note_model, key=key, body="hello", delay=meet))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(created for _, created in results) == [False, True]
    assert results[0][0] == results[1][0]
    assert note_model.objects.count() == 1


def test_a_fault_that_has_nothing_to_do_with_the_key_is_not_swallowed(note_model):
    send(note_model, key=uuid.uuid4(), body="taken")
    with pytest.raises(IntegrityError):
        send(note_model, key=uuid.uuid4(), body="taken", author="bob")
    assert note_model.objects.count() == 1


def test_a_row_that_forgot_its_key_is_a_programming_error_and_is_undone(note_model):
    with pytest.raises(ValueError, match="did not store its key"):
        create_once(
            note_model,
            owner={"author": "alice"},
            key=uuid.uuid4(),
            digest="d",
            create=lambda: note_model.objects.create(author="alice", body="lost"),
        )
    assert not note_model.objects.exists()


class NoteForm(IdempotentForm):
    body = forms.CharField()


def test_every_rendering_carries_a_new_key_and_a_shown_again_form_keeps_its_own():
    first, second = (NoteForm()["idempotency_key"].value() for _ in range(2))
    assert first != second
    assert f'value="{first}"' in str(NoteForm(initial={"idempotency_key": first}))
    shown_again = NoteForm({"body": "", "idempotency_key": str(first)})
    assert not shown_again.is_valid()
    assert shown_again["idempotency_key"].value() == str(first)


@pytest.mark.parametrize("key", ["", "not-a-key", "1234", "\0", "g" * 36])
def test_a_broken_key_is_a_sentence_and_the_next_attempt_works(key):
    form = NoteForm(QueryDict(mutable=False) | {"body": "typed with care", "idempotency_key": key})
    assert not form.is_valid()
    assert list(form.errors) == ["__all__"]
    assert "Nothing was saved" in form.non_field_errors()[0]
    again = NoteForm({name: form[name].value() for name in form.fields})
    assert again.is_valid()
    assert again.cleaned_data["body"] == "typed with care"


def test_a_renewed_key_lets_the_same_text_be_sent_as_something_new():
    query = QueryDict(f"body=hello&idempotency_key={uuid.uuid4()}")
    form = NoteForm(query)
    assert form.is_valid()
    form.renew_key()
    assert form["idempotency_key"].value() != query["idempotency_key"]
    assert form["body"].value() == "hello"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.uuids(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), values, max_size=5))
def test_a_digest_depends_on_content_and_not_on_the_order_of_fields(fields):
    mark = digest(**fields)
    assert mark == digest(**dict(reversed(fields.items())))
    assert len(mark) == 64
    assert mark != digest(**fields, extra="x")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (None, ""),
        (["a", "b"], ["ab"]),
        (["a", "b"], ["b", "a"]),
        (Decimal("1.0"), "1.0"),
        (dt.date(2026, 1, 1), "2026-01-01"),
        ({"set": ["a"]}, {"a"}),
        (SimpleUploadedFile("a.png", b"1"), SimpleUploadedFile("a.png", b"2")),
    ],
)
def test_different_content_never_looks_alike(one, other):
    assert digest(field=one) != digest(field=other)


def test_the_order_of_a_set_and_the_zone_of_a_time_do_not_count():
    noon = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
    assert digest(a={"x", "y", "z"}) == digest(a=frozenset(["z", "y", "x"]))
    assert digest(a=noon) == digest(a=noon.astimezone(dt.timezone(dt.timedelta(hours=1))))


def test_a_file_is_read_and_can_be_read_again():
    upload = SimpleUploadedFile("a.txt", b"content")
    assert digest(a=upload) == digest(a=SimpleUploadedFile("a.txt", b"content"))
    assert upload.read() == b"content"


def test_it_refuses_what_it_cannot_compare():
    with pytest.raises(TypeError):
        digest(a=object())
