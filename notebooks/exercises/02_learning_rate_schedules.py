# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 2 · Learning-rate schedules
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/02_learning_rate_schedules.ipynb)
#
# To [lecture 2](../02_learning_rate_schedules.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# A schedule is a function: it gets the number of the step, and returns the learning rate. Most mistakes are off by one step. So mind where the counting
# begins: in the course's rules with $t = 1$, in notebook A's formula with $k = 0$.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %%
import math

from course_utils import exercises, schedules
from course_utils.descent import descend
from course_utils.noise import noisy

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(2)

# %% [markdown]
# ## How wide is the ball?
#
# A constant learning rate never quite arrives. A calculator will do.

# %%
exercises.noise_ball.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "noise_ball", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # a letter in quotes
### BEGIN SOLUTION
answer = exercises.noise_ball.right(SEED)
### END SOLUTION

# %%
exercises.noise_ball.check(answer, SEED)

# %%
# exercises.noise_ball.hint()      # without the first #: a hint; again: one more
# exercises.noise_ball.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "noise_ball_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.noise_ball.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## How fast may it fall?
#
# Not too slowly, or the noise does not die out. Not too fast, or you get stuck.

# %%
exercises.how_fast_may_it_fall.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "how_fast_may_it_fall", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # a letter in quotes
### BEGIN SOLUTION
answer = exercises.how_fast_may_it_fall.right(SEED)
### END SOLUTION

# %%
exercises.how_fast_may_it_fall.check(answer, SEED)

# %%
# exercises.how_fast_may_it_fall.hint()      # without the first #: a hint; again: one more
# exercises.how_fast_may_it_fall.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "how_fast_may_it_fall_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.how_fast_may_it_fall.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Stairs
#
# One line.

# %%
exercises.step_decay.ask()


# %% nbgrader={"grade": false, "grade_id": "step_decay", "locked": false, "schema_version": 3, "solution": true, "task": false}
def step_decay(t, lr, every, factor):
    ### BEGIN SOLUTION
    return lr * factor ** ((t - 1) // every)
    ### END SOLUTION


# %%
exercises.step_decay.check(step_decay)

# %%
# exercises.step_decay.hint()      # without the first #: a hint; again: one more
# exercises.step_decay.solution()

# %% nbgrader={"grade": true, "grade_id": "step_decay_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.step_decay.check(step_decay, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A straight line
#
# Two formulas. Do not forget the second.

# %%
exercises.linear_decay.ask()


# %% nbgrader={"grade": false, "grade_id": "linear_decay", "locked": false, "schema_version": 3, "solution": true, "task": false}
def linear_decay(k, lr_0, lr_tau, tau):
    ### BEGIN SOLUTION
    if k > tau:
        return lr_tau
    return (1 - k / tau) * lr_0 + k / tau * lr_tau
    ### END SOLUTION


# %%
exercises.linear_decay.check(linear_decay)

# %%
# exercises.linear_decay.hint()      # without the first #: a hint; again: one more
# exercises.linear_decay.solution()

# %% nbgrader={"grade": true, "grade_id": "linear_decay_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.linear_decay.check(linear_decay, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The first step below
#
# By hand, or with the function that you just wrote.

# %%
exercises.below_the_limit.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "below_the_limit", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # a whole number
### BEGIN SOLUTION
answer = exercises.below_the_limit.right(SEED)
### END SOLUTION

# %%
exercises.below_the_limit.check(answer, SEED)

# %%
# exercises.below_the_limit.hint()      # without the first #: a hint; again: one more
# exercises.below_the_limit.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "below_the_limit_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.below_the_limit.check(answer, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Up a line, down a wave
#
# Two schedules, one after the other. Where they meet, lr must not jump.

# %%
exercises.warmup_cosine.ask()


# %% nbgrader={"grade": false, "grade_id": "warmup_cosine", "locked": false, "schema_version": 3, "solution": true, "task": false}
def warmup_cosine(t, lr, up, steps):
    ### BEGIN SOLUTION
    if t <= up:
        return lr * t / (up + 1)
    part = (t - 1 - up) / (steps - up)
    return lr / 2 * (1 + math.cos(math.pi * part))
    ### END SOLUTION


# %%
exercises.warmup_cosine.check(warmup_cosine)

# %%
# exercises.warmup_cosine.hint()      # without the first #: a hint; again: one more
# exercises.warmup_cosine.solution()

# %% nbgrader={"grade": true, "grade_id": "warmup_cosine_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.warmup_cosine.check(warmup_cosine, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The rule on a line
#
# Lecture 1's rule, and the line in it. Two clocks meet here.

# %%
exercises.decayed_sgd.ask()


# %% nbgrader={"grade": false, "grade_id": "decayed_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def decayed_sgd(x, g, s, t, lr_0, lr_tau, tau):
    ### BEGIN SOLUTION
    part = min((t - 1) / tau, 1)
    lr = (1 - part) * lr_0 + part * lr_tau
    return x - lr * g, s
    ### END SOLUTION


# %%
exercises.decayed_sgd.check(decayed_sgd)

# %%
# exercises.decayed_sgd.hint()      # without the first #: a hint; again: one more
# exercises.decayed_sgd.solution()

# %% nbgrader={"grade": true, "grade_id": "decayed_sgd_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.decayed_sgd.check(decayed_sgd, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Your own
#
# No check, and no right answer. Here are 100 steps in the fog of the lecture, for 500 walkers. Find a schedule that ends lower than a straight line from its best start,
# 0.25, down to 0. It may be any function of `t`, from 1 to 100.
#
# The walkers of the last line are other ones than those for whom you tune: what only looked good with the first 500 was luck.


# %%
def mine(t):
    return 0.1  # constant: change it


def loss_at_the_end(schedule, seeds):
    path = descend("quadratic", noisy("sgd", 2.0), lr=schedule, seed=seeds, steps=100)
    return path.loss[-1].mean().item()


# %%
line = schedules.Linear(0.25, steps=100)
for walkers, seeds in (("to tune for", range(500)), ("others", range(1000, 1500))):
    found = [loss_at_the_end(schedule, seeds) for schedule in (line, mine)]
    print(f"{walkers:11}: straight line {found[0]:.3f}, yours {found[1]:.3f}")
