"""Photos: what is a picture becomes small clean squares, everything else is a clear refusal."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from intranet.lib import images
from intranet.lib.images import ImageRefused, portrait

FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]


def picture(size=(60, 40), kind="PNG", mode="RGB", colour=(200, 30, 30), **options):
    out = BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


def read(data):
    image = Image.open(BytesIO(data))
    image.load()
    return image


def near(pixel, colour):
    return all(abs(one - other) < 12 for one, other in zip(pixel, colour, strict=True))


def png(width, height, *, body=b""):
    """A PNG whose header promises a size, without the pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_becomes_webp_squares_of_the_sizes_asked_for(kind):
    result = portrait(BytesIO(picture(kind=kind)), [32, 200, 64])
    assert sorted(result) == [32, 64, 200]
    for size, data in result.items():
        image = read(data)
        assert (image.format, image.size) == ("WEBP", (size, size))
        assert near(image.convert("RGB").getpixel((size // 2, size // 2)), (200, 30, 30))


def test_the_middle_of_the_picture_is_kept():
    image = Image.new("RGB", (300, 100), (0, 0, 255))
    image.paste((0, 200, 0), (100, 0, 200, 100))
    out = BytesIO()
    image.save(out, "PNG")
    square = read(portrait(BytesIO(out.getvalue()), [50])[50]).convert("RGB")
    assert all(near(square.getpixel(at), (0, 200, 0)) for at in [(5, 5), (25, 25), (44, 44)])


def test_orientation_is_applied_and_every_note_of_the_camera_is_gone():
    image = Image.new("RGB", (100, 100), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 100, 50))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter: its top is at the right
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    out = BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"taken at home", quality=95)
    assert b"SecretCamera" in out.getvalue()
    data = portrait(BytesIO(out.getvalue()), [80])[80]
    square = read(data).convert("RGB")
    assert near(square.getpixel((70, 40)), (255, 0, 0))
    assert near(square.getpixel((10, 40)), (0, 0, 255))
    assert not read(data).getexif()
    for trace in (b"SecretCamera", b"taken at home", b"EXIF", b"XMP ", b"ICCP"):
        assert trace not in data


@pytest.mark.parametrize(
    ("mode", "kind", "colour", "seen"),
    [
        ("RGBA", "PNG", (0, 0, 0, 0), (255, 255, 255)),
        ("LA", "PNG", (0, 255), (0, 0, 0)),
        ("P", "GIF", 0, (0, 0, 0)),
        ("1", "PNG", 1, (255, 255, 255)),
        ("L", "JPEG", 128, (128, 128, 128)),
        ("CMYK", "JPEG", (0, 0, 0, 0), (255, 255, 255)),
        ("I;16", "PNG", 32768, (128, 128, 128)),
    ],
)
def test_every_kind_of_colour_comes_out_right(mode, kind, colour, seen):
    square = read(portrait(BytesIO(picture(mode=mode, kind=kind, colour=colour)), [16])[16])
    assert near(square.convert("RGB").getpixel((8, 8)), seen)


def test_a_moving_picture_gives_its_first_frame():
    frames = [Image.new("RGB", (40, 40), colour) for colour in [(255, 0, 0), (0, 255, 0)]]
    for kind in ("GIF", "WEBP", "PNG"):
        out = BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
        square = read(portrait(BytesIO(out.getvalue()), [20])[20]).convert("RGB")
        assert near(square.getpixel((10, 10)), (255, 0, 0))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"just text",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"BM" + b"\0" * 100,
        b"RIFF\0\0\0\0WAVE",
        b"<script>" + picture(),
    ],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ImageRefused, match=r"not a JPEG, PNG, WebP or GIF.*current photo is unchanged"):
        portrait(BytesIO(data), [32])


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a/*<svg/onload=alert(1)>*/=1;alert(1)",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR<script>alert(1)</script>",
        b"\xff\xd8\xff\xe0<script>alert(1)</script>",
        b"RIFF\xff\xff\xff\xffWEBPVP8X",
        png(10, 10),
        png(0, 0),
        png(10, 10, body=b"not zlib"),
    ],
)
def test_what_only_begins_like_a_picture_is_refused(data):
    with pytest.raises(ImageRefused, match=r"damaged.*current photo is unchanged"):
        portrait(BytesIO(data), [32])


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_hidden_in_a_picture_survives(kind):
    payload = b"<script>alert(1)</script>PK\x03\x04"
    for data in portrait(BytesIO(picture(kind=kind) + payload), [32]).values():
        assert payload not in data


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_that_was_cut_off_is_refused(kind):
    noise = Image.effect_noise((120, 120), 80).convert("RGB")
    out = BytesIO()
    noise.save(out, kind)
    whole = out.getvalue()
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(ImageRefused):
            portrait(BytesIO(whole[: int(len(whole) * share)]), [32])


@pytest.mark.parametrize(
    "data",
    [
        png(50_000, 50_000, body=zlib.compress(b"\0" * 1_000_000)),
        png(8_000, 5_001),
        png(40_000_001, 1),
        b"GIF89a" + struct.pack("<HH", 65_000, 65_000) + picture(kind="GIF")[10:],
        b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x3f\0" * 2,
        b"RIFF\x20\0\0\0WEBPVP8L\x0a\0\0\0\x2f" + b"\xff\xff\xff\x0f",
        b"RIFF\x20\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a" + b"\xff\x3f" * 2,
    ],
)
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(data):
    with pytest.raises(ImageRefused, match="more than 40 million pixels"):
        portrait(BytesIO(data), [32])


def test_a_file_that_is_too_large_is_refused_without_reading_all_of_it():
    upload = BytesIO(b"\xff" * (images.MOST_BYTES * 2))
    with pytest.raises(ImageRefused, match="larger than 8 MB"):
        portrait(upload, [32])
    assert upload.tell() == images.MOST_BYTES + 1


def test_a_large_photograph_is_fine():
    assert portrait(BytesIO(picture(size=(8_000, 5_000), kind="JPEG")), [256])


def test_it_leaves_pillow_as_it_was():
    before = Image.MAX_IMAGE_PIXELS
    portrait(BytesIO(picture()), [32])
    assert before == Image.MAX_IMAGE_PIXELS


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
@given(
    kind=st.sampled_from(FORMATS),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    tail=st.binary(max_size=30),
)
def test_damage_is_a_refusal_or_still_a_picture(kind, damage, tail):
    data = bytearray(picture(kind=kind) + tail)
    for place, value in damage:
        data[int(place * len(data))] = value
    try:
        result = portrait(BytesIO(bytes(data)), [16])
    except ImageRefused as refusal:
        assert str(refusal)
    else:
        assert read(result[16]).size == (16, 16)
