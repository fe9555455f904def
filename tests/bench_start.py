"""How long it is from ``git clone`` to the first slider moved, step by step: ``make bench-start``.

The clone is of this repository, so that the network has no part in it; pip takes what it has in its cache unless
PIP_NO_CACHE_DIR=1. What a human needs for reading and clicking is not in it.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from browsing import open_browser, serve

ROOT = Path(__file__).parent.parent
RUN = """async () => {
    await jupyterapp.shell.currentWidget.sessionContext.ready;
    jupyterapp.commands.execute('notebook:run-all-cells');
}"""


@contextmanager
def step(name: str, seconds: list[float]) -> Iterator[None]:
    """A step that is timed and told of."""
    begin = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - begin)
    print(f"{seconds[-1]:6.1f} s  {name}", flush=True)


def main() -> None:
    seconds: list[float] = []
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):  # another course's package, maybe
        os.environ.pop(name, None)
    with ExitStack() as stack:
        clone = Path(stack.enter_context(tempfile.TemporaryDirectory()), "downhill")
        with step("git clone", seconds):
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        with step("make lab: .venv and what it installs", seconds):
            install = ["make", "-s", ".venv/lecturer.installed"]
            subprocess.run(install, cwd=clone, check=True, capture_output=True)
        with step("make lab: JupyterLab answers", seconds):
            lab = stack.enter_context(serve(clone, python=str(clone / ".venv/bin/python")))
        page = stack.enter_context(open_browser(1400, 900))
        page.set_default_timeout(240_000)
        with step("lecture 1 is open", seconds):
            page.goto(f"{lab.url}/lab/tree/01_gradient_descent.ipynb")
            page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        with step("Run All Cells, until the first slider is there", seconds):
            page.evaluate(RUN)
            view = page.locator(".downhill-view").first
            view.locator("canvas").wait_for()
        with step("the slider moves the picture", seconds):
            words = view.locator(".verdict").inner_text()
            view.locator(".noUi-handle").focus()
            page.keyboard.press("ArrowRight")
            page.wait_for_function("w => document.querySelector('.verdict').innerText !== w", arg=words)
        print(f"{sum(seconds):6.1f} s  in all")


if __name__ == "__main__":
    main()
