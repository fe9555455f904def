"""The explorers of deep networks: signal and gradient of each layer before training, and layer by layer during it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from course_utils import checks, layers, models
from course_utils.data import Data
from course_utils.plotting import GREY, STYLES, Figure
from course_utils.progress import progress_bar
from course_utils.widgets.explorer import Explorer, Start
from course_utils.widgets.frames import settle
from course_utils.widgets.moves import Moves, Saying, Track
from course_utils.widgets.sliders import Slider

import numpy as np
import pandas as pd
import torch
from matplotlib.ticker import MaxNLocator

NOWHERE: Start = (0.0, 0.0)  # nothing here has a start
ACTIVATIONS = ("sigmoid", "tanh", "relu")
SWITCH = {"off": False, "on": True}
# How the first weights are drawn: the positions of the slider, and what models.mlp takes.
WEIGHTS: dict[str, str | float] = {
    "0.25": 0.25,
    "torch's": "default",  # 0.58
    "Xavier": "xavier",  # 1, between layers of the same width
    "He": "he",  # 1.41
    "2": 2.0,
    "4": 4.0,
    "8": 8.0,
}
LOW, HIGH = 1e-14, 1e6  # of what is shown
TOO_MUCH = 30  # times as large at the one end as at the other: it explodes, or vanishes


def explore_layers(
    some: Data,
    depths: Sequence[int] = (1, 2, 3, 5, 8, 16),
    depth: int = 5,
    width: int = 128,
    pictures: int = 128,
) -> Explorer:
    """Perceptrons before their first step: the signal on its way forward, the gradient on its way back.

    Sliders for the activation, the first weights (g, where they are drawn with variance g²/n), the ``depths`` (hidden
    layers of ``width`` units), beginning at ``depth``, batch normalisation and residual connections. The upper panel
    shows how much what enters each layer differs between the first ``pictures`` of the training data, the lower one
    the norm of each layer's gradient and, for plain networks, what it cannot exceed (``layers.bounds``), on the same
    axis: a factor has the same slope in both. The step slider goes layer by layer, forwards above, backwards below.
    What is said compares the two ends of the signal, and of the error (``layers.errors``): gradients may be level while
    both shrink.

    Raises TypeError or ValueError for bad arguments.
    """
    if not isinstance(some, Data):
        raise TypeError(f"some must be what data.load(...) returns, got {some!r}.")
    depths = [checks.whole("each depth", d) for d in depths]
    width, pictures = checks.whole("width", width), checks.whole("pictures", pictures, least=2)
    sliders = [
        Slider.of("activation", ACTIVATIONS, "sigmoid"),
        Slider.of("first weights", list(WEIGHTS), "torch's"),
        Slider.of("depth", [str(d) for d in depths], str(depth)),
        Slider.of("batch norm", list(SWITCH), "off"),
        Slider.of("residual", list(SWITCH), "off"),
    ]
    x, y = some.x_train[:pictures], some.y_train[:pictures]
    ends = x[0].numel(), len(some.classes)
    deepest = max(depths)
    found = {}
    settings = list(itertools.product(*(slider.choices for slider in sliders)))
    for setting in progress_bar(settings):
        activation, weights, n, norm, skips = setting
        options = {"activation": activation, "init": WEIGHTS[weights], "batch_norm": SWITCH[norm]}
        model = models.mlp(ends[0], *[width] * int(n), ends[1], **options, residual=SWITCH[skips])
        bound = layers.bounds(model, x)
        gradient, error = layers.gradients(model, x, y), layers.errors(model, x, y)
        rows = layers.signals(model, x), gradient, torch.full_like(gradient, np.nan) if bound is None else bound, error
        found[setting] = torch.stack(rows).double().numpy()

    figure = Figure(size=(10, 6))
    forward, back = figure.subplots(2, 1, sharex=True)
    forward.set(title="forward: how much the pictures differ on entering each layer", ylim=(LOW, HIGH))
    back.set(title="back: the gradient of each layer (dashed: its bound)", ylim=(LOW, HIGH))
    back.set(xlim=(0.5, deepest + 1.5), xlabel="layer, from the pictures to the scores")
    for ax in (forward, back):
        ax.set_yscale("log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    forward_frame, back_frame = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        names, shape = [slider.name for slider in sliders], [len(slider.choices) for slider in sliders]
        at = np.empty((3, *shape, deepest + 1, 2))
        words, bad = np.empty(shape, dtype=object), np.empty(shape, dtype=bool)
        for place, setting in zip(np.ndindex(*shape), settings, strict=True):
            last = int(setting[2])  # of the layers, from 0
            there = np.minimum(np.arange(deepest + 1), last)
            signal, *drawn, error = found[setting]
            for kind, row in enumerate((signal, *drawn)):
                layer = there if kind == 0 else last - there
                at[kind][place] = np.stack([layer + 1, _shown(row[layer])], axis=-1)
            words[place], bad[place] = _verdict(signal, error)
        tracks = [
            Track(forward_frame, "path", at[0], names, STYLES[2], 4, told=(None, "forwards, the pictures differ by")),
            Track(back_frame, "path", at[2], names, STYLES[1], 2),
            Track(back_frame, "path", at[1], names, STYLES[0], 4, told=(None, "backwards, the gradient is")),
        ]
        return Moves(tracks, [Saying(words, names, bad=bad, plain=True)])

    return Explorer(
        figure,
        sliders,
        lay_out,
        about="Signal and gradient of each layer of a network before training.",
        start=NOWHERE,
        steps=deepest,
        frames={forward_frame: None, back_frame: None},
        stepping="layers gone",
        asks=False,
    )


def _shown(values: np.ndarray) -> np.ndarray:
    """For a logarithmic axis: what is 0 lies at its lower end, NaN where there is no number."""
    return np.where(np.isfinite(values), np.clip(values, 1e-30, 1e30), np.nan)


def _verdict(signal: np.ndarray, error: np.ndarray) -> tuple[str, bool]:
    """What to say of the signals entering all layers, and of their errors, first to last; and whether it is bad."""
    if not (np.isfinite(signal).all() and np.isfinite(error).all()):
        return "the numbers overflow", True
    told, bad = [], False
    for name, start, end in (("signal", signal[0], signal[-1]), ("error", error[-1], error[0])):
        left = end / start if start > 0 else 0.0
        word = "vanishes" if left < 1 / TOO_MUCH else "explodes" if left > TOO_MUCH else "gets through"
        shown = f"{left:.0e}".replace("e-0", "e-").replace("e+0", "e+").replace("-", "−")
        told.append(f"the {name} {word} (× {shown if word != 'gets through' else f'{left:.2g}'})")
        bad |= word != "gets through"
    return ", ".join(told), bad


def explore_switches(table: pd.DataFrame, switches: Mapping[str, Sequence[str]]) -> Explorer:
    """A training with every combination of some switches: the gradient of each layer, the loss and the accuracy.

    ``table`` has one row an epoch, from 0: a column for each of the ``switches``, {name: its positions}, ``epoch``,
    ``train_loss``, ``test_accuracy`` from 0 to 1, and ``layer1``, ``layer2``, …, the norms of the layers' gradients,
    as ``vanishing.switched()`` returns it. The first position of each switch is where it begins; that training stays in
    the picture. The step slider goes through the epochs.

    Raises ValueError for a table that lacks a column, a combination, or an epoch of one.
    """
    sliders = [Slider.of(name, list(positions), next(iter(positions))) for name, positions in switches.items()]
    wanted = [*switches, "epoch", "train_loss", "test_accuracy", "layer1"]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise ValueError(f"table must have the columns {', '.join(missing)}, got {', '.join(map(str, table.columns))}.")
    columns = [name for name in table.columns if name.startswith("layer")]
    values, epochs = ["train_loss", "test_accuracy", *columns], sorted(table.epoch.unique())
    index = pd.MultiIndex.from_product([*(slider.choices for slider in sliders), epochs])
    whole = table.set_index([*switches, "epoch"])[values]
    if not whole.index.is_unique or len(index.difference(whole.index)):
        raise ValueError("table must have one row for each epoch of each combination of the switches.")
    grid = whole.reindex(index).to_numpy().reshape(*(len(s.choices) for s in sliders), len(epochs), len(values))
    n, last = len(columns), int(epochs[-1])
    loss, accuracy, norms = grid[..., 0], 100 * grid[..., 1], grid[..., 2:]

    figure = Figure(size=(10, 5.4))
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    rows = right.subgridspec(2, 1)
    by_layer, of_loss, of_accuracy = (figure.add_subplot(place) for place in (left, *rows))
    by_layer.set(title="gradient of each layer", xlabel="layer", yscale="log", xlim=(0.7, n + 0.3))
    by_layer.set_ylim(np.nanmin(norms[norms > 0]) / 3, np.nanmax(norms) * 3)
    by_layer.xaxis.set_major_locator(MaxNLocator(integer=True))
    across = (-0.02 * last, 1.02 * last)
    of_loss.set(title="training loss", xlim=across, ylim=(0, max(2.6, 1.05 * np.nanquantile(loss, 0.98))))
    of_accuracy.set(title="test accuracy, %", xlabel="epoch", xlim=across, ylim=(0, 100))
    frames = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        names = [slider.name for slider in sliders]
        numbers = np.broadcast_to(np.arange(1.0, n + 1), norms.shape)
        profiles = np.stack([numbers, norms], axis=-1)  # (settings, epochs + 1, n, 2)
        told = [np.stack([np.broadcast_to(epochs, value.shape), value], axis=-1) for value in (loss, accuracy)]
        first = tuple(slider.first for slider in sliders)
        before = {"color": GREY, "marker": "s", "linestyle": "--"}
        tracks = [Track(frames[0], "profile", profiles[first], (), before, 3)]
        tracks += [Track(on, "path", at[first], (), before, 2) for on, at in zip(frames[1:], told, strict=True)]
        tracks.append(Track(frames[0], "profile", profiles, names, STYLES[0], 5))
        for on, at, name, style in zip(frames[1:], told, ("loss", "accuracy"), STYLES[1:], strict=False):
            tracks.append(Track(on, "path", at, names, style, 4, told=(None, name)))
        words = np.vectorize(_learnt, otypes=[object])(loss[..., -1], accuracy[..., -1], last)
        return Moves(tracks, [Saying(words, names, bad=~(accuracy[..., -1] > 15), plain=True)])

    return Explorer(
        figure,
        sliders,
        lay_out,
        about="A deep network in training: gradient of each layer, loss and accuracy; grey: with no switch moved.",
        start=NOWHERE,
        steps=last,
        frames={frames[0]: None, frames[1]: ("step", None), frames[2]: ("step", None)},
        step=last,
        stepping="epoch",
        asks=False,
    )


def _learnt(loss: float, accuracy: float, epochs: int) -> str:
    if not np.isfinite(loss):
        return f"diverged within {epochs} epochs"
    word = "at chance" if accuracy <= 15 else "learns"
    return f"{word}: training loss {loss:.2f}, test accuracy {accuracy:.0f} % after {epochs} epochs"
