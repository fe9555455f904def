# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 1 · Gradient descent
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/01_gradient_descent.ipynb)
#
# To [lecture 1](../01_gradient_descent.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# No mistake costs anything. Check as often as you like, and change things on purpose, to see what happens.

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

import torch

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(1)

# %% [markdown]
# ## Two steps by hand
#
# With pencil and paper. Look again before the second step.

# %%
exercises.two_steps_of_sgd.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "two_steps_of_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # a letter in quotes
### BEGIN SOLUTION
answer = exercises.two_steps_of_sgd.right(SEED)
### END SOLUTION

# %%
exercises.two_steps_of_sgd.check(answer, SEED)

# %%
# exercises.two_steps_of_sgd.hint()      # without the first #: a hint; again: one more
# exercises.two_steps_of_sgd.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "two_steps_of_sgd_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.two_steps_of_sgd.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The rule
#
# One line. A rule gets the parameters `x`, the gradient `g`, what it remembers in `s`, and the number `t` of the step, from 1. It
# returns the new x and the memory, with a comma between.

# %%
exercises.sgd.ask()


# %% nbgrader={"grade": false, "grade_id": "sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sgd(x, g, s, t, lr):
    ### BEGIN SOLUTION
    return x - lr * g, s
    ### END SOLUTION


# %%
exercises.sgd.check(sgd)

# %%
# exercises.sgd.hint()      # without the first #: a hint; again: one more
# exercises.sgd.solution()

# %% nbgrader={"grade": true, "grade_id": "sgd_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.sgd.check(sgd, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Thirty steps, with code
#
# The same question, but nobody does it by hand. A loop of five lines will do; add a cell for it.

# %%
exercises.thirty_steps_of_sgd.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "thirty_steps_of_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # two numbers in parentheses
### BEGIN SOLUTION
answer = exercises.thirty_steps_of_sgd.right(SEED)
### END SOLUTION

# %%
exercises.thirty_steps_of_sgd.check(answer, SEED)

# %%
# exercises.thirty_steps_of_sgd.hint()      # without the first #: a hint; again: one more
# exercises.thirty_steps_of_sgd.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "thirty_steps_of_sgd_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.thirty_steps_of_sgd.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Where the edge is
#
# Too large, and it never settles. How large is that?

# %%
exercises.largest_lr.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "largest_lr", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # a letter in quotes
### BEGIN SOLUTION
answer = exercises.largest_lr.right(SEED)
### END SOLUTION

# %%
exercises.largest_lr.check(answer, SEED)

# %%
# exercises.largest_lr.hint()      # without the first #: a hint; again: one more
# exercises.largest_lr.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "largest_lr_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.largest_lr.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The fastest learning rate
#
# One line again. It lies a little below the edge.

# %%
exercises.best_lr.ask()


# %% nbgrader={"grade": false, "grade_id": "best_lr", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_lr(curvatures):
    ### BEGIN SOLUTION
    return 2 / (curvatures.min() + curvatures.max())
    ### END SOLUTION


# %%
exercises.best_lr.check(best_lr)

# %%
# exercises.best_lr.hint()      # without the first #: a hint; again: one more
# exercises.best_lr.solution()

# %% nbgrader={"grade": true, "grade_id": "best_lr_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.best_lr.check(best_lr, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A sum is not a mean
#
# Two programs, one path. You want to use the other one's learning rate.

# %%
exercises.sum_and_mean.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "sum_and_mean", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # a letter in quotes
### BEGIN SOLUTION
answer = exercises.sum_and_mean.right(SEED)
### END SOLUTION

# %%
exercises.sum_and_mean.check(answer, SEED)

# %%
# exercises.sum_and_mean.hint()      # without the first #: a hint; again: one more
# exercises.sum_and_mean.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "sum_and_mean_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.sum_and_mean.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The gradient without calculus
#
# A published notebook got this wrong. Mind the parentheses.
#
# To try it: `surfaces.rosenbrock` of `course_utils` is a function that you know, and `torch.tensor([-1.2, 1.0], dtype=torch.float64)` a point.

# %%
exercises.central_difference.ask()


# %% nbgrader={"grade": false, "grade_id": "central_difference", "locked": false, "schema_version": 3, "solution": true, "task": false}
def central_difference(f, x, h):
    ### BEGIN SOLUTION
    slopes = []
    for i in range(len(x)):
        e = torch.zeros_like(x)
        e[i] = h
        slopes.append((f(x + e) - f(x - e)) / (2 * h))
    return torch.stack(slopes)
    ### END SOLUTION


# %%
exercises.central_difference.check(central_difference)

# %%
# exercises.central_difference.hint()      # without the first #: a hint; again: one more
# exercises.central_difference.solution()

# %% nbgrader={"grade": true, "grade_id": "central_difference_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.central_difference.check(central_difference, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A whole descent
#
# Now all of it: look, step, look again, and keep every point.

# %%
exercises.descent.ask()


# %% nbgrader={"grade": false, "grade_id": "descent", "locked": false, "schema_version": 3, "solution": true, "task": false}
def descent(gradient, start, lr, steps):
    ### BEGIN SOLUTION
    points = [start]
    for _ in range(steps):
        x = points[-1]
        points.append(x - lr * gradient(x))
    return torch.stack(points)
    ### END SOLUTION


# %%
exercises.descent.check(descent)

# %%
# exercises.descent.hint()      # without the first #: a hint; again: one more
# exercises.descent.solution()

# %% nbgrader={"grade": true, "grade_id": "descent_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.descent.check(descent, seed=31).passed
### END HIDDEN TESTS
