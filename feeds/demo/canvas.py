"""The sheet that portraits are drawn on: plain shapes at sizes that do not depend on the picture's."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

OVERSAMPLING = 3  # drawn this much larger, then averaged down: smooth edges without a vector library
ZOOM, DROP = 1.16, 0.025  # how far the person fills the picture, and how far down they sit


class Canvas:
    """Draws in shares of the picture, 0 to 1 from the top left, whatever its size."""

    def __init__(self, size: int, colour: str) -> None:
        """`size` is the side of the finished picture in pixels; `colour` its ground."""
        self.side = side = size * OVERSAMPLING
        self.image = Image.new("RGB", (side, side), colour)
        self._draw = ImageDraw.Draw(self.image)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return (0.5 + (x - 0.5) * ZOOM) * self.side, (0.5 + DROP + (y - 0.5) * ZOOM) * self.side

    def _box(self, cx: float, cy: float, rx: float, ry: float) -> tuple[float, float, float, float]:
        return (*self._point(cx - rx, cy - ry), *self._point(cx + rx, cy + ry))

    def _length(self, share: float) -> int:
        return round(share * ZOOM * self.side)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, colour: str) -> None:
        self._draw.ellipse(self._box(cx, cy, rx, ry), fill=colour)

    def ring(self, cx: float, cy: float, rx: float, ry: float, colour: str, width: float) -> None:
        self._draw.ellipse(self._box(cx, cy, rx, ry), outline=colour, width=self._length(width))

    def chord(self, cx: float, cy: float, rx: float, ry: float, start: float, end: float, colour: str) -> None:
        self._draw.chord(self._box(cx, cy, rx, ry), start, end, fill=colour)

    def arc(
        self, cx: float, cy: float, rx: float, ry: float, start: float, end: float, colour: str, width: float
    ) -> None:
        self._draw.arc(self._box(cx, cy, rx, ry), start, end, fill=colour, width=self._length(width))

    def slab(self, cx: float, cy: float, rx: float, ry: float, radius: float, colour: str) -> None:
        """A rectangle with rounded corners."""
        self._draw.rounded_rectangle(self._box(cx, cy, rx, ry), radius=self._length(radius), fill=colour)

    def frame(self, cx: float, cy: float, rx: float, ry: float, radius: float, colour: str, width: float) -> None:
        """The outline of a slab."""
        self._draw.rounded_rectangle(
            self._box(cx, cy, rx, ry), radius=self._length(radius), outline=colour, width=self._length(width)
        )

    def shape(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        self._draw.polygon([self._point(x, y) for x, y in points], fill=colour)

    def png(self) -> bytes:
        """The finished picture, at the size asked for."""
        out = io.BytesIO()
        self.image.reduce(OVERSAMPLING).save(out, "PNG", compress_level=1)
        return out.getvalue()
