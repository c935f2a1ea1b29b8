"""The people finder, profiles and photos."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import CharField
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intranet.lib import htmx, pages
from intranet.lib.compiled import LARGEST_ID, Compiled
from intranet.lib.images import ImageRefused
from intranet.lib.kept import lazy_token_of
from intranet.lib.limits import limited
from intranet.lib.pages import text
from intranet.lib.pagination import BadCursor
from profiles import finder as people_finder
from profiles import slots
from profiles.actions import people
from profiles.forms.people import FinderForm, PhotoForm, ProfileForm
from profiles.listing import headed_card_items
from profiles.middleware import SignedInRequest
from profiles.models import PHOTO_SIZES, Department, Topic, User
from profiles.permissions import Permission, require
from profiles.profile import profile

# A photo's address changes with the photo, so that a browser may keep it; nobody else may
PHOTO_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}


@require_safe
def finder(request: SignedInRequest) -> HttpResponse:
    """People by name; with `q`, `department` and `topic`, those of them who fit."""
    form = FinderForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    department = _chosen(request, "department")
    topic = _chosen(request, "topic")
    cursor = request.GET.get("cursor")
    try:
        page = people_finder.find(request.user, text=words, department=department, topic=topic, cursor=cursor)
    except BadCursor as error:
        raise Http404 from error
    chosen = {"department": department, "topic": topic}
    filters = {name: item.slug for name, item in chosen.items() if item is not None}
    context = {
        "page": pages.cursors(page),
        "people": headed_card_items(page),
        "words": text(words),
        **{name: {"name": text(item.name)} if item else None for name, item in chosen.items()},
        "filters": {name: text(slug) for name, slug in filters.items()},
        "is_filtered": bool(words or filters),
        "params": text(urlencode({"q": words, **filters} if words else filters)),
        "without_department": text(urlencode({"q": words, "topic": filters.get("topic", "")})),
        "without_topic": text(urlencode({"q": words, "department": filters.get("department", "")})),
    }
    if htmx.wants_fragment(request):
        answer = HttpResponse(pages.fragment("profiles/_people.html", context, token=lazy_token_of(request)))
        answer.headers["HX-Trigger"] = json.dumps({"ck:announce": _count_in_words(page)})
    else:
        answer = pages.page(request, "profiles/people.html", context)
    return htmx.varied(answer)


_BY_SLUG = {
    "department": Compiled(lambda user, slug: Department.objects.visible_to(user).filter(slug=slug), slug=CharField()),
    "topic": Compiled(lambda user, slug: Topic.objects.visible_to(user).filter(slug=slug), slug=CharField()),
}


def _chosen(request: SignedInRequest, name: str) -> Any:
    """The department or topic that a filter of the address names, or None; an unknown one is a 404."""
    slug = request.GET.get(name, "").replace("\0", " ")
    found = _BY_SLUG[name].instance(user=request.user, slug=slug) if slug else None
    if slug and found is None:
        raise Http404
    return found


def _count_in_words(page: Any) -> str:
    if not page:
        return "No people found"
    more = "at least " if page.next_cursor else ""
    return f"{more}{len(page)} {'person' if len(page) == 1 else 'people'} found".capitalize()


@require_safe
def person(request: SignedInRequest, pk: int) -> HttpResponse:
    """A person's profile."""
    shown = profile(request.user, pk)
    if shown is None:
        raise Http404
    whose = shown.person
    may_confirm = shown.is_self and whose.has_stale_details
    context = {
        # Whose page it is stands in its frame only where the reader may change it
        "person": {
            "pk": whose.pk if shown.may_edit else text(whose.pk),
            "name": text(whose.name),
            "photo_key": bool(whose.photo_key),
            "confirmed_at": whose.confirmed_at if may_confirm else None,
        },
        "may_confirm": may_confirm,
        "shown": {part: shown.fragment(f"profiles/_person_{part}.html") for part in ("hero", "about", "aside")},
        "is_self": shown.is_self,
        "can_edit": shown.may_edit,
        "panels": slots.person.render(request, whose),
        "actions": slots.person_actions.render(request, whose),
    }
    return pages.page(request, "profiles/person.html", context)


@limited("profile", "30/m")
@require_POST
def confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    """One click: my details are right."""
    shown = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    people.confirm(person=shown, by=request.user)
    messages.success(request, "Colleagues now see that you confirmed your details today.")
    return htmx.redirect(request, shown.get_absolute_url())


@limited("profile", "30/m")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Edit a profile: one's own, or as an administrator of the person's department."""
    shown = get_object_or_404(User.objects.visible_to(request.user).select_related("manager"), pk=pk)
    require(request.user, Permission.EDIT_PROFILE, shown)
    context: dict[str, Any] = {"person": User.objects.visible_to(request.user).get(pk=pk)}
    form = context["form"] = ProfileForm(request.POST or None, instance=shown, reader=request.user)
    if request.method != "POST":
        return render(request, "profiles/person_edit.html", context)
    status = 422
    if form.is_valid():
        try:
            saved = people.edit(
                person=shown,
                values=form.values(),
                expertise=form.cleaned_data["expertise"],
                version=form.cleaned_data["version"],
                by=request.user,
            )
        except people.ManagerLoop as loop:
            form.add_error("manager", str(loop))
        except people.EditedMeanwhile as conflict:
            context["theirs"] = form.meet(conflict.person)
            status = 409
        else:
            messages.success(request, "The profile is saved.")
            return htmx.redirect(request, saved.get_absolute_url())
    return render(request, "profiles/person_edit.html", context, status=status)


@limited("upload", "20/m")
@require_http_methods(["GET", "HEAD", "POST"])
def photo_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Upload a photo, or take it away."""
    shown = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    require(request.user, Permission.EDIT_PROFILE, shown)
    if request.method == "POST" and "remove" in request.POST:
        people.remove_photo(person=shown, by=request.user)
        messages.success(request, "The photo is removed.")
        return htmx.redirect(request, shown.get_absolute_url())
    form = PhotoForm(request.POST, request.FILES) if request.method == "POST" else PhotoForm()
    if form.is_valid():
        try:
            people.set_photo(person=shown, upload=form.cleaned_data["photo"], by=request.user)
        except ImageRefused as refused:
            form.add_error("photo", str(refused))
        else:
            messages.success(request, "The photo is saved.")
            return htmx.redirect(request, shown.get_absolute_url())
    status = 422 if form.is_bound else 200
    return render(request, "profiles/person_photo.html", {"person": shown, "form": form}, status=status)


# Asked for each face on a page that a browser has not seen yet
_PHOTO = Compiled(
    lambda user, pk, key: User.objects.visible_to(user).filter(pk=pk, photo_key=key).values_list("pk"), key=CharField()
)


@require_safe
def photo(request: SignedInRequest, pk: int, key: str, size: int) -> HttpResponse:
    """The bytes of a photo, for those who may see the person."""
    if size not in PHOTO_SIZES or pk > LARGEST_ID or not _PHOTO.row(user=request.user, pk=pk, key=key):
        raise Http404
    try:
        with default_storage.open(User(pk=pk, photo_key=key).photo_name(size)) as file:
            return HttpResponse(file.read(), content_type="image/webp", headers=PHOTO_HEADERS)
    except FileNotFoundError as error:
        raise Http404 from error
