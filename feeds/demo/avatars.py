"""Drawn portraits for the demonstration's people: flat, friendly, nobody in particular."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from feeds.demo.canvas import Canvas


class Skin(NamedTuple):
    """A complexion: the face, the shade used for neck, nose and ears, and the lips."""

    face: str
    shade: str
    lips: str


SKINS = (
    Skin("#f9dcc8", "#edc1a6", "#b4534f"),
    Skin("#f3cbab", "#e0ad87", "#a94c48"),
    Skin("#e5b48a", "#cf9868", "#9c4641"),
    Skin("#cf9a6c", "#b57f51", "#8f3f3b"),
    Skin("#b27a4f", "#965f38", "#7d3432"),
    Skin("#935f3c", "#774829", "#6a2a2b"),
    Skin("#7a4c30", "#5f3822", "#b8655c"),
    Skin("#633d2a", "#4a2b1b", "#ad5d55"),
)
# Light complexions may have any of these, darker ones the first three or four: see _hair_colour.
HAIR_COLOURS = (
    "#1d1718",
    "#35241f",
    "#54382a",
    "#8a8a90",
    "#7d5233",
    "#a8672f",
    "#d0a05a",
    "#c9cad0",
    "#9c3f2a",
)
BACKDROPS = (
    ("#f6d9a8", "#f0c987"),
    ("#bfe0d4", "#a5d0c1"),
    ("#c7d8f0", "#aec6e8"),
    ("#f3c6bd", "#ebb0a4"),
    ("#d9cdec", "#c7b6e2"),
    ("#d3e3b4", "#bfd596"),
    ("#f4dfe6", "#eac8d4"),
    ("#cfe6ec", "#b5d7e1"),
    ("#e9e0d2", "#dccfba"),
)
CLOTHES = (
    ("#2f4b6e", "#24405f"),
    ("#8a3b4a", "#75303e"),
    ("#2f6f62", "#255c51"),
    ("#c2673a", "#a9562d"),
    ("#5a4a82", "#4a3c6e"),
    ("#3b3f4a", "#2e323b"),
    ("#d8a531", "#c0901f"),
    ("#6f8f4e", "#5d7b3e"),
    ("#b75d7a", "#9f4b67"),
    ("#3d86a8", "#2f7391"),
)
SHORT_STYLES = ("crop", "parting", "quiff", "curls", "bald", "receding")
LONG_STYLES = ("afro", "bob", "long", "bun", "wavy", "fringe", "pixie", "ponytail")


@dataclass(frozen=True)
class Look:
    """Everything that is drawn, chosen before anything is drawn."""

    backdrop: tuple[str, str]
    skin: Skin
    hair: str
    hair_colour: str
    clothes: tuple[str, str]
    wrap: tuple[str, str]
    neckline: str
    glasses: str
    beard: str
    earrings: bool
    smile: str
    width: float  # half the width of the face, as a share of the picture


# The head sits here; hair is drawn around the same numbers.
CX, CY, HEIGHT = 0.5, 0.43, 0.205


def _hair_colour(rng: random.Random, tone: int) -> str:
    if tone >= 4:
        return rng.choice(HAIR_COLOURS[:2] * 4 + HAIR_COLOURS[3:4])
    if tone >= 2:
        return rng.choice(HAIR_COLOURS[:3] * 3 + HAIR_COLOURS[3:5])
    return rng.choice(HAIR_COLOURS)


def choose_look(key: str, *, tones: Sequence[int] = (), styles: Sequence[str] = ()) -> Look:
    """
    Choose a portrait's parts from the key alone.

    `tones` (indexes into SKINS) and `styles` (hair or head covering) narrow the choice; empty means any.
    """
    rng = random.Random(f"portrait:{key}")
    tone = rng.choice(list(tones) or range(len(SKINS)))
    anything = [*SHORT_STYLES, *(LONG_STYLES if tone >= 3 else LONG_STYLES[1:]), "headscarf"]
    hair = rng.choice(list(styles) or anything)
    bearded = hair in (*SHORT_STYLES, "turban") and rng.random() < 0.42
    clothes, wrap = rng.sample(CLOTHES, 2)
    return Look(
        backdrop=rng.choice(BACKDROPS),
        skin=SKINS[tone],
        hair=hair,
        hair_colour=_hair_colour(rng, tone),
        clothes=clothes,
        wrap=wrap,
        neckline=rng.choice(("round", "vee", "collar", "jacket", "rollneck")),
        glasses=rng.choice(("", "", "", "round", "square")),
        beard=rng.choice(("full", "short", "moustache")) if bearded else "",
        earrings=hair in LONG_STYLES and rng.random() < 0.4,
        smile=rng.choice(("closed", "closed", "open", "grin")),
        width=rng.uniform(0.148, 0.166),
    )


def _backdrop(c: Canvas, look: Look) -> None:
    c.ellipse(CX, 0.50, 0.385, 0.385, look.backdrop[1])


def _hair_behind(c: Canvas, look: Look) -> None:
    w, colour = look.width, look.hair_colour
    if look.hair == "long":
        c.slab(CX, 0.535, w + 0.052, 0.275, 0.17, colour)
    elif look.hair == "wavy":
        c.slab(CX, 0.48, w + 0.055, 0.23, 0.19, colour)
        for side in (-1, 1):
            for step in range(4):
                c.ellipse(CX + side * (w + 0.035), 0.40 + step * 0.085, 0.058, 0.066, colour)
    elif look.hair in ("bob", "fringe"):
        c.slab(CX, 0.435, w + 0.052, 0.225, 0.17, colour)
    elif look.hair == "afro":
        c.ellipse(CX, 0.375, w + 0.135, 0.265, colour)
    elif look.hair == "bun":
        c.ellipse(CX, 0.165, 0.085, 0.082, colour)
    elif look.hair == "ponytail":
        c.ellipse(CX + w + 0.045, 0.43, 0.062, 0.17, colour)
        c.ellipse(CX + w - 0.005, 0.30, 0.07, 0.07, colour)
    elif look.hair == "receding":
        c.ellipse(CX, CY - 0.035, w + 0.016, 0.125, colour)
    elif look.hair == "headscarf":
        c.slab(CX, 0.475, w + 0.06, 0.275, 0.2, look.wrap[0])


def _body(c: Canvas, look: Look) -> None:
    main, dark = look.clothes
    skin = look.skin
    c.slab(CX, 1.08, 0.335, 0.345, 0.2, main)
    if look.hair == "headscarf":
        return  # its ends cover the neck
    if look.neckline == "rollneck":
        c.slab(CX, 0.64, 0.082, 0.1, 0.03, skin.shade)
        c.slab(CX, 0.745, 0.1, 0.062, 0.035, dark)
        return
    if look.neckline == "jacket":
        c.shape(((CX - 0.12, 0.735), (CX + 0.12, 0.735), (CX, 1.02)), "#f4f1ea")
    elif look.neckline == "vee":
        c.shape(((CX - 0.112, 0.735), (CX + 0.112, 0.735), (CX, 0.905)), skin.face)
    else:
        c.ellipse(CX, 0.742, 0.118, 0.078, dark if look.neckline == "round" else "#f4f1ea")
        c.ellipse(CX, 0.732, 0.1, 0.066, skin.face)
    if look.neckline == "jacket":
        c.shape(((CX - 0.078, 0.72), (CX + 0.078, 0.72), (CX, 0.81)), skin.face)
    c.slab(CX, 0.645, 0.078, 0.1, 0.05, skin.face)
    c.chord(CX, 0.6, 0.0795, 0.09, 0, 180, skin.shade)
    if look.neckline == "jacket":
        for side in (-1, 1):
            c.shape(
                ((CX + side * 0.095, 0.725), (CX + side * 0.165, 0.755), (CX + side * 0.01, 1.0), (CX, 1.0)),
                dark,
            )
            c.shape(((CX + side * 0.075, 0.72), (CX + side * 0.115, 0.745), (CX + side * 0.05, 0.83)), "#ffffff")
    elif look.neckline == "collar":
        for side in (-1, 1):
            c.shape(((CX + side * 0.105, 0.715), (CX + side * 0.135, 0.80), (CX, 0.80)), "#ffffff")


def _ears(c: Canvas, look: Look) -> None:
    if look.hair in ("headscarf", "bob", "long", "wavy", "fringe"):
        return
    for side in (-1, 1):
        x = CX + side * look.width
        c.ellipse(x, CY + 0.025, 0.032, 0.043, look.skin.face)
        c.ellipse(x + side * 0.004, CY + 0.027, 0.016, 0.024, look.skin.shade)
        if look.earrings:
            c.ellipse(x + side * 0.006, CY + 0.083, 0.013, 0.013, "#e3b341")


def _head(c: Canvas, look: Look) -> None:
    w = look.width
    c.ellipse(CX, CY - 0.02, w, HEIGHT - 0.02, look.skin.face)
    c.slab(CX, CY + 0.035, w, 0.17, w * 0.98, look.skin.face)


def _beard(c: Canvas, look: Look) -> None:
    w, colour = look.width, look.hair_colour
    if look.beard == "full":
        c.chord(CX, CY + 0.055, w + 0.004, 0.166, -6, 186, colour)
        c.ellipse(CX, CY + 0.035, w * 0.79, 0.077, look.skin.face)
        c.slab(CX, CY + 0.104, 0.068, 0.019, 0.018, colour)
    elif look.beard == "short":
        c.chord(CX, CY + 0.105, w * 0.62, 0.101, 0, 180, colour)
        c.slab(CX, CY + 0.1, w * 0.62, 0.024, 0.024, colour)
        c.ellipse(CX, CY + 0.128, 0.056, 0.027, look.skin.face)
    elif look.beard == "moustache":
        c.chord(CX - 0.03, CY + 0.112, 0.036, 0.034, 180, 360, colour)
        c.chord(CX + 0.03, CY + 0.112, 0.036, 0.034, 180, 360, colour)


def _face(c: Canvas, look: Look) -> None:
    ink = "#21181b"
    brow = look.hair_colour if look.hair not in ("headscarf", "turban", "bald") else "#2e2321"
    for side in (-1, 1):
        x = CX + side * 0.066
        c.ellipse(x, CY + 0.012, 0.0155, 0.019, ink)
        c.ellipse(x + 0.005, CY + 0.005, 0.005, 0.006, "#ffffff")
        c.arc(x, CY - 0.022, 0.036, 0.024, 205, 335, brow, 0.012)
    c.arc(CX, CY + 0.048, 0.022, 0.02, 20, 160, look.skin.shade, 0.012)
    mouth = CY + 0.108
    if look.smile == "closed":
        c.arc(CX, mouth - 0.008, 0.046, 0.034, 25, 155, look.skin.lips, 0.012)
    elif look.smile == "open":
        c.chord(CX, mouth - 0.004, 0.045, 0.042, 0, 180, look.skin.lips)
        c.chord(CX, mouth - 0.004, 0.037, 0.016, 0, 180, "#ffffff")
    else:
        c.chord(CX, mouth - 0.004, 0.049, 0.041, 0, 180, look.skin.lips)
        c.chord(CX, mouth - 0.001, 0.041, 0.03, 0, 180, "#ffffff")


def _glasses(c: Canvas, look: Look) -> None:
    frame = "#2b2f3a"
    for side in (-1, 1):
        x = CX + side * 0.068
        if look.glasses == "round":
            c.ring(x, CY + 0.014, 0.05, 0.05, frame, 0.009)
        else:
            c.frame(x, CY + 0.013, 0.053, 0.037, 0.018, frame, 0.01)
    c.arc(CX, CY + 0.012, 0.02, 0.016, 190, 350, frame, 0.009)


def _cap(c: Canvas, look: Look, *, low: float = 0.0, lift: float = 0.0) -> None:
    """Hair over the top of the head, down to a straight line across the forehead."""
    w = look.width + 0.014
    c.chord(CX, CY - 0.03, w, HEIGHT + lift, 180 - low, 360 + low, look.hair_colour)


def _crop(c: Canvas, look: Look) -> None:
    c.chord(CX, CY - 0.045, look.width + 0.008, 0.185, 195, 345, look.hair_colour)
    for side in (-1, 1):
        c.slab(CX + side * (look.width - 0.004), CY - 0.055, 0.014, 0.06, 0.012, look.hair_colour)


def _parting(c: Canvas, look: Look) -> None:
    w = look.width
    _crop(c, look)
    c.ellipse(CX - w * 0.45, CY - 0.155, w * 0.68, 0.07, look.hair_colour)
    c.ellipse(CX + w * 0.52, CY - 0.165, w * 0.56, 0.058, look.hair_colour)


def _quiff(c: Canvas, look: Look) -> None:
    w = look.width
    _crop(c, look)
    c.ellipse(CX + w * 0.12, CY - 0.205, w * 0.86, 0.068, look.hair_colour)
    c.ellipse(CX + w * 0.62, CY - 0.18, w * 0.42, 0.066, look.hair_colour)


CURLS = (  # across and down from the middle of the head, and how big
    (-1.0, -0.09, 0.05), (-0.78, -0.155, 0.056), (-0.4, -0.2, 0.06), (0.02, -0.215, 0.062),
    (0.42, -0.2, 0.06), (0.8, -0.155, 0.056), (1.0, -0.09, 0.05), (-0.45, -0.145, 0.05),
    (0.1, -0.15, 0.052), (0.55, -0.14, 0.048),
)  # fmt: skip


def _curls(c: Canvas, look: Look) -> None:
    w = look.width
    _crop(c, look)
    for x, y, r in CURLS:
        c.ellipse(CX + x * w, CY + y, r, r, look.hair_colour)


def _bob(c: Canvas, look: Look) -> None:
    w = look.width
    c.chord(CX, CY - 0.05, w + 0.05, 0.178, 180, 360, look.hair_colour)
    c.ellipse(CX, CY + 0.028, w * 0.93, 0.16, look.skin.face)
    c.shape(((CX - w * 1.15, CY - 0.06), (CX + w * 0.3, CY - 0.2), (CX - w * 0.1, CY - 0.105)), look.hair_colour)


def _fringe(c: Canvas, look: Look) -> None:
    w = look.width
    c.chord(CX, CY - 0.03, w + 0.05, 0.2, 180, 360, look.hair_colour)
    c.slab(CX, CY - 0.055, w * 0.98, 0.034, 0.03, look.hair_colour)


def _swept(c: Canvas, look: Look) -> None:
    """A centre parting: two curtains that leave the face open."""
    w = look.width
    c.chord(CX, CY - 0.04, w + 0.05, 0.188, 180, 360, look.hair_colour)
    for side in (-1, 1):
        c.slab(CX + side * (w * 0.915 + 0.025), CY + 0.05, w * 0.085 + 0.025, 0.16, 0.03, look.hair_colour)
    c.ellipse(CX, CY + 0.005, w * 0.87, 0.15, look.skin.face)


def _gathered(c: Canvas, look: Look) -> None:
    w = look.width
    c.chord(CX, CY - 0.045, w + 0.016, 0.188, 183, 357, look.hair_colour)
    c.ellipse(CX, CY + 0.005, w * 0.9, 0.142, look.skin.face)


def _afro(c: Canvas, look: Look) -> None:
    c.chord(CX, CY - 0.04, look.width + 0.012, 0.178, 200, 340, look.hair_colour)


def _pixie(c: Canvas, look: Look) -> None:
    w = look.width
    _cap(c, look, lift=-0.012)
    c.ellipse(CX + w * 0.28, CY + 0.0, w * 0.8, 0.115, look.skin.face)
    for side in (-1, 1):
        c.slab(CX + side * w, CY - 0.015, 0.017, 0.06, 0.015, look.hair_colour)


def _headscarf(c: Canvas, look: Look) -> None:
    w = look.width
    main, dark = look.wrap
    c.ring(CX, CY + 0.004, w + 0.056, HEIGHT + 0.044, main, 0.07)
    c.ring(CX, CY + 0.004, w - 0.004, HEIGHT - 0.014, dark, 0.012)
    c.slab(CX, 0.682, 0.13, 0.05, 0.03, main)
    c.ellipse(CX, 0.72, 0.185, 0.098, main)
    c.arc(CX - 0.02, 0.63, 0.18, 0.11, 30, 118, dark, 0.009)
    c.arc(CX + 0.04, 0.65, 0.16, 0.125, 62, 152, dark, 0.009)


def _turban(c: Canvas, look: Look) -> None:
    w = look.width
    main, dark = look.wrap
    c.ellipse(CX, CY - 0.168, w + 0.056, 0.135, main)
    c.slab(CX, CY - 0.11, w + 0.03, 0.042, 0.04, main)
    c.shape(((CX - 0.065, CY - 0.067), (CX + 0.065, CY - 0.067), (CX, CY - 0.125)), dark)
    for step in range(3):
        c.arc(CX - 0.21, CY - 0.06, 0.225 + step * 0.06, 0.09 + step * 0.058, 300, 350, dark, 0.008)


FRONTS: dict[str, Callable[[Canvas, Look], None]] = {
    "crop": _crop, "parting": _parting, "quiff": _quiff, "curls": _curls, "bob": _bob,
    "fringe": _fringe, "long": _swept, "wavy": _swept, "bun": _gathered, "ponytail": _gathered, "afro": _afro,
    "pixie": _pixie, "headscarf": _headscarf, "turban": _turban,
}  # fmt: skip


def avatar(key: str, size: int = 512, *, tones: Sequence[int] = (), styles: Sequence[str] = ()) -> bytes:
    """
    Draw the portrait that belongs to a key.

    `size` is the side in pixels. `tones` and `styles` narrow the choice (see choose_look). Returns a PNG.
    """
    look = choose_look(key, tones=tones, styles=styles)
    canvas = Canvas(size, look.backdrop[0])
    _backdrop(canvas, look)
    _hair_behind(canvas, look)
    _body(canvas, look)
    _ears(canvas, look)
    _head(canvas, look)
    if look.beard:
        _beard(canvas, look)
    if look.hair in FRONTS:
        FRONTS[look.hair](canvas, look)
    _face(canvas, look)
    if look.glasses:
        _glasses(canvas, look)
    return canvas.png()
