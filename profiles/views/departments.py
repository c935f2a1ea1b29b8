"""Departments: finding one, and a department's page. What its administrators do is in `department_people`."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from intranet.lib.pagination import BadCursor, keyset_page
from profiles import directory, slots
from profiles.counts import number_of_people
from profiles.forms.departments import DepartmentFilterForm
from profiles.middleware import SignedInRequest
from profiles.models import Department
from profiles.permissions import Permission, can

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
    shown = get_object_or_404(Department.objects.visible_to(request.user), slug=slug)
    may_manage = can(request.user, Permission.MANAGE_PEOPLE, shown)
    context = {
        "department": shown,
        "about": directory.department_page(shown, request.user),
        "may_manage": may_manage,
        "mail_domains": list(shown.mail_domains.order_by("domain")) if may_manage else [],
        "panels": slots.department.render(request, shown),
        "actions": slots.department_actions.render(request, shown),
    }
    return render(request, "profiles/department.html", context)
