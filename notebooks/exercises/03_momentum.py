# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 3 · Momentum and Nesterov
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/03_momentum.ipynb)
#
# To [lecture 3](../03_momentum.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# A rule is a function: it gets the parameters `x`, the gradient `g`, what it remembers in `s` and the number `t` of the step, from 1. It returns the new x
# and the new memory. What the memory does not have yet is 0: `s.v` can be read at once. To keep a v, return `State(v=v)`.

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

exercises.of(3)

# %% [markdown]
# ## Two steps by hand
#
# With pencil and paper. How far does the average carry you?

# %%
exercises.two_steps_of_momentum.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "two_steps_of_momentum", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # a letter in quotes
### BEGIN SOLUTION
answer = exercises.two_steps_of_momentum.right(SEED)
### END SOLUTION

# %%
exercises.two_steps_of_momentum.check(answer, SEED)

# %%
# exercises.two_steps_of_momentum.hint()      # without the first #: a hint; again: one more
# exercises.two_steps_of_momentum.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "two_steps_of_momentum_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.two_steps_of_momentum.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Thirty steps by machine
#
# The same, but too long for pencil and paper: let a loop do it.

# %%
exercises.thirty_steps_of_momentum.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "thirty_steps_of_momentum", "locked": false, "schema_version": 3, "solution": true, "task": false}
numbers = exercises.thirty_steps_of_momentum.drawn(SEED)  # those of the question, by name
point = None  # two numbers: (..., ...)
### BEGIN SOLUTION
point = descend("quadratic", rules.momentum_ema, steps=30, **numbers).x[-1]
### END SOLUTION

# %%
exercises.thirty_steps_of_momentum.check(point, SEED)

# %%
# exercises.thirty_steps_of_momentum.hint()      # without the first #: a hint; again: one more
# exercises.thirty_steps_of_momentum.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "thirty_steps_of_momentum_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.thirty_steps_of_momentum.check(point, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Momentum as a sum
#
# Two lines. The velocity first, then the step.

# %%
exercises.momentum.ask()


# %% nbgrader={"grade": false, "grade_id": "momentum", "locked": false, "schema_version": 3, "solution": true, "task": false}
def momentum(x, g, s, t, lr, momentum):
    ### BEGIN SOLUTION
    v = momentum * s.v + g
    return x - lr * v, State(v=v)
    ### END SOLUTION


# %%
exercises.momentum.check(momentum)

# %%
# exercises.momentum.hint()      # without the first #: a hint; again: one more
# exercises.momentum.solution()

# %% nbgrader={"grade": true, "grade_id": "momentum_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.momentum.check(momentum, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Momentum as an average
#
# One factor more. What does it do to the first step?

# %%
exercises.momentum_ema.ask()


# %% nbgrader={"grade": false, "grade_id": "momentum_ema", "locked": false, "schema_version": 3, "solution": true, "task": false}
def momentum_ema(x, g, s, t, lr, beta):
    ### BEGIN SOLUTION
    v = beta * s.v + (1 - beta) * g
    return x - lr * v, State(v=v)
    ### END SOLUTION


# %%
exercises.momentum_ema.check(momentum_ema)

# %%
# exercises.momentum_ema.hint()      # without the first #: a hint; again: one more
# exercises.momentum_ema.solution()

# %% nbgrader={"grade": true, "grade_id": "momentum_ema_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.momentum_ema.check(momentum_ema, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Look first, then correct
#
# Here the gradient comes as a function. Where do you ask for it?

# %%
exercises.nesterov.ask()


# %% nbgrader={"grade": false, "grade_id": "nesterov", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nesterov(x, gradient, s, t, lr, momentum):
    ### BEGIN SOLUTION
    v = momentum * s.v + gradient(x - lr * momentum * s.v)
    return x - lr * v, State(v=v)
    ### END SOLUTION


# %%
exercises.nesterov.check(nesterov)

# %%
# exercises.nesterov.hint()      # without the first #: a hint; again: one more
# exercises.nesterov.solution()

# %% nbgrader={"grade": true, "grade_id": "nesterov_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.nesterov.check(nesterov, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## An optimizer of your own
#
# The final project of a published course, which left it to its students. Lecture 3 has the optimizer without Nesterov, under *Writing an optimizer*.

# %%
exercises.nesterov_sgd.ask()


# %% nbgrader={"grade": false, "grade_id": "nesterov_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
class NesterovSGD(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum, weight_decay):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        ### BEGIN SOLUTION
        with torch.enable_grad():
            loss = closure() if closure else None
        for group in self.param_groups:
            for p in filter(lambda p: p.grad is not None, group["params"]):
                d = p.grad + group["weight_decay"] * p
                self.state[p]["v"] = group["momentum"] * self.state[p].get("v", 0) + d
                p.sub_(group["lr"] * (d + group["momentum"] * self.state[p]["v"]))
        return loss

    ### END SOLUTION


# %%
exercises.nesterov_sgd.check(NesterovSGD)

# %%
# exercises.nesterov_sgd.hint()      # without the first #: a hint; again: one more
# exercises.nesterov_sgd.solution()

# %% nbgrader={"grade": true, "grade_id": "nesterov_sgd_graded", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
# 4 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.nesterov_sgd.check(NesterovSGD, seed=31).passed
### END HIDDEN TESTS
