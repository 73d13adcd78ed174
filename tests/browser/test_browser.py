"""The walk of a newcomer in a real browser: Home, Segment, sample, heads, pixel, class, uploads, export.

Needs Chromium on the machine (Debian: `apt install chromium`). Without one these tests are skipped, but in
continuous integration (CI is set) a missing browser is a failure.
"""

from __future__ import annotations

import io

import numpy as np
from app_bench import TINY
from browsing import expect, no_traceback, rest, still_box, wait_until
from PIL import Image


def open_segment(page, address: str, extra: str = "") -> None:
    page.goto(f"{address}/segment?weights={TINY}&sample=streets-1{extra}")
    expect(pictures(page).first).to_be_visible()


def pictures(page):
    """The clickable pictures of the page."""
    return page.get_by_role("application")


def noise(size: tuple[int, int] = (96, 64)) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(3).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def test_from_home_to_an_exported_png(page, address: str) -> None:
    page.goto(f"{address}/?weights={TINY}")
    expect(page.get_by_role("heading", name="FCN Lab")).to_be_visible()
    page.get_by_role("link", name="Segment").first.click()
    expect(page.get_by_role("heading", name="Segment")).to_be_visible()
    expect(pictures(page)).to_have_count(3)

    page.get_by_role("button", name="streets-2", exact=True).click()
    wait_until(page, lambda: "sample=streets-2" in page.url)

    page.get_by_role("button", name="16s", exact=True).click()
    expect(pictures(page)).to_have_count(2)

    box = pictures(page).first.bounding_box()
    pictures(page).first.click(position={"x": box["width"] / 4, "y": box["height"] / 2})
    expect(page.get_by_text("8s sees")).to_be_visible()
    wait_until(page, lambda: "x=" in page.url and "y=" in page.url)

    before = picture_source(page, 1)
    assert page.get_by_role("checkbox", name="building").get_attribute("aria-label").startswith("building ")
    page.locator("label").filter(has=page.get_by_role("checkbox", name="building")).click()
    wait_until(page, lambda: "off=building" in page.url)
    wait_until(page, lambda: picture_source(page, 1) != before)

    page.get_by_role("radio", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="streets-2_8s_index.png").click()
    exported = Image.open(download.value.path())
    assert exported.mode == "L" and exported.size == (640, 480)
    assert np.array(exported).max() < 11, "one byte a pixel, a class index of CamVid's 11"
    no_traceback(page)


def picture_source(page, place: int) -> str:
    return pictures(page).nth(place).locator("img").get_attribute("src")


def test_a_click_names_the_exact_pixel(page, address: str) -> None:
    open_segment(page, address, "&heads=8s")
    pictures(page).first.scroll_into_view_if_needed()
    box = still_box(page, pictures(page).first)
    # The middle of the displayed square of image pixel (320, 120).
    page.mouse.click(box["x"] + (320.5 / 640) * box["width"], box["y"] + (120.5 / 480) * box["height"])
    wait_until(page, lambda: "x=320" in page.url and "y=120" in page.url)
    rest(page)
    page.keyboard.press("ArrowRight")
    wait_until(page, lambda: "x=321" in page.url and "y=120" in page.url)

    # Three heads side by side: a CSS pixel covers several of the picture's, and the pointer is read exactly.
    page.goto(f"{address}/segment?weights={TINY}&sample=streets-1")
    expect(pictures(page)).to_have_count(3)
    for x, y in ((638, 477), (1, 2)):
        box = still_box(page, pictures(page).first)
        page.mouse.click(box["x"] + (x + 0.5) / 640 * box["width"], box["y"] + (y + 0.5) / 480 * box["height"])
        wait_until(page, lambda x=x, y=y: f"x={x}&y={y}&" in page.url)


def test_names_of_files_are_shown_as_they_are(page, address: str) -> None:
    open_segment(page, address)
    page.get_by_role("tab", name="Upload").click()
    uploader = page.locator(".st-key-photo-upload input[type=file]")
    uploader.set_input_files({"name": "**my** $1$ [a](b).jpg", "mimeType": "image/jpeg", "buffer": b"only words"})
    expect(page.get_by_text("**my** $1$ [a](b).jpg is a text file")).to_be_visible()


def test_uploads_good_and_bad(page, address: str) -> None:
    open_segment(page, address)
    page.get_by_role("tab", name="Upload").click()
    uploader = page.locator(".st-key-photo-upload input[type=file]")
    uploader.set_input_files({"name": "street.jpg", "mimeType": "image/jpeg", "buffer": noise()})
    expect(page.get_by_role("button", name="street.jpg", exact=True)).to_have_attribute("aria-pressed", "true")
    uploader.set_input_files({"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"only words"})
    expect(page.get_by_text("notes.jpg is a text file")).to_be_visible()
    expect(pictures(page)).to_have_count(3)
    no_traceback(page)


def test_a_pasted_picture_is_an_upload(page, address: str) -> None:
    open_segment(page, address)
    page.get_by_role("tab", name="Upload").click()
    page.wait_for_selector(".st-key-photo-upload input[type=file]", state="attached")
    page.evaluate(
        """async (bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        }""",
        list(noise()),
    )
    expect(page.get_by_role("button", name="pasted.png", exact=True)).to_be_visible()


def test_an_address_opens_the_same_bench(page, address: str) -> None:
    open_segment(page, address, "&view=heatmaps&cls=pole&head=16s&x=10&y=20")
    expect(page.get_by_text("probability of pole").first).to_be_visible()
    expect(page.get_by_text("x 10, y 20").first).to_be_visible()


def test_before_after_follows_the_pointer(page, address: str) -> None:
    page.goto(f"{address}/segment?weights={TINY}&sample=streets-1&view=compare")
    slider = page.get_by_role("slider", name="Before and after")
    expect(slider).to_be_attached()
    slider.focus()
    before = slider.input_value()
    page.keyboard.press("Home")
    assert slider.input_value() == "0" != before


def test_no_address_outside_is_asked(page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/?weights={TINY}")
    expect(page.get_by_role("slider", name="Stage")).to_be_visible()
    open_segment(page, address)
    outside = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert not outside, "everything must come from this machine"
