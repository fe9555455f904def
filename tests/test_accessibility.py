"""Explorers of each kind by the keyboard alone, before a checker, in a scaled slide; and figures that stay still."""

import io
from collections.abc import Iterator

from course_utils import moving
from course_utils.descent import descend

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import needs_chromium, open_browser
from explorers import KINDS, page_of
from PIL import Image
from playwright.sync_api import Page
from test_contrast import NAMED, inverted

pytestmark = needs_chromium

each = pytest.mark.parametrize("kind", KINDS)
MADE: dict[str, str] = {}


def html_of(kind: str) -> str:
    if kind not in MADE:
        MADE[kind] = KINDS[kind]().html
    return MADE[kind]


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser(1040, 900, offline=True) as page:
        yield page


def show(page: Page, html: str, dark: bool = False) -> None:
    page.problems.clear()
    page.set_content(page_of(html, dark))
    page.wait_for_selector(".downhill canvas")


def focused(page: Page) -> dict:
    """What has the focus: its name, and whether a ring is seen around it."""
    return page.evaluate(
        """() => {
            const e = document.activeElement, style = getComputedStyle(e);
            const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            const drawn = e.cloneNode(true);
            drawn.querySelectorAll('[aria-hidden]').forEach((sign) => sign.remove());
            return { name: e.getAttribute('aria-label') ?? drawn.textContent.trim(), ring };
        }"""
    )


@each
def test_the_keyboard_alone_reaches_everything_and_moves_it(browser, kind):
    show(browser, html_of(kind))
    sliders = [s.get_attribute("aria-label") for s in browser.locator("input[type=range]").all()]
    assert len(sliders) >= 2
    browser.get_by_role("button", name="before").focus()
    for label in sliders:  # in the order in which they are seen
        browser.keyboard.press("Tab")
        assert focused(browser) == {"name": label, "ring": True}
        positions = []
        for key in ("Home", "ArrowRight", "End", "ArrowLeft", "Home", "PageUp", "PageDown"):
            browser.keyboard.press(key)
            positions.append(int(browser.evaluate("document.activeElement.value")))
            said = browser.evaluate("document.activeElement.getAttribute('aria-valuetext')")
            assert said == browser.evaluate("document.activeElement.parentElement.querySelector('.value').textContent")
        last = int(browser.evaluate("document.activeElement.max"))
        page_up = positions.pop(5)
        assert page_up >= 1
        assert positions == [0, 1, last, last - 1, 0, 0]
    browser.keyboard.press("Tab")
    assert focused(browser) == {"name": "play", "ring": True}
    for key in ("Space", "Enter"):
        browser.keyboard.press(key)
        assert focused(browser) == {"name": "pause", "ring": True}
        browser.keyboard.press(key)
        assert focused(browser)["name"] == "play"
    browser.keyboard.press("Tab")
    assert focused(browser)["name"] == "after"  # what needs a kernel is disabled: the way out is free
    for label in ("play", *reversed(sliders), "before"):
        browser.keyboard.press("Shift+Tab")
        assert focused(browser)["name"] == label
    assert browser.problems == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@each
def test_a_checker_finds_nothing_of_any_impact(browser, kind, dark):
    """With the sliders as they begin, and at their ends, where paths diverge: in another colour."""
    show(browser, html_of(kind), dark)
    assert browser.locator(".downhill.dark").count() == dark
    for key in (None, "End"):
        for slider in browser.locator("input[type=range]").all() if key else ():
            slider.press(key)
        found = Axe().run(browser).response["violations"]
        assert [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found] == []
    stage = browser.get_by_role("img").first
    assert len(stage.get_attribute("aria-label").split()) >= 5


def test_what_the_checker_is_shown_has_bad_words(browser):
    """Else the colour of those would not have been checked."""
    show(browser, html_of("race"))
    for slider in browser.locator("input[type=range]").all():
        slider.press("End")
    assert browser.locator(".verdict .bad").count() > 0
    assert browser.locator(".verdict .bad").first.inner_text().startswith("✗")


@pytest.mark.parametrize("scale", [0.6, 1.5])
def test_it_is_sharp_in_a_scaled_slide_and_the_pointer_meets_what_it_points_at(browser, scale):
    looks = f"width:600px; transform: scale({scale}); transform-origin: 0 0"
    show(browser, f"<section style='{looks}'>{html_of('explore')}</section>")
    browser.wait_for_timeout(100)
    canvas = browser.locator("canvas")
    box = canvas.bounding_box()
    assert box["width"] == pytest.approx(600 * scale, abs=1)
    assert canvas.evaluate("e => e.width") == pytest.approx(box["width"], abs=1)
    spec = KINDS["explore"]().spec
    left, top, width, height = spec["axes"][1]["box"]
    x = (left + width / 2) / spec["width"] * box["width"]
    browser.mouse.click(box["x"] + x, box["y"] + (top + height / 2) / spec["height"] * box["height"])
    assert browser.locator(".numbers").inner_text().startswith("step 30:")
    browser.locator("section").evaluate("e => { e.style.transform = 'scale(1)'; }")  # as a deck does at another size
    browser.evaluate("window.dispatchEvent(new Event('resize'))")
    assert canvas.evaluate("e => e.width") == 600


def test_keys_of_a_control_turn_no_slide(browser):
    show(browser, html_of("explore"))
    browser.evaluate("window.heard = []; document.addEventListener('keydown', (e) => heard.push(e.key))")
    browser.locator("input[type=range]").first.focus()
    for key in ("ArrowRight", "ArrowLeft", "Home", "End", "PageUp", "PageDown", "Space"):
        browser.keyboard.press(key)
    browser.locator(".downhill button").focus()
    for key in ("Space", "Enter"):
        browser.keyboard.press(key)
    assert browser.evaluate("heard") == []
    browser.keyboard.press("ArrowRight")  # nothing that the button takes
    browser.keyboard.press("Escape")
    assert browser.evaluate("heard") == ["ArrowRight", "Escape"]
    assert browser.locator("[data-prevent-swipe] .stage").count() == 1


def seen(page: Page, selector: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("RGB")).astype(int)


def test_who_asked_for_less_motion_sees_a_still_picture(browser):
    paths = descend("quadratic", "sgd", lr=[0.02, 0.51], steps=12)
    shown, _ = moving.Animation({"slow": paths[0], "wild": paths[1]}, title="two")._repr_mimebundle_()
    assert getattr(Image.open(io.BytesIO(shown["image/png"])), "n_frames", 1) == 1
    for asked, moves in (("reduce", False), ("no-preference", True)):
        browser.emulate_media(reduced_motion=asked)
        browser.set_content(page_of(shown["text/html"]))
        browser.wait_for_function("document.querySelector('img').complete")
        pictures = []
        for _ in range(8):
            pictures.append(seen(browser, "img"))
            browser.wait_for_timeout(250)
        assert any((abs(a - pictures[0]).max() > 60) for a in pictures[1:]) is moves
    assert "wild: diverges" in browser.get_by_role("img").get_attribute("alt")


def test_an_explorer_moves_only_when_asked(browser):
    browser.emulate_media(reduced_motion="reduce")
    show(browser, html_of("explore"))
    before = seen(browser, ".stage")
    browser.wait_for_timeout(400)
    assert (seen(browser, ".stage") == before).all()


def test_dark_lines_have_the_colours_that_contrast_is_computed_of(browser):
    """What the filter makes of the stage, by its pixels."""
    show(browser, html_of("stability_map"), dark=True)
    picture = seen(browser, ".stage")
    for color in ("white", NAMED["BLUE"]):
        expected = 255 * np.array(inverted(color))
        assert (abs(picture - expected).max(axis=-1) <= 3).sum() > 50
