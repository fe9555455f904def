"""What moves in an explorer, and how the browser takes it.

``Track`` says where something is at each setting of the sliders and at each step, in the units of its frame. ``packed``
turns that into channels of 16-bit numbers: positions in the picture in sixteenths of a CSS pixel, as differences along
the steps, lower bytes before upper bytes, deflated.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils.plotting import DPI, GLYPHS
from course_utils.widgets.frames import UNIT, Frame
from course_utils.widgets.sliders import Slider

import numpy as np
from matplotlib import rcParams
from matplotlib.markers import MarkerStyle

FAR = 2000  # pixels beyond which nothing is kept
NONE, AWAY = -(2**15), 1 - 2**15  # instead of a place: no number (from NaN), or not in the picture (from infinity)


@dataclass(frozen=True, eq=False)
class Track:
    """What moves in a frame. ``at`` is where: (one axis for each slider in ``by``, steps + 1 or 1, 2), in its units.

    A "path" is a line through the points up to the current step, with a marker at ``every`` so many; a "mark" stands at
    the current point; an "arrow" goes from there to the current point of ``to``. A "profile" is a line through n points
    that all move, with a marker at each: for it, ``at`` is (one axis for each slider, steps + 1 or 1, n, 2).
    ``style`` is one of ``plotting.STYLES``, ``size`` is that of the markers in CSS pixels. The numbers at the current
    step are told under the names in ``told``, (x, y). With ``vector``, a path has an arrow to its next point. What is
    of a ``phase`` is drawn from that part of a step on.
    """

    on: Frame
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

    With the ``name`` and ``style`` of what it is about, if there is any. Of several verdicts, those of the lowest
    ``order`` come first, and have a place if that is the number of a step. ``bad`` is what diverges. ``plain``: the
    words alone are said, without the setting.
    """

    words: np.ndarray
    by: Sequence[str]
    name: str = ""
    style: Mapping[str, Any] = field(default_factory=dict)
    order: np.ndarray | None = None
    bad: np.ndarray | None = None
    plain: bool = False


@dataclass(frozen=True, eq=False)
class Moves:
    """All that moves in an explorer, and all that it says: what became of each path, and notes."""

    tracks: Sequence[Track]
    verdicts: Sequence[Saying]
    notes: Sequence[Saying] = ()


def packed(moves: Moves, sliders: Sequence[Slider], level: int) -> tuple[dict[str, Any], bytes]:
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
        at = track.on.pixels(track.at)
        if track.kind == "profile":
            numbers = [n for point in np.moveaxis(at, -2, 0) for n in add(point, track.by)]
        else:
            numbers = add(within_reach(at) if track.kind == "path" else at, track.by)
        layer = {"kind": track.kind, "on": track.on.number, "at": numbers, "phase": track.phase}
        layer |= {"size": track.size, "every": track.every, "vector": track.vector, **browser_style(track.style)}
        if track.to is not None:
            layer["to"] = add(track.on.pixels(track.to), track.by)
        layers.append(layer)
        told += [
            {"label": label, "on": layer["on"], "at": numbers, "axis": axis, "phase": track.phase}
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
    words, first, index = np.unique(saying.words.astype(str), return_index=True, return_inverse=True)
    said = {
        "by": [names.index(name) for name in saying.by],
        "name": saying.name,
        "words": words.tolist(),
        "index": index.reshape(-1).tolist(),
        "bad": [False] * len(words) if saying.bad is None else saying.bad.reshape(-1)[first].tolist(),
    }
    if saying.plain:
        said["plain"] = True
    if saying.style:
        said |= {"glyph": GLYPHS[saying.style["marker"]], "color": saying.style["color"]}
    if saying.order is not None:
        said["order"] = saying.order.reshape(-1).tolist()
    return said


def within_reach(at: np.ndarray) -> np.ndarray:
    """Paths (..., points, 2) in pixels whose jumps far away end at ``FAR``, on the straight line there.

    What is far away after that is infinite, as what was before; NaN stays.
    """
    finite = np.isfinite(at).all(axis=-1)
    near = finite & (np.abs(at) < FAR).all(axis=-1)
    jump = finite & ~near
    jump[..., 1:] &= near[..., :-1]
    jump[..., 0] = False
    at = np.where((near | jump | np.isnan(at).any(axis=-1))[..., None], at, np.inf)
    here = at[jump]
    before = at[np.roll(jump, -1, axis=-1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(np.abs(here) < FAR, 1, (np.sign(here) * FAR - before) / (here - before)).min(-1, keepdims=True)
    at[jump] = before + part * (here - before)
    return at


def quantised(at: np.ndarray) -> np.ndarray:
    """Pixels in whole units, 16 bits each; ``NONE`` for NaN, ``AWAY`` for what is too far away."""
    with np.errstate(invalid="ignore"):
        whole = np.where(np.abs(at) < (2**15 - 2) / UNIT, (at * UNIT).round(), AWAY)
    return np.where(np.isnan(at), NONE, whole).astype(np.int16)


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
