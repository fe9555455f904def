"""Figures and sliders, by the data of their artists and by their pixels."""

import io
import itertools

from course_utils import data, moving, plotting, rules, surfaces
from course_utils.descent import descend
from course_utils.show import show_rule
from course_utils.widgets import POSITIONS, VIEW, explore

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.text import Text
from PIL import Image


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.fixture
def explorer():
    return explore("quadratic", lr=(0.01, 0.1, 1.0), steps=60)


def test_the_slider_moves_the_picture(explorer):
    before = pixels(explorer.image.value)
    explorer.slider.value = 0.4
    x, y = explorer.figure.line.get_data()
    lr = explorer.figure.lr[np.abs(explorer.figure.lr - 0.4).argmin()]
    path = descend("quadratic", "sgd", lr=float(lr), steps=60)
    assert np.allclose(np.stack([x, y], axis=1), path.x)
    assert np.allclose(explorer.figure.above.get_ydata(), path.loss)
    assert explorer.figure.verdict.get_text() == f"lr = {lr:.3g}: {path.outcome}"
    assert (pixels(explorer.image.value) != before).any(axis=-1).mean() > 0.005


def test_the_slider_goes_there_and_back(explorer):
    first = explorer.image.value
    explorer.slider.value = 1.0
    assert explorer.image.value != first
    explorer.slider.value = 0.1
    assert explorer.image.value == first


def test_every_position_of_the_slider_has_its_path(explorer):
    slider, figure = explorer.slider, explorer.figure
    assert len(figure.lr) == POSITIONS >= 80
    positions = 10 ** (slider.min + slider.step * np.arange(POSITIONS))
    assert np.allclose(positions, figure.lr)
    for value in positions[::20]:
        slider.value = value
        assert f"lr = {value:.3g}:" in figure.verdict.get_text()


def test_a_diverging_path_leaves_the_picture_and_is_labelled(explorer):
    figure = explorer.figure
    explorer.slider.value = 0.75
    assert "diverges" in figure.verdict.get_text()
    assert figure.left_at.get_text() == "leaves the picture at step 1"
    x, y = figure.line.get_data()
    assert len(x) == 2  # the start and the first point outside, so that the line crosses the edge
    assert abs(y[-1]) > 3
    explorer.slider.value = 0.1
    assert figure.left_at.get_text() == ""


def test_the_threshold_and_the_factors_are_drawn(explorer):
    figure = explorer.figure
    assert figure.threshold == pytest.approx(0.5)
    explorer.slider.value = 0.25
    lr = figure.lr[np.abs(figure.lr - 0.25).argmin()]
    heights = [dot.get_ydata()[0] for dot in figure.factors]
    assert heights == pytest.approx([abs(1 - lr * 0.2), abs(1 - lr * 4)])
    assert f"× {1 - lr * 0.2:.4f}" in figure.factor_text.get_text()
    below, above = np.where(figure.lr < 0.5)[0][-1], np.where(figure.lr >= 0.5)[0][0]
    for index, side in ((below, "is below"), (above, "is not below")):
        figure.show(index)
        assert f"{side} the threshold 2 / λmax = 0.5" in figure.alt


def test_the_threshold_is_that_of_the_minimum():
    figure = explore("rosenbrock", lr=(1e-4, 1e-3, 1e-2), steps=5).figure
    assert figure.threshold == pytest.approx(2 / 1001.6, rel=1e-4)


def test_the_threshold_is_that_of_the_minimum_nearest_to_the_start():
    """Curvatures along the first axis: 8 at -1 and 24 at +1."""
    two = surfaces.Surface(
        "two", lambda a, b: (a**2 - 1) ** 2 * (2 + a) + b**2, (1.4, 0.5), ((-1.0, 0.0), (1.0, 0.0)), (-2, 2), (-2, 2)
    )
    assert explore(two).figure.threshold == pytest.approx(2 / 24)
    assert explore(two, start=(-1.4, 0.5)).figure.threshold == pytest.approx(2 / 8)


def test_a_start_at_the_end_of_the_world_is_drawn():
    assert "diverges" in explore("quadratic", start=(1e200, 0)).figure.verdict.get_text()


def test_paths_that_reach_infinity_draw_without_a_warning(recwarn):
    explorer = explore("rosenbrock", lr=(1e-4, 1e-3, 1.0), steps=100)
    explorer.slider.value = 1.0
    assert "diverges" in explorer.figure.verdict.get_text()
    assert not [str(w.message) for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_what_a_slider_raises_is_not_swallowed(explorer, monkeypatch):
    def broken(index):
        raise ZeroDivisionError

    monkeypatch.setattr(explorer.figure, "show", broken)
    with pytest.raises(ZeroDivisionError):
        explorer.slider.value = 0.3


def test_an_explorer_shows_its_view_its_picture_and_its_words(explorer):
    shown, metadata = DisplayFormatter().format(explorer)
    assert shown[VIEW]["model_id"] == explorer.view.model_id
    assert pixels(shown["image/png"]).shape == (750, 1500, 3)
    assert shown["text/plain"] == explorer.figure.alt == metadata["image/png"]["alt"]
    assert "still 28 % away" in shown["text/plain"]
    assert repr(explorer) == explorer.figure.alt


@pytest.mark.parametrize(
    ("lr", "error", "message"),
    [
        ((0.1, 1), ValueError, r"lr must be \(lowest, first shown, highest\)"),
        ((1, 0.5, 0.1), ValueError, "in ascending order"),
        ((0.1, 0.1, 0.1), ValueError, "in ascending order"),
        ((0, 0.1, 1), ValueError, "lr must be a positive, finite number, got 0"),
        (0.1, ValueError, r"lr must be \(lowest, first shown, highest\)"),
        ("fast", TypeError, "lr must be a positive, finite number, got 'fast'"),
    ],
)
def test_bad_lr_of_an_explorer_is_refused(lr, error, message):
    with pytest.raises(error, match=message):
        explore("quadratic", lr=lr)


def test_theory_of_gradient_descent_is_shown_for_nothing_else():
    def other(x, g, s, t, lr):
        return x - lr * g.sign(), s

    with pytest.raises(ValueError, match="paths must be of sgd over a list of lr, got other"):
        moving.DescentFigure(descend("quadratic", other, lr=[0.1, 0.2]))
    with pytest.raises(ValueError, match=r"got sgd over \[\]"):
        moving.DescentFigure(descend("quadratic", "sgd", lr=0.1))


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
    explorer = explore("quadratic")
    digits = data.load()
    row = plotting.plot_pictures(digits.x_test[:3], ["a", "b", "c"], title="t")
    lines = plotting.plot_paths({"p": descend("rosenbrock", "sgd", lr=0.001)}, title="t")
    for figure in (explorer.figure, row, lines):
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


def test_a_start_outside_the_picture_is_said():
    assert (
        explore("quadratic", start=(9, 9), lr=(1e-6, 1e-5, 1e-4)).figure.left_at.get_text()
        == "starts outside the picture"
    )


def test_the_first_value_is_a_position_of_the_slider():
    explorer = explore("quadratic", lr=(0.01, 0.1, 0.2))
    assert f"lr = {explorer.slider.value:.3g}:" in explorer.figure.verdict.get_text()


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
