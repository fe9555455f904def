"""Update rules, each one a pure function that reads as its formula does.

All rules have the same shape::

    x, s = rule(x, g, s, t, **hyperparameters)

``x`` are the parameters (a tensor of any shape), ``g`` the gradient at ``x``, ``s`` what the rule remembers from
the step before (an empty ``State()`` at the start) and ``t`` the number of the step, counted from 1. The new
parameters and the new state come back; nothing is edited in place. A hyperparameter is a number; or a tensor that
broadcasts against ``x``: then one call advances a whole grid of settings; or a function of ``t``, such as those in
``schedules``. Products, quotients and roots of tensors are taken number by number.
"""

import functools
import inspect
from collections.abc import Callable
from numbers import Number
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

__all__ = [  # the rules by name
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "asgd",
    "lion",
    "momentum",
    "momentum_ema",
    "muon",
    "nadam",
    "nesterov",
    "radam",
    "ranger",
    "rmsprop",
    "rmsprop_nesterov",
    "schedule_free",
    "sgd",
]

Rule = Callable[..., tuple[Tensor, "State"]]
UNSCHEDULED: dict[Rule, Rule] = {}  # each rule that takes schedules -> the bare one, for callers with numbers at hand
Hyper = float | Tensor | Callable[[int], float | Tensor]


class State(SimpleNamespace):
    """What a rule remembers between two steps, as named tensors. What is not set yet is 0: all rules start at rest."""

    def __getattr__(self, name: str) -> float:
        if name.startswith("__"):  # what copy and pickle ask for
            raise AttributeError(name)
        return 0.0


def at(value: Any, t: int) -> Any:
    """A hyperparameter's value at step ``t``: that of the schedule, if it is one."""
    return value(t) if callable(value) else value


def scheduled(rule: Rule) -> Rule:
    """Lets each hyperparameter of ``rule`` be a function of the step."""

    @functools.wraps(rule)
    def at_step(x: Tensor, g: Tensor, s: State, t: int, *args: Hyper, **hyper: Hyper) -> tuple[Tensor, State]:
        return rule(x, g, s, t, *[at(h, t) for h in args], **{name: at(h, t) for name, h in hyper.items()})

    UNSCHEDULED[at_step] = rule
    return at_step


# Three words in which the rules are written, for numbers and for tensors alike.


def sqrt(a: Any) -> Any:
    """√a."""
    return a**0.5


def larger(old: Any, new: Any) -> Any:
    """max(old, new) for what is not negative; before the first step, where old is still the number 0, just new."""
    return new if isinstance(old, Number) else torch.maximum(old, new)


def where(condition: bool | Tensor, a: Any, b: Any) -> Any:
    """a where the condition holds, else b: for one condition, or for one per setting of a grid."""
    return torch.where(condition, a, b) if torch.is_tensor(condition) else (a if condition else b)


@scheduled
def sgd(x: Tensor, g: Tensor, s: State, t: int, lr: Hyper = 1e-3) -> tuple[Tensor, State]:
    r"""Gradient descent; *stochastic* gradient descent when $g$ comes from a random batch.

    $$x_t = x_{t-1} - \mathrm{lr}\; g_t$$

    where $g_t$ is the gradient at $x_{t-1}$, or an estimate of it.

    **Source.** Cauchy, *Méthode générale pour la résolution des systèmes d'équations simultanées*, Comptes Rendus 25
    (1847), for the exact gradient; Robbins and Monro, *A Stochastic Approximation Method*, Ann. Math. Stat. 22
    (1951), for steps along noisy observations.

    **Arguments.**

    - `lr`: the learning rate, a positive number; default 0.001. It carries units: those of $x$ over those of $g$.

    **State.** None: 0 numbers per parameter.

    **torch.optim.** The same as `torch.optim.SGD` with its other arguments at their defaults.
    """
    return x - lr * g, s


@scheduled
def momentum(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    momentum: Hyper = 0.9,
    dampening: Hyper = 0.0,
    weight_decay: Hyper = 0.0,
) -> tuple[Tensor, State]:
    r"""Gradient descent with momentum, the *heavy ball*: steps go along a decaying sum of all gradients so far.

    $$\begin{aligned} v_t &= \mu\, v_{t-1} + (1 - \tau)\, (g_t + \lambda x_{t-1}), \qquad v_1 = g_1 + \lambda x_0 \\
    x_t &= x_{t-1} - \mathrm{lr}\; v_t \end{aligned}$$

    with $\mu$ = `momentum`, $\tau$ = `dampening` and $\lambda$ = `weight_decay`. Under a steady gradient the steps grow
    to $\mathrm{lr}\,(1-\tau)/(1-\mu)$ times that gradient: tenfold at the defaults.

    **Source.** Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Comput. Math. Math.
    Phys. 4 (1964); for networks, Sutskever, Martens, Dahl and Hinton, *On the importance of initialization and momentum
    in deep learning*, ICML 2013, section 2, equations (1) and (2).

    **Arguments.**

    - `lr`: the learning rate, a positive number; default 0.001.
    - `momentum`: $\mu$, how much of the last step is kept; at least 0, below 1 to converge; default 0.9.
    - `dampening`: $\tau$, how much of each new gradient is left out, the first excepted; default 0.
    - `weight_decay`: $\lambda \ge 0$, the strength of the penalty $\tfrac{\lambda}{2}\lVert x \rVert^2$; default 0.

    **State.** $v$: 1 number per parameter.

    **torch.optim.** The same as `torch.optim.SGD` with these arguments; the first gradient is not dampened there
    either. The paper has the learning rate inside its velocity, $v_t = \mu v_{t-1} - \mathrm{lr}\,g_t$,
    $x_t = x_{t-1} + v_t$: the same path as long as lr is constant. `momentum_ema` is the form with an average.
    """
    g = g + weight_decay * x
    v = g if t == 1 else momentum * s.v + (1 - dampening) * g
    return x - lr * v, State(v=v)


@scheduled
def momentum_ema(x: Tensor, g: Tensor, s: State, t: int, lr: Hyper = 1e-3, beta: Hyper = 0.9) -> tuple[Tensor, State]:
    r"""Momentum in its other form: steps go along an exponential moving *average* of the gradients.

    $$\begin{aligned} v_t &= \beta\, v_{t-1} + (1 - \beta)\, g_t, \qquad v_0 = 0 \\
    x_t &= x_{t-1} - \mathrm{lr}\; v_t \end{aligned}$$

    Under a steady gradient the steps grow to lr times that gradient, whatever β is.

    **Source.** The average is that of Kingma and Ba, *Adam*, ICLR 2015, arXiv:1412.6980, Algorithm 1, without
    its bias correction; many courses call it momentum.

    **Arguments.**

    - `lr`: the learning rate, a positive number; default 0.001.
    - `beta`: β in [0, 1), how slowly the average forgets; default 0.9.

    **State.** $v$: 1 number per parameter.

    **torch.optim.** `torch.optim.SGD` sums where this averages. They walk the same path when its lr is $(1 - \beta)$
    times this one and its momentum is β: the average is $(1-\beta)$ times the sum.
    """
    v = beta * s.v + (1 - beta) * g
    return x - lr * v, State(v=v)


@scheduled
def nesterov(x: Tensor, g: Tensor, s: State, t: int, lr: Hyper = 1e-3, momentum: Hyper = 0.9) -> tuple[Tensor, State]:
    r"""Nesterov's momentum: look ahead along the velocity first, and take the gradient there.

    $$\begin{aligned} v_t &= \mu\, v_{t-1} + g_t, \qquad v_0 = 0 \\
    x_t &= x_{t-1} - \mathrm{lr}\, (g_t + \mu\, v_t) \end{aligned}$$

    Here $x$ is the point in front: the gradient is taken there. The textbook's parameters stand a little behind it, at
    $w_t = x_t + \mathrm{lr}\,\mu\, v_t$. At a minimum $v = 0$, and both are the same.

    **Source.** Nesterov, *A method for solving the convex programming problem with convergence rate $O(1/k^2)$*,
    Dokl. Akad. Nauk SSSR 269 (1983); with constant μ, Sutskever, Martens, Dahl and Hinton, ICML 2013, section 2,
    equations (3) and (4); in these coordinates, Bengio, Boulanger-Lewandowski and Pascanu, *Advances in optimizing
    recurrent networks*, ICASSP 2013, section 3.5.

    **Arguments.**

    - `lr`: the learning rate, a positive number; default 0.001.
    - `momentum`: $\mu$, at least 0, below 1 to converge; default 0.9.

    **State.** $v$: 1 number per parameter.

    **torch.optim.** The same as `torch.optim.SGD(nesterov=True)`. Textbooks write it for $w$, with the
    velocity $u_t = -\mathrm{lr}\, v_t$: $u_t = \mu u_{t-1} - \mathrm{lr}\,\nabla f(w_{t-1} + \mu u_{t-1})$,
    $w_t = w_{t-1} + u_t$. The same path, seen from the other point, as long as lr is constant.
    """
    v = momentum * s.v + g
    return x - lr * (g + momentum * v), State(v=v)


@scheduled
def adagrad(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-2,
    lr_decay: Hyper = 0.0,
    initial_accumulator_value: Hyper = 0.0,
    eps: Hyper = 1e-10,
    delta: Hyper = 0.0,
) -> tuple[Tensor, State]:
    r"""AdaGrad: each coordinate has its own learning rate, which shrinks by all of its gradients so far.

    $$\begin{aligned} r_t &= r_{t-1} + g_t^2 \\
    x_t &= x_{t-1} - \frac{\mathrm{lr}}{1 + (t-1)\,\eta}\; \frac{g_t}{\sqrt{r_t + \delta} + \epsilon} \end{aligned}$$

    with $\eta$ = `lr_decay` and $r_0$ = `initial_accumulator_value`. Multiplying the loss by a positive constant
    changes no step (but for ε, δ and $r_0$). The sum $r$ never shrinks, so the steps die out: like $1/\sqrt{t}$ under
    a steady gradient.

    **Source.** Duchi, Hazan and Singer, *Adaptive Subgradient Methods for Online Learning and Stochastic Optimization*,
    JMLR 12 (2011), Figure 1, with diagonal matrices.

    **Arguments.**

    - `lr`: the learning rate, in units of $x$, a positive number; default 0.01.
    - `lr_decay`: $\eta \ge 0$, a decay of the learning rate on top; default 0.
    - `initial_accumulator_value`: $r_0 \ge 0$; default 0.
    - `eps`: ε ≥ 0, added to the root; default 1e-10.
    - `delta`: δ ≥ 0, added inside the root; default 0.

    **State.** $r$: 1 number per parameter.

    **torch.optim.** The same as `torch.optim.Adagrad`, which has ε outside the root; `delta` is the rule's alone. (The
    paper's δ is ε here.) With `eps=0, delta=1e-7` it is the form of many textbooks, which add inside the root.
    """
    r = (initial_accumulator_value if t == 1 else s.r) + g * g
    return x - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(r + delta) + eps), State(r=r)


@scheduled
def rmsprop(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-2,
    alpha: Hyper = 0.99,
    eps: Hyper = 1e-8,
    momentum: Hyper = 0.0,
    centered: bool = False,
    delta: Hyper = 0.0,
) -> tuple[Tensor, State]:
    r"""RMSProp: AdaGrad that forgets. Steps are measured in the recent root mean square of their coordinate's gradient.

    $$\begin{aligned} v_t &= \alpha\, v_{t-1} + (1 - \alpha)\, g_t^2, \qquad v_0 = 0 \\
    b_t &= \mu\, b_{t-1} + \frac{g_t}{\sqrt{v_t + \delta} + \epsilon}, \qquad b_0 = 0 \\
    x_t &= x_{t-1} - \mathrm{lr}\; b_t \end{aligned}$$

    with $\mu$ = `momentum`. If `centered`, the root is taken of $v_t - m_t^2 + \delta$, an estimate of the variance,
    where $m_t = \alpha\, m_{t-1} + (1 - \alpha)\, g_t$.

    **Source.** Tieleman and Hinton, *Lecture 6.5: rmsprop*, COURSERA: Neural Networks for Machine Learning (2012);
    centered and with momentum, Graves, *Generating Sequences With Recurrent Neural Networks*, arXiv:1308.0850 (2013),
    section 4.2, equations (38) to (41).

    **Arguments.**

    - `lr`: the learning rate, in units of $x$, a positive number; default 0.01.
    - `alpha`: α in [0, 1), how slowly the average of the squares forgets; default 0.99.
    - `eps`: ε ≥ 0, added to the root; default 1e-8.
    - `momentum`: $\mu \ge 0$; default 0, which is none, and forgets $b$.
    - `centered`: whether the mean is taken off; default False. Under a steady gradient the two nearly cancel: rounding
      then makes steps of up to lr / ε, or roots of negative numbers. A `delta` above 0 prevents both.
    - `delta`: δ ≥ 0, added inside the root; default 0.

    **State.** $v$: 1 number per parameter; with momentum also $b$; centered also $m$.

    **torch.optim.** The same as `torch.optim.RMSprop`, which has ε outside the root; `delta` is the rule's alone.
    With `eps=0, delta=1e-6` it is the form of Goodfellow, Bengio and Courville, *Deep Learning* (2016), Algorithm
    8.5. No form of it corrects the bias of the start: the first step is lr / √(1-α), ten times lr at the default.
    """
    v = alpha * s.v + (1 - alpha) * g * g
    m = alpha * s.m + (1 - alpha) * g if centered else 0.0
    b = momentum * s.b + g / (sqrt(v - m * m + delta) + eps)
    return x - lr * b, State(v=v, m=m, b=where(momentum != 0, b, 0.0))


@scheduled
def rmsprop_nesterov(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    rho: Hyper = 0.9,
    momentum: Hyper = 0.9,
    delta: Hyper = 1e-6,
) -> tuple[Tensor, State]:
    r"""RMSProp with Nesterov's momentum: look ahead, take the gradient there, scale it, add it to the velocity.

    $$\begin{aligned} r_t &= \rho\, r_{t-1} + (1 - \rho)\, g_t^2, \qquad r_0 = 0 \\
    v_t &= \mu\, v_{t-1} - \mathrm{lr}\; \frac{g_t}{\sqrt{r_t + \delta}}, \qquad v_0 = 0 \\
    x_t &= x_{t-1} + v_t + \mu\, (v_t - v_{t-1}) \end{aligned}$$

    with $\mu$ = `momentum`. As in `nesterov`, $x$ is the point in front, where $g_t$ is taken. The textbook's
    parameters stand a little behind it, at $w_t = x_t - \mu\, v_t$; for them the last line reads
    $w_t = w_{t-1} + v_t$.

    **Source.** Goodfellow, Bengio and Courville, *Deep Learning* (2016), Algorithm 8.6, with the δ of Algorithm 8.5.

    **Arguments.**

    - `lr`: the learning rate, in units of $x$, a positive number; default 0.001.
    - `rho`: ρ in [0, 1), how slowly the average of the squares forgets; default 0.9.
    - `momentum`: $\mu$, at least 0, below 1 to converge; default 0.9.
    - `delta`: δ ≥ 0, added inside the root; default 1e-6.

    **State.** $r$, $v$: 2 numbers per parameter.

    **torch.optim.** Not there. `torch.optim.RMSprop(momentum=0.9)` has a heavy ball's momentum, and ε outside the root.
    """
    r = rho * s.r + (1 - rho) * g * g
    v = momentum * s.v - lr * g / sqrt(r + delta)
    return x + (1 + momentum) * v - momentum * s.v, State(r=r, v=v)


@scheduled
def adadelta(
    x: Tensor, g: Tensor, s: State, t: int, lr: Hyper = 1.0, rho: Hyper = 0.9, eps: Hyper = 1e-6
) -> tuple[Tensor, State]:
    r"""Adadelta: the size of a step comes from the size of the steps before it, so that no learning rate has to be set.

    $$\begin{aligned} v_t &= \rho\, v_{t-1} + (1 - \rho)\, g_t^2, \qquad v_0 = 0 \\
    d_t &= \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}}\; g_t \\
    u_t &= \rho\, u_{t-1} + (1 - \rho)\, d_t^2, \qquad u_0 = 0 \\
    x_t &= x_{t-1} - \mathrm{lr}\; d_t \end{aligned}$$

    Units work out: $d$ has those of $x$, if ε is small. At the start $u$ is 0, and only ε lets the first step be taken.

    **Source.** Zeiler, *ADADELTA: An Adaptive Learning Rate Method*, arXiv:1212.5701 (2012), Algorithm 1.

    **Arguments.**

    - `lr`: a factor without units, a positive number; default 1, which is the paper's rule: it has no lr.
    - `rho`: ρ in [0, 1), how slowly both averages forget; default 0.9.
    - `eps`: ε, added inside both roots; default 1e-6. With 0, the first step would never be taken.

    **State.** $v$, $u$: 2 numbers per parameter.

    **torch.optim.** The same as `torch.optim.Adadelta`.
    """
    v = rho * s.v + (1 - rho) * g * g
    d = sqrt(s.u + eps) / sqrt(v + eps) * g
    u = rho * s.u + (1 - rho) * d * d
    return x - lr * d, State(v=v, u=u)


@scheduled
def adam(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    eps: Hyper = 1e-8,
) -> tuple[Tensor, State]:
    r"""Adam: an average of the gradients over the root of an average of their squares, both corrected for their start.

    $$\begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2, \qquad v_0 = 0 \\
    \hat m_t &= \frac{m_t}{1 - \beta_1^t}, \qquad \hat v_t = \frac{v_t}{1 - \beta_2^t} \\
    x_t &= x_{t-1} - \mathrm{lr}\; \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} \end{aligned}$$

    Multiplying the loss by a positive constant changes no step (but for ε): a coordinate moves by
    about lr under a steady gradient, by less under noise, and by more after a long silence: by
    $(1-\beta_1)/\sqrt{1-\beta_2}$ times lr at first, and by $1/\sqrt{1-\beta_1^2/\beta_2}$ times as much at most.

    **Source.** Kingma and Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015, arXiv:1412.6980, Algorithm 1.

    **Arguments.**

    - `lr`: the learning rate, in units of $x$, a positive number; default 0.001.
    - `beta1`: $\beta_1$ in [0, 1), how slowly the average of the gradients forgets; default 0.9.
    - `beta2`: $\beta_2$ in [0, 1), how slowly that of their squares does; default 0.999.
    - `eps`: ε ≥ 0, added to the root; default 1e-8.

    **State.** $m$, $v$: 2 numbers per parameter.

    **torch.optim.** The same as `torch.optim.Adam`, whose `betas` are the pair of both.
    """
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * m_hat / (sqrt(v_hat) + eps), State(m=m, v=v)


@scheduled
def amsgrad(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    eps: Hyper = 1e-8,
) -> tuple[Tensor, State]:
    r"""AMSGrad: Adam with the largest average of squares so far, so that a rare large gradient is not forgotten.

    $$\begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2, \qquad v_0 = 0 \\
    \bar v_t &= \max(\bar v_{t-1}, v_t) \\
    x_t &= x_{t-1} - \mathrm{lr}\; \frac{m_t / (1 - \beta_1^t)}{\sqrt{\bar v_t / (1 - \beta_2^t)} + \epsilon}
    \end{aligned}$$

    **Source.** Reddi, Kale and Kumar, *On the Convergence of Adam and Beyond*, ICLR 2018, arXiv:1904.09237, Algorithm
    2.

    **Arguments.** As those of `adam`: `lr` (default 0.001), `beta1` (0.9), `beta2` (0.999), `eps` (1e-8).

    **State.** $m$, $v$, and $\bar v$ as `v_max`, which begins at 0: 3 numbers per parameter.

    **torch.optim.** The same as `torch.optim.Adam(amsgrad=True)`. The paper has neither the corrections of the start
    nor ε; torch takes the maximum of the uncorrected $v$ and corrects afterwards.
    """
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    v_max = larger(s.v_max, v)
    m_hat, v_hat = m / (1 - beta1**t), v_max / (1 - beta2**t)
    return x - lr * m_hat / (sqrt(v_hat) + eps), State(m=m, v=v, v_max=v_max)


@scheduled
def adamax(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 2e-3,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    eps: Hyper = 1e-8,
) -> tuple[Tensor, State]:
    r"""AdaMax: Adam with a decaying maximum of the gradients' sizes in place of the root of their mean square.

    $$\begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad m_0 = 0 \\
    u_t &= \max(\beta_2\, u_{t-1},\; |g_t| + \epsilon), \qquad u_0 = 0 \\
    x_t &= x_{t-1} - \frac{\mathrm{lr}}{1 - \beta_1^t}\; \frac{m_t}{u_t} \end{aligned}$$

    **Source.** Kingma and Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015, arXiv:1412.6980, section 7.1,
    Algorithm 2.

    **Arguments.**

    - `lr`: the learning rate, in units of $x$, a positive number; default 0.002.
    - `beta1`: $\beta_1$ in [0, 1), how slowly the average of the gradients forgets; default 0.9.
    - `beta2`: $\beta_2$ in [0, 1), how slowly the maximum shrinks; default 0.999.
    - `eps`: ε ≥ 0, added inside the maximum; default 1e-8.

    **State.** $m$, $u$: 2 numbers per parameter.

    **torch.optim.** The same as `torch.optim.Adamax`. The paper has no ε.
    """
    m = beta1 * s.m + (1 - beta1) * g
    u = larger(beta2 * s.u, abs(g) + eps)
    return x - lr / (1 - beta1**t) * m / u, State(m=m, u=u)


@scheduled
def adamw(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    eps: Hyper = 1e-8,
    weight_decay: Hyper = 1e-2,
) -> tuple[Tensor, State]:
    r"""AdamW: Adam whose weights decay by themselves, instead of through a gradient that Adam would rescale.

    $$x_t = \mathrm{adam}\big((1 - \mathrm{lr}\,\lambda)\, x_{t-1},\; g_t\big), \qquad \text{that is,} \qquad
    x_t = x_{t-1} - \mathrm{lr}\, \Big(\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} + \lambda\, x_{t-1}\Big)$$

    with $\hat m_t$ and $\hat v_t$ as in `adam`, made of the gradient of the loss alone, and $\lambda$ = `weight_decay`.

    **Source.** Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, ICLR 2019, arXiv:1711.05101, Algorithm
    2.

    **Arguments.** As those of `adam`: `lr` (default 0.001), `beta1` (0.9), `beta2` (0.999), `eps` (1e-8), and

    - `weight_decay`: $\lambda \ge 0$, the rate of the decay; default 0.01.

    **State.** $m$, $v$: 2 numbers per parameter.

    **torch.optim.** The same as `torch.optim.AdamW`: each step takes the part $\mathrm{lr} \cdot \lambda$ off the
    weights. In the paper it takes λ times the schedule's factor, whatever lr is.
    """
    return adam((1 - lr * weight_decay) * x, g, s, t, lr, beta1, beta2, eps)


@scheduled
def nadam(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 2e-3,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    eps: Hyper = 1e-8,
    momentum_decay: Hyper = 4e-3,
) -> tuple[Tensor, State]:
    r"""NAdam: Adam with Nesterov's momentum, and a momentum that warms up.

    $$\begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad
    v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \\
    \mu_t &= \beta_1 \big(1 - \tfrac12\, 0.96^{\,t \psi}\big), \qquad \Pi_t = \mu_1 \mu_2 \cdots \mu_t \\
    \bar m_t &= \frac{(1 - \mu_t)\, g_t}{1 - \Pi_t} + \frac{\mu_{t+1}\, m_t}{1 - \Pi_t\, \mu_{t+1}} \\
    x_t &= x_{t-1} - \mathrm{lr}\; \frac{\bar m_t}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon} \end{aligned}$$

    with $\psi$ = `momentum_decay`.

    **Source.** Dozat, *Incorporating Nesterov Momentum into Adam*, ICLR 2016 workshop, Algorithm 2.

    **Arguments.** As those of `adam`: `lr` (default 0.002), `beta1` (0.9), `beta2` (0.999), `eps` (1e-8), and

    - `momentum_decay`: $\psi \ge 0$, how fast μ climbs from $\beta_1/2$ to $\beta_1$; default 0.004. (The name is
      torch's.)

    **State.** $m$, $v$, which begin at 0: 2 numbers per parameter, and the one number Π, as `product`.

    **torch.optim.** The same as `torch.optim.NAdam`, which keeps Π in float32. The paper averages $m$ with $\mu_t$
    where torch has $\beta_1$, and has $\beta_2 v_t$ for $v_t$ under the root: its first steps are longer.
    """
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * momentum_decay)) for k in (t, t + 1))
    product = mu if t == 1 else s.product * mu
    m_bar = (1 - mu) / (1 - product) * g + mu_next / (1 - product * mu_next) * m
    v_hat = v / (1 - beta2**t)
    return x - lr * m_bar / (sqrt(v_hat) + eps), State(m=m, v=v, product=product)


@scheduled
def radam(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    eps: Hyper = 1e-8,
) -> tuple[Tensor, State]:
    r"""RAdam, the *rectified* Adam: it does not trust the average of squares before it has seen enough of them.

    $$\begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad
    v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \\
    \rho_\infty &= \frac{2}{1 - \beta_2} - 1, \qquad \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \\
    r_t &= \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\, \rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2)\, \rho_t}} \\
    x_t &= x_{t-1} - \mathrm{lr}\; \frac{m_t}{1 - \beta_1^t} \cdot \begin{cases}
    r_t \sqrt{1 - \beta_2^t}\; / \;(\sqrt{v_t} + \epsilon) & \text{if } \rho_t > 5 \\ 1 & \text{otherwise} \end{cases}
    \end{aligned}$$

    $\rho_t$ counts, roughly, the squares that the average has seen. At the defaults the first five steps are momentum
    alone, and $r_t$ then climbs from near 0 to 1: a warm-up that is built in.

    **Source.** Liu, Jiang, He, Chen, Liu, Gao and Han, *On the Variance of the Adaptive Learning Rate and Beyond*, ICLR
    2020, arXiv:1908.03265, Algorithm 2.

    **Arguments.** As those of `adam`: `lr` (default 0.001), `beta1` (0.9), `beta2` (0.999), `eps` (1e-8).

    **State.** $m$, $v$, which begin at 0: 2 numbers per parameter.

    **torch.optim.** The same as `torch.optim.RAdam`. The paper trusts the average from $\rho_t > 4$ on, and has no ε.
    Before that, steps are in units of lr times the gradient; after, in units of lr.
    """
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    trusted = rho > 5
    rho, rho_inf = where(trusted, rho, 6.0), where(trusted, rho_inf, 6.0)  # else any number that has a root
    r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    scale = where(trusted, r * sqrt(1 - beta2**t) / (sqrt(v) + eps), 1.0)
    return x - lr * m / (1 - beta1**t) * scale, State(m=m, v=v)


@scheduled
def asgd(
    x: Tensor, g: Tensor, s: State, t: int, lr: Hyper = 1e-2, lambd: Hyper = 1e-4, alpha: Hyper = 0.75, t0: Hyper = 1e6
) -> tuple[Tensor, State]:
    r"""Averaged SGD: steps along a shrinking learning rate, and the average of the points as the answer.

    $$\begin{aligned} x_t &= (1 - \lambda\, \eta_t)\, x_{t-1} - \eta_t\, g_t \\
    a_t &= (1 - \mu_t)\, a_{t-1} + \mu_t\, x_t, \qquad \mu_t = \frac{1}{\max(1,\; t - 1 - t_0)} \\
    \eta_{t+1} &= \frac{\mathrm{lr}}{(1 + \lambda\, \mathrm{lr}\, t)^{\alpha}}, \qquad \eta_1 = \mathrm{lr}
    \end{aligned}$$

    **Source.** Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging*, SIAM J. Control Optim. 30
    (1992); the learning rate is that of Bottou's code for *Stochastic Gradient Descent Tricks* (2012), section 5.

    **Arguments.**

    - `lr`: the first learning rate, a positive number; default 0.01.
    - `lambd`: λ ≥ 0, the strength of the penalty $\tfrac{\lambda}{2}\lVert x \rVert^2$, and of lr's decay; default
      0.0001.
    - `alpha`: α ≥ 0, the power of that decay; default 0.75.
    - `t0`: when the average begins; default 1e6. Up to step $t_0 + 2$, $a_t = x_t$; from then on $a_t$ is the average
      of $x_{t_0+2}, \dots, x_t$.

    **State.** $a$, as `ax`: 1 number per parameter, and the one number η, the learning rate of the next step. A path
    shows $x$, not $a$.

    **torch.optim.** The same as `torch.optim.ASGD`, which likewise keeps the average in `state[p]["ax"]` and leaves
    it to you to use it, and keeps η in float32. A change of lr shows one step late, because η is set at the end of a
    step.
    """
    eta = lr if t == 1 else s.eta
    mu = 1 / where(t - 1 - t0 > 1, t - 1 - t0, 1.0)
    x = (1 - lambd * eta) * x - eta * g
    ax = (1 - mu) * s.ax + mu * x
    return x, State(ax=ax, eta=lr / (1 + lambd * lr * t) ** alpha)


@scheduled
def lion(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-4,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.99,
    weight_decay: Hyper = 0.0,
) -> tuple[Tensor, State]:
    r"""Lion: every coordinate moves by lr, whatever its gradient; only the sign counts. (And the weights decay.)

    $$\begin{aligned} u_t &= \mathrm{sign}\big(\beta_1 m_{t-1} + (1 - \beta_1)\, g_t\big) \\
    x_t &= x_{t-1} - \mathrm{lr}\, (u_t + \lambda\, x_{t-1}) \\
    m_t &= \beta_2 m_{t-1} + (1 - \beta_2)\, g_t, \qquad m_0 = 0 \end{aligned}$$

    with $\lambda$ = `weight_decay`. Multiplying the loss by a positive constant changes no step.

    **Source.** Chen and others, *Symbolic Discovery of Optimization Algorithms*, NeurIPS 2023, arXiv:2302.06675,
    Algorithm 2.

    **Arguments.**

    - `lr`: the learning rate, in units of $x$, a positive number; default 0.0001: three to ten times less than Adam's.
    - `beta1`: $\beta_1$ in [0, 1), the weight of the past in the sign; default 0.9.
    - `beta2`: $\beta_2$ in [0, 1), how slowly the average forgets; default 0.99.
    - `weight_decay`: $\lambda \ge 0$, the rate of the decoupled decay; default 0.

    **State.** $m$: 1 number per parameter.

    **torch.optim.** Not there.
    """
    u = torch.sign(beta1 * s.m + (1 - beta1) * g)
    m = beta2 * s.m + (1 - beta2) * g
    return (1 - lr * weight_decay) * x - lr * u, State(m=m)


@scheduled
def muon(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    weight_decay: Hyper = 0.1,
    momentum: Hyper = 0.95,
    nesterov: bool = True,
    ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
    eps: float = 1e-7,
    ns_steps: int = 5,
    adjust_lr_fn: str | None = None,
) -> tuple[Tensor, State]:
    r"""Muon: momentum for matrices, whose step is made nearly *orthogonal*: its singular values become about 1.

    $$\begin{aligned} m_t &= \mu\, m_{t-1} + (1 - \mu)\, g_t, \qquad m_0 = 0 \\
    d_t &= \mu\, m_t + (1 - \mu)\, g_t \quad \text{with Nesterov's momentum, else } m_t \\
    X &\leftarrow d_t / \max(\lVert d_t \rVert, \epsilon), \quad \text{then five times} \quad
    X \leftarrow aX + (b\,XX^\top + c\,(XX^\top)^2)\,X \\
    x_t &= (1 - \mathrm{lr}\, \lambda)\, x_{t-1} - \mathrm{lr}\, \sqrt{\max(1, \text{rows} / \text{columns})}\; X
    \end{aligned}$$

    with $\mu$ = `momentum` and $\lambda$ = `weight_decay`. If $d = U \Sigma V^\top$, the third line, the
    Newton-Schulz iteration, leads towards $U V^\top$: rare directions count as much as frequent ones. Singular values
    above 1/500 of the norm $\lVert d \rVert$ end between 0.6 and 1.3; smaller ones stay smaller. Multiplying the loss
    by a positive constant changes no step (but for ε and rounding). In `descend`, a point is a matrix of one column.

    **Source.** Jordan and others, *Muon: An optimizer for hidden layers in neural networks*,
    kellerjordan.github.io/posts/muon (2024).

    **Arguments.**

    - `lr`: the learning rate, a positive number; default 0.001.
    - `weight_decay`: $\lambda \ge 0$, the rate of the decoupled decay; default 0.1.
    - `momentum`: $\mu$ in [0, 1); default 0.95.
    - `nesterov`: whether to look ahead; default True.
    - `ns_coefficients`: $(a, b, c)$; default (3.4445, -4.775, 2.0315).
    - `eps`: ε, the least norm to divide by; default 1e-7.
    - `ns_steps`: how many iterations; default 5.
    - `adjust_lr_fn`: the factor after lr: `None` or `"original"` as above; `"match_rms_adamw"`:
      $0.2\sqrt{\max(\text{rows}, \text{columns})}$; `"spectral_unclamped"`: $\sqrt{\text{rows} / \text{columns}}$.

    **State.** $m$: 1 number per parameter.

    **torch.optim.** The same as `torch.optim.Muon`, which averages the gradients, although its documentation says
    sums, and iterates in bfloat16: about two digits. It is for matrices: use `adamw` for biases, norms, embeddings
    and the last layer.

    Raises ValueError for x that is no matrix. A tensor of more axes is a stack of matrices, one for each setting of a
    grid.
    """
    if x.ndim < 2:
        raise ValueError(
            f"muon moves matrices, got x of shape {tuple(x.shape)}: use adamw for biases, norms, embeddings."
        )
    m = momentum * s.m + (1 - momentum) * g
    d = momentum * m + (1 - momentum) * g if nesterov else m
    rows, columns = x.shape[-2:]
    ratio = {
        "original": max(1, rows / columns) ** 0.5,
        "match_rms_adamw": 0.2 * max(rows, columns) ** 0.5,
        "spectral_unclamped": (rows / columns) ** 0.5,
    }[adjust_lr_fn or "original"]
    o = newton_schulz(d, ns_coefficients, ns_steps, eps)
    return (1 - lr * weight_decay) * x - lr * ratio * o, State(m=m)


muon.matrices = True  # it reads the last two axes of x together


def newton_schulz(
    g: Tensor, coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315), steps: int = 5, eps: float = 1e-7
) -> Tensor:
    r"""Roughly $U V^\top$ for each matrix $g = U \Sigma V^\top$ of (..., rows, columns): the nearest orthogonal one.

    Jordan and others (2024): see ``muon``. In bfloat16, as there: the coefficients are chosen for speed, not for
    digits.
    """
    a, b, c = coefficients
    tall = g.shape[-2] > g.shape[-1]
    X = g.mT.bfloat16() if tall else g.bfloat16()
    X = X.unsqueeze(0).flatten(0, -3)
    X = X / torch.linalg.matrix_norm(X, keepdim=True).clamp(min=eps)
    for _ in range(int(steps)):
        A = X @ X.mT
        X = torch.baddbmm(X, torch.baddbmm(A, A, A, beta=b, alpha=c), X, beta=a)  # aX + (bA + cA²)X
    X = X.reshape(g.mT.shape).mT if tall else X.reshape(g.shape)
    return X.to(g.dtype)


@scheduled
def schedule_free(x: Tensor, g: Tensor, s: State, t: int, lr: Hyper = 1.0, beta: Hyper = 0.9) -> tuple[Tensor, State]:
    r"""Schedule-Free SGD: gradients are taken between where SGD stands and the average of where it stood.

    $$\begin{aligned} z_t &= z_{t-1} - \mathrm{lr}_t\; g_t, \qquad z_0 = x_0 \\
    a_t &= (1 - c_t)\, a_{t-1} + c_t\, z_t, \qquad
    c_t = \frac{\mathrm{lr}_t^2}{\mathrm{lr}_1^2 + \dots + \mathrm{lr}_t^2} \\
    x_t &= (1 - \beta)\, z_t + \beta\, a_t \end{aligned}$$

    Three points: $z$ walks as SGD does, $a$ is the average and the answer, and $x$ between them is where $g$ is
    taken. If lr is constant, $c_t = 1/t$, a plain average. It takes the place of a learning rate that decays to an
    end fixed in advance; a warm-up is still of use.

    **Source.** Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky, *The Road Less Scheduled*, NeurIPS 2024,
    arXiv:2405.15682, section 1 (there $y$ is our $x$, and $x$ our $a$), and Algorithm 1 for the weights $c_t$.

    **Arguments.**

    - `lr`: the learning rate, a positive number; default 1.
    - `beta`: β in [0, 1), where between $z$ and $a$ the gradient is taken; default 0.9.

    **State.** $z$, $a$: 2 numbers per parameter, and the one number $w = \sum \mathrm{lr}^2$. A path shows $x$, not
    $a$.

    **torch.optim.** Not there. The authors' code keeps one number less, and recovers $a$ from $x$ and $z$; it weighs
    by the square of the largest lr so far, which is the same until lr falls.
    """
    z = (x if t == 1 else s.z) - lr * g
    w = s.w + lr**2
    c = lr**2 / (w + where(w == 0, 1.0, 0.0))  # no weight yet while a warm-up is at 0
    a = z if t == 1 else (1 - c) * s.a + c * z
    return (1 - beta) * z + beta * a, State(z=z, a=a, w=w)


@functools.cache
def lookahead(rule: Rule) -> Rule:
    r"""Lookahead around a rule: *slow* weights follow the fast ones part of the way, every k-th step.

    $$\begin{aligned} x_t &= \mathrm{rule}(x_{t-1}, g_t) \\
    \text{and if } k \text{ divides } t: \qquad \phi &\leftarrow \phi + \alpha\, (x_t - \phi), \qquad
    x_t \leftarrow \phi \end{aligned}$$

    with the slow weights $\phi$, which begin at $x_0$. Returns the whole as a rule, with the hyperparameters of
    `rule` and these two.

    **Source.** Zhang, Lucas, Ba and Hinton, *Lookahead Optimizer: k steps forward, 1 step back*, NeurIPS 2019,
    arXiv:1907.08610, Algorithm 1.

    **Arguments.**

    - `k`: how many steps forward, a whole number, 1 or more; default 5.
    - `alpha`: α in (0, 1], how far the slow weights follow; default 0.5.

    **State.** $\phi$, as `slow`: 1 number per parameter more than `rule` has.

    **torch.optim.** Not there; `optimizers.Lookahead` wraps any optimizer of torch's.

    Raises ValueError for a rule that has a `k` or an `alpha` of its own, and for `schedule_free`, which would not
    notice.
    """
    signature, name = inspect.signature(rule), getattr(rule, "__name__", repr(rule))
    if clash := {"k", "alpha"} & signature.parameters.keys():
        raise ValueError(f"rule must have no k or alpha of its own, {name} has {', '.join(clash)}.")
    if rule is schedule_free:
        raise ValueError("rule must take its next step from x: schedule_free goes on from its own z and a.")

    @scheduled
    def ahead(x, g, s, t, *args, k=5, alpha=0.5, **hyper):
        slow = x if t == 1 else s.slow
        fast, s = rule(x, g, s, t, *args, **hyper)
        slow, fast = pull(slow, fast, t, k, alpha)
        return fast, State(**{**vars(s), "slow": slow})

    two = [p for p in inspect.signature(ahead).parameters.values() if p.name in ("k", "alpha")]
    ahead.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *two])
    ahead.__name__, ahead.__doc__ = f"lookahead({name})", lookahead.__doc__
    ahead.matrices = getattr(rule, "matrices", False)
    return ahead


def pull(slow: Tensor, fast: Tensor, t: int, k: int | Tensor, alpha: float | Tensor) -> tuple[Tensor, Tensor]:
    """The slow and fast weights of ``lookahead`` after step t: every k-th step, both become slow + α (fast - slow)."""
    now = t % k == 0
    if now is False:
        return slow, fast
    pulled = (1 - alpha) * slow + alpha * fast
    return where(now, pulled, slow), where(now, pulled, fast)


@scheduled
def ranger(
    x: Tensor,
    g: Tensor,
    s: State,
    t: int,
    lr: Hyper = 1e-3,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    eps: Hyper = 1e-8,
    k: Hyper = 5,
    alpha: Hyper = 0.5,
) -> tuple[Tensor, State]:
    r"""Ranger: RAdam inside Lookahead, a careful start and a calm end.

    $$\begin{aligned} x_t &= \mathrm{radam}(x_{t-1}, g_t) \\
    \text{and if } k \text{ divides } t: \qquad \phi &\leftarrow \phi + \alpha\, (x_t - \phi), \qquad
    x_t \leftarrow \phi \end{aligned}$$

    with the slow weights $\phi$, which begin at $x_0$.

    **Source.** Wright, *Ranger: a synergistic optimizer*, github.com/lessw2020/Ranger-Deep-Learning-Optimizer (2019).

    **Arguments.** As those of `radam`: `lr` (default 0.001), `beta1` (0.9), `beta2` (0.999), `eps` (1e-8); and of
    `lookahead`: `k` (5) and `alpha` (0.5).

    **State.** $m$, $v$, $\phi$ as `slow`: 3 numbers per parameter.

    **torch.optim.** Not there. Wright's code has $k$ = 6, $\beta_1$ = 0.95 and ε = 1e-5, and in its later versions
    other additions.
    """
    return lookahead(radam)(x, g, s, t, lr=lr, beta1=beta1, beta2=beta2, eps=eps, k=k, alpha=alpha)
