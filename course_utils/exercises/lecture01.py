"""Lecture 1: the rule, its largest and its best learning rate, the measured gradient (source E's), a whole descent."""

from collections.abc import Callable

from course_utils import gradients, rules, surfaces
from course_utils.exercises import misconceptions, questions
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import SURFACE, FunctionTrial, PathTrial, RuleTrial, Trial
from course_utils.exercises.verdicts import Misconception
from course_utils.rules import State

import torch

LRS = (0.4, 0.3, 0.2, 0.1)


def gradient_descent(x, g, s, t, lr):
    return x - lr * g, s


def fastest_lr(curvatures):
    return 2 / (curvatures.min() + curvatures.max())


def central(f, x, h):
    slopes = []
    for i in range(len(x)):
        e = torch.zeros_like(x)
        e[i] = h
        slopes.append((f(x + e) - f(x - e)) / (2 * h))
    return torch.stack(slopes)


def all_points(gradient, start, lr, steps):
    points = [start]
    for _ in range(steps):
        points.append(points[-1] - lr * gradient(points[-1]))
    return torch.stack(points)


# sgd, and the questions about its steps


def never_looking_again(x, g, s, t, lr):
    first = g if t == 1 else s.first
    return x - lr * first, State(first=first)


NEVER_AGAIN = Misconception(
    "it never looks again",
    "All your steps follow the gradient of the start. The slope changes as you walk: look again before each step.",
    "$g_t$: it has an index, so each step has its own.",
    never_looking_again,
)
HALF_SLOPE = Misconception(
    "the derivative of a square",
    "You took $(0.1\\,x_1,\\; 2\\,x_2)$ for the gradient. The derivative of $x^2$ is $2x$.",
    r"the gradient: $\nabla f(x) = (0.2\,x_1,\; 4\,x_2)$.",
    lambda x, g, s, t, lr: rules.sgd(x, g / 2, s, t, lr=lr),
)
ONE_TOO_FEW = Misconception(
    "one step too few",
    "You stop one step early.",
    "$x_t$ is the point after $t$ steps, and the start is $x_0$.",
    lambda x, g, s, t, lr: (x if t == 1 else x - lr * g, s),
)
ONE_TOO_MANY = Misconception(
    "one step too many",
    "You take one step more than was asked for.",
    "$x_t$ is the point after $t$ steps, and the start is $x_0$.",
    lambda x, g, s, t, lr: rules.sgd(
        x - lr * g if t == 1 else x, gradients.gradient(SURFACE, x - lr * g) if t == 1 else g, s, t, lr=lr
    ),
)

sgd = Exercise(
    name="sgd",
    lecture=1,
    task="Fill in one line: `sgd(x, g, s, t, lr)` gets the parameters `x`, the gradient `g` at `x`, a memory `s`, the "
    "number `t` of the step and the learning rate. It returns the new x, and the memory. This rule needs no memory: "
    "hand `s` on as it is.",
    formula=r"x_t = x_{t-1} - \mathrm{lr}\; g_t",
    trial=RuleTrial(reference=gradient_descent, hyper={"lr": LRS}),
    misconceptions=[
        *misconceptions.always(gradient_descent),
        NEVER_AGAIN,
        Misconception(
            "old gradients are added up",
            "You step along the sum of all gradients so far, as torch does when `zero_grad()` is forgotten.",
            "$g_t$: the gradient of this step alone.",
            lambda x, g, s, t, lr: (x - lr * (s.total + g), State(total=s.total + g)),
        ),
        Misconception(
            "the learning rate multiplies x, too",
            r"You have $\mathrm{lr}\,(x - g)$: x itself shrinks at each step.",
            r"the product: $\mathrm{lr}$ multiplies $g_t$ alone.",
            lambda x, g, s, t, lr: (lr * (x - g), s),
        ),
        Misconception(
            "divided by the learning rate",
            "You divide the gradient by the learning rate. So a small lr makes large steps.",
            r"$\mathrm{lr}\; g_t$: it is a product.",
            lambda x, g, s, t, lr: (x - g / lr, s),
        ),
        Misconception(
            "only the direction counts",
            "You divide the gradient by its length. All your steps are equally long; the formula's get shorter where "
            "the slope does.",
            r"$\mathrm{lr}\; g_t$: the gradient with its length.",
            lambda x, g, s, t, lr: (x - lr * g / g.norm(), s),
        ),
        Misconception(
            "the learning rate falls",
            "Your learning rate falls with `t`. That is a schedule (lecture 2); here it stays as it is.",
            r"$\mathrm{lr}$: it has no index.",
            lambda x, g, s, t, lr: (x - lr / t * g, s),
        ),
    ],
    hints=[
        "See which way is down, and take a step that way. $g$ points uphill.",
        "The step is the learning rate times the gradient. Take it away from x.",
        "`return x - ..., s`: the new x and, after a comma, the memory as it was.",
    ],
)

FORMULA = r"x_t = x_{t-1} - \mathrm{lr}\; g_t"

two_steps_of_sgd = questions.steps_of(
    rules.sgd,
    name="two_steps_of_sgd",
    lecture=1,
    steps=2,
    numbers={"lr": (0.4, 0.3, 0.2, 0.45)},
    formula=FORMULA,
    misconceptions=[NEVER_AGAIN, misconceptions.sign(gradient_descent), ONE_TOO_FEW, HALF_SLOPE],
    hints=[
        r"The gradient is $(0.2\,x_1,\; 4\,x_2)$. Work it out at the start, and take the first step.",
        "Then work it out again, at the point where you are now.",
    ],
)

thirty_steps_of_sgd = questions.steps_of(
    rules.sgd,
    name="thirty_steps_of_sgd",
    lecture=1,
    steps=30,
    numbers={"lr": (0.48, 0.47, 0.49, 0.485)},
    formula=FORMULA,
    misconceptions=[
        NEVER_AGAIN,
        misconceptions.sign(gradient_descent),
        ONE_TOO_FEW,
        ONE_TOO_MANY,
        HALF_SLOPE,
    ],
    choices=False,
    hints=[
        "A loop: thirty times, work out the gradient where you are, then step.",
        r"Or without a loop: a step multiplies $x_1$ by $1 - 0.2\,\mathrm{lr}$. And $x_2$?",
        "`range(30)` has thirty numbers. Three digits after the point are enough.",
    ],
)

# the edge, the best learning rate, a sum and a mean


largest_lr = Question(
    name="largest_lr",
    lecture=1,
    text="In the bowl $f(x) = <a>\\,x_1^2 + <b>\\,x_2^2$, gradient descent settles if lr is small enough. Where is the "
    "edge: from which lr on does it settle no more?",
    numbers={"a": (0.5, 1.5, 0.25, 0.75), "b": (5, 8, 10, 4, 20, 25, 2.5, 12.5, 6.25, 3.125)},
    answer=lambda a, b: 2 / (2 * b),
    because=lambda a, b: (
        f"The curvatures are $2 \\cdot {a:g} = {2 * a:g}$ and $2 \\cdot {b:g} = {2 * b:g}$. The larger one decides: "
        rf"$\mathrm{{lr}} < 2 / \lambda_{{\max}} = 2 / {2 * b:g} = {1 / b:g}$."
    ),
    misconceptions=[
        Misconception(
            "the factor for the curvature",
            r"You took the factor of $x_2^2$ for the curvature. The curvature is the second derivative: of $b\,x^2$, "
            "it is $2b$.",
            r"$f = \tfrac12\,\lambda\,x^2$.",
            lambda a, b: 2 / b,
        ),
        Misconception(
            "where the zigzag begins",
            r"That is $1 / \lambda_{\max}$. There, the steep direction is done in one step; beyond it, the walker "
            "changes sides. It still settles.",
            r"the factor $1 - \mathrm{lr}\,\lambda$: it may go down to $-1$.",
            lambda a, b: 1 / (2 * b),
        ),
        Misconception(
            "the flat direction decides",
            "You took the smaller curvature. At this lr, the steep direction has long left.",
            r"$\mathrm{lr}\,\lambda < 2$ in *every* direction.",
            lambda a, b: 2 / (2 * a),
        ),
        Misconception(
            "the best one, not the largest",
            r"That is $2 / (\lambda_{\min} + \lambda_{\max})$, the fastest lr. It lies a little below the edge.",
            r"the condition: $\mathrm{lr} < 2 / \lambda_{\max}$.",
            lambda a, b: 2 / (2 * a + 2 * b),
        ),
    ],
    digits=4,
    hints=[
        "Which of the two directions is the steep one? It decides.",
        r"In one direction, a step multiplies the distance by $1 - \mathrm{lr}\,\lambda$. When is that $-1$?",
        r"$\lambda$ is the second derivative: of $b\,x^2$, it is $2b$.",
    ],
)

sum_and_mean = Question(
    name="sum_and_mean",
    lecture=1,
    text="A program adds up the loss over the <batch> pictures of a batch, and walks with lr = <lr>. You take the mean "
    "over the same pictures. With which lr do you walk the same path?",
    numbers={"batch": (64, 100, 32, 50), "lr": (0.001, 0.002, 0.005, 0.004)},
    answer=lambda batch, lr: lr * batch,
    because=lambda batch, lr: (
        f"The gradient of the sum is {batch} times as long as that of the mean, so lr must be {batch} times as large: "
        f"{lr * batch:g}."
    ),
    misconceptions=[
        Misconception(
            "the wrong way round",
            "You divided. Your gradient is the shorter one, so your lr must be the larger one.",
            r"the product $\mathrm{lr}\; g_t$: it must stay the same.",
            lambda batch, lr: lr / batch,
        ),
        Misconception(
            "lr stays the same",
            "You kept lr. But the gradient of the mean is shorter, so the same lr makes shorter steps.",
            r"the product $\mathrm{lr}\; g_t$: it must stay the same.",
            lambda batch, lr: lr,
        ),
        Misconception(
            "the root of the batch",
            r"You multiplied by $\sqrt B$. That is how the *noise* of a mean falls. The gradient itself is that of the "
            "sum, divided by $B$.",
            r"$\nabla f(x) = \frac1B \sum_i \nabla f_i(x)$.",
            lambda batch, lr: lr * batch**0.5,
        ),
    ],
    digits=6,
    hints=[
        "How many times as long is the gradient of the sum?",
        r"Steps are equal if $\mathrm{lr}\; g$ is. When $g$ gets shorter, what must lr do?",
    ],
)


def bowls_curvatures(seed):
    flat_and_steep, several = Trial(seed).chosen(
        {"flat": (0.2, 0.5, 1.0, 0.4), "steep": (4.0, 6.0, 3.0, 8.0), "between": (1.5, 2.0, 2.5, 1.2)}
    )
    two = torch.tensor([flat_and_steep["flat"], flat_and_steep["steep"]]).double()
    four = torch.tensor([several[name] for name in ("between", "flat", "steep", "between")]).double()
    return {
        "two curvatures": {f"curvatures {_called(two)}": {"curvatures": two}},
        "four curvatures": {f"curvatures {_called(four)}": {"curvatures": four}},
    }


def _called(x: torch.Tensor) -> str:
    return f"({', '.join(f'{value:g}' for value in x.tolist())})"


best_lr = Exercise(
    name="best_lr",
    lecture=1,
    task="Write `best_lr(curvatures)`: the learning rate that is fastest in a bowl. You get its curvatures as a "
    "tensor: two or more, in any order.",
    formula=r"\mathrm{lr} = \frac{2}{\lambda_{\min} + \lambda_{\max}}",
    trial=FunctionTrial(reference=fastest_lr, cases=bowls_curvatures),
    misconceptions=[
        Misconception(
            "the edge, not the best",
            r"You give $2 / \lambda_{\max}$. That is the edge: there, the steep direction jumps from side to side for "
            "ever.",
            r"the denominator: both $\lambda_{\min}$ and $\lambda_{\max}$.",
            lambda curvatures: 2 / curvatures.max(),
        ),
        Misconception(
            "the steep direction in one step",
            r"You give $1 / \lambda_{\max}$. It ends the steep direction in one step, and crawls along the flat one.",
            r"the fraction: there is a 2, and there is $\lambda_{\min}$.",
            lambda curvatures: 1 / curvatures.max(),
        ),
        Misconception(
            "the 2 is missing",
            "Yours is half as large as it should be.",
            "what stands above the line.",
            lambda curvatures: 1 / (curvatures.min() + curvatures.max()),
        ),
        Misconception(
            "the parentheses below the line",
            r"`2 / min + max` divides by the smallest alone, and adds the largest then.",
            r"the denominator: both $\lambda_{\min}$ and $\lambda_{\max}$, in parentheses.",
            lambda curvatures: 2 / curvatures.min() + curvatures.max(),
        ),
        Misconception(
            "the other parentheses",
            r"`2 / max + min` divides by the largest alone, and adds the smallest then.",
            r"the denominator: both $\lambda_{\min}$ and $\lambda_{\max}$, in parentheses.",
            lambda curvatures: 2 / curvatures.max() + curvatures.min(),
        ),
        Misconception(
            "only the flat direction",
            r"You give $2 / \lambda_{\min}$. The steep direction cannot bear that.",
            r"the denominator: both $\lambda_{\min}$ and $\lambda_{\max}$.",
            lambda curvatures: 2 / curvatures.min(),
        ),
        Misconception(
            "all curvatures are added",
            "You divide by the sum of all curvatures. With two it is the same. With more, only the two extremes count: "
            "those between shrink faster anyway.",
            r"the indices $\min$ and $\max$.",
            lambda curvatures: 2 / curvatures.sum(),
        ),
        Misconception(
            "the first and the last",
            "You take the first and the last curvature. They may come in any order.",
            r"the indices $\min$ and $\max$.",
            lambda curvatures: 2 / (curvatures[0] + curvatures[-1]),
        ),
        Misconception(
            "the difference",
            r"You divide by $\lambda_{\max} - \lambda_{\min}$.",
            "the sign in the denominator.",
            lambda curvatures: 2 / (curvatures.max() - curvatures.min()),
        ),
        Misconception(
            "the factor, not the learning rate",
            r"You give $(\kappa - 1) / (\kappa + 1)$. That is what a step leaves of the distance with the best lr, not "
            "the lr itself.",
            r"the left side: $\mathrm{lr}$.",
            lambda curvatures: (curvatures.max() - curvatures.min()) / (curvatures.max() + curvatures.min()),
        ),
    ],
    hints=[
        "The flattest direction wants a large lr, the steepest one a small one. Only these two count.",
        "A tensor knows its smallest and its largest number: `curvatures.min()` and `curvatures.max()`.",
        "Two divided by the sum of the two. Mind the parentheses below the line.",
    ],
)

# the gradient without calculus


def of_three(x):
    return x[..., 0] ** 3 + x[..., 0] * x[..., 1] ** 2 + x[..., 1] * x[..., 2] ** 3


def functions(seed):
    first, second = Trial(seed).chosen({"h": (0.1, 0.05, 0.2, 0.04)})
    dice = torch.Generator().manual_seed(seed)
    points = [torch.tensor(surfaces.rosenbrock.start).double()] if seed == 0 else []
    points = [*points, *(_tenths(2, dice) for _ in range(2 - len(points)))]
    return {
        f"Rosenbrock's function, h = {first['h']:g}": {
            f"x = {_called(x)}": {"f": surfaces.rosenbrock, "x": x, **first} for x in points
        },
        f"a function of three coordinates, h = {second['h']:g}": {
            f"x = {_called(x)}": {"f": of_three, "x": x, **second} for x in [_tenths(3, dice)]
        },
    }


def _tenths(n: int, dice: torch.Generator) -> torch.Tensor:
    """A point whose coordinates are of size 1 to 2, to one digit."""
    size = torch.randint(10, 20, (n,), generator=dice).double() / 10
    return size * (2 * torch.randint(0, 2, (n,), generator=dice) - 1)


def quotient(name: str, says: str, look: str, of: Callable) -> Misconception:
    """A wrong quotient ``of(f, x, e, h)`` in place of the central one, for each coordinate."""

    def wrong(f, x, h):
        return torch.stack([of(f, x, e, h) for e in h * torch.eye(len(x), dtype=x.dtype)])

    return Misconception(name, says, look, wrong)


def not_put_back(f, x, h):
    point, slopes = x.clone(), []
    for i in range(len(x)):
        point[i] += h
        after = f(point)
        point[i] -= 2 * h
        slopes.append((after - f(point)) / (2 * h))
    return torch.stack(slopes)


NUMERATOR, DENOMINATOR = "the numerator: $f(x + h) - f(x - h)$.", "the denominator: $2h$, under the whole difference."

central_difference = Exercise(
    name="central_difference",
    lecture=1,
    task="Measure a gradient: `central_difference(f, x, h)` gets a function, a point `x` of two or more coordinates "
    "and a small number `h`. It returns a slope for each coordinate: a tensor of the shape of `x`. For the slope along "
    "coordinate $i$, that one alone is shifted by $h$, to both sides: $e_i$ is 1 in coordinate $i$ and 0 elsewhere.",
    formula=r"g_i = \frac{f(x + h\,e_i) - f(x - h\,e_i)}{2h}",
    trial=FunctionTrial(reference=central, cases=functions),
    misconceptions=[
        quotient(
            "only the second term is divided",
            "A quotient binds tighter than a difference: only your second value of $f$ is divided by $2h$. A published "
            "teaching notebook has the same mistake.",
            "the fraction line: it is under the whole difference, so the difference needs parentheses.",
            lambda f, x, e, h: f(x + e) - f(x - e) / (2 * h),
        ),
        quotient(
            "divided by 2, then multiplied by h",
            "`/ 2 * h` divides by 2 and multiplies by h.",
            "the denominator: `(2 * h)`, in parentheses.",
            lambda f, x, e, h: (f(x + e) - f(x - e)) / 2 * h,
        ),
        quotient(
            "h instead of 2h",
            "Your slopes are twice as large: the two points are $2h$ apart, and you divide by $h$.",
            DENOMINATOR,
            lambda f, x, e, h: (f(x + e) - f(x - e)) / h,
        ),
        quotient(
            "nothing divides the difference",
            "You return the difference of the two values. A slope is the difference per length.",
            DENOMINATOR,
            lambda f, x, e, h: f(x + e) - f(x - e),
        ),
        quotient(
            "the forward difference",
            "You look ahead only, from $x$ to $x + h$. That is the forward difference; its error is of order $h$.",
            NUMERATOR,
            lambda f, x, e, h: (f(x + e) - f(x)) / h,
        ),
        quotient(
            "the backward difference",
            "You look back only, from $x - h$ to $x$. Its error is of order $h$, as the forward difference's.",
            NUMERATOR,
            lambda f, x, e, h: (f(x) - f(x - e)) / h,
        ),
        quotient(
            "one side, divided by two",
            "You go from $x$ to $x + h$, and divide by $2h$: that is half a slope.",
            NUMERATOR,
            lambda f, x, e, h: (f(x + e) - f(x)) / (2 * h),
        ),
        quotient(
            "half of h",
            "Your two points are $h$ apart: you shift by $h / 2$. A good central difference, but for another $h$.",
            "the shift: $h$ to each side.",
            lambda f, x, e, h: (f(x + e / 2) - f(x - e / 2)) / h,
        ),
        quotient(
            "the two values are exchanged",
            "You subtract the value ahead from the one behind: your slopes have the wrong sign.",
            NUMERATOR,
            lambda f, x, e, h: (f(x - e) - f(x + e)) / (2 * h),
        ),
        quotient(
            "all coordinates at once",
            "You shift all coordinates at once, and so measure the same slope, along the diagonal, again and again.",
            "$e_i$: 1 in coordinate $i$, and 0 elsewhere.",
            lambda f, x, e, h: (f(x + h) - f(x - h)) / (2 * h),
        ),
        Misconception(
            "one slope for all",
            "You return one number: a single slope. Either all coordinates are shifted at once, as in `x + h`, or your "
            "`return` stands inside the loop and ends it in its first turn.",
            "$g_i$ and $e_i$: a slope for each coordinate $i$, shifted alone.",
            lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
        ),
        quotient(
            "h is missing below the line",
            "You divide by 2 alone. The two points are $2h$ apart.",
            DENOMINATOR,
            lambda f, x, e, h: (f(x + e) - f(x - e)) / 2,
        ),
        quotient(
            "shifted by 1 instead of h",
            "You shift the coordinate by 1, not by $h$, and divide by $2h$.",
            "the shift: $h\\,e_i$. In code, `e[i] = h`.",
            lambda f, x, e, h: (f(x + e / h) - f(x - e / h)) / (2 * h),
        ),
        quotient(
            "h is nowhere",
            "You shift by 1 and divide by 2: a central difference, but with 1 for $h$.",
            "the shift and the denominator: $h$ is in both.",
            lambda f, x, e, h: (f(x + e / h) - f(x - e / h)) / 2,
        ),
        quotient(
            "the sum of the two values",
            "You add the two values. A slope comes from their difference.",
            NUMERATOR,
            lambda f, x, e, h: (f(x + e) + f(x - e)) / (2 * h),
        ),
        quotient(
            "the two points are one",
            "All your slopes are 0: both values are taken at one point. After `b = a`, there is still one tensor, with "
            "two names. `x.clone()` makes another.",
            NUMERATOR,
            lambda f, x, e, h: 0 * f(x),
        ),
        Misconception(
            "the coordinate is not put back",
            "Your first slope is right. Then the first coordinate stays shifted while you measure the others.",
            "$e_i$: 0 in all the other coordinates.",
            not_put_back,
        ),
        Misconception(
            "the exact gradient",
            "You return the exact gradient. The central difference comes near to it when $h$ is small. Here it "
            "shall be measured, with the $h$ that you get.",
            "the right side: it has nothing but values of $f$.",
            lambda f, x, h: gradients.gradient(f, x),
        ),
    ],
    hints=[
        "One slope for each coordinate: a loop over `range(len(x))`, and `torch.stack` at the end.",
        "For coordinate i: `e = torch.zeros_like(x)`, then `e[i] = h`. The two points are `x + e` and `x - e`.",
        "The difference in parentheses, `2 * h` in parentheses, one divided by the other.",
    ],
)

# a whole descent


def walking(name: str, says: str, look: str, step: Callable) -> Misconception:
    """A walk by a wrong ``step(x, gradient, start, lr)``."""

    def wrong(gradient, start, lr, steps):
        points = [start]
        for _ in range(steps):
            points.append(step(points[-1], gradient, start, lr))
        return torch.stack(points)

    return Misconception(name, says, look, wrong)


ALL_POINTS = "which points are wanted: $x_0, x_1, \\dots, x_n$, for $n$ = `steps`."
RULE = f"${FORMULA}$."

descent = Exercise(
    name="descent",
    lecture=1,
    task="Write the whole walk: `descent(gradient, start, lr, steps)`. You get the gradient as a **function**, "
    "`gradient(x)`, and a point to start from. Return all the points as one tensor, a row for each: the start, then "
    "the point after each step, `steps + 1` in all.",
    formula=r"x_0 = \mathrm{start}, \qquad x_t = x_{t-1} - \mathrm{lr}\; \nabla f(x_{t-1}), \qquad t = 1, \dots, n",
    trial=PathTrial(reference=all_points, hyper={"lr": LRS, "steps": (12, 8, 10, 9)}),
    misconceptions=[
        walking(
            "it never looks again",
            "All your steps follow the gradient of the start. Look again before each step.",
            "where the gradient is taken: at $x_{t-1}$.",
            lambda x, gradient, start, lr: x - lr * gradient(start),
        ),
        walking(
            "each step begins at the start",
            "Each of your steps is taken from the start, though with the gradient of the point where you were.",
            "$x_t = x_{t-1} - \\dots$: a step begins where the last one ended.",
            lambda x, gradient, start, lr: start - lr * gradient(x),
        ),
        walking("the sign", "You walk uphill.", RULE, lambda x, gradient, start, lr: x + lr * gradient(x)),
        walking(
            "the learning rate is missing",
            "Nothing multiplies your steps by the learning rate.",
            RULE,
            lambda x, gradient, start, lr: x - gradient(x),
        ),
        Misconception(
            "one tensor in all rows",
            "All your rows are the same. You change x in place (`x -= …`), and keep the same tensor again and again.",
            "each $x_t$ is a new point: `x = x - …` makes a new tensor.",
            lambda gradient, start, lr, steps: all_points(gradient, start, lr, steps)[-1].expand(steps + 1, -1),
        ),
        Misconception(
            "one tensor in all rows after the start",
            "Your first row is right, all others are the same. You change x in place (`x -= …`), and keep the same "
            "tensor again and again.",
            "each $x_t$ is a new point: `x = x - …` makes a new tensor.",
            lambda gradient, start, lr, steps: torch.cat(
                [start[None], all_points(gradient, start, lr, steps)[-1].expand(steps, -1)]
            ),
        ),
        walking(
            "x is never carried on",
            "You take the first step again and again: each begins at the start, and looks there.",
            "$x_{t-1}$: where the last step ended. In code, `x = x - …`, with x the start only before the loop.",
            lambda x, gradient, start, lr: start - lr * gradient(start),
        ),
        Misconception(
            "the path begins after the first step",
            "You have as many points as wanted, but the first is the one after a step, and the last is one too far.",
            ALL_POINTS,
            lambda gradient, start, lr, steps: all_points(gradient, start, lr, steps + 1)[1:],
        ),
        Misconception(
            "the start is missing",
            "Your path begins with the point after the first step.",
            ALL_POINTS,
            lambda gradient, start, lr, steps: all_points(gradient, start, lr, steps)[1:],
        ),
        Misconception(
            "the last point is missing",
            "Your path is one point short. After the last step, keep its point, too; and take all the steps.",
            ALL_POINTS,
            lambda gradient, start, lr, steps: all_points(gradient, start, lr, steps)[:-1],
        ),
        Misconception(
            "one step too many",
            "You take a step more than was asked for.",
            ALL_POINTS,
            lambda gradient, start, lr, steps: all_points(gradient, start, lr, steps + 1),
        ),
        Misconception(
            "the start comes twice",
            "The start is there twice, and the last point is not: you keep x before the step instead of after it.",
            ALL_POINTS,
            lambda gradient, start, lr, steps: torch.cat(
                [start[None], all_points(gradient, start, lr, steps - 1)],
            ),
        ),
        Misconception(
            "only the last point",
            "You return the place where the walk ends. All the points on the way are wanted, too.",
            ALL_POINTS,
            lambda gradient, start, lr, steps: all_points(gradient, start, lr, steps)[-1],
        ),
        Misconception(
            "the steps, not the points",
            "Your first row is the start; the others are the steps. A point is where a step leads.",
            RULE,
            lambda gradient, start, lr, steps: torch.cat(
                [start[None], all_points(gradient, start, lr, steps).diff(dim=0)]
            ),
        ),
    ],
    hints=[
        "A list with the start in it, `points = [start]`, and a loop that adds one point at each step.",
        "In the loop: the gradient where you are, `gradient(x)`, then `x = x - lr * …`, then `points.append(x)`.",
        "At the end, `torch.stack(points)` makes one tensor of the list.",
    ],
)

EXERCISES = [two_steps_of_sgd, thirty_steps_of_sgd, sgd, largest_lr, best_lr, sum_and_mean, central_difference, descent]
