"""Lecture 8: why a deep network does not learn: the chain of errors, its bound, and four of the cures."""

import itertools
from collections.abc import Callable

from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial
from course_utils.exercises.verdicts import Misconception

import numpy as np
import torch
from torch import Tensor


def slope_of_sigmoid(z):
    h = 1 / (1 + torch.exp(-z))
    return h * (1 - h)


def std_of_he(n_in, n_out):
    return (2 / n_in) ** 0.5


def error_below(W, z, delta):
    h = torch.sigmoid(z)
    return h * (1 - h) * (W.T @ delta)


def error_around(W, z, e):
    h = torch.sigmoid(z)
    return e + W.T @ (h * (1 - h) * e)


def normalised(z, gamma, beta, eps):
    mean = z.mean(dim=0)
    variance = ((z - mean) ** 2).mean(dim=0)
    return gamma * (z - mean) / torch.sqrt(variance + eps) + beta


def gradient_of_the_first(weights, x, y):
    hs = [x]
    for W in weights[:-1]:
        hs.append(torch.sigmoid(W @ hs[-1]))
    delta = torch.softmax(weights[-1] @ hs[-1], dim=0) - y
    for W, h in zip(reversed(weights[1:]), reversed(hs[1:]), strict=True):
        delta = h * (1 - h) * (W.T @ delta)
    return torch.outer(delta, x)


BIND_ALIKE = "`*` and `@` bind alike, from the left: `h * (1 - h) * W.T @ delta` is `(h * (1 - h) * W.T) @ delta`."


class Dice:
    """Numbers with one place after the point, the same for the same seed."""

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int, around: float = 0.0, spread: float = 1.0) -> Tensor:
        drawn = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        return (around + spread * drawn).mul(10).round() / 10

    def one_of(self, *values: float) -> float:
        return values[torch.randint(len(values), (), generator=self.generator).item()]


def slopes(seed: int) -> dict:
    dice = Dice(seed)
    limits = {"near 0": 2.0, "far from 0": 6.0 if seed == 0 else dice.one_of(4.0, 5.0, 7.0)}
    ends = {case: torch.linspace(-limit, limit, 17, dtype=torch.float64) for case, limit in limits.items()}
    return {case: {z.item(): {"z": z} for z in points} for case, points in ends.items()}


def widths(seed: int) -> dict:
    dice = Dice(seed)
    outs = (128, 10) if seed == 0 else (dice.one_of(100, 200, 300), dice.one_of(10, 20, 50))
    return {
        f"n_out = {n_out}": {n_in: {"n_in": n_in, "n_out": n_out} for n_in in (32, 64, 144, 256, 500, 784)}
        for n_out in outs
    }


def layers_back(seed: int) -> dict:
    dice, found = Dice(seed), {}
    for case, (above, own) in {"as many units above": (3, 3), "fewer units above": (2, 3)}.items():
        found[case] = {
            f"picture {i}": {"W": dice(above, own), "z": dice(own, spread=1.5), "delta": dice(above)} for i in (1, 2)
        }
    return found


def layers_around(seed: int) -> dict:
    dice = Dice(seed)
    return {
        f"{n} units": {f"picture {i}": {"W": dice(n, n), "z": dice(n, spread=1.5), "e": dice(n)} for i in (1, 2)}
        for n in (3, 4)
    }


def batches(seed: int) -> dict:
    dice, found = Dice(seed), {}
    for (pictures, units), eps in zip(((4, 3), (5, 2)), (0.1, 0.01) if seed % 2 == 0 else (0.05, 0.2), strict=True):
        gamma = torch.tensor([1.5, -0.7, 0.4], dtype=torch.float64)[:units] + dice(units, spread=0.1)
        arguments = {"gamma": gamma, "beta": dice(units, around=1.0), "eps": eps}
        row = {"z": dice(pictures, units, around=0.5), **arguments}
        found[f"{pictures} pictures, {units} units, eps = {eps:g}"] = {"the batch": row}
    return found


def networks(seed: int) -> dict:
    dice, found = Dice(seed), {}
    for case, sizes in {"three layers of 3": (3, 3, 3, 3), "four layers, 4-3-5-3-2": (4, 3, 5, 3, 2)}.items():
        weights = [dice(b, a) for a, b in itertools.pairwise(sizes)]
        found[case] = {
            f"picture {i}": {
                "weights": weights,
                "x": dice(sizes[0]),
                "y": torch.eye(sizes[-1], dtype=torch.float64)[i - 1],
            }
            for i in (1, 2)
        }
    return found


def slope(z: Tensor) -> Tensor:
    h = torch.sigmoid(z)
    return h * (1 - h)


def deviating(name: str, says: str, look: str, divide: Callable) -> Misconception:
    """Batch normalisation with ``divide(z, eps)`` in the place of the middle."""
    return Misconception(name, says, look, lambda z, gamma, beta, eps: gamma * divide(z, eps) + beta)


def also_of_one_less(name: str, says: str, look: str, divide: Callable) -> list[Misconception]:
    """``divide(z, eps, less)`` with the batch's own variance, and with the one that is torch's default."""
    default = "Another thing: torch's `var` and `std` divide by $N - 1$ unless told otherwise."
    return [
        deviating(name, says, look, lambda z, eps: divide(z, eps, 0)),
        deviating(
            f"{name}, and divided by one picture less",
            f"Two things. {says} {default}",
            f"{look} And $s^2$ is the mean square: `correction=0`.",
            lambda z, eps: divide(z, eps, 1),
        ),
    ]


def going_back(
    name: str,
    says: str,
    look: str,
    start: Callable = lambda scores, y: scores.softmax(0) - y,
    step: Callable = lambda W, z, above, delta: slope(z) * (W.T @ delta),
    stop: int = 0,
    end: Callable = lambda delta, entering, leaving: torch.outer(delta, entering),
) -> Misconception:
    """Backpropagation with another start, another step, another layer to stop at or another end."""

    def wrong(weights, x, y):
        hs, zs = [x], []
        for W in weights:
            zs.append(W @ hs[-1])
            hs.append(torch.sigmoid(zs[-1]))
        delta, at = start(zs[-1], y), stop % len(weights)
        for i in range(len(weights) - 2, at - 1, -1):
            delta = step(weights[i + 1], zs[i], zs[i + 1], delta)
        return end(delta, hs[at], hs[at + 1])

    return Misconception(name, says, look, wrong)


sigmoid_slope = Exercise(
    name="sigmoid_slope",
    lecture=8,
    task="Write the slope of a sigmoid, `sigmoid_slope(z)`. `z` is a tensor with one number in it. `torch.exp` and "
    "`torch.sigmoid` are there.",
    formula=r"\sigma(z) = \frac{1}{1 + e^{-z}}, \qquad \sigma'(z) = \sigma(z)\,(1 - \sigma(z))",
    trial=FunctionTrial(reference=slope_of_sigmoid, cases=slopes, axis="z"),
    misconceptions=[
        Misconception(
            "the sigmoid itself",
            "You return $\\sigma(z)$, the height of the curve. Its slope is asked for.",
            r"$\sigma'(z)$ has two factors.",
            lambda z: torch.sigmoid(z),
        ),
        Misconception(
            "the second factor alone",
            "You return $1 - \\sigma(z)$: the factor in front of it is missing.",
            r"$\sigma(z)\,(1 - \sigma(z))$.",
            lambda z: 1 - torch.sigmoid(z),
        ),
        Misconception(
            "the slope of tanh",
            "You have $1 - h^2$. That is the slope of tanh, where $h = \\tanh z$.",
            r"$\sigma'(z) = h\,(1 - h)$ with $h = \sigma(z)$: no square.",
            lambda z: 1 - torch.sigmoid(z) ** 2,
        ),
        Misconception(
            "z in the place of h",
            "You have $z\\,(1 - z)$. The formula $h\\,(1 - h)$ is about $h = \\sigma(z)$: put $z$ through the sigmoid "
            "first.",
            r"what stands in both factors: $\sigma(z)$.",
            lambda z: z * (1 - z),
        ),
        Misconception(
            "through the sigmoid twice",
            "You take the slope at $\\sigma(z)$, not at $z$: the number went through the sigmoid once too often.",
            r"the point in $\sigma'(z)$.",
            lambda z: slope(torch.sigmoid(z)),
        ),
        Misconception(
            "a minus in front",
            "Your slope is negative. A sigmoid rises everywhere. (From the minus in the exponent, the chain rule makes "
            "a plus.)",
            r"$\sigma(z)\,(1 - \sigma(z))$: both factors are positive.",
            lambda z: -slope(z),
        ),
    ],
    hints=[
        "Two lines: first the sigmoid itself, in a variable h. Then the slope, from h alone.",
        "`h = torch.sigmoid(z)`",
        "`return h * (1 - h)`",
    ],
)

he_std = Exercise(
    name="he_std",
    lecture=8,
    task="A layer of ReLUs has `n_in` inputs and `n_out` outputs. Write `he_std(n_in, n_out)`: the **standard "
    "deviation** with which He's recipe draws its weights.",
    formula=r"v = \frac{2}{n_{in}}, \qquad \mathrm{std} = \sqrt{v}",
    trial=FunctionTrial(reference=std_of_he, cases=widths, axis="n_in"),
    misconceptions=[
        Misconception(
            "the variance",
            "You return the variance $v$. The standard deviation is its root.",
            r"$\mathrm{std} = \sqrt{v}$.",
            lambda n_in, n_out: 2 / n_in,
        ),
        Misconception(
            "outputs instead of inputs",
            "You divide by the number of outputs. On the way forward, each unit is a sum over the *inputs*.",
            r"$n_{in}$ below the line.",
            lambda n_in, n_out: (2 / n_out) ** 0.5,
        ),
        Misconception(
            "1 instead of 2",
            "Your variance is $1/n_{in}$. ReLU switches half of the units off: the factor 2 makes up for that.",
            r"the 2 above the line.",
            lambda n_in, n_out: (1 / n_in) ** 0.5,
        ),
        Misconception(
            "Xavier's recipe",
            "You divide by inputs and outputs together: that is Xavier's compromise, made for a slope of 1.",
            r"He has $n_{in}$ alone below the line.",
            lambda n_in, n_out: (2 / (n_in + n_out)) ** 0.5,
        ),
        Misconception(
            "the root of the 2 alone",
            r"You have $\sqrt2 / n_{in}$: the root covers the whole fraction.",
            r"$\sqrt{2 / n_{in}}$.",
            lambda n_in, n_out: 2**0.5 / n_in,
        ),
        Misconception(
            "the 2 outside the root",
            r"You have $2 / \sqrt{n_{in}}$: the root covers the whole fraction, the 2 with it.",
            r"$\sqrt{2 / n_{in}}$.",
            lambda n_in, n_out: 2 / n_in**0.5,
        ),
        Misconception(
            "torch's default",
            "You have $1/(3\\,n_{in})$ for the variance: torch's default, with a sixth of He's.",
            r"$v = 2 / n_{in}$.",
            lambda n_in, n_out: (1 / (3 * n_in)) ** 0.5,
        ),
        Misconception(
            "the end of a uniform distribution",
            r"You return $\sqrt{6 / n_{in}}$: how far a *uniform* distribution goes that has He's variance. Its "
            r"standard "
            "deviation is smaller.",
            r"$\mathrm{std} = \sqrt{2 / n_{in}}$, whatever the distribution.",
            lambda n_in, n_out: (6 / n_in) ** 0.5,
        ),
        Misconception(
            "upside down",
            "You have $n_{in}$ above the line. More inputs make longer sums, so each weight must be *smaller*.",
            r"which of the two stands below the line.",
            lambda n_in, n_out: (n_in / 2) ** 0.5,
        ),
    ],
    hints=[
        "The variance first: 2, divided by a number of units. Which: those that go in, or those that come out?",
        "The variance is `2 / n_in`. Asked for is the standard deviation.",
        "`return (2 / n_in) ** 0.5`",
    ],
)

error_of_a_layer = Exercise(
    name="error_of_a_layer",
    lecture=8,
    task="One step of backpropagation, for one picture. The layer has sigmoids. You get the weights `W` of the layer "
    "*behind* it, $W_{l+1}$; the layer's own `z`, $z_l$; and the error `delta` of the layer behind, $\\delta_{l+1}$. "
    "Return the layer's own error: `error_of_a_layer(W, z, delta)`. (`W @ delta` is a matrix times a vector, `W.T` "
    "the matrix transposed, `*` goes number by number.)",
    formula=r"\delta_l = \sigma'(z_l) \odot W_{l+1}^{\mathsf T}\, \delta_{l+1}",
    trial=FunctionTrial(reference=error_below, cases=layers_back),
    misconceptions=[
        Misconception(
            "W is not transposed",
            "You multiply by $W$. That is the way forward; the way back takes the same weights the other way round.",
            r"the small $\mathsf T$ at $W_{l+1}$.",
            lambda W, z, delta: slope(z) * (W @ delta),
        ),
        Misconception(
            "the slope is forgotten",
            "The error goes back through $W$, and not through the sigmoid: its slope is missing.",
            r"the factor $\sigma'(z_l)$.",
            lambda W, z, delta: W.T @ delta,
        ),
        Misconception(
            "the sigmoid instead of its slope",
            "You multiply by $\\sigma(z)$. On the way back stands its derivative.",
            r"the dash in $\sigma'(z_l)$.",
            lambda W, z, delta: torch.sigmoid(z) * (W.T @ delta),
        ),
        Misconception(
            "the slope at another point",
            "You take the slope at $h = \\sigma(z)$: the number went through the sigmoid once too often.",
            r"the point in $\sigma'(z_l)$: it is $z_l$.",
            lambda W, z, delta: slope(torch.sigmoid(z)) * (W.T @ delta),
        ),
        Misconception(
            "always a quarter",
            "You multiply by ¼ everywhere. That is the *largest* slope, the bound; the true one depends on $z$.",
            r"$\sigma'(z_l)$: another number for each unit.",
            lambda W, z, delta: (W.T @ delta) / 4,
        ),
        Misconception(
            "the slope comes before W",
            "You multiply the error by the slope first, and by $W^{\\mathsf T}$ then. But the slopes belong to the "
            f"units in *front* of $W$. Or is a parenthesis missing? {BIND_ALIKE}",
            r"the order: first $W^{\mathsf T} \delta$, and that times $\sigma'(z_l)$. `h * (1 - h) * (W.T @ delta)`",
            lambda W, z, delta: slope(z) * W.T @ delta,
        ),
        Misconception(
            "a sum instead of a product",
            "You add the slope. The chain rule multiplies.",
            r"the sign $\odot$: a product, number by number.",
            lambda W, z, delta: slope(z) + W.T @ delta,
        ),
        Misconception(
            "the sign",
            "Your error has the opposite sign. The minus comes later, in the step downhill; the gradient has none.",
            r"the sign of the right side.",
            lambda W, z, delta: -slope(z) * (W.T @ delta),
        ),
        Misconception(
            "ReLU's slope",
            "You let the error through where z is positive, and stop it elsewhere: that is the slope of a ReLU. This "
            "layer has sigmoids.",
            r"$\sigma'(z) = \sigma(z)\,(1 - \sigma(z))$.",
            lambda W, z, delta: (z > 0) * (W.T @ delta),
        ),
    ],
    hints=[
        "Two parts. How much of the error arrives at each unit, through the weights? And how steep is the sigmoid "
        "there?",
        "Through the weights: `W.T @ delta`. The steepness: your `sigmoid_slope(z)`, or `h * (1 - h)` with "
        "`h = torch.sigmoid(z)`.",
        "`return h * (1 - h) * (W.T @ delta)`",
    ],
)

residual_error = Exercise(
    name="residual_error",
    lecture=8,
    task="A residual layer of sigmoids: $h_l = h_{l-1} + \\sigma(z_l)$ with $z_l = W h_{l-1} + b$. Here the error is "
    "taken at what a layer hands on: $e_l = \\partial f / \\partial h_l$. Carry it back through the layer: "
    "`residual_error(W, z, e)` gets $e_l$ and returns $e_{l-1}$.",
    formula=r"\frac{\partial h_l}{\partial h_{l-1}} = I + D W, \quad D = \operatorname{diag} \sigma'(z_l) "
    r"\qquad\Rightarrow\qquad e_{l-1} = (I + D W)^{\mathsf T}\, e_l = e_l + W^{\mathsf T} (\sigma'(z_l) \odot e_l)",
    trial=FunctionTrial(reference=error_around, cases=layers_around),
    misconceptions=[
        Misconception(
            "the way around is missing",
            "Your error goes back through the sigmoids alone. The layer has a second way, around them.",
            r"the $I$ in $I + D W$.",
            lambda W, z, e: W.T @ (slope(z) * e),
        ),
        Misconception(
            "the way through is missing",
            "Your error takes the way around alone. What came through the sigmoids is to be added.",
            r"the second term, $W^{\mathsf T} (\sigma'(z_l) \odot e_l)$.",
            lambda W, z, e: 1.0 * e,
        ),
        Misconception(
            "1 instead of the error",
            "You add the number 1. The $I$ is a matrix: times $e$ it gives $e$ itself.",
            r"$I\, e_l = e_l$.",
            lambda W, z, e: 1 + W.T @ (slope(z) * e),
        ),
        Misconception(
            "W is not transposed",
            "You multiply by $W$. On the way back it is transposed.",
            r"the small $\mathsf T$ at $W$.",
            lambda W, z, e: e + W @ (slope(z) * e),
        ),
        Misconception(
            "the slope comes after W",
            "You multiply by $W^{\\mathsf T}$ first, and by the slope then. Here $W$ stands *before* the sigmoids, so "
            "the error meets the sigmoids first.",
            r"$(D W)^{\mathsf T} = W^{\mathsf T} D$: $D$ is next to the error.",
            lambda W, z, e: e + slope(z) * (W.T @ e),
        ),
        Misconception(
            "a parenthesis is missing",
            "`*` and `@` bind alike, from the left: `W.T @ (h * (1 - h)) * e` is `(W.T @ (h * (1 - h))) * e`. Your "
            "weights carry the slopes back, and the error is multiplied at the end.",
            r"$W^{\mathsf T} (\sigma'(z_l) \odot e_l)$: the product with $e_l$ comes first. `W.T @ (h * (1 - h) * e)`",
            lambda W, z, e: e + W.T @ slope(z) * e,
        ),
        Misconception(
            "the slope is forgotten",
            "On the way through, the error meets $W$, but not the slope of the sigmoids.",
            r"$\sigma'(z_l)$.",
            lambda W, z, e: e + W.T @ e,
        ),
        Misconception(
            "the sigmoid instead of its slope",
            "You multiply by $\\sigma(z)$. On the way back stands its derivative.",
            r"the dash in $\sigma'(z_l)$.",
            lambda W, z, e: e + W.T @ (torch.sigmoid(z) * e),
        ),
        Misconception(
            "the mean of both ways",
            "You halve the sum. The layer adds, so the errors of both ways are added, too.",
            r"$I + D W$: nothing divides it.",
            lambda W, z, e: (e + W.T @ (slope(z) * e)) / 2,
        ),
        Misconception(
            "the slope on both ways",
            "You multiply the error by the slope and let *that* go both ways. The way around meets no sigmoid.",
            r"the first term: $e_l$ as it is.",
            lambda W, z, e: slope(z) * e + W.T @ (slope(z) * e),
        ),
    ],
    hints=[
        "There are two ways back: around the layer, and through it. Their errors are added.",
        "Through it: first the sigmoids, `slope * e`, then the weights, transposed.",
        "`return e + W.T @ (h * (1 - h) * e)` with `h = torch.sigmoid(z)`",
    ],
)

batch_norm = Exercise(
    name="batch_norm",
    lecture=8,
    task="Batch normalisation, as in training: `batch_norm(z, gamma, beta, eps)`. `z` is a batch, a row a picture, a "
    "column a unit. `gamma` and `beta` have one number a unit. Mean and variance are those of the batch, the variance "
    "divided by the number of pictures.",
    formula=r"\hat z = \gamma\, \frac{z - \mu}{\sqrt{s^2 + \varepsilon}} + \beta",
    trial=FunctionTrial(reference=normalised, cases=batches),
    misconceptions=[
        *also_of_one_less(
            "statistics of each picture",
            "You take mean and variance over the units of a picture: along the rows. That is layer normalisation.",
            r"$\mu$ and $s$ over the batch: `dim=0`, one of each a unit.",
            lambda z, eps, less: (z - z.mean(1, True)) / (z.var(1, keepdim=True, correction=less) + eps).sqrt(),
        ),
        *also_of_one_less(
            "one mean for all units",
            "You take one mean and one variance of all numbers together. Each unit has its own.",
            r"$\mu$ and $s$ over the batch: `dim=0`, one of each a unit.",
            lambda z, eps, less: (z - z.mean()) / (z.var(correction=less) + eps).sqrt(),
        ),
        *also_of_one_less(
            "ε outside the root",
            r"You divide by $s + \varepsilon$. Here ε is added to the variance, before the root.",
            r"what the root covers: $\sqrt{s^2 + \varepsilon}$.",
            lambda z, eps, less: (z - z.mean(0)) / (z.std(0, correction=less) + eps),
        ),
        *also_of_one_less(
            "ε is forgotten",
            "Your divisor has no ε. A unit that says the same for all pictures would then be 0/0.",
            r"$\sqrt{s^2 + \varepsilon}$.",
            lambda z, eps, less: (z - z.mean(0)) / z.std(0, correction=less),
        ),
        *also_of_one_less(
            "the variance instead of the deviation",
            "You divide by the variance: the root is missing.",
            r"$\sqrt{s^2 + \varepsilon}$.",
            lambda z, eps, less: (z - z.mean(0)) / (z.var(0, correction=less) + eps),
        ),
        *also_of_one_less(
            "the root of the deviation",
            "You add ε to the standard deviation and take the root of that: one root too many.",
            r"below the root stands $s^2$, the variance.",
            lambda z, eps, less: (z - z.mean(0)) / (z.std(0, correction=less) + eps).sqrt(),
        ),
        deviating(
            "divided by one picture less",
            "Your variance is divided by $N - 1$, as `var` and `std` do unless told otherwise. In training, batch "
            "normalisation divides by $N$.",
            r"$s^2$, the mean square: `var(dim=0, correction=0)`.",
            lambda z, eps: (z - z.mean(0)) / (z.var(0) + eps).sqrt(),
        ),
        *also_of_one_less(
            "the mean is not subtracted",
            "You divide by the deviation, but do not take the mean off.",
            r"$z - \mu$, above the line.",
            lambda z, eps, less: z / (z.var(0, correction=less) + eps).sqrt(),
        ),
        *also_of_one_less(
            "the mean is subtracted afterwards",
            "You subtract $\\mu$ from the finished ratio. It belongs above the line: is there a parenthesis missing?",
            r"$(z - \mu)$ is divided as a whole.",
            lambda z, eps, less: z / (z.var(0, correction=less) + eps).sqrt() - z.mean(0),
        ),
        Misconception(
            "γ before the normalisation",
            "You multiply z by γ first and normalise then: that takes the scale away again, and all but the sign of γ "
            "is lost.",
            r"where γ stands: in front of the finished ratio.",
            lambda z, gamma, beta, eps: normalised(gamma * z, 1.0, beta, eps),
        ),
        Misconception(
            "γ and β before the normalisation",
            "You scale and shift z first and normalise then: that takes both away again.",
            r"where γ and β stand: outside the ratio.",
            lambda z, gamma, beta, eps: normalised(gamma * z + beta, 1.0, 0.0, eps),
        ),
        Misconception(
            "γ and β are exchanged",
            "You multiply by β and add γ.",
            r"γ is the factor, β is added.",
            lambda z, gamma, beta, eps: normalised(z, beta, gamma, eps),
        ),
        Misconception(
            "γ multiplies β, too",
            "You add β first and multiply then.",
            r"$\gamma \cdot (\text{ratio}) + \beta$.",
            lambda z, gamma, beta, eps: gamma * normalised(z, 1.0, beta, eps),
        ),
        Misconception(
            "γ and β are forgotten",
            "You return the normalised z. The unit may scale and shift it by what it has learnt.",
            r"γ in front, β at the end.",
            lambda z, gamma, beta, eps: normalised(z, 1.0, 0.0, eps),
        ),
    ],
    hints=[
        "Four lines: the mean of each unit over the batch, the variance, the ratio, then γ and β.",
        "Over the batch is `dim=0`: `mean = z.mean(dim=0)`, `variance = z.var(dim=0, correction=0)`.",
        "`return gamma * (z - mean) / torch.sqrt(variance + eps) + beta`",
    ],
)

first_gradient = Exercise(
    name="first_gradient",
    lecture=8,
    task="The whole way back, by hand. A network without biases: `weights` is the list of $W_1, \\dots, W_L$, one or "
    "more hidden layers of sigmoids, and scores at the end. One picture `x` goes in; its truth `y` is 1 at the right "
    "class and 0 elsewhere; the loss is the cross-entropy. Return its gradient with respect to the *first* matrix: "
    "`first_gradient(weights, x, y)`.",
    formula=r"h_0 = x, \quad h_l = \sigma(W_l h_{l-1}), \quad p = \mathrm{softmax}(W_L h_{L-1}), \qquad "
    r"\delta_L = p - y, \quad \delta_l = \sigma'(z_l) \odot W_{l+1}^{\mathsf T}\, \delta_{l+1}, \qquad "
    r"\frac{\partial f}{\partial W_1} = \delta_1\, x^{\mathsf T}",
    trial=FunctionTrial(reference=gradient_of_the_first, cases=networks),
    misconceptions=[
        going_back(
            "the sign of the first error",
            "You begin with $y - p$. The gradient points uphill: probabilities minus truth.",
            r"$\delta_L = p - y$.",
            start=lambda scores, y: y - scores.softmax(0),
        ),
        going_back(
            "the truth is forgotten",
            "You begin with $p$. What is sent back is how far the probabilities are from the truth.",
            r"$\delta_L = p - y$.",
            start=lambda scores, y: scores.softmax(0),
        ),
        going_back(
            "scores instead of probabilities",
            "You begin with scores minus truth. The scores must go through the softmax first.",
            r"$p = \mathrm{softmax}(\dots)$.",
            start=lambda scores, y: scores - y,
        ),
        going_back(
            "a sigmoid at the scores",
            "You put the scores through sigmoids instead of the softmax.",
            r"$p = \mathrm{softmax}(\dots)$: the probabilities of all classes make 1.",
            start=lambda scores, y: scores.sigmoid() - y,
        ),
        going_back(
            "a slope at the scores",
            "You multiply $p - y$ by a sigmoid's slope. There is no sigmoid behind the last matrix; the softmax is in "
            "$p - y$ already.",
            r"$\delta_L = p - y$: nothing else.",
            start=lambda scores, y: slope(scores) * (scores.softmax(0) - y),
        ),
        going_back(
            "the slopes are forgotten",
            "The error goes back through the matrices, but not through the sigmoids between them.",
            r"the factor $\sigma'(z_l)$ of each layer.",
            step=lambda W, z, above, delta: W.T @ delta,
        ),
        going_back(
            "the sigmoid instead of its slope",
            "You multiply by $h_l = \\sigma(z_l)$. On the way back stands the derivative, $h_l\\,(1 - h_l)$.",
            r"the dash in $\sigma'(z_l)$.",
            step=lambda W, z, above, delta: z.sigmoid() * (W.T @ delta),
        ),
        going_back(
            "the slope at another point",
            "You take the slopes at $h_l$: these numbers went through the sigmoid once too often.",
            r"the point in $\sigma'(z_l)$. From $h$ it is $h\,(1 - h)$.",
            step=lambda W, z, above, delta: slope(z.sigmoid()) * (W.T @ delta),
        ),
        going_back(
            "each slope a layer too late",
            "You multiply the error by the slope of the layer from which it comes: each slope is used one layer too "
            "far behind, the scores have one, and the first layer has none.",
            r"the indices: $\sigma'(z_l)$ makes $\delta_l$, with $W_{l+1}$.",
            step=lambda W, z, above, delta: W.T @ (slope(above) * delta),
        ),
        going_back(
            "a parenthesis is missing",
            f"{BIND_ALIKE} So your slopes meet the error that comes in, instead of the one that goes on.",
            r"the order in $\delta_l$: first $W_{l+1}^{\mathsf T}\, \delta_{l+1}$. `h * (1 - h) * (W.T @ delta)`",
            step=lambda W, z, above, delta: slope(z) * W.T @ delta,
        ),
        going_back(
            "W is not transposed",
            "You multiply by $W$. That is the way forward; the way back takes the same weights the other way round.",
            r"the small $\mathsf T$ at $W_{l+1}$.",
            step=lambda W, z, above, delta: slope(z) * (W @ delta),
        ),
        going_back(
            "the gradient of the last matrix",
            "You stop at the scores: this is the gradient of the last matrix. The first one was asked for.",
            r"how often $\delta_l$ follows from $\delta_{l+1}$: until $\delta_1$.",
            stop=-1,
        ),
        going_back(
            "a layer too few",
            "You stop one layer too early: this is the gradient of the second matrix.",
            r"the last index: $\delta_1\, x^{\mathsf T}$.",
            stop=1,
        ),
        going_back(
            "what leaves the layer",
            "You multiply $\\delta_1$ by what the first layer hands on. The weights were multiplied by what *enters* "
            "it.",
            r"$\delta_1\, x^{\mathsf T}$: $x$ is what enters.",
            end=lambda delta, entering, leaving: torch.outer(delta, leaving),
        ),
        going_back(
            "the gradient lies on its side",
            "You have $x\\,\\delta_1^{\\mathsf T}$: the gradient transposed. It has the shape of $W_1$: a row for each "
            "unit.",
            r"the order in $\delta_1\, x^{\mathsf T}$.",
            end=lambda delta, entering, leaving: torch.outer(entering, delta),
        ),
    ],
    hints=[
        "Forward first, and keep every h in a list: you need them all on the way back.",
        "At the scores, the error is `torch.softmax(scores, dim=0) - y`. Then a loop from the last matrix to the "
        "second.",
        "In the loop: `delta = h * (1 - h) * (W.T @ delta)`, with `h` what *enters* `W`.",
        "At the end: `torch.outer(delta, x)`.",
    ],
)

guessing_loss = Question(
    name="guessing_loss",
    lecture=8,
    text="A network for <K> classes, all equally frequent, has a training loss (mean cross-entropy) that stays at the "
    "same number. You suspect that it guesses: every picture gets the same probabilities, 1/<K> for each class. Which "
    "loss would confirm that?",
    numbers={"K": (10, 100, 5, 20)},
    answer=lambda K: float(np.log(K)),
    because=lambda K: (
        f"$-\\ln \\tfrac1{{{K}}} = \\ln {K} = {np.log(K):.4f}$. No pictures enter: it is the best loss of "
        "scores that have nothing to do with them."
    ),
    misconceptions=[
        Misconception(
            "the share of hits",
            "You took 1/K: that is the *accuracy* of guessing. The loss is the logarithm of it, with a minus.",
            r"$-\ln p$, with $p = 1/K$.",
            lambda K: 1 / K,
        ),
        Misconception(
            "the share of misses",
            "You took 1 - 1/K: how often a guess is wrong. The cross-entropy asks which probability the truth was "
            "given.",
            r"$-\ln p$, with $p = 1/K$.",
            lambda K: 1 - 1 / K,
        ),
        Misconception(
            "another logarithm",
            "You took the logarithm to the base 2. torch's cross-entropy has the natural one.",
            r"$\ln$: base $e$.",
            lambda K: float(np.log2(K)),
        ),
        Misconception(
            "the mean over the classes",
            "You divided by the number of classes: the truth is *one* class, and its logarithm counts whole.",
            r"$-\sum_k q_k \ln p_k$: with $q_k = 1/K$, that is K equal terms.",
            lambda K: float(np.log(K)) / K,
        ),
        Misconception(
            "the logarithm to the base 10",
            "You took the logarithm to the base 10. torch's cross-entropy has the natural one.",
            r"$\ln$: base $e$.",
            lambda K: float(np.log10(K)),
        ),
    ],
    digits=4,
    hints=[
        "The cross-entropy of a picture is $-\\ln p$, and $p$ is the probability that its true class was given.",
        "$p = 1/K$, for every picture. So the mean is the same: $-\\ln(1/K)$.",
    ],
)

error_bound = Question(
    name="error_bound",
    lecture=8,
    text="A network has <hidden> hidden layers of sigmoids, then the scores. Every matrix on the way back stretches a "
    "vector by <norm> at most, its largest singular value. By which factor is the error of the *first* layer smaller "
    "than that at the scores, at least?",
    numbers={"hidden": (5, 4, 6, 3), "norm": (0.8, 0.4, 0.2, 0.16)},
    answer=lambda hidden, norm: (4 / norm) ** hidden,
    because=lambda hidden, norm: (
        f"Each of the {hidden} hidden layers has a sigmoid, and the error is multiplied by its slope, "
        f"at most ¼, and by the matrix behind it, at most {norm:g}: $({norm:g}/4)^{{{hidden}}} = "
        f"1/{(4 / norm) ** hidden:.0f}$. So it is at least {(4 / norm) ** hidden:,.0f} times smaller."
    ),
    misconceptions=[
        Misconception(
            "a slope of ½",
            "You took ½ for the slope: that is the *height* of a sigmoid in its middle. Its slope there is ¼.",
            r"$\sigma' = \sigma\,(1 - \sigma) \le \tfrac12 \cdot \tfrac12$.",
            lambda hidden, norm: (2 / norm) ** hidden,
        ),
        Misconception(
            "a slope of 1",
            "You left the slopes out: as for tanh or ReLU. A sigmoid's is ¼ at most.",
            r"$\|\delta_l\| \le \tfrac14 \|W_{l+1}\|\, \|\delta_{l+1}\|$.",
            lambda hidden, norm: (1 / norm) ** hidden,
        ),
        Misconception(
            "a sum instead of a product",
            "You added up the factors. Each layer multiplies what the one behind it has left.",
            r"$\delta_1$ from $\delta_2$ from $\delta_3$ …: a product.",
            lambda hidden, norm: hidden * 4 / norm,
        ),
        Misconception(
            "one layer too many",
            "You counted the scores, too. There is no sigmoid at the scores: the way back begins *there*.",
            r"how many sigmoids stand between the first layer's z and the scores.",
            lambda hidden, norm: (4 / norm) ** (hidden + 1),
        ),
        Misconception(
            "one layer too few",
            "You left a layer out. The first layer's own sigmoid stands between its z and the scores, too.",
            r"$\delta_l = \sigma'(z_l) \odot \dots$: also for $l = 1$.",
            lambda hidden, norm: (4 / norm) ** (hidden - 1),
        ),
        Misconception(
            "the part that is left",
            "You gave the part of the error that is left. By which factor is it *smaller*?",
            "the question: a factor greater than 1.",
            lambda hidden, norm: (norm / 4) ** hidden,
        ),
        Misconception(
            "the matrices are left out",
            "You counted the slopes alone. Each matrix stretches or shrinks the error, too.",
            r"the factor $\|W_{l+1}\|$.",
            lambda hidden, norm: 4.0**hidden,
        ),
    ],
    choices=False,
    digits=0,
    hints=[
        "How steep is a sigmoid at most? Where it is steepest, $\\sigma = \\tfrac12$, and $\\sigma' = \\sigma\\,(1 - "
        "\\sigma)$.",
        "One step back multiplies by ¼ times the norm of a matrix, at most. How many steps are there to the first "
        "layer?",
    ],
)

xavier_std = Question(
    name="xavier_std",
    lecture=8,
    text="A layer of tanh units has <n_in> inputs and <n_out> outputs. With which *standard deviation* does Xavier's "
    "recipe draw its weights?",
    numbers={"n_in": (784, 500, 300, 400), "n_out": (128, 90, 64, 30)},
    answer=lambda n_in, n_out: (2 / (n_in + n_out)) ** 0.5,
    because=lambda n_in, n_out: (
        f"$v = 2 / ({n_in} + {n_out}) = {2 / (n_in + n_out):.6f}$, and its root is {(2 / (n_in + n_out)) ** 0.5:.4f}."
    ),
    misconceptions=[
        Misconception(
            "the variance",
            "You gave the variance. The standard deviation is its root.",
            r"$v = 2 / (n_{in} + n_{out})$ is a variance.",
            lambda n_in, n_out: 2 / (n_in + n_out),
        ),
        Misconception(
            "He's recipe",
            "You divided by the inputs alone: He's recipe, made for ReLU. Xavier has both.",
            r"$n_{in} + n_{out}$.",
            lambda n_in, n_out: (2 / n_in) ** 0.5,
        ),
        Misconception(
            "1 instead of 2",
            "Your 2 is missing. Xavier divides by the *mean* of inputs and outputs.",
            r"$v = 2 / (n_{in} + n_{out})$.",
            lambda n_in, n_out: (1 / (n_in + n_out)) ** 0.5,
        ),
        Misconception(
            "the outputs alone",
            "You divided by the outputs alone: that keeps the way back level, and not the way forward.",
            r"$n_{in} + n_{out}$: a compromise between the two.",
            lambda n_in, n_out: (1 / n_out) ** 0.5,
        ),
        Misconception(
            "the inputs alone",
            "You divided by the inputs alone: that keeps the way forward level, and not the way back.",
            r"$n_{in} + n_{out}$: a compromise between the two.",
            lambda n_in, n_out: (1 / n_in) ** 0.5,
        ),
        Misconception(
            "the end of a uniform distribution",
            r"You gave $\sqrt{6 / (n_{in} + n_{out})}$: how far a *uniform* distribution goes that has this variance.",
            "what was asked for: the standard deviation.",
            lambda n_in, n_out: (6 / (n_in + n_out)) ** 0.5,
        ),
    ],
    choices=False,
    digits=4,
    hints=[
        "The variance first: $v = 2 / (n_{in} + n_{out})$.",
        "`(2 / (n_in + n_out)) ** 0.5`, with the numbers of the question.",
    ],
)

EXERCISES = [
    guessing_loss,
    error_bound,
    xavier_std,
    sigmoid_slope,
    he_std,
    error_of_a_layer,
    residual_error,
    batch_norm,
    first_gradient,
]
