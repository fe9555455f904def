"""What a step costs: our optimizers beside torch's, alternating in one run. ``make bench`` prints the ratios.

For each rule and model: ours against torch's default, and against its foreach and fused forms where it has them. No
part of ``make test``: times mean little on a busy machine.
"""

import statistics
import time
from functools import partial

from course_utils import models, optimizers, surfaces
from course_utils.descent import descend

import pytest
import torch
import torchvision
from torch import nn

LIMIT, LIMIT_TRAINING, LIMIT_GRID = 1.5, 1.1, 0.3  # what the course promises; the last in seconds

# Our class, torch's, and their settings.
STEPS = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_nesterov": ("RMSpropNesterov", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamax": ("Adamax", {}),
    "adamw": ("AdamW", {}),
    "nadam": ("NAdam", {}),
    "radam": ("RAdam", {}),
    "asgd": ("ASGD", {}),
    "lion": ("Lion", {}),
    "muon": ("Muon", {}),
    "ranger": ("Ranger", {}),
    "schedule_free": ("ScheduleFree", {}),
}
MODELS = {
    "MLP": (models.mlp_large, 100),
    "ResNet-18": (partial(torchvision.models.resnet18, num_classes=10), 25),
}
FOUND = {}  # (what, model) -> {"ms": ours, form: ours as a multiple of torch's}


def with_gradients(make, matrices):
    """The parameters of a new model, or its matrices alone, with gradients."""
    torch.manual_seed(0)
    parameters = [p for p in make().parameters() if p.ndim == 2 or not matrices]
    for p in parameters:
        p.grad = 1e-3 * torch.randn_like(p)
    return parameters


def torch_forms(name, settings):
    """Torch's optimizer of this name in each form that it has on this machine: form -> a function of the parameters."""
    kind = getattr(torch.optim, name, None)
    found = {}
    for form in ({}, {"foreach": True}, {"fused": True}) if kind else ():
        try:
            kind([torch.zeros(1, 1)], **settings, **form)
        except TypeError:  # no such argument
            continue
        found[next(iter(form), "default")] = partial(kind, **settings, **form)
    return found


def alternate(benchmark, ours, others, rounds):
    """How long ours takes, as a multiple of each of the others: two at a time, by turns.

    By twos, because a foreach form, which holds a copy of everything, leaves the next in line to ask the system for its
    memory anew. Ours beside the first of the others is timed by pytest-benchmark.
    """
    ratios = {}
    for form, run in others.items() or [(None, lambda: None)]:
        theirs, mine = [], []
        if not ratios:
            benchmark.pedantic(ours, setup=lambda: theirs.append(seconds(run)), rounds=rounds, warmup_rounds=3)  # noqa: B023
            mine.append(benchmark.stats["median"])
        else:
            for _ in range(rounds + 3):
                theirs.append(seconds(run))
                mine.append(seconds(ours))
            del mine[:3]
        ratios[form] = statistics.median(mine) / statistics.median(theirs[3:])
    return {"ms": 1e3 * benchmark.stats["median"], **ratios}


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rule", STEPS)
def test_step(benchmark, rule, model):
    name, settings = STEPS[rule]
    make, rounds = MODELS[model]
    ours = getattr(optimizers, name)(with_gradients(make, name == "Muon"), **settings)
    theirs = {f: o(with_gradients(make, name == "Muon")) for f, o in torch_forms(name, settings).items()}
    FOUND[rule, model] = alternate(benchmark, ours.step, {f: o.step for f, o in theirs.items()}, rounds)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adamax"])
def test_training_step(benchmark, name):
    """Forward, backward and update on a batch of 64."""
    ours, theirs = models.mlp_large(), models.mlp_large()
    x, y = torch.rand(64, 784), torch.randint(10, (64,))
    run = partial(training_step, ours, getattr(optimizers, name)(ours.parameters()), x, y)
    default = partial(training_step, theirs, getattr(torch.optim, name)(theirs.parameters()), x, y)
    FOUND[f"training with {name}", "MLP"] = alternate(benchmark, run, {"default": default}, 200)


def training_step(model, optimizer, x, y):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()


def test_grid(benchmark):
    """4,096 paths of Adam at once: 64 learning rates by 64 values of beta1, 300 steps on Rosenbrock's function."""
    lr, beta1 = torch.logspace(-3, 0, 64), torch.linspace(0, 0.99, 64)
    run = partial(descend, surfaces.rosenbrock, "adam", steps=300, lr=lr, beta1=beta1)
    FOUND["64 x 64 grid", "Rosenbrock"] = alternate(benchmark, run, {}, rounds=5)


def test_the_table(capsys):
    """Prints it, and holds it to what the course promises."""
    if not FOUND:
        pytest.skip("nothing was timed")
    forms = ("default", "foreach", "fused")
    lines = [
        "| | | ours, ms | ours / default | ours / foreach | ours / fused |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    missed = []
    for (what, model), found in FOUND.items():
        cells = [f"{found['ms']:.2f}", *(f"{found[form]:.2f}" if form in found else "" for form in forms)]
        lines.append(f"| {what} | {model} | {' | '.join(cells)} |")
        limit = LIMIT_TRAINING if what.startswith("training") else LIMIT
        if found.get("default", 0) > limit or (what.endswith("grid") and found["ms"] > 1e3 * LIMIT_GRID):
            missed.append(f"{what} on {model}")
    with capsys.disabled():
        print("\n\n" + "\n".join(lines) + f"\n\n{torch.get_num_threads()} threads, torch {torch.__version__}")
    assert not missed
