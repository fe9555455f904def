"""A figure that plays by itself."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from typing import Any

from course_utils.descent import Path
from course_utils.plotting import DPI, marks, mimebundle, plot_paths, uri

from PIL import Image


class Animation:
    """Paths that grow step by step: a moving picture (an animated PNG) that needs no kernel and no script.

    It moves where HTML is shown; but not for readers who have asked their system for less motion, who see the finished
    picture, as do those who know no HTML. That is the first frame, too, held for a moment.
    """

    def __init__(self, paths: Mapping[str, Path], *, title: str):
        self.figure = plot_paths(paths, title=title)
        self.alt = f"Animation. {self.figure.alt}"
        self.figure.set_dpi(DPI)  # for the size of the file
        self.still = self.figure.png()
        lines = [line for line in self.figure.axes[0].lines if line.get_label() in paths]
        whole = [line.get_data() for line in lines]
        points = max(len(x) for x, _ in whole)
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # the frames must not move
        frames = []
        for k in [points, *range(1, points)]:
            for line, (x, y) in zip(lines, whole, strict=True):
                line.set_data(x[:k], y[:k])
                line.set_markevery(marks(k) if k == points else [min(k, len(x)) - 1])
            frame = self.figure.raster()
            # One palette and no dithering: then two frames differ only where something moved, and the file stays small.
            palette = frames[0] if frames else frame.quantize(64)
            frames.append(frame.quantize(palette=palette, dither=Image.Dither.NONE))
        buffer = io.BytesIO()
        frames[0].save(
            buffer,
            format="PNG",
            save_all=True,
            append_images=[*frames[1:], frames[0]],
            duration=[700, *[140] * (len(frames) - 1), 2500],
            loop=0,
        )
        self.bytes = buffer.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = self.figure.get_size_inches() * DPI
        shown, metadata = mimebundle(self.still, self.alt, width, height)
        moving = (
            f'<picture><source media="(prefers-reduced-motion: reduce)" srcset="{uri(self.still)}">'
            f'<img alt="{html.escape(self.alt)}" src="{uri(self.bytes)}" '
            f'style="width:100%;max-width:{width:.0f}px"></picture>'
        )
        return {"text/html": moving, **shown}, metadata
