"""Our optimizers exchange freely with torch.optim's."""

import copy
import functools
import inspect
import pickle

from course_utils import models, optimizers, rules
from course_utils.optimizers import RuleOptimizer

import numpy as np
import pytest
import torch
from reference import LookaheadLoop, float64, of_torch
from torch import nn

# Every choice of arguments that makes another computation of it.
TORCHS = [
    ("SGD", {}),
    ("SGD", {"lr": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "weight_decay": 0.1, "lr_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5, "centered": True}),
    ("Adadelta", {"weight_decay": 0.1}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.5, 0.9), "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    ("Adamax", {"weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("ASGD", {"lambd": 0.1, "t0": 3, "weight_decay": 0.1}),
    ("Muon", {"lr": 0.01}),
]
OURS = [
    ("Lion", {"lr": 0.01, "weight_decay": 0.1}),
    ("Ranger", {}),
    ("RMSpropNesterov", {}),
    ("ScheduleFree", {"lr": 0.1}),
]
EVERY = [*TORCHS, *OURS, ("Lookahead", {})]
NAMES = sorted({name for name, _ in TORCHS})


def told(value):
    return ",".join(f"{k}={v}" for k, v in value.items()) or "defaults" if isinstance(value, dict) else str(value)


def make(name, parameters, settings):
    if name == "Lookahead":
        return optimizers.Lookahead(torch.optim.Adam(parameters, lr=0.01), **settings)
    return getattr(optimizers, name)(parameters, **settings)


def network(matrices_only=False):
    """A small network in float64; without biases for Muon."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 5, bias=not matrices_only), nn.ReLU(), nn.Linear(5, 10, bias=not matrices_only)
    ).double()


def backward(model, seed=0, sign=1):
    """Gradients of one batch, added to those that are there."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(8, 784, generator=generator).to(next(model.parameters()).dtype)
    y = torch.randint(10, (8,), generator=generator)
    (sign * nn.functional.cross_entropy(model(x), y)).backward()


def train(model, optimizer, seeds, sign=1, scheduler=None):
    for seed in seeds:
        optimizer.zero_grad()
        backward(model, seed, sign)
        optimizer.step()
        if scheduler:
            scheduler.step()


def assert_same(ours, theirs, tolerance=1e-12):
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=0, atol=tolerance)


def close(name):
    return 1e-4 if name == "Muon" else 1e-12  # Muon rounds to bfloat16 on the way


@pytest.fixture(autouse=True)
def _in_float64():
    with float64():
        yield


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("name", "settings"), TORCHS, ids=told)
def test_trains_as_torchs_does(name, settings, dtype):
    ours, theirs = network(name == "Muon").to(dtype), network(name == "Muon").to(dtype)
    before = copy.deepcopy(ours)
    train(ours, make(name, ours.parameters(), settings), range(20))
    train(theirs, getattr(torch.optim, name)(theirs.parameters(), **settings), range(20))
    assert_same(ours, theirs, close(name) if dtype is torch.float64 else 1e-3 if name == "Muon" else 1e-5)
    assert not torch.allclose(ours[1].weight, before[1].weight, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_signature_is_torchs(name):
    assert inspect.signature(getattr(optimizers, name)) == inspect.signature(getattr(torch.optim, name))
    p = torch.zeros(2, 2, requires_grad=True)
    assert make(name, [p], {}).defaults == getattr(torch.optim, name)([p]).defaults


@pytest.mark.parametrize(("name", "settings"), [(n, s) for n, s in TORCHS if n != "Muon"], ids=told)
def test_maximize_climbs(name, settings):
    up, down = network(), network()
    train(up, make(name, up.parameters(), {**settings, "maximize": True}), range(5), sign=-1)
    train(down, make(name, down.parameters(), settings), range(5))
    assert_same(up, down)


SCHEDULERS = {
    "StepLR": lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=2, gamma=0.1),
    "CosineAnnealingLR": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 6),
    "OneCycleLR": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, [0.01, 0.1], total_steps=6),
    "warm-up from 0": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: min(1, k / 3)),
}


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("name", [n for n in NAMES if n != "Muon"])
def test_groups_schedulers_and_frozen_layers(name, scheduler):
    """OneCycleLR moves betas and momentum, too."""
    if scheduler == "OneCycleLR" and name in ("Adagrad", "Adadelta", "ASGD"):
        pytest.skip("torch's own has nothing to cycle but lr, and refuses")
    settings = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    trained = []
    for module in (optimizers, torch.optim):
        model = network()
        model[1].bias.requires_grad_(False)
        groups = [{"params": model[1].parameters()}, {"params": model[3].parameters(), "lr": 0.05}]
        optimizer = getattr(module, name)(groups, lr=0.01, **settings)
        train(model, optimizer, range(6), scheduler=SCHEDULERS[scheduler](optimizer))
        trained.append(model)
    assert_same(*trained)
    assert torch.equal(trained[0][1].bias, network()[1].bias)


@pytest.mark.parametrize(("name", "settings"), EVERY, ids=told)
def test_gradients_are_left_alone(name, settings):
    model = network(name == "Muon")
    optimizer = make(name, model.parameters(), settings)
    for seed in range(3):
        optimizer.zero_grad()
        backward(model, seed)
        before = [p.grad.clone() for p in model.parameters()]
        optimizer.step()
        assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("stop", [3, 7])  # in the middle of a cycle of Lookahead's five
@pytest.mark.parametrize(("name", "settings"), EVERY, ids=told)
def test_state_goes_on_in_new_parameters(name, settings, stop, set_to_none):
    def steps(model, optimizer, seeds):
        for seed in seeds:
            optimizer.zero_grad(set_to_none=set_to_none)
            backward(model, seed)
            optimizer.step()

    through = network(name == "Muon")
    optimizer = make(name, through.parameters(), settings)
    steps(through, optimizer, range(stop))
    resumed = copy.deepcopy(through)
    saved = copy.deepcopy(optimizer.state_dict())
    steps(through, optimizer, range(stop, 12))
    new = make(name, resumed.parameters(), settings)
    new.load_state_dict(saved)
    steps(resumed, new, range(stop, 12))
    assert_same(through, resumed, 0)


def test_state_is_cast_to_the_parameters():
    """As torch's: a state saved in float64 goes on in float32."""
    model = network()
    optimizer = optimizers.Adam(model.parameters())
    train(model, optimizer, range(2))
    half = copy.deepcopy(model).float()
    new = optimizers.Adam(half.parameters())
    new.load_state_dict(optimizer.state_dict())
    assert {v.dtype for s in new.state.values() for v in s.values() if torch.is_tensor(v)} == {torch.float32}


def test_a_state_of_another_kind_is_refused():
    """torch's own would be taken in, and its momentum silently dropped."""
    model = network()
    theirs = torch.optim.SGD(model.parameters(), momentum=0.9)
    train(model, theirs, [0])
    ours = optimizers.SGD(model.parameters(), momentum=0.9)
    with pytest.raises(ValueError, match="it remembers momentum_buffer, not step, v"):
        ours.load_state_dict(theirs.state_dict())
    with pytest.raises(ValueError, match="not from Adam with these arguments: it remembers momentum_buffer, not m"):
        optimizers.Adam(model.parameters()).load_state_dict(theirs.state_dict())
    for name, other in (
        ("SGD", "ScheduleFree"),
        ("Adam", "Ranger"),
        ("Adam", "NAdam"),
        ("SGD", "ASGD"),
        ("Adam", "Lion"),
    ):
        p = torch.ones(2, requires_grad=True)
        saved, new = make(name, [p], {}), make(other, [p], {})
        p.grad = torch.ones(2)
        saved.step()
        with pytest.raises(ValueError, match=f"state_dict is not from {other}"):
            new.load_state_dict(saved.state_dict())
    with pytest.raises(ValueError, match="state_dict must be that of a Lookahead, got one of state, param_groups"):
        optimizers.Lookahead(ours).load_state_dict(theirs.state_dict())
    assert not ours.state


def test_a_state_may_know_less_than_the_arguments():
    """Momentum that was switched on after the last step, and arguments that an older torch did not have."""
    model = network()
    optimizer = optimizers.SGD(model.parameters(), lr=0.1)
    train(model, optimizer, [0])
    optimizer.param_groups[0]["momentum"] = 0.9
    saved = optimizer.state_dict()
    del saved["param_groups"][0]["fused"]
    new = optimizers.SGD(model.parameters(), lr=0.1)
    new.load_state_dict(saved)
    assert new.param_groups[0]["fused"] is None
    train(model, new, [1])


@pytest.mark.parametrize(("name", "settings"), EVERY, ids=told)
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))], ids=["copy", "pickle"]
)
def test_a_duplicate_goes_on_by_itself(name, settings, duplicate):
    model = network(name == "Muon")
    optimizer = make(name, model.parameters(), settings)
    train(model, optimizer, range(3))
    other_model, other = duplicate((model, optimizer))
    for m, o in ((model, optimizer), (other_model, other)):
        train(m, o, range(3, 7))
    assert_same(model, other_model, 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("name", "settings"), [case for case in TORCHS if case[0] != "Muon"], ids=told)
def test_half_precision_is_as_good_as_torchs(name, settings, dtype):
    """Gradients whose squares are infinite in float16, where torch multiplies by 1 - β first."""
    x, y, exact = (torch.ones(50, dtype=d, requires_grad=True) for d in (dtype, dtype, torch.float64))
    ours, theirs = make(name, [x], settings), getattr(torch.optim, name)([y], **settings)
    reference = getattr(torch.optim, name)([exact], **settings)
    gradients = 300 * torch.randn(5, 50, generator=torch.Generator().manual_seed(0))
    for g in gradients:
        for p, o in ((x, ours), (y, theirs), (exact, reference)):
            p.grad = g.to(p.dtype)
            o.step()
    off_ours, off_theirs = ((p.double() - exact).norm() / (exact - 1).norm() for p in (x, y))
    if off_theirs.isfinite():
        assert off_ours <= 2 * off_theirs + torch.finfo(dtype).eps


def test_closure_is_evaluated_with_gradients_and_its_loss_returned():
    for wrap in (lambda o: o, optimizers.Lookahead):
        x = torch.tensor([3.0], requires_grad=True)
        optimizer = wrap(optimizers.SGD([x], lr=0.1))

        def closure(x=x, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (x**2).sum()
            loss.backward()
            return loss

        assert optimizer.step(closure).item() == 9
        assert x.item() == pytest.approx(3 - 0.1 * 6)


WRONG = [
    ({"lr": -1.0}, NAMES),
    ({"weight_decay": -0.5}, NAMES),
    ({"eps": -1e-8}, ["Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "Adamax", "NAdam", "RAdam"]),
    ({"betas": (1.0, 0.9)}, ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]),
    ({"betas": (0.9, -0.1)}, ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]),
    ({"momentum": -0.9}, ["SGD", "RMSprop", "Muon"]),
    ({"nesterov": True}, ["SGD"]),
    ({"alpha": -1}, ["RMSprop", "ASGD"]),
    ({"rho": 1.5}, ["Adadelta"]),
    ({"lambd": -1}, ["ASGD"]),
    ({"lr_decay": -1}, ["Adagrad"]),
    ({"initial_accumulator_value": -1}, ["Adagrad"]),
    ({"momentum_decay": -1}, ["NAdam"]),
    ({"adjust_lr_fn": "spectral"}, ["Muon"]),
]


@pytest.mark.parametrize(("settings", "names"), WRONG, ids=str)
def test_bad_hyperparameters_are_refused_in_torchs_words(settings, names):
    for name in names:
        p = torch.zeros(2, 2, requires_grad=True)
        with pytest.raises(ValueError, match=r".") as theirs:
            getattr(torch.optim, name)([p], **settings)
        for groups, arguments in (([p], settings), ([{"params": [p], **settings}], {})):
            with pytest.raises(ValueError, match=r".") as ours:
                getattr(optimizers, name)(groups, **arguments)
            assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    ("name", "settings", "error", "message"),
    [
        ("SGD", {"lr": float("nan")}, ValueError, "lr must be a finite number, got nan"),
        ("Adam", {"betas": (0.9, float("inf"))}, ValueError, "beta2 must be a finite number, got inf"),
        ("Adam", {"betas": 0.9}, TypeError, r"betas must be a pair of numbers \(beta1, beta2\), got 0.9"),
        ("SGD", {"lr": "fast"}, TypeError, "lr must be a finite number, got 'fast'"),
        ("SGD", {"lr": [0.1, 0.2]}, TypeError, "lr must be one number, got a list of 2"),
        ("SGD", {"momentun": 0.9}, TypeError, "SGD takes no argument 'momentun'; did you mean 'momentum'"),
        ("Adam", {"capturable": True}, ValueError, "capturable must be False"),
        ("Adam", {"differentiable": True}, ValueError, "differentiable must be False"),
        ("Lion", {"lr": -1}, ValueError, "lr must be a finite number, 0 or more, got -1"),
        ("Lion", {"betas": (0.9, 1.0)}, ValueError, "beta2 must be a number from 0 to 1, 1 excluded, got 1"),
        ("Ranger", {"k": 2.5}, ValueError, "k must be a whole number, 1 or more, got 2.5"),
        ("ScheduleFree", {"weight_decay": -1}, ValueError, "weight_decay must be a finite number, 0 or more, got -1"),
        ("Lookahead", {"k": 0}, ValueError, "k must be a whole number, 1 or more, got 0"),
        ("Lookahead", {"alpha": 0}, ValueError, "alpha must be a number above 0, up to 1, got 0"),
    ],
)
def test_and_in_ours_where_torch_has_none(name, settings, error, message):
    p = torch.zeros(2, 2, requires_grad=True)
    with pytest.raises(error, match=message):
        make(name, [p], settings)
    if name != "Lookahead":
        with pytest.raises(error, match=message):
            make(name, [{"params": [p], **settings}], {})


def test_a_learning_rate_of_0_is_allowed():
    """As in torch: a warm-up begins there."""
    for name, settings in EVERY[:-1]:
        x = torch.ones(2, 2, requires_grad=True)
        optimizer = make(name, [{"params": [x], "lr": 0.0}], {k: v for k, v in settings.items() if k != "lr"})
        x.grad = torch.ones(2, 2)
        optimizer.step()
        assert x.tolist() == [[1, 1], [1, 1]], name


def test_no_argument_is_dropped():
    parameters = list(models.mlp(4, 2).parameters())
    with pytest.raises(TypeError, match="too many positional arguments"):
        optimizers.SGD(parameters, 0.1, 0.9, 0, 0, False, True)
    with pytest.raises(TypeError, match="multiple values for argument 'lr'"):
        optimizers.SGD(parameters, 0.1, lr=0.5)
    assert optimizers.SGD(parameters, 0.7, 0.3).param_groups[0]["momentum"] == 0.3


def test_muon_says_what_to_use_for_the_rest():
    matrix, bias = torch.zeros(3, 3, requires_grad=True), torch.zeros(3, requires_grad=True)
    with pytest.raises(ValueError, match="Muon only supports 2D parameters") as theirs:
        torch.optim.Muon([bias])
    with pytest.raises(ValueError, match=r"biases, norms, embeddings.* to a second optimizer: AdamW") as ours:
        optimizers.Muon([matrix, bias])
    assert str(ours.value).startswith(str(theirs.value))
    optimizer = optimizers.Muon([matrix])
    with pytest.raises(ValueError, match="only supports 2D"):
        optimizer.add_param_group({"params": [bias]})
    assert len(optimizer.param_groups) == 1


def sparse(p):
    p.grad = torch.sparse_coo_tensor([[0]], torch.ones(1, *p.shape[1:]), p.shape, check_invariants=True)


@pytest.mark.parametrize("name", NAMES)
def test_sparse_and_complex_gradients(name):
    """Refused in torch's words, before any parameter has moved; or the same as torch's."""
    settings = {"momentum": 0.9} if name == "SGD" else {}
    first, p, q = (torch.ones(3, 2, requires_grad=True) for _ in range(3))
    ours, theirs = make(name, [first, p], settings), getattr(torch.optim, name)([q], **settings)
    first.grad = torch.ones(3, 2)
    sparse(p)
    sparse(q)
    if name in ("SGD", "Adagrad"):
        for _ in range(3):
            ours.step()
            theirs.step()
        assert torch.allclose(p, q)
        ours.param_groups[0]["weight_decay"] = 0.1
        with pytest.raises(RuntimeError, match="weight_decay option is not compatible with sparse gradients"):
            ours.step()
    else:
        with pytest.raises(RuntimeError, match="does not support sparse gradients") as of_theirs:
            theirs.step()
        with pytest.raises(RuntimeError, match=str(of_theirs.value).removeprefix("Adam")):
            ours.step()
        assert first.tolist() == torch.ones(3, 2).tolist()
    z = torch.ones(2, 2, dtype=torch.complex64, requires_grad=True)
    z.grad = torch.ones_like(z)
    with pytest.raises(RuntimeError, match=f"{name} does not support complex parameters"):
        make(name, [z], {}).step()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "NAdam", "Adadelta", "Adagrad"])
def test_one_huge_gradient_is_survived_as_in_torch(name, dtype):
    x, y = (torch.ones(2, dtype=dtype, requires_grad=True) for _ in range(2))
    ours, theirs = make(name, [x], {}), getattr(torch.optim, name)([y])
    for g in (1e25 if dtype is torch.float32 else 1e200, 1.0, 1.0):  # its square is infinite
        x.grad, y.grad = torch.full((2,), g, dtype=dtype), torch.full((2,), g, dtype=dtype)
        ours.step()
        theirs.step()
    assert torch.allclose(x, y, equal_nan=True)


def test_numbers_of_numpy_are_taken():
    x = torch.ones(1, requires_grad=True)
    x.grad = torch.ones(1)
    optimizer = optimizers.SGD([x], lr=np.array(0.25))
    optimizer.step()
    assert x.item() == 0.75
    optimizer.param_groups[0]["lr"] = np.float32(0.25)  # as a LambdaLR of the user's may
    optimizer.step()
    assert x.item() == 0.5


@pytest.mark.parametrize("name", [n for n in NAMES if n != "Muon"])
def test_a_tensor_as_learning_rate(name):
    settings = {"lr": torch.tensor(0.1)} | ({"momentum": 0.9} if name in ("SGD", "RMSprop") else {})
    x, y = (torch.ones(3, requires_grad=True) for _ in range(2))
    ours, theirs = make(name, [x], settings), getattr(torch.optim, name)([y], **settings)
    for _ in range(3):
        x.grad, y.grad = x.detach() ** 2, y.detach() ** 2
        ours.step()
        theirs.step()
    assert torch.allclose(x, y)


class Momentum(RuleOptimizer):
    """A rule of one's own: torch's momentum 0.9, whose first buffer is g itself."""

    @staticmethod
    def rule(x, g, s, t, lr=0.1):
        v = g if t == 1 else 0.9 * s.v + g
        return x - lr * v, rules.State(v=v)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_a_rule_of_ones_own(set_to_none):
    ours, theirs = network(), network()
    our_optimizer = Momentum(ours.parameters(), lr=0.1)
    their_optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for seed in range(8):
        for model, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            optimizer.zero_grad(set_to_none=set_to_none)
            backward(model, seed)
            optimizer.step()
    assert_same(ours, theirs)


def test_a_rule_may_use_all_of_torch():
    """Methods, functions, comparisons, indexing, matrix products: a rule is not bound to the four operators."""

    class Everything(RuleOptimizer):
        @staticmethod
        def rule(x, g, s, t, lr=0.1):
            u = torch.where(g > 0, g.abs(), -abs(g)) + 0 * torch.stack([x, g]).sum(dim=0)
            u = u @ torch.eye(2) + (g * 0)[..., :1] + 0 / (1 + g.square())
            return x - lr * u.clamp(-10, 10), rules.State(seen=s.seen + (g == g).float(), x=x)

    x = torch.ones(3, 2, requires_grad=True)
    optimizer = Everything([x])
    for _ in range(2):
        x.grad = torch.tensor([[1.0, -2.0]] * 3)
        optimizer.step()
    assert x.tolist() == [pytest.approx([0.8, 1.4])] * 3
    assert optimizer.state[x]["seen"].tolist() == [[2, 2]] * 3
    assert optimizer.state[x]["x"].tolist() == [pytest.approx([0.9, 1.2])] * 3


def test_transposed_is_transposed():
    class Transposed(RuleOptimizer):
        def rule(x, g, s, t, lr=0.5):  # a function, even without @staticmethod
            return x - lr * ((2 * g).T + (g.mT @ g).mT), s

    x, g = torch.zeros(2, 2, requires_grad=True), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    x.grad = g
    Transposed([x], lr=0.1).step()
    assert torch.allclose(x, -0.1 * (2 * g.T + (g.T @ g).T))


def test_a_rule_around_a_rule():
    @functools.wraps(rules.adam)
    def clipped(x, g, s, t, **hyper):
        return rules.adam(x, g.clamp(-1, 1), s, t, **hyper)

    class Clipped(RuleOptimizer):
        rule = clipped

    x = torch.zeros(1, requires_grad=True)
    x.grad = torch.tensor([100.0])
    optimizer = Clipped([x], lr=0.1)
    optimizer.step()
    assert optimizer.state[x]["m"].item() == pytest.approx(0.1)
    assert x.item() == pytest.approx(-0.1)


def test_a_rule_without_lr():
    class Signs(RuleOptimizer):
        def rule(x, g, s, t, stride=0.25):
            return x - stride * torch.sign(g), s

    x = torch.ones(2, requires_grad=True)
    x.grad = torch.tensor([3.0, -5.0])
    Signs([x]).step()
    assert x.tolist() == [0.75, 1.25]


def test_an_optimizer_needs_a_rule():
    with pytest.raises(TypeError, match="needs a rule: class Mine"):
        RuleOptimizer([torch.zeros(1)])


def test_a_rule_that_gets_the_shape_wrong_breaks_no_parameter():
    class Wrong(RuleOptimizer):
        @staticmethod
        def rule(x, g, s, t, lr=0.1):
            return x - lr * torch.ones(4, 1), s

    x = torch.ones(3, requires_grad=True)
    x.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match=r"shape|size"):
        Wrong([x]).step()
    assert x.tolist() == [1, 1, 1]


def test_an_interrupt_inside_the_rule_leaves_the_state_as_it_was():
    class Stopped(RuleOptimizer):
        @staticmethod
        def rule(x, g, s, t, lr=0.1):
            if t == 2:
                raise KeyboardInterrupt
            return x - lr * g, s

    x = torch.ones(1, requires_grad=True)
    x.grad = torch.ones(1)
    optimizer = Stopped([x])
    optimizer.step()
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert optimizer.state[x] == {"step": 1}


def test_a_rule_may_remember_its_point():
    class Homesick(RuleOptimizer):
        @staticmethod
        def rule(x, g, s, t, lr=0.1):
            home = x if t == 1 else s.home
            return x - lr * g, rules.State(home=home)

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = Homesick([x])
    for _ in range(3):
        x.grad = torch.ones(2)
        optimizer.step()
    assert optimizer.state[x]["home"].tolist() == [1, 2]
    assert x.tolist() == pytest.approx([0.7, 1.7])


@pytest.mark.parametrize(
    ("name", "settings", "numbers"),
    [
        ("SGD", {}, 0),
        ("SGD", {"momentum": 0.9}, 1),
        ("RMSprop", {}, 1),
        ("RMSprop", {"momentum": 0.9, "centered": True}, 3),
        ("Adam", {}, 2),
        ("ASGD", {}, 1),
        ("ScheduleFree", {}, 2),
    ],
    ids=told,
)
def test_no_more_is_kept_than_is_told(name, settings, numbers):
    x = torch.ones(10, requires_grad=True)
    x.grad = torch.ones(10)
    optimizer = make(name, [x], settings)
    optimizer.step()
    assert sum(v.numel() for v in optimizer.state[x].values() if torch.is_tensor(v)) == 10 * numbers


def lookahead_loop(model, inner):
    return [LookaheadLoop(p, inner=inner, k=5, alpha=0.5) for p in model.parameters()]


def test_lookahead_is_its_paper_around_any_optimizer():
    ours, theirs = network(), network()
    optimizer = optimizers.Lookahead(torch.optim.Adam(ours.parameters(), lr=0.01))
    loops = lookahead_loop(theirs, of_torch("Adam", lr=0.01))
    for seed in range(12):
        optimizer.zero_grad()
        theirs.zero_grad()
        backward(ours, seed)
        backward(theirs, seed)
        optimizer.step()
        for each in loops:
            each.step()
        assert_same(ours, theirs)


def test_lookahead_leaves_alone_what_has_no_gradient():
    moving, frozen = torch.ones(3, requires_grad=True), torch.full((3,), 0.1, requires_grad=True)
    optimizer = optimizers.Lookahead(torch.optim.SGD([moving, frozen], lr=0.1), k=2, alpha=0.3)
    for step in range(6):
        moving.grad = torch.ones(3)
        if step == 3:
            with torch.no_grad():
                frozen.fill_(5.0)  # the user's own doing
        optimizer.step()
    assert frozen.tolist() == [5, 5, 5]
    assert moving.tolist() != [1, 1, 1]


def test_lookahead_pulls_what_misses_one_gradient():
    """q has no gradient at the very step of the pull: it is pulled all the same."""
    p, q = (torch.zeros(1, requires_grad=True) for _ in range(2))
    optimizer = optimizers.Lookahead(torch.optim.SGD([p, q], lr=1.0))
    for t in range(1, 6):
        p.grad, q.grad = torch.ones(1), torch.ones(1) if t < 5 else None
        optimizer.step()
    assert (p.item(), q.item()) == (-2.5, -2)


def test_lookahead_refuses_what_would_not_notice():
    with pytest.raises(ValueError, match="ScheduleFree goes on from its own"):
        optimizers.Lookahead(optimizers.ScheduleFree([torch.zeros(1, requires_grad=True)]))
    with pytest.raises(ValueError, match="schedule_free goes on from its own"):
        rules.lookahead(rules.schedule_free)


def test_lookahead_remembers_k_and_alpha():
    x = torch.ones(1, requires_grad=True)
    saved = optimizers.Lookahead(torch.optim.SGD([x]), k=3, alpha=0.9).state_dict()
    other = optimizers.Lookahead(torch.optim.SGD([x]), k=7, alpha=0.1)
    other.load_state_dict(saved)
    assert (other.k, other.alpha) == (3, 0.9)


def test_lookahead_shares_the_groups_of_the_inner_optimizer():
    model = network()
    inner = optimizers.SGD(model[1].parameters(), lr=0.1)
    outer = optimizers.Lookahead(inner, k=2)
    scheduler = torch.optim.lr_scheduler.StepLR(outer, 1, gamma=0.5)
    outer.add_param_group({"params": model[3].parameters(), "lr": 0.3})
    train(model, outer, [0], scheduler=scheduler)
    assert [group["lr"] for group in inner.param_groups] == [0.05, 0.15]
    saved = outer.state_dict()
    outer.load_state_dict(saved)
    assert outer.param_groups is inner.param_groups
    with pytest.raises(TypeError, match=r"optimizer must be a torch.optim.Optimizer, got 0.1"):
        optimizers.Lookahead(0.1)


AVERAGING = {
    "a": lambda ps: optimizers.ScheduleFree(ps, lr=0.1),
    "ax": lambda ps: optimizers.ASGD(ps, lr=0.1, t0=0),
    "slow": lambda ps: optimizers.Lookahead(optimizers.SGD(ps, lr=0.1), k=3),
}


@pytest.mark.parametrize("average", AVERAGING)
def test_what_averages_evaluates_at_its_average(average):
    make = AVERAGING[average]
    x = torch.tensor([4.0], requires_grad=True)
    optimizer = make([x])
    for _ in range(5):
        x.grad = 2 * x.detach()
        optimizer.step()
    trained, expected = x.item(), optimizer.state[x][average].item()
    assert trained != expected
    optimizer.eval()
    optimizer.eval()  # twice is once
    assert x.item() == expected
    with pytest.raises(RuntimeError, match=r"call train\(\) before step"):
        optimizer.step()
    assert x.item() == expected
    y = x.detach().clone().requires_grad_()  # saved while evaluating, and taken up again
    resumed = make([y])
    resumed.load_state_dict(optimizer.state_dict())
    for p, o in ((x, optimizer), (y, resumed)):
        o.train()
        assert p.item() == trained
        p.grad = 2 * p.detach()
        o.step()
    assert x.item() == y.item()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("name", "settings"), EVERY, ids=told)
def test_on_a_gpu_as_on_the_cpu(name, settings):
    here, there = network(name == "Muon"), network(name == "Muon").cuda()
    optimizer, optimizer_there = make(name, here.parameters(), settings), make(name, there.parameters(), settings)
    for seed in range(12):
        for model, o in ((here, optimizer), (there, optimizer_there)):
            o.zero_grad()
            generator = torch.Generator().manual_seed(seed)
            for p in model.parameters():
                p.grad = torch.randn(p.shape, generator=generator).to(p.device)
            o.step()
    assert {v.device.type for s in optimizer_there.state.values() for v in s.values() if torch.is_tensor(v)} <= {"cuda"}
    start = network(name == "Muon")
    for p, q, origin in zip(here.parameters(), there.cpu().parameters(), start.parameters(), strict=True):
        assert (p - q).norm() <= (0.02 if name == "Muon" else 1e-10) * (p - origin).norm()


def test_numbers_kept_per_weight():
    def kept(make):
        layer = torch.nn.Linear(3, 2)
        optimizer = make(layer.parameters())
        for _ in range(2):
            layer(torch.ones(1, 3)).sum().backward()
            optimizer.step()
        return optimizers.kept_per_weight(optimizer)

    for ours, theirs, expected in (
        (optimizers.SGD, torch.optim.SGD, 0),
        (optimizers.Adagrad, torch.optim.Adagrad, 1),
        (optimizers.Adam, torch.optim.Adam, 2),
    ):
        assert kept(ours) == kept(theirs) == expected
    assert kept(lambda ps: optimizers.SGD(ps, momentum=0.9)) == 1
    assert kept(lambda ps: optimizers.Adam(ps, amsgrad=True)) == 3
    assert kept(lambda ps: optimizers.Lookahead(optimizers.Adam(ps), k=2)) == 3
    assert kept(lambda ps: optimizers.Lookahead(torch.optim.SGD(ps, momentum=0.5))) == 2
    assert kept(optimizers.ScheduleFree) == 2
