# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 5 · Adam and its family
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/05_adam.ipynb)
#
# To [lecture 5](../05_adam.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# A rule is a function: it gets the parameters `x`, the gradient `g`, what it remembers in `s` and the number `t` of the step, from 1. It returns the new x
# and the new memory. What the memory does not have yet is 0: `s.m` can be read at once. To keep an m and a v, return `State(m=m, v=v)`.
# All products, quotients and roots are taken number by number. Leave `x` and `g` as they are: no `+=`.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %%
from course_utils import exercises, rules
from course_utils.descent import descend
from course_utils.rules import State

import torch

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(5)

# %% [markdown]
# ## Two steps by hand
#
# For two of the answers, a pencil is enough. The other two are close together: one of them has ε in another place, and notebook C prints such an
# answer. Which way does each ε push?

# %%
exercises.two_steps_of_adam.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "two_steps_of_adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
two_steps = None  # a letter in quotes
### BEGIN SOLUTION
two_steps = exercises.two_steps_of_adam.right(SEED)
### END SOLUTION

# %%
exercises.two_steps_of_adam.check(two_steps, SEED)

# %%
# exercises.two_steps_of_adam.hint()      # without the first #: a hint; again: one more
# exercises.two_steps_of_adam.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "two_steps_of_adam_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.two_steps_of_adam.check(two_steps, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Make up for the start
#
# One line.

# %%
exercises.bias_correction.ask()


# %% nbgrader={"grade": false, "grade_id": "bias_correction", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bias_correction(m, beta, t):
    ### BEGIN SOLUTION
    return m / (1 - beta**t)
    ### END SOLUTION


# %%
exercises.bias_correction.check(bias_correction)

# %%
# exercises.bias_correction.hint()      # without the first #: a hint; again: one more
# exercises.bias_correction.solution()

# %% nbgrader={"grade": true, "grade_id": "bias_correction_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.bias_correction.check(bias_correction, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## And without the correction?
#
# Too short, or too long?

# %%
exercises.start_without_correction.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "start_without_correction", "locked": false, "schema_version": 3, "solution": true, "task": false}
length = None  # a letter in quotes
### BEGIN SOLUTION
length = exercises.start_without_correction.right(SEED)
### END SOLUTION

# %%
exercises.start_without_correction.check(length, SEED)

# %%
# exercises.start_without_correction.hint()      # without the first #: a hint; again: one more
# exercises.start_without_correction.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "start_without_correction_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.start_without_correction.check(length, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Adam
#
# Five lines: two averages, two corrections, the step.

# %%
exercises.adam.ask()


# %% nbgrader={"grade": false, "grade_id": "adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adam(x, g, s, t, lr, beta1, beta2, eps):
    ### BEGIN SOLUTION
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * m_hat / (v_hat**0.5 + eps), State(m=m, v=v)
    ### END SOLUTION


# %%
exercises.adam.check(adam)

# %%
# exercises.adam.hint()      # without the first #: a hint; again: one more
# exercises.adam.solution()

# %% nbgrader={"grade": true, "grade_id": "adam_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.adam.check(adam, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Thirty steps by machine
#
# With your own rule, or with the course's. Seven decimals are wanted, so work in `float64`: then even an ε in the wrong place shows.

# %%
exercises.thirty_steps_of_adam.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "thirty_steps_of_adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
numbers = exercises.thirty_steps_of_adam.drawn(SEED)  # those of the question, by name
point = None  # two numbers: (..., ...)
### BEGIN SOLUTION
settings = {name: numbers[name] for name in ("start", "lr", "beta1", "beta2", "eps")}
point = descend("quadratic", rules.adam, steps=30, **settings).x[-1]
### END SOLUTION

# %%
exercises.thirty_steps_of_adam.check(point, SEED)

# %%
# exercises.thirty_steps_of_adam.hint()      # without the first #: a hint; again: one more
# exercises.thirty_steps_of_adam.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "thirty_steps_of_adam_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.thirty_steps_of_adam.check(point, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Decay beside Adam
#
# One term more. Where does it stand?

# %%
exercises.adamw.ask()


# %% nbgrader={"grade": false, "grade_id": "adamw", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adamw(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
    ### BEGIN SOLUTION
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    step = m_hat / (v_hat**0.5 + eps) + weight_decay * x
    return x - lr * step, State(m=m, v=v)
    ### END SOLUTION


# %%
exercises.adamw.check(adamw)

# %%
# exercises.adamw.hint()      # without the first #: a hint; again: one more
# exercises.adamw.solution()

# %% nbgrader={"grade": true, "grade_id": "adamw_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.adamw.check(adamw, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The largest so far
#
# One line more, and a third thing to remember.

# %%
exercises.amsgrad.ask()


# %% nbgrader={"grade": false, "grade_id": "amsgrad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def amsgrad(x, g, s, t, lr, beta1, beta2, eps):
    ### BEGIN SOLUTION
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    v_max = torch.maximum(torch.as_tensor(s.v_max), v)
    m_hat, v_hat = m / (1 - beta1**t), v_max / (1 - beta2**t)
    return x - lr * m_hat / (v_hat**0.5 + eps), State(m=m, v=v, v_max=v_max)
    ### END SOLUTION


# %%
exercises.amsgrad.check(amsgrad)

# %%
# exercises.amsgrad.hint()      # without the first #: a hint; again: one more
# exercises.amsgrad.solution()

# %% nbgrader={"grade": true, "grade_id": "amsgrad_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.amsgrad.check(amsgrad, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## What it costs
#
# Count the numbers, then the bytes.

# %%
exercises.memory_of_adam.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "memory_of_adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
megabytes = None  # a whole number
### BEGIN SOLUTION
megabytes = exercises.memory_of_adam.right(SEED)
### END SOLUTION

# %%
exercises.memory_of_adam.check(megabytes, SEED)

# %%
# exercises.memory_of_adam.hint()      # without the first #: a hint; again: one more
# exercises.memory_of_adam.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "memory_of_adam_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.memory_of_adam.check(megabytes, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## An optimizer of your own
#
# What `torch.optim.Adam` does, as a class of yours. Two parameters, two groups, a scheduler, a closure: the check tries them all. The trap is the clock.

# %%
exercises.own_adam.ask()


# %% nbgrader={"grade": false, "grade_id": "own_adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
class OwnAdam(torch.optim.Optimizer):
    def __init__(self, params, lr, beta1, beta2, eps):
        super().__init__(params, {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        ### BEGIN SOLUTION
        with torch.enable_grad():
            loss = closure() if closure else None
        for group in self.param_groups:
            hyper = {name: group[name] for name in ("lr", "beta1", "beta2", "eps")}
            for p, s in [(p, self.state[p]) for p in group["params"] if p.grad is not None]:
                s["t"] = s.get("t", 0) + 1
                p.data, s["s"] = adam(p.data, p.grad, s.get("s", State()), s["t"], **hyper)
        return loss
        ### END SOLUTION


# %%
exercises.own_adam.check(OwnAdam)

# %%
# exercises.own_adam.hint()      # without the first #: a hint; again: one more
# exercises.own_adam.solution()

# %% nbgrader={"grade": true, "grade_id": "own_adam_graded", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
# 4 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.own_adam.check(OwnAdam, seed=31).passed
### END HIDDEN TESTS
