# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 9 · The race
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/09_the_race.ipynb)
#
# To [lecture 9](../09_the_race.ipynb). First you write what judges a race. Then you enter one.

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

exercises.of(9)

# %% [markdown]
# ## When has a path arrived?
#
# A path that swings can be at the minimum for a moment, and far away a step later.

# %%
exercises.arrival.ask()


# %% nbgrader={"grade": false, "grade_id": "arrival", "locked": false, "schema_version": 3, "solution": true, "task": false}
def arrival(distance, part):
    ### BEGIN SOLUTION
    outside = (distance > part * distance[0]).nonzero()
    last = outside[-1].item()
    return last + 1 if last + 1 < len(distance) else -1
    ### END SOLUTION


# %%
exercises.arrival.check(arrival)

# %%
# exercises.arrival.hint()      # without the first #: a hint; again: one more
# exercises.arrival.solution()

# %% nbgrader={"grade": true, "grade_id": "arrival_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.arrival.check(arrival, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Beat Adam
#
# Any rule of the lectures may be in it, or none. `State(m=..., v=...)` of `course_utils.rules` keeps what you want to keep.

# %%
exercises.beat_adam.ask()


# %% nbgrader={"grade": false, "grade_id": "beat_adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mine(x, g, s, t):
    ### BEGIN SOLUTION
    return rules.adam(x, g, s, t, lr=0.4 * 0.97**t, beta1=0.8, beta2=0.8)
    ### END SOLUTION


# %%
exercises.beat_adam.check(mine)

# %%
# exercises.beat_adam.hint()                  # without the first #: a hint; again: one more
# exercises.beat_adam.enter(mine, "my name")  # into leaderboard.csv: from other starts than those of check

# %% nbgrader={"grade": true, "grade_id": "beat_adam_graded", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
# 4 points, if it beats Adam from other starts than those of check, too
### BEGIN HIDDEN TESTS
assert exercises.beat_adam.check(mine, seed=31).passed
### END HIDDEN TESTS
