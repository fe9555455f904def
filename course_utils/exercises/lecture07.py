"""Lecture 7: signs and Lion, the strengths of a matrix, Newton-Schulz and Muon."""

import math
from collections.abc import Callable

from course_utils import rules
from course_utils.exercises import misconceptions
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial, RuleTrial
from course_utils.exercises.verdicts import Misconception
from course_utils.rules import State

import torch
from torch import Tensor

LRS = (0.37, 0.43, 0.33, 0.57)
DECAYS = (0.2, 0.1, 0.3, 0.15)
COEFFICIENTS = {"a": 3.4445, "b": -4.775, "c": 2.0315}
SLOWER = {"a": 1.875, "b": -1.25, "c": 0.375}
POLYNOMIAL = r"3.4445\,s - 4.775\,s^3 + 2.0315\,s^5"


def only_the_sign(x, g, s, t, lr):
    return x - lr * torch.sign(g), s


def sign_of_a_mix(x, g, s, t, lr, beta1, beta2, weight_decay):
    u = torch.sign(beta1 * s.m + (1 - beta1) * g)
    m = beta2 * s.m + (1 - beta2) * g
    return x - lr * (u + weight_decay * x), State(m=m)


def strengths_to_one(d):
    U, _, Vt = torch.linalg.svd(d, full_matrices=False)
    return U @ Vt


def rounds_of_a_polynomial(G, rounds, a, b, c):
    X = G / G.norm()
    for _ in range(rounds):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X


def orthogonal_step(x, g, s, t, lr, momentum, weight_decay):
    m = momentum * s.m + (1 - momentum) * g
    d = momentum * m + (1 - momentum) * g
    U, _, Vt = torch.linalg.svd(d, full_matrices=False)
    rows, columns = x.shape
    factor = max(1, rows / columns) ** 0.5
    return (1 - lr * weight_decay) * x - lr * factor * U @ Vt, State(m=m)


def matrices(seed: int, shapes: list[tuple[int, int]]) -> list[Tensor]:
    """Random ones, to one digit after the point."""
    dice = torch.Generator().manual_seed(1000 + seed)
    return [torch.randn(shape, generator=dice, dtype=torch.float64).mul(20).round() / 10 for shape in shapes]


def cases_of_strengths(seed: int) -> dict:
    square, tall, wide = matrices(seed, [(3, 3), (4, 2), (2, 4)])
    return {
        "a square matrix": {"3 × 3": {"d": square}},
        "a tall matrix": {"4 × 2": {"d": tall}},
        "a wide matrix": {"2 × 4": {"d": wide}},
    }


def cases_of_rounds(seed: int) -> dict:
    square, wide = matrices(seed, [(3, 3), (2, 4)])
    return {
        "a square matrix, Muon's coefficients": rounds_on(square, COEFFICIENTS),
        "a wide matrix, other coefficients": rounds_on(wide, SLOWER),
    }


def rounds_on(G: Tensor, coefficients: dict[str, float]) -> dict:
    return {f"{n} round{'s' * (n > 1)}": {"G": G, "rounds": n, **coefficients} for n in (1, 2, 3)}


def strengths_apart(d: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.linalg.svd(d, full_matrices=False)


def lion_with(
    u: Callable = lambda m, g, beta1, beta2: torch.sign(beta1 * m + (1 - beta1) * g),
    kept: Callable = lambda m, g, beta1, beta2, u: beta2 * m + (1 - beta2) * g,
    step: Callable = lambda x, u, lr, decay: x - lr * (u + decay * x),
) -> Callable:
    """Lion, one line of which may be wrong."""

    def wrong(x, g, s, t, lr, beta1, beta2, weight_decay=0.0):
        old = s.m + 0 * g
        sign = u(old, g, beta1, beta2)
        return step(x, sign, lr, weight_decay), State(m=kept(old, g, beta1, beta2, sign))

    return wrong


def without_decay(rule: Callable) -> Callable:
    def wrong(x, g, s, t, lr, beta1, beta2, weight_decay):
        return rule(x, g, s, t, lr=lr, beta1=beta1, beta2=beta2, weight_decay=0.0)

    return wrong


def newton_schulz_with(
    begin: Callable = lambda G: G / G.norm(),
    step: Callable = lambda X, a, b, c: a * X + (b * X @ X.T + c * X @ X.T @ X @ X.T) @ X,
) -> Callable:
    """Newton-Schulz, one line of which may be wrong."""

    def wrong(G, rounds, a, b, c):
        X = begin(G)
        for _ in range(rounds):
            X = step(X, a, b, c)
        return X

    return wrong


def muon_with(
    mixed: Callable = lambda m, g, mu: mu * m + (1 - mu) * g,
    kept: Callable = lambda m, g, mu: mu * m + (1 - mu) * g,
    orthogonal: Callable = strengths_to_one,
    factor: Callable = lambda rows, columns: max(1, rows / columns) ** 0.5,
    step: Callable = lambda x, o, lr, decay: (1 - lr * decay) * x - lr * o,
) -> Callable:
    """Muon, one line of which may be wrong."""

    def wrong(x, g, s, t, lr, momentum, weight_decay):
        m = kept(s.m, g, momentum)
        o = factor(*x.shape) * orthogonal(mixed(m, g, momentum))
        return step(x, o, lr, weight_decay), State(m=m)

    return wrong


def averaged_afterwards(x, g, s, t, lr, momentum, weight_decay):
    """Muon whose momentum is that of orthogonal matrices."""
    o = strengths_to_one(g)
    m = momentum * s.m + (1 - momentum) * o
    d = momentum * m + (1 - momentum) * o
    return (1 - lr * weight_decay) * x - lr * max(1, x.shape[0] / x.shape[1]) ** 0.5 * d, State(m=m)


def steps_to_0(start: tuple[float, float], lr: float) -> tuple[int, ...]:
    """In which step each coordinate passes 0, if it moves by lr in each."""
    return tuple(math.ceil(abs(x) / lr) for x in start)


def strength_after(strength: float, rounds: int) -> float:
    for _ in range(rounds):
        strength = 3.4445 * strength - 4.775 * strength**3 + 2.0315 * strength**5
    return strength


SIGN_OF_M = Misconception(
    "the sign of the new memory",
    r"You bring $m$ up to date first, and take its sign. Lion mixes twice: with $\beta_1$ for the step, with $\beta_2$ "
    r"for the memory.",
    r"the first line: $m_{t-1}$, the old one, and $\beta_1$.",
    lion_with(u=lambda m, g, beta1, beta2: torch.sign(beta2 * m + (1 - beta2) * g)),
)
BETAS_EXCHANGED = Misconception(
    "the betas are exchanged",
    r"Your step mixes with $\beta_2$, and your memory with $\beta_1$: it is the other way round.",
    r"the first line has $\beta_1$, the last one $\beta_2$.",
    lion_with(
        u=lambda m, g, beta1, beta2: torch.sign(beta2 * m + (1 - beta2) * g),
        kept=lambda m, g, beta1, beta2, u: beta1 * m + (1 - beta1) * g,
    ),
)
MIX_KEPT = Misconception(
    "the mix of the step is kept",
    r"You keep what you took the sign of. The memory is mixed anew, with $\beta_2$.",
    r"the last line: $m_t$ is made of $m_{t-1}$ and $g_t$ with $\beta_2$.",
    lion_with(kept=lambda m, g, beta1, beta2, u: beta1 * m + (1 - beta1) * g),
)
SIGN_KEPT = Misconception(
    "the sign is remembered",
    "Your memory averages the signs. It averages the gradients.",
    r"the last line: $g_t$, and not $u_t$.",
    lion_with(kept=lambda m, g, beta1, beta2, u: beta2 * m + (1 - beta2) * u),
)
NO_MEMORY = Misconception(
    "the memory has no part in the step",
    "Your step is that of signSGD: it does not depend on the past. Is $m_{t-1}$ in the sign? And is the memory in the "
    "state that you return, under the name by which you read it?",
    r"the first line: the sign of the mix with $m_{t-1}$, which is the state of the step before.",
    lion_with(u=lambda m, g, beta1, beta2: torch.sign(g)),
)

sign_sgd = Exercise(
    name="sign_sgd",
    lecture=7,
    task="The walker that sees only plus and minus: `sign_sgd(x, g, s, t, lr)`. Every coordinate moves by lr. There is "
    "nothing to remember: return `s` as it is.",
    formula=r"x_t = x_{t-1} - \mathrm{lr}\; \mathrm{sign}(g_t)",
    trial=RuleTrial(reference=only_the_sign, hyper={"lr": LRS}),
    misconceptions=[
        *misconceptions.always(only_the_sign),
        Misconception(
            "the sign is not taken",
            "Your step has the length of the gradient: this is gradient descent.",
            r"$\mathrm{sign}(g_t)$: of each coordinate, -1, 0 or 1.",
            lambda x, g, s, t, lr: (x - lr * g, s),
        ),
        Misconception(
            "the gradient is divided by its norm",
            "Your step has the length lr *in all*, and goes along the gradient. Here each coordinate moves by lr.",
            r"$\mathrm{sign}(g_t)$: of each coordinate, for itself.",
            lambda x, g, s, t, lr: (x - lr * g / g.norm(), s),
        ),
        Misconception(
            "the gradient is clipped",
            "You cut the gradient at -1 and 1. A small coordinate is to move by lr, too.",
            r"$\mathrm{sign}(g_t)$: of 0.01 it is 1.",
            lambda x, g, s, t, lr: (x - lr * g.clamp(-1, 1), s),
        ),
        Misconception(
            "one sign for all",
            "You take one sign, that of the sum. Each coordinate has its own.",
            r"$\mathrm{sign}(g_t)$: of each coordinate, for itself.",
            lambda x, g, s, t, lr: (x - lr * torch.sign(g.sum()), s),
        ),
        Misconception(
            "the mean size is left in",
            r"You multiply the sign by the mean of $|g|$. (A rule of its own: exercise 2 of the lecture. It settles.)",
            r"$\mathrm{lr}\;\mathrm{sign}(g_t)$: nothing else.",
            lambda x, g, s, t, lr: (x - lr * g.abs().mean() * torch.sign(g), s),
        ),
    ],
    hints=[
        "It is gradient descent, but for one word.",
        "`torch.sign(g)` has the sign of each coordinate.",
        "`return x - lr * torch.sign(g), s`",
    ],
)

lion = Exercise(
    name="lion",
    lecture=7,
    task="Write Lion, decay and all: `lion(x, g, s, t, lr, beta1, beta2, weight_decay)`, where λ is `weight_decay`.",
    formula=r"\begin{aligned} u_t &= \mathrm{sign}\big(\beta_1 m_{t-1} + (1 - \beta_1)\, g_t\big) \\ x_t &= x_{t-1} - "
    r"\mathrm{lr}\, (u_t + \lambda\, x_{t-1}) \\ m_t &= \beta_2 m_{t-1} + (1 - \beta_2)\, g_t, \qquad m_0 = 0 "
    r"\end{aligned}",
    trial=RuleTrial(
        reference=sign_of_a_mix,
        hyper={"lr": LRS, "beta1": (0.7, 0.6, 0.75, 0.8), "beta2": (0.9, 0.95, 0.85, 0.99), "weight_decay": DECAYS},
        steps=30,
    ),
    misconceptions=[
        *misconceptions.always(sign_of_a_mix),
        misconceptions.state_shared(sign_of_a_mix, "m"),
        BETAS_EXCHANGED,
        SIGN_OF_M,
        MIX_KEPT,
        SIGN_KEPT,
        NO_MEMORY,
        Misconception(
            "the weights of the mix are exchanged",
            r"In your sign, the gradient has the weight $\beta_1$ and the memory $1 - \beta_1$.",
            r"the first line: $\beta_1$ belongs to $m_{t-1}$.",
            lion_with(u=lambda m, g, beta1, beta2: torch.sign((1 - beta1) * m + beta1 * g)),
        ),
        Misconception(
            "the sign is not taken",
            "Your step has the length of the average: this is momentum.",
            r"the first line: $\mathrm{sign}(\dots)$.",
            lion_with(u=lambda m, g, beta1, beta2: beta1 * m + (1 - beta1) * g),
        ),
        Misconception(
            "the sum instead of the average",
            r"Your memory takes all of $g_t$. The average takes the part $1-\beta_2$ of it.",
            r"the last line: the factor in front of $g_t$.",
            lion_with(kept=lambda m, g, beta1, beta2, u: beta2 * m + g),
        ),
        Misconception(
            "the decay is missing",
            "Your weights do not decay.",
            r"$\lambda\,x_{t-1}$ in the second line.",
            lion_with(step=lambda x, u, lr, decay: x - lr * u),
        ),
        *[
            Misconception(
                f"{of_memory.name}, and the decay is missing",
                f"Two things. {of_memory.says} And your weights do not decay.",
                rf"{of_memory.look} And $\lambda\,x_{{t-1}}$ in the second line.",
                without_decay(of_memory.attempt),
            )
            for of_memory in (BETAS_EXCHANGED, SIGN_OF_M, MIX_KEPT, SIGN_KEPT, NO_MEMORY)
        ],
        Misconception(
            "the decay lacks the learning rate",
            r"You take the part λ off the weights in each step. It is the part $\mathrm{lr}\,\lambda$.",
            r"the bracket in the second line: lr multiplies both.",
            lion_with(step=lambda x, u, lr, decay: x - lr * u - decay * x),
        ),
        Misconception(
            "the decay is coupled",
            r"You add $\lambda x$ to the gradient: the sign swallows its size, and the memory keeps it. Lion's weights "
            r"decay by themselves.",
            r"where $\lambda\,x_{t-1}$ stands: in the second line only.",
            lambda x, g, s, t, lr, beta1, beta2, weight_decay: sign_of_a_mix(
                x, g + weight_decay * x, s, t, lr, beta1, beta2, 0.0
            ),
        ),
        Misconception(
            "the decay comes after the step",
            "You take the step, and let the new point decay. It is the old one that decays.",
            r"$\lambda\,x_{t-1}$: its index.",
            lion_with(step=lambda x, u, lr, decay: (1 - lr * decay) * (x - lr * u)),
        ),
        Misconception(
            "the weights grow",
            r"The sign of your decay is wrong: $\lambda x$ pushes away from 0.",
            r"$-\mathrm{lr}\,(u_t + \lambda\,x_{t-1})$: both are taken off.",
            lion_with(step=lambda x, u, lr, decay: x - lr * (u - decay * x)),
        ),
    ],
    hints=[
        "Two mixes of the same two things, the old memory and the gradient: one for the step, one to keep.",
        r"The step asks the *old* memory: `u = torch.sign(beta1 * s.m + (1 - beta1) * g)`.",
        "To keep: `m = beta2 * s.m + (1 - beta2) * g`, and `State(m=m)`.",
        "The new x: `x - lr * (u + weight_decay * x)`.",
    ],
)

orthogonal = Exercise(
    name="orthogonal",
    lecture=7,
    task="All strengths alike. `orthogonal(d)` gets a matrix, takes it apart, sets all of its singular values to 1, "
    "and returns what comes out. Exactly, by `torch.linalg.svd`.",
    formula=r"d = U \Sigma V^\top \quad\longrightarrow\quad O = U V^\top",
    trial=FunctionTrial(reference=strengths_to_one, cases=cases_of_strengths),
    misconceptions=[
        Misconception(
            "the strengths are kept",
            "You put the matrix together again as it was.",
            r"$O = U V^\top$: there is no Σ in it.",
            lambda d: d.clone(),
        ),
        Misconception(
            "transposed once too often",
            r"You have $U V$. What torch.linalg.svd returns is $V^\top$ already.",
            r"$V^\top$: the third of what `torch.linalg.svd` returns.",
            lambda d: strengths_apart(d)[0] @ strengths_apart(d)[2].mT,
        ),
        Misconception(
            "divided by the norm",
            "You divide all strengths by one number. The strong directions stay strong, and the weak ones weak.",
            r"$O = U V^\top$: every strength is 1, each divided by itself.",
            lambda d: d / d.norm(),
        ),
        Misconception(
            "divided by the largest strength",
            "Your strongest direction has the strength 1. The others are to have it, too.",
            r"$O = U V^\top$: every strength is 1.",
            lambda d: d / strengths_apart(d)[1].max(),
        ),
        Misconception(
            "the sign of each entry",
            "You take the sign of the entries: that is Lion. Here it is the strengths that become alike.",
            r"$O = U V^\top$: entries of $O$ may be anything from -1 to 1.",
            lambda d: torch.sign(d),
        ),
        Misconception(
            "the strengths are inverted",
            "You divide by Σ once more than needed: the weak directions are now the strong ones.",
            r"$O = U V^\top$: Σ is left out, and not turned round.",
            lambda d: strengths_apart(d)[0] / strengths_apart(d)[1] @ strengths_apart(d)[2],
        ),
        Misconception(
            "columns of length 1",
            "Your columns have the length 1, but they are not at right angles to each other.",
            r"$O = U V^\top$.",
            lambda d: d / d.norm(dim=0),
        ),
        Misconception(
            "rows of length 1",
            "Your rows have the length 1, but they are not at right angles to each other.",
            r"$O = U V^\top$.",
            lambda d: d / d.norm(dim=1, keepdim=True),
        ),
    ],
    hints=[
        "`torch.linalg.svd` takes a matrix apart, into three.",
        "The third of them is $V^\\top$, not $V$. If the matrix is not square, ask for `full_matrices=False`.",
        "`U, _, Vt = torch.linalg.svd(d, full_matrices=False)`: the strengths are not needed.",
    ],
)

newton_schulz = Exercise(
    name="newton_schulz",
    lecture=7,
    task="Without an SVD: `newton_schulz(G, rounds, a, b, c)` divides the matrix by its norm (Frobenius), and applies "
    "the polynomial `rounds` times.",
    formula=r"X \leftarrow \frac{G}{\lVert G \rVert}, \qquad \text{then so many times} \quad X \leftarrow aX + "
    r"\big(b\,XX^\top + c\,(XX^\top)^2\big)\, X",
    trial=FunctionTrial(reference=rounds_of_a_polynomial, cases=cases_of_rounds),
    misconceptions=[
        Misconception(
            "not divided by the norm",
            "You begin with G itself. Strengths above 1 are where the polynomial explodes.",
            r"$X \leftarrow G / \lVert G \rVert$, before the first round.",
            newton_schulz_with(begin=lambda G: G),
        ),
        Misconception(
            "divided by the largest strength",
            "You divide by the largest singular value. That is sound, too, but needs an SVD; the norm here is the root "
            "of the sum of the squares of all entries.",
            r"$\lVert G \rVert$: `G.norm()`.",
            newton_schulz_with(begin=lambda G: G / torch.linalg.matrix_norm(G, 2)),
        ),
        Misconception(
            "divided by the largest entry",
            "You divide by the largest entry. A strength can still be above 1 then.",
            r"$\lVert G \rVert$: the root of the sum of the squares of all entries.",
            newton_schulz_with(begin=lambda G: G / G.abs().max()),
        ),
        Misconception(
            "divided by the square of the norm",
            "You forgot the root in the norm.",
            r"$\lVert G \rVert$: the *root* of the sum of the squares.",
            newton_schulz_with(begin=lambda G: G / (G * G).sum()),
        ),
        Misconception(
            "divided again in each round",
            "You divide by the norm in every round. It is done once, before the first.",
            r"the order: first the norm, *then so many times* the polynomial.",
            newton_schulz_with(
                begin=lambda G: G,
                step=lambda X, a, b, c: rounds_of_a_polynomial(X, 1, a, b, c),
            ),
        ),
        Misconception(
            "powers of the entries",
            "You take the third and the fifth power of each *entry*. It is a polynomial in matrices.",
            r"$XX^\top$: a product of matrices, `X @ X.T`.",
            newton_schulz_with(step=lambda X, a, b, c: a * X + b * X**3 + c * X**5),
        ),
        Misconception(
            "the square of the entries",
            r"Your $(XX^\top)^2$ squares each entry: `A**2` and `A * A` do. The square of a matrix is `A @ A`.",
            r"$(XX^\top)^2$: the matrix times itself.",
            newton_schulz_with(step=lambda X, a, b, c: a * X + (b * X @ X.T + c * (X @ X.T) ** 2) @ X),
        ),
        Misconception(
            "one round",
            "Yours ends after the first round, whatever `rounds` is. Is the `return` inside the loop? Or does each "
            "round begin with G again?",
            "*then so many times*.",
            lambda G, rounds, a, b, c: rounds_of_a_polynomial(G, min(rounds, 1), a, b, c),
        ),
        Misconception(
            "one round too many",
            "Your loop runs once more than it should.",
            "*then so many times*: `range(rounds)`.",
            lambda G, rounds, a, b, c: rounds_of_a_polynomial(G, rounds + 1, a, b, c),
        ),
        Misconception(
            "b and c are exchanged",
            r"You have $c$ with $XX^\top$, and $b$ with its square.",
            r"the bracket: $b\,XX^\top + c\,(XX^\top)^2$.",
            lambda G, rounds, a, b, c: rounds_of_a_polynomial(G, rounds, a, c, b),
        ),
        Misconception(
            "the square is missing",
            r"Your second product is $XX^\top$ as the first one is: the power is 3 where it should be 5.",
            r"$c\,(XX^\top)^2$.",
            newton_schulz_with(step=lambda X, a, b, c: a * X + (b * X @ X.T + c * X @ X.T) @ X),
        ),
        Misconception(
            "the old X is not added",
            r"$aX$ is missing in your round: only the bracket is left.",
            r"the first term: $aX$.",
            newton_schulz_with(step=lambda X, a, b, c: (b * X @ X.T + c * X @ X.T @ X @ X.T) @ X),
        ),
        Misconception(
            "the bracket is transposed",
            r"You take $X^\top X$ on the left. There it only fits if the matrix is square; and even then it is another "
            r"one.",
            r"$XX^\top$: rows by rows.",
            newton_schulz_with(step=lambda X, a, b, c: a * X + (b * X.T @ X + c * X.T @ X @ X.T @ X) @ X),
        ),
        Misconception(
            "in bfloat16",
            "These are the rounds in bfloat16, as in the course's rule and in torch: two digits are left. Compute in "
            "the precision that G has.",
            r"the formula; there is no `bfloat16` in it.",
            lambda G, rounds, a, b, c: rules.newton_schulz(G, (a, b, c), rounds),
        ),
    ],
    hints=[
        "Three parts: divide by the norm; a loop over the rounds; in it, X becomes the polynomial of X.",
        "`X = G / G.norm()`, then `for _ in range(rounds):`, and in it first `A = X @ X.T`.",
        "`@` multiplies matrices; `*` and `**` work entry by entry. The square of A is `A @ A`.",
        "`X = a * X + (b * A + c * A @ A) @ X`, and after the loop `return X`.",
    ],
)

muon = Exercise(
    name="muon",
    lecture=7,
    task="Write Muon: `muon(x, g, s, t, lr, momentum, weight_decay)`, with μ = `momentum` and λ = `weight_decay`. Its "
    "strengths are set to 1 exactly: use your `orthogonal`, which must be right first, or `torch.linalg.svd`. x is a "
    "matrix.",
    formula=r"\begin{aligned} m_t &= \mu\, m_{t-1} + (1 - \mu)\, g_t, \qquad m_0 = 0 \\ d_t &= \mu\, m_t + (1 - \mu)\, "
    r"g_t = U \Sigma V^\top \\ x_t &= (1 - \mathrm{lr}\, \lambda)\, x_{t-1} - \mathrm{lr}\, \sqrt{\max(1, \text{rows} "
    r"/ \text{columns})}\; U V^\top \end{aligned}",
    trial=RuleTrial(
        reference=orthogonal_step,
        hyper={"lr": (0.1, 0.2, 0.15, 0.3), "momentum": (0.9, 0.8, 0.95, 0.7), "weight_decay": DECAYS},
        shapes=(((4, 2), (4, 2)), ((2, 4), (3, 2))),
    ),
    misconceptions=[
        *misconceptions.with_state(orthogonal_step, "m"),
        Misconception(
            "the look ahead is missing",
            r"You make $m_t$ orthogonal. The step goes along $d_t$, in which the gradient counts once more.",
            r"the second line: $d_t$.",
            muon_with(mixed=lambda m, g, mu: m),
        ),
        Misconception(
            "the sum in the one line, the average in the other",
            "Averages in both lines, or sums in both: either will do, since only directions count. You have a sum in "
            "the first line and an average in the second.",
            r"$(1 - \mu)$ stands in both lines.",
            muon_with(kept=lambda m, g, mu: mu * m + g),
        ),
        Misconception(
            "the average in the one line, the sum in the other",
            "Averages in both lines, or sums in both: either will do, since only directions count. You have an average "
            "in the first line and a sum in the second.",
            r"$(1 - \mu)$ stands in both lines.",
            muon_with(mixed=lambda m, g, mu: mu * m + g),
        ),
        Misconception(
            "the sum of average and gradient",
            "You add the gradient to the average: in the second line each has its weight.",
            r"the second line: $\mu\, m_t + (1 - \mu)\, g_t$.",
            muon_with(mixed=lambda m, g, mu: m + g),
        ),
        Misconception(
            "the gradient is made orthogonal",
            "You make each gradient orthogonal and average afterwards. First the average, then the strengths: what the "
            "batches do not agree about is to be averaged away before.",
            r"of what $U \Sigma V^\top$ is made: of $d_t$.",
            averaged_afterwards,
        ),
        Misconception(
            "divided by the norm",
            "Your step is divided by its norm: the strong directions stay strong. All strengths are to be 1.",
            r"$U V^\top$ in the last line.",
            muon_with(orthogonal=lambda d: d / d.norm()),
        ),
        Misconception(
            "the sign of each entry",
            "You take the sign of the entries, as Lion does.",
            r"$U V^\top$ in the last line.",
            muon_with(orthogonal=torch.sign),
        ),
        Misconception(
            "the factor is missing",
            "A matrix with more rows than columns takes a longer step. Yours does not.",
            r"$\sqrt{\max(1, \text{rows} / \text{columns})}$.",
            muon_with(factor=lambda rows, columns: 1.0),
        ),
        Misconception(
            "rows and columns are exchanged",
            "Your factor lengthens the steps of wide matrices. It is the tall ones that need it.",
            r"$\text{rows} / \text{columns}$: `x.shape` is (rows, columns).",
            muon_with(factor=lambda rows, columns: max(1, columns / rows) ** 0.5),
        ),
        Misconception(
            "the factor lacks its root",
            "Your factor is the ratio itself.",
            r"$\sqrt{\max(1, \text{rows} / \text{columns})}$.",
            muon_with(factor=lambda rows, columns: max(1, rows / columns)),
        ),
        Misconception(
            "the factor shortens wide steps",
            "With fewer rows than columns, your factor is below 1. It is never: that is what the maximum is for.",
            r"$\max(1, \dots)$.",
            muon_with(factor=lambda rows, columns: (rows / columns) ** 0.5),
        ),
        Misconception(
            "the decay is missing",
            "Your weights do not decay.",
            r"the first factor of the last line.",
            muon_with(step=lambda x, o, lr, decay: x - lr * o),
        ),
        Misconception(
            "the decay lacks the learning rate",
            r"You take the part λ off the weights in each step. It is the part $\mathrm{lr}\,\lambda$.",
            r"$(1 - \mathrm{lr}\,\lambda)$.",
            muon_with(step=lambda x, o, lr, decay: (1 - decay) * x - lr * o),
        ),
        Misconception(
            "the decay is coupled",
            r"You add $\lambda x$ to the gradient: it is averaged and made orthogonal with the rest. Muon's weights "
            r"decay by themselves.",
            r"where λ stands: in the last line only.",
            lambda x, g, s, t, lr, momentum, weight_decay: orthogonal_step(
                x, g + weight_decay * x, s, t, lr, momentum, 0.0
            ),
        ),
        Misconception(
            "the decay comes after the step",
            "You take the step, and let the new point decay. It is the old one that decays.",
            r"$(1 - \mathrm{lr}\,\lambda)\, x_{t-1}$: only this.",
            muon_with(step=lambda x, o, lr, decay: (1 - lr * decay) * (x - lr * o)),
        ),
        Misconception(
            "Newton–Schulz",
            "Your strengths come from five rounds of Newton–Schulz: they end in a band about 1. A sound rule, but here "
            "they are to be 1 exactly.",
            r"$U V^\top$: your `orthogonal`.",
            muon_with(orthogonal=lambda d: rounds_of_a_polynomial(d, 5, **COEFFICIENTS)),
        ),
        Misconception(
            "Newton–Schulz in bfloat16",
            "This is the rule as torch and the course have it: the rounds are in bfloat16, two digits. A sound rule, "
            "but here the strengths are to be 1 exactly.",
            r"$U V^\top$: your `orthogonal`.",
            lambda x, g, s, t, lr, momentum, weight_decay: rules.muon(
                x, g, s, t, lr=lr, momentum=momentum, weight_decay=weight_decay
            ),
        ),
    ],
    hints=[
        "Four lines: the average; the look ahead, which mixes it with the gradient once more; all strengths 1; the "
        "step.",
        "`m = momentum * s.m + (1 - momentum) * g` and `d = momentum * m + (1 - momentum) * g`.",
        "`rows, columns = x.shape`, and the factor is `max(1, rows / columns) ** 0.5`.",
        "`return (1 - lr * weight_decay) * x - lr * factor * orthogonal(d), State(m=m)`",
    ],
)


memory_of_a_training = Question(
    name="memory_of_a_training",
    lecture=7,
    text="You train a network of <billions> billion weights. Each number takes <bytes> bytes. How many gigabytes are "
    "the weights, their gradients and all that the rule remembers: with Adam, and with Lion? (A gigabyte is a billion "
    "bytes.)",
    numbers={"billions": (7, 3, 13, 1, 30), "bytes": (4, 2)},
    answer=lambda billions, bytes: (4 * billions * bytes, 3 * billions * bytes),
    because=lambda billions, bytes: (
        f"Weight, gradient, $m$ and $v$: 4 numbers with Adam. Weight, gradient and $m$: 3 with Lion. Times {bytes} "
        f"bytes, "
        f"times {billions} billion."
    ),
    misconceptions=[
        Misconception(
            "the gradients are forgotten",
            "You counted the weights and what the rule remembers. The gradients are numbers, too, as many as weights.",
            "what is asked for: weights, gradients *and* memory.",
            lambda billions, bytes: (3 * billions * bytes, 2 * billions * bytes),
        ),
        Misconception(
            "only what the rule remembers",
            "You counted only the memory of the rules: two numbers per weight, and one.",
            "what is asked for: weights, gradients *and* memory.",
            lambda billions, bytes: (2 * billions * bytes, 1 * billions * bytes),
        ),
        Misconception(
            "a number is not a byte",
            "You counted the numbers. Each one takes some bytes.",
            "how many bytes a number takes.",
            lambda billions, bytes: (4 * billions, 3 * billions),
        ),
        Misconception(
            "Adam's second average is forgotten",
            "You have one number of memory for both. Adam has two averages: of the gradients, and of their squares.",
            "what Adam keeps: $m$ and $v$.",
            lambda billions, bytes: (3 * billions * bytes, 3 * billions * bytes),
        ),
        Misconception(
            "Lion's memory is forgotten",
            "Lion throws the length of the gradient away, but not all of the past: it keeps one average.",
            "what Lion keeps: $m$.",
            lambda billions, bytes: (4 * billions * bytes, 2 * billions * bytes),
        ),
    ],
    hints=[
        "How many numbers are there for each weight? Itself, its gradient, and what the rule keeps.",
        "Adam keeps $m$ and $v$, Lion keeps $m$.",
    ],
)

strength_after_rounds = Question(
    name="strength_after_rounds",
    lecture=7,
    text=f"A direction has the strength <strength>, and $p(s) = {POLYNOMIAL}$. What is its strength after <rounds> "
    f"rounds of "
    "Newton–Schulz?",
    numbers={"strength": (0.2, 0.3, 0.1, 0.4), "rounds": (2, 3)},
    answer=strength_after,
    because=lambda strength, rounds: (
        "After each round: "
        + ", ".join(f"{strength_after(strength, n):.3f}" for n in range(1, rounds + 1))
        + ". It comes near 1, into a band, and not to it."
    ),
    misconceptions=[
        Misconception(
            "one round",
            "That is the strength after one round. The next one takes it from there.",
            "how many rounds: each applies $p$ to what the one before left.",
            lambda strength, rounds: strength_after(strength, 1),
        ),
        Misconception(
            "a power instead of a repetition",
            r"You have $p(s)$ to a power. A second round is $p(p(s))$.",
            "what a round does: it puts the strength into $p$.",
            lambda strength, rounds: strength_after(strength, 1) ** rounds,
        ),
        Misconception(
            "only the first term",
            r"You multiplied by 3.4445 each time. That is right for tiny strengths, where $s^3$ is nothing.",
            "the other two terms of $p$.",
            lambda strength, rounds: 3.4445**rounds * strength,
        ),
        Misconception(
            "it becomes 1",
            "The strengths do not become 1. These coefficients were chosen to be fast: even 1 goes to 0.7.",
            "*A polynomial, again and again* in the lecture: the band.",
            lambda strength, rounds: 1.0,
        ),
    ],
    hints=[
        "A strength is one number: no matrix is needed.",
        "Put the strength into $p$; put what comes out into $p$ again.",
    ],
)

passing_the_minimum = Question(
    name="passing_the_minimum",
    lecture=7,
    text="Lion starts at <start> on $f(x) = 0.1\\,x_1^2 + 2\\,x_2^2$, with lr = <lr> and no decay. In which step does "
    "it first pass the minimum along $x_1$, and in which along $x_2$?",
    numbers={
        "start": ((-5.0, -2.0), (-4.1, 1.7), (4.7, -1.3), (3.7, 2.3)),
        "lr": (0.15, 0.35, 0.45, 0.22),
    },
    answer=steps_to_0,
    because=lambda start, lr: (
        f"{abs(start[0]):g} / {lr:g} = {abs(start[0]) / lr:.2f} steps along $x_1$, and {abs(start[1]):g} / {lr:g} = "
        f"{abs(start[1]) / lr:.2f} along $x_2$. Until then all gradients of a coordinate have one sign, so the betas "
        f"do not "
        "matter. The shape of the valley plays no part."
    ),
    misconceptions=[
        Misconception(
            "the last step before",
            "After so many steps it is still in front of the minimum. The next one passes it.",
            "how far it has to go: a part of a step is a step.",
            lambda start, lr: tuple(n - 1 for n in steps_to_0(start, lr)),
        ),
        Misconception(
            "the coordinates are exchanged",
            "The steep coordinate is the second one. It is nearer, too.",
            "which coordinate is which.",
            lambda start, lr: steps_to_0(start, lr)[::-1],
        ),
        Misconception(
            "a step of length lr in all",
            "You let the *whole* step have the length lr, so that each coordinate gets a part of it. Each moves by lr.",
            r"$x_t = x_{t-1} - \mathrm{lr}\;u_t$: each entry of $u_t$ is 1 or -1.",
            lambda start, lr: steps_to_0(start, lr / 2**0.5),
        ),
        Misconception(
            "both at once",
            "The two coordinates have different ways to go, at the same speed.",
            "how far each coordinate is from 0.",
            lambda start, lr: (steps_to_0(start, lr)[0],) * 2,
        ),
    ],
    hints=[
        "How far does each coordinate move in one step? And how far has it to go?",
        "Divide, and round up.",
    ],
)


EXERCISES = [
    memory_of_a_training,
    passing_the_minimum,
    sign_sgd,
    lion,
    strength_after_rounds,
    orthogonal,
    newton_schulz,
    muon,
]
