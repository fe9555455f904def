"""The explorers of deep networks, and what they asked of the engine: named choices, profiles, no kernel."""

import base64
import json
import re

from course_utils import data, layers, models
from course_utils.plotting import DPI, plot_heat_maps
from course_utils.widgets import explore_layers, explore_switches
from course_utils.widgets.deep import WEIGHTS
from course_utils.widgets.explorer import Explorer, Picture
from course_utils.widgets.sliders import Slider

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from browsing import needs_chromium, open_browser
from matplotlib.text import Text
from test_widgets import figure_of, moving, read, unpacked

DEPTHS = (1, 3, 5)
SWITCHES = {"activation": ("sigmoid", "ReLU"), "optimizer": ("SGD", "Adam", "Lion")}


@pytest.fixture(scope="module")
def digits():
    return data.load()


@pytest.fixture(scope="module")
def walk(digits):
    return explore_layers(digits, depths=DEPTHS, depth=3, width=32, pictures=64)


@pytest.fixture(scope="module")
def table():
    """Two epochs of each of six trainings: all numbers differ."""
    rows = []
    for i, activation in enumerate(SWITCHES["activation"]):
        for j, optimizer in enumerate(SWITCHES["optimizer"]):
            for epoch in range(3):
                at = 1 + 6 * i + 2 * j + epoch / 4
                row = {"epoch": epoch, "train_loss": 2.3 / at, "test_accuracy": 0.1 + at / 20}
                row |= {f"layer{k}": 10.0 ** (k - 3 - at / 5) for k in (1, 2, 3)}
                rows.append(row | {"activation": activation, "optimizer": optimizer})
    return pd.DataFrame(rows).sample(frac=1, random_state=0)  # in any order


def test_each_setting_is_what_its_network_does(walk, digits):
    """Layer by layer: forward the signal, backward the gradient and its bound."""
    controls, axes = walk.known["controls"], walk.spec["axes"]
    x, y = digits.x_train[:64], digits.y_train[:64]
    for choice in (
        ("sigmoid", "torch's", "3", "off", "off"),
        ("relu", "8", "5", "on", "on"),
        ("tanh", "He", "1", "off", "on"),
    ):
        activation, weights, depth, norm, skips = choice
        place = tuple(c["texts"].index(text) for c, text in zip(controls, choice, strict=True))
        options = {"batch_norm": norm == "on", "residual": skips == "on", "init": WEIGHTS[weights]}
        model = models.mlp(784, *[32] * int(depth), 10, activation=activation, **options)
        signal, gradient, bound = layers.signals(model, x), layers.gradients(model, x, y), layers.bounds(model, x)
        drawn = {"signal": (0, 0, signal), "gradient": (1, 1, gradient.flip(0))}
        drawn["bound"] = 1, 0, bound if bound is None else bound.flip(0)
        for name, (on, nth, expected) in drawn.items():
            across, up = (channel[place] for channel in moving(walk, "path", on, nth))
            if expected is None:
                assert np.isnan(up).all(), name
                continue
            last = int(depth)
            found = read(axes[on]["y"], up)
            assert np.abs(np.log10(found[: last + 1]) - np.log10(expected.detach().numpy())).max() < 0.03, name
            assert (found[last:] == found[last]).all()  # it waits at its end
            order = np.arange(1, last + 2) if name == "signal" else np.arange(last + 1, 0, -1)
            assert np.abs(read(axes[on]["x"], across[: last + 1]) - order).max() < 0.02


def test_a_factor_has_the_same_slope_in_both_panels(walk):
    forward, back = walk.spec["axes"]
    assert forward["y"] == back["y"] or forward["y"]["scale"] == pytest.approx(back["y"]["scale"], rel=0.01)


def test_what_becomes_of_the_signal_is_said(walk):
    said, controls = walk.known["verdicts"][0], walk.known["controls"]

    def words(*choice):
        k = 0
        for control, text in zip(controls, choice, strict=True):
            k = k * len(control["texts"]) + control["texts"].index(text)
        return said["words"][said["index"][k]], said["bad"][said["index"][k]]

    text, bad = words("sigmoid", "torch's", "5", "off", "off")
    assert re.fullmatch(r"the signal vanishes \(× \de−\d\), the error vanishes \(× \de−\d\)", text)
    assert bad
    text, bad = words("tanh", "Xavier", "5", "off", "off")
    assert text.startswith("the signal gets through")
    assert not bad
    assert "explodes" in words("relu", "8", "5", "off", "off")[0]
    # A residual network's last gradient is large, a ReLU's are level: neither tells of the error.
    text, bad = words("sigmoid", "torch's", "5", "off", "on")
    assert re.fullmatch(r"the signal gets through \(× 0\.1\d\), the error gets through \(× 0\.1\d\)", text)
    assert not bad
    assert re.match(r"the signal vanishes .*, the error vanishes", words("relu", "torch's", "5", "off", "off")[0])
    assert walk.alt.endswith(f"before training. {words('sigmoid', 'torch' + chr(39) + 's', '3', 'off', 'off')[0]}.")


def test_each_training_is_that_of_its_switches(table):
    shown = explore_switches(table, SWITCHES)
    axes = shown.spec["axes"]
    channels = unpacked(shown.known, shown.data)
    grey, profile = [layer for layer in shown.known["layers"] if layer["kind"] == "profile"]

    def at(number, place, epoch):
        channel = shown.known["channels"][number]
        kept = tuple(place[c] for c in channel["by"])
        return channels[number][kept][min(epoch, channel["points"] - 1)]

    for place in ((0, 0), (1, 2), (0, 1)):
        names = [SWITCHES[name][p] for name, p in zip(SWITCHES, place, strict=True)]
        rows = table[(table.activation == names[0]) & (table.optimizer == names[1])].set_index("epoch")
        for epoch in range(3):
            for k in range(3):
                up = read(axes[0]["y"], at(profile["at"][2 * k + 1], place, epoch))
                assert np.log10(up) == pytest.approx(np.log10(rows[f"layer{k + 1}"][epoch]), abs=0.02)
                assert read(axes[0]["x"], at(profile["at"][2 * k], place, epoch)) == pytest.approx(k + 1, abs=0.01)
            if place == (0, 0):
                assert [at(n, place, epoch) for n in grey["at"]] == [at(n, place, epoch) for n in profile["at"]]
        for on, name, scale in ((1, "train_loss", 1), (2, "test_accuracy", 100)):
            found = read(axes[on]["y"], moving(shown, "path", on, 1)[1][place])
            assert found == pytest.approx(scale * rows[name].sort_index().to_numpy(), abs=0.02 * scale)
    assert shown.spec["stepping"] == "epoch"
    assert axes[1]["drag"] == ["step", None]
    assert shown.alt.endswith("learns: training loss 1.53, test accuracy 18 % after 2 epochs.")


def test_a_switch_is_a_slider_over_names():
    slider = Slider.of("cure", ["none", "a", "b"], "a")
    assert (slider.texts, slider.values.tolist(), slider.first) == (["none", "a", "b"], [0, 1, 2], 1)
    widget = slider.widget()
    assert isinstance(widget, ipywidgets.SelectionSlider)
    assert (widget.index, widget.value, widget.description) == (1, "a", "cure")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Slider.of("cure", ["a"], "a"), "cure must be two choices or more, each once, got"),
        (lambda: Slider.of("cure", ["a", "a"], "a"), "cure must be two choices or more, each once"),
        (lambda: Slider.of("cure", ["a", "b"], "c"), "cure must begin at one of a, b, got 'c'"),
        (lambda: Slider.of("cure", ["a", "b"], "b").through(1.0), "cure is one of a, b: use its slider"),
    ],
)
def test_bad_choices_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="layer1"), "table must have the columns layer1, got"),
        (lambda t: t.drop(columns="epoch"), "table must have the columns epoch, got"),
        (lambda t: t[t.epoch < 2].iloc[1:], "table must have one row for each epoch of each combination"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "table must have one row for each epoch of each combination"),
    ],
)
def test_a_table_with_gaps_is_refused(table, change, message):
    with pytest.raises(ValueError, match=message):
        explore_switches(change(table), SWITCHES)


def test_bad_arguments_are_refused(digits):
    with pytest.raises(TypeError, match="some must be what"):
        explore_layers(digits.x_train)
    with pytest.raises(ValueError, match="depth must begin at one of 1, 3, got '5'"):
        explore_layers(digits, depths=(1, 3))
    with pytest.raises(ValueError, match="pictures must be a whole number, 2 or more, got 1"):
        explore_layers(digits, pictures=1)


def test_it_is_linked_without_the_kernel_and_asks_it_nothing(table):
    shown = explore_switches(table, SWITCHES)
    *sliders, picture = shown.view.children
    assert isinstance(picture, Picture)
    for i, (slider, link) in enumerate(zip(sliders, picture.links, strict=True)):
        assert type(link).__name__ == "Link"
        assert (link.source, link.target) == ((slider, "index"), (picture, f"slider{i}"))
        assert getattr(picture, f"slider{i}") == slider.index == 0
    assert shown.spec["asks"] is False
    assert explore_switches(table, SWITCHES).html == shown.html


def test_type_is_large_enough_for_the_last_row(table, walk, digits):
    """14 CSS pixels or more at full width."""
    small = {"depths": (1, 3), "depth": 3, "width": 8, "pictures": 16}
    for make in (lambda: explore_switches(table, SWITCHES), lambda: explore_layers(digits, **small)):
        sizes = [t.get_fontsize() * DPI / 72 for t in figure_of(make).findobj(Text) if t.get_text()]
        assert min(sizes) >= 14


def test_they_are_small(walk, table):
    for shown in (walk, explore_switches(table, SWITCHES)):
        assert isinstance(shown, Explorer)
        assert len(shown.data) < 100_000
        spec = json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.html, re.DOTALL)[1])
        assert base64.b64decode(spec["data"]) == shown.data


@needs_chromium
def test_a_page_shows_names_and_a_profile_that_moves(table):
    """In a real browser: the switch tells its names, the profile follows, nothing is to be typed."""
    shown = explore_switches(table, SWITCHES)
    with open_browser(width=1060, height=900, offline=True) as page:
        page.set_content(f"<meta charset=utf-8><body>{shown.html}")
        page.wait_for_selector(".downhill .setting")
        assert page.locator("input[type=text]").count() == 0
        labels = page.locator(".setting > span:first-child").all_inner_texts()
        assert labels == ["activation", "optimizer", "epoch"]
        inputs = page.locator("input[type=range]")

        def blue():
            """How high the profile's last point is, in CSS pixels from above."""
            return page.evaluate(
                """() => {
                    const c = document.querySelector('canvas');
                    const [w, h] = [c.width, c.height];
                    const all = c.getContext('2d').getImageData(0, 0, Math.round(w * 0.53), h).data;
                    let [sum, n] = [0, 0];
                    for (let i = 0; i < all.length; i += 4) {
                        if (all[i] < 20 && all[i + 2] > 160 && all[i + 3] > 200) {
                            sum += Math.floor(i / 4 / Math.round(w * 0.53)); n += 1; }
                    }
                    return [n, sum / n * 1000 / w];
                }"""
            )

        (n, before), _ = blue(), inputs.nth(1).focus()
        assert n > 200
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(200)
        assert page.locator(".setting .value").all_inner_texts() == ["sigmoid", "Adam", "2"]
        after = blue()[1]
        pixels = shown.spec["axes"][0]["y"]["scale"]
        assert after - before == pytest.approx(-0.4 / pixels, abs=6)  # all layers, by a factor of 10 ** -0.4
        inputs.nth(2).focus()
        page.keyboard.press("Home")
        page.wait_for_timeout(200)
        assert page.locator(".numbers").inner_text().startswith("epoch 0:")
        assert blue()[1] - after == pytest.approx(0.1 / pixels, abs=4)
        assert page.problems == []


def test_heat_maps_tell_powers_of_ten():
    values = np.array([[1e-14, 2.0], [3e5, np.inf]])
    figure = plot_heat_maps(
        {"sigmoid": values, "relu": values / 10},
        rows=("depth", (1, 2)),
        columns=("weights", ("a", "b")),
        title="It vanishes",
        low=1e-9,
        high=1e9,
    )
    assert figure.alt == "It vanishes. Maps of depth and weights: sigmoid, relu."
    first, second = figure.axes[:2]
    assert [text.get_text() for text in first.texts] == ["−14", "0", "5", "none"]
    assert [text.get_text() for text in second.texts] == ["−15", "−1", "4", "none"]
    shown = first.images[0].get_array()
    assert shown[0].tolist() == pytest.approx([-14, np.log10(2)])
    assert shown.mask.tolist() == [[False, False], [False, True]]
    assert first.images[0].get_clim() == (-9, 9)
    assert [label.get_text() for label in first.get_yticklabels()] == ["1", "2"]
    with pytest.raises(ValueError, match="maps must be one or more of 2 rows and 1 columns each"):
        plot_heat_maps({"a": values}, rows=("r", (1, 2)), columns=("c", (1,)), title="", low=1, high=2)
