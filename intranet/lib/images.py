"""Photographs from people: checked by content, made square and small, and freed of all they say about their owner."""

from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _
from PIL import GifImagePlugin, Image, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
QUALITY = 82

# What each kind of file begins with. Pillow's own guessing would also try readers we never want to run.
READERS: tuple[tuple[bytes, int, bytes, type[ImageFile.ImageFile]], ...] = (
    (b"\xff\xd8\xff", 0, b"", JpegImagePlugin.JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", 12, b"IHDR", PngImagePlugin.PngImageFile),
    (b"GIF87a", 0, b"", GifImagePlugin.GifImageFile),
    (b"GIF89a", 0, b"", GifImagePlugin.GifImageFile),
    (b"RIFF", 8, b"WEBP", WebPImagePlugin.WebPImageFile),
)

TOO_HEAVY = _("This file is larger than 8 MB. Your current photo is unchanged. Choose a smaller file.")
TOO_LARGE = _(
    "This picture has more than 40 million pixels. Your current photo is unchanged. Make it smaller or choose another."
)
NO_PICTURE = _(
    "This file is not a JPEG, PNG, WebP or GIF picture. Your current photo is unchanged. Choose another file."
)
BROKEN = _("This picture is damaged and cannot be read. Your current photo is unchanged. Choose another file.")


class ImageRefused(ValueError):
    """The upload cannot become a photo; the message is for the person who sent it."""

    def __str__(self) -> str:
        return str(self.args[0])


def portrait(upload: BinaryIO, sizes: Sequence[int]) -> dict[int, bytes]:
    """The middle square of a picture as WebP, for each width in `sizes` (pixels).

    Takes JPEG, PNG, WebP and GIF (its first frame) up to `MOST_BYTES` and `MOST_PIXELS`. The camera's
    orientation is applied; position, camera, preview and every other note in the file are left behind, and so
    is anything that was hidden in it. Raises ImageRefused with a sentence.
    """
    data = upload.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ImageRefused(TOO_HEAVY)
    reader = _reader(data)
    _refuse_large(_webp_size(data) if reader is WebPImagePlugin.WebPImageFile else (0, 0))
    try:
        with reader(BytesIO(data)) as image:
            # Known from the header: nothing has been decoded yet.
            _refuse_large(image.size)
            return _squares(_upright(image, max(sizes)), sizes)
    except ImageRefused:
        raise
    except Exception as error:
        # Pillow's readers answer damaged files with nearly every exception there is.
        raise ImageRefused(BROKEN) from error


def _reader(data: bytes) -> type[ImageFile.ImageFile]:
    for start, offset, mark, reader in READERS:
        if data.startswith(start) and data.startswith(mark, offset):
            return reader
    raise ImageRefused(NO_PICTURE)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header (RFC 9649): Pillow would make room for the picture before telling them."""
    kind, body = data[12:16], data[20:30].ljust(10, b"\0")
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def _refuse_large(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise ImageRefused(TOO_LARGE)


def _upright(image: ImageFile.ImageFile, largest: int) -> Image.Image:
    """The decoded picture in plain colours, the right way up."""
    # A JPEG can be decoded at a half, a quarter or an eighth of its size: much faster, and enough.
    image.draft("RGB", (2 * largest, 2 * largest))
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16") or upright.mode == "I":
        # Sixteen bits of grey: Pillow's own conversion would make nearly all of it white.
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    if upright.has_transparency_data:
        ground = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(ground, upright.convert("RGBA"))
    return upright.convert("RGB")


def _squares(image: Image.Image, sizes: Sequence[int]) -> dict[int, bytes]:
    squares = {}
    # From the largest down, each made from the one before.
    for size in sorted(set(sizes), reverse=True):
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
        image.info.clear()
        out = BytesIO()
        image.save(out, "WEBP", quality=QUALITY, method=4)
        squares[size] = out.getvalue()
    return squares
