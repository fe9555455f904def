"""A figure of a training that is drawn again while it runs: the gradient of each layer."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from course_utils.layers import Recorder, bounds
from course_utils.plotting import GREEN, GREY, PURPLE, RED, STYLES, Figure

import numpy as np
import torch
from IPython import get_ipython
from IPython.display import display
from matplotlib.ticker import MaxNLocator
from torch import Tensor, nn

EVERY = 1.0  # seconds from one picture to the next
LOW, HIGH = 1e-5, 20.0  # the least that the axes show: so that pictures of several trainings compare


class watch(Recorder):
    """Shows, in a ``with`` around any training, the gradient norm of each layer while the network is trained.

    On the left, layer by layer: at the first step, now, and what it cannot exceed now on the pictures ``x`` (N, ...),
    if that is known (``layers.bounds``). The gradient is that of the step's batch: if these are other pictures, it is
    held by the bound only as far as they are alike. On the right, step by step: the first and the last layer. The
    picture is drawn anew every second (``EVERY``), and at the end, with the ``title``. ``figure`` is the last one;
    ``norms`` (steps, L) are all that was recorded. Outside of a notebook, nothing is shown.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, *, title: str):
        super().__init__(model, optimizer)
        self.x, self.title = x, title
        self.handle: Any = None
        self.words = ""

    def __enter__(self) -> watch:
        super().__enter__()
        self.shown = -np.inf
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        if self.rows and error is None:
            self._show()

    def tell(self, words: str) -> None:
        """Inside the ``with``: what came of the training, to stand under the title from the next picture on."""
        self.words = f"\n{words}"

    def _before_step(self, *given: Any) -> None:
        super()._before_step(*given)
        if time.monotonic() - self.shown > EVERY:
            self._show()

    def _show(self) -> None:
        self.figure = self._drawn()
        if hasattr(get_ipython(), "kernel"):
            if self.handle is None:
                self.handle = display(self.figure, display_id=True)
            else:
                self.handle.update(self.figure)
        self.shown = time.monotonic()

    def _drawn(self) -> Figure:
        norms, bound = self.norms.numpy(), bounds(self.model, self.x)
        steps, layers = np.arange(1, len(norms) + 1), np.arange(1, norms.shape[1] + 1)
        # The same words from first to last: a saved notebook keeps one of the pictures.
        figure = Figure((10, 4), f"{self.title}: the gradient norm of each layer, layer by layer and step by step.")
        figure.suptitle(self.title + self.words, fontsize=14)
        left, right = figure.subplots(1, 2, width_ratios=[1.2, 1])
        left.plot(layers, norms[0], label="first step", color=GREY, marker="s", linestyle="--")
        left.plot(layers, norms[-1], label="now", **STYLES[0])
        drawn = [norms]
        if bound is not None:
            drawn.append(bound.numpy(force=True))
            left.plot(layers, drawn[-1], label="bound now", color=RED, marker="v", linestyle=":")
        for layer, color, line in ((0, GREEN, "-"), (-1, PURPLE, ":")):
            right.plot(
                steps, norms[:, layer], label=f"layer {layers[layer]}", color=color, linestyle=line, linewidth=1.5
            )
        shown = np.concatenate([values[np.isfinite(values) & (values > 0)] for values in drawn])
        limits = min([LOW, *shown / 2]), max([HIGH, *shown * 2])
        for ax, xlabel in ((left, "layer"), (right, "step")):
            ax.set(yscale="log", xlabel=xlabel, ylim=limits)
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            ax.legend()
        left.set_ylabel("norm of the gradient")
        return figure
