"""Departments: finding one, and a department's page. What its administrators do is in `department_people`."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import floatformat
from django.views.decorators.http import require_safe

from intranet.lib import pages
from intranet.lib.pages import text
from intranet.lib.pagination import BadCursor, keyset_page
from profiles import directory, slots
from profiles.counts import number_of_people
from profiles.department_page import department_page
from profiles.forms.departments import DepartmentFilterForm
from profiles.listing import headed_card_items
from profiles.middleware import SignedInRequest

PER_PAGE = 50


@require_safe
def departments(request: SignedInRequest) -> HttpResponse:
    """The departments that stand at the top; with a text or a kind, those anywhere that fit."""
    form = DepartmentFilterForm(request.GET)
    chosen = form.chosen
    found = directory.departments(request.user, **chosen)
    try:
        page = keyset_page(found, key=("name", "pk"), cursor=request.GET.get("cursor"), size=PER_PAGE)
    except BadCursor as error:
        raise Http404 from error
    people = number_of_people(page)
    context = {
        "form": form,
        "chosen": chosen,
        "page": page,
        "rows": [(department, people[department.pk]) for department in page],
        "params": urlencode({**chosen, "closed": "on"} if chosen.get("closed") else chosen),
    }
    return render(request, "profiles/departments.html", context)


@require_safe
def department(request: SignedInRequest, slug: str) -> HttpResponse:
    """A department: what it is called, where it stands, who works there."""
    shown = department_page(request.user, slug)
    if shown is None:
        raise Http404
    whole, own = shown.department, text(shown.department.slug)
    called = f"{whole.name} ({whole.abbreviation})" if whole.abbreviation not in ("", whole.name) else whole.name
    context = {
        "department": {
            "name": text(whole.name),
            "called": text(called),
            "short_name": text(whole.short_name),
            "slug": whole.slug if shown.may_manage else own,
            "has_closed": whole.has_closed,
        },
        "parent": pages.link(shown.parents[0]) if shown.parents else None,
        "people": headed_card_items(shown.people),
        "people_count": text(floatformat(shown.people_count, "0g")),
        "are_more": shown.people_count > len(shown.people),
        "head": shown.fragment("profiles/_department_head.html"),
        "aside": shown.fragment("profiles/_department_aside.html"),
        "may_manage": shown.may_manage,
        "panels": slots.department.render(request, whole),
        "actions": slots.department_actions.render(request, whole),
    }
    return pages.page(request, "profiles/department.html", context)
