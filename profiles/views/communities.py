"""Communities: finding one, joining and leaving, founding and looking after one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import floatformat, linebreaks_filter, urlize
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intranet.lib import htmx, pages
from intranet.lib.idempotency import KeyReused
from intranet.lib.kept import finished, kept, token_of
from intranet.lib.limits import limited
from intranet.lib.pagination import BadCursor, keyset_page
from profiles import directory, slots
from profiles.actions import communities as actions
from profiles.counts import number_of_members
from profiles.forms.communities import AddMemberForm, CommunityFilterForm, DescriptionForm, FoundForm
from profiles.listing import Person, card_items
from profiles.middleware import SignedInRequest
from profiles.models import Community, CommunityMembership, Topic, User
from profiles.permissions import NotAllowed, Permission, require

form_view = require_http_methods(["GET", "HEAD", "POST"])
MAX_REQUESTS_SHOWN = 50
# Where the page of a community leads
WAYS = ("edit", "members", "leave")


def _known(request: SignedInRequest, slug: str) -> Community:
    """The community; to those who may not know of it, nothing is at this address."""
    return get_object_or_404(Community.objects.visible_to(request.user), slug=slug)


@require_safe
def communities(request: SignedInRequest) -> HttpResponse:
    """One's own communities first; all of them behind a tab, and for who has none yet."""
    form = CommunityFilterForm(request.GET)
    text = form.text
    has_some = Community.objects.visible_to(request.user).joined_by(request.user).exists()
    mine = has_some and not text and request.GET.get("show") != "all"
    try:
        page = keyset_page(
            directory.communities(request.user, q=text, mine=mine),
            key=("name", "pk"),
            cursor=request.GET.get("cursor"),
        )
    except BadCursor as error:
        raise Http404 from error
    members = number_of_members(page)
    params = {"q": text} if text else {} if mine else {"show": "all"}
    context = {
        "form": form,
        "text": text,
        "page": page,
        "rows": [(community, members[community.pk]) for community in page],
        "params": urlencode(params),
        "tabs": [
            {"label": "Yours", "href": reverse("communities"), "current": mine},
            {"label": "All communities", "href": f"{reverse('communities')}?show=all", "current": not mine},
        ]
        if has_some
        else [],
    }
    return render(request, "profiles/communities.html", context)


@form_view
@limited("invite", "60/m")
def new(request: SignedInRequest) -> HttpResponse:
    """Found a community."""
    form = FoundForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            community, _ = actions.found(**form.values(), key=form.cleaned_data["idempotency_key"], by=request.user)
        except KeyReused as error:
            form.renew_key()
            form.add_error(None, str(error))
        except actions.NameTaken as error:
            form.add_error("name", str(error))
        else:
            return htmx.redirect(request, community.get_absolute_url())
    return render(request, "profiles/community_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
def community(request: SignedInRequest, slug: str) -> HttpResponse:
    """A community: all of it for its readers; what it is and whom to ask, for everybody who may know of it."""
    about = directory.community_page(slug, request.user)
    if about is None:
        raise Http404
    shown, own = about.community, about.own
    context = {
        "community": {
            "name": pages.text(shown.name),
            # In the frame only where it offers to join
            "slug": pages.text(shown.slug) if own else shown.slug,
            "is_open": shown.is_open,
            "is_hidden": shown.is_hidden,
            "get_kind_display": shown.get_kind_display(),
        },
        "description": _described(shown.description),
        "topics": [pages.link(topic) for topic in about.topics],
        "own": {"joined_at": bool(own.joined_at), "is_owner": own.is_owner} if own else None,
        "may_read": about.may_read,
        "has_asked": about.has_asked,
        "owners": card_items(about.owners),
        "owners_are_many": len(about.owners) != 1,
        "members": card_items(about.members),
        "member_count": pages.text(floatformat(about.member_count, "0g")),
        "at": {name: pages.text(reverse(f"community_{name}", args=[shown.slug])) for name in WAYS},
        "may_manage": about.may_manage,
        "panels": slots.community.render(request, shown) if about.may_read else [],
        "actions": slots.community_actions.render(request, shown) if about.may_read else [],
    }
    return pages.page(request, "profiles/community.html", context)


@lru_cache(maxsize=500)
def _described(description: str) -> SafeString:
    """A description as HTML, with its lines and addresses."""
    if not description:
        return SafeString()
    return linebreaks_filter(urlize(description, autoescape=True), autoescape=False)


@form_view
@limited("invite", "60/m")
def edit(request: SignedInRequest, slug: str) -> HttpResponse:
    """Describe a community anew, or change who may read it."""
    shown = _known(request, slug)
    require(request.user, Permission.MANAGE_COMMUNITY, shown)
    topics = Topic.objects.visible_to(request.user).filter(community_rows__community=shown).order_by("name")
    initial: dict[str, Any] = {
        "name": shown.name,
        "kind": shown.kind,
        "description": shown.description,
        "topics": [topic.name for topic in topics],
    }
    form = DescriptionForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            actions.change(community=shown, **form.cleaned_data, by=request.user)
        except actions.NameTaken as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, "The community is saved.")
            return htmx.redirect(request, shown.get_absolute_url())
    context = {"community": _known(request, slug), "form": form}
    return render(request, "profiles/community_edit.html", context, status=422 if form.is_bound else 200)


@require_POST
@limited("follow", "120/m")
def join(request: SignedInRequest, slug: str) -> HttpResponse:
    """Join an open community with one click, or ask the owners of a closed one."""
    shown = _known(request, slug)
    place = actions.join(community=shown, by=request.user)
    if place.joined_at:
        messages.success(request, f"You belong to {shown.name}. What people share there is in your feed now.")
    else:
        messages.success(request, "The owners were asked to let you in.")
    return htmx.redirect(request, shown.get_absolute_url())


@require_POST
@limited("follow", "120/m")
def leave(request: SignedInRequest, slug: str) -> HttpResponse:
    """Leave a community, or take back the question to be let in."""
    shown = _known(request, slug)
    try:
        actions.remove(community=shown, user=request.user, by=request.user)
    except actions.LastOwner as refused:
        messages.error(request, f"You are still in {shown.name}. {refused}")
        return htmx.redirect(request, reverse("community_members", args=[shown.slug]))
    messages.success(request, f"You left {shown.name}.")
    # The page of a hidden community is gone with the membership
    return htmx.redirect(request, reverse("communities") if shown.is_hidden else shown.get_absolute_url())


@form_view
@limited("invite", "60/m")
def members(request: SignedInRequest, slug: str) -> HttpResponse:
    """Who belongs to a community, for its readers; its owners answer requests and add people (POST)."""
    head = directory.community_head(slug, request.user)
    if head is None:
        raise Http404
    shown = head.community
    if not (head.may_manage or head.may_read):
        raise NotAllowed("Only members see who belongs to this community.")
    if request.method == "POST":
        require(request.user, Permission.MANAGE_COMMUNITY, shown)
    form = _add_form(request) if head.may_manage else None
    if form and form.is_valid():
        person = form.cleaned_data["email"]
        actions.add(community=shown, user=person, by=request.user)
        messages.success(request, f"{person.name} belongs to {shown.name} now.")
        return htmx.redirect(request, reverse("community_members", args=[shown.slug]))
    try:
        page = directory.community_members(shown, request.user, cursor=request.GET.get("cursor"))
    except BadCursor as error:
        raise Http404 from error
    waiting = shown.memberships.visible_to(request.user).with_person().requested().order_by("requested_at", "pk")
    context = {
        "community": shown,
        "form": form,
        "page": page,
        "members": _member_rows(request, shown, page, may_manage=head.may_manage),
        "requests": list(waiting[:MAX_REQUESTS_SHOWN]) if head.may_manage else [],
        "may_manage": head.may_manage,
    }
    return render(request, "profiles/community_members.html", context, status=422 if form and form.is_bound else 200)


def _add_form(request: SignedInRequest) -> AddMemberForm:
    known = User.objects.visible_to(request.user)
    return AddMemberForm(request.POST if request.method == "POST" else None, people=known)


def _member_rows(
    request: SignedInRequest, community: Community, page: Iterable[Person], *, may_manage: bool
) -> list[SafeString]:
    """The people of a page, each with what the reader may do to them here."""
    owners = directory.owner_ids(community)
    rows = []
    for person in page:
        beside = {"is_owner": person.pk in owners, "may_manage": may_manage, "is_self": person.pk == request.user.pk}
        context = {"community": community, "person": person, **beside}
        key = (person, community.slug, *beside.values())
        rows.append(finished(kept("profiles/_member.html", key, partial(dict, context)), token_of(request)))
    return rows


def _member(request: SignedInRequest, slug: str, pk: int) -> tuple[Community, User]:
    """A community that the asker looks after, and a person in it or asking to be."""
    shown = _known(request, slug)
    require(request.user, Permission.MANAGE_COMMUNITY, shown)
    place: CommunityMembership = get_object_or_404(
        shown.memberships.visible_to(request.user).with_person(), user__pk=pk
    )
    return shown, place.user


@require_POST
@limited("invite", "60/m")
def approve(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Let somebody in who asked."""
    shown, person = _member(request, slug, pk)
    actions.add(community=shown, user=person, by=request.user)
    messages.success(request, f"{person.name} belongs to {shown.name} now.")
    return htmx.redirect(request, reverse("community_members", args=[shown.slug]))


@require_POST
@limited("invite", "60/m")
def remove(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Decline a request, or end a membership."""
    shown, person = _member(request, slug, pk)
    try:
        actions.remove(community=shown, user=person, by=request.user)
    except actions.LastOwner as refused:
        messages.error(request, f"{person.name} is still in {shown.name}. {refused}")
    else:
        messages.success(request, f"{person.name} does not belong to {shown.name}.")
    return htmx.redirect(request, reverse("community_members", args=[shown.slug]))


@require_POST
@limited("invite", "60/m")
def make_owner(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Make a member an owner too."""
    shown, person = _member(request, slug, pk)
    try:
        actions.make_owner(community=shown, user=person, by=request.user)
    except actions.NotAMember as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{person.name} looks after {shown.name} too.")
    return htmx.redirect(request, reverse("community_members", args=[shown.slug]))
