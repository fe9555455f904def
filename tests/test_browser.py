"""A lecture as a student meets it: JupyterLab in a real browser, all cells run, the slider dragged."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from types import SimpleNamespace

from course_utils.widgets import explore

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here: on Debian, apt-get install chromium"
)

LECTURE = "01_gradient_descent.ipynb"
# All cells stay in the page, so that the test (and a screenshot) finds them without scrolling; no news, no questions.
SETTINGS = {
    "notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A JupyterLab that serves a copy of the lectures, with settings of its own: its url, notebooks and log."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    for name in ("trusted.ipynb", "untrusted.ipynb"):
        shutil.copy(ROOT / "notebooks" / LECTURE, home / "notebooks" / name)
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "--no-browser", "--allow-root", "--expose-app-in-browser", "--ip=127.0.0.1", f"--port={port}",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={home / 'notebooks'}",
        f"--LabApp.user_settings_dir={home / 'settings'}", f"--LabApp.workspaces_dir={home / 'workspaces'}",
    ]  # fmt: skip
    folders = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    env = {**os.environ, **folders}
    trusted = home / "notebooks" / "trusted.ipynb"
    subprocess.run([sys.executable, "-m", "nbformat.sign", str(trusted)], env=env, check=True, capture_output=True)
    log = home / "log"
    with open(log, "w") as stream:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=env, stdout=stream, stderr=stream)
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{url}/api/status", timeout=1).close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text(encoding="utf-8")
                    time.sleep(0.5)
            else:
                pytest.fail(log.read_text(encoding="utf-8"))
            yield SimpleNamespace(url=url, notebooks=home / "notebooks", log=log)
        finally:
            server.terminate()
            server.wait(timeout=30)


@pytest.fixture
def page(lab) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.goto(f"{lab.url}/lab/tree/{LECTURE}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        yield page
        browser.close()


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
    page.set_default_timeout(240_000)
    page.evaluate(
        """async () => {
            await jupyterapp.shell.currentWidget.sessionContext.ready;
            await jupyterapp.commands.execute('notebook:run-all-cells');
            await jupyterapp.commands.execute('docmanager:save');
        }"""
    )
    cells = json.loads((lab.notebooks / LECTURE).read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]

    view = page.locator(".widget-vbox", has=page.locator(".downhill")).first
    handle, stage, verdict = (view.locator(f) for f in (".noUi-handle", ".stage", ".verdict"))
    view.scroll_into_view_if_needed()
    stage.wait_for()
    assert pixels(stage).std() > 10  # something is drawn
    assert view.locator("input").count() == 1  # the step: lr is on the ipywidgets slider, once

    track = view.locator(".noUi-base").bounding_box()
    height = track["y"] + track["height"] / 2
    now, readings = pixels(stage), []
    for where, name in {0.05: None, 0.8: "good", 0.95: "too_large"}.items():  # None: no picture of it in the README
        box = handle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(track["x"] + where * track["width"], height, steps=10)
        page.mouse.up()
        now = wait_for_change(page, stage, now)
        page.wait_for_timeout(300)
        assert (pixels(stage) == now).all()  # nothing was queued
        readings.append(float(view.locator(".widget-readout").inner_text()))
        assert verdict.inner_text().startswith(f"lr = {readings[-1]:.3g}: ")
        if pictures and name:
            pictures.mkdir(parents=True, exist_ok=True)
            view.screenshot(path=pictures / f"explorer_{name}.png")
    assert readings == sorted(set(readings))
    assert readings[0] < 0.02 < 0.5 < readings[-1]
    assert "diverges, leaves the picture at step" in verdict.inner_text()

    handle.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    wait_for_change(page, stage, now)
    assert float(view.locator(".widget-readout").inner_text()) < readings[-1]

    assert page.problems == []
    assert "Traceback" not in lab.log.read_text(encoding="utf-8")  # what a callback raises ends up there


def test_a_trusted_notebook_opened_without_running_is_alive(page, lab):
    """The committed outputs bring the explorer as a page of its own: no kernel is asked, no model is missing."""
    page.goto(f"{lab.url}/lab/tree/trusted.ipynb")
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
    page.goto(f"{lab.url}/lab/tree/untrusted.ipynb")
    still = """document.querySelector('.jp-RenderedHTML img[alt*="lr = 0.1: still 28 % away"]')"""
    page.wait_for_function(f"{still}?.naturalWidth === 1500")  # loaded, and as sharp as it was made
    assert page.locator(".downhill").count() == 0
    assert "model not found" not in page.content()


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
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1100, "height": 1500}, offline=True)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.goto(exported)
        page.wait_for_selector(".downhill >> nth=1")
        yield page
        assert page.problems == []
        browser.close()


def test_a_page_needs_no_kernel_and_no_network(lone):
    first, second = lone.locator(".downhill").all()
    assert first.locator("input").count() == 2
    assert second.locator("input").count() == 3
    assert "lr = 0.1: still 28 % away" in first.inner_text()
    before, other = pixels(first.locator(".stage")), second.inner_text()
    first.locator("input").first.focus()
    for _ in range(34):
        lone.keyboard.press("ArrowRight")
    wait_for_change(lone, first.locator(".stage"), before)
    words = first.locator(".verdict").inner_text()
    assert words.startswith("lr = 0.708: diverges, leaves the picture at step 1")
    assert (
        first.locator(".stage")
        .get_attribute("aria-label")
        .startswith(f"The path of sgd on the quadratic surface. {words}")
    )
    assert first.locator("input").first.get_attribute("aria-valuetext") == "0.708"
    assert second.inner_text() == other  # each has sliders of its own


def test_the_step_slider_and_the_play_button(lone):
    explorer = lone.locator(".downhill").first
    stage, step, button = explorer.locator(".stage"), explorer.locator("input").nth(1), explorer.locator("button")
    whole = pixels(stage)
    step.focus()
    lone.keyboard.press("Home")
    start = wait_for_change(lone, stage, whole)
    assert "step 0: x₁ = −5.00, x₂ = −2.00, loss above the minimum = 10.5" in explorer.inner_text()
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
