"""The explorer of recorded trainings: at each learning rate that was tried, what became of each optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from course_utils.plotting import GLYPHS, STYLES, Figure
from course_utils.widgets.explorer import Explorer, Start
from course_utils.widgets.frames import settle
from course_utils.widgets.moves import Moves, Saying, Track
from course_utils.widgets.panels import LAST
from course_utils.widgets.sliders import Slider

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter


def replay(
    results: pd.DataFrame, optimizers: Sequence[str] | Mapping[str, Mapping[str, Any]], chance: float = 0.1
) -> Explorer:
    """The trials of two to six optimizers: a slider each for the learning rate, and who wins.

    ``results`` are those of ``benchmark.compare``, or ``cifar10.results()``, with the tests after every epoch of the
    stage "lr". One panel has the validation accuracy after each epoch, from ``chance`` (0 to 1) on, the other that at
    the end against the learning rate; both are means over the seeds. The sliders have the learning rates that were run,
    and no others; each begins at the one nearest to that of the stage "default", or in the middle without one.
    ``optimizers`` may be a mapping of names to styles, such as those of ``plotting.STYLES``.

    Raises ValueError for an optimizer without such results.
    """
    trials = results[results.stage == "lr"]
    known = set(trials.optimizer)
    if not 2 <= len(set(optimizers)) == len(optimizers) <= len(STYLES) or not set(optimizers) <= known:
        raise ValueError(
            f"optimizers must be two to six, each once, of {', '.join(sorted(known))}, got {list(optimizers)}."
        )
    trials = trials[trials.optimizer.isin(optimizers)]
    by_run = trials.set_index(["optimizer", "lr", "seed", "epochs"]).accuracy.unstack()
    epochs = int(by_run.columns.max())
    if epochs < 2 or not set(range(1, epochs + 1)) <= set(by_run.columns):
        raise ValueError("results must have the test after each of two epochs or more.")
    by_run = 100 * by_run[range(1, epochs + 1)]
    means = by_run.groupby(level=["optimizer", "lr"]).agg(lambda runs: runs.mean(skipna=False))

    sliders = {name: _slider(name, means.loc[name].index, results) for name in optimizers}
    styles = dict(optimizers) if isinstance(optimizers, Mapping) else dict(zip(optimizers, STYLES, strict=False))
    figure = Figure(size=(10, 5.4))
    by_epoch, by_lr = figure.subplots(1, 2, sharey=True, width_ratios=[1.15, 1])
    low, high = np.nanmin(means), np.nanmax(means)
    by_epoch.set(xlabel="epoch", ylabel="validation accuracy, %", xlim=(-0.02 * epochs, 1.02 * epochs))
    by_epoch.set_ylim(min(low, 100 * chance) - 2, high + 2)
    by_epoch.set_title("as they learned")
    by_epoch.xaxis.set_major_locator(MaxNLocator(integer=True))
    by_lr.set(title="at the end", xlabel="lr", xscale="log")
    by_lr.xaxis.set_minor_formatter(NullFormatter())
    for name, style in styles.items():
        by_lr.plot(means.loc[name].index, means.loc[name][epochs], **{**style, "linewidth": 1.2, "markersize": 4})
    handles = [Line2D([], [], label=name, **style) for name, style in styles.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    on_epochs, on_lr = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        tracks, verdicts = [], []
        for slider, (name, style) in zip(sliders, styles.items(), strict=True):
            rows = means.loc[name]
            ends = rows[epochs].to_numpy()
            learned = np.insert(rows.to_numpy(), 0, 100 * chance, axis=1)
            steps = np.broadcast_to(np.arange(epochs + 1.0), learned.shape)
            told = (None, f"{GLYPHS[style['marker']]} {name}")
            at = np.stack([steps, learned], axis=-1)
            tracks.append(Track(on_epochs, "path", at, [slider.name], style, 4, told=told))
            here = np.stack([rows.index.to_numpy(), ends], axis=-1)[:, None]
            tracks.append(Track(on_lr, "mark", here, [slider.name], style, size=8))
            lost = np.isnan(ends)
            words = np.where(lost, "diverged", [f"{end:.1f} %" for end in ends])
            order = np.where(lost, LAST, epochs * (1 - np.nan_to_num(ends) / 100))
            verdicts.append(Saying(words, [slider.name], name, style, order, lost))
        return Moves(tracks, verdicts)

    about = f"Recorded trainings of {', '.join(optimizers)}, at each learning rate that was tried."
    return Explorer(
        figure,
        sliders.values(),
        lay_out,
        about=about,
        start=(0.0, 0.0),
        steps=epochs,
        frames={on_epochs: ("step", None), on_lr: None},
        telling="validation accuracy, %",
        asks=False,
    )


def _slider(name: str, lrs: pd.Index, results: pd.DataFrame) -> Slider:
    default = results[(results.optimizer == name) & (results.stage == "default")].lr
    near = default.iloc[0] if len(default) else np.sqrt(lrs.min() * lrs.max())
    texts = [f"{lr:.2g}" for lr in lrs]
    return replace(Slider.of(f"lr of {name}", texts, texts[np.abs(np.log(lrs / near)).argmin()]), short="lr")
