"""What moves in an explorer, and how the browser takes it.

``Track`` says where something is at each setting of the sliders and at each step, in the units of its Axes. ``packed``
turns that into channels of 16-bit numbers: positions in the picture in sixteenths of a CSS pixel, as differences along
the steps, lower bytes before upper bytes, deflated; ``GONE`` stands where nothing is to be drawn.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils.plotting import DPI, SHARP
from course_utils.widgets.sliders import Slider

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle

UNIT = 16  # parts of a pixel
FAR = 2000  # pixels beyond which nothing is kept
GONE = -(2**15)
GLYPHS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚"}


@dataclass(frozen=True, eq=False)
class Track:
    """What moves in an Axes. ``at`` is where: (one axis for each slider in ``by``, steps + 1 or 1, 2), in its units.

    A "path" is a line through the points up to the current step, with a marker at ``every`` so many; a "mark" stands at
    the current point; an "arrow" goes from there to the current point of ``to``. ``style`` is one of
    ``plotting.STYLES``, ``size`` is that of the markers in CSS pixels. The numbers at the current step are told under
    the names in ``told``, (x, y). With ``vector``, a path has an arrow to its next point. What is of a ``phase`` is
    drawn from that part of a step on.
    """

    ax: Axes
    kind: str
    at: np.ndarray
    by: Sequence[str]
    style: Mapping[str, Any]
    size: float = 8
    every: int = 1
    to: np.ndarray | None = None
    told: tuple[str | None, str | None] = (None, None)
    vector: bool = False
    phase: int = 0


@dataclass(frozen=True, eq=False)
class Saying:
    """Words for each setting of the sliders in ``by``: one axis for each.

    Of several, each is said with the name and look of what it is about; they stand in ascending ``order``, and have
    a place where that is the number of a step.
    """

    words: np.ndarray
    by: Sequence[str]
    name: str = ""
    style: Mapping[str, Any] = field(default_factory=dict)
    order: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Moves:
    """All that moves in an explorer, and all that it says: what became of each path, and notes."""

    tracks: Sequence[Track]
    verdicts: Sequence[Saying]
    notes: Sequence[Saying] = ()


def packed(moves: Moves, sliders: Sequence[Slider], axes: Sequence[Axes], level: int) -> tuple[dict[str, Any], bytes]:
    """What moves as the browser takes it: what it must know, and the data, compressed at that level."""
    names = [slider.name for slider in sliders]
    channels, layers, told, blocks = [], [], [], []

    def add(pixels: np.ndarray, by: Sequence[str]) -> list[int]:
        """Two channels, x and y, of pixels (..., points, 2), each over none but those sliders that change it."""
        numbers = []
        for whole in np.moveaxis(quantised(pixels), -1, 0):
            kept = []
            for axis, name in enumerate(by):
                if (whole == whole.take([0], axis)).all():
                    whole = whole.take([0], axis)
                else:
                    kept.append(names.index(name))
            if (whole == whole[..., :1]).all():
                whole = whole[..., :1]
            block = np.diff(whole, axis=-1, prepend=np.int16(0)).reshape(-1)  # wraps around
            channel = {"by": kept, "points": whole.shape[-1]}
            found = [n for n, known in enumerate(channels) if known == channel and (blocks[n] == block).all()]
            if not found:
                blocks.append(block)
                channels.append(channel)
            numbers.append(found[0] if found else len(channels) - 1)
        return numbers

    for track in moves.tracks:
        at = pixels(track.ax, track.at)
        numbers = add(within_reach(at) if track.kind == "path" else at, track.by)
        layer = {"kind": track.kind, "on": axes.index(track.ax), "at": numbers, "phase": track.phase}
        layer |= {"size": track.size, "every": track.every, "vector": track.vector, **browser_style(track.style)}
        if track.to is not None:
            layer["to"] = add(pixels(track.ax, track.to), track.by)
        layers.append(layer)
        told += [
            {"label": label, "on": layer["on"], "at": numbers, "axis": axis}
            for axis, label in zip("xy", track.told, strict=True)
            if label
        ]
    controls = [
        {"name": s.name, "short": s.short, "values": s.values.tolist(), "texts": s.texts, "first": s.first}
        for s in sliders
    ]
    known = {"controls": controls, "channels": channels, "layers": layers, "told": told}
    known["verdicts"] = [_said(saying, names) for saying in moves.verdicts]
    known["notes"] = [_said(saying, names) for saying in moves.notes]
    # All lower bytes, then all upper bytes: they are more like each other.
    return known, zlib.compress(np.concatenate(blocks).astype("<i2").view(np.uint8).reshape(-1, 2).T.tobytes(), level)


def _said(saying: Saying, names: Sequence[str]) -> dict[str, Any]:
    words, index = np.unique(saying.words.astype(str), return_inverse=True)
    said = {
        "by": [names.index(name) for name in saying.by],
        "name": saying.name,
        "words": words.tolist(),
        "index": index.reshape(-1).tolist(),
        "bad": [word.startswith("diverges") for word in words.tolist()],
    }
    if saying.order is not None:
        said |= {"order": saying.order.reshape(-1).tolist(), "glyph": GLYPHS[saying.style["marker"]]}
        said["color"] = saying.style["color"]
    return said


def pixels(ax: Axes, points: np.ndarray) -> np.ndarray:
    """Points (..., 2) of an Axes in CSS pixels from the upper left corner of the figure."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        at = ax.transData.transform(points.reshape(-1, 2)).reshape(points.shape) / SHARP
    return np.stack([at[..., 0], ax.figure.get_figheight() * DPI - at[..., 1]], axis=-1)


def box(ax: Axes) -> list[float]:
    """The rectangle of an Axes in CSS pixels: left, top, width, height."""
    top = ax.figure.get_figheight() * DPI - ax.bbox.y1 / SHARP
    return [ax.bbox.x0 / SHARP, top, ax.bbox.width / SHARP, ax.bbox.height / SHARP]


def scale(ax: Axes, axis: int) -> dict[str, Any]:
    """How the browser reads a number off a pixel: origin + scale · pixel, or 10 to that if log; to so many digits."""
    log = (ax.get_xscale, ax.get_yscale)[axis]() == "log"
    low, high = (0.0, 1.0) if log else (1.0, 2.0)
    a, b = pixels(ax, np.array([[1.0, 1.0], [10.0, 10.0]]) if log else np.array([[1.0, 1.0], [2.0, 2.0]]))[:, axis]
    unit = (high - low) / (b - a)
    digits = 2 if log else max(0, int(-np.log10(abs(unit) / UNIT)))  # as many as the pixels tell
    return {"origin": low - a * unit, "scale": unit, "log": log, "digits": digits}


def within_reach(at: np.ndarray) -> np.ndarray:
    """Paths (..., points, 2) in pixels whose jumps far away end at ``FAR``, on the straight line; the rest is NaN."""
    finite = np.isfinite(at).all(axis=-1)
    near = finite & (np.abs(at) < FAR).all(axis=-1)
    jump = finite & ~near
    jump[..., 1:] &= near[..., :-1]
    jump[..., 0] = False
    at = np.where((near | jump)[..., None], at, np.nan)
    here = at[jump]
    before = at[np.roll(jump, -1, axis=-1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(np.abs(here) < FAR, 1, (np.sign(here) * FAR - before) / (here - before)).min(-1, keepdims=True)
    at[jump] = before + part * (here - before)
    return at


def quantised(at: np.ndarray) -> np.ndarray:
    """Pixels in whole units, 16 bits each; ``GONE`` for what is NaN or too far away."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(at) < (2**15 - 1) / UNIT, (at * UNIT).round(), GONE).astype(np.int16)


def browser_style(style: Mapping[str, Any]) -> dict[str, Any]:
    """One of ``plotting.STYLES`` as a canvas takes it: colour, dashes, and the marker as the corners of a polygon."""
    width = rcParams["lines.linewidth"] * DPI / 72
    line = style.get("linestyle", "-")
    dashes = {"-": [], "--": "dashed", "-.": "dashdot", ":": "dotted"}
    pattern = line[1] if isinstance(line, tuple) else dashes[line] and rcParams[f"lines.{dashes[line]}_pattern"]
    marker = MarkerStyle(style["marker"])
    (corners,) = marker.get_path().transformed(marker.get_transform()).to_polygons()
    return {
        "color": style["color"],
        "width": round(width, 1),
        "dash": [round(width * part, 1) for part in pattern],
        "marker": corners[:-1].round(2).tolist(),
    }
