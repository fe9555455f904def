"""Figures, by the data of their artists and by their pixels."""

import io
import itertools

from course_utils import data, moving, plotting, rules, surfaces
from course_utils.descent import descend
from course_utils.show import show_rule

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from matplotlib.text import Text
from PIL import Image


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_an_animation_moves_and_ends_as_it_begins():
    paths = descend("quadratic", "sgd", lr=[0.02, 0.51], steps=12)
    animation = moving.Animation({"slow": paths[0], "wild": paths[1]}, title="two")
    picture = Image.open(io.BytesIO(animation.bytes))
    assert picture.n_frames >= 13
    frames = []
    for i in range(picture.n_frames):
        picture.seek(i)
        frames.append(np.asarray(picture.convert("RGB")).astype(int))
    changes = [np.abs(a - b).max(axis=-1) > 30 for a, b in itertools.pairwise(frames)]
    assert all(change.any() for change in changes)
    assert np.array_equal(frames[0], frames[-1])
    assert "wild: diverges" in animation.alt


def test_figures_show_themselves_with_their_words():
    series = {"a": ([1, 10, 100], [1.0, np.nan, 3.0]), "b": ([1, 10, 100], [np.inf, 2.0, 2.0])}
    figure = plotting.plot_curves(series, title="t", xlabel="x", ylabel="y", log="x")
    shown, metadata = DisplayFormatter().format(figure)
    assert shown["text/plain"] == "t. Curves of y against x: a, b."
    assert metadata["image/png"] == {"alt": shown["text/plain"], "width": 900, "height": 450}
    assert pixels(shown["image/png"]).std() > 5
    lines = figure.axes[0].lines
    assert np.isnan(lines[1].get_ydata()[0])
    looks = [(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines]
    assert all(a != b for a, b in zip(*looks, strict=True))  # told apart in three ways


def test_type_is_large_enough_for_the_last_row():
    """14 CSS pixels or more for all text at the size at which figures are shown."""
    digits = data.load()
    row = plotting.plot_pictures(digits.x_test[:3], ["a", "b", "c"], title="t")
    lines = plotting.plot_paths({"p": descend("rosenbrock", "sgd", lr=0.001)}, title="t")
    for figure in (row, lines):
        sizes = [text.get_fontsize() * plotting.DPI / 72 for text in figure.findobj(Text) if text.get_text()]
        assert min(sizes) >= 14


@pytest.mark.parametrize("surface", [surfaces.quadratic, surfaces.rosenbrock], ids=lambda s: s.name)
def test_contours_surround_the_minimum(surface):
    ax = plotting.Figure().add_subplot()
    plotting.draw_surface(ax, surface)
    (star,) = ax.lines
    assert (star.get_xdata()[0], star.get_ydata()[0]) == surface.minima[0]
    lowest = ax.collections[0].get_paths()[0]  # the region up to the first level
    assert lowest.contains_point(surface.minima[0])
    assert not lowest.contains_point(surface.start)


def test_a_figure_of_nothing_is_refused():
    with pytest.raises(ValueError, match="series must hold one curve or more"):
        plotting.plot_curves({}, title="", xlabel="", ylabel="")
    on_two = {name: descend(name, "sgd", lr=0.001, steps=2) for name in ("quadratic", "rosenbrock")}
    for paths in ({}, on_two):
        with pytest.raises(ValueError, match="paths must be one or more on one surface"):
            plotting.plot_paths(paths, title="")


def test_show_rule_has_the_formula_and_the_lines_that_run():
    shown = show_rule(rules.sgd).data
    assert r"x_t = x_{t-1} - \mathrm{lr}\; g_t" in shown
    code = shown.split("```python\n")[1]
    assert "return x - lr * g, s" in code
    assert '"""' not in code
    assert show_rule("sgd").data == shown
    assert "def where(condition, a, b)" in show_rule("radam").data  # what is not torch's is shown, too
    assert "def ahead(x, g, s, t, *args, k=5, alpha=0.5" in show_rule(rules.lookahead(rules.adam)).data
    with pytest.raises(ValueError, match="There is no rule 'adamm'; did you mean 'adam'"):
        show_rule("adamm")
    with pytest.raises(TypeError, match="rule must be a function with a docstring"):
        show_rule(lambda x, g, s, t: (x, s))


def test_the_paper_is_white_and_colours_are_true():
    figure = plotting.plot_curves({"a": ([0, 1], [0, 1])}, title="t", xlabel="x", ylabel="y")
    picture = np.asarray(Image.open(io.BytesIO(figure.png())).convert("RGB"))
    assert (picture[:3, :3] == 255).all()
    true = np.asarray(figure.raster()).astype(int)
    assert (np.abs(picture - true).max(axis=-1) <= 8).mean() > 0.995


def test_pictures_are_grey_or_in_colours():
    red = torch.zeros(2, 3, 8, 8)
    red[:, 0] = 1
    for x, seen in ((red, [255, 0, 0]), (torch.ones(2, 1, 8, 8), [0, 0, 0])):
        figure = plotting.plot_pictures(x, ["a", "b"], title="t")
        (shown,) = figure.axes[1].images
        assert np.array_equal(shown.make_image(figure.canvas.get_renderer(), unsampled=True)[0][4, 4, :3], seen)
