"""Explorers: what the browser is given, against the paths that it is of. What it does with it: test_browser."""

import base64
import io
import json
import re
import zlib

from course_utils import explorer, rules, surfaces
from course_utils.descent import descend
from course_utils.plotting import VIEW
from course_utils.widgets import LR_POSITIONS, explore

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image


def unpacked(spec, data):
    """As explorer.js unpacks: (settings, channels, points) in pixels, NaN where nothing is drawn."""
    numbers = np.frombuffer(zlib.decompress(data), "<i2").reshape(-1, spec["channels"], spec["points"])
    whole = np.cumsum(numbers, axis=-1, dtype=np.int16)  # wraps around, as the browser's does
    return np.where(whole == explorer.GONE, np.nan, whole / spec["unit"])


def read(spec, pixels, told):
    """The number that the browser reads off a pixel."""
    value = told["origin"] + told["scale"] * pixels
    return 10**value if told["log"] else value


@pytest.fixture(scope="module")
def momentum():
    return explore("quadratic", "momentum", lr=(0.01, 0.1, 1.0), momentum=(0.0, 0.9, 0.99))


def test_every_setting_is_where_its_path_is(momentum):
    """Number for number: what the browser shows of a setting is what the rule does there."""
    spec, pixels = momentum.spec, unpacked(momentum.spec, momentum.data)
    lr, mu = (control["values"] for control in spec["controls"])
    assert pixels.shape == (len(lr) * len(mu), 4, 61)
    for i, j in ((0, 0), (40, 22), (60, 3), (33, 20)):
        k = i * len(mu) + j  # the order in which explorer.js counts
        path = descend("quadratic", "momentum", lr=lr[i], momentum=mu[j], steps=60)
        drawn = ~np.isnan(pixels[k, 0])
        for axis, told in enumerate(spec["told"][:2]):
            found = read(spec, pixels[k, told["channel"]], told)[drawn]
            assert np.abs(found - path.x.numpy()[drawn, axis]).max() < 0.005
        told = spec["told"][2]
        found, loss = read(spec, pixels[k, told["channel"]], told), path.loss.numpy()
        there = ~np.isnan(found)
        assert np.abs(np.log10(found[there] / loss[there])).max() < 0.01
        word = spec["words"][spec["outcome"][k]]
        assert word.startswith(path.outcome)
        assert (", leaves the picture at step" in word) == (not drawn.all())


def test_points_are_where_matplotlib_would_draw_them(momentum):
    start = unpacked(momentum.spec, momentum.data)[0, :2, 0]
    picture = np.asarray(
        Image.open(io.BytesIO(base64.b64decode(momentum.spec["background"].split(",")[1]))).convert("RGB")
    )
    x, y = (start * 1.5).round().astype(int)
    assert (picture[y, x] > 250).all()  # the white disc of the start
    assert (picture[y - 8 : y + 9, x - 8 : x + 9] < 30).all(axis=-1).any()  # in its black ring
    left, top, width, height = momentum.spec["layers"][0]["clip"]
    assert left < start[0] < left + width
    assert top < start[1] < top + height


def test_a_path_that_leaves_ends_beyond_the_frame():
    """Its first point outside is kept, on the straight line from the last one inside, though it may be far away."""
    clip = [0.0, 0.0, 100.0, 100.0]
    at = np.array([[[50.0, 50.0], [60, 40], [6e7, -4e7], [50, 50], [1e9, 1e9], [50, 50]][:5]])
    drawn, when = explorer.departed(at, clip)
    assert when.tolist() == [4]
    assert np.isfinite(drawn[0]).all()
    away, origin = drawn[0, 4] - [50, 50], np.array([1e9, 1e9]) - [50, 50]
    assert np.allclose(away / np.linalg.norm(away), origin / np.linalg.norm(origin))
    assert np.abs(drawn).max() <= explorer.FAR + 1e-6
    never, when = explorer.departed(at[:, [4, 4]], clip)
    assert when.tolist() == [0]
    assert np.isnan(never[0, 1]).all()
    nan, _ = explorer.departed(np.array([[[50.0, 50], [np.nan, np.nan], [np.inf, 1]]]), clip)
    assert not np.isfinite(nan[0, 1:]).any()


def test_what_is_packed_comes_back():
    channels = np.array([[[0.0, 1.5, -1900.0, np.nan, 1999.9], [np.inf, 3000, -1, 1, 0]]])
    spec = {"channels": 2, "points": 5, "unit": explorer.UNIT}
    back = unpacked(spec, explorer.packed(channels))
    assert np.allclose(back[0, 0], channels[0, 0], atol=1 / 32, equal_nan=True)
    assert np.allclose(back[0, 1], [np.nan, np.nan, -1, 1, 0], equal_nan=True)


def test_divergence_and_nan_are_labelled():
    wild = explore("rosenbrock", lr=(1e-4, 1e-3, 1.0), steps=100)
    last = wild.spec["words"][wild.spec["outcome"][-1]]
    assert last == "diverges, leaves the picture at step 1"
    assert wild.spec["words"].index(last) in wild.spec["bad"]
    outside = explore("quadratic", start=(9, 9), lr=(1e-6, 1e-5, 1e-4))
    assert outside.alt.endswith("starts outside the picture.")


def test_theory_of_gradient_descent_is_shown_for_nothing_else():
    shown = explore("quadratic", lr=(0.01, 0.25, 1.0))
    pixels = unpacked(shown.spec, shown.data)
    dots = next(layer for layer in shown.spec["layers"] if layer["kind"] == "dots")["dots"]
    for lam, dot in zip((0.2, 4.0), dots, strict=True):
        for k in (0, 57, 80):
            at = shown._pixels(shown.by_lr, np.array([shown.values["lr"][k], abs(1 - shown.values["lr"][k] * lam)]))
            assert np.allclose(pixels[k, [dot["x"], dot["y"]], 0], at, atol=0.04)
    assert shown.threshold == pytest.approx(0.5)
    assert f"◆ λ = 4: × {1 - 4 * shown.values['lr'][57]:.4f}".replace("-", "−") in shown.spec["notes"][57]
    for other in (
        explore("quadratic", "adam"),
        explore("ackley"),
        explore("quadratic", "momentum", momentum=(0, 0.5, 0.9)),
    ):
        assert "notes" not in other.spec
        assert len(other.figure.axes) == 2


@pytest.mark.parametrize("surface", surfaces.__all__)
@pytest.mark.parametrize("rule", ["sgd", "adam", "lion", "muon"])
def test_any_rule_on_any_surface(rule, surface):
    shown = explore(surface, rule, steps=20)
    assert np.isfinite(unpacked(shown.spec, shown.data)[:, :2, 0]).all()
    assert len(shown.data) < 30_000


def test_long_paths_keep_every_step():
    shown = explore("rosenbrock", lr=(1e-4, 1e-3, 1e-2), steps=2000)
    pixels, told = unpacked(shown.spec, shown.data), shown.spec["told"][0]
    path = descend("rosenbrock", "sgd", lr=shown.values["lr"][40], steps=2000).x.numpy()
    assert np.abs(read(shown.spec, pixels[40, 0], told) - path[:, 0]).max() < 0.005
    assert len(shown.data) < 100_000


def test_sizes(momentum):
    assert len(momentum.data) < 300_000
    assert len(explore("quadratic").html) < 200_000
    assert sum(len(c["values"]) > 10 for c in momentum.spec["controls"]) == 2


def test_it_shows_a_view_a_page_a_picture_and_words(momentum):
    shown, metadata = DisplayFormatter().format(momentum)
    assert shown[VIEW]["model_id"] == momentum.view.model_id
    assert np.asarray(Image.open(io.BytesIO(shown["image/png"]))).shape[:2] == (750, 1500)
    assert shown["text/plain"] == momentum.alt == metadata["image/png"]["alt"] == repr(momentum)
    assert "momentum = 0.9: " in momentum.alt
    spec = json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown["text/html"], re.DOTALL)[1])
    assert base64.b64decode(spec["data"]) == momentum.data
    assert not re.search(r'(src|href)="(?!data:)', shown["text/html"])  # nothing from elsewhere
    again = explore("quadratic", "momentum", lr=(0.01, 0.1, 1.0), momentum=(0.0, 0.9, 0.99))
    assert again.html == momentum.html


def test_sliders_are_linked_to_the_picture_without_the_kernel(momentum):
    picture = momentum.view.children[-1]
    for name, link in zip(("lr", "momentum"), momentum.links, strict=True):
        assert type(link).__name__ == "Link"  # in the browser: DirectionalLink and observe would go through the kernel
        assert link.source == (momentum.sliders[name], "value")
        assert link.target == (picture, name)
        assert getattr(picture, name) == momentum.sliders[name].value


def test_the_first_value_is_a_position_of_its_slider():
    shown = explore(
        "quadratic", "adam", lr=(0.01, 0.1, 1), beta1=(0.0, 0.9, 0.99), beta2=(0.9, 0.95, 1 - 1e-3), steps=10
    )
    for control, first in zip(shown.spec["controls"], (0.1, 0.9, 0.95), strict=True):
        assert control["values"][control["first"]] == pytest.approx(first, rel=0.02)
    assert len(shown.spec["controls"][0]["values"]) == LR_POSITIONS >= 80


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lr": (0.1, 1)}, ValueError, r"lr must be \(lowest, first shown, highest\)"),
        ({"lr": (1, 0.5, 0.1)}, ValueError, "in ascending order"),
        ({"lr": (0.1, 0.1, 0.1)}, ValueError, "in ascending order"),
        ({"lr": (0, 0.1, 1)}, ValueError, "lr must be a positive, finite number, got 0"),
        ({"lr": 0.1}, ValueError, "hyper must have a slider"),
        ({"lr": "fast"}, TypeError, "lr must be a positive, finite number, got 'fast'"),
        ({"momentum": (0, 0.5, 1)}, TypeError, "sgd takes no hyperparameter 'momentum'"),
        ({"rule": "adamm"}, ValueError, "There is no rule 'adamm'; did you mean 'adam'"),
        ({"steps": 0}, ValueError, "steps must be a whole number, 1 or more, got 0"),
        (
            {"rule": rules.adam, "beta1": (0, 0.5, 0.9), "beta2": (0, 0.5, 0.9), "steps": 200},
            ValueError,
            "lr x beta1 x beta2 has .* points on all paths, at most 400,000 are allowed",
        ),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        explore("quadratic", **arguments)
