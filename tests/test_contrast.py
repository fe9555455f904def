"""Contrast by WCAG 2.1 AA: 4.5 to 1 for text, 3 to 1 for what is drawn, in the light and in the dark."""

import re

from course_utils import comparing, plotting
from course_utils.widgets import panels
from course_utils.widgets.explorer import MODULE

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

TEXT, DRAWN = 4.5, 3
WHITE, LIGHT, DARK = to_rgb("white"), to_rgb("white"), to_rgb("#111111")  # JupyterLab's dark paper is #111111
STYLE = re.search(r"const STYLE = `(.*?)`;", MODULE, re.DOTALL)[1]
NAMED = {name: getattr(plotting, name) for name in ("BLUE", "ORANGE", "GREEN", "RED", "PURPLE", "BLACK")}


def luminance(color) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(a, b) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def inverted(color) -> tuple[float, float, float]:
    """The colour under the filter of dark explorers: invert(p), then hue-rotate(180deg)."""
    part = float(re.search(r"filter: invert\(([\d.]+)\) hue-rotate\(180deg\)", STYLE)[1])
    v = np.array(to_rgb(color)) * (1 - part) + (1 - np.array(to_rgb(color))) * part
    grey = np.array([0.213, 0.715, 0.072])
    return tuple(np.clip(2 * grey @ v - v, 0, 1))  # half a turn around grey


def test_contrast_is_that_of_the_standard():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#767676", "white") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "white") < TEXT


def fills(heights=plotting.HEIGHTS):
    return [WHITE, *(heights(part)[:3] for part in np.linspace(0, 1, 12))]


@pytest.mark.parametrize("seen", [to_rgb, inverted], ids=["light", "dark"])
@pytest.mark.parametrize("name", NAMED)
def test_lines_are_seen_on_every_contour_and_signs_are_read_in_a_text(name, seen):
    color = NAMED[name]
    assert min(contrast(seen(color), seen(fill)) for fill in fills()) >= DRAWN
    assert contrast(seen(color), seen(WHITE)) >= TEXT
    paper = LIGHT if seen is to_rgb else DARK  # a sign stands on the page, not on the stage
    assert contrast(seen(color), paper) >= TEXT


@pytest.mark.parametrize("seen", [to_rgb, inverted], ids=["light", "dark"])
def test_what_is_beside_is_seen(seen):
    assert min(contrast(seen(plotting.LEVEL), seen(fill)) for fill in fills()) >= DRAWN
    for grey in (plotting.GREY, plotting.PALE_GREY):
        assert contrast(seen(grey), seen(WHITE)) >= DRAWN - 0.01


def test_the_labels_of_a_map_are_read():
    ax = plotting.Figure().add_subplot()
    lr, momentum = np.geomspace(0.01, 1, 40), np.linspace(0, 0.9, 40)
    panels.draw_map(ax, lr, momentum, np.clip(1.2 - lr - 0.2 * momentum[:, None], 0, 1.1))
    labels = [text for text in ax.findobj(Text) if re.fullmatch(r"[\d.]+", text.get_text()) and text.axes is ax]
    colors = {to_rgb(text.get_color()) for text in labels} - {to_rgb("black")}
    assert colors
    assert min(contrast(color, fill) for color in colors for fill in fills()) >= TEXT


def test_numbers_in_a_heat_map_are_read():
    values = np.logspace(-8, 2, 60)[None]
    rows, columns = ("row", [0]), ("column", range(60))
    figure = plotting.plot_heat_maps({"a": values}, rows=rows, columns=columns, title="t", low=1e-6, high=1)
    ax = figure.axes[0]
    (shades,) = ax.images
    assert len(ax.texts) == 60
    for text in ax.texts:
        field = shades.to_rgba(np.log10(values[0, int(text.get_position()[0])]))
        assert contrast(text.get_color(), field[:3]) >= TEXT


@pytest.mark.parametrize("name", ["BLUE", "RED"])
def test_dots_that_let_others_through_are_seen(name):
    ax = plotting.Figure().add_subplot()
    comparing._dots(ax, 0, pd.Series([1.0]), NAMED[name], "o")
    part = ax.lines[0].get_alpha()
    assert contrast(part * np.array(to_rgb(NAMED[name])) + 1 - part, WHITE) >= DRAWN


def rules() -> list[tuple[bool, str, str]]:
    """Each colour in the explorers' style: whether it is for the dark, its property, and itself."""
    found = []
    for selector, body in re.findall(r"^(\.[^{]+)\{([^}]*)\}", STYLE, re.MULTILINE):
        for name, value in re.findall(r"([\w-]+):\s*([^;]+)", body):
            colors = re.findall(r"#[0-9a-f]{3,6}\b|\bgray\b", value)
            found += [(".dark" in selector, name, color) for color in colors]
    return found


def test_the_explorers_style_is_read():
    """Colour by colour; a light colour that the dark overrides is not seen there."""
    assert {name for _, name, _ in rules()} >= {"color", "accent-color", "outline", "outline-color", "border"}
    for dark, name, color in rules():
        least = TEXT if name == "color" else DRAWN
        assert contrast(color.replace("gray", "#808080"), DARK if dark else LIGHT) >= least, (name, color)


def test_the_dark_has_a_colour_for_each_that_the_light_has():
    light, dark = ({name.split("-")[0] for on, name, _ in rules() if on is dark} for dark in (False, True))
    assert light - {"border"} == dark  # gray is 3.9 on white, 4.8 on #111111
    assert contrast("#808080", DARK) >= DRAWN


def test_figures_have_text_that_is_read():
    assert all(contrast(mpl.rcParams[key], "white") >= TEXT for key in ("text.color", "axes.labelcolor", "xtick.color"))
