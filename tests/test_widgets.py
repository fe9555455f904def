"""Explorers: what the browser is given, against the paths that it is of. What it does with it: test_explorer_js."""

import base64
import io
import json
import re
import zlib
from math import prod

from course_utils import rules, schedules, surfaces
from course_utils.descent import descend
from course_utils.gradients import gradient
from course_utils.noise import noisy
from course_utils.plotting import DPI, SHARP, STYLES, VIEW, leaves
from course_utils.theory import critical_momentum, curvatures_of, spectral_radius
from course_utils.widgets import explore, explore_schedule, explorer, look_ahead, race, stability_map
from course_utils.widgets.explorer import still, typed
from course_utils.widgets.frames import UNIT
from course_utils.widgets.moves import AWAY, FAR, NONE, quantised, within_reach
from course_utils.widgets.sliders import LOG_POSITIONS, Slider

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from matplotlib.text import Text
from PIL import Image

LINE = {"lr_0": (0.05, 0.3, 0.6), "lr_τ": (0.0, 0.03, 0.3), "τ": (5, 40, 60)}


def line(lr_0, lr_τ, τ):
    return schedules.Linear(lr=lr_0, steps=round(τ), final=lr_τ)


TWO = {"lr": (0.01, 0.1, 1.0), "momentum": (0.0, 0.9, 0.99)}


def unpacked(known, data):
    """As explorer.js unpacks: for each channel (settings of its sliders, points) in pixels; NaN: not drawn."""
    numbers = np.frombuffer(zlib.decompress(data), np.uint8).reshape(2, -1).T.tobytes()
    numbers, start, channels = np.frombuffer(numbers, "<i2"), 0, []
    for channel in known["channels"]:
        shape = *(len(known["controls"][c]["values"]) for c in channel["by"]), channel["points"]
        part = numbers[start : (start := start + prod(shape))].reshape(shape)
        whole = np.cumsum(part, axis=-1, dtype=np.int16)  # wraps around, as the browser's does
        channels.append(np.where(whole <= AWAY, np.nan, whole / UNIT))
    assert start == len(numbers)
    return channels


def moving(explorer, kind, on, nth=0):
    """The layers of an explorer of that kind in its Axes number ``on``: pixels (all sliders, points) of x and of y."""
    layer = [x for x in explorer.known["layers"] if (x["kind"], x["on"]) == (kind, on)][nth]
    channels, known = unpacked(explorer.known, explorer.data), explorer.known
    found = []
    for n in layer["at"]:
        by, values = known["channels"][n]["by"], channels[n]
        lengths = [len(c["values"]) for c in known["controls"]]
        shape = [length if c in by else 1 for c, length in enumerate(lengths)]
        points = 1 + (explorer.spec["last"] if layer["kind"] == "path" else 0)
        whole = np.broadcast_to(values.reshape(*shape, -1), (*lengths, max(points, values.shape[-1])))
        found.append(whole)
    return found


def read(axis, pixels):
    """The number that the browser reads off a pixel."""
    value = axis["origin"] + axis["scale"] * pixels
    return 10**value if axis["log"] else value


def words(saying, *index):
    """What is said at these positions of the sliders, counted as explorer.js counts."""
    return saying["words"][saying["index"][index[0] if len(index) == 1 else index[0] * index[-1] + index[1]]]


@pytest.fixture(scope="module")
def momentum():
    return explore("quadratic", "momentum", **TWO)


def test_every_setting_is_where_its_path_is(momentum):
    """Number for number: what the browser shows of a setting is what the rule does there."""
    spec, known = momentum.spec, momentum.known
    lr, mu = (control["values"] for control in known["controls"])
    surface, loss = (moving(momentum, "path", on) for on in (0, 1))
    said = known["verdicts"][0]
    for i, j in ((0, 0), (40, 22), (60, 3), (33, 20), (80, 22)):
        path = descend("quadratic", "momentum", lr=lr[i], momentum=mu[j], steps=60)
        drawn = ~np.isnan(surface[0][i, j])
        assert drawn.tolist() == [step <= leaves(path) for step in range(61)]  # to the first point outside, for good
        for axis, name in enumerate("xy"):
            found = read(spec["axes"][0][name], surface[axis][i, j])[drawn]
            near = (np.abs(path.x.numpy()[drawn]) < 6).all(axis=-1)  # what jumped far is drawn on its way there
            assert np.abs(found - path.x.numpy()[drawn, axis])[near].max() < 0.005
        steps, found = (read(spec["axes"][1][name], loss[axis][i, j]) for axis, name in enumerate("xy"))
        there = ~np.isnan(found)
        assert np.abs(np.log10(found[there] / path.loss.numpy()[there])).max() < 0.01
        assert np.abs(steps - np.arange(61)).max() < 0.02
        word = said["words"][said["index"][i * len(mu) + j]]  # the order in which explorer.js counts
        assert word.startswith(path.outcome)
        assert (", leaves the picture at step" in word) == (not drawn.all())
        assert said["bad"][said["index"][i * len(mu) + j]] == bool(path.diverges)


def test_numbers_have_the_digits_that_the_pixels_tell(momentum):
    on_surface, by_step = momentum.spec["axes"][:2]
    for axis in (on_surface["x"], on_surface["y"]):
        assert 2 * abs(axis["scale"]) / UNIT < 10.0 ** -axis["digits"] < 200 * abs(axis["scale"]) / UNIT
    assert by_step["y"]["log"]
    assert 10 ** (abs(by_step["y"]["scale"]) / UNIT) - 1 < 10.0 ** -by_step["y"]["digits"]


def test_points_are_where_matplotlib_draws_them(momentum):
    """The star of the minimum in the background; the start, its path and its end in the still."""
    encoded = momentum.spec["background"].split(",")[1]
    background, still = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        for png in (base64.b64decode(encoded), momentum.still)
    )
    axes = momentum.spec["axes"][0]

    def around(picture, x, y, size=2):
        at = [round(((v - a["origin"]) / a["scale"]) * SHARP) for v, a in ((x, axes["x"]), (y, axes["y"]))]
        at[1] += len(picture) - len(background)  # the still has words above
        return picture[at[1] - size : at[1] + size + 1, at[0] - size : at[0] + size + 1]

    assert (around(background, 0, 0) > 245).all()
    assert (around(still, -5, -2) > 245).all()
    assert (around(background, -5, -2) < 245).any()  # it moves: no part of the background
    lr, mu = (c["values"][c["first"]] for c in momentum.known["controls"])
    for point in descend("quadratic", "momentum", lr=lr, momentum=mu).x.numpy()[[1, 2, 3]]:
        assert np.abs(around(still, *point) - [0, 0x72, 0xB2]).max() < 12
    left, top, _, height = axes["box"]
    assert read(axes["x"], left) == pytest.approx(-6)
    assert read(axes["y"], top + height) == pytest.approx(-3)


def test_a_jump_far_away_ends_on_its_way():
    """The first point out of reach is drawn on the straight line to it; what follows is not drawn."""
    at = np.array([[[50.0, 50], [60, 40], [6e7, -4e7], [1e9, 1e9], [7e7, 50], [50, 60]], np.full((6, 2), 30.0)])
    found = within_reach(at)
    assert np.array_equal(found[0, :2], at[0, :2])
    assert np.isinf(found[0, 3:5]).all()
    assert np.array_equal(found[0, 5], [50, 60])
    step = found[0, 2] - found[0, 1]
    assert np.allclose(step / np.linalg.norm(step), np.array([6, -4]) / np.linalg.norm([6, -4]), atol=1e-5)
    assert np.abs(found[0, 2]).max() == pytest.approx(FAR)
    assert np.array_equal(found[1], at[1])
    odd = within_reach(np.array([[[9e9, 50], [np.nan, 1], [np.inf, 1], [20, 20], [20, -9e9]]]))
    assert np.isinf(odd[0, [0, 2]]).all()
    assert np.isnan(odd[0, 1, 0])
    assert odd[0, 4] == pytest.approx([20, -FAR])


def test_numbers_survive_packing():
    at = np.array([[-2047.8, 2047.8, 0.03, np.nan, -0.04, 3000, -np.inf]])
    assert quantised(at).tolist() == [[-32765, 32765, 0, NONE, -1, AWAY, AWAY]]
    shown = explore("rosenbrock", lr=(1e-4, 1e-3, 1.0), steps=100)  # with jumps from one end to the other
    assert np.nanmax(np.abs(np.diff(moving(shown, "path", 0)[1]))) > 500


def test_what_became_of_a_path_is_said():
    wild = words(explore("quadratic", lr=(0.1, 0.2, 1e150)).known["verdicts"][0], 80)
    path = descend("quadratic", "sgd", lr=1e150, steps=60)
    lost = next(t for t in range(61) if not path.loss[t].isfinite())
    assert wild == f"diverges, leaves the picture at step 1, the loss overflows at step {lost}"
    assert words(explore("quadratic").known["verdicts"][0], 64) == "converged after 55 steps"
    outside = explore("quadratic", start=(9, 9), lr=(1e-6, 1e-5, 1e-4))
    assert words(outside.known["verdicts"][0], 40) == "still 100 % away after 60 steps, starts outside the picture"


def test_theory_of_gradient_descent_is_shown_for_nothing_else():
    shown = explore("quadratic", lr=(0.01, 0.25, 1.0))
    lr, axes = np.array(shown.known["controls"][0]["values"]), shown.spec["axes"][2]
    for nth, lam in enumerate((0.2, 4.0)):
        x, y = moving(shown, "mark", 2, nth)
        assert np.allclose(read(axes["x"], x[:, 0]), lr, rtol=0.002)
        assert np.allclose(read(axes["y"], y[:, 0]), abs(1 - lr * lam), atol=0.002)
    note = words(shown.known["notes"][1], 57)
    assert f"λ = 4: × {1 - 4 * lr[57]:.4f}".replace("-", "−") == note
    assert [n["glyph"] for n in shown.known["notes"]] == ["▲", "◆"]
    assert axes["drag"] == [0, None]
    others = explore("quadratic", "adam"), explore("ackley"), explore("quadratic", "momentum", momentum=(0, 0.5, 0.9))
    for other in others:
        assert other.known["notes"] == []
        assert len(other.spec["axes"]) == 2


@pytest.mark.parametrize("surface", surfaces.__all__)
@pytest.mark.parametrize("rule", ["sgd", "adam", "lion", "muon"])
def test_any_rule_on_any_surface(rule, surface):
    shown = explore(surface, rule, steps=20)
    assert np.isfinite(moving(shown, "path", 0)[0][:, 0]).all()
    assert len(shown.data) < 30_000


def test_long_paths_keep_every_step():
    shown = explore("rosenbrock", lr=(1e-4, 1e-3, 1e-2), steps=2000)
    lr = shown.known["controls"][0]["values"][40]
    path = descend("rosenbrock", "sgd", lr=lr, steps=2000).x.numpy()
    assert np.abs(read(shown.spec["axes"][0]["x"], moving(shown, "path", 0)[0][40]) - path[:, 0]).max() < 0.005
    assert len(shown.data) < 100_000


# A race.


@pytest.fixture(scope="module")
def racers():
    return race("quadratic", {"plain": "sgd", "heavy": ("momentum", {"momentum": 0.9}), "adam": rules.adam})


def test_racers_move_on_their_own_sliders(racers):
    assert [c["name"] for c in racers.known["controls"]] == ["lr of plain", "lr of heavy", "lr of adam"]
    heavy = [layer for layer in racers.known["layers"] if layer["kind"] == "path"][2]
    assert [racers.known["channels"][n]["by"] for n in heavy["at"]] == [[1], [1]]
    path = descend("quadratic", "momentum", momentum=0.9, lr=racers.known["controls"][1]["values"][30], steps=60)
    x = moving(racers, "path", 0, 1)[0][5, 30, 70]
    assert np.abs(read(racers.spec["axes"][0]["x"], x) - path.x[:, 0].numpy()).max() < 0.005
    assert len(racers.data) < 60_000


def test_the_order_of_arrival(racers):
    plain, heavy, adam = racers.known["verdicts"]
    lr = racers.known["controls"][0]["values"]
    rules_of = {"plain": ("sgd", {}), "heavy": ("momentum", {"momentum": 0.9}), "adam": ("adam", {})}
    paths = {name: descend("quadratic", rule, lr=lr, steps=60, **more) for name, (rule, more) in rules_of.items()}
    for said in (plain, heavy, adam):
        path, order = paths[said["name"]], np.array(said["order"])
        arrived = path.arrival.numpy() >= 0
        assert arrived.any()
        assert (order[arrived] == path.arrival.numpy()[arrived]).all()
        assert (order[~arrived] > 60).all()
        under_way = ~arrived & ~path.diverges.numpy()
        assert (np.argsort(order[under_way]) == np.argsort(path.remaining[-1].numpy()[under_way])).all()
        if path.diverges.any():
            assert order[path.diverges.numpy()].min() > order[~path.diverges.numpy()].max()
    looks = {(said["glyph"], said["color"]) for said in racers.known["verdicts"]}
    assert len(looks) == 3
    first = "A race of plain, heavy, adam on the quadratic surface. heavy (lr = 0.1): still 0.83 % away after 60 steps;"
    assert racers.alt.startswith(first)


def test_a_shared_slider():
    shown = race("rosenbrock", ["sgd", "momentum", ("adam")], lr=(1e-4, 1e-3, 1e-1), shared=True, steps=100)
    assert [c["name"] for c in shown.known["controls"]] == ["lr"]
    own = race("quadratic", {"a": "sgd", "b": ("sgd", {"lr": 0.3}), "c": ("sgd", {"lr": (0.1, 0.2, 0.3)})}, shared=True)
    assert [c["name"] for c in own.known["controls"]] == ["lr", "lr of c"]
    assert [said["by"] for said in own.known["verdicts"]] == [[0], [], [1]]
    assert own.known["verdicts"][1]["words"] == [
        f"{descend('quadratic', 'sgd', lr=0.3, steps=60).outcome} after 60 steps"
    ]


# The map.


@pytest.mark.parametrize("rule", ["momentum", "nesterov"])
def test_the_map_shows_its_setting(rule):
    shown = stability_map("quadratic", rule)
    lr, mu = (np.array(c["values"]) for c in shown.known["controls"])
    on_map = next(n for n, axes in enumerate(shown.spec["axes"]) if axes["drag"] == [0, 1])
    x, y = moving(shown, "mark", on_map)
    axes = shown.spec["axes"][on_map]
    assert np.allclose(read(axes["x"], x[..., 0]), np.broadcast_to(lr[:, None], x.shape[:2]), rtol=0.002)
    assert np.allclose(read(axes["y"], y[..., 0]), np.broadcast_to(mu, x.shape[:2]), atol=0.001)
    note = shown.known["notes"][0]
    assert note["words"][note["index"][40 * len(mu) + 20]].startswith("theory: ρ = 0.")
    assert "it does not converge" in note["words"][note["index"][80 * len(mu)]]
    assert words(shown.known["verdicts"][0], 80, 0, len(mu)).startswith("diverges")
    assert len(shown.data) < 300_000


def test_the_star_is_at_the_fastest_setting():
    """Where the white star is in the picture, by its centre, against the least radius of a fine grid."""
    lam = curvatures_of(surfaces.quadratic)
    for rule in ("momentum", "nesterov"):
        lr, mu = torch.logspace(np.log10(0.005), np.log10(2), 500, dtype=torch.float64), torch.linspace(0, 0.99, 300)
        rho = spectral_radius(rule, lr[:, None, None], mu[:, None], lam).amax(dim=-1)
        i, j = divmod(rho.argmin().item(), 300)
        shown = stability_map("quadratic", rule)
        box = shown.spec["axes"][0]
        assert pixel(shown, box, lr[i], mu[j]) == (255, 255, 255)


def test_the_map_is_coloured_by_theory():
    """Settings that converge are blue or white, the others orange; the labels tell of neither where there is none."""
    shown = stability_map()
    box = shown.spec["axes"][0]
    for lr, mu, converges in (
        (0.3, 0.1, True),
        (0.05, 0.7, True),
        (0.7, 0.85, True),
        (0.6, 0.1, False),
        (1.5, 0.3, False),
    ):
        red, _, blue = pixel(shown, box, lr, mu)
        assert (blue >= red) == converges, (lr, mu)
    assert all(words_on(lambda: stability_map()).count(word) == 1 for word in ("diverges", "fastest"))
    assert "diverges" not in words_on(lambda: stability_map(lr=(0.01, 0.1, 0.4)))
    assert "fastest" not in words_on(lambda: stability_map("rosenbrock"))


def test_verdict_and_theory_of_the_map_agree():
    """Those that swing out first are not called divergent where theory says that they converge."""
    shown = stability_map()
    said, note = shown.known["verdicts"][0], shown.known["notes"][0]
    odd = 0
    for i, j in zip(said["index"], note["index"], strict=True):
        if "it does not converge" not in note["words"][j]:
            assert not said["words"][i].startswith("diverges")
            assert not said["bad"][i]
            odd += said["words"][i].startswith("swings out")
    assert odd > 0
    rho, steps = re.search(r"ρ = ([\d.]+): in the long run, (\d+) steps", note["words"][note["index"][0]]).groups()
    lr = shown.known["controls"][0]["values"][0]
    assert float(rho) == pytest.approx(1 - 0.2 * lr, abs=1e-5)
    assert float(rho) ** int(steps) <= 0.1 < float(rho) ** (int(steps) - 1)


def test_what_is_typed_beyond_the_map_is_said_to_be_off_it():
    known, _ = stability_map().answer(text="momentum = 1.5")
    (note,) = known["notes"]
    mu = known["controls"][1]["values"]
    here = [note["words"][k] for k in note["index"][: len(mu)]]  # at the lowest lr
    assert [word.startswith("off the map") for word in here] == [m > 0.99 for m in mu]


def pixel(shown, box, x, y):
    """The colour of the background at a point of one of its Axes."""
    picture = Image.open(io.BytesIO(base64.b64decode(shown.spec["background"].split(",")[1]))).convert("RGB")
    at = []
    for axis, value in ((box["x"], float(x)), (box["y"], float(y))):
        at.append(round((((np.log10(value) if axis["log"] else value) - axis["origin"]) / axis["scale"]) * SHARP))
    return picture.getpixel(tuple(at))


def figure_of(make):
    """The figure that stands still, with what moves as it is at first."""
    with pytest.MonkeyPatch.context() as patch:
        figures = []
        patch.setattr(explorer, "still", lambda figure, lines: figures.append(figure) or still(figure, lines))
        make()
    return figures[0]


def texts(make):
    """The texts on the picture that stands still."""
    return figure_of(make).findobj(Text)


def words_on(make):
    return [text.get_text() for text in texts(make)]


# Looking ahead.


def test_vectors_of_momentum_and_nesterov():
    """Against the textbook: u' = μ u - lr ∇f(w) or μ u - lr ∇f(w + μ u), and w' = w + u'."""
    shown = look_ahead("rosenbrock", steps=10, lr=(1e-4, 1e-3, 2e-3), momentum=(0.0, 0.9, 0.95))
    lr, mu = (torch.tensor(c["values"], dtype=torch.float64) for c in shown.known["controls"])
    path = descend("rosenbrock", "momentum", lr=lr, momentum=mu, steps=11)
    i, j = 20, 12
    x = path.x[:, i, j]
    u = x.diff(dim=0, prepend=x[:1])[:-1]
    carried = x[:-1] + mu[j] * u
    here, ahead = (carried - lr[i] * gradient(path.surface, at) for at in (x[:-1], carried))
    assert torch.allclose(here, x[1:], rtol=1e-12)
    on = next(n for n, axes in enumerate(shown.spec["axes"]) if axes["drag"] == "start")
    for nth, landing in ((1, here), (2, ahead)):
        for axis, pixels in enumerate(moving(shown, "mark", on, nth)):
            found = read(shown.spec["axes"][on]["xy"[axis]], pixels[i, j])
            assert np.abs(found - landing[:, axis].numpy()).max() < 0.005
    # The magnified arrows have the directions that they have on the surface's panel.
    box = shown.spec["axes"][on]
    near = next(n for n, axes in enumerate(shown.spec["axes"]) if axes["drag"] is None)
    arrows = [layer for layer in shown.known["layers"] if layer["kind"] == "arrow"]
    channels = unpacked(shown.known, shown.data)
    for layer, vector in zip(arrows, (carried - x[:-1], here - carried, ahead - carried, here - carried), strict=True):
        assert layer["on"] == near
        tail, tip = (np.stack([channels[n][i, j] for n in layer[end]], axis=-1) for end in ("at", "to"))
        wanted = vector.numpy() / [box["x"]["scale"], box["y"]["scale"]]
        length = np.linalg.norm(tip - tail, axis=-1, keepdims=True)
        long = length[:, 0] > 40  # those whose direction the pixels tell
        assert long.any()
        found, wanted = (v[long] / np.linalg.norm(v[long], axis=-1, keepdims=True) for v in (tip - tail, wanted))
        assert np.abs(found - wanted).max() < 0.01


# A point that the rule remembers.


def test_a_followed_point_is_drawn_told_and_placed():
    explorer = explore("quadratic", rules.lookahead(rules.sgd), follow="slow", steps=30)
    (lr,) = explorer.sliders
    paths = descend("quadratic", rules.lookahead(rules.sgd), lr=lr.values, steps=30)
    for nth, path in enumerate((paths, paths.follow("slow"))):
        x = read(explorer.spec["axes"][0]["x"], moving(explorer, "path", 0, nth)[0][20])
        assert np.allclose(x, path.x[:, 20, 0], atol=0.01)
        verdict = explorer.known["verdicts"][nth]
        words = [verdict["words"][i] for i in verdict["index"]]
        assert all(said.startswith(outcome) for said, outcome in zip(words, path.outcomes, strict=True))
        order = np.where(path.arrival >= 0, path.arrival, 31 + path.remaining[-1])
        assert np.allclose(np.where(path.diverges, 1e9, order), verdict["order"])
    assert [v["name"] for v in explorer.known["verdicts"]] == ["x", "slow"]
    assert "slow (lr = 0.1): " in explorer.alt
    assert {"that of slow"} <= {told["label"] for told in explorer.known["told"]}
    with pytest.raises(ValueError, match="sgd remembers nothing under 'slow'"):
        explore("quadratic", follow="slow")


# A schedule.


def test_a_schedule_and_its_path_are_those_of_the_setting():
    explorer = explore_schedule(line, rule=noisy("sgd", 2.0), steps=60, **LINE)
    assert [s.name for s in explorer.sliders] == list(LINE)
    at = 2, 7, 4
    made = line(*(float(s.values[i]) for s, i in zip(explorer.sliders, at, strict=True)))
    path = descend("quadratic", noisy("sgd", 2.0), lr=made, steps=60)
    spec = explorer.spec["axes"]
    x = read(spec[0]["x"], moving(explorer, "path", 0)[0][at])
    assert np.allclose(x, path.x[:, 0], atol=0.01)
    lr = read(spec[1]["y"], moving(explorer, "path", 1)[1][at])
    assert np.isnan(lr[0])
    assert np.allclose(lr[1:], [made(t) for t in range(1, 61)], atol=0.002)


def test_a_number_without_a_slider_stays_as_it_is():
    explorer = explore_schedule(line, steps=20, lr_0=(0.05, 0.3, 0.6), lr_τ=0.1, τ=10)
    lr = read(explorer.spec["axes"][1]["y"], moving(explorer, "path", 1)[1])
    assert np.allclose(lr[:, 11:], 0.1, atol=0.002)


@pytest.mark.parametrize(("rule", "shown"), [("sgd", True), (noisy("sgd"), True), ("adam", False)])
def test_the_edge_is_that_of_gradient_descent(rule, shown):
    for surface, edge in ((surfaces.quadratic, 0.5), (surfaces.bowl(1, 8), 0.25), (surfaces.bowl(1, 1), None)):
        all_texts = texts(lambda s=surface: explore_schedule(line, s, rule, **LINE))
        note = next((text for text in all_texts if "edge" in text.get_text()), None)
        assert (note is not None) is (shown and edge is not None)
        assert note is None or note.xy[1] == pytest.approx(edge)


# All of them.

ALL = {
    "explore": lambda: explore("quadratic", "momentum", **TWO),
    "followed": lambda: explore("quadratic", noisy(rules.lookahead(rules.sgd)), follow="slow"),
    "race": lambda: race("quadratic", ["sgd", "momentum", "adam"]),
    "explore_schedule": lambda: explore_schedule(line, rule=noisy("sgd"), **LINE),
    "stability_map": lambda: stability_map(),
    "look_ahead": lambda: look_ahead(),
}
every = pytest.mark.parametrize("make", ALL.values(), ids=ALL)


@every
def test_it_shows_a_view_a_page_a_picture_and_words(make):
    shown = make()
    bundle, metadata = DisplayFormatter().format(shown)
    assert bundle[VIEW]["model_id"] == shown.view.model_id
    assert np.asarray(Image.open(io.BytesIO(bundle["image/png"]))).shape[1] == 1500
    assert bundle["text/plain"] == shown.alt == metadata["image/png"]["alt"] == repr(shown)
    spec = json.loads(re.search(r'<script type="application/json">(.*?)</script>', bundle["text/html"], re.DOTALL)[1])
    assert base64.b64decode(spec["data"]) == shown.data
    assert not re.search(r'(src|href)="(?!data:)', bundle["text/html"])  # nothing from elsewhere
    assert make().html == shown.html
    assert all(0 <= c["first"] < len(c["values"]) for c in spec["controls"])
    assert len(shown.data) < (400_000 if make is ALL["look_ahead"] else 300_000)
    assert len(shown.html) < 800_000


@every
def test_type_is_large_enough_for_the_last_row(make):
    """14 CSS pixels or more at full width."""
    sizes = [text.get_fontsize() * DPI / 72 for text in texts(make) if text.get_text()]
    assert min(sizes) >= 14


@every
def test_sliders_are_linked_to_the_picture_without_the_kernel(make):
    *sliders, picture = make().view.children
    assert sliders == picture.sliders
    for i, (slider, link) in enumerate(zip(sliders, picture.links, strict=True)):
        assert type(link).__name__ == "Link"  # in the browser: DirectionalLink and observe would go through the kernel
        assert (link.source, link.target) == ((slider, "value"), (picture, f"slider{i}"))
        assert getattr(picture, f"slider{i}") == slider.value


@every
def test_another_start_and_another_value_are_computed(make):
    """What the kernel answers is what the explorer would have been laid out with."""
    shown = make()
    name = shown.known["controls"][0]["name"]
    known, data = shown.answer(text=f"{name} = 0.033, start = (1.5, -2.5)")
    control = known["controls"][0]
    k = control["first"]
    assert control["values"][k] == 0.033
    start = next(layer for layer in known["layers"] if layer["kind"] == "mark" and layer["color"] == "white")
    channels = unpacked(known, data)
    assert [read(shown.spec["axes"][start["on"]][n], channels[c]) for c, n in zip(start["at"], "xy", strict=True)] == [
        pytest.approx(1.5, abs=0.01),
        pytest.approx(-2.5, abs=0.01),
    ]
    again, _ = shown.answer(start=[-4.0, 1.0])
    assert again["controls"][0]["values"][k] == 0.033  # stays


def test_an_answer_is_the_path_of_that_setting():
    shown = explore("quadratic", "momentum", **TWO)
    known, data = shown.answer(text="lr=1.3, momentum = .77, start=(-2, 2e0)")
    assert [c["values"][c["first"]] for c in known["controls"]] == [1.3, 0.77]
    i, j = (c["first"] for c in known["controls"])
    path = descend("quadratic", "momentum", start=(-2, 2), lr=1.3, momentum=0.77, steps=60)
    said = known["verdicts"][0]
    assert said["words"][said["index"][i * len(known["controls"][1]["values"]) + j]].startswith(path.outcome)
    loss = [layer for layer in known["layers"] if layer["kind"] == "path"][1]["at"][1]
    found = read(shown.spec["axes"][1]["y"], unpacked(known, data)[loss][i, j])
    there = found < 1e40  # the last one that is drawn may be on its way
    assert there.sum() > 5
    assert np.abs(np.log10(found[there] / path.loss.numpy()[there])).max() < 0.01


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr = -1", "lr must be a positive, finite number, got -1"),
        ("lr = 0", "lr must be a positive, finite number, got 0"),
        ("momentum = -0.1", "momentum must be a finite number, 0 or more, got -0.1"),
        ("beta = 0.3", "There is no 'beta' here; there is: lr, momentum, start"),
        ("lr = fast", "Write, for example, lr = 0.3, or start"),
        ("", "Write, for example, lr = 0.3"),
        ("lr", "Write, for example, lr = 0.3"),
        ("lr = 1e999", "lr must be a finite number"),
        ("lr = (1, 2)", "lr must be one number"),
        ("start = 3", r"start must be two numbers, \(x, y\)"),
        ("__import__('os')", "Write, for example"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_and_changes_nothing(text, message):
    shown = explore("quadratic", "momentum", steps=5, **TWO)
    before = shown.sliders, shown.start
    with pytest.raises(ValueError, match=message):
        shown.answer(text=text)
    assert (shown.sliders, shown.start) == before


def test_what_was_asked_is_answered_with_numbers():
    """The new data, then the word that they are there; and sliders that follow what was typed."""
    shown = explore("quadratic", steps=5)
    picture = shown.view.children[-1]
    sent = []
    picture.send = lambda content: sent.append((content, dict(picture.known), picture.data))
    picture._handle_custom_msg({"text": "lr = 2.5", "view": 7}, [])
    content, known, data = sent.pop()
    assert content == {"error": "", "view": 7}
    assert max(known["controls"][0]["values"]) == pytest.approx(2.5)
    assert data != shown.data
    assert unpacked(known, data)
    assert picture.sliders[0].value == pytest.approx(2.5)
    assert picture.sliders[0].max == pytest.approx(np.log10(2.5))
    picture._handle_custom_msg({"text": "lr = nothing"}, [])
    assert sent.pop() == (
        {"error": "Write, for example, lr = 0.3, or start = (1, 2), not 'lr = nothing'.", "view": None},
        known,
        data,
    )
    assert picture.sliders[0].value == pytest.approx(2.5)


def test_names_cannot_break_the_page():
    shown = race("quadratic", {'a "b" <i>': "sgd", "</script>": "momentum"}, steps=2)
    assert shown.html.count("</script>") == 2
    assert 'alt="A race of a &quot;b&quot; &lt;i&gt;, &lt;/script&gt;' in shown.html


def test_typed():
    assert typed(" lr of adam = 1e-3 ,start=(-1,.5)") == {"lr of adam": 0.001, "start": [-1.0, 0.5]}


def test_a_slider_goes_through_a_value():
    slider = Slider.between("lr", (0.01, 0.1, 1.0), log=True)
    for value in (0.0101, 0.03, 0.105, 0.99):
        inside = slider.through(value)
        assert inside.values[inside.first] == value
        assert np.ptp(np.diff(np.log(inside.values))) < 1e-9  # steps of equal length, as those of the ipywidget
        assert abs(len(inside.values) - LOG_POSITIONS) <= 1
        assert inside.values[[0, -1]] == pytest.approx([0.01, 1], rel=0.06)
        assert inside.through(0.5).values[[0, -1]] == pytest.approx([0.01, 1], rel=0.1)
    below, above = slider.through(0.001), slider.through(5)
    assert (below.values[below.first], below.values[-1]) == pytest.approx((0.001, 1))
    assert (above.values[0], above.values[above.first]) == pytest.approx((0.01, 5))


def test_the_first_value_is_a_position_of_its_slider():
    shown = explore(
        "quadratic", "adam", lr=(0.01, 0.1, 1), beta1=(0.0, 0.9, 0.99), beta2=(0.9, 0.95, 1 - 1e-3), steps=10
    )
    for control, first in zip(shown.known["controls"], (0.1, 0.9, 0.95), strict=True):
        assert control["values"][control["first"]] == first
        assert control["texts"][control["first"]] == f"{first:g}"
    assert len(shown.known["controls"][0]["values"]) == LOG_POSITIONS >= 80


@pytest.mark.parametrize(
    "bounds", [(0.01, 0.1, 2.0), (1e-4, 3e-3, 0.1), (0.9, 0.999, 0.9999), (0, 0.001, 0.1), (0, 0.123, 1), (0.5, 0.5, 1)]
)
@pytest.mark.parametrize("log", [True, False])
def test_a_slider_has_its_ends_and_its_first_value(bounds, log):
    if log and not bounds[0]:
        return
    slider = Slider.between("x", bounds, log)
    assert slider.values[[0, -1]] == pytest.approx([bounds[0], bounds[2]])
    assert slider.values[slider.first] == bounds[1]
    assert (np.diff(slider.values) > 0).all()
    assert len(set(slider.texts)) == len(slider.texts)  # no two settings look alike
    assert not any(text == "1" for text, value in zip(slider.texts, slider.values, strict=True) if value < 1)


def test_whole_numbers_have_whole_positions():
    shown = explore("quadratic", rules.lookahead(rules.adam), lr=0.1, k=(1, 5, 10), alpha=0.5, steps=10)
    assert shown.known["controls"][0]["values"] == list(range(1, 11))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lr": np.array([0.1, 0.2, 0.4])}, TypeError, r"lr must be a number or \(lowest, first shown, highest\)"),
        ({"lr": (0.1, schedules.Cosine(0.1, 5), 1.0)}, TypeError, r"lr must be a number or \(lowest, first shown"),
        ({"lr": (0.1, 1)}, ValueError, r"lr must be \(lowest, first shown, highest\)"),
        ({"lr": (1, 0.5, 0.1)}, ValueError, "in ascending order"),
        ({"lr": (0.1, 0.1, 0.1)}, ValueError, "in ascending order"),
        ({"lr": (0, 0.1, 1)}, ValueError, "lr must be a positive, finite number, got 0"),
        ({"lr": 0.1}, ValueError, "hyper must have a slider"),
        ({"lr": "fast"}, TypeError, "lr must be a positive, finite number, got 'fast'"),
        ({"momentum": (0, 0.5, 1)}, TypeError, "sgd takes no hyperparameter 'momentum'"),
        ({"rule": "adamm"}, ValueError, "There is no rule 'adamm'; did you mean 'adam'"),
        ({"steps": 0}, ValueError, "steps must be a whole number, 1 or more, got 0"),
        ({"start": (1, 2, 3)}, ValueError, r"start must be two finite numbers \(x, y\), got \[1.0, 2.0, 3.0\]"),
        (
            {"rule": rules.adam, "beta1": (0, 0.5, 0.9), "beta2": (0, 0.5, 0.9), "steps": 200},
            ValueError,
            "lr x beta1 x beta2 x steps has .* points on all paths, at most 400,000 are allowed",
        ),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        explore("quadratic", **arguments)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: race("quadratic", ["sgd"]), ValueError, "racers must be 2 to 6 rules, got 1"),
        (lambda: race("quadratic", "sgd"), TypeError, "racers must be a list of rules, or {name: rule}, got 'sgd'"),
        (lambda: race("quadratic", 5), TypeError, "racers must be a list of rules"),
        (lambda: race("quadratic", {"a": ("sgd", {}, 1), "b": "sgd"}), TypeError, "racers must be rules or .*, a is"),
        (lambda: race("quadratic", ["sgd"] * 2), ValueError, "racers must have different names"),
        (lambda: race("quadratic", ["sgd", "adamm"]), ValueError, "There is no rule 'adamm'"),
        (lambda: race("quadratic", ["sgd", "adam"], lr=0.1), ValueError, "lr must be .* if no racer has a slider"),
        (lambda: race("quadratic", ["sgd", "adam"], shared=1), TypeError, "shared must be True or False, got 1"),
        (lambda: race("quadratic", ["sgd", "adam"], steps=5000), ValueError, "lr of sgd x steps has .* 400,000"),
        (lambda: race("quadratic", {"a": ("sgd", {"beta": 1}), "b": "sgd"}), TypeError, "no hyperparameter 'beta'"),
        (lambda: stability_map("ackley"), ValueError, "surface must be curved upwards at its minimum, ackley has"),
        (lambda: stability_map("quadratic", "adam"), ValueError, "rule must be 'momentum' or 'nesterov', got 'adam'"),
        (lambda: stability_map(lr=0.1), ValueError, r"lr must be \(lowest, first shown, highest\): the map"),
        (lambda: stability_map("hill"), ValueError, "There is no surface 'hill'"),
        (lambda: look_ahead(lr=0.1, momentum=0.9), ValueError, "lr or momentum must be"),
        (lambda: look_ahead(lr=schedules.Cosine(0.1, 5)), TypeError, "lr must be a positive, finite number, got Cos"),
        (lambda: explore_schedule(line, lr=(1, 2, 3)), TypeError, "schedule: .*lr.* It takes lr_0, lr_τ, τ, got lr"),
        (lambda: explore_schedule(0.3, lr=(1, 2, 3)), TypeError, "schedule must be a function of numbers .* got 0.3"),
        (lambda: explore_schedule(lambda a: a, a=(0.1, 0.2, 0.3)), TypeError, "schedule must return a function"),
        (lambda: explore_schedule(lambda a: lambda t: a - t, a=(1, 2, 3)), ValueError, "lr of the schedule must be"),
        (lambda: explore_schedule(line, lr_0=(0.1, float("nan"), 1), lr_τ=0, τ=9), ValueError, "lr_0 must be a fin"),
        (lambda: explore("quadratic", follow="slow"), ValueError, "sgd remembers nothing under 'slow'"),
        (lambda: explore("quadratic", noisy("asgd"), follow="ax", alpha=(0, 1, 2), steps=200), ValueError, "400,000"),
        (lambda: explore_schedule(line, lr_0=1, lr_τ=0, τ=9), ValueError, "numbers must have a slider"),
        (lambda: explore_schedule(line, rule=lambda x, g, s, t: (x, s), **LINE), ValueError, "rule must take a lear"),
        (lambda: explore_schedule(line, **LINE, steps=500), ValueError, "lr_0 x lr_τ x τ x steps has .* 400,000"),
        (lambda: explore_schedule(line, lr_0=(-1, 0.1, 1), lr_τ=0, τ=9), ValueError, "lr must be a positive, finite"),
        (lambda: look_ahead(steps=400), ValueError, "lr x momentum x steps has .* at most 400,000"),
    ],
)  # fmt: skip
def test_bad_arguments_of_the_others_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("rule", ["momentum", "nesterov"])
def test_critical_damping_is_drawn_for_each_direction(rule):
    on_map = figure_of(lambda: stability_map("quadratic", rule)).axes[0]
    lines = [line for line in on_map.lines if len(line.get_xdata()) == 400]
    for line, style, curvature in zip(lines, STYLES[2:4], (0.2, 4.0), strict=True):
        critical = critical_momentum(rule, torch.tensor(line.get_xdata()), torch.tensor(curvature)).numpy()
        drawn = np.isfinite(line.get_ydata())
        assert drawn.sum() > 100
        assert np.allclose(line.get_ydata()[drawn], critical[drawn])
        assert line.get_color() == style["color"]
