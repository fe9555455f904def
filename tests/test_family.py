"""The family tree: whole, true to the rules' sources, and legible."""

import inspect
import itertools
import re

from course_utils import family, rules
from course_utils.family import MEMBERS

import numpy as np
import pytest
from matplotlib.text import Text


@pytest.fixture(scope="module")
def figure():
    figure = family.family_tree()
    figure.canvas.draw()
    return figure


def source_years(name):
    """The years in the Source of a rule's docstring, that of an arXiv number included."""
    source = inspect.getdoc(getattr(rules, name)).split("**Source.**")[1].split("**Arguments")[0]
    posted = [2000 + int(year) for year in re.findall(r"arXiv:(\d\d)\d\d\.", source)]
    return posted + [int(year) for year in re.findall(r"\b(?:18|19|20)\d\d\b", re.sub(r"arXiv:\S+", "", source))]


def test_every_rule_is_a_member_once():
    assert sorted(MEMBERS) == sorted([*rules.__all__, "lookahead"])
    assert all(name == member.name and member.line in family.LINES for name, member in MEMBERS.items())
    assert len({member.title for member in MEMBERS.values()}) == len(MEMBERS)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_year_is_that_of_the_source(name):
    assert MEMBERS[name].year == min(source_years(name))


@pytest.mark.parametrize("name", MEMBERS)
def test_parents_are_members_and_not_younger_and_stand_not_lower(name):
    member = MEMBERS[name]
    assert bool(member.adds) == (name != "sgd")
    for parent, words in member.adds.items():
        assert MEMBERS[parent].year <= member.year
        assert words
        assert MEMBERS[parent].at[1] < member.at[1]


def test_time_runs_downwards():
    by_row = sorted(MEMBERS.values(), key=lambda member: (member.at[1], member.year))
    for above, below in itertools.pairwise(by_row):
        assert above.year <= below.year or above.at[1] == below.at[1], (above.name, below.name)


def test_no_two_texts_overlap_and_all_are_inside_and_large(figure):
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    boxes = [text.get_window_extent() for text in texts]
    assert len(texts) > 2 * len(MEMBERS)
    for (a, one), (b, other) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        assert not one.overlaps(other), (a.get_text(), b.get_text())
    whole = figure.bbox
    for text, extent in zip(texts, boxes, strict=True):
        assert whole.x0 <= extent.x0
        assert extent.x1 <= whole.x1
        assert text.get_fontsize() * 100 / 72 >= 14  # CSS pixels


def test_words_are_inside_their_boxes(figure):
    ax = figure.axes[0]
    for member in MEMBERS.values():
        left, top, right, bottom = family.box(member)
        (x0, y0), (x1, y1) = ax.transData.transform([(left, bottom), (right, top)])
        own = [t for t in ax.texts if left < t.get_position()[0] < right and top < t.get_position()[1] < bottom]
        assert [t.get_text() for t in own] == [*member.heading, *member.words]
        for text in own:
            extent = text.get_window_extent()
            assert x0 <= extent.x0 <= extent.x1 <= x1, text.get_text()
            assert y0 <= extent.y0 <= extent.y1 <= y1, text.get_text()


def test_boxes_are_apart_and_no_edge_runs_through_one():
    boxes = {name: family.box(member) for name, member in MEMBERS.items()}
    for a, b in itertools.combinations(boxes.values(), 2):
        assert a[2] + 0.05 < b[0] or b[2] + 0.05 < a[0] or a[3] < b[1] or b[3] < a[1]
    for parent, child, points in drawn_edges():
        for name, (left, top, right, bottom) in boxes.items():
            x, y = points.T
            inside = (left < x) & (x < right) & (top < y) & (y < bottom)
            assert name in (parent, child) or not inside.any(), (parent, child, name)


def test_only_two_edges_cross():
    crossing = [
        {(p, c), (q, d)}
        for (p, c, a), (q, d, b) in itertools.combinations(drawn_edges(), 2)
        if p != q and c != d and cross(a, b)
    ]
    assert crossing == [{("momentum", "adam"), ("rmsprop", "rmsprop_nesterov")}]


def cross(a, b):
    """Whether two lines through these points (n, 2) cross."""

    def side(p, q, r):
        return np.sign(
            (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        )

    p, q, r, s = a[:-1, None], a[1:, None], b[None, :-1], b[None, 1:]
    return bool(((side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)).any())


def drawn_edges():
    """(parent, child, points along the edge) for each edge."""
    found = []
    for child in MEMBERS.values():
        for parent in child.adds:
            points = family.edge(MEMBERS[parent], child)
            t = np.linspace(0, 1, 200)[:, None]
            while len(points) > 1:  # de Casteljau
                points = [(1 - t) * np.array(a) + t * np.array(b) for a, b in itertools.pairwise(points)]
            found.append((parent, child.name, points[0]))
    return found


def test_the_words_tell_of_every_member(figure):
    assert all(f"{member.title} {member.year}" in figure.alt for member in MEMBERS.values())
