"""Lecture 11: pictures, channel by channel and one by one, and what source E's benchmark does wrong when it tests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, comb
from typing import Any

from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial, Shape
from course_utils.exercises.verdicts import Misconception

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def by_channel(x, mean, std):
    return (x - mean[:, None, None]) / std[:, None, None]


def deviation_of_channels(x):
    return x.std(dim=(0, 2, 3), correction=0)


def one_by_one(x, flips):
    return torch.where(flips[:, None, None, None], x.flip(-1), x)


def accuracy_of(model, x, y, batch_size):
    was_training, right = model.training, 0
    model.eval()
    with torch.no_grad():
        for some, truth in zip(x.split(batch_size), y.split(batch_size), strict=True):
            right += (model(some).argmax(dim=1) == truth).sum().item()
    model.train(was_training)
    return right / len(y)


def same_start(make_model, optimizers, train, test, steps, seed):
    losses = []
    for optimizer_class, options in optimizers:
        model = make_model(seed)
        optimizer = optimizer_class(model.parameters(), **options)
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(train[0]), train[1]).backward()
            optimizer.step()
        with torch.no_grad():
            losses.append(F.cross_entropy(model(test[0]), test[1]).item())
    return losses


def pictures(seed: int, *shape: int) -> Tensor:
    """Pictures from 0 to 1, (N, channels, height, width): dark ones and bright ones, and channels of different "
    "spread."""
    dice = torch.Generator().manual_seed(seed)
    n, channels = shape[:2]
    bright = torch.linspace(0.25, 0.6, n, dtype=torch.float64)[torch.randperm(n, generator=dice)]
    spread = torch.linspace(0.4, 0.9, channels, dtype=torch.float64)[:, None, None]
    noise = torch.rand(shape, generator=dice, dtype=torch.float64) - 0.5
    return (bright[:, None, None, None] + noise * spread).mul(100).round().clamp(0, 100) / 100


SHAPES = {"3 pictures of 3 x 3": (3, 3, 3, 3), "2 pictures, 4 high, 5 wide": (2, 3, 4, 5)}
MEANS = ((0.4914, 0.4822, 0.4465), (0.485, 0.456, 0.406), (0.5, 0.45, 0.35))
STDS = ((0.2470, 0.2435, 0.2616), (0.229, 0.224, 0.225), (0.25, 0.3, 0.2))


def colours(seed: int) -> dict:
    found = {}
    for i, (case, shape) in enumerate(SHAPES.items()):
        mean, std = (torch.tensor(known[(seed + i) % 3], dtype=torch.float64) for known in (MEANS, STDS))
        found[case] = {"the pictures": {"x": pictures(seed + i, *shape), "mean": mean, "std": std}}
    return found


def stacks(seed: int) -> dict:
    return {
        f"{n} pictures of {size} x {size}": {"the pictures": {"x": pictures(seed + n, n, 3, size, size)}}
        for n, size in ((4, 3), (6, 2))
    }


def mirrors(seed: int) -> dict:
    dice, found = torch.Generator().manual_seed(seed), {}
    for n, channels, size in ((4, 3, 3), (6, 1, 4)):
        flips = torch.randperm(n, generator=dice) < n // 2
        first = n == 6  # in one case the first picture stays, in the other one it is mirrored
        flips = flips.roll(-int((flips == first).nonzero()[0]))
        found[f"{n} pictures, {channels} x {size} x {size}"] = {
            f"flips = {flips.int().tolist()}": {"x": pictures(seed + n, n, channels, size, size), "flips": flips}
        }
    return found


def linear(inputs: int, outputs: int, dice: torch.Generator) -> nn.Linear:
    """A layer whose weights come from ``dice``, and from nowhere else."""
    with torch.random.fork_rng(devices=[]):  # what it draws at first is not kept, and nobody is to notice it
        layer = nn.Linear(inputs, outputs, dtype=torch.float64)
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(torch.randn(p.shape, generator=dice, dtype=torch.float64))
    return layer


class Watched(nn.Module):
    """A small network with batch normalisation, which notes how it is used."""

    def __init__(self, seed: int):
        super().__init__()
        dice = torch.Generator().manual_seed(seed)
        self.norm, self.layer, self.seen = nn.BatchNorm1d(4, dtype=torch.float64), linear(4, 3, dice), []
        self.norm.running_mean.copy_(torch.randn(4, generator=dice, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        scores = self.layer(self.norm(x))
        self.seen.append((self.training, scores.requires_grad, len(x)))
        return scores


def exams(seed: int) -> dict:
    """Models, and labels of which the model knows a given number in each batch, not the same in both cases."""
    dice, found = torch.Generator().manual_seed(seed), {}
    for case, training, batch_size, patterns in (
        ("a model in train mode", True, 4, ((1, 3, 2), (2, 1, 1), (4, 3, 1), (2, 3, 2))),
        ("a model in eval mode", False, 3, ((3, 0, 2, 0), (1, 0, 2, 0), (2, 3, 1, 0), (1, 2, 2, 1))),
    ):
        known = patterns[seed % len(patterns)]
        model, x = Watched(seed), torch.randn(10, 4, generator=dice, dtype=torch.float64)
        y = model.eval()(x).argmax(1)
        for i, right in enumerate(known):
            part = y[i * batch_size :][:batch_size]  # a view
            wrong = torch.randperm(len(part), generator=dice)[right:]
            part[wrong] = (part[wrong] + 1) % 3
        model.seen.clear()
        found[f"{case}, 10 pictures, batches of {batch_size}"] = {
            "the end": {"model": model.train(training), "x": x, "y": y, "batch_size": batch_size}
        }
    return found


@dataclass(frozen=True)
class EvaluationTrial(FunctionTrial):
    """Tries ``attempt(model, x, y, batch_size)``, and looks at the model afterwards, too."""

    names: Sequence[str] = (
        "the accuracy",
        "the mode afterwards (1 is train, 0 is eval)",
        "train mode during the test (1 is yes)",
        "a graph during the test (1 is yes)",
        "a batch larger than batch_size (1 is yes)",
        "gradients switched off afterwards (1 is yes)",
    )

    def _value(self, attempt: Callable, arguments: Mapping[str, Any], where: str, shape: Shape) -> Tensor:
        noted = []

        def watched(model: Watched, batch_size: int, **rest: Tensor) -> Any:
            with torch.enable_grad():  # and as it was afterwards
                value = attempt(model=model, batch_size=batch_size, **rest)
                off = not torch.is_grad_enabled()
            trained, graphs, sizes = zip(*model.seen, strict=True) if model.seen else ((), (), ())
            noted[:] = model.training, any(trained), any(graphs), any(size > batch_size for size in sizes), off
            return value

        value = super()._value(watched, arguments, where, shape)
        return torch.cat([value, torch.tensor(noted, dtype=torch.float64)])


class Maker:
    """Makes small networks: those of a seed, or, without one, another each time."""

    def __init__(self):
        self.calls = 0

    def __call__(self, seed: int | None = None) -> nn.Module:
        self.calls += 1
        return linear(3, 3, torch.Generator().manual_seed(10_000 + self.calls if seed is None else int(seed)))


class SGD:
    """As torch.optim.SGD, whose first use takes a second."""

    def __init__(self, params: Iterable[Tensor], lr: float = 0.001, momentum: float = 0.0):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.state = {p: torch.zeros_like(p) for p in self.params}

    def zero_grad(self, set_to_none: bool = True) -> None:
        for p in self.params:
            p.grad = None

    def step(self, closure: Callable | None = None) -> Any:
        loss = closure() if closure else None
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    p -= self.lr * self.moved(self.state[p], p.grad)
        return loss

    def moved(self, v: Tensor, g: Tensor) -> Tensor:
        return v.mul_(self.momentum).add_(g)


class Adagrad(SGD):
    def moved(self, v: Tensor, g: Tensor) -> Tensor:
        return g / (v.add_(g * g).sqrt() + 1e-10)


class SignSGD(SGD):
    def moved(self, v: Tensor, g: Tensor) -> Tensor:
        return g.sign()


def races(seed: int) -> dict:
    dice, found = torch.Generator().manual_seed(seed), {}
    lists = [(SGD, {"lr": 0.3, "momentum": 0.9}), (SignSGD, {"lr": 0.1}), (Adagrad, {"lr": 0.2})]
    for steps, optimizers in ((4, lists), (5, lists[::-1][:2])):
        train, test = (
            (torch.randn(n, 3, generator=dice, dtype=torch.float64), torch.randint(3, (n,), generator=dice))
            for n in (12, 9)
        )
        arguments = {"optimizers": optimizers, "train": train, "test": test, "steps": steps, "seed": seed + 3}
        names = ", ".join(kind.__name__ for kind, _ in optimizers)
        found[f"{names}; {steps} steps"] = {"the end": {"make_model": Maker(), **arguments}}
    return found


def scaled(name: str, says: str, look: str, attempt: Callable) -> Misconception:
    """Normalisation by something else: ``attempt`` gets mean and std as they are."""
    return Misconception(name, says, look, lambda x, mean, std: attempt(x, mean, std))


def spreading(name: str, says: str, look: str, attempt: Callable) -> list[Misconception]:
    """``attempt(x, less)`` divided by the number, and, as torch does unless told otherwise, by one less."""
    both = f"{says} (And torch's `std` and `var` divide by one less than the number, unless told `correction=0`.)"
    return [
        Misconception(name, says, look, lambda x: attempt(x, 0)),
        Misconception(name, both, look, lambda x: attempt(x, 1)),
    ]


def judging(
    name: str,
    says: str,
    look: str,
    *,
    evaluates: bool = True,
    graphs: bool = False,
    after: Callable = lambda model, was: model.train(was),
    counted: Callable = lambda rights, sizes: sum(rights) / sum(sizes),
    whole: bool = False,
) -> Misconception:
    """An evaluation that forgets something, or counts otherwise."""

    def wrong(model, x, y, batch_size):
        was, rights, sizes = model.training, [], []
        if evaluates:
            model.eval()
        with torch.set_grad_enabled(graphs):
            for i in range(0, len(y), len(y) if whole else batch_size):
                part = slice(i, None if whole else i + batch_size)
                rights.append((model(x[part]).argmax(1) == y[part]).sum().item())
                sizes.append(len(y[part]))
        after(model, was)
        return counted(rights, sizes)

    return Misconception(name, says, look, wrong)


def racing(
    name: str,
    says: str,
    look: str,
    *,
    make: Callable = lambda make_model, seed, i, before: make_model(seed),
    learn_from: Callable = lambda train, test: train,
    asked: Callable = lambda train, test: test,
    steps_done: Callable = lambda steps: steps,
    zero: bool = True,
    defaults: bool = False,
) -> Misconception:
    """A race with another start, other pictures or other steps."""

    def wrong(make_model, optimizers, train, test, steps, seed):
        losses, model = [], None
        for i, (kind, options) in enumerate(optimizers):
            model = make(make_model, seed, i, model)
            optimizer = kind(model.parameters(), **({} if defaults else options))
            x, y = learn_from(train, test)
            for _ in range(steps_done(steps)):
                if zero:
                    optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            x, y = asked(train, test)
            losses.append(F.cross_entropy(model(x), y).item())
        return losses

    return Misconception(name, says, look, wrong)


def last_loss(make_model, optimizers, train, test, steps, seed):
    losses = []
    for kind, options in optimizers:
        model = make_model(seed)
        optimizer = kind(model.parameters(), **options)
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(train[0]), train[1])
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    return losses


normalise = Exercise(
    name="normalise",
    lecture=11,
    task="Normalise a batch of pictures, channel by channel. `x` is (N, channels, height, width), `mean` and `std` "
    "have one number a channel: `normalise(x, mean, std)`.",
    formula=r"\hat x_{n c i j} = \frac{x_{n c i j} - \mathrm{mean}_c}{\mathrm{std}_c}",
    trial=FunctionTrial(reference=by_channel, cases=colours),
    misconceptions=[
        scaled(
            "along the width",
            "You let torch line up `mean` with the *last* axis of x, the width. With three channels and three pixels "
            "nothing complains; each column of pixels gets the mean of a channel.",
            "the index $c$: it is the second of four. `mean[:, None, None]` is (channels, 1, 1).",
            lambda x, mean, std: (x - mean) / std,
        ),
        scaled(
            "along the height",
            "Your `mean` lies along the height: one `None` too few.",
            "the index $c$ has two behind it: `mean[:, None, None]`.",
            lambda x, mean, std: (x - mean[:, None]) / std[:, None],
        ),
        scaled(
            "along the pictures",
            "Your `mean` lies along the pictures: one `None` too many.",
            "the index $c$ has two behind it, not three.",
            lambda x, mean, std: (x - mean[:, None, None, None]) / std[:, None, None, None],
        ),
        scaled(
            "the mean is divided by nothing",
            "You divide x first and take the mean off then: a parenthesis is missing.",
            "what the line of the fraction covers: both.",
            lambda x, mean, std: x / std[:, None, None] - mean[:, None, None],
        ),
        scaled(
            "multiplied instead of divided",
            "You multiply by the standard deviation. What spreads more must be made *smaller*.",
            "where std stands: below the line.",
            lambda x, mean, std: (x - mean[:, None, None]) * std[:, None, None],
        ),
        scaled(
            "divided by the variance",
            "You divide by the square of std: by the variance.",
            r"$\mathrm{std}_c$, without a square.",
            lambda x, mean, std: (x - mean[:, None, None]) / std[:, None, None] ** 2,
        ),
        scaled(
            "the sign",
            "You add the mean.",
            "the sign above the line.",
            lambda x, mean, std: (x + mean[:, None, None]) / std[:, None, None],
        ),
        scaled(
            "one mean for all channels",
            "You take the mean of the three means, and of the three deviations. Each channel has its own.",
            "the index $c$ of both.",
            lambda x, mean, std: (x - mean.mean()) / std.mean(),
        ),
        scaled(
            "the mean only",
            "You take the mean off, and do not divide.",
            r"$\mathrm{std}_c$, below the line.",
            lambda x, mean, std: x - mean[:, None, None],
        ),
        scaled(
            "the batch's own statistics",
            "You work out mean and deviation of this batch. Those of all training pictures were given: a picture must "
            "look the same in every batch.",
            r"$\mathrm{mean}_c$ and $\mathrm{std}_c$: the arguments.",
            lambda x, mean, std: by_channel(x, x.mean((0, 2, 3)), deviation_of_channels(x)),
        ),
    ],
    hints=[
        "One line. But (3,) and (N, 3, H, W) do not fit: torch lines up the *last* axes.",
        "`mean[:, None, None]` is (3, 1, 1), and then fits.",
        "`return (x - mean[:, None, None]) / std[:, None, None]`",
    ],
)

channel_std = Exercise(
    name="channel_std",
    lecture=11,
    task="Which number does it take? Write `channel_std(x)`: the standard deviation of *all* pixels of each channel, a "
    "tensor with one number a channel, divided by the number of pixels. (Many programs have another one for CIFAR-10.)",
    formula=r"\mathrm{std}_c = \sqrt{\frac{1}{N H W} \sum_{n, i, j} \big(x_{n c i j} - \mathrm{mean}_c\big)^2}, \qquad "
    r"\mathrm{mean}_c = \frac{1}{N H W} \sum_{n, i, j} x_{n c i j}",
    trial=FunctionTrial(reference=deviation_of_channels, cases=stacks),
    misconceptions=[
        *spreading(
            "each picture by itself",
            "You take the deviation in each picture, and then the mean over the pictures: that is where 0.2023, "
            "0.1994, 0.2010 come from. It knows nothing of dark and bright pictures, and is too small.",
            r"the sum goes over $n$, too: *one* mean for all pictures.",
            lambda x, less: x.std(dim=(2, 3), correction=less).mean(0),
        ),
        *spreading(
            "the root of the mean variance",
            "You average the variances within the pictures. What lies *between* the pictures, dark ones and bright "
            "ones, is missing.",
            r"the sum goes over $n$, too: *one* mean for all pictures.",
            lambda x, less: x.var(dim=(2, 3), correction=less).mean(0).sqrt(),
        ),
        *spreading(
            "only between the pictures",
            "You take the deviation of the pictures' means. What lies *within* the pictures is missing.",
            r"below the sum: $i$ and $j$, too.",
            lambda x, less: x.mean(dim=(2, 3)).std(0, correction=less),
        ),
        *spreading(
            "each place by itself",
            "You take the deviation over the pictures at each place, and then the mean over the places.",
            r"the sum goes over $n$, $i$ and $j$, before the root.",
            lambda x, less: x.std(dim=0, correction=less).mean(dim=(1, 2)),
        ),
        *spreading(
            "the variance",
            "You return the variance: the root is missing.",
            r"the root over all of it.",
            lambda x, less: x.var(dim=(0, 2, 3), correction=less),
        ),
        Misconception(
            "divided by one pixel less",
            "You divide by $N H W - 1$, as `std` does unless told otherwise. (With 50 million pixels nobody would see "
            "it.)",
            r"$\frac{1}{N H W}$: `correction=0`.",
            lambda x: x.std(dim=(0, 2, 3)),
        ),
        Misconception(
            "the mean is not taken off",
            "You take the root of the mean square. The deviation is from the *mean*.",
            r"$x - \mathrm{mean}_c$.",
            lambda x: x.square().mean(dim=(0, 2, 3)).sqrt(),
        ),
        Misconception(
            "all channels together",
            "You have one number for all channels. Each has its own.",
            r"the index $c$.",
            lambda x: x.std(correction=0).expand(x.shape[1]),
        ),
        Misconception(
            "the mean instead",
            "You return the mean of each channel.",
            r"the left side: $\mathrm{std}_c$.",
            lambda x: x.mean(dim=(0, 2, 3)),
        ),
    ],
    hints=[
        "Which of the four axes go, and which one stays? torch takes several axes at once.",
        "Pictures, rows and columns go: `dim=(0, 2, 3)`. And `correction=0` divides by the number of pixels.",
        "`return x.std(dim=(0, 2, 3), correction=0)`",
    ],
)

random_flip = Exercise(
    name="random_flip",
    lecture=11,
    task="Mirror some pictures of a batch, left to right. `x` is (N, channels, height, width); `flips` has a True or "
    "False for each *picture*. Chance has spoken already: `random_flip(x, flips)` returns the new batch.",
    formula=r"\hat x_{n c i j} = \begin{cases} x_{n c i\,(W - 1 - j)} & \text{if flips}_n \\ x_{n c i j} & "
    r"\text{else} \end{cases}",
    trial=FunctionTrial(reference=one_by_one, cases=mirrors),
    misconceptions=[
        Misconception(
            "one decision for the batch",
            "You ask the first picture's number and do the same with all of them: as torchvision's transforms do with "
            "a batch.",
            r"$\text{flips}_n$: the index $n$.",
            lambda x, flips: x.flip(-1) if flips[0] else x.clone(),
        ),
        Misconception(
            "all if any",
            "You mirror the whole batch as soon as one picture is to be mirrored.",
            r"$\text{flips}_n$: the index $n$.",
            lambda x, flips: x.flip(-1) if flips.any() else x.clone(),
        ),
        Misconception(
            "nothing is mirrored",
            "You return the batch as it was. `flip` changes nothing, it returns a new tensor: where does that go? And "
            "`x[flips]` is a copy: what is done to it is lost.",
            "what you return.",
            lambda x, flips: x.clone(),
        ),
        Misconception(
            "upside down",
            "You mirror top to bottom. The last axis is the width, the one before it the height.",
            r"where $W - 1 - j$ stands: in the last place.",
            lambda x, flips: torch.where(flips[:, None, None, None], x.flip(-2), x),
        ),
        Misconception(
            "turned by half a turn",
            "You mirror both ways: that is half a turn.",
            r"the index $i$ stays as it is.",
            lambda x, flips: torch.where(flips[:, None, None, None], x.flip(-1, -2), x),
        ),
        Misconception(
            "the wrong ones",
            "You mirror those that should stay.",
            r"*if* flips and *else*.",
            lambda x, flips: torch.where(flips[:, None, None, None], x, x.flip(-1)),
        ),
        Misconception(
            "the batch is mirrored",
            "You turn the batch round: at the chosen places stand *other pictures*. The first axis counts pictures.",
            r"the index $n$ stays as it is.",
            lambda x, flips: torch.where(flips[:, None, None, None], x.flip(0), x),
        ),
        Misconception(
            "the channels are mirrored",
            "You turn the order of the channels round: red is blue then. A *single* picture, `x[i]`, has only three "
            "axes, and its first one counts channels; the width is the last, -1.",
            r"where $W - 1 - j$ stands: in the last place.",
            lambda x, flips: torch.where(flips[:, None, None, None], x.flip(1), x),
        ),
        Misconception(
            "the diagonal",
            "You exchange height and width: that mirrors at the diagonal.",
            r"$i$ stays in its place.",
            lambda x, flips: torch.where(flips[:, None, None, None], x.transpose(-1, -2), x),
        ),
        Misconception(
            "shifted instead of mirrored",
            "You move the columns round by one. Mirrored, the *last* becomes the first, the first the last.",
            r"$W - 1 - j$.",
            lambda x, flips: torch.where(flips[:, None, None, None], x.roll(1, dims=-1), x),
        ),
    ],
    hints=[
        "`x.flip(-1)` mirrors all of them. Then take each picture from the one or from the other.",
        "`torch.where(condition, a, b)` does that, if the condition has four axes: `flips[:, None, None, None]`.",
        "`return torch.where(flips[:, None, None, None], x.flip(-1), x)`",
    ],
)

evaluate = Exercise(
    name="evaluate",
    lecture=11,
    task="Test a network and leave no trace: `evaluate(model, x, y, batch_size)` returns the accuracy, from 0 to 1, on "
    "pictures `x` with labels `y`. `batch_size` pictures at once, no more; the last batch may be smaller. Meanwhile "
    "the model is in evaluation mode and no graph is built. Afterwards it is **in the mode in which it was**.",
    formula=r"\text{accuracy} = \frac{1}{N} \sum_{n=1}^{N} \big[\arg\max_k\, \mathrm{model}(x_n)_k = y_n\big]",
    trial=EvaluationTrial(reference=accuracy_of, cases=exams),
    misconceptions=[
        judging(
            "never back to train mode",
            "You call `model.eval()`, and nobody calls `model.train()` again. From the second epoch on, the network "
            "trains in evaluation mode: harmless at a small learning rate, deadly at a large one.",
            "the task: afterwards it is in the mode in which it was.",
            after=lambda model, was: None,
        ),
        judging(
            "always to train mode",
            "You call `model.train()` at the end. A model that was in evaluation mode before is now in the wrong one.",
            "the task: in the mode in which it *was*. `model.training` tells it, before you change it.",
            after=lambda model, was: model.train(),
        ),
        judging(
            "a graph is built",
            "You keep all that a gradient would need, megabytes a picture, and nobody asks for it. `eval()` does not "
            "stop that.",
            "the task: no graph is built. `with torch.no_grad():`",
            graphs=True,
        ),
        judging(
            "never back to train mode, and graphs are built",
            "Two mistakes of a published benchmark at once: the model stays in evaluation mode, and `torch.no_grad()` "
            "is missing.",
            "the task: its last two sentences.",
            graphs=True,
            after=lambda model, was: None,
        ),
        judging(
            "gradients stay off",
            "You switch the gradients off, for good: `torch.set_grad_enabled(False)` holds until somebody switches "
            "them on again. The next training would raise an error.",
            "the task: *leave no trace*. `with torch.no_grad():` ends with its block.",
            after=lambda model, was: (model.train(was), torch.set_grad_enabled(False)),
        ),
        judging(
            "never back to train mode, and gradients stay off",
            "Two traces: the model stays in evaluation mode, and the gradients stay off.",
            "the task: *leave no trace*. `with torch.no_grad():` ends with its block.",
            after=lambda model, was: torch.set_grad_enabled(False),
        ),
        judging(
            "tested in train mode",
            "You never call `model.eval()`. Batch normalisation takes the statistics of your test batches, and even "
            "*learns* from them. (`no_grad` does not stop that.)",
            "the task: meanwhile in evaluation mode.",
            evaluates=False,
        ),
        judging(
            "as in training",
            "You neither call `model.eval()` nor switch the graphs off: that is a training without steps.",
            "the task: evaluation mode, and no graph.",
            evaluates=False,
            graphs=True,
        ),
        judging(
            "all pictures at once",
            "You send all pictures through the network at once. With 10,000 photographs, that is more than a card "
            "holds.",
            "the task: `batch_size` pictures at once. `x.split(batch_size)`",
            whole=True,
        ),
        judging(
            "the mean of the batches",
            "You take the mean of the batches' accuracies. The last batch is smaller, and counts as much as the "
            "others.",
            r"$\frac1N \sum$: each *picture* counts once.",
            counted=lambda rights, sizes: sum(r / n for r, n in zip(rights, sizes, strict=True)) / len(sizes),
        ),
        judging(
            "the last batch alone",
            "You return the accuracy of the last batch. Is the sum begun anew in each round of the loop?",
            r"$\sum_{n=1}^{N}$.",
            counted=lambda rights, sizes: rights[-1] / sizes[-1],
        ),
        judging(
            "the first batch alone",
            "You return the accuracy of the first batch. Does `return` stand inside the loop?",
            r"$\sum_{n=1}^{N}$.",
            counted=lambda rights, sizes: rights[0] / sizes[0],
        ),
        judging(
            "the last, smaller batch is left out",
            "You leave out the pictures that make no full batch.",
            r"$\sum_{n=1}^{N}$: all of them.",
            counted=lambda rights, sizes: sum(rights[:-1]) / sum(sizes[:-1]),
        ),
        judging(
            "how many are right",
            "You return how many are right. The accuracy is their share.",
            r"$\frac1N$.",
            counted=lambda rights, sizes: sum(rights),
        ),
        judging(
            "divided by the number of batches",
            "You divide by the number of batches, not of pictures.",
            r"$\frac1N$: N pictures.",
            counted=lambda rights, sizes: sum(rights) / len(sizes),
        ),
        judging(
            "in percent",
            "You return percent. From 0 to 1 was asked for.",
            "the task: from 0 to 1.",
            counted=lambda rights, sizes: 100 * sum(rights) / sum(sizes),
        ),
        judging(
            "the share of mistakes",
            "You return how often the network is *wrong*.",
            r"$\arg\max \dots = y_n$.",
            counted=lambda rights, sizes: 1 - sum(rights) / sum(sizes),
        ),
    ],
    hints=[
        "Four things around the loop: remember the mode, `model.eval()`, no graphs; and at the end the old mode.",
        "`was_training = model.training` at the beginning, `model.train(was_training)` at the end.",
        "`with torch.no_grad():`, and in it `for some, truth in zip(x.split(batch_size), y.split(batch_size)):`.",
        "In the loop: `right += (model(some).argmax(dim=1) == truth).sum().item()`; at the end `right / len(y)`.",
    ],
)

race = Exercise(
    name="race",
    lecture=11,
    task="A fair race, in small. `optimizers` is a list of pairs, a class and its options, such as `(torch.optim.SGD, "
    '{"lr": 0.1})`, and no texts to be put through `eval`. Each gets a new model from `make_model(seed)`, and takes '
    "`steps` steps with the mean cross-entropy on all of `train`, a pair of inputs and labels. Return a list: for "
    "each, the loss on `test` at the end. `race(make_model, optimizers, train, test, steps, seed)`",
    formula=r"\mathrm{loss}_k = f_{\text{test}}\big(x^{(k)}_{\text{steps}}\big), \qquad x^{(k)}_0 = x_0 \;\text{ for "
    r"all } k",
    trial=FunctionTrial(reference=same_start, cases=races),
    misconceptions=[
        racing(
            "no seed before each model",
            "You make models without the seed: each optimizer starts from other weights, and a good start is booked to "
            "its account.",
            r"$x^{(k)}_0 = x_0$ for all: `make_model(seed)`.",
            make=lambda make_model, seed, i, before: make_model(),
        ),
        racing(
            "another seed for each",
            "You give each optimizer a seed of its own: then they start from different points again.",
            r"$x^{(k)}_0 = x_0$ for all: the *same* seed.",
            make=lambda make_model, seed, i, before: make_model(seed + i),
        ),
        racing(
            "one model for all",
            "You make one model, before the loop: the second optimizer goes on where the first has ended.",
            r"$x^{(k)}_0 = x_0$ for all: a new model in each round.",
            make=lambda make_model, seed, i, before: before or make_model(seed),
        ),
        racing(
            "the gradients add up",
            "There is no `zero_grad`: each gradient is added to all that came before it.",
            "the loop of the steps: `zero_grad`, `backward`, `step`.",
            zero=False,
        ),
        racing(
            "the training loss under the name of the test",
            "You return the loss on the pictures that were learnt: as a published benchmark does.",
            r"the index: $f_{\text{test}}$.",
            asked=lambda train, test: train,
        ),
        Misconception(
            "the loss of the last step",
            "You return the last loss of the training loop: on the training pictures, and from *before* the last step.",
            r"$f_{\text{test}}$, after all steps.",
            last_loss,
        ),
        racing(
            "trained on the test pictures",
            "You train on the pictures that are to judge.",
            "the task: steps on `train`, the loss on `test`.",
            learn_from=lambda train, test: test,
        ),
        racing(
            "everyone at the default",
            "You leave the options out: each runs at whatever its author took for a default. That ranks the defaults.",
            "the task: a class *and its options*, `**options`.",
            defaults=True,
        ),
        racing(
            "no step is taken",
            "The weights do not move: `optimizer.step()` is missing, or the optimizer holds the parameters of another "
            "model.",
            "the loop of the steps: `zero_grad`, `backward`, `step`.",
            steps_done=lambda steps: 0,
        ),
        racing(
            "one step only",
            "Each optimizer takes a single step. Is there a loop, and does it hold all three lines?",
            "the task: `steps` steps.",
            steps_done=lambda steps: 1,
        ),
        racing(
            "a step too few",
            "You take one step too few: does the range begin at 1?",
            "`range(steps)` has as many rounds as it says.",
            steps_done=lambda steps: steps - 1,
        ),
        racing(
            "a step too many",
            "You take one step too many.",
            "`range(steps)` has as many rounds as it says.",
            steps_done=lambda steps: steps + 1,
        ),
    ],
    hints=[
        "Two loops: over the optimizers, and in it over the steps. What is to be made anew for each optimizer?",
        "`for kind, options in optimizers:`, then `model = make_model(seed)` and `kind(model.parameters(), "
        "**options)`.",
        "A step: `zero_grad()`, `F.cross_entropy(model(train[0]), train[1]).backward()`, `step()`.",
        "Behind the inner loop: `losses.append(F.cross_entropy(model(test[0]), test[1]).item())`.",
    ],
)


def _width(size: int, kernel: int, padding: int, rounded: Callable = int, pads: int = 2) -> int:
    """How wide a picture leaves a convolution of stride 2, and then a pooling of 3 x 3, stride 2, padding 1."""
    width = rounded((size + pads * padding - kernel) / 2) + 1
    return rounded((width + pads - 3) / 2) + 1


filter_weights = Question(
    name="filter_weights",
    lecture=11,
    text="A convolution of <k> × <k> takes pictures of <size> × <size> pixels with <c_in> channels, and gives <c_out> "
    "channels. It has no bias. How many weights is that?",
    numbers={"k": (3, 5, 7), "c_in": (16, 8, 24), "c_out": (32, 64, 48), "size": (32, 16, 28)},
    answer=lambda k, c_in, c_out, size: k * k * c_in * c_out,
    because=lambda k, c_in, c_out, size: (
        f"{c_out} filters, each with {k} · {k} numbers for each of {c_in} channels: "
        f"{k} · {k} · {c_in} · {c_out} = {k * k * c_in * c_out:,}. The same filter goes over the whole picture, "
        f"however large."
    ),
    misconceptions=[
        Misconception(
            "one channel goes in",
            "You have one picture of k × k a filter. A filter looks at all channels that come in.",
            "what a filter looks at.",
            lambda k, c_in, c_out, size: k * k * c_out,
        ),
        Misconception(
            "one filter",
            "You have the weights of a single filter. Each channel that comes *out* has a filter of its own.",
            "how many filters there are.",
            lambda k, c_in, c_out, size: k * k * c_in,
        ),
        Misconception(
            "k instead of k²",
            "You counted k weights a channel. A filter is k high *and* k wide.",
            r"$k \cdot k$.",
            lambda k, c_in, c_out, size: k * c_in * c_out,
        ),
        Misconception(
            "a bias, too",
            "You counted a bias for each filter. This one has none: the batch normalisation behind it would take it "
            "off again.",
            "the question: no bias.",
            lambda k, c_in, c_out, size: k * k * c_in * c_out + c_out,
        ),
        Misconception(
            "each pixel its own",
            "You multiplied by the number of pixels. The *same* filter goes over the whole picture. (That would be the "
            "number of multiplications.)",
            "whether the weights depend on the size of the picture.",
            lambda k, c_in, c_out, size: k * k * c_in * c_out * size * size,
        ),
        Misconception(
            "a linear layer",
            "You connected each pixel with each: that is a linear layer.",
            "what a filter looks at: k × k pixels.",
            lambda k, c_in, c_out, size: size * size * c_in * size * size * c_out,
        ),
        Misconception(
            "a sum of channels",
            "You added the channels. Each of those that go in meets each of those that come out.",
            r"$c_{in} \cdot c_{out}$.",
            lambda k, c_in, c_out, size: k * k * (c_in + c_out),
        ),
    ],
    choices=False,
    digits=0,
    hints=[
        "How many numbers does *one* filter have? It looks at k × k pixels, in every channel that comes in.",
        "And there is one filter for each channel that comes out. The size of the picture does not matter.",
    ],
)

width_behind_two = Question(
    name="width_behind_two",
    lecture=11,
    text="The first two layers of a network for large pictures: a convolution of <kernel> × <kernel>, stride 2, "
    "padding <padding>, and a pooling of 3 × 3, stride 2, padding 1. A picture is <size> pixels wide. How wide is what "
    "comes out?",
    numbers={"size": (32, 64, 28, 96), "kernel": (7, 9), "padding": (3, 2)},
    answer=lambda size, kernel, padding: _width(size, kernel, padding),
    because=lambda size, kernel, padding: (
        f"$\\lfloor ({size} + 2 \\cdot {padding} - {kernel}) / 2 \\rfloor + 1 = "
        f"{int((size + 2 * padding - kernel) / 2) + 1}$, then $\\lfloor (w + 2 - 3) / 2 \\rfloor + 1 = "
        f"{_width(size, kernel, padding)}$: about a quarter. ResNet-18 halves three times more."
    ),
    misconceptions=[
        Misconception(
            "the pooling is left out",
            "You stopped behind the convolution. The pooling has a stride of 2, too.",
            "the second layer.",
            lambda size, kernel, padding: int((size + 2 * padding - kernel) / 2) + 1,
        ),
        Misconception(
            "no padding",
            "You left the padding out. It is added on both sides before the filter goes over the picture.",
            r"$(w + 2 p - k) / s$.",
            lambda size, kernel, padding: _width(size, kernel, padding, pads=0),
        ),
        Misconception(
            "padding on one side",
            "You added the padding once. There is one on the left *and* one on the right.",
            r"$2 p$.",
            lambda size, kernel, padding: _width(size, kernel, padding, pads=1),
        ),
        Misconception(
            "rounded up",
            "You rounded up. Where the filter does not fit any more, it is not put: rounded is *down*.",
            r"$\lfloor \dots \rfloor + 1$.",
            lambda size, kernel, padding: _width(size, kernel, padding, rounded=ceil),
        ),
    ],
    digits=0,
    hints=[
        "One layer after the other: $w' = \\lfloor (w + 2 p - k) / s \\rfloor + 1$.",
        "k is the width of the filter, s the stride, p the padding. The brackets round down.",
    ],
)

three_above_three = Question(
    name="three_above_three",
    lecture=11,
    text="<K> optimizers are exactly equally good, and each runs with <n> seeds. For how many *pairs*, on average, do "
    "all runs of the one lie above all runs of the other, by luck alone? (No two runs have the same accuracy.)",
    numbers={"K": (12, 10, 14, 8), "n": (3, 4, 5)},
    answer=lambda K, n: comb(K, 2) * 2 / comb(2 * n, n),
    because=lambda K, n: (
        f"Of the {comb(2 * n, n)} ways to divide {2 * n} runs in two equal parts, two are such, one "
        f"for each that may be above: {2 / comb(2 * n, n):.3g}. There are {comb(K, 2)} pairs, so "
        f"{comb(K, 2) * 2 / comb(2 * n, n):.2f} of them. What looks clear for one pair happens by luck among many."
    ),
    misconceptions=[
        Misconception(
            "one direction only",
            "You counted only that the first lies above the second. The second may lie above the first.",
            "how many of the ways to divide the runs are such.",
            lambda K, n: comb(K, 2) / comb(2 * n, n),
        ),
        Misconception(
            "one pair",
            "That is the probability for a single pair. How many pairs are there?",
            r"$K (K - 1) / 2$ pairs.",
            lambda K, n: 2 / comb(2 * n, n),
        ),
        Misconception(
            "optimizers instead of pairs",
            "You multiplied by the number of optimizers. Compared are pairs.",
            r"$K (K - 1) / 2$ pairs.",
            lambda K, n: K * 2 / comb(2 * n, n),
        ),
        Misconception(
            "coins",
            "You threw a coin for each seed: that is how often one is ahead with *every seed*. Here the lowest run of "
            "the one must be above the highest of the other: that is rarer.",
            "how many ways there are to divide 2n runs in two equal parts.",
            lambda K, n: comb(K, 2) * 2 / 2**n,
        ),
        Misconception(
            "each pair counts twice",
            "You counted a with b and b with a. That is one pair.",
            r"$K (K - 1) / 2$ pairs.",
            lambda K, n: K * (K - 1) * 2 / comb(2 * n, n),
        ),
    ],
    digits=2,
    hints=[
        "First for one pair: put all 2n runs in a row by accuracy. In how many ways can n of them be the first one's?",
        "There are $\\binom{2n}{n}$ ways, all equally likely, and two of them are such. Then times the number of "
        "pairs.",
    ],
)

EXERCISES = [
    filter_weights,
    width_behind_two,
    three_above_three,
    normalise,
    channel_std,
    random_flip,
    evaluate,
    race,
]
