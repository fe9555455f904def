"""The explorer of recorded trainings: what moves is what was recorded, and nothing else can be asked for."""

import itertools

from course_utils.plotting import STYLES
from course_utils.widgets import race, replay

import numpy as np
import pandas as pd
import pytest
from test_widgets import figure_of, moving, read, words

LRS = {"a": (0.01, 0.1, 1.0), "b": (0.001, 0.01, 0.1)}
ENDS = {"a": (0.5, 0.8, 0.2), "b": (0.6, 0.7, 0.75)}
COLUMNS = ["optimizer", "stage", "lr", "seed", "epochs", "accuracy", "status"]


def made(diverged=None):
    """Two optimizers, three learning rates, two seeds a point apart, three epochs of 50, 75 and 100 % of the end."""
    rows = []
    for name, lrs in LRS.items():
        rows.append((name, "default", 0.011, 7, 3.0, 0.9, "finished"))
        for (lr, end), seed in itertools.product(zip(lrs, ENDS[name], strict=True), (0, 1)):
            if (name, lr, seed) == diverged:
                rows.append((name, "lr", lr, seed, 1.5, np.nan, "diverged"))
                continue
            for epoch, part in ((1.0, 0.5), (2.0, 0.75), (3.0, 1.0)):
                accuracy = part * (end + 0.01 * seed)
                rows.append((name, "lr", lr, seed, epoch, accuracy, "finished" if epoch == 3 else ""))
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture(scope="module")
def shown():
    return replay(made(), ["b", "a"])


def test_every_setting_is_the_mean_of_its_recorded_runs(shown):
    controls = shown.known["controls"]
    assert [c["name"] for c in controls] == ["lr of b", "lr of a"]
    assert [float(text) for text in controls[0]["texts"]] == list(LRS["b"])
    by_epoch, by_lr = shown.spec["axes"]
    for nth, name in enumerate("ba"):
        x, y = (np.moveaxis(values, nth, 0)[:, 0] for values in moving(shown, "path", 0, nth))
        assert np.allclose(read(by_epoch["x"], x), [0, 1, 2, 3], atol=0.01)
        ends = 100 * (np.array(ENDS[name]) + 0.005)
        expected = np.stack([np.full(3, 10), *(ends * part for part in (0.5, 0.75, 1))], axis=1)
        assert np.allclose(read(by_epoch["y"], y), expected, atol=0.1)
        x, y = (np.moveaxis(values, nth, 0)[:, 0, 0] for values in moving(shown, "mark", 1, nth))
        assert np.allclose(read(by_lr["x"], x), LRS[name], rtol=0.02)
        assert np.allclose(read(by_lr["y"], y), ends, atol=0.1)


def test_styles_may_be_given():
    looks = {"b": STYLES[4], "a": STYLES[2]}
    figure = figure_of(lambda: replay(made(), looks))
    lines = {line.get_label(): line.get_color() for line in figure.legends[0].get_lines()}
    assert lines == {name: look["color"] for name, look in looks.items()}


def test_the_best_comes_first_and_each_begins_near_its_default(shown):
    first, second = shown.known["verdicts"]
    assert [c["first"] for c in shown.known["controls"]] == [1, 0]  # nearest to 0.011
    assert words(first, 2) == "75.5 %"
    assert words(second, 1) == "80.5 %"
    for i, j in itertools.product(range(3), range(3)):
        assert (first["order"][i] < second["order"][j]) == (ENDS["b"][i] > ENDS["a"][j])
        assert max(first["order"][i], second["order"][j]) <= shown.spec["last"]  # so each has a place
    assert "b (lr = 0.01): 70.5 %; a (lr = 0.01): 50.5 %" in shown.alt
    without = made()
    assert [c["first"] for c in replay(without[without.stage == "lr"], ["a", "b"]).known["controls"]] == [1, 1]


def test_a_training_that_diverged_is_said_to_and_comes_last():
    known = replay(made(("a", 0.1, 1)), ["a", "b"]).known
    lost = known["verdicts"][0]
    assert words(lost, 1) == "diverged"
    assert lost["bad"][lost["index"][1]] is True
    assert lost["order"][1] > max(known["verdicts"][1]["order"])


def test_what_was_not_recorded_cannot_be_asked_for(shown):
    assert shown.spec["asks"] is False
    assert race("quadratic", ["sgd", "adam"], steps=3).spec["asks"] is True


def test_every_curve_at_the_end_is_in_the_picture_that_stands_still():
    figure = figure_of(lambda: replay(made(), ["b", "a"]))
    lines = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 3]
    assert np.allclose([line.get_ydata() for line in lines], [[60.5, 70.5, 75.5], [50.5, 80.5, 20.5]])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["b", "a"]


@pytest.mark.parametrize("names", [["a"], ["a", "c"], ["a", "a"], list("aaaaaaa")])
def test_unknown_too_few_or_too_many_optimizers_are_refused(names):
    with pytest.raises(ValueError, match="optimizers must be two to six, each once, of a, b, got"):
        replay(made(), names)


def test_results_without_every_epoch_are_refused():
    results = made()
    with pytest.raises(ValueError, match="results must have the test after each of two epochs or more"):
        replay(results[(results.status != "")], ["a", "b"])
