"""The explorer of several rules at once: a race."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from course_utils import checks, rules
from course_utils.descent import descend
from course_utils.plotting import GLYPHS, STYLES, Figure
from course_utils.surfaces import Surface
from course_utils.widgets.arguments import scene, sliders_of, small_enough
from course_utils.widgets.explorer import Explorer, Start
from course_utils.widgets.frames import settle
from course_utils.widgets.moves import Moves
from course_utils.widgets.panels import draw_panels, order_of, path_tracks, start_track
from course_utils.widgets.sliders import Slider

from matplotlib.lines import Line2D


def race(
    surface: Surface | str,
    racers: Sequence[Callable | str] | Mapping[str, Any],
    steps: int = 60,
    start: Start | None = None,
    lr: Any = (0.01, 0.1, 1.0),
    shared: bool = False,
) -> Explorer:
    """Some rules on one surface, from one start: who arrives, and when.

    ``racers`` are rules, {name: rule}, or {name: (rule, {hyperparameter: ...})}: two to six. ``lr`` is that of each
    racer that takes one and sets none of its own: (lowest, first shown, highest) for a slider each or, if ``shared``,
    for one slider of all; or a number. Other hyperparameters may have sliders in the same way. ``start`` defaults to
    the surface's own.

    Raises ValueError or TypeError, before anything is computed, for a bad argument, or for too many settings.
    """
    surface, start, steps = scene(surface, start, steps)
    entries = _entries(racers, lr, checks.flag("shared", shared))
    sliders = {slider.name: slider for entry in entries for slider in entry.sliders.values()}
    if not sliders:
        raise ValueError("lr must be (lowest, first shown, highest) if no racer has a slider of its own.")
    for entry in entries:
        small_enough(list(entry.sliders.values()), steps, paths=len(entries))

    figure = Figure(size=(10, 5.4))
    draw_panels(*figure.subplots(1, 2, width_ratios=[1.15, 1]), surface, start, steps)
    figure.legend(
        handles=[Line2D([], [], label=entry.name, **entry.style) for entry in entries],
        loc="outside lower center",
        ncols=len(entries),
    )

    on_surface, by_step = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        tracks, verdicts = [start_track(on_surface, start)], []
        values = {slider.name: slider.values for slider in sliders}
        for entry in entries:
            by = [slider.name for slider in entry.sliders.values()]
            grid = dict(zip(entry.sliders, map(values.get, by), strict=True))
            paths = descend(surface, entry.rule, start, steps, **entry.fixed, **grid)
            told = (None, None, f"{GLYPHS[entry.style['marker']]} {entry.name}")
            more, verdict = path_tracks(paths, on_surface, by_step, by, entry.style, told, vector=False)
            tracks += more
            verdicts.append(replace(verdict, name=entry.name, style=entry.style, order=order_of(paths)))
        return Moves(tracks, verdicts)

    about = f"A race of {', '.join(entry.name for entry in entries)} on the {surface.name} surface."
    frames = {on_surface: "start", by_step: ("step", None)}
    return Explorer(
        figure,
        sliders.values(),
        lay_out,
        about=about,
        start=start,
        steps=steps,
        frames=frames,
        telling="loss above the minimum",
    )


@dataclass(frozen=True)
class Entry:
    """A racer: ``sliders`` by the hyperparameters that they move, ``fixed`` the hyperparameters that stay."""

    name: str
    rule: Callable
    sliders: dict[str, Slider]
    fixed: dict[str, Any]
    style: Mapping[str, Any]


def _entries(racers: Any, lr: Any, shared: bool) -> list[Entry]:
    if isinstance(racers, str) or not isinstance(racers, (Mapping, Sequence)):
        raise TypeError(f"racers must be a list of rules, or {{name: rule}}, got {racers!r}.")
    if not isinstance(racers, Mapping):
        names = [racer if isinstance(racer, str) else checks.name_of(racer) for racer in racers]
        if len(set(names)) < len(names):
            raise ValueError(f"racers must have different names, got {names}: give them as {{name: rule}}.")
        racers = dict(zip(names, racers, strict=True))
    if not 2 <= len(racers) <= len(STYLES):
        raise ValueError(f"racers must be 2 to {len(STYLES)} rules, got {len(racers)}.")
    entries = []
    for (name, racer), style in zip(racers.items(), STYLES, strict=False):
        if isinstance(racer, tuple) and not (len(racer) == 2 and isinstance(racer[1], Mapping)):
            raise TypeError(f"racers must be rules or (rule, {{hyperparameter: ...}}), {name} is {racer!r}.")
        rule, own = racer if isinstance(racer, tuple) else (racer, {})
        rule = checks.named("rule", rule, rules)
        hyper = {"lr": lr, **own} if "lr" in checks.defaults(rule) else own
        common = {"lr"} - set(own) if shared else set()
        sliders, fixed = sliders_of(rule, hyper, lambda h: h if h in common else f"{h} of {name}")  # noqa: B023
        entries.append(Entry(name, rule, sliders, fixed, style))
    return entries
