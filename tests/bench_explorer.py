"""How fast an explorer follows the hand, beside ``interact`` with a fresh pyplot figure: ``make bench-explorer``.

Both notebooks are open in one JupyterLab in a real browser, and so is ours exported by nbconvert, without a kernel;
they are measured by turns. A move is timed in the page, from the time of the key press until the canvas, or the decoded
picture, has other pixels. No part of ``make test``: times mean little on a busy machine.
"""

import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

from course_utils.build import build
from course_utils.descent import descend
from course_utils.widgets import explore, look_ahead, race, stability_map

import numpy as np
import pytest
import websocket
from browsing import needs_chromium, open_browser, run_all, serve
from playwright.sync_api import Page

pytestmark = needs_chromium

PORT = 9333  # of the browser's own tools
ROUNDS, MOVES, DRAG = 5, 10, 3.0  # moves a round; seconds of dragging
HEADER = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %%
"""
OURS = HEADER + 'from course_utils.widgets import explore\n\n# %%\nexplore("quadratic")\n'
TEN = HEADER + "from course_utils.widgets import explore\n" + '\n# %%\nexplore("quadratic")\n' * 10
INTERACT = (
    HEADER
    + """%matplotlib inline
from course_utils.descent import descend
from course_utils.plotting import STYLES, draw_path
from course_utils.theory import curvatures_of
from course_utils.widgets.panels import draw_factors, draw_panels

import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import FloatLogSlider, interact

# %%
@interact(lr=FloatLogSlider(value=0.1, min=-2, max=0, step=2 / 80))
def picture(lr):
    path = descend("quadratic", "sgd", lr=lr, steps=60)
    figure = plt.figure(figsize=(10, 5))
    left, right = figure.add_gridspec(1, 2)
    on_surface, (by_step, by_lr) = figure.add_subplot(left), right.subgridspec(2, 1).subplots()
    draw_panels(on_surface, by_step, path.surface, path.surface.start, 60)
    draw_path(on_surface, path, "path", STYLES[0])
    by_step.plot(path.loss)
    draw_factors(by_lr, np.geomspace(0.01, 1, 81), curvatures_of(path.surface).tolist())
    plt.show()
"""
)
# In the page. look() tells one picture from another; null while there is none. Of the canvas it looks at a part, the
# panel of the factors, in which every setting differs: the watching must not slow down what is watched.
METER = """
window.look = () => {
  const canvas = document.querySelector(".downhill canvas");
  if (canvas) {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0.6 * width, 0.65 * height, 0.4 * width, 0.3 * height);
    const words = new Uint32Array(data.buffer);
    let sum = 0;
    for (let i = 0; i < words.length; i++) sum = (Math.imul(sum, 31) + words[i]) | 0;
    return sum || null;
  }
  const picture = document.querySelector(".widget-output img");
  return picture?.complete && picture.naturalWidth ? picture.src.length + picture.src.slice(-60) : null;
};
const channel = new MessageChannel();
const soon = () => new Promise((done) => { channel.port1.onmessage = done; channel.port2.postMessage(0); });
window.change = (before, since) => new Promise((done, failed) => {
  const check = () => {
    const now = look();
    if (now === null || now === before) return false;
    const changed = performance.now() - since;
    for (const type of ["keydown", "input"]) removeEventListener(type, check);
    requestAnimationFrame(async () => { await soon(); done([changed, performance.now() - since]); });
    return true;
  };
  for (const type of ["keydown", "input"]) addEventListener(type, check); // after those of the page itself
  (async () => {
    while (!check()) {
      if (performance.now() - since > 8000) return failed(new Error("nothing has changed"));
      await soon();
    }
  })();
});
window.listen = () => {
  window.timed = new Promise((done) => {
    const before = look();
    addEventListener("keydown", (event) => done(change(before, event.timeStamp)), { capture: true, once: true });
  });
};
window.count = () => {
  let last = look();
  window.counted = { pictures: 0, frames: 0, start: performance.now(), on: true };
  const frame = () => {
    if (!counted.on) return;
    counted.frames++;
    const now = look();
    if (now !== null && now !== last) counted.pictures++;
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
};
window.counting = () => {
  counted.on = false;
  return [counted.pictures, counted.frames, (performance.now() - counted.start) / 1000];
};
"""
FOUND = {}


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[dict[str, Page]]:
    """The three pages, with their first cell run."""
    home = tmp_path_factory.mktemp("bench")
    folder = home / "notebooks"
    folder.mkdir()
    for name, source in {"ours": OURS, "interact": INTERACT, "ten": TEN}.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    build(folder / "ours.py")
    convert = [sys.executable, "-m", "nbconvert", "--to", "html", str(folder / "ours.ipynb")]
    subprocess.run(convert, check=True, capture_output=True)
    FOUND["on disk"] = {name: (folder / name).stat().st_size for name in ("ours.ipynb", "ours.html")}
    to_ipynb = [sys.executable, "-m", "jupytext", "--to", "ipynb", str(folder / "interact.py"), str(folder / "ten.py")]
    subprocess.run(to_ipynb, check=True, capture_output=True)
    with ExitStack() as stack:
        server = stack.enter_context(serve(home))
        page = stack.enter_context(open_browser(1300, 900, options=[f"--remote-debugging-port={PORT}"]))
        pages = {name: page.context.new_page() for name in ("ours", "interact", "page", "ten")}
        for name in ("ours", "interact", "ten"):
            pages[name].goto(f"{server.url}/doc/tree/{name}.ipynb")
            pages[name].wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
            pages[name].evaluate(f"() => {{ {METER} }}")
        pages["page"].goto((folder / "ours.html").as_uri(), wait_until="domcontentloaded")
        pages["page"].wait_for_selector(".downhill canvas")
        pages["page"].evaluate(f"() => {{ {METER} }}")
        yield pages


def run_second_cell(page: Page) -> float:
    """Seconds from running the cell to its picture."""
    milliseconds = page.evaluate(
        """async () => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = 1;
            await jupyterapp.commands.execute("notebook:clear-cell-output");
            await new Promise((done) => setTimeout(done, 300));
            const since = performance.now();
            jupyterapp.commands.execute("notebook:run-cell");
            return (await change(null, since))[0];
        }"""
    )
    return milliseconds / 1000


def test_first_picture(opened):
    for name in ("ours", "interact"):
        opened[name].bring_to_front()
        run_all(opened[name])
    times = {"ours": [], "interact": []}
    for _ in range(ROUNDS):
        for name in times:
            opened[name].bring_to_front()
            times[name].append(run_second_cell(opened[name]))
    FOUND["from cell to picture, s"] = {name: statistics.median(t) for name, t in times.items()}


HANDLES = {"ours": ".noUi-handle", "interact": ".noUi-handle", "page": ".downhill input"}


def test_a_key_press(opened):
    times = {name: [] for name in HANDLES}
    for turn in range(ROUNDS):
        for name, handle in HANDLES.items():
            page = opened[name]
            page.bring_to_front()
            page.locator(handle).first.focus()
            for _ in range(MOVES):
                page.wait_for_timeout(50)
                page.evaluate("listen()")
                page.keyboard.press("ArrowLeft" if turn % 2 else "ArrowRight")
                times[name].append(page.evaluate("timed"))
    for k, what in enumerate(("other pixels", "the next frame on the screen")):
        FOUND[f"key press to {what}, ms: median"] = {name: np.median(t, axis=0)[k] for name, t in times.items()}
        FOUND[f"key press to {what}, ms: 95th percentile"] = {
            name: np.percentile(t, 95, axis=0)[k] for name, t in times.items()
        }
    FOUND["key presses"] = {name: len(t) for name, t in times.items()}


def drag(page: Page, handle: str) -> tuple[float, float]:
    """Pictures and frames a second while the handle is pulled from end to end and back, once a second; then let go.

    The browser gets a place every 5 ms, asked or not.

    (Playwright's own mouse waits for the page after each place, and is slower than the page.)
    """
    session = page.context.new_cdp_session(page)
    target = session.send("Target.getTargetInfo")["targetInfo"]["targetId"]
    page.locator(handle).first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = page.locator(handle).first.bounding_box()
    track = page.locator(".noUi-base, .downhill input").first.bounding_box()
    y = box["y"] + box["height"] / 2
    knob = box["x"] + box["width"] / 2 if handle == ".noUi-handle" else track["x"] + track["width"] / 2
    page.mouse.move(knob, y)
    page.mouse.down()
    hand = websocket.create_connection(f"ws://127.0.0.1:{PORT}/devtools/page/{target}", suppress_origin=True)
    page.evaluate("count()")
    start = time.time()
    for k in itertools.count():
        if (now := time.time() - start) > DRAG:
            break
        part = abs((now % 1) * 2 - 1)
        place = {"type": "mouseMoved", "x": track["x"] + part * track["width"], "y": y, "button": "left", "buttons": 1}
        hand.send(json.dumps({"id": k, "method": "Input.dispatchMouseEvent", "params": place}))
        time.sleep(0.005)
    pictures, frames, seconds = page.evaluate("counting()")
    page.mouse.up()
    hand.close()
    return pictures / seconds, frames / seconds


def test_a_drag(opened):
    pictures, frames, queued = {}, {}, {}
    for name, handle in HANDLES.items():
        page = opened[name]
        page.bring_to_front()
        pictures[name], frames[name] = drag(page, handle)
        page.wait_for_timeout(50)
        page.evaluate("count()")
        page.wait_for_timeout(2000)
        queued[name] = page.evaluate("counting()")[0]
    FOUND["frames a second while dragging"] = frames
    FOUND["pictures a second while dragging"] = pictures
    FOUND["pictures after the release"] = queued


def test_ten_explorers(opened):
    page = opened["ten"]
    page.bring_to_front()
    run_all(page)
    page.wait_for_selector(".downhill canvas >> nth=9")
    move = """async (times) => {
        for (const handle of document.querySelectorAll(".noUi-handle")) {
            for (let i = 0; i < times; i++) {
                const key = i % 40 < 20 ? "ArrowRight" : "ArrowLeft";
                handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
                if (i % 20 === 0) await new Promise(requestAnimationFrame);
            }
        }
        return document.querySelectorAll(".noUi-handle").length;
    }"""
    session = page.context.new_cdp_session(page)

    def memory() -> float:
        page.wait_for_timeout(2000)
        for _ in range(3):
            session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"] / 1e6

    assert page.evaluate(move, 100) == 10
    before = memory()
    page.evaluate(move, 1000)
    FOUND["memory of the page with ten explorers, MB"] = {"before": before, "after 1,000 moves each": memory()}
    FOUND["pictures a second, one of ten"] = {"ours": drag(page, ".noUi-handle")[0]}


def test_sizes_and_arithmetic():
    grid = {"lr": np.geomspace(0.01, 1, 81)}
    larger = {**grid, "momentum": np.linspace(0, 0.99, 23)}
    seconds, grids = {}, {"81 settings of sgd": ("sgd", grid), "1,863 of momentum": ("momentum", larger)}
    for name, (rule, values) in grids.items():
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            descend("quadratic", rule, steps=60, **values)
            times.append(time.perf_counter() - start)
        seconds[name] = statistics.median(times)
    FOUND["arithmetic of the grid, s"] = seconds
    shown = {
        "explore, lr": explore("quadratic"),
        "explore, lr and momentum": explore("quadratic", "momentum", momentum=(0.0, 0.9, 0.99)),
        "explore, 2,000 steps": explore("rosenbrock", lr=(1e-4, 1e-3, 1e-2), steps=2000),
        "race of four": race("quadratic", ["sgd", "momentum", "rmsprop", "adam"]),
        "stability_map": stability_map(),
        "look_ahead": look_ahead(),
    }
    for what, size in {
        "settings": lambda e: sum(np.prod([len(e.known["controls"][c]["values"]) for c in by]) for by in _groups(e)),
        "data, kB": lambda e: len(e.data) / 1e3,
        "widget's state, kB": lambda e: (len(json.dumps([e.spec, e.known])) + len(e.data)) / 1e3,
        "html, kB": lambda e: len(e.html) / 1e3,
    }.items():
        FOUND[what] = {name: size(e) for name, e in shown.items()}


def _groups(explorer):
    """The sliders of each path: its settings are computed for all of them together."""
    return {tuple(said["by"]): said["by"] for said in explorer.known["verdicts"]}.values()


def test_the_table(capsys):
    """Prints it, and holds it to what the course promises."""
    lines = [
        f"{what}: {', '.join(f'{name} {value:,.3g}' for name, value in found.items())}" for what, found in FOUND.items()
    ]
    median = FOUND["key press to other pixels, ms: median"]
    late = FOUND["key press to other pixels, ms: 95th percentile"]
    times = {name: f"{name}'s {median['interact'] / median[name]:.0f}" for name in ("ours", "page")}
    lines.append(f"interact's median, as a multiple of {', of '.join(times.values())}")
    with capsys.disabled():
        print("\n\n" + "\n".join(lines))
    for name in ("ours", "page"):
        assert median[name] <= 10
        assert late[name] <= 20
        assert median["interact"] >= 40 * median[name]
        assert FOUND["pictures a second while dragging"][name] >= 55
        assert FOUND["pictures after the release"][name] == 0
    assert FOUND["from cell to picture, s"]["ours"] <= 1.5
    assert max(FOUND["arithmetic of the grid, s"].values()) <= 0.5
    memory = FOUND["memory of the page with ten explorers, MB"]
    assert memory["after 1,000 moves each"] <= 1.1 * memory["before"]
    assert FOUND["pictures a second, one of ten"]["ours"] >= 55
    assert max(FOUND["data, kB"].values()) <= 1000
