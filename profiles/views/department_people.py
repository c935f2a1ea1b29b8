"""What a department's administrators do with its people: list, add, change, end, suspend, reinstate."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from intranet.lib import htmx
from intranet.lib.limits import limited
from intranet.lib.pagination import BadCursor, keyset_page
from profiles.actions import memberships
from profiles.forms.departments import AddPersonForm, EndForm, PersonSearchForm, PlaceForm, ReasonForm
from profiles.middleware import SignedInRequest
from profiles.models import Department, Membership, User
from profiles.permissions import Permission, can, require

form_view = require_http_methods(["GET", "HEAD", "POST"])


def _managed(request: SignedInRequest, slug: str) -> Department:
    """The department, for those who look after its people; everybody else is refused."""
    department = get_object_or_404(Department.objects.visible_to(request.user), slug=slug)
    require(request.user, Permission.MANAGE_PEOPLE, department)
    return department


def _place(request: SignedInRequest, slug: str, pk: int) -> tuple[Department, Membership]:
    department = _managed(request, slug)
    return department, get_object_or_404(department.places(), pk=pk)


def _people_url(department: Department) -> str:
    return reverse("department_people", args=[department.slug])


@form_view
@limited("invite", "60/m")
def people(request: SignedInRequest, slug: str) -> HttpResponse:
    """The people of a department and of all below it; POST adds one."""
    department = _managed(request, slug)
    known = User.objects.visible_to(request.user)
    form = AddPersonForm(request.POST if request.method == "POST" else None, people=known)
    if form.is_valid():
        person = form.cleaned_data.pop("email")
        memberships.join(user=person, department=department, by=request.user, **form.cleaned_data)
        messages.success(request, f"{person.name} now belongs to {department.name}.")
        return htmx.redirect(request, _people_url(department))
    search = PersonSearchForm(request.GET)
    text = search.cleaned_data["q"] if search.is_valid() else ""
    try:
        page = keyset_page(
            department.places().of_people_like(text), key=("user__name", "pk"), cursor=request.GET.get("cursor")
        )
    except BadCursor as error:
        raise Http404 from error
    context = {
        "department": department,
        "form": form,
        "page": page,
        "text": text,
        "params": urlencode({"q": text}) if text else "",
        "runs_service": can(request.user, Permission.GRANT_ROLES),
    }
    return render(request, "profiles/department_people.html", context, status=422 if form.is_bound else 200)


@form_view
@limited("invite", "60/m")
def change(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """What a person does here: role, lead, main department."""
    department, place = _place(request, slug, pk)
    form = PlaceForm(request.POST if request.method == "POST" else None, membership=place)
    if form.is_valid():
        try:
            memberships.change(membership=place, by=request.user, **form.values())
        except memberships.MainElsewhere as refused:
            form.add_error("is_main", str(refused))
        else:
            messages.success(request, f"{place.user.name}’s role is saved.")
            return htmx.redirect(request, _people_url(department))
    context = {"department": department, "place": place, "form": form}
    return render(request, "profiles/department_person.html", context, status=422 if form.is_bound else 200)


@form_view
@limited("invite", "60/m")
def end(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """End a person's place on a day."""
    department, place = _place(request, slug, pk)
    form = EndForm(request.POST if request.method == "POST" else None, membership=place)
    if form.is_valid():
        on = form.cleaned_data["on"]
        memberships.leave(membership=place, by=request.user, on=on)
        messages.success(request, f"{place.user.name}’s place in {place.department.name} ends on {on:%-d %B %Y}.")
        return htmx.redirect(request, _people_url(department))
    context = {"department": department, "place": place, "form": form}
    return render(request, "profiles/department_person_end.html", context, status=422 if form.is_bound else 200)


def _with_reason(
    request: SignedInRequest, slug: str, pk: int, *, template: str, act: Callable[..., None], done: str
) -> HttpResponse:
    """Ask why, then do it. Who did it before is not an error: it is done."""
    department, place = _place(request, slug, pk)
    require(request.user, Permission.SUSPEND, place.user)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            act(user=place.user, by=request.user, reason=form.cleaned_data["reason"])
        except memberships.AlreadySuspended as already:
            messages.info(request, str(already))
        else:
            messages.success(request, done.format(name=place.user.name))
        return htmx.redirect(request, _people_url(department))
    context = {"department": department, "place": place, "form": form}
    return render(request, template, context, status=422 if form.is_bound else 200)


@form_view
@limited("invite", "60/m")
def suspend(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Shut a person out of the service, at once."""
    return _with_reason(
        request,
        slug,
        pk,
        template="profiles/department_person_suspend.html",
        act=memberships.suspend,
        done="{name} is suspended and signed out everywhere.",
    )


@form_view
@limited("invite", "60/m")
def reinstate(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Let a suspended person back in."""
    return _with_reason(
        request,
        slug,
        pk,
        template="profiles/department_person_reinstate.html",
        act=memberships.reinstate,
        done="{name} can sign in again.",
    )
