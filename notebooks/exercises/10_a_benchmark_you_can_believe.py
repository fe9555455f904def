# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 10 · A benchmark you can believe
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/10_a_benchmark_you_can_believe.ipynb)
#
# To [lecture 10](../10_a_benchmark_you_can_believe.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# Nothing is trained here. The runs are done; the question is what may be said about them.

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

import scipy
import torch

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(10)

# %% [markdown]
# ## Luck among many
#
# With pencil and paper. There is always a winner. How many *differences* are there, where there are none?

# %%
exercises.false_alarms.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "false_alarms", "locked": false, "schema_version": 3, "solution": true, "task": false}
alarms = None  # a letter in quotes
### BEGIN SOLUTION
alarms = exercises.false_alarms.right(SEED)
### END SOLUTION

# %%
exercises.false_alarms.check(alarms, SEED)

# %%
# exercises.false_alarms.hint()      # without the first #: a hint; again: one more
# exercises.false_alarms.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "false_alarms_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.false_alarms.check(alarms, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A table of learning rates
#
# What would you do next?

# %%
exercises.edge_of_the_grid.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "edge_of_the_grid", "locked": false, "schema_version": 3, "solution": true, "task": false}
edge = None  # a letter in quotes
### BEGIN SOLUTION
edge = exercises.edge_of_the_grid.right(SEED)
### END SOLUTION

# %%
exercises.edge_of_the_grid.check(edge, SEED)

# %%
# exercises.edge_of_the_grid.hint()      # without the first #: a hint; again: one more
# exercises.edge_of_the_grid.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "edge_of_the_grid_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.edge_of_the_grid.check(edge, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A clock that runs too fast
#
# The mistake of source A, in one step. Lecture 10 has a picture of the next five thousand.

# %%
exercises.hasty_adam.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "hasty_adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
length = None  # a number
### BEGIN SOLUTION
length = exercises.hasty_adam.right(SEED)
### END SOLUTION

# %%
exercises.hasty_adam.check(length, SEED)

# %%
# exercises.hasty_adam.hint()      # without the first #: a hint; again: one more
# exercises.hasty_adam.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "hasty_adam_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.hasty_adam.check(length, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## How soon?
#
# A loop. What if the run never gets there?

# %%
exercises.time_to_target.ask()


# %% nbgrader={"grade": false, "grade_id": "time_to_target", "locked": false, "schema_version": 3, "solution": true, "task": false}
def time_to_target(accuracies, target, every):
    ### BEGIN SOLUTION
    for i, accuracy in enumerate(accuracies, 1):
        if accuracy >= target:
            return i * every
    return -1
    ### END SOLUTION


# %%
exercises.time_to_target.check(time_to_target)

# %%
# exercises.time_to_target.hint()      # without the first #: a hint; again: one more
# exercises.time_to_target.solution()

# %% nbgrader={"grade": true, "grade_id": "time_to_target_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.time_to_target.check(time_to_target, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Choose without looking
#
# Three tables. One is to choose by, one is to report, and one is for neither.

# %%
exercises.choose_lr.ask()


# %% nbgrader={"grade": false, "grade_id": "choose_lr", "locked": false, "schema_version": 3, "solution": true, "task": false}
def choose_lr(lrs, training, validation, test):
    ### BEGIN SOLUTION
    means = validation.nan_to_num(0.0).mean(dim=1)
    best = means.argmax()
    return lrs[best], test[best].mean()
    ### END SOLUTION


# %%
exercises.choose_lr.check(choose_lr)

# %%
# exercises.choose_lr.hint()      # without the first #: a hint; again: one more
# exercises.choose_lr.solution()

# %% nbgrader={"grade": true, "grade_id": "choose_lr_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.choose_lr.check(choose_lr, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The same seeds for both
#
# A seed that is lucky is lucky for both. What do you gain if you know that?

# %%
exercises.paired_interval.ask()


# %% nbgrader={"grade": false, "grade_id": "paired_interval", "locked": false, "schema_version": 3, "solution": true, "task": false}
def paired_interval(a, b, c):
    ### BEGIN SOLUTION
    d = a - b
    error = d.std() / len(d) ** 0.5
    return d.mean() - c * error, d.mean() + c * error
    ### END SOLUTION


# %%
exercises.paired_interval.check(paired_interval)

# %%
# exercises.paired_interval.hint()      # without the first #: a hint; again: one more
# exercises.paired_interval.solution()

# %% nbgrader={"grade": true, "grade_id": "paired_interval_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.paired_interval.check(paired_interval, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## An allowance for many
#
# How wide must intervals be, so that all of them hold together? (The lecture's table resamples the runs. This is the simple way, and never narrower.)

# %%
exercises.allowance.ask()


# %% nbgrader={"grade": false, "grade_id": "allowance", "locked": false, "schema_version": 3, "solution": true, "task": false}
def allowance(n, K, level):
    ### BEGIN SOLUTION
    pairs = K * (K - 1) / 2
    return scipy.stats.t.ppf(1 - (1 - level) / (2 * pairs), n - 1)
    ### END SOLUTION


# %%
exercises.allowance.check(allowance)

# %%
# exercises.allowance.hint()      # without the first #: a hint; again: one more
# exercises.allowance.solution()

# %% nbgrader={"grade": true, "grade_id": "allowance_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.allowance.check(allowance, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The whole table
#
# All of it together: who leads, how far is each behind, and how sure is that?

# %%
exercises.behind_the_leader.ask()


# %% nbgrader={"grade": false, "grade_id": "behind_the_leader", "locked": false, "schema_version": 3, "solution": true, "task": false}
def behind_the_leader(runs, level):
    ### BEGIN SOLUTION
    n, K = runs.shape
    c = scipy.stats.t.ppf(1 - (1 - level) / (K * (K - 1)), n - 1)
    d = runs[:, runs.mean(dim=0).argmax(), None] - runs
    half = c * d.std(dim=0) / n**0.5
    return torch.stack([d.mean(dim=0) - half, d.mean(dim=0) + half], dim=1)
    ### END SOLUTION


# %%
exercises.behind_the_leader.check(behind_the_leader)

# %%
# exercises.behind_the_leader.hint()      # without the first #: a hint; again: one more
# exercises.behind_the_leader.solution()

# %% nbgrader={"grade": true, "grade_id": "behind_the_leader_graded", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
# 3 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.behind_the_leader.check(behind_the_leader, seed=31).passed
### END HIDDEN TESTS
