"""Topics: the list, a topic's page, what the topics field offers, and what the Knowledge Council does to one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intranet.lib import htmx, pages
from intranet.lib.limits import limited
from intranet.lib.pages import text
from intranet.lib.pagination import BadCursor, keyset_page
from profiles import directory, slots
from profiles.actions import topics as actions
from profiles.forms.topics import AliasForm, CurateForm, TopicFilterForm
from profiles.listing import card_items, headed_card_items
from profiles.middleware import SignedInRequest
from profiles.models import Topic, TopicState
from profiles.permissions import Permission, can, require

PER_PAGE = 50


@require_safe
def topics(request: SignedInRequest) -> HttpResponse:
    """Adopted topics, grouped; for the Knowledge Council, suggested ones behind a tab."""
    form = TopicFilterForm(request.GET)
    text = form.text
    may_curate = can(request.user, Permission.CURATE)
    suggested = may_curate and request.GET.get("show") == "suggested"
    found = Topic.objects.visible_to(request.user).suggested() if suggested else directory.topics(request.user, q=text)
    try:
        page = keyset_page(found, key=("name", "pk"), cursor=request.GET.get("cursor"), size=PER_PAGE)
    except BadCursor as error:
        raise Http404 from error
    tabs = [
        {"label": "Adopted", "href": reverse("topics"), "current": not suggested},
        {"label": "Suggested", "href": f"{reverse('topics')}?show=suggested", "current": suggested},
    ]
    context = {
        "form": form,
        "text": text,
        "page": page,
        "suggested": suggested,
        "params": urlencode({"q": text} if text else {"show": "suggested"} if suggested else {}),
        "tabs": tabs if may_curate else [],
    }
    return render(request, "profiles/topics.html", context)


@require_safe
def topic(request: SignedInRequest, slug: str) -> HttpResponse:
    """A topic and who knows about it; an alias and a merged topic lead to what they mean."""
    about = directory.topic_page(slug, request.user)
    if about is None:
        meant = Topic.objects.visible_to(request.user).meant_by(slug)
        if meant is None:
            raise Http404
        return HttpResponsePermanentRedirect(meant.get_absolute_url())
    called = about.topic
    context = {
        "topic": {
            "name": text(called.name),
            "slug": called.slug if about.may_curate else text(called.slug),
            "state": called.state,
            "description": text(called.description),
        },
        "parent": pages.link(about.parent) if about.parent else None,
        "children": [pages.link(child) for child in about.children],
        "aliases": text(", ".join(about.aliases)),
        "experts": headed_card_items(about.experts),
        "stewards": card_items(about.stewards),
        "stewards_are_many": len(about.stewards) != 1,
        "communities": [pages.link(community) for community in about.communities],
        "add_yours": text(reverse("person_edit", args=[request.user.pk])),
        "may_curate": about.may_curate,
        "panels": slots.topic.render(request, called),
        "actions": slots.topic_actions.render(request, called),
    }
    return pages.page(request, "profiles/topic.html", context)


@require_safe
def suggestions(request: SignedInRequest) -> HttpResponse:
    """What the topics field offers for what was typed: `q`, or the field that htmx names."""
    if not htmx.wants_fragment(request) and "q" not in request.GET:
        # Nobody stops a topic from being called "suggest"
        return topic(request, slug="suggest")
    name = request.headers.get("HX-Trigger-Name", "q")
    typed = request.GET.get(name, request.GET.get("q", ""))
    context = {"offers": directory.suggested_topics(request.user, typed.replace("\0", ""))}
    return render(request, "profiles/_topic_suggestions.html", context)


def _curated(request: SignedInRequest, slug: str) -> Topic:
    shown: Topic = get_object_or_404(Topic.objects.visible_to(request.user), slug=slug)
    require(request.user, Permission.CURATE, shown)
    return shown


def _curate_form(request: SignedInRequest, shown: Topic, data: Any = None) -> CurateForm:
    return CurateForm(data, topic=shown, parents=Topic.objects.visible_to(request.user).adopted())


@require_http_methods(["GET", "HEAD", "POST"])
@limited("invite", "60/m")
def edit(request: SignedInRequest, slug: str) -> HttpResponse:
    """Adopt a suggested topic, or describe and nest an adopted one."""
    shown = _curated(request, slug)
    form = _curate_form(request, shown, request.POST if request.method == "POST" else None)
    if form.is_valid():
        act = actions.adopt if shown.state == TopicState.SUGGESTED else actions.describe
        try:
            act(topic=shown, by=request.user, **form.cleaned_data)
        except actions.TopicLoop as refused:
            form.add_error("parent", str(refused))
        else:
            messages.success(request, "The topic is saved.")
            return htmx.redirect(request, shown.get_absolute_url())
    return _edit_page(request, shown, form=form)


@require_POST
@limited("invite", "60/m")
def add_alias(request: SignedInRequest, slug: str) -> HttpResponse:
    """Another name that means this topic."""
    shown = _curated(request, slug)
    form = AliasForm(request.POST)
    if form.is_valid():
        try:
            alias = actions.add_alias(topic=shown, name=form.cleaned_data["name"], by=request.user)
        except actions.AliasTaken as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, f"“{alias.name}” means {shown.name} from now on.")
            return htmx.redirect(request, reverse("topic_edit", args=[shown.slug]))
    return _edit_page(request, shown, alias_form=form)


@require_POST
@limited("invite", "60/m")
def remove_alias(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Let a name stand for itself again."""
    shown = _curated(request, slug)
    alias = get_object_or_404(shown.aliases, pk=pk)
    actions.remove_alias(alias=alias, by=request.user)
    messages.success(request, f"“{alias.name}” no longer means {shown.name}.")
    return htmx.redirect(request, reverse("topic_edit", args=[shown.slug]))


def _edit_page(
    request: SignedInRequest, shown: Topic, *, form: CurateForm | None = None, alias_form: AliasForm | None = None
) -> HttpResponse:
    sent = alias_form or form
    context = {
        "topic": get_object_or_404(Topic.objects.visible_to(request.user), pk=shown.pk),
        "curate_form": form or _curate_form(request, shown),
        "alias_form": alias_form or AliasForm(),
        "aliases": list(shown.aliases.order_by("name", "pk")),
        # The one that was sent: its errors are summed up at the top
        "form": sent,
    }
    return render(request, "profiles/topic_edit.html", context, status=422 if sent and sent.is_bound else 200)
