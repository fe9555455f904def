# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 6 · Averages and look-ahead
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/06_averages.ipynb)
#
# To [lecture 6](../06_averages.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# A rule is a function: it gets the parameters `x`, the gradient `g`, what it remembers in `s` and the number `t` of the step, from 1. It returns the new x
# and the new memory. What the memory does not have yet is 0. To keep a z, return `State(z=z)`, and read it as `s.z` in the next step.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %%
from course_utils import exercises
from course_utils.rules import State

import torch

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(6)

# %% [markdown]
# ## How far from the minimum?
#
# With pencil and paper. One formula is for the noise ball, one for the average. Which has the learning rate in it?

# %%
exercises.last_and_average.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "last_and_average", "locked": false, "schema_version": 3, "solution": true, "task": false}
variances = None  # a letter in quotes
### BEGIN SOLUTION
variances = exercises.last_and_average.right(SEED)
### END SOLUTION

# %%
exercises.last_and_average.check(variances, SEED)

# %%
# exercises.last_and_average.hint()      # without the first #: a hint; again: one more
# exercises.last_and_average.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "last_and_average_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.last_and_average.check(variances, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A mean without a list
#
# One line.

# %%
exercises.running_mean.ask()


# %% nbgrader={"grade": false, "grade_id": "running_mean", "locked": false, "schema_version": 3, "solution": true, "task": false}
def running_mean(a, x, t):
    ### BEGIN SOLUTION
    return a + (x - a) / t
    ### END SOLUTION


# %%
exercises.running_mean.check(running_mean)

# %%
# exercises.running_mean.hint()      # without the first #: a hint; again: one more
# exercises.running_mean.solution()

# %% nbgrader={"grade": true, "grade_id": "running_mean_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.running_mean.check(running_mean, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The walker and its follower
#
# A loop. The walker does not know of the average.

# %%
exercises.averaged_sgd.ask()


# %% nbgrader={"grade": false, "grade_id": "averaged_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def averaged_sgd(x, gradient, lr, steps, t0):
    ### BEGIN SOLUTION
    total = 0
    for t in range(1, steps + 1):
        x = x - lr * gradient(x, t)
        if t > t0:
            total = total + x
    return total / (steps - t0)
    ### END SOLUTION


# %%
exercises.averaged_sgd.check(averaged_sgd)

# %%
# exercises.averaged_sgd.hint()      # without the first #: a hint; again: one more
# exercises.averaged_sgd.solution()

# %% nbgrader={"grade": true, "grade_id": "averaged_sgd_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.averaged_sgd.check(averaged_sgd, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Two steps forward, and part of the way back
#
# By hand again. There is a short way: what does a round do to the distance?

# %%
exercises.two_rounds_of_lookahead.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "two_rounds_of_lookahead", "locked": false, "schema_version": 3, "solution": true, "task": false}
rounds = None  # a letter in quotes
### BEGIN SOLUTION
rounds = exercises.two_rounds_of_lookahead.right(SEED)
### END SOLUTION

# %%
exercises.two_rounds_of_lookahead.check(rounds, SEED)

# %%
# exercises.two_rounds_of_lookahead.hint()      # without the first #: a hint; again: one more
# exercises.two_rounds_of_lookahead.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "two_rounds_of_lookahead_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.two_rounds_of_lookahead.check(rounds, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Fast and slow weights
#
# Now as a rule. Three things can go wrong: where φ begins, when the pull comes, and who is pulled where.

# %%
exercises.lookahead.ask()


# %% nbgrader={"grade": false, "grade_id": "lookahead", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lookahead(x, g, s, t, lr, k, alpha):
    ### BEGIN SOLUTION
    phi = x if t == 1 else s.phi
    x = x - lr * g
    if t % k == 0:
        phi = phi + alpha * (x - phi)
        x = phi
    return x, State(phi=phi)
    ### END SOLUTION


# %%
exercises.lookahead.check(lookahead)

# %%
# exercises.lookahead.hint()      # without the first #: a hint; again: one more
# exercises.lookahead.solution()

# %% nbgrader={"grade": true, "grade_id": "lookahead_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.lookahead.check(lookahead, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Three points
#
# Where to ask, where to walk, what to hand in.

# %%
exercises.schedule_free.ask()


# %% nbgrader={"grade": false, "grade_id": "schedule_free", "locked": false, "schema_version": 3, "solution": true, "task": false}
def schedule_free(x, gradient, s, t, lr, beta):
    ### BEGIN SOLUTION
    z = x if t == 1 else s.z
    y = (1 - beta) * z + beta * x
    z = z - lr * gradient(y)
    x = (1 - 1 / t) * x + 1 / t * z
    return x, State(z=z)
    ### END SOLUTION


# %%
exercises.schedule_free.check(schedule_free)

# %%
# exercises.schedule_free.hint()      # without the first #: a hint; again: one more
# exercises.schedule_free.solution()

# %% nbgrader={"grade": true, "grade_id": "schedule_free_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.schedule_free.check(schedule_free, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## An optimizer for networks
#
# The last one is for use: around torch's own SGD. The class begins with `__init__`; it needs a `step(self, closure=None)`, too.

# %%
exercises.lookahead_sgd.ask()


# %% nbgrader={"grade": false, "grade_id": "lookahead_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
class LookaheadSGD(torch.optim.SGD):
    def __init__(self, params, lr, k, alpha):
        ### BEGIN SOLUTION
        super().__init__(params, lr=lr)
        self.k, self.alpha, self.t = k, alpha, 0
        for p in [p for group in self.param_groups for p in group["params"]]:
            self.state[p]["phi"] = p.detach().clone()

    @torch.no_grad()
    def step(self, closure=None):
        loss, self.t = super().step(closure), self.t + 1
        if self.t % self.k == 0:
            for p, state in self.state.items():
                p.copy_(state["phi"].lerp_(p, self.alpha))
        return loss

    ### END SOLUTION


# %%
exercises.lookahead_sgd.check(LookaheadSGD)

# %%
# exercises.lookahead_sgd.hint()      # without the first #: a hint; again: one more
# exercises.lookahead_sgd.solution()

# %% nbgrader={"grade": true, "grade_id": "lookahead_sgd_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.lookahead_sgd.check(LookaheadSGD, seed=31).passed
### END HIDDEN TESTS
