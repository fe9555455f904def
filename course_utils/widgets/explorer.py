"""The engine of all explorers: sliders over a picture that is drawn in the browser from data computed in advance.

Python draws what stands still, once, and lays out what moves (``moves``); ``explorer.js`` draws that over it. Two hosts
take the same module and data: an anywidget beside ipywidgets sliders where a kernel runs, a piece of HTML with sliders
of its own elsewhere. No picture waits for the kernel. It is asked for nothing but what was not computed in advance,
another start or a setting that the sliders do not have, and answers with numbers.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any

from course_utils.plotting import BLACK, DPI, SHARP, VIEW, Figure, draw_arrow, mimebundle, small_png, uri
from course_utils.widgets.frames import UNIT, Frame
from course_utils.widgets.moves import AWAY, FAR, NONE, Moves, Saying, packed
from course_utils.widgets.sliders import Slider

import anywidget
import ipywidgets
import numpy as np
import traitlets
from PIL import Image

MODULE = files("course_utils.widgets").joinpath("explorer.js").read_text(encoding="utf-8")

Start = tuple[float, float]


class Explorer:
    """A picture with sliders, in which ``lay_out(sliders, start)`` says what moves.

    ``figure`` is what stands still. ``start`` is where the paths begin. ``frames`` are those of its Axes (``settle``),
    each with what the pointer does there: move "start", or (the slider along x or None, that along y or None), where
    "step" is that of the step, or nothing (None). A step has one or more ``phases``, by name. The first picture is of
    ``step``, by default the last, with all its phases.

    ``telling`` comes before the numbers that are told, ``stepping`` is what a step is called. Without ``asks``, the
    kernel is asked for nothing: what was computed in advance is all there is.

    ``view`` is the live explorer, ``html`` a page of it, ``still`` the picture (PNG) of the first setting, ``alt`` its
    words. The browser gets ``spec``, of what stands still, ``known``, of what moves, and ``data``, where it moves.
    """

    def __init__(
        self,
        figure: Figure,
        sliders: Sequence[Slider],
        lay_out: Callable[[Sequence[Slider], Start], Moves],
        *,
        about: str,
        start: Start,
        steps: int,
        frames: Mapping[Frame, Any],
        phases: Sequence[str] = ("",),
        step: int | None = None,
        telling: str = "",
        stepping: str = "step",
        asks: bool = True,
    ):
        self.sliders, self.lay_out, self.start = list(sliders), lay_out, start
        moves = lay_out(self.sliders, start)
        step = steps if step is None else step
        self.spec = {
            "width": round(figure.get_figwidth() * DPI),
            "height": round(figure.get_figheight() * DPI),
            "unit": UNIT,
            "last": steps,
            "phases": list(phases),
            "first": step * len(phases) + (len(phases) - 1 if step < steps else 0),
            "telling": telling,
            "stepping": stepping,
            "asks": asks,
            "about": about,
            "far": FAR,
            "none": NONE,
            "away": AWAY,
            "axes": [
                {**frame.known(), "drag": self._drag(frames[frame])} for frame in sorted(frames, key=lambda f: f.number)
            ],
            "background": uri(small_png(figure.raster())),
        }
        self.known, self.data = packed(moves, self.sliders, level=9)
        verdicts = self._verdicts(moves)
        self.alt = f"{about} {'; '.join(verdicts)}."
        self._draw_first(figure, moves, step)
        self.still = still(figure, [*verdicts, *([f"{stepping} {step}"] if step < steps else [])])

    def answer(self, start: Start | None = None, text: str | None = None) -> tuple[dict[str, Any], bytes]:
        """What is not in the data: from another start, or for what was typed, such as "lr = 0.3, start = (1, 2)".

        What was asked before stays. Returns the new ``known`` and ``data``. Raises ValueError or TypeError, in words
        for the user.
        """
        sliders = {slider.name: slider for slider in self.sliders}
        start = self.start if start is None else start
        for name, value in typed(text).items() if text is not None else ():
            meant = [slider.name for slider in sliders.values() if name in (slider.name, slider.short)]
            if name == "start":
                start = value
            elif meant:
                sliders |= {one: sliders[one].through(value) for one in meant}
            else:
                raise ValueError(f"There is no {name!r} here; there is: {', '.join([*sliders, 'start'])}.")
        moves = self.lay_out(list(sliders.values()), start)
        self.sliders, self.start = list(sliders.values()), start
        return packed(moves, self.sliders, level=1)

    def _drag(self, what: Any) -> Any:
        """With sliders by their numbers."""
        if what is None or what == "start":
            return what
        names = [slider.name for slider in self.sliders]
        return [names.index(name) if name in names else name for name in what]

    def _first(self, values: np.ndarray, by: Sequence[str]) -> Any:
        """The part of ``values``, one axis for each slider in ``by``, at the first setting."""
        first = {slider.name: slider.first for slider in self.sliders}
        return values[tuple(first[name] for name in by)]

    def _verdicts(self, moves: Moves) -> list[str]:
        """What is said of the first setting, in its order."""

        def said(saying: Saying) -> str:
            settings = ", ".join(f"{s.short} = {s.texts[s.first]}" for s in self.sliders if s.name in saying.by)
            subject = (f"{saying.name} ({settings})" if settings else saying.name) if saying.name else settings
            word = self._first(saying.words, saying.by)
            return word if saying.plain else f"{subject}: {word}"

        sayings = moves.verdicts
        if len(sayings) > 1:
            sayings = sorted(sayings, key=lambda s: self._first(s.order, s.by))
        return [said(saying) for saying in sayings]

    def _draw_first(self, figure: Figure, moves: Moves, step: int) -> None:
        """What moves, as it is at the first setting and at this step, for where nothing moves."""
        for track in moves.tracks:
            ax, at = figure.axes[track.on.number], self._first(track.at, track.by)
            at = np.where(np.isfinite(at), at, np.nan)
            now = min(step, len(at) - 1)
            style = {**track.style, "markersize": 2 * track.size * 72 / DPI}
            if track.kind == "path":
                ax.plot(*at[: step + 1].T, markevery=(track.every, track.every), **style)
                if track.vector and now < len(at) - 1:
                    draw_arrow(ax, at[now], at[now + 1], BLACK)
            elif track.kind == "profile":
                ax.plot(*at[now].T, **style)
            elif track.kind == "mark":
                ax.plot(*at[now], **{"mec": BLACK, **style}, zorder=6)
            else:
                draw_arrow(ax, at[now], self._first(track.to, track.by)[now], track.style["color"])

    @cached_property
    def html(self) -> str:
        """The explorer as a piece of HTML that needs nothing else: no kernel, no network."""
        whole = {**self.spec, **self.known, "data": base64.b64encode(self.data).decode()}
        spec = json.dumps(whole, separators=(",", ":")).replace("<", "\\u003c")  # no end of the script
        name = hashlib.sha256(spec.encode()).hexdigest()[:12]
        return (
            f'<div data-downhill="{name}"><img alt="{html.escape(self.alt)}" src="{uri(self.still)}" '
            f'style="width:100%;max-width:{self.spec["width"]}px">'
            f'<script type="application/json">{spec}</script></div>\n'
            f'<script type="module">\n{MODULE}\n'
            f"document.querySelectorAll('[data-downhill=\"{name}\"]:not(.downhill)').forEach(page);\n</script>"
        )

    @cached_property
    def view(self) -> ipywidgets.Widget:
        """The live explorer: sliders and picture, linked in the browser."""
        picture = Picture(self)
        view = ipywidgets.VBox([*picture.sliders, picture])
        view.add_class("downhill-view")
        return view

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        _, in_colab = self.view.children[-1]._repr_mimebundle_()  # there, it names the manager of such widgets
        view = {"version_major": 2, "version_minor": 0, "model_id": self.view.model_id}
        width, height = Image.open(io.BytesIO(self.still)).size
        shown, metadata = mimebundle(self.still, self.alt, width / SHARP, height / SHARP)
        return {VIEW: view, "text/html": self.html, **shown}, {**in_colab, **metadata}


class Picture(anywidget.AnyWidget):
    """The picture of an explorer in a live notebook: ``slider0``, ``slider1``, … are the values of its sliders."""

    _esm = MODULE
    spec = traitlets.Dict().tag(sync=True)
    known = traitlets.Dict().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)

    def __init__(self, explorer: Explorer):
        super().__init__(spec=explorer.spec, known=explorer.known, data=explorer.data)
        self._explorer = explorer
        self.sliders = [slider.widget() for slider in explorer.sliders]
        self.links = []
        for i, slider in enumerate(self.sliders):
            position = explorer.sliders[i].position
            self.add_traits(**{f"slider{i}": traitlets.Float(getattr(slider, position)).tag(sync=True)})
            self.links.append(ipywidgets.jslink((slider, position), (self, f"slider{i}")))
        self.on_msg(self._asked)

    def _asked(self, _: Any, request: dict[str, Any], buffers: Any) -> None:
        before, error = self._explorer.sliders, ""
        try:
            known, data = self._explorer.answer(request.get("start"), request.get("text"))
        except (TypeError, ValueError) as refused:
            error = str(refused)
        else:
            with self.hold_sync():
                self.known, self.data = known, data
        self.send({"error": error, "view": request.get("view")})  # after the data, even if these are as they were
        for widget, old, new in zip(self.sliders, before, self._explorer.sliders, strict=True):
            if new is not old:
                new.adjust(widget)


def typed(text: str) -> dict[str, Any]:
    """What the user wrote, such as "lr = 0.3, start = (1, 2)", by names. Raises ValueError for anything else."""
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
    item = rf"\s*([^=,()]*?)\s*=\s*({number}|\(\s*{number}\s*,\s*{number}\s*\))\s*"
    if not re.fullmatch(rf"{item}(?:,{item})*", text, re.IGNORECASE):
        raise ValueError(f"Write, for example, lr = 0.3, or start = (1, 2), not {text!r}.")
    values = {name: [float(v) for v in re.findall(number, value, re.I)] for name, value in re.findall(item, text, re.I)}
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{name} must be a finite number, not {value[0]}.")
        if (name == "start") != (len(value) == 2):
            raise ValueError(
                f"{name} must be {'two numbers, (x, y)' if name == 'start' else 'one number'}, not {value}."
            )
    return {name: value if name == "start" else value[0] for name, value in values.items()}


def still(figure: Figure, lines: Sequence[str]) -> bytes:
    """The figure as a PNG, under these lines of words."""
    words = Figure((figure.get_figwidth(), 0.28 * len(lines) + 0.1))
    words.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", weight="bold", fontsize=13)
    parts = words.raster(), figure.raster()
    whole = Image.new("RGB", (parts[1].width, sum(part.height for part in parts)), "white")
    whole.paste(parts[0], (0, 0))
    whole.paste(parts[1], (0, parts[0].height))
    return small_png(whole)
