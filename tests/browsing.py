"""A Jupyter server and a real browser, for the tests that need them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here: on Debian, apt-get install chromium"
)
# All cells stay in the page, so that a test (and a screenshot) finds them without scrolling; no news, no questions.
SETTINGS = {
    "notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}


@contextmanager
def open_browser(width: int, height: int, offline: bool = False, options: Sequence[str] = ()) -> Iterator[Page]:
    """A page of a browser; ``problems`` are what its console tells of."""
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", *options]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        page = browser.new_context(viewport={"width": width, "height": height}, offline=offline).new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        yield page
        browser.close()


@contextmanager
def serve(home: Path, app: str = "jupyterlab", python: str = sys.executable) -> Iterator[SimpleNamespace]:
    """JupyterLab or Notebook 7 on ``home/notebooks``, as ``make lab`` starts it but with settings of its own.

    Gives its url, its notebooks, its log, and env, in which to run Jupyter's other programs.
    """
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kind = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}[app]
    options = [
        "--no-browser", "--allow-root", "--expose-app-in-browser", "--ip=127.0.0.1", f"--port={port}",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={home / 'notebooks'}",
        "--ServerApp.kernel_websocket_connection_class=course_utils.serving.PromptConnection",
        f"--{kind}.user_settings_dir={home / 'settings'}", f"--{kind}.workspaces_dir={home / 'workspaces'}",
    ]  # fmt: skip
    folders = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    env = {**os.environ, **folders}
    log = home / "log"
    with open(log, "w", encoding="utf-8") as stream:
        server = subprocess.Popen([python, "-m", app, *options], env=env, stdout=stream, stderr=stream)
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{url}/api/status", timeout=1).close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text(encoding="utf-8")
                    time.sleep(0.1)
            else:
                pytest.fail(log.read_text(encoding="utf-8"))
            yield SimpleNamespace(url=url, notebooks=home / "notebooks", log=log, env=env)
        finally:
            server.terminate()
            server.wait(timeout=120)  # it shuts its kernels down


def run_all(page: Page) -> None:
    """Run all cells of the notebook that is open, and wait for the last."""
    page.evaluate(
        """async () => {
            await jupyterapp.shell.currentWidget.sessionContext.ready;
            await jupyterapp.commands.execute('notebook:run-all-cells');
        }"""
    )
