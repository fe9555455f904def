"""The family tree of the rules: who came from whom, when, and what was new."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.plotting import BLACK, BLUE, GREEN, PURPLE, RED, Figure

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

LINES = {  # the lines of the family, each with a colour and a line style of its own
    "momentum line": (BLUE, "-"),
    "signs and matrices": (PURPLE, (0, (1, 1.2))),
    "per-coordinate line": (RED, (0, (5, 2))),
    "averages": (GREEN, (0, (7, 2, 1.5, 2))),
}

LINE, MARGIN = 0.25, 0.1  # a line of words in a box, and around them, in rows


@dataclass(frozen=True)
class Member:
    """A rule, and where it stands in the picture.

    ``year`` is that in which it was first public, by the source in the rule's docstring. ``adds`` says in a few words
    what is new, for each of its parents by name. ``line`` is one of ``LINES``. ``at`` is (column, row): a younger
    rule never stands higher.
    """

    name: str
    title: str
    year: int
    line: str
    adds: Mapping[str, str]
    at: tuple[float, float]

    @property
    def heading(self) -> list[str]:
        """Title and year, in one line, or in two if they are long."""
        return textwrap.wrap(f"{self.title} {self.year}", 19)

    @property
    def words(self) -> list[str]:
        """What it adds, a line for each parent; with the parent's name where there are two."""
        if len(self.adds) < 2:
            return list(self.adds.values())
        return [f"{MEMBERS[parent].title}: {words}" for parent, words in self.adds.items()]


M, S, P, A = LINES
MEMBERS = {
    member.name: member
    for member in (
        Member("sgd", "gradient descent", 1847, M, {}, (5.3, 0)),
        Member("momentum", "momentum", 1964, M, {"sgd": "keeps a velocity"}, (1.1, 1)),
        Member("nesterov", "Nesterov", 1983, M, {"momentum": "looks ahead"}, (2.6, 2.2)),
        Member("asgd", "ASGD", 1992, A, {"sgd": "averages its points"}, (11.1, 2.2)),
        Member("adagrad", "Adagrad", 2011, P, {"sgd": "a step for each x"}, (7.2, 3)),
        Member("rmsprop", "RMSProp", 2012, P, {"adagrad": "forgets"}, (7.2, 4)),
        Member("adadelta", "Adadelta", 2012, P, {"adagrad": "forgets; needs no lr"}, (9.1, 4)),
        Member("adam", "Adam", 2014, P, {"momentum": "as an average", "rmsprop": "bias corrected"}, (7.2, 5)),
        Member("adamax", "AdaMax", 2014, P, {"adam": "largest, not mean"}, (9.6, 5.2)),
        Member("momentum_ema", "momentum (mean)", 2014, M, {"momentum": "mean, not sum"}, (1.1, 5.5)),
        Member(
            "rmsprop_nesterov",
            "RMSProp + Nesterov",
            2016,
            P,
            {"nesterov": "scaled", "rmsprop": "velocity"},
            (4.1, 5.75),
        ),
        Member("nadam", "NAdam", 2016, P, {"nesterov": "scaled", "adam": "looks ahead"}, (3.7, 7.8)),
        Member("adamw", "AdamW", 2017, P, {"adam": "decay kept apart"}, (5.45, 7.8)),
        Member("amsgrad", "AMSGrad", 2018, P, {"adam": "keeps the largest"}, (7.2, 7.8)),
        Member("radam", "RAdam", 2019, P, {"adam": "careful start"}, (8.61, 8.6)),
        Member("lookahead", "Lookahead", 2019, A, {"asgd": "goes half-way back"}, (10.25, 8.6)),
        Member("ranger", "Ranger", 2019, A, {"radam": "inside", "lookahead": "outside"}, (9.45, 9.8)),
        Member("lion", "Lion", 2023, S, {"adamw": "only the sign"}, (5.45, 10.9)),
        Member("muon", "Muon", 2024, S, {"nesterov": "equal strengths"}, (2.6, 10.9)),
        Member("schedule_free", "Schedule-Free", 2024, A, {"asgd": "gradient near the mean"}, (11.37, 10.9)),
    )
}


def family_tree() -> Figure:
    """The rules from top (old) to bottom (new), each with its year, its parents, and what it adds to them."""
    told = []
    for m in MEMBERS.values():
        origin = " and ".join(f"from {MEMBERS[parent].title}: {words}" for parent, words in m.adds.items())
        told.append(f"{m.title} {m.year} ({origin or 'the first'})")
    figure = Figure((12, 8.8), f"Family tree of the update rules. {'; '.join(told)}.")
    ax = figure.add_subplot(xlim=(0.1, 12.5), ylim=(11.5, -0.4), xticks=[], yticks=[])
    ax.set_axis_off()
    ax.set_title(f"{len(MEMBERS)} rules, one family: from old (top) to new")
    for member in MEMBERS.values():
        for parent in member.adds:
            _draw_edge(ax, MEMBERS[parent], member)
    for member in MEMBERS.values():
        _draw_member(ax, member)
    handles = [Line2D([], [], color=c, linestyle=s, linewidth=3, label=line) for line, (c, s) in LINES.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, handlelength=3.5)
    return figure


def box(member: Member) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a member's box."""
    (x, y), heads = member.at, member.heading
    wide = 0.18 + max(0.114 * max(map(len, heads)), 0.086 * max(map(len, member.words), default=0))
    return x - wide / 2, y - LINE - MARGIN, x + wide / 2, y + LINE * (len(heads) + len(member.words) - 1) + MARGIN


def edge(parent: Member, child: Member) -> list[tuple[float, float]]:
    """From the parent's box to the child's: two points of a line, or three or four of a Bézier curve."""
    left, _, right, bottom = box(parent)
    its_left, top, _, its_bottom = box(child)
    (x0, y0), (x1, _) = parent.at, child.at
    middle = (top + its_bottom) / 2
    if parent.name == "sgd" or (parent.name, child.name) == ("rmsprop", "rmsprop_nesterov"):  # sideways, then down
        return [(right if x1 > x0 else left, y0), (x1, y0), (x1, top)]
    if (parent.name, child.name) == ("momentum", "adam"):  # around the others
        return [(right, y0), (x1 - 1.4, y0), (x1 - 1.4, middle), (its_left, middle)]
    if parent.name == "nesterov" and x1 > x0:  # down, then sideways
        return [(x0, bottom), (x0 + 0.1, middle), (its_left, middle)]
    if (parent.name, child.name) == ("adam", "adamax"):
        return [(right, middle), (its_left, middle)]
    return [(x0, bottom), (x1, top)]


def _draw_member(ax: Axes, member: Member) -> None:
    left, top, right, bottom = box(member)
    color, _ = LINES[member.line]
    looks = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "white", "edgecolor": color, "linewidth": 2}
    ax.add_patch(FancyBboxPatch((left, top), right - left, bottom - top, **looks))
    x, y = member.at
    for i, line in enumerate([*member.heading, *member.words]):
        bold = i < len(member.heading)
        looks = {"weight": "bold", "fontsize": 11.5} if bold else {"fontsize": 10.5}
        ax.text(x, y + (i - 0.5) * LINE, line, ha="center", va="center", color=BLACK, **looks)


def _draw_edge(ax: Axes, parent: Member, child: Member) -> None:
    color, style = LINES[child.line]
    points = edge(parent, child)
    curve = {2: Path.LINETO, 3: Path.CURVE3, 4: Path.CURVE4}[len(points)]
    path = Path(points, [Path.MOVETO, *[curve] * (len(points) - 1)])
    looks = {"arrowstyle": "-|>", "mutation_scale": 15, "linewidth": 2, "color": color, "linestyle": style, "zorder": 1}
    ax.add_patch(FancyArrowPatch(path=path, **looks))
