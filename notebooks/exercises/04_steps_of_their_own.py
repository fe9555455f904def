# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 4 · Adagrad, RMSProp, Adadelta
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/04_steps_of_their_own.ipynb)
#
# To [lecture 4](../04_steps_of_their_own.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# A rule is a function: it gets the parameters `x`, the gradient `g`, what it remembers in `s` and the number `t` of the step, from 1. It returns the new x
# and the new memory. What the memory does not have yet is 0: `s.v` can be read at once. To keep a v, return `State(v=v)`.
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

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(4)

# %% [markdown]
# ## Two steps by hand
#
# With pencil and paper. Each wrong answer is somebody's rule.

# %%
exercises.two_steps_of_rmsprop.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "two_steps_of_rmsprop", "locked": false, "schema_version": 3, "solution": true, "task": false}
two_steps = None  # a letter in quotes
### BEGIN SOLUTION
two_steps = exercises.two_steps_of_rmsprop.right(SEED)
### END SOLUTION

# %%
exercises.two_steps_of_rmsprop.check(two_steps, SEED)

# %%
# exercises.two_steps_of_rmsprop.hint()      # without the first #: a hint; again: one more
# exercises.two_steps_of_rmsprop.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "two_steps_of_rmsprop_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.two_steps_of_rmsprop.check(two_steps, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## How an average forgets
#
# One line.

# %%
exercises.weight_of_age.ask()


# %% nbgrader={"grade": false, "grade_id": "weight_of_age", "locked": false, "schema_version": 3, "solution": true, "task": false}
def weight_of_age(age, rho):
    ### BEGIN SOLUTION
    return (1 - rho) * rho**age
    ### END SOLUTION


# %%
exercises.weight_of_age.check(weight_of_age)

# %%
# exercises.weight_of_age.hint()      # without the first #: a hint; again: one more
# exercises.weight_of_age.solution()

# %% nbgrader={"grade": true, "grade_id": "weight_of_age_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.weight_of_age.check(weight_of_age, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Divide by all gradients so far
#
# Two lines. The sum first, then the step.

# %%
exercises.adagrad.ask()


# %% nbgrader={"grade": false, "grade_id": "adagrad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adagrad(x, g, s, t, lr, eps):
    ### BEGIN SOLUTION
    r = s.r + g * g
    return x - lr * g / (r**0.5 + eps), State(r=r)
    ### END SOLUTION


# %%
exercises.adagrad.check(adagrad)

# %%
# exercises.adagrad.hint()      # without the first #: a hint; again: one more
# exercises.adagrad.solution()

# %% nbgrader={"grade": true, "grade_id": "adagrad_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.adagrad.check(adagrad, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## How fast the steps die
#
# The sum never shrinks. What does that do to the steps?

# %%
exercises.steps_that_die.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "steps_that_die", "locked": false, "schema_version": 3, "solution": true, "task": false}
length = None  # a letter in quotes
### BEGIN SOLUTION
length = exercises.steps_that_die.right(SEED)
### END SOLUTION

# %%
exercises.steps_that_die.check(length, SEED)

# %%
# exercises.steps_that_die.hint()      # without the first #: a hint; again: one more
# exercises.steps_that_die.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "steps_that_die_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.steps_that_die.check(length, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Forget the old ones
#
# One line of Adagrad changes. Which?

# %%
exercises.rmsprop.ask()


# %% nbgrader={"grade": false, "grade_id": "rmsprop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rmsprop(x, g, s, t, lr, rho, eps):
    ### BEGIN SOLUTION
    v = rho * s.v + (1 - rho) * g * g
    return x - lr * g / (v**0.5 + eps), State(v=v)
    ### END SOLUTION


# %%
exercises.rmsprop.check(rmsprop)

# %%
# exercises.rmsprop.hint()      # without the first #: a hint; again: one more
# exercises.rmsprop.solution()

# %% nbgrader={"grade": true, "grade_id": "rmsprop_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.rmsprop.check(rmsprop, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Thirty steps by machine
#
# Too long for pencil and paper: let a loop do it, or a function of the course. δ is *inside* the root here, and seven decimals are wanted.
# So work in `float64`.

# %%
exercises.thirty_steps_of_rmsprop.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "thirty_steps_of_rmsprop", "locked": false, "schema_version": 3, "solution": true, "task": false}
numbers = exercises.thirty_steps_of_rmsprop.drawn(SEED)  # those of the question, by name
point = None  # two numbers: (..., ...)
### BEGIN SOLUTION
start, lr, rho, delta = (numbers[name] for name in ("start", "lr", "rho", "delta"))
settings = {"lr": lr, "alpha": rho, "eps": 0, "delta": delta}
point = descend("quadratic", rules.rmsprop, start=start, steps=30, **settings).x[-1]
### END SOLUTION

# %%
exercises.thirty_steps_of_rmsprop.check(point, SEED)

# %%
# exercises.thirty_steps_of_rmsprop.hint()      # without the first #: a hint; again: one more
# exercises.thirty_steps_of_rmsprop.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "thirty_steps_of_rmsprop_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.thirty_steps_of_rmsprop.check(point, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A step without units
#
# Four lines, and their order matters.

# %%
exercises.adadelta.ask()


# %% nbgrader={"grade": false, "grade_id": "adadelta", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adadelta(x, g, s, t, lr, rho, eps):
    ### BEGIN SOLUTION
    v = rho * s.v + (1 - rho) * g * g
    d = (s.u + eps) ** 0.5 / (v + eps) ** 0.5 * g
    u = rho * s.u + (1 - rho) * d * d
    return x - lr * d, State(v=v, u=u)
    ### END SOLUTION


# %%
exercises.adadelta.check(adadelta)

# %%
# exercises.adadelta.hint()      # without the first #: a hint; again: one more
# exercises.adadelta.solution()

# %% nbgrader={"grade": true, "grade_id": "adadelta_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.adadelta.check(adadelta, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Scale it, and look ahead
#
# The rule that notebook A prints with a mistake. Here, $r$ is the average of squares and $v$ the velocity, with its minus sign.

# %%
exercises.rmsprop_nesterov.ask()


# %% nbgrader={"grade": false, "grade_id": "rmsprop_nesterov", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rmsprop_nesterov(x, gradient, s, t, lr, rho, momentum, delta):
    ### BEGIN SOLUTION
    g = gradient(x + momentum * s.v)
    r = rho * s.r + (1 - rho) * g * g
    v = momentum * s.v - lr * g / (r + delta) ** 0.5
    return x + v, State(r=r, v=v)
    ### END SOLUTION


# %%
exercises.rmsprop_nesterov.check(rmsprop_nesterov)

# %%
# exercises.rmsprop_nesterov.hint()      # without the first #: a hint; again: one more
# exercises.rmsprop_nesterov.solution()

# %% nbgrader={"grade": true, "grade_id": "rmsprop_nesterov_graded", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
# 3 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.rmsprop_nesterov.check(rmsprop_nesterov, seed=31).passed
### END HIDDEN TESTS
