"""The course as a student meets it: Jupyter in a real browser, all cells run, sliders dragged; and pages without it."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from course_utils.widgets import explore

import nbformat
import numpy as np
import pytest
from browsing import needs_chromium, open_browser, run_all, serve
from conftest import ROOT
from PIL import Image
from playwright.sync_api import Locator, Page

pytestmark = needs_chromium

LECTURE = "01_gradient_descent.ipynb"
FOUR = [
    "from course_utils.widgets import explore, look_ahead, race, stability_map",
    'explore("quadratic")',
    'race("quadratic", ["sgd", "momentum", "adam"])',
    "stability_map()",
    "look_ahead()",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A JupyterLab that serves a copy of the lectures."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    shutil.copy(ROOT / "notebooks" / LECTURE, home / "notebooks" / "trusted.ipynb")
    other = nbformat.read(ROOT / "notebooks" / LECTURE, as_version=4)
    other.cells[0].source += " "  # Jupyter trusts contents, not files
    nbformat.write(other, home / "notebooks" / "untrusted.ipynb")
    write_four(home / "notebooks")
    with serve(home) as server:
        trusted = home / "notebooks" / "trusted.ipynb"
        sign = [sys.executable, "-m", "nbformat.sign", str(trusted)]
        subprocess.run(sign, env=server.env, check=True, capture_output=True)
        yield server


def write_four(folder) -> None:
    """A notebook with the four explorers."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(
        nbformat.v4.new_notebook(metadata=kernel, cells=[nbformat.v4.new_code_cell(code) for code in FOUR]),
        folder / "four.ipynb",
    )


@pytest.fixture
def page() -> Iterator[Page]:
    with open_browser(1400, 900) as page:
        yield page


def pixels(locator: Locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("L")).astype(int)


def wait_for_change(page: Page, locator: Locator, before: np.ndarray) -> np.ndarray:
    """The picture once it differs from ``before`` in more than a trace; fails after 10 seconds."""
    for _ in range(100):
        now = pixels(locator)
        if now.shape == before.shape and (np.abs(now - before) > 40).mean() > 0.002:
            return now
        page.wait_for_timeout(100)
    raise AssertionError("the slider was moved, and the picture stayed as it was")


def test_the_lecture_runs_and_its_slider_moves_the_picture(page, lab, request):
    pictures = request.config.getoption("--pictures")
    page.goto(f"{lab.url}/lab/tree/{LECTURE}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.set_default_timeout(240_000)
    run_all(page)
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    cells = json.loads((lab.notebooks / LECTURE).read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]

    view = page.locator(".downhill-view").first
    handle, stage, verdict = (view.locator(f) for f in (".noUi-handle", ".stage", ".verdict"))
    view.scroll_into_view_if_needed()
    stage.wait_for()
    assert pixels(stage).std() > 10  # something is drawn
    assert view.locator("input[type=range]").count() == 1  # the step: lr is on the ipywidgets slider, once
    play = view.locator("button").bounding_box()  # beside it, whatever styles extensions of Jupyter bring along
    assert abs(play["y"] - view.locator("input[type=range]").bounding_box()["y"]) < 20

    track = view.locator(".noUi-base").bounding_box()
    height = track["y"] + track["height"] / 2
    now, readings = pixels(stage), []
    for where in (0.05, 0.8, 0.95):
        box = handle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(track["x"] + where * track["width"], height, steps=10)
        page.mouse.up()
        now = wait_for_change(page, stage, now)
        page.wait_for_timeout(300)
        assert (pixels(stage) == now).all()  # nothing was queued
        readings.append(lr_of(view))
    assert readings == sorted(set(readings))
    assert readings[0] < 0.02 < 0.5 < readings[-1]
    assert "diverges, leaves the picture at step" in verdict.inner_text()

    handle.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    wait_for_change(page, stage, now)
    assert lr_of(view) < readings[-1]

    if pictures:
        film(page, view, pictures / "explorer.png")
    assert page.problems == []
    assert "Traceback" not in lab.log.read_text(encoding="utf-8")  # what a callback raises ends up there


def film(page: Page, view: Locator, path: Path) -> None:
    """Leaves an animated picture of the explorer: its slider is moved by the arrow keys, from end to end."""
    handle, frames, lr = view.locator(".noUi-handle"), [], []
    handle.focus()
    page.keyboard.press("Home")
    while lr[-2:] != [1.0, 1.0]:
        page.wait_for_timeout(60)
        frames.append(Image.open(io.BytesIO(view.screenshot())).convert("RGB"))
        lr.append(lr_of(view))
        for _ in range(3):
            page.keyboard.press("ArrowRight")
    both = Image.new("RGB", (frames[0].width, 2 * frames[0].height))
    for n in (0, -1):
        both.paste(frames[n], (0, -n * frames[0].height))
    palette = both.quantize(256, Image.Quantize.MAXCOVERAGE)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    length = [2000 if n in (0, len(frames) - 1) or 0.35 < lr[n] < 0.4 else 200 for n in range(len(frames))]
    path.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=length, loop=0)


def lr_of(view: Locator) -> float:
    return float(view.locator(".verdict").inner_text().removeprefix("lr = ").partition(":")[0])


def four_explorers_work(page: Page, log) -> None:
    """Each of them is moved by its sliders in the browser, and by the pointer; the kernel answers what it is asked."""
    page.problems.clear()  # what Notebook 7 tells of itself
    run_all(page)
    page.wait_for_selector(".downhill-view canvas >> nth=3", timeout=60_000)
    one, racing, map_, ahead = page.locator(".downhill-view").all()
    for view in (one, racing, map_, ahead):
        view.scroll_into_view_if_needed()
        words, before = view.locator(".verdict").inner_text(), pixels(view.locator(".stage"))
        view.locator(".noUi-handle").first.focus()
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        wait_for_change(page, view.locator(".stage"), before)
        assert view.locator(".verdict").inner_text() != words
        assert view.locator(".widget-label").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 14

    def click(view: Locator, x: float, y: float) -> None:
        """At these parts of the picture's width and height."""
        canvas = view.locator("canvas")
        box = canvas.bounding_box()
        canvas.click(position={"x": x * box["width"], "y": y * box["height"]})

    click(one, 0.3, 0.2)  # another start: asked of the kernel
    one.locator("input[type=range]").focus()
    page.keyboard.press("Home")
    page.wait_for_function(
        "e => !e.querySelector('.numbers').textContent.includes('x₁ ≈ −5.00')", arg=one.element_handle()
    )
    field = one.locator("input[type=text]")
    field.fill("lr = 0.456, start = (1, -2.5)")
    field.press("Enter")
    page.wait_for_function(
        "e => e.querySelector('.verdict').textContent.startsWith('lr = 0.456:')"
        " && e.querySelector('.numbers').textContent.startsWith('step 0:  x₁ ≈ 1.0')",
        arg=one.element_handle(),
    )
    field.fill("lr = -1")
    field.press("Enter")
    one.get_by_text("lr must be a positive, finite number, got -1.").wait_for()

    click(map_, 0.3, 0.3)  # the pointer on the map moves both sliders
    words = map_.locator(".verdict").inner_text()
    map_.locator(".noUi-handle").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    after = map_.locator(".verdict").inner_text()
    assert after != words
    assert after.split(",")[0] == words.split(",")[0]  # the same lr: its slider was moved by the click
    racing.locator("button").click()
    assert racing.locator("button").inner_text() == "❚❚ pause"
    assert "Traceback" not in log.read_text(encoding="utf-8")
    assert page.problems == []


def test_the_four_explorers_work_in_jupyterlab(page, lab):
    page.goto(f"{lab.url}/doc/tree/four.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    four_explorers_work(page, lab.log)


def test_the_four_explorers_work_in_notebook_7(page, tmp_path):
    (tmp_path / "notebooks").mkdir()
    write_four(tmp_path / "notebooks")
    with serve(tmp_path, "notebook") as server:
        page.goto(f"{server.url}/notebooks/four.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        four_explorers_work(page, server.log)


def test_a_trusted_notebook_opened_without_running_is_alive(page, lab):
    """The committed outputs bring the explorer as a page of its own: no kernel is asked, no model is missing."""
    page.goto(f"{lab.url}/doc/tree/trusted.ipynb")
    stage = page.locator(".downhill.page .stage").first
    stage.wait_for()
    slider = page.locator(".downhill.page input").first
    now = pixels(stage)
    slider.focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    wait_for_change(page, stage, now)
    assert "model not found" not in page.content()


def test_one_that_is_not_trusted_shows_the_still(page, lab):
    page.goto(f"{lab.url}/doc/tree/untrusted.ipynb")
    still = """document.querySelector('.jp-RenderedHTML img[alt*="lr = 0.1: still 28 % away"]')"""
    page.wait_for_function(f"{still}?.naturalWidth === 1500")  # loaded, and as sharp as it was made
    page.wait_for_timeout(1000)  # a script would have run by now
    assert page.locator(".downhill").count() == 0
    assert "model not found" not in page.content()


def test_an_exported_lecture_is_alive_without_kernel_and_network(tmp_path):
    """HTML by nbconvert, opened from the disk."""
    export = [sys.executable, "-m", "nbconvert", "--to", "html", f"--output-dir={tmp_path}", "--embed-images"]
    subprocess.run([*export, str(ROOT / "notebooks" / LECTURE)], check=True, capture_output=True)
    with open_browser(1100, 900, offline=True) as page:
        page.goto((tmp_path / LECTURE).with_suffix(".html").as_uri(), wait_until="domcontentloaded")
        explorer = page.locator(".downhill.page").first
        explorer.wait_for()
        page.problems.clear()  # nbconvert's own scripts, for mathematics, want the network
        before = pixels(explorer.locator(".stage"))
        explorer.locator("input").first.focus()
        for _ in range(34):
            page.keyboard.press("ArrowRight")
        wait_for_change(page, explorer.locator(".stage"), before)
        assert explorer.locator(".verdict").inner_text().startswith("lr = 0.708: diverges")
        assert explorer.locator("input[type=text]").is_disabled()
        assert page.problems == []


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> str:
    """A page with two explorers, as an exported notebook holds them: the address of the file."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    both = explore("quadratic", lr=(0.01, 0.1, 1.0)), explore("quadratic", "momentum", momentum=(0.0, 0.9, 0.99))
    file.write_text(f"<!doctype html><meta charset=utf-8>{both[0].html}{both[1].html}", encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def lone(exported) -> Iterator[Page]:
    """That page in a browser without network."""
    with open_browser(1100, 1500, offline=True) as page:
        page.goto(exported)
        page.wait_for_selector(".downhill >> nth=1")
        yield page
        assert page.problems == []


def test_a_page_needs_no_kernel_and_no_network(lone):
    first, second = lone.locator(".downhill").all()
    assert first.locator("input[type=range]").count() == 2
    assert second.locator("input[type=range]").count() == 3
    assert first.locator(".verdict").inner_text() == "lr = 0.1: still 28 % away after 60 steps"
    before, other = pixels(first.locator(".stage")), second.inner_text()
    first.locator("input").first.focus()
    for _ in range(34):
        lone.keyboard.press("ArrowRight")
    wait_for_change(lone, first.locator(".stage"), before)
    words = first.locator(".verdict").inner_text()
    assert words.startswith("lr = 0.708: diverges, leaves the picture at step 1")
    label = first.locator(".stage").get_attribute("aria-label")
    assert label.startswith(f"The path of sgd on the quadratic surface. {words}")
    assert second.inner_text() == other  # each has sliders of its own


def test_the_step_slider_and_the_play_button(lone):
    explorer = lone.locator(".downhill").first
    stage, step, button = explorer.locator(".stage"), explorer.locator("input").nth(1), explorer.locator("button")
    whole = pixels(stage)
    step.focus()
    lone.keyboard.press("Home")
    start = wait_for_change(lone, stage, whole)
    assert "step 0:  x₁ ≈ −5.00,  x₂ ≈ −2.00,  loss above the minimum ≈ 1" in explorer.inner_text()
    button.click()
    lone.wait_for_timeout(500)
    assert "pause" in button.inner_text()
    wait_for_change(lone, stage, start)
    lone.wait_for_function("document.querySelector('.downhill button').textContent.includes('play')")  # at its end
    assert "step 60:" in explorer.inner_text()
    assert (pixels(stage) == whole).all()


def test_the_picture_is_sharp_and_grows_with_its_cell(lone):
    scale = "(() => { const c = document.querySelector('canvas'); return c.width / c.clientWidth; })()"
    assert lone.evaluate(scale) == pytest.approx(1, abs=0.01)
    lone.set_viewport_size({"width": 600, "height": 900})
    lone.wait_for_function(f"document.querySelector('canvas').clientWidth < 600 && Math.abs({scale} - 1) < 0.01")
    assert lone.locator("canvas").first.bounding_box()["height"] == pytest.approx(
        lone.locator("canvas").first.bounding_box()["width"] / 2, abs=2
    )
