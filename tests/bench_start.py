"""How long it is from ``git clone`` to the first slider moved: ``make bench-start``. Each step once, as a newcomer takes it.

The clone is of this repository, so that the network has no part in it; pip takes what it has in its cache unless
PIP_NO_CACHE_DIR=1. What a human needs for reading and clicking is not in it.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from browsing import open_browser, serve

ROOT = Path(__file__).parent.parent
STEPS: list[tuple[str, float]] = []


class Step:
    """A step that is timed and told of."""

    def __init__(self, name: str):
        self.name = name

    def __enter__(self) -> None:
        self.begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        STEPS.append((self.name, time.perf_counter() - self.begin))
        print(f"{STEPS[-1][1]:6.1f} s  {self.name}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "downhill")
        with Step("git clone"):
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        with Step("make lab: .venv and what it installs"):
            subprocess.run(
                ["make", "-s", ".venv/lecturer.installed"], cwd=clone, env=env, check=True, capture_output=True
            )
        begin = time.perf_counter()
        with serve(clone, python=str(clone / ".venv/bin/python")) as lab, open_browser(1400, 900) as page:
            STEPS.append(("make lab: JupyterLab answers", time.perf_counter() - begin))
            print(f"{STEPS[-1][1]:6.1f} s  {STEPS[-1][0]}", flush=True)
            page.set_default_timeout(240_000)
            with Step("lecture 1 is open"):
                page.goto(f"{lab.url}/lab/tree/01_gradient_descent.ipynb")
                page.wait_for_selector(".jp-Notebook .jp-CodeCell")
            with Step("Run All Cells, until the first slider is there"):
                page.evaluate(
                    """async () => {
                        await jupyterapp.shell.currentWidget.sessionContext.ready;
                        jupyterapp.commands.execute('notebook:run-all-cells');
                    }"""
                )
                view = page.locator(".downhill-view").first
                view.locator("canvas").wait_for()
            with Step("the slider moves the picture"):
                words = view.locator(".verdict").inner_text()
                view.locator(".noUi-handle").focus()
                page.keyboard.press("ArrowRight")
                page.wait_for_function(
                    "(w) => document.querySelector('.downhill-view .verdict').innerText !== w", arg=words
                )
    print(f"{sum(seconds for _, seconds in STEPS):6.1f} s  in all")


if __name__ == "__main__":
    main()
