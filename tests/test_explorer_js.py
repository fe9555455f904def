"""explorer.js alone, in a real browser, with a picture made by hand: what is drawn, said, dragged and asked."""

import json
import zlib
from collections.abc import Iterator

from course_utils.descent import descend
from course_utils.plotting import leaves
from course_utils.widgets import explore
from course_utils.widgets.explorer import MODULE

import numpy as np
import pytest
from browsing import needs_chromium, open_browser
from playwright.sync_api import Page

pytestmark = needs_chromium

NONE, AWAY = -(2**15), 1 - 2**15
SQUARE = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]
PLAIN = {"phase": 0, "size": 2, "every": 1, "vector": False, "width": 2, "dash": [], "marker": SQUARE}
# Two sliders, a (3 positions) and b (2); 5 steps; one Axes for a path, x and y from 0 to 8, one for the step.
SPEC = {
    "width": 200,
    "height": 100,
    "unit": 16,
    "far": 2000,
    "none": NONE,
    "away": AWAY,
    "last": 4,
    "phases": [""],
    "first": 4,
    "telling": "",
    "about": "A test.",
    "background": "",
    "axes": [
        {
            "box": [10, 10, 80, 80],
            "x": {"origin": -1, "scale": 0.1, "log": False, "digits": 1},
            "y": {"origin": 9, "scale": -0.1, "log": False, "digits": 2},
            "drag": "start",
        },
        {
            "box": [110, 10, 80, 80],
            "x": {"origin": -5.5, "scale": 0.05, "log": False, "digits": 0},
            "y": {"origin": 3, "scale": -0.05, "log": True, "digits": 2},
            "drag": ["step", None],
        },
    ],
    "controls": [
        {"name": "a", "short": "a", "values": [1, 2, 3], "texts": ["1", "2", "3"], "first": 1},
        {"name": "b of it", "short": "b", "values": [10, 20], "texts": ["10", "20"], "first": 0},
    ],
    "channels": [{"by": [0], "points": 5}, {"by": [1], "points": 5}, {"by": [], "points": 1}],
    "layers": [{"kind": "path", "on": 0, "at": [0, 1], "color": "#0000ff", **PLAIN}],
    "told": [{"label": name, "on": 0, "at": [0, 1], "axis": name, "phase": 0} for name in "xy"],
    "verdicts": [
        {"by": [0, 1], "name": "", "words": ["diverges", "fine"], "bad": [True, False], "index": [1, 1, 1, 1, 0, 0]}
    ],
    "notes": [],
}
# x = 20, 30, … + 2a pixels, by a; y by b: level at 30 pixels, or falling from there.
DATA = [
    [16 * (20 + 10 * i + 2 * a) for a in range(3) for i in range(5)],
    [16 * (30 + 10 * b * i) for b in range(2) for i in range(5)],
    [16 * 150],
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser(width=400, height=700, offline=True) as page:
        page.set_content(
            f"<body style='margin:0; width:200px'><div id=root></div><script type=module>{MODULE}\n"
            "Object.assign(window, { mount, unpack });</script></body>"
        )
        page.wait_for_function("window.mount !== undefined")
        yield page
        assert page.problems == []


def show(page, data=DATA, options="{}", **changes):
    """Mount the picture, with changes to its spec, as ``explorer`` in the page."""
    page.evaluate(
        """async ([spec, data, options]) => {
            window.explorer?.end();
            document.getElementById("root").className = "";
            const arrays = data.map((channel) => Int16Array.from(channel));
            window.explorer = mount(document.getElementById("root"), spec, arrays, eval(`(${options})`));
            await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
        }""",
        [{**json.loads(json.dumps(SPEC)), **changes}, data, options],
    )


def drawn(page):
    """The picture that moves: (100, 200, 4), and its colours where it is opaque."""
    flat = page.evaluate(
        "(() => { const c = document.querySelector('canvas');"
        " return [c.width, c.height, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]; })()"
    )
    assert flat[:2] == [200, 100]
    return np.array(flat[2]).reshape(100, 200, 4)


def deflated(channels):
    """Channels (settings, points) of 16-bit numbers as explorer.js takes them."""
    deltas = np.concatenate([np.diff(channel, axis=-1, prepend=np.int16(0)).reshape(-1) for channel in channels])
    return zlib.compress(deltas.astype("<i2").view(np.uint8).reshape(-1, 2).T.tobytes())


def words(page, name):
    return page.locator(f".{name}").inner_text()


def test_unpack_is_the_inverse_of_packing(browser):
    channels = [{"by": [0, 1], "points": 3}, {"by": [], "points": 2}]
    numbers = np.array([*range(0, 18 * 1700, 1700), NONE, 2**15 - 1]).astype(np.int16)
    packed = deflated([numbers[:18].reshape(6, 3), numbers[18:].reshape(1, 2)])
    found = browser.evaluate(
        "async ([bytes, known]) => (await unpack(Uint8Array.from(bytes), known)).map((c) => [...c])",
        [list(packed), {"channels": channels, "controls": SPEC["controls"]}],
    )
    assert found == [numbers[:18].tolist(), numbers[18:].tolist()]


def test_each_channel_follows_its_own_sliders(browser):
    show(browser)
    blue = drawn(browser)[..., 3] > 200
    assert blue[30, 22:63].all()  # from 20 + 2·1 to 60 + 2·1, at b = 10
    assert not blue[30, :19].any()
    assert not blue[40:].any()
    browser.evaluate("explorer.set(0, 2)")
    assert drawn(browser)[30, 64, 3] > 200
    browser.evaluate("explorer.set(1, 1)")  # falls, with slope 1
    blue = drawn(browser)[..., 3] > 200
    assert all(blue[30 + k, 24 + k] for k in range(41))
    assert not blue[30, 40:].any()


def test_nothing_is_drawn_where_there_is_nothing(browser):
    """A gap, not a line across it; and nothing outside the Axes."""
    gap = [list(channel) for channel in DATA]
    gap[0][7] = AWAY  # a = 2, step 2
    show(browser, gap)
    picture = drawn(browser)[..., 3]
    assert picture[30, 22:31].all()
    assert not picture[30, 35:49].any()
    assert picture[30, 55:60].all()
    beyond = [list(channel) for channel in DATA]
    beyond[0][9] = 16 * 180
    show(browser, beyond)
    assert drawn(browser)[30, 60:89, 3].all()
    assert not drawn(browser)[:, 91:, 3].any()


def test_numbers_are_read_off_the_pixels(browser):
    show(browser)
    assert words(browser, "numbers") == "step 4:  x ≈ 5.2,  y ≈ 6.00"
    away = [list(channel) for channel in DATA]
    away[0][9], away[0][8] = AWAY, 16 * 2000  # nowhere; and far away, drawn on its way
    show(browser, away)
    assert words(browser, "numbers") == "step 4:  x ≈ (off the picture),  y ≈ (off the picture)"
    browser.evaluate("explorer.go(3)")
    assert words(browser, "numbers") == "step 3:  x ≈ (off the picture),  y ≈ (off the picture)"
    away[0][9] = NONE
    show(browser, away)
    assert words(browser, "numbers") == "step 4:  x ≈ (no finite number),  y ≈ (no finite number)"
    told = [{"label": "loss", "on": 1, "at": [2, 1], "axis": "y", "phase": 0}]
    for pixel, shown in ((30, "32"), (60, "1"), (130, "3.2e−4"), (-40, "1.0e+5")):
        at = [DATA[0], [16 * pixel] * 10, DATA[2]]
        show(browser, at, told=told, telling="all of it")
        assert words(browser, "numbers") == f"step 4:  all of it:  loss ≈ {shown}"
    zero = {"axes": [{**SPEC["axes"][0], "y": {"origin": 2.999, "scale": -0.1, "log": False, "digits": 2}}]}
    show(browser, told=SPEC["told"][1:], layers=[], **zero)
    assert words(browser, "numbers") == "step 4:  y ≈ 0.00"  # not -0.00


def test_what_became_of_it_is_said(browser):
    show(browser)
    assert words(browser, "verdict") == "a = 2, b of it = 10: fine"
    assert browser.locator(".stage").get_attribute("aria-label") == (
        "A test. a = 2, b of it = 10: fine. step 4:  x ≈ 5.2,  y ≈ 6.00."
    )
    browser.evaluate("explorer.set(0, 2)")
    assert words(browser, "verdict") == "a = 3, b of it = 10: diverges"
    assert browser.locator(".verdict .bad").count() == 1
    browser.evaluate("explorer.set(0, 0)")
    assert browser.locator(".verdict .bad").count() == 0


def test_racers_stand_in_the_order_of_their_arrival(browser):
    one = {"by": [0], "bad": [False], "words": ["arrives"], "index": [0, 0, 0], "glyph": "●", "color": "#0000ff"}
    three = [
        {**one, "name": "x", "order": [3, 1, 1e9]},
        {**one, "name": "y", "order": [1, 1, 4.9]},
        {**one, "name": "z", "order": [2, 7, 2]},
    ]
    show(browser, verdicts=three)

    def lines():
        return browser.locator(".verdict p").all_inner_texts()

    assert lines() == ["1. ● x (a = 2): arrives", "1. ● y (a = 2): arrives", "–  ● z (a = 2): arrives"]
    browser.evaluate("explorer.set(0, 0)")
    assert lines() == ["1. ● y (a = 1): arrives", "2. ● z (a = 1): arrives", "3. ● x (a = 1): arrives"]
    browser.evaluate("explorer.set(0, 2)")
    assert [line[:4] for line in lines()] == ["1. ●", "–  ●", "–  ●"]
    assert browser.locator(".glyph").first.evaluate("e => e.style.color") == "rgb(0, 0, 255)"


def test_phases_of_a_step_are_drawn_one_after_the_other(browser):
    mark = {**PLAIN, "kind": "mark", "on": 1, "color": "#ff0000", "size": 5}
    layers = [
        {**mark, "at": [2, 2], "phase": 1},
        {**mark, "kind": "arrow", "at": [2, 1], "to": [2, 0], "phase": 2, "color": "#00ff00"},
    ]
    data = [[16 * 70] * 15, [16 * 30] * 10, [16 * 150]]
    show(browser, [*data[:2], [16 * 150]], layers=layers, phases=["", "one", "two"], first=0)
    assert not drawn(browser)[..., 3].any()
    assert browser.locator("input[type=range]").nth(2).get_attribute("max") == "12"
    layers[0]["at"] = [2, 1]
    show(browser, data, layers=layers, phases=["", "one", "two"], first=1)
    assert words(browser, "numbers").startswith("step 0, one:")
    assert tuple(drawn(browser)[30, 150, :3]) == (255, 0, 0)
    assert not drawn(browser)[50, 150, 3]
    browser.evaluate("explorer.go(5)")
    assert words(browser, "numbers").startswith("step 1, two:")
    assert tuple(drawn(browser)[50, 150, :3]) == (0, 255, 0)
    browser.evaluate("explorer.go(12)")  # at the last step, all of it
    assert words(browser, "numbers").startswith("step 4, two:")
    assert browser.locator(".value").last.inner_text() == "4 · 3/3"
    assert drawn(browser)[50, 150, 3]


def test_a_path_has_a_vector_to_its_next_point(browser):
    show(browser, layers=[{**SPEC["layers"][0], "vector": True}], first=1)
    black = (drawn(browser)[..., :3].sum(axis=-1) == 0) & (drawn(browser)[..., 3] > 200)
    assert black[30, 38:42].any()
    assert not black[30, 43:].any()
    browser.evaluate("explorer.go(4)")
    assert not ((drawn(browser)[..., :3].sum(axis=-1) == 0) & (drawn(browser)[..., 3] > 200)).any()


def test_the_keyboard_reaches_everything(browser):
    show(browser)
    browser.locator("input[type=range]").first.focus()
    browser.keyboard.press("ArrowRight")
    assert words(browser, "verdict").startswith("a = 3, b of it = 10")
    assert browser.locator("input").first.get_attribute("aria-valuetext") == "3"
    browser.keyboard.press("Tab")
    browser.keyboard.press("End")
    assert words(browser, "verdict").startswith("a = 3, b of it = 20")
    browser.keyboard.press("Tab")
    browser.keyboard.press("Home")
    assert words(browser, "numbers").startswith("step 0:")
    browser.keyboard.press("Tab")
    browser.keyboard.press("Enter")
    assert browser.locator("button").inner_text() == "❚❚ pause"
    browser.wait_for_function("document.querySelector('button').textContent === '▶ play'")
    assert words(browser, "numbers").startswith("step 4:")


def drag(page, *places):
    """Move the pointer, pressed, over these places of the picture."""
    left, top = (page.locator("canvas").bounding_box()[k] for k in "xy")
    page.mouse.move(left + places[0][0], top + places[0][1])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(left + x, top + y)
    page.mouse.up()


def test_the_pointer_moves_the_step_and_the_sliders(browser):
    show(browser, options="{ moved: (k, v) => (window.told = [...(window.told ?? []), [k, v]]) }")
    drag(browser, (130, 50), (170, 20))
    assert words(browser, "numbers").startswith("step 3:")
    drag(browser, (150, 50), (400, 50))  # the pointer is held beyond the picture
    assert words(browser, "numbers").startswith("step 4:")
    both = {**SPEC["axes"][1], "drag": [0, 1], "y": {"origin": 0, "scale": 0.5, "log": False, "digits": 0}}
    axes = [SPEC["axes"][0], both]
    show(browser, axes=axes, options="{ moved: (k, v) => (window.told = [...(window.told ?? []), [k, v]]) }")
    browser.evaluate("window.told = []")
    drag(browser, (150, 35), (175, 22))
    assert words(browser, "verdict").startswith("a = 3, b of it = 10")
    assert browser.evaluate("window.told") == [[0, 2], [1, 20], [0, 3], [1, 10]]
    drag(browser, (100, 50), (150, 50))  # between the Axes: nothing
    assert browser.evaluate("window.told.length") == 4


def test_a_start_is_asked_one_at_a_time(browser):
    """While the kernel computes, only the newest place waits."""
    browser.evaluate("window.asked = []")
    show(browser, options="{ ask: (request) => window.asked.push(request) }")
    drag(browser, (30, 60), (40, 60), (50, 50), (60, 30))
    assert browser.evaluate("asked") == [{"start": [pytest.approx(2), pytest.approx(3)]}]
    known = {"channels": SPEC["channels"], "controls": SPEC["controls"], "notes": [], "told": []}
    packed = deflated([np.array(c, dtype=np.int16).reshape(-1, 5 if len(c) > 1 else 1) for c in DATA])
    browser.evaluate("([known, bytes]) => explorer.answered('', known, Uint8Array.from(bytes))", [known, list(packed)])
    assert browser.evaluate("asked.length") == 2
    assert browser.evaluate("asked[1].start") == [pytest.approx(5), pytest.approx(6)]
    assert words(browser, "numbers").strip() == "step 4:"  # what was told has changed
    browser.evaluate("explorer.answered('lr must be positive')")
    assert words(browser, "answer") == "lr must be positive"
    browser.locator("input[type=text]").fill("lr = 0.3")
    browser.keyboard.press("Enter")
    assert browser.evaluate("asked[2]") == {"text": "lr = 0.3"}
    browser.wait_for_function("document.querySelector('.answer').textContent.startsWith('The kernel does not answer')")
    drag(browser, (30, 60), (40, 60))
    browser.locator("input[type=text]").press("Enter")
    assert browser.evaluate("asked.length") == 3  # it may be busy: nothing is heaped up
    browser.evaluate("explorer.answered('late')")
    assert browser.evaluate("asked[3]") == {"start": [pytest.approx(3), pytest.approx(3)], "text": "lr = 0.3"}


def test_without_a_kernel_that_is_disabled_and_says_why(browser):
    show(browser)
    field = browser.locator("input[type=text]")
    assert field.is_disabled()
    why = "Other starts and other values need a kernel: run this cell in Jupyter."
    assert field.get_attribute("placeholder") == why
    before = drawn(browser)
    drag(browser, (30, 60), (60, 30))
    assert (drawn(browser) == before).all()


def test_it_is_light_or_dark_as_the_page_is(browser):
    show(browser)
    assert browser.locator(".downhill.dark").count() == 0
    browser.evaluate("document.body.style.color = 'white'")
    browser.wait_for_selector(".downhill.dark")
    browser.evaluate("document.body.style.color = ''")
    browser.wait_for_selector(".downhill:not(.dark)")


def test_it_is_sharp_on_any_screen(browser):
    """As many pixels as the screen has, also after a move to another screen."""
    session = browser.context.new_cdp_session(browser)
    show(browser)
    for scale in (3, 2, 1):
        metrics = {"width": 400, "height": 700, "deviceScaleFactor": scale, "mobile": False}
        session.send("Emulation.setDeviceMetricsOverride", metrics)
        assert browser.evaluate("devicePixelRatio") == scale
        browser.evaluate(f"explorer.go({int(scale)})")
        assert browser.evaluate("document.querySelector('canvas').width") == 200 * scale


def near(text, value):
    """Whether a number that was told is the value, but for one in its last digit."""
    digits, _, exponent = text.replace("−", "-").partition("e")
    whole, _, part = digits.partition(".")
    last = 10.0 ** (int(exponent or 0) - len(part)) if part or exponent else 10.0 ** max(0, len(whole.lstrip("-")) - 2)
    return abs(float(text.replace("−", "-")) - value) <= 1.01 * last


@pytest.mark.parametrize(
    ("surface", "rule", "hyper"),
    [
        ("quadratic", "sgd", {"lr": (0.01, 0.1, 1.0)}),
        ("quadratic", "momentum", {"lr": (0.01, 0.1, 1.0), "momentum": (0.0, 0.9, 0.99)}),
        ("local_minimum", "sgd", {"lr": (0.001, 0.01, 1.0)}),  # its lowest value is not 0
        ("saddle", "momentum", {"lr": (0.001, 0.03, 1.0)}),
        ("beale", "adam", {"lr": (0.001, 0.1, 1.0)}),
    ],
)
def test_what_is_told_is_what_the_rule_does(browser, surface, rule, hyper):
    """Through Python's packing and the browser's reading, at many settings and steps, against descend."""
    shown = explore(surface, rule, **hyper)
    browser.evaluate(
        """async ([spec, bytes]) => {
            window.explorer?.end();
            const data = await unpack(Uint8Array.from(bytes), spec);
            window.explorer = mount(document.getElementById("root"), spec, data);
        }""",
        [{**shown.spec, **shown.known}, list(shown.data)],
    )
    controls, told, random = shown.known["controls"], 0, np.random.default_rng(0)
    for _ in range(12):
        setting = [int(random.integers(len(c["values"]))) for c in controls]
        values = {c["name"]: c["values"][k] for c, k in zip(controls, setting, strict=True)}
        path = descend(surface, rule, steps=60, **values)
        for k, i in enumerate(setting):
            browser.evaluate(f"explorer.set({k}, {i})")
        for step in (0, 1, 7, 30, 60):
            browser.evaluate(f"explorer.go({step})")
            numbers = words(browser, "numbers")
            true = (*path.x[step].tolist(), path.loss[step].item() - path.surface.lowest)
            for label, value in zip(("x₁", "x₂", "loss above the minimum"), true, strict=True):
                text = numbers.partition(f"{label} ≈ ")[2].partition(",  ")[0]
                if not text.startswith("("):
                    told += 1
                    assert near(text, value), (values, step, numbers, true)
                elif label.startswith("x"):
                    assert step >= leaves(path)
                else:
                    assert value < 1e-12 or value > 1e6
    assert told > 60


def test_type_is_large_enough_for_the_last_row(browser):
    show(browser)
    sizes = browser.evaluate(
        "[...document.querySelectorAll('.downhill *')].filter((e) => e.textContent || e.placeholder)"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 14
