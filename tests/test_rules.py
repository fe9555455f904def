"""Rules against torch.optim, against independent loops, against numbers worked out by hand, and their symmetries."""

import inspect
import itertools
import re

from course_utils import optimizers, rules, schedules, surfaces
from course_utils.descent import descend
from course_utils.gradients import gradient
from course_utils.lazy import Lazy

import pytest
import torch
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import BEGIN, CASES, END, SCALES, deviations

ALL = [getattr(rules, name) for name in rules.__all__]
# The learning rate is as large as a step for these, else as large as a step over a gradient.
SAFE_LR = {name: 0.05 for name in ("lion", "muon", "adadelta")} | {"schedule_free": 0.5, "momentum": 0.02}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_equal_to_its_reference(case, scale):
    """200 recorded gradients; the error is compared with the distance moved, not with x."""
    # Muon rounds to bfloat16 on the way: a difference in the last of 53 bits can become one in the 8th.
    limit = 1e-3 if case.rule is rules.muon and case.hyper.get("nesterov", True) else 1e-12
    for who, off in deviations(case, scale).items():
        assert off <= limit, who


def test_every_rule_has_a_reference():
    assert {case.rule for case in CASES} >= set(ALL)


def test_the_table_in_the_readme_is_of_these_cases():
    table = (ROOT / "README.md").read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = [re.split(r" *\| *", line)[1:-1] for line in table.strip().splitlines()[2:]]
    assert [row[:2] for row in rows] == [[f"`{case.name}`", case.told] for case in CASES]
    for rule, _, *worst in rows:
        assert all(float(off) <= (1e-3 if rule.startswith("`muon") else 1e-12) for off in worst if off), rule


def test_all_are_named():
    assert sorted(rules.__all__) == rules.__all__
    scheduled = {name for name, value in vars(rules).items() if hasattr(value, "__wrapped__") and name != "lookahead"}
    assert scheduled == set(rules.__all__)


@pytest.mark.parametrize("name", [n for n in dir(optimizers) if hasattr(getattr(optimizers, n), "namesake")])
def test_defaults_are_torchs(name):
    """What a rule and torch's optimizer both have, has the same default."""
    ours = getattr(optimizers, name)
    if ours.namesake is None:
        pytest.skip("torch has no such optimizer")
    optimizer = ours([torch.zeros(2, 2)])
    theirs = dict(optimizer.defaults)
    theirs |= dict(zip(("beta1", "beta2"), theirs.pop("betas", ()), strict=False))
    defaults = {
        n: p.default for n, p in list(inspect.signature(optimizer.rule_for(optimizer.defaults)).parameters.items())[4:]
    }
    shared = defaults.keys() & theirs.keys()
    assert "lr" in shared
    assert {n: defaults[n] for n in shared} == {n: theirs[n] for n in shared}


# Source C's quiz: 0.1 x1² + 2 x2² from (-5, -2), two steps.
@pytest.mark.parametrize(
    ("rule", "hyper", "after_two"),
    [
        ("sgd", {"lr": 0.4}, (-4.232, -0.72)),
        ("momentum_ema", {"lr": 0.6, "beta": 0.5}, (-4.268, 1.12)),
        ("rmsprop", {"lr": 0.3, "alpha": 0.9, "eps": 0, "delta": 1e-6}, (-3.43519754, -0.59152343)),
    ],
)
def test_quiz(rule, hyper, after_two):
    assert descend("quadratic", rule, steps=2, **hyper).x[2].tolist() == pytest.approx(after_two, abs=1e-8)


def test_quiz_over_thirty_steps():
    """By hand, each step of gradient descent multiplies by (0.92, -0.6)."""
    path = descend("quadratic", "sgd", lr=0.4, steps=30)
    assert path.x[30].tolist() == pytest.approx([-5 * 0.92**30, -2 * 0.6**30], rel=1e-12)


def test_adam_by_hand():
    """Two steps with ε added to the root, not to the finished ratio."""
    path = descend("quadratic", "adam", lr=0.2, eps=1e-6, steps=2)
    for i, (curvature, x) in enumerate(((0.2, -5.0), (4.0, -2.0))):
        g1 = curvature * x
        x1 = x - 0.2 * g1 / (abs(g1) + 1e-6)  # both corrections leave g and |g| themselves
        g2 = curvature * x1
        m_hat = (0.9 * 0.1 * g1 + 0.1 * g2) / (1 - 0.9**2)
        v_hat = (0.999 * 0.001 * g1**2 + 0.001 * g2**2) / (1 - 0.999**2)
        x2 = x1 - 0.2 * m_hat / (v_hat**0.5 + 1e-6)
        assert path.x[:, i].tolist() == pytest.approx([x, x1, x2], rel=1e-12)
    mistaken = -1.60082485  # source C's second coordinate, with ε added to the ratio
    assert path.x[2, 1].item() - mistaken == pytest.approx(3.4e-7, rel=0.05)


def test_checking_the_momentum_by_hand():
    """Source D: f = mean(3a³ - b²), a = (2, 3), b = (6, 4), lr 0.001."""
    a, b = torch.tensor([2.0, 3.0], dtype=torch.float64), torch.tensor([6.0, 4.0], dtype=torch.float64)
    s_a, s_b = rules.State(), rules.State()
    a1, s_a = rules.momentum(a, 9 * a**2 / 2, s_a, 1)
    b1, s_b = rules.momentum(b, -b, s_b, 1)
    assert torch.cat([a1, b1]).tolist() == pytest.approx([1.9820, 2.9595, 6.0060, 4.0040])
    assert torch.cat([s_a.v, s_b.v]).tolist() == [18, 40.5, -6, -4]


def test_source_a_has_delta_inside_the_root():
    x, g = torch.ones(1, dtype=torch.float64), torch.full((1,), 3e-4, dtype=torch.float64)
    step = 1 - rules.adagrad(x, g, rules.State(), 1, lr=0.001, eps=0, delta=1e-7)[0].item()
    assert step == pytest.approx(0.001 * 3e-4 / (1e-7 + 9e-8) ** 0.5)
    assert step != pytest.approx(0.001 * 3e-4 / (3e-4 + 1e-7), rel=0.1)


def test_nesterov_looks_ahead():
    """Sutskever's form takes the gradient at w + μv; ours has that point as x."""
    w, v, lr, mu = torch.tensor([-1.2, 1.0], dtype=torch.float64), 0.0, 0.0005, 0.9
    ahead = []
    for _ in range(100):
        v = mu * v - lr * gradient(surfaces.rosenbrock, w + mu * v)
        w = w + v
        ahead.append(w + mu * v)
    path = descend("rosenbrock", "nesterov", lr=lr, momentum=mu, steps=100)
    assert torch.allclose(path.x[1:], torch.stack(ahead), rtol=1e-11, atol=0)


def test_rmsprop_nesterov_looks_ahead():
    w, lr, rho, alpha, delta = torch.tensor([-1.2, 1.0], dtype=torch.float64), 0.001, 0.9, 0.8, 1e-6
    v, r, ahead = torch.zeros(2), torch.zeros(2), []
    for _ in range(100):
        g = gradient(surfaces.rosenbrock, w + alpha * v)
        r = rho * r + (1 - rho) * g**2
        v = alpha * v - lr * g / (delta + r) ** 0.5
        w = w + v
        ahead.append(w + alpha * v)
    path = descend("rosenbrock", "rmsprop_nesterov", lr=lr, rho=rho, momentum=alpha, delta=delta, steps=100)
    assert torch.allclose(path.x[1:], torch.stack(ahead), rtol=1e-9, atol=0)


def test_schedule_free_averages_what_sgd_visits():
    """With β = 0 the gradient is taken at z: plain SGD, and a is the mean of its points."""
    x, s, z, visited = torch.tensor([3.0, -2.0], dtype=torch.float64), rules.State(), None, []
    z = x
    for t in range(1, 21):
        x, s = rules.schedule_free(x, 2 * x, s, t, lr=0.1, beta=0.0)
        z = z - 0.1 * 2 * z
        visited.append(z)
    assert torch.allclose(x, z)
    assert torch.allclose(s.a, torch.stack(visited).mean(dim=0))


def test_schedule_free_weighs_by_the_square_of_lr():
    """Algorithm 1: a warm-up's small steps count little in the average, and a first lr of 0 not at all."""
    lrs = [0.0, 0.1, 0.3]
    x, s, zs = torch.ones(1, dtype=torch.float64), rules.State(), []
    for t, lr in enumerate(lrs, 1):
        x, s = rules.schedule_free(x, torch.ones(1), s, t, lr=lr)
        zs.append(s.z.item())
    assert s.a.item() == pytest.approx(sum(lr**2 * z for lr, z in zip(lrs, zs, strict=True)) / (0.1**2 + 0.3**2))


def test_asgd_averages_from_t0_on():
    x, s, visited = torch.tensor([1.0]), rules.State(), []
    for t in range(1, 31):
        x, s = rules.asgd(x, torch.randn(1, generator=torch.Generator().manual_seed(t)), s, t, lr=0.1, t0=10)
        visited.append(x)
    # As in torch, mu is 1 up to step t0 + 2: the average is that of the steps from there on.
    assert s.ax.item() == pytest.approx(torch.stack(visited[11:]).mean().item(), rel=1e-5)


def test_muon_makes_the_step_orthogonal():
    torch.manual_seed(0)
    x, g = torch.zeros(6, 4), torch.randn(6, 4) @ torch.diag(torch.tensor([100.0, 10.0, 1.0, 1.0]))
    step = -rules.muon(x, g, rules.State(), 1, lr=1.0, weight_decay=0.0)[0] / (6 / 4) ** 0.5
    assert torch.linalg.svdvals(step).tolist() == pytest.approx([1] * 4, abs=0.35)
    u, _, vh = torch.linalg.svd(g, full_matrices=False)
    assert (step * (u @ vh)).sum() / (step.norm() * (u @ vh).norm()) > 0.97  # towards U Vᵀ
    with pytest.raises(ValueError, match=r"got x of shape \(3,\): use adamw"):
        rules.muon(torch.zeros(3), torch.zeros(3), rules.State(), 1)
    scale = {None: (6 / 4) ** 0.5, "match_rms_adamw": 0.2 * 6**0.5, "spectral_unclamped": (6 / 4) ** 0.5}
    wide = {None: 1.0, "match_rms_adamw": 0.2 * 6**0.5, "spectral_unclamped": (4 / 6) ** 0.5}
    for name, factor in scale.items():
        for matrix, by in ((g, factor), (g.T, wide[name])):
            moved = -rules.muon(torch.zeros_like(matrix), matrix, rules.State(), 1, 1.0, 0.0, adjust_lr_fn=name)[0]
            assert torch.linalg.svdvals(moved / by).tolist() == pytest.approx([1] * 4, abs=0.35)
    still = rules.muon(x, torch.zeros(6, 4), rules.State(), 1, weight_decay=0.0)[0]
    assert torch.equal(still, x)  # nothing is divided by 0
    with pytest.raises(KeyError, match="spectral"):
        rules.muon(x, g, rules.State(), 1, adjust_lr_fn="spectral")


def test_muon_takes_each_matrix_of_a_stack_by_itself():
    g = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0))
    together = rules.newton_schulz(g)
    assert all(torch.equal(one, rules.newton_schulz(g[i])) for i, one in enumerate(together))


def test_lookahead_takes_no_rule_with_its_own_alpha():
    with pytest.raises(ValueError, match="no k or alpha of its own, rmsprop has alpha"):
        rules.lookahead(rules.rmsprop)


HYPER = {  # two values of every hyperparameter, to span a grid
    "lr": (0.001, 0.02),
    "beta": (0.5, 0.9),
    "beta1": (0.0, 0.9),
    "beta2": (0.6, 0.99),
    "rho": (0.5, 0.9),
    "momentum": (0.0, 0.9),
    "dampening": (0.0, 0.5),
    "weight_decay": (0.0, 0.1),
    "eps": (1e-8, 1e-3),
    "delta": (1e-8, 1e-3),
    "alpha": (0.5, 0.9),
    "lambd": (0.0, 0.1),
    "t0": (3.0, 50.0),
    "lr_decay": (0.0, 0.1),
    "initial_accumulator_value": (0.0, 0.5),
    "momentum_decay": (0.0, 0.01),
    "k": (2, 5),
}
EVERY = [*ALL, rules.lookahead(rules.adam)]


def gridable(rule):
    names = [name for name in list(inspect.signature(rule).parameters)[4:] if name in HYPER]
    return [name for name in names if name != "eps"] if rule is rules.muon else names


def walk(rule, surface, steps, **hyper):
    """The path of a rule with plain numbers, or functions of the step, without ``descend``."""
    shape = (2, 1) if rule is rules.muon else (2,)
    x, s, points = torch.tensor(surface.start, dtype=torch.float64), rules.State(), []
    for t in range(1, steps + 1):
        points.append(x)
        now = {name: value(t) if callable(value) else value for name, value in hyper.items()}
        x, s = rule(x.reshape(shape), gradient(surface, x).reshape(shape), s, t, **now)
        x = x.reshape(2)
    return torch.stack([*points, x])


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.__name__)
def test_a_grid_is_its_settings_one_by_one(rule):
    """Every hyperparameter against lr: each path of the grid is the path of its setting, in plain numbers."""
    for name in gridable(rule):
        hyper = {"lr": HYPER["lr"], name: HYPER[name]}
        grid = descend("beale", rule, steps=12, **hyper)
        assert grid.grid == list(hyper)
        for index in itertools.product(range(2), repeat=len(hyper)):
            setting = {n: values[i] for i, (n, values) in zip(index, hyper.items(), strict=True)}
            alone = walk(rule, surfaces.beale, 12, **setting)
            assert torch.allclose(grid[index].x, alone, rtol=1e-12, atol=1e-12, equal_nan=True), setting
            assert not torch.equal(alone[0], alone[3])


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.__name__)
def test_every_hyperparameter_may_change_on_the_way(rule):
    """A schedule of it, alone and in a grid of two, is the rule with another number at each step."""
    for name in gridable(rule):
        there, back = (lambda t, v=values: v[t % 2] for values in (HYPER[name], HYPER[name][::-1]))
        lr = {} if name == "lr" else {"lr": 0.01}
        grid = descend("beale", rule, steps=9, **{name: [there, back]}, **lr)
        for i, schedule in enumerate((there, back)):
            expected = walk(rule, surfaces.beale, 9, **{name: schedule}, **lr)
            assert torch.allclose(grid[i].x, expected, rtol=1e-12, atol=1e-12, equal_nan=True), name
            alone = descend("beale", rule, steps=9, **{name: schedule}, **lr)
            assert torch.allclose(alone.x, expected, rtol=1e-12, atol=1e-12, equal_nan=True), name
            x, g = torch.ones(2, 2, dtype=torch.float64), torch.ones(2, 2, dtype=torch.float64)
            both = [rule(x, g, rules.State(), t, **{name: h}) for t in (1, 2) for h in (schedule, schedule(t))]
            assert torch.equal(both[0][0], both[1][0])
            assert torch.equal(both[2][0], both[3][0])


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_nothing_is_edited_in_place(rule):
    x, g = torch.ones(2, 3), torch.full((2, 3), 2.0)
    s = rules.State()
    for t in (1, 2, 3):
        before = {name: value.clone() for name, value in vars(s).items() if torch.is_tensor(value)}
        new, s_new = rule(x, g, s, t)
        assert x.tolist() == [[1] * 3] * 2
        assert g.tolist() == [[2] * 3] * 2
        assert all(torch.equal(getattr(s, name), value) for name, value in before.items())
        x, s = torch.ones(2, 3), s_new
        assert new.shape == (2, 3)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_goes_downhill_on_a_bowl(rule):
    lr = SAFE_LR.get(rule.__name__, 0.1)
    steps = 4000 if rule in (rules.adadelta, rules.asgd) else 400
    path = descend("quadratic", rule, lr=lr, steps=steps, start=(1.0, -1.0))
    assert path.loss[-1] < 0.1 * path.loss[0]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_a_schedule_is_taken_wherever_lr_is(rule):
    x, g = torch.ones(2, 2, dtype=torch.float64), torch.full((2, 2), 0.3, dtype=torch.float64)
    for t, lr in ((1, 0.4), (5, 0.2)):
        by_schedule = rule(x, g, rules.State(), t, lr=schedules.Linear(0.4, steps=8))
        assert torch.equal(by_schedule[0], rule(x, g, rules.State(), t, lr=lr)[0])
        assert torch.equal(rule(x, g, rules.State(), t, schedules.Constant(lr))[0], rule(x, g, rules.State(), t, lr)[0])


def run(rule, x, gradients, **hyper):
    s = rules.State()
    for t, g in enumerate(gradients, 1):
        x, s = rule(x, g, s, t, **hyper)
    return x


numbers = st.lists(st.floats(-10, 10).filter(lambda v: v == 0 or abs(v) > 1e-3), min_size=4, max_size=4)
gradient_lists = st.lists(numbers, min_size=1, max_size=8).map(lambda g: torch.tensor(g, dtype=torch.float64))
starts = numbers.map(lambda x: torch.tensor(x, dtype=torch.float64))
DECAYS = {"adamw", "asgd", "muon"}  # towards 0, which is therefore no point like all others
ELEMENTWISE = [rule for rule in ALL if rule is not rules.muon]


@pytest.mark.parametrize("rule", [r for r in ALL if r.__name__ not in DECAYS], ids=lambda rule: rule.__name__)
@settings(max_examples=25, deadline=None)
@given(starts, starts, gradient_lists)
def test_translation(rule, x, shift, gradients):
    """Under the same gradients, a start elsewhere leads to the same movement."""
    moved, there = run(rule, x, gradients) - x, run(rule, x + shift, gradients) - (x + shift)
    assert torch.allclose(moved, there, rtol=0, atol=1e-12 * (40 + moved.abs().max().item()))


@pytest.mark.parametrize("rule", ELEMENTWISE, ids=lambda rule: rule.__name__)
@settings(max_examples=25, deadline=None)
@given(starts, gradient_lists, st.permutations(range(4)))
def test_permutation(rule, x, gradients, order):
    """Coordinates don't know each other: in another order, they do the same."""
    assert torch.equal(run(rule, x[order], gradients[:, order]), run(rule, x, gradients)[order])


SCALE_FREE = {
    "adagrad": {"eps": 0.0},
    "adam": {"eps": 0.0},
    "amsgrad": {"eps": 0.0},
    "adamax": {"eps": 0.0},
    "adamw": {"eps": 0.0},
    "nadam": {"eps": 0.0},
    "rmsprop": {"eps": 0.0},
    "rmsprop_nesterov": {"delta": 0.0},
    "lion": {},
}


@pytest.mark.parametrize("name", SCALE_FREE)
@settings(max_examples=25, deadline=None)
@given(starts, st.lists(numbers.filter(all), min_size=1, max_size=8), st.sampled_from([2.0**-20, 0.125, 64.0, 2.0**30]))
def test_multiplying_the_loss_changes_no_step(name, x, gradients, factor):
    """Powers of 2 change no rounding, so that even Lion's sign of a difference stays what it is."""
    rule, hyper = getattr(rules, name), SCALE_FREE[name]
    gradients = torch.tensor(gradients, dtype=torch.float64)
    once, scaled = (run(rule, x, gradients * f, **hyper) for f in (1.0, factor))
    assert torch.allclose(once, scaled, rtol=1e-10, atol=1e-10)
    assert not torch.allclose(run(rules.sgd, x, gradients), run(rules.sgd, x, gradients * factor), rtol=1e-10, atol=0)


def test_sums_grow_and_averages_do_not():
    """What the docstrings of both forms of momentum say of steady gradients."""
    x, gradients = torch.zeros(1, dtype=torch.float64), torch.ones(300, 1, dtype=torch.float64)
    last = {
        r: run(r, x, gradients[:-1], lr=1.0) - run(r, x, gradients, lr=1.0)
        for r in (rules.momentum, rules.momentum_ema)
    }
    assert last[rules.momentum].item() == pytest.approx(10)
    assert last[rules.momentum_ema].item() == pytest.approx(1)


def test_no_rule_is_long():
    """At most 15 lines between docstring and end."""
    for rule in ALL:
        source = inspect.getsource(rule)
        body = source.split('"""')[2].strip().splitlines()
        assert 1 <= len(body) <= 15, rule.__name__


@pytest.mark.parametrize("rule", [*ALL, rules.lookahead], ids=lambda rule: rule.__name__)
def test_each_card_is_whole(rule):
    card = inspect.getdoc(rule)
    assert re.search(r"\$\$.+\$\$", card, re.DOTALL)
    parts = re.findall(r"^\*\*(.+?)\.\*\*", card, re.MULTILINE)
    assert parts == ["Source", "Arguments", "State", "torch.optim"]
    assert re.search(r"\*\*Source\.\*\*.*\((19|20|18)\d\d\)|\*\*Source\.\*\*.*\b(19|20)\d\d\b", card, re.DOTALL)
    for name in list(inspect.signature(rule).parameters)[4:]:
        assert f"`{name}`" in card, name


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_the_card_counts_the_state(rule):
    """Numbers per parameter, as the optimizer would keep them."""
    x, s = torch.ones(3, 4), rules.State()
    for t in (1, 2):
        x, s = rule(x, torch.ones(3, 4), s, t)
    kept = sum(torch.is_tensor(value) for value in vars(s).values())
    assert re.search(r"\*\*State\.\*\*[^*]*?(\d) numbers? per parameter", inspect.getdoc(rule), re.DOTALL)[1] == str(
        kept
    )


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_lazy_or_not_it_is_the_same(rule):
    """The way that the optimizers take, in float64, one step and then another."""
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.ones(5, 4, dtype=torch.float64) for _ in range(2))
    s, s_lazy = rules.State(), rules.State()
    for t in range(1, 9):
        g = torch.randn(5, 4, generator=generator, dtype=torch.float64)
        x, s = rule(x, g, s, t)
        lazy, s_lazy = rule(Lazy(y), Lazy(g), s_lazy, t)
        y = lazy.tensor()
        tolerance = 1e-3 if rule is rules.muon else 1e-13
        assert torch.allclose(x, y, rtol=tolerance, atol=tolerance)
