"""A real nginx and the images it is sent: which reach an engine, and what is refused before."""

import json
import struct
from collections.abc import Iterator

import pytest

from tests.catalogue.tiny_images import bomb, data_url, png, seeing
from tests.e2e.gateway_lab import Lab, running_lab, said
from tests.render.plans import SEEING, small_pool

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

LIMITS = {"per_request": 2, "megapixels": 1, "domains": ("images.example",)}
POOLS = (
    small_pool("chat", 2, model=SEEING, image_limits=LIMITS),
    small_pool("other", 1, public_name="Org/Other-1.5"),
)
SMALL = data_url(png(32, 32))
FRAME = b"\xff\xc0\x00\x11\x08%s\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01"


def _jpeg(width: int, height: int, before: int = 0) -> bytes:
    """As far as its size, behind so many segments of a photograph's notes."""
    notes = (b"\xff\xe1" + struct.pack(">H", 65_000) + bytes(64_998)) * before
    end = FRAME % struct.pack(">HH", height, width)
    return b"\xff\xd8" + notes + b"\xff\xdb\x00\x04\x00\x00" + end + bytes(32)


def _bmp(width: int, height: int) -> bytes:
    return b"BM" + bytes(12) + struct.pack("<Iii", 40, width, height) + bytes(40)


def _webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBP" + kind + bytes(4) + rest + bytes(40)


def _gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(40)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway of a pool that sees, and of one that does not."""
    folder = tmp_path_factory.mktemp("images")
    with running_lab(folder, nginx_image, POOLS, body_limit_mib=8) as lab:
        yield lab


@pytest.fixture
def lab(started: Lab) -> Lab:
    started.engines("answers")
    return started


FITS = {
    "none": [],
    "one": [SMALL],
    "two": [SMALL, data_url(png(1000, 1000))],
    "a JPEG": [data_url(_jpeg(1000, 1000), "jpeg")],
    "a photograph": [data_url(_jpeg(1000, 1000, before=3), "jpeg")],
    "a GIF": [data_url(_gif(1000, 1000), "gif")],
    "a BMP": [data_url(_bmp(1000, -1000), "bmp")],
    "a lossy WebP": [data_url(_webp(b"VP8 ", bytes(6) + b"\xe8\x03\xe8\x03"), "webp")],
    "a lossless WebP": [data_url(_webp(b"VP8L", b"\x2f" + struct.pack("<I", 999)), "webp")],
    "a larger WebP": [data_url(_webp(b"VP8X", bytes(4) + b"\xe7\x03\x00\xe7\x03\x00"), "webp")],
    "from an allowed host": ["https://images.example/a.png"],
}


@pytest.mark.parametrize("urls", FITS.values(), ids=FITS)
def test_images_within_the_limits_reach_an_engine_as_they_are(lab: Lab, urls: list[str]) -> None:
    body = json.dumps(seeing(*urls)).encode()
    assert lab.chat(body).status_code == 200
    (seen,) = lab.seen()
    assert seen["bytes"] == len(body)


TOO_LARGE = {
    "a PNG": data_url(png(1001, 1000)),
    "a bomb": data_url(bomb(30_000, 30_000)),
    "a JPEG": data_url(_jpeg(1001, 1000), "jpeg"),
    "a photograph": data_url(_jpeg(1001, 1000, before=3), "jpeg"),
    "a GIF": data_url(_gif(1001, 1000), "gif"),
    "a BMP": data_url(_bmp(1001, -1000), "bmp"),
    "a lossy WebP": data_url(_webp(b"VP8 ", bytes(6) + b"\xe9\x03\xe8\x03"), "webp"),
    "a lossless WebP": data_url(_webp(b"VP8L", b"\x2f\xff\xff\xff\x0f"), "webp"),
    "a larger WebP": data_url(_webp(b"VP8X", bytes(4) + b"\xe8\x03\x00\xe7\x03\x00"), "webp"),
}


@pytest.mark.parametrize("url", TOO_LARGE.values(), ids=TOO_LARGE)
def test_an_image_with_more_pixels_than_the_limit_is_refused_by_it(lab: Lab, url: str) -> None:
    answer = lab.chat(seeing(SMALL, url))
    assert said(answer) == (413, "image_too_large")
    assert "1 megapixels" in answer.json()["error"]["message"]
    assert lab.seen() == []


def test_more_images_than_the_limit_are_refused_by_it(lab: Lab) -> None:
    answer = lab.chat(seeing(SMALL, SMALL, SMALL))
    assert said(answer) == (413, "too_many_images")
    assert answer.json()["error"]["message"].endswith("takes: 2.")
    assert lab.seen() == []


def test_a_body_larger_than_the_limit_is_refused_by_it(lab: Lab) -> None:
    answer = lab.chat(seeing(SMALL + "A" * 8 * 2**20))
    assert said(answer) == (413, "too_large")
    assert "8 MiB" in answer.json()["error"]["message"]


BY_URL = (
    "http://images.example.evil.example/a.png",
    "http://images.example@evil.example/a.png",
    "http://169.254.169.254/latest/meta-data/",
    "https://images.example:8080@evil.example/",
    "http://images.example\\@evil.example/",
    "HTTP://evil.example/",
    "file:///etc/passwd",
    "data:text/plain;base64,AAAA",
    "",
)


@pytest.mark.parametrize("url", BY_URL)
def test_what_a_url_names_elsewhere_is_never_fetched(lab: Lab, url: str) -> None:
    assert said(lab.chat(seeing(url))) == (400, "image_by_url")
    assert lab.seen() == []


UNREADABLE = {
    "nothing": "data:image/png;base64,",
    "no base64": "data:image/png;base64,!!!!",
    "base64 with a gap": SMALL[:40] + "\n" + SMALL[40:],
    "cut off": SMALL[:50],
    "another format": data_url(b"8BPS\0\1" + bytes(60), "png"),
    "a JPEG without a frame": data_url(b"\xff\xd8\xff\xd9" + bytes(60), "jpeg"),
}


@pytest.mark.parametrize("url", UNREADABLE.values(), ids=UNREADABLE)
def test_an_image_whose_size_cannot_be_told_is_refused(lab: Lab, url: str) -> None:
    assert said(lab.chat(seeing(url))) == (400, "image_unreadable")
    assert lab.seen() == []


# Letters that are escaped, a URL without its object, llama-server's own form, and a body that is
# too long to be parsed.
HIDDEN = (
    (rb'{"model": "chat", "messages": [{"content": [{"image\u005furl": {"url": "file:///a"}}]}]}'),
    (rb'{"model": "chat", "messages": [{"content": [{"image_url": {"\u0075rl": "file:///a"}}]}]}'),
    (rb'{"model": "chat", "messages": [{"content": [{"image_url": "file:\/\/\/a"}]}]}'),
    (rb'{"model": "chat", "messages": [{"content": [{"video_url": {"url": "http://a/"}}]}]}'),
    (rb'{"model": "chat", "messages": [{"content": [{"input_video": {"url": "http://a/"}}]}]}'),
    (rb'{"model": "chat", "messages": [{"content": [{"input_video": {"data": "http://a/"}}]}]}'),
    (rb'{"model": "chat", "messages": [{"content": [{"input_audio": {"data": "http://a/"}}]}]}'),
    (b'{"model": "chat", "a": "%s", "image_url": {"x": {}, "url": "http://a/"}}' % (b"a" * 2**21)),
)


@pytest.mark.parametrize("body", HIDDEN, ids=range(len(HIDDEN)))
def test_no_way_of_writing_it_hides_a_url(lab: Lab, body: bytes) -> None:
    assert said(lab.chat(body)) == (400, "image_by_url")
    assert lab.seen() == []


CALLED_OTHERWISE = {
    "a video": {"video_url": {"url": data_url(png(1001, 1000)).replace("image/", "video/")}},
    "data": {"input_video": {"data": data_url(png(1001, 1000))}},
}


@pytest.mark.parametrize("part", CALLED_OTHERWISE.values(), ids=CALLED_OTHERWISE)
def test_an_image_that_is_called_otherwise_is_held_to_the_same_limit(
    lab: Lab, part: dict[str, object]
) -> None:
    body = {"model": "chat", "messages": [{"role": "user", "content": [part]}]}
    assert said(lab.chat(body)) == (413, "image_too_large")
    assert lab.seen() == []


def test_a_video_is_none_of_the_formats(lab: Lab) -> None:
    part = {"type": "video_url", "video_url": {"url": "data:video/mp4;base64," + "A" * 80}}
    body = {"model": "chat", "messages": [{"role": "user", "content": [part]}]}
    assert said(lab.chat(body)) == (400, "image_unreadable")
    assert lab.seen() == []


def test_llama_servers_own_form_is_held_to_the_same_limits(lab: Lab) -> None:
    large, small = (data_url(png(*size)).partition(",")[2] for size in ((1001, 1000), (9, 9)))
    for images, expected in (
        ([small, large], (413, "image_too_large")),
        ([small] * 3, (413, "too_many_images")),
        (["http://a/"], (400, "image_unreadable")),
    ):
        prompt = {"prompt_string": "<__media__>", "multimodal_data": images}
        assert said(lab.chat({"model": "chat", "prompt": prompt})) == expected
    assert lab.seen() == []


TEXTS = (
    [{"role": "user", "content": 'https://evil.example/ and "image_url": {"url": 1}'}],
    [{"role": "user", "content": [{"type": "text", "text": "file:///etc/passwd"}]}],
)


@pytest.mark.parametrize("messages", TEXTS, ids=range(len(TEXTS)))
def test_a_text_about_images_is_none(lab: Lab, messages: list[object]) -> None:
    assert lab.chat({"model": "chat", "messages": messages}).status_code == 200


def test_a_pool_that_does_not_see_has_its_engine_say_so(lab: Lab) -> None:
    """No engine of `other` runs here: what is asked of it was let through."""
    answer = lab.chat(seeing("http://evil.example/", model="Org/Other-1.5"))
    assert answer.status_code in (502, 503, 504)
