from course_utils import rules, surfaces
from course_utils.descent import ARRIVED, descend

import numpy as np
import pytest
import torch

LRS = [0.01, 0.1, 0.4, 0.499, 0.6, 2.0]


@pytest.mark.parametrize("name", surfaces.__all__)
def test_each_row_of_a_grid_is_the_run_of_its_setting(name):
    lrs = [0.001, 0.01] if name == "rosenbrock" else LRS
    paths = descend(name, "sgd", lr=lrs, steps=50)
    assert paths.x.shape == (51, len(lrs), 2)
    assert paths.loss.shape == (51, len(lrs))
    for i, lr in enumerate(lrs):
        alone = descend(name, "sgd", lr=lr, steps=50)
        assert torch.equal(torch.nan_to_num(paths[i].x), torch.nan_to_num(alone.x))
        assert torch.equal(torch.nan_to_num(paths.loss[:, i]), torch.nan_to_num(alone.loss))
        assert paths[i].hyper["lr"] == lr


def test_two_lists_span_a_grid_in_the_order_given():
    def scaled(x, g, s, t, lr=1.0, a=1.0):
        return x - lr * a * g, s

    paths = descend("quadratic", scaled, a=[1.0, 2.0, 3.0], lr=[0.1, 0.2], steps=4)
    assert paths.grid == ["a", "lr"]
    assert paths.x.shape == (5, 3, 2, 2)
    assert torch.allclose(paths[2, 1].x, descend("quadratic", "sgd", lr=0.6, steps=4).x)
    with pytest.raises(TypeError, match=r"one number for each of \['a', 'lr'\]"):
        paths[2]


@pytest.mark.parametrize("rule", [rules.adam, rules.muon])
def test_several_starts_are_the_first_axis_of_the_grid(rule):
    starts, lrs = torch.tensor([[-2.0, -2.0], [1.0, 0.3], [0.0, 3.0]], dtype=torch.float64), [0.01, 0.1]
    paths = descend("ackley", rule, start=starts, lr=lrs, steps=20)
    assert paths.grid == ["start", "lr"]
    assert paths.x.shape == (21, 3, 2, 2)
    assert paths.remembered("m").shape == (20, 3, 2, 2)
    assert paths.arrival.shape == (3, 2)
    for i, start in enumerate(starts):
        for j, lr in enumerate(lrs):
            alone = descend("ackley", rule, start=tuple(start.tolist()), lr=lr, steps=20)
            assert torch.allclose(paths[i, j].x, alone.x, rtol=0, atol=1e-9)
            assert paths[i, j].hyper["start"].tolist() == start.tolist()
    assert descend("ackley", rule, start=starts, steps=1)[1].x[0].tolist() == [1.0, 0.3]
    assert descend("ackley", rule, start=(0.0, 1.0)).grid == []
    for bad in (starts[:, :1], starts[None], [[0.0, float("nan")]]):
        with pytest.raises(ValueError, match="start must be"):
            descend("ackley", rule, start=bad)


def test_state_and_step_reach_the_rule():
    seen = []

    def counting(x, g, s, t, lr):
        seen.append((t, s.last))
        return x, rules.State(last=t)

    descend("quadratic", counting, lr=1, steps=3)
    assert seen == [(1, 0), (2, 1), (3, 2)]


def test_loss_is_that_of_the_points():
    path = descend("rosenbrock", "sgd", lr=0.001, steps=5, start=(0.5, -0.5))
    assert path.x[0].tolist() == [0.5, -0.5]
    assert torch.equal(path.loss, surfaces.rosenbrock(path.x))


@pytest.mark.parametrize("curvature", [0.5, 4.0, 30.0])
def test_the_edge_is_at_two_over_the_largest_curvature(curvature):
    surface = surfaces.bowl(0.3, curvature)
    below, above = 0.999 * 2 / curvature, 1.001 * 2 / curvature
    paths = descend(surface, "sgd", lr=[below, above], steps=20_000)
    assert paths.diverges.tolist() == [False, True]
    assert paths[0].outcome.startswith("converged")


def test_arrival_is_the_first_step_from_which_the_path_stays():
    path = descend("quadratic", "sgd", lr=0.4, steps=100)
    k = path.arrival.item()
    assert path.outcome == f"converged after {k} steps"
    assert (path.remaining[k:] <= ARRIVED).all()
    assert path.remaining[k - 1] > ARRIVED


def test_a_path_that_only_passes_by_has_not_arrived():
    def through(x, g, s, t, lr):
        return x + lr * torch.tensor([5.0, 2.0]), s  # from (-5, -2) over the minimum and out again

    path = descend("quadratic", through, lr=1.0, steps=2)
    assert path.remaining[1] == 0
    assert path.arrival == -1
    assert path.outcome == "still 100 % away"


def test_divergence_to_nan_is_an_outcome_and_no_error():
    path = descend("rosenbrock", "sgd", lr=1.0, steps=50)
    assert not torch.isfinite(path.x[-1]).any()
    assert path.outcome == "diverges"


def test_outcome_of_a_grid_is_refused():
    with pytest.raises(ValueError, match="index it"):
        _ = descend("quadratic", "sgd", lr=[0.1, 0.2]).outcome


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"lr": 0}, ValueError, "lr must be a positive, finite number, got 0"),
        ({"lr": -0.1}, ValueError, "lr must be a positive, finite number, got -0.1"),
        ({"lr": float("nan")}, ValueError, "lr must be a positive, finite number, got nan"),
        ({"lr": float("inf")}, ValueError, "lr must be a positive, finite number, got inf"),
        ({"lr": "fast"}, TypeError, "lr must be a positive, finite number, got 'fast'"),
        ({"lr": None}, TypeError, "lr must be a positive, finite number, got None"),
        ({"lr": True}, TypeError, "lr must be a positive, finite number, got True"),
        ({"lr": [0.1, -0.2]}, ValueError, "got -0.2"),
        ({"lr": ["0.1", "0.2"]}, TypeError, "lr must be a positive, finite number, got"),
        ({"lr": 1 + 2j}, TypeError, "lr must be a positive, finite number, got"),
        ({"lr": np.bool_(True)}, TypeError, "lr must be a positive, finite number, got"),
        ({"lr": 10**400}, TypeError, "lr must be a positive, finite number, got"),
        ({"steps": torch.tensor(2.7)}, TypeError, "steps must be a whole number"),
        ({"steps": True}, TypeError, "steps must be a whole number"),
        ({"lr": []}, ValueError, "lr must be a positive, finite number, got an empty list"),
        ({"lr": [[0.1]]}, ValueError, r"lr must be a number or a flat list, got shape \(1, 1\)"),
        ({"start": (1, 2, 3)}, ValueError, r"start must be two finite numbers \(x, y\), got \[1\.0, 2\.0, 3\.0\]"),
        ({"start": (1, float("nan"))}, ValueError, "start must be two finite numbers"),
        ({"start": "origin"}, TypeError, "start must be two finite numbers .* got 'origin'"),
        ({"steps": 0}, ValueError, "steps must be a whole number, 1 or more, got 0"),
        ({"steps": 1.5}, TypeError, "steps must be a whole number, 1 or more, got 1.5"),
        ({"surface": "quadratc"}, ValueError, "no surface 'quadratc'; did you mean 'quadratic'"),
        ({"surface": lambda x: x}, TypeError, "surface must be a surface or the name of one"),
        ({"rule": "sdg"}, ValueError, "no rule 'sdg'; did you mean 'sgd'"),
        ({"rule": 3}, TypeError, "rule must be a rule or the name of one"),
        ({"momentum": 0.9}, TypeError, "sgd takes no hyperparameter 'momentum'"),
    ],
)
def test_bad_input_is_refused_before_any_step(changes, error, message):
    def never(x, g, s, t, lr=1e-3):
        raise AssertionError("a step was done")

    arguments = {"surface": "quadratic", "rule": never, "lr": 0.1, **changes}
    if "momentum" in changes:
        arguments["rule"] = rules.sgd
    with pytest.raises(error, match=message):
        descend(**arguments)


def test_lr_given_as_a_python_number_keeps_its_digits():
    """A detour through float32 would change 0.4 in its eighth digit."""
    assert descend("quadratic", "sgd", lr=[0.4]).hyper["lr"].item() == 0.4
    assert descend("quadratic", "sgd", lr=np.float32(0.4)).hyper["lr"].item() == float(np.float32(0.4))


def test_what_is_given_later_changes_nothing():
    lrs = np.array([0.1, 0.2])
    paths = descend("quadratic", "sgd", lr=lrs)
    lrs[0] = 9
    assert paths.hyper["lr"].tolist() == [0.1, 0.2]


def test_paths_can_be_looped_over_and_a_single_one_cannot():
    assert [p.hyper["lr"].item() for p in descend("quadratic", "sgd", lr=[0.1, 0.2])] == [0.1, 0.2]
    with pytest.raises(TypeError):
        list(descend("quadratic", "sgd", lr=0.1))


def test_a_start_at_the_minimum_has_arrived():
    assert descend("quadratic", "sgd", lr=0.1, start=(0, 0)).outcome == "converged after 0 steps"


def test_paths_say_what_they_are():
    assert repr(descend("quadratic", "sgd", lr=0.4)) == "path of sgd on quadratic: converged after 55 steps"
    assert repr(descend("quadratic", "sgd", lr=[0.4, 0.1])) == "2 paths of sgd on quadratic, over ['lr']"


def test_distance_is_that_from_the_nearest_minimum():
    assert descend("rosenbrock", "sgd", lr=1e-6, start=(1, 3), steps=1).remaining[0] == 1
    two = surfaces.Surface(
        "two", lambda a, b: (a**2 - 1) ** 2 + b**2, (1.5, 0.5), ((-1.0, 0.0), (1.0, 0.0)), (-2, 2), (-2, 2)
    )
    for start in ((1.5, 0.5), (-1.5, 0.5)):
        assert descend(two, "sgd", lr=0.1, start=start).outcome.startswith("converged")
    assert descend("rosenbrock", "sgd", lr=1e-6, start=(0, 0), steps=1).outcome == "still 100 % away"


def test_a_path_that_is_infinite_from_the_start_diverges():
    assert descend("quadratic", "sgd", lr=0.1, start=(1e200, 1)).outcome == "diverges"


def test_one_step_is_one_step():
    assert descend(surfaces.bowl(4, 4), "sgd", lr=0.25).outcome == "converged after 1 step"


def test_a_tensor_is_as_good_as_a_number():
    lr = torch.tensor([0.1, 0.2], dtype=torch.bfloat16, requires_grad=True)
    assert descend("quadratic", "sgd", lr=lr).hyper["lr"].tolist() == lr.tolist()


def test_what_the_rule_remembered_is_there():
    paths = descend("quadratic", "momentum", lr=[0.1, 0.2], momentum=[0.5, 0.9], steps=6)
    v = paths.remembered("v")
    assert v.shape == (6, 2, 2, 2)
    assert torch.allclose(paths.x[1:] - paths.x[:-1], -torch.tensor([0.1, 0.2])[:, None, None] * v)
    assert torch.equal(paths[1, 0].remembered("v"), v[:, 1, 0])
    with pytest.raises(ValueError, match=r"momentum remembers nothing under 'm'; Known: v\."):
        paths.remembered("m")
    columns = descend("quadratic", "muon", lr=[0.1, 0.2], steps=3)  # there, points are matrices of one column
    assert columns.remembered("m").shape == (3, 2, 2)
    with pytest.raises(ValueError, match="sgd remembers nothing under 'v'; it has no memory"):
        descend("quadratic", "sgd", lr=0.1).remembered("v")

    def late(x, g, s, t, lr=0.1):
        return x - lr * g, rules.State(g=g, **({"second": g} if t > 1 else {}))

    with pytest.raises(ValueError, match=r"late remembers nothing under 'second'; Known: g\."):
        descend("quadratic", late).remembered("second")


def test_a_point_that_the_rule_remembers_can_be_followed():
    path = descend("quadratic", rules.lookahead(rules.sgd), lr=0.1, k=3, alpha=0.5, steps=7)
    slow = path.follow("slow")
    assert slow.x.shape == path.x.shape
    assert torch.equal(slow.loss, surfaces.quadratic(slow.x))
    for t in range(8):  # the slow weights stand still between two pulls; after a pull both are one
        assert torch.equal(slow.x[t], path.x[3 * (t // 3)])
    average = descend("quadratic", "asgd", lr=0.1, lambd=0.0, t0=0, steps=9).follow("ax")
    through = descend("quadratic", "asgd", lr=0.1, lambd=0.0, t0=0, steps=9).x
    assert torch.allclose(average.x[9], through[2:].mean(dim=0))


def test_what_is_not_one_number_a_coordinate_is_not_kept():
    def odd(x, g, s, t, lr=0.1):
        size = g.norm(dim=-1)  # one for each setting of the grid
        return x - lr * g, rules.State(past=torch.zeros(5, 3), word="w", total=torch.tensor(1.0), size=size)

    path = descend("quadratic", odd, lr=[0.1, 0.2], steps=2)
    assert path.remembered("total").shape == (2, 2, 2)
    with pytest.raises(ValueError, match=r"odd remembers nothing under 'past'; Known: total\."):
        path.remembered("past")


def test_a_rule_may_remember_nothing_at_all():
    path = descend("quadratic", lambda x, g, s, t, lr=0.1: (x - lr * g, None), steps=3)
    assert torch.equal(path.x, descend("quadratic", "sgd", lr=0.1, steps=3).x)
