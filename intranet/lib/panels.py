"""Slots: places on a page where an app further up the house puts panels, unknown to the page's own app."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Panel:
    """A piece of finished HTML; `order` moves it from its function's place, negative is earlier."""

    html: SafeString
    title: str = ""
    order: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.html, SafeString):
            raise TypeError("A panel's html comes from a template or format_html, never from plain text")


# A page hands on the request it has, which may be more than a plain one
Build = Callable[[Any, Any], Panel | None]


class _Registered(NamedTuple):
    order: int
    name: str
    build: Build


class Slot:
    """A named place on a page, made beside the view that renders it.

    An app registers functions in a module `panels`, imported from its `AppConfig.ready`. A function answers
    None where it has nothing to say, and shows only what the person of the request may see.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._registered: list[_Registered] = []

    def panel(self, *, order: int = 0) -> Callable[[Build], Build]:
        """Register a function for this slot; lower orders come first, equal ones by name.

        Raises ValueError when the function is there already: its panel would be on the page twice.
        """

        def register(build: Build) -> Build:
            name = f"{build.__module__}.{build.__qualname__}"
            if any(entry.name == name for entry in self._registered):
                raise ValueError(f"{name} is already registered in the slot {self.name}")
            self._registered.append(_Registered(order, name, build))
            return build

        return register

    def render(self, request: HttpRequest, obj: Any) -> list[Panel]:
        """The panels that have something to say about `obj` to this request's person, in order."""
        shown = []
        for entry in self._registered:
            panel = entry.build(request, obj)
            if panel is not None:
                shown.append((entry.order + panel.order, entry.name, panel))
        return [panel for *_, panel in sorted(shown, key=lambda place: place[:2])]
