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
    env = {**os.environ, "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
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

    view = page.locator(".widget-vbox").first
    handle, picture = view.locator(".noUi-handle"), view.locator("img")
    view.scroll_into_view_if_needed()
    first = pixels(picture)
    assert first.std() > 10  # something is drawn

    track = view.locator(".noUi-base").bounding_box()
    height = track["y"] + track["height"] / 2
    now, readings = first, []
    for where, name in {0.05: None, 0.8: "good", 0.95: "too_large"}.items():  # None: no picture of it in the README
        box = handle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(track["x"] + where * track["width"], height, steps=10)
        page.mouse.up()
        now = wait_for_change(page, picture, now)
        for _ in range(60):  # until the last of the drag has arrived
            page.wait_for_timeout(700)
            later = pixels(picture)
            if (later == now).all():
                break
            now = later
        else:
            pytest.fail("the picture never came to rest")
        readings.append(float(view.locator(".widget-readout").inner_text()))
        if pictures and name:
            pictures.mkdir(parents=True, exist_ok=True)
            view.screenshot(path=pictures / f"explorer_{name}.png")
    assert readings == sorted(set(readings))
    assert readings[0] < 0.02 < 0.5 < readings[-1]

    handle.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    wait_for_change(page, picture, now)
    assert float(view.locator(".widget-readout").inner_text()) < readings[-1]

    assert page.problems == []
    assert "Traceback" not in lab.log.read_text(encoding="utf-8")  # what a slider's callback raises ends up there
