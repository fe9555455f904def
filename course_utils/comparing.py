"""Figures and tables of comparisons of optimizers, from the results of ``benchmark`` and ``reproduction``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course_utils import benchmark
from course_utils.plotting import BLACK, BLUE, PALE_GREY, RED, STYLES, Figure

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator


def plot_bands(results: pd.DataFrame, optimizers: Sequence[str], *, title: str, value: str = "accuracy") -> Figure:
    """How the final runs of up to six optimizers went: the mean over seeds, in a band from the lowest to the highest.

    ``value`` is "accuracy" (in percent), "loss" or "train_loss". A run that diverged is left out of the curve from
    then on, and counted in the legend. Raises ValueError for an optimizer without results.
    """
    figure = Figure((9, 5))
    ax = figure.add_subplot(title=title, xlabel="step", ylabel=_label(value))
    final, told = results[results.stage == "final"], []
    for name, style in zip(_known(optimizers, final), STYLES, strict=False):
        rows = final[final.optimizer == name]
        table = rows.pivot(index="step", columns="seed", values=value).dropna(how="all") * _scale(value)
        if table.empty:
            raise ValueError(f"optimizers: all final runs of {name} diverged, there is nothing to draw.")
        lost = int((rows.status == "diverged").sum())
        label = name + (f" ({lost} of {table.shape[1]} diverged)" if lost else "")
        mean = _band(ax, table, label, style)
        told.append(
            f"{label} ends at {mean.iloc[-1]:.3g}, from {table.iloc[-1].min():.3g} to {table.iloc[-1].max():.3g}"
        )
    ax.legend()
    figure.alt = f"{title}. Means over seeds of {_label(value)} against steps, with bands: {'; '.join(told)}."
    return figure


def plot_sensitivity(results: pd.DataFrame, optimizers: Sequence[str], *, title: str) -> Figure:
    """The validation accuracy of up to six optimizers against the learning rate, in all trials of it.

    The mean over seeds, in a band from the lowest to the highest; a ring marks the best learning rate, a cross at the
    bottom one with which a run diverged. Raises ValueError for an optimizer without results.
    """
    figure = Figure((9, 5))
    ax = figure.add_subplot(title=title, xlabel="lr", xscale="log", ylabel="validation accuracy, %")
    trials, told, crosses = results[results.stage == "lr"], [], []
    for name, style in zip(_known(optimizers, trials), STYLES, strict=False):
        ends = trials[(trials.optimizer == name) & (trials.status != "")]
        table = ends.pivot(index="lr", columns="seed", values="accuracy").sort_index() * 100
        whole = table.dropna()  # all seeds arrived
        crosses += [(lr, style["color"]) for lr in table.index.difference(whole.index)]
        if whole.empty:
            told.append(f"{name}, which always diverged")
            ax.plot([], [], label=f"{name} (always diverged)", **style)
            continue
        mean = whole.mean(axis=1)
        ax.fill_between(whole.index, whole.min(axis=1), whole.max(axis=1), color=style["color"], alpha=0.2, linewidth=0)
        ax.plot(whole.index, mean, label=name, **style)
        ax.plot(mean.idxmax(), mean.max(), "o", markersize=15, color="none", markeredgecolor=style["color"])
        told.append(f"{name}, best at {mean.idxmax():.2g} with {mean.max():.1f}")
    bottom = ax.get_ylim()[0]
    for lr, color in crosses:
        ax.plot(lr, bottom, "x", markersize=10, markeredgewidth=3, color=color, clip_on=False)
    ax.set_ylim(bottom=bottom)
    ax.legend(title="✕ diverged" if crosses else None)
    figure.alt = f"{title}. Validation accuracy in percent against the learning rate: {'; '.join(told)}."
    return figure


def plot_epochs(results: pd.DataFrame, optimizers: Sequence[str] | Mapping[str, Any], *, title: str) -> Figure:
    """The four plots of source E by epoch: the test accuracy, large; beside it the training accuracy and both losses.

    The means over seeds of up to six ``optimizers`` before those of all others in the results, in grey; the test
    accuracy in bands from the lowest to the highest. ``optimizers`` may be a mapping of names to styles, such as those
    of ``plotting.STYLES``. A run that diverged is left out from then on. Raises ValueError for an optimizer without
    results, and for the results of several stages.
    """
    if results.stage.nunique() > 1:
        raise ValueError(f"results must be those of one stage, got {', '.join(results.stage.unique())}.")
    known = _known(list(optimizers), results)
    named = dict(optimizers) if isinstance(optimizers, Mapping) else dict(zip(known, STYLES, strict=False))
    figure = Figure((9, 5.6))
    figure.suptitle(title, fontsize=14)
    panels = {"accuracy": "test accuracy, %", "train_accuracy": "training accuracy, %"}
    panels |= {"train_loss": "training loss", "loss": "test loss"}
    small = list(panels)[1:]
    axes = figure.subplot_mosaic([["accuracy", value] for value in small], sharex=True, width_ratios=[2.2, 1])
    for value, label in panels.items():
        ax = axes[value]
        scale = 100.0 if value.endswith("accuracy") else 1.0
        tables = {
            name: rows.pivot(index="epochs", columns="seed", values=value).dropna(how="all") * scale
            for name, rows in results[results[value].notna()].groupby("optimizer", sort=False)
        }
        for name in tables.keys() - named.keys():
            ax.plot(tables[name].mean(axis=1), color=PALE_GREY, linewidth=1.2, zorder=1)
        for name, style in named.items():
            if name in tables and value == "accuracy":
                _band(ax, tables[name], name, style)
            elif name in tables:
                ax.plot(tables[name].mean(axis=1), label=name, **{**style, "linewidth": 1.5, "markersize": 4})
        ax.set_title(label, fontsize=14 if value == "accuracy" else 12)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    for value in ("accuracy", small[-1]):
        axes[value].set_xlabel("epoch")
    for value in small[:-1]:
        axes[value].tick_params(labelbottom=False)
    handles = [Line2D([], [], label=name, **style) for name, style in named.items()]
    if set(results.optimizer) - named.keys():
        handles.append(Line2D([], [], label="others", color=PALE_GREY, linewidth=1.2))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    figure.alt = f"{title}. Four panels, by epoch: {', '.join(panels.values())}, of {', '.join(named)}, others in grey."
    return figure


def plot_tuning(results: pd.DataFrame, *, title: str) -> Figure:
    """The test accuracy of each optimizer at its default learning rate (triangles) and at a tuned one (discs).

    A mark a seed at the end of the stages "default" and "final", a bar at their mean; a diverged run is at 0. The
    optimizer with the highest mean at its default is on top; its place among the tuned is beside its name. Raises
    ValueError for results that lack one of the two stages.
    """
    if not {"default", "final"} <= set(results.stage):
        raise ValueError(f"results must have the stages default and final, got {', '.join(results.stage.unique())}.")
    found = benchmark.ends(results)
    means = 100 * found.groupby(["stage", "optimizer"], sort=False).accuracy.mean().unstack("stage")
    means = means.dropna(subset=["default", "final"]).sort_values("default", ascending=False, kind="stable")
    places = means.final.rank(ascending=False, method="min").astype(int)
    figure = Figure((9, 1.7 + 0.42 * len(means)))
    ax = figure.add_subplot(title=title, xlabel="test accuracy at the end, %")
    for row, name in enumerate(means.index):
        own = found[found.optimizer == name]
        for stage, color, marker, shift in (("default", RED, "^", -0.16), ("final", BLUE, "o", 0.16)):
            words = {"default": "at its default lr", "final": "tuned"}[stage] if row == 0 else None
            _dots(ax, row + shift, 100 * own[own.stage == stage].accuracy, color, marker, words)
            bar = {"markersize": 12, "markeredgewidth": 3, "color": color}
            ax.plot(means[stage][name], row + shift, "|", **bar)
        ends = {"xy": (means.final[name], row), "xytext": (means.default[name], row)}
        ax.annotate("", **ends, arrowprops={"arrowstyle": "->", "color": PALE_GREY, "linewidth": 1.2}, zorder=1)
    _rows(ax, [f"{name}: {row}. → {places[name]}." for row, name in enumerate(means.index, start=1)])
    figure.legend(loc="outside lower center", ncols=2)
    told = [f"{name} {means.default[name]:.1f}, then {means.final[name]:.1f}" for name in means.index]
    figure.alt = f"{title}. Mean test accuracy in percent at the default learning rate, then tuned: {'; '.join(told)}."
    return figure


def _band(ax: Axes, table: pd.DataFrame, label: str, style: Mapping[str, Any]) -> pd.Series:
    """Draw the mean of each row of the table, in a band from the lowest to the highest; returns the means."""
    mean = table.mean(axis=1)
    ax.fill_between(table.index, table.min(axis=1), table.max(axis=1), color=style["color"], alpha=0.2, linewidth=0)
    ax.plot(table.index, mean, label=label, markevery=max(1, len(mean) // 8), **style)
    return mean


def plot_time_to_target(results: pd.DataFrame, target: float, *, title: str) -> Figure:
    """When the final runs first had a test accuracy of ``target`` (0 to 1): a dot a run, a bar at the median.

    Steps on the left, seconds of training on the right; the optimizer with the lowest median number of steps on top.
    Runs that did not get there are counted beside the name.
    """
    times = benchmark.time_to_target(results, target)
    medians = times.fillna(np.inf).groupby("optimizer").steps.median().sort_values(kind="stable")
    figure = Figure((9, 1.2 + 0.4 * len(medians)))
    figure.suptitle(title, fontsize=14)
    left, right = figure.subplots(1, 2, sharey=True)
    told, labels = [], []
    for row, name in enumerate(medians.index):
        runs = times[times.optimizer == name]
        missed = int(runs.steps.isna().sum())
        labels.append(name + (f" ({missed} of {len(runs)} never)" if missed else ""))
        for ax, unit in ((left, "steps"), (right, "seconds")):
            _dots(ax, row, runs[unit], BLUE, "o")
            if missed < len(runs) / 2:
                ax.plot(runs[unit].fillna(np.inf).median(), row, "|", markersize=18, markeredgewidth=3, color=BLACK)
        told.append(f"{labels[-1]} {medians[name]:.0f} steps" if missed < len(runs) / 2 else labels[-1])
    _rows(left, labels)
    for ax, unit in ((left, "steps"), (right, "seconds of training")):
        ax.set_xlabel(f"{unit} to {100 * target:g} %")
        ax.set_xlim(left=0)
    figure.alt = f"{title}. Medians: {'; '.join(told)}."
    return figure


def plot_reproduction(table: pd.DataFrame, results: pd.DataFrame, source: str, *, title: str) -> Figure:
    """What a source prints (a black bar), and our runs of it (dots, a seed each), in percent of the test pictures.

    ``table`` is ``reproduction.table(results)``. Blue discs: pictures in a new order each epoch; red triangles: in a
    fixed order.
    """
    lines = table.loc[source].sort_values("printed", ascending=False, kind="stable")
    printed, ours = (lines[column].groupby("rule", sort=False).first() for column in ("printed", "mean"))
    ends = results[(results.status != "") & (results.source == source)]
    figure = Figure((9, 1.5 + 0.42 * len(printed)))
    ax = figure.add_subplot(title=title, xlabel="test accuracy at the end, %")
    for row, rule in enumerate(printed.index):
        runs = ends[ends.rule == rule]
        for order, color, marker, shift in (("shuffled", BLUE, "o", -0.16), ("fixed", RED, "^", 0.16)):
            accuracies = 100 * runs[runs.order == order].accuracy
            label = f"ours, {order} order" if row == 0 and len(accuracies) else None
            _dots(ax, row + shift, accuracies, color, marker, label)
        looks = {"markersize": 22, "markeredgewidth": 4, "color": BLACK, "linestyle": "none", "zorder": 1.9}
        ax.plot(printed[rule], row, "|", label=None if row else "printed", **looks)
    _rows(ax, list(printed.index))
    figure.legend(loc="outside lower center", ncols=3)
    told = [f"{rule} printed {printed[rule]:.2f}, ours {ours[rule]:.2f}" for rule in printed.index]
    figure.alt = f"{title}. {'; '.join(told)}."
    return figure


def standings_table(results: pd.DataFrame) -> pd.DataFrame:
    """``benchmark.standings`` in words, for reading: what each was tuned to, its accuracy and how far it is behind.

    "Behind" is an interval for the difference to the leader. Only a leader of whom all others are clearly behind is
    marked best. A value in parentheses is the last that was tried on its side.
    """
    found = benchmark.standings(results)
    seconds = {c.name: c.second for c in benchmark.CONTENDERS.values()}
    lines = []
    for i, (name, row) in enumerate(found.iterrows()):
        lr, second = (
            f"({value:.2g})" if edge else f"{value:.2g}"
            for value, edge in ((row.lr, row.lr_at_edge), (row.second, row.second_at_edge))
        )
        tuned = "" if np.isnan(row.second) else f", {seconds.get(name) or 'second'} {second}"
        lines.append(
            {
                "optimizer": name,
                "tuned to": f"lr {lr}{tuned}",
                "test accuracy, %": f"{row.accuracy:.2f} ({row.low:.2f} to {row.high:.2f})",
                "behind the leader, points": "" if i == 0 else f"{row.behind_low:.2f} to {row.behind_high:.2f}",
                "diverged": row.diverged,
                "verdict": ("★ " if row.verdict == "best" else "") + row.verdict,
            }
        )
    if found.verdict.iloc[0] != "best":
        lines[0]["verdict"] = "highest mean"
    return pd.DataFrame(lines).set_index("optimizer")


def _known(optimizers: Sequence[str], results: pd.DataFrame) -> Sequence[str]:
    names = set(results.optimizer)
    if not 1 <= len(optimizers) <= len(STYLES) or not set(optimizers) <= names:
        raise ValueError(f"optimizers must be one to six of {', '.join(sorted(names))}, got {list(optimizers)}.")
    return optimizers


def _dots(ax: Axes, row: float, values: pd.Series, color: str, marker: str, label: str | None = None) -> None:
    """The values side by side on one row, spread a little up and down."""
    shifts = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(len(values))
    ax.plot(values, row + shifts, marker, markersize=6, alpha=0.75, color=color, label=label)


def _rows(ax: Axes, labels: Sequence[str]) -> None:
    """One row for each label, the first on top."""
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)


def _label(value: str) -> str:
    labels = {"accuracy": "test accuracy, %", "loss": "test loss", "train_loss": "training loss"}
    if value not in labels:
        raise ValueError(f"value must be one of {', '.join(labels)}, got {value!r}.")
    return labels[value]


def _scale(value: str) -> float:
    return 100.0 if value == "accuracy" else 1.0
