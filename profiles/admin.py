"""What site admins find under /admin/: mostly to read; what is written goes through the actions, which audit it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from profiles.actions import departments, roles
from profiles.models import (
    AuditEvent,
    Community,
    Department,
    DepartmentName,
    DepartmentParent,
    MailDomain,
    Role,
    RoleGrant,
    Topic,
    TopicAlias,
    User,
)

MAIL_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class ReadOnly(admin.ModelAdmin):
    """Rows to look at. Who may open the site at all, the site itself decides."""

    actions: Any = None
    show_facets = admin.ShowFacets.NEVER

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyRows(admin.TabularInline):
    """Rows that belong to another, to look at."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    """People. They are suspended, reinstated and moved on their department's page."""

    list_display = ("name", "email", "main_department", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_demo")
    list_select_related = ("main_department",)
    search_fields = ("name", "email")
    ordering = ("name", "pk")
    fields = (
        ("name", "email"),
        ("job_title", "grade"),
        "main_department",
        "manager",
        ("is_active", "suspended_at"),
        ("is_staff", "is_superuser", "is_demo"),
        ("joined_at", "last_login", "conduct_accepted_at", "confirmed_at"),
    )


class NameRows(ReadOnlyRows):
    model = DepartmentName
    fields = ("name", "name_cy", "abbreviation", "from_on", "until_on")
    verbose_name_plural = "names, with their dates"


class ParentRows(ReadOnlyRows):
    model = DepartmentParent
    fk_name = "department"
    fields = ("parent", "is_main", "from_on", "until_on")
    verbose_name_plural = "parents, with their dates"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepartmentParent]:
        return super().get_queryset(request).select_related("parent", "department")


class DepartmentForm(forms.ModelForm):
    """A department as a site admin writes it down; the actions date and audit what changes."""

    mail_domains = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One on each line. People with an address there sign up into this department.",
    )
    website = forms.URLField(required=False, assume_scheme="https")

    class Meta:
        model = Department
        fields = (
            "name",
            "name_cy",
            "abbreviation",
            "kind",
            "parent",
            "description",
            "website",
            "opened_on",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            domains = self.instance.mail_domains.order_by("domain").values_list("domain", flat=True)
            self.fields["mail_domains"].initial = "\n".join(domains)

    def clean_mail_domains(self) -> list[str]:
        domains = [line.strip().lower() for line in self.cleaned_data["mail_domains"].splitlines() if line.strip()]
        for domain in domains:
            MailDomain._meta.get_field("domain").run_validators(domain)
            if not MAIL_DOMAIN.fullmatch(domain):
                raise ValidationError(f"“{domain}” is not a mail domain. Write it like treasury.gov.uk.")
        others = MailDomain.objects.filter(domain__in=domains).exclude(department=self.instance.pk)
        if taken := others.select_related("department").first():
            raise ValidationError(f"{taken.domain} belongs to {taken.department.name}.")
        return domains

    def clean_parent(self) -> Department | None:
        parent: Department | None = self.cleaned_data["parent"]
        if parent and self.instance.pk and parent.ancestor_rows.filter(ancestor=self.instance.pk).exists():
            raise ValidationError("A department cannot stand under itself or under a part of it.")
        return parent


@admin.register(Department)
class DepartmentAdmin(ReadOnly):
    """Departments: founded, renamed, moved, described, closed and reopened through the actions."""

    form = DepartmentForm
    list_display = ("name", "abbreviation", "kind", "parent", "closed_on", "is_closed")
    list_filter = ("is_closed", "kind")
    list_select_related = ("parent",)
    search_fields = ("name", "name_cy", "abbreviation", "slug")
    ordering = ("name", "pk")
    raw_id_fields = ("parent",)
    inlines = (NameRows, ParentRows)
    actions = ("close_today", "reopen")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def save_model(self, request: HttpRequest, obj: Department, form: Any, change: bool) -> None:
        values = dict(form.cleaned_data)
        domains = values.pop("mail_domains")
        if not change:
            made = departments.found(by=_actor(request), mail_domains=tuple(domains), **values)
            obj.pk, obj.slug = made.pk, made.slug
            obj._state.adding = False
            return
        known = Department.objects.visible_to(request.user).get(pk=obj.pk)
        _follow(known, values, by=_actor(request))
        departments.set_mail_domains(department=known, domains=domains, by=_actor(request))

    @admin.action(description="Close the chosen departments today")
    def close_today(self, request: HttpRequest, queryset: QuerySet[Department]) -> None:
        for department in queryset.open():  # type: ignore[attr-defined]
            departments.close(department=department, on=timezone.localdate(), by=_actor(request))
        self.message_user(request, "They are closed. Their pages and what their people wrote stay.")

    @admin.action(description="Reopen the chosen departments")
    def reopen(self, request: HttpRequest, queryset: QuerySet[Department]) -> None:
        for department in queryset.closed():  # type: ignore[attr-defined]
            departments.reopen(department=department, by=_actor(request))
        self.message_user(request, "They are open.")


def _follow(known: Department, values: dict[str, Any], *, by: User) -> None:
    """Bring a department in line with a form: each thing that differs through its own action."""
    names = {name: values[name] for name in ("name", "name_cy", "abbreviation")}
    if any(getattr(known, name) != value for name, value in names.items()):
        departments.rename(department=known, by=by, **names)
    parent = values["parent"]
    if known.parent_id != (parent.pk if parent else None):
        others = [
            row for row in Department.objects.all().parents_of(known) if row.pk != known.parent_id and row != parent
        ]
        departments.move(department=known, parents=[parent, *others] if parent else [], by=by)
    described = {name: values[name] for name in ("kind", "description", "website", "opened_on")}
    departments.describe(department=known, by=by, **described)


@admin.register(Community)
class CommunityAdmin(ReadOnly):
    """Communities that the admin may know of: a hidden one stays hidden here too."""

    list_display = ("name", "kind", "created_by", "created_at")
    list_filter = ("kind",)
    list_select_related = ("created_by",)
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", "slug", "kind", "description", "created_by", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Community]:
        return Community.objects.visible_to(request.user)


class AliasRows(ReadOnlyRows):
    model = TopicAlias
    fields = readonly_fields = ("name", "slug")


@admin.register(Topic)
class TopicAdmin(ReadOnly):
    """Topics that the admin may know of. The Knowledge Council looks after them on their own pages."""

    list_display = ("name", "state", "parent", "created_at")
    list_filter = ("state",)
    list_select_related = ("parent",)
    search_fields = ("name", "slug")
    ordering = ("name", "pk")
    fields = ("name", "slug", "state", "description", "parent", "created_at")
    inlines = (AliasRows,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        return Topic.objects.visible_to(request.user)


class RoleGrantForm(forms.ModelForm):
    """A role to give."""

    class Meta:
        model = RoleGrant
        fields = ("user", "role", "department", "topic")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "role" in cleaned:
            try:
                roles.check_scope(
                    Role(cleaned["role"]), department=cleaned.get("department"), topic=cleaned.get("topic")
                )
            except roles.WrongScope as refused:
                raise ValidationError(str(refused)) from refused
        return cleaned


@admin.register(RoleGrant)
class RoleGrantAdmin(ReadOnly):
    """Roles: given with "Add", taken back with the action of the list. A role that ended stays on record."""

    form = RoleGrantForm
    list_display = ("user", "role", "department", "topic", "granted_by", "granted_at", "ended_at")
    list_filter = ("role", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("user", "department", "topic", "granted_by")
    search_fields = ("user__name", "user__email")
    ordering = ("-granted_at", "-pk")
    raw_id_fields = ("user", "department", "topic")
    actions = ("end_roles",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGrant]:
        known = Topic.objects.visible_to(request.user)
        grants = super().get_queryset(request)
        return grants.filter(topic__isnull=True) | grants.filter(topic__in=known)

    def save_model(self, request: HttpRequest, obj: RoleGrant, form: Any, change: bool) -> None:
        held = roles.grant(by=_actor(request), **form.cleaned_data)
        obj.pk, obj.granted_at, obj.granted_by = held.pk, held.granted_at, held.granted_by
        obj._state.adding = False

    @admin.action(description="End the chosen roles")
    def end_roles(self, request: HttpRequest, queryset: QuerySet[RoleGrant]) -> None:
        for held in queryset.filter(ended_at__isnull=True):
            try:
                roles.end(grant=held, by=_actor(request))
            except roles.LastSiteAdmin as refused:
                self.message_user(request, str(refused), messages.ERROR)
            else:
                self.message_user(request, f"{held.user.name} is no longer {held.get_role_display().lower()}.")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """The audit log. `manage.py verify_audit` proves that nobody changed it."""

    list_display = ("position", "at", "action", "actor", "object_type", "object_id", "object_name")
    list_filter = ("action",)
    list_select_related = ("actor",)
    search_fields = ("action", "object_name", "actor__name")
    ordering = ("-position",)
    fields = ("position", "at", "action", "actor", "object_type", "object_id", "object_name", "details", "hash")


def _actor(request: HttpRequest) -> User:
    actor: Any = request.user
    return actor
