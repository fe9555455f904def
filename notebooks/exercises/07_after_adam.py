# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 7 · After Adam
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/07_after_adam.ipynb)
#
# To [lecture 7](../07_after_adam.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# A rule is a function: it gets the parameters `x`, the gradient `g`, what it remembers in `s` and the number `t` of the step, from 1. It returns the new x
# and the new memory. What the memory does not have yet is 0: `s.m` can be read at once. To keep an m, return `State(m=m)`.

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

exercises.of(7)

# %% [markdown]
# ## What the memory costs
#
# The first complaint about Adam. How many numbers are there for each weight?

# %%
exercises.memory_of_a_training.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "memory_of_a_training", "locked": false, "schema_version": 3, "solution": true, "task": false}
gigabytes = None  # a letter in quotes
### BEGIN SOLUTION
gigabytes = exercises.memory_of_a_training.right(SEED)
### END SOLUTION

# %%
exercises.memory_of_a_training.check(gigabytes, SEED)

# %%
# exercises.memory_of_a_training.hint()      # without the first #: a hint; again: one more
# exercises.memory_of_a_training.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "memory_of_a_training_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.memory_of_a_training.check(gigabytes, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Lion in the valley
#
# No gradient has to be computed.

# %%
exercises.passing_the_minimum.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "passing_the_minimum", "locked": false, "schema_version": 3, "solution": true, "task": false}
passing = None  # a letter in quotes
### BEGIN SOLUTION
passing = exercises.passing_the_minimum.right(SEED)
### END SOLUTION

# %%
exercises.passing_the_minimum.check(passing, SEED)

# %%
# exercises.passing_the_minimum.hint()      # without the first #: a hint; again: one more
# exercises.passing_the_minimum.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "passing_the_minimum_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.passing_the_minimum.check(passing, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Only plus and minus
#
# One line.

# %%
exercises.sign_sgd.ask()


# %% nbgrader={"grade": false, "grade_id": "sign_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sign_sgd(x, g, s, t, lr):
    ### BEGIN SOLUTION
    return x - lr * torch.sign(g), s
    ### END SOLUTION


# %%
exercises.sign_sgd.check(sign_sgd)

# %%
# exercises.sign_sgd.hint()      # without the first #: a hint; again: one more
# exercises.sign_sgd.solution()

# %% nbgrader={"grade": true, "grade_id": "sign_sgd_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.sign_sgd.check(sign_sgd, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Two mixes of one memory
#
# Three lines. What is it that Lion takes the sign of, and what does it keep?

# %%
exercises.lion.ask()


# %% nbgrader={"grade": false, "grade_id": "lion", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lion(x, g, s, t, lr, beta1, beta2, weight_decay):
    ### BEGIN SOLUTION
    u = torch.sign(beta1 * s.m + (1 - beta1) * g)
    m = beta2 * s.m + (1 - beta2) * g
    return x - lr * (u + weight_decay * x), State(m=m)
    ### END SOLUTION


# %%
exercises.lion.check(lion)

# %%
# exercises.lion.hint()      # without the first #: a hint; again: one more
# exercises.lion.solution()

# %% nbgrader={"grade": true, "grade_id": "lion_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.lion.check(lion, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A polynomial, by hand
#
# A pocket calculator will do. One direction of a matrix is one number.

# %%
exercises.strength_after_rounds.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "strength_after_rounds", "locked": false, "schema_version": 3, "solution": true, "task": false}
strength = None  # a letter in quotes
### BEGIN SOLUTION
strength = exercises.strength_after_rounds.right(SEED)
### END SOLUTION

# %%
exercises.strength_after_rounds.check(strength, SEED)

# %%
# exercises.strength_after_rounds.hint()      # without the first #: a hint; again: one more
# exercises.strength_after_rounds.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "strength_after_rounds_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.strength_after_rounds.check(strength, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## All directions alike
#
# The second complaint. Two lines, if you let torch take the matrix apart.

# %%
exercises.orthogonal.ask()


# %% nbgrader={"grade": false, "grade_id": "orthogonal", "locked": false, "schema_version": 3, "solution": true, "task": false}
def orthogonal(d):
    ### BEGIN SOLUTION
    U, _, Vt = torch.linalg.svd(d, full_matrices=False)
    return U @ Vt
    ### END SOLUTION


# %%
exercises.orthogonal.check(orthogonal)

# %%
# exercises.orthogonal.hint()      # without the first #: a hint; again: one more
# exercises.orthogonal.solution()

# %% nbgrader={"grade": true, "grade_id": "orthogonal_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.orthogonal.check(orthogonal, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The same without taking apart
#
# Only products of matrices: what a GPU does best.

# %%
exercises.newton_schulz.ask()


# %% nbgrader={"grade": false, "grade_id": "newton_schulz", "locked": false, "schema_version": 3, "solution": true, "task": false}
def newton_schulz(G, rounds, a, b, c):
    ### BEGIN SOLUTION
    X = G / G.norm()
    for _ in range(rounds):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X
    ### END SOLUTION


# %%
exercises.newton_schulz.check(newton_schulz)

# %%
# exercises.newton_schulz.hint()      # without the first #: a hint; again: one more
# exercises.newton_schulz.solution()

# %% nbgrader={"grade": true, "grade_id": "newton_schulz_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.newton_schulz.check(newton_schulz, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The whole rule
#
# Momentum, the look ahead, the strengths, the decay, the factor. Your `orthogonal` from above is of use.

# %%
exercises.muon.ask()


# %% nbgrader={"grade": false, "grade_id": "muon", "locked": false, "schema_version": 3, "solution": true, "task": false}
def muon(x, g, s, t, lr, momentum, weight_decay):
    ### BEGIN SOLUTION
    m = momentum * s.m + (1 - momentum) * g
    d = momentum * m + (1 - momentum) * g
    rows, columns = x.shape
    factor = max(1, rows / columns) ** 0.5
    return (1 - lr * weight_decay) * x - lr * factor * orthogonal(d), State(m=m)
    ### END SOLUTION


# %%
exercises.muon.check(muon)

# %%
# exercises.muon.hint()      # without the first #: a hint; again: one more
# exercises.muon.solution()

# %% nbgrader={"grade": true, "grade_id": "muon_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.muon.check(muon, seed=31).passed
### END HIDDEN TESTS
