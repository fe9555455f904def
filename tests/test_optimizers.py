"""Our optimizers exchange freely with torch.optim's."""

import copy

from course_utils import models, optimizers, rules

import numpy as np
import pytest
import torch
from torch import nn


def gradients_for(model, seed=0):
    model.zero_grad()
    add_gradients(model, seed)


def add_gradients(model, seed):
    torch.manual_seed(seed)
    x, y = torch.randn(8, 784, dtype=torch.float64), torch.randint(10, (8,))
    nn.functional.cross_entropy(model(x), y).backward()


def pair(**hyper):
    ours, theirs = models.mlp(784, 5, 10).double(), models.mlp(784, 5, 10).double()
    return ours, optimizers.SGD(ours.parameters(), **hyper), theirs, torch.optim.SGD(theirs.parameters(), **hyper)


def assert_same(ours, theirs):
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=0, atol=1e-14)


@pytest.mark.parametrize("hyper", [{}, {"lr": 0.3}])
def test_trains_as_torch_does(hyper):
    ours, our_optimizer, theirs, their_optimizer = pair(**hyper)
    before = copy.deepcopy(ours)
    for seed in range(20):
        for model, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            gradients_for(model, seed)
            optimizer.step()
    assert_same(ours, theirs)
    assert not torch.equal(ours[1].weight, before[1].weight)


def test_groups_schedulers_and_frozen_layers():
    ours, theirs = models.mlp(784, 5, 10).double(), models.mlp(784, 5, 10).double()
    optimizers_ = []
    for model, module in ((ours, optimizers), (theirs, torch.optim)):
        model[1].bias.requires_grad_(False)
        groups = [{"params": model[1].parameters()}, {"params": model[3].parameters(), "lr": 0.5}]
        optimizer = module.SGD(groups, lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
        optimizers_.append((model, optimizer, scheduler))
    frozen = ours[1].bias.clone()
    for seed in range(6):
        for model, optimizer, scheduler in optimizers_:
            gradients_for(model, seed)
            optimizer.step()
            scheduler.step()
    assert_same(ours, theirs)
    assert torch.equal(ours[1].bias, frozen)


def test_gradients_are_left_alone():
    model = models.mlp(784, 5, 10).double()
    gradients_for(model)
    before = [p.grad.clone() for p in model.parameters()]
    optimizers.SGD(model.parameters(), lr=0.1).step()
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), before, strict=True))


def test_closure_is_evaluated_with_gradients_and_its_loss_returned():
    x = torch.tensor([3.0], requires_grad=True)
    optimizer = optimizers.SGD([x], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (x**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 9
    assert x.item() == pytest.approx(3 - 0.1 * 6)


def test_state_goes_on_in_new_parameters():
    ours, our_optimizer, _, _ = pair(lr=0.2)
    gradients_for(ours)
    our_optimizer.step()
    resumed = copy.deepcopy(ours)
    new_optimizer = optimizers.SGD(resumed.parameters(), lr=1.0)
    new_optimizer.load_state_dict(our_optimizer.state_dict())
    for model, optimizer in ((ours, our_optimizer), (resumed, new_optimizer)):
        gradients_for(model, 1)
        optimizer.step()
    assert_same(ours, resumed)
    assert [s["step"] for s in new_optimizer.state.values()] == [2] * 4


@pytest.mark.parametrize(
    ("lr", "error"), [(0, ValueError), (-1, ValueError), (float("nan"), ValueError), ("a", TypeError)]
)
def test_bad_lr_is_refused(lr, error):
    model = models.mlp(4, 2)
    with pytest.raises(error, match="lr must be a positive, finite number"):
        optimizers.SGD(model.parameters(), lr=lr)
    with pytest.raises(error, match="lr must be a positive, finite number"):
        optimizers.SGD([{"params": model.parameters(), "lr": lr}], lr=0.1)


def test_arguments_are_checked():
    with pytest.raises(TypeError, match="lr must be one number, got a list of 2"):
        optimizers.SGD(models.mlp(4, 2).parameters(), lr=[0.1, 0.2])
    with pytest.raises(TypeError, match="sgd takes no hyperparameter 'momentum'; Known: lr"):
        optimizers.SGD(models.mlp(4, 2).parameters(), momentum=0.9)
    assert optimizers.SGD(models.mlp(4, 2).parameters(), 0.7).param_groups[0]["lr"] == 0.7


def test_an_interrupt_inside_the_rule_leaves_the_state_as_it_was():
    class Stopped(optimizers.RuleOptimizer):
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


class Momentum(optimizers.RuleOptimizer):
    """A rule with a memory, to see that the adapter keeps it: torch's momentum 0.9, whose first buffer is g itself."""

    @staticmethod
    def rule(x, g, s, t, lr=0.1):
        v = g if t == 1 else 0.9 * s.v + g
        return x - lr * v, rules.State(v=v)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_what_a_rule_remembers_is_kept_and_given_back(set_to_none):
    ours, theirs = models.mlp(784, 5, 10).double(), models.mlp(784, 5, 10).double()
    our_optimizer = Momentum(ours.parameters(), lr=0.1)
    their_optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for seed in range(8):
        if seed == 4:  # go on in new parameters
            ours, saved = copy.deepcopy(ours), our_optimizer.state_dict()
            our_optimizer = Momentum(ours.parameters(), lr=9.0)
            our_optimizer.load_state_dict(saved)
        for model, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            optimizer.zero_grad(set_to_none=set_to_none)
            add_gradients(model, seed)
            optimizer.step()
    assert_same(ours, theirs)


def test_a_rule_may_remember_its_point():
    class Homesick(optimizers.RuleOptimizer):
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


def test_no_argument_is_dropped():
    parameters = list(models.mlp(4, 2).parameters())
    with pytest.raises(TypeError, match="SGD takes lr after params, got 2 values"):
        optimizers.SGD(parameters, 0.1, 0.9)
    with pytest.raises(TypeError, match="SGD got lr twice"):
        optimizers.SGD(parameters, 0.1, lr=0.5)


def test_a_group_holds_no_argument_that_is_ignored():
    with pytest.raises(TypeError, match="sgd takes no hyperparameter 'momentum'"):
        optimizers.SGD([{"params": models.mlp(4, 2).parameters(), "momentum": 0.9}], lr=0.1)


def test_numbers_of_numpy_are_taken():
    x = torch.ones(1, requires_grad=True)
    x.grad = torch.ones(1)
    optimizers.SGD([x], lr=np.array(0.25)).step()
    assert x.item() == 0.75


def test_sparse_gradients_work_as_in_torch():
    ours, theirs = (nn.Embedding(5, 3, sparse=True) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    our_optimizer = Momentum(ours.parameters(), lr=0.1)
    their_optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for rows in ([0, 2], [2, 4], [1, 2]):
        for model, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            optimizer.zero_grad()
            model(torch.tensor(rows)).square().sum().backward()
            optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight)
