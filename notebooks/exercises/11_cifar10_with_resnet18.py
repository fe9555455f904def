# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 11 · CIFAR-10 with ResNet-18
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/11_cifar10_with_resnet18.ipynb)
#
# To [lecture 11](../11_cifar10_with_resnet18.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# Pictures are tensors of four axes: (N, channels, height, width). Half of the mistakes here are about axes. The other half are those of a published benchmark.

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
from torch.nn import functional as F

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(11)

# %% [markdown]
# ## The weights of a convolution
#
# With pencil and paper. Which of the numbers matter?

# %%
exercises.filter_weights.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "filter_weights", "locked": false, "schema_version": 3, "solution": true, "task": false}
weights = None  # a whole number
### BEGIN SOLUTION
weights = exercises.filter_weights.right(SEED)
### END SOLUTION

# %%
exercises.filter_weights.check(weights, SEED)

# %%
# exercises.filter_weights.hint()      # without the first #: a hint; again: one more
# exercises.filter_weights.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "filter_weights_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.filter_weights.check(weights, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## A small picture in a large network
#
# With pencil and paper. What is left of it behind two layers?

# %%
exercises.width_behind_two.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "width_behind_two", "locked": false, "schema_version": 3, "solution": true, "task": false}
width = None  # a letter in quotes
### BEGIN SOLUTION
width = exercises.width_behind_two.right(SEED)
### END SOLUTION

# %%
exercises.width_behind_two.check(width, SEED)

# %%
# exercises.width_behind_two.hint()      # without the first #: a hint; again: one more
# exercises.width_behind_two.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "width_behind_two_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.width_behind_two.check(width, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Clearly better?
#
# Three dots above three others, in a figure. What is that worth?

# %%
exercises.three_above_three.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "three_above_three", "locked": false, "schema_version": 3, "solution": true, "task": false}
pairs = None  # a letter in quotes
### BEGIN SOLUTION
pairs = exercises.three_above_three.right(SEED)
### END SOLUTION

# %%
exercises.three_above_three.check(pairs, SEED)

# %%
# exercises.three_above_three.hint()      # without the first #: a hint; again: one more
# exercises.three_above_three.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "three_above_three_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.three_above_three.check(pairs, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Channel by channel
#
# One line. Which axis is the channel's?

# %%
exercises.normalise.ask()


# %% nbgrader={"grade": false, "grade_id": "normalise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def normalise(x, mean, std):
    ### BEGIN SOLUTION
    return (x - mean[:, None, None]) / std[:, None, None]
    ### END SOLUTION


# %%
exercises.normalise.check(normalise)

# %%
# exercises.normalise.hint()      # without the first #: a hint; again: one more
# exercises.normalise.solution()

# %% nbgrader={"grade": true, "grade_id": "normalise_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.normalise.check(normalise, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The number that was copied
#
# One line. Over which axes?

# %%
exercises.channel_std.ask()


# %% nbgrader={"grade": false, "grade_id": "channel_std", "locked": false, "schema_version": 3, "solution": true, "task": false}
def channel_std(x):
    ### BEGIN SOLUTION
    return x.std(dim=(0, 2, 3), correction=0)
    ### END SOLUTION


# %%
exercises.channel_std.check(channel_std)

# %%
# exercises.channel_std.hint()      # without the first #: a hint; again: one more
# exercises.channel_std.solution()

# %% nbgrader={"grade": true, "grade_id": "channel_std_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.channel_std.check(channel_std, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Mirror some of them
#
# A decision for each picture, and all pictures at once.

# %%
exercises.random_flip.ask()


# %% nbgrader={"grade": false, "grade_id": "random_flip", "locked": false, "schema_version": 3, "solution": true, "task": false}
def random_flip(x, flips):
    ### BEGIN SOLUTION
    return torch.where(flips[:, None, None, None], x.flip(-1), x)
    ### END SOLUTION


# %%
exercises.random_flip.check(random_flip)

# %%
# exercises.random_flip.hint()      # without the first #: a hint; again: one more
# exercises.random_flip.solution()

# %% nbgrader={"grade": true, "grade_id": "random_flip_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.random_flip.check(random_flip, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Test, and leave no trace
#
# The lecture shows what a published benchmark does here. Do better.

# %%
exercises.evaluate.ask()


# %% nbgrader={"grade": false, "grade_id": "evaluate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def evaluate(model, x, y, batch_size):
    ### BEGIN SOLUTION
    was_training, right = model.training, 0
    model.eval()
    with torch.no_grad():
        for some, truth in zip(x.split(batch_size), y.split(batch_size), strict=True):
            right += (model(some).argmax(dim=1) == truth).sum().item()
    model.train(was_training)
    return right / len(y)
    ### END SOLUTION


# %%
exercises.evaluate.check(evaluate)

# %%
# exercises.evaluate.hint()      # without the first #: a hint; again: one more
# exercises.evaluate.solution()

# %% nbgrader={"grade": true, "grade_id": "evaluate_graded", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
# 3 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.evaluate.check(evaluate, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The same start for all
#
# A benchmark in ten lines. What is made once, and what is made anew for each?

# %%
exercises.race.ask()


# %% nbgrader={"grade": false, "grade_id": "race", "locked": false, "schema_version": 3, "solution": true, "task": false}
def race(make_model, optimizers, train, test, steps, seed):
    ### BEGIN SOLUTION
    losses = []
    for kind, options in optimizers:
        model = make_model(seed)
        optimizer = kind(model.parameters(), **options)
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(train[0]), train[1]).backward()
            optimizer.step()
        losses.append(F.cross_entropy(model(test[0]), test[1]).item())
    return losses
    ### END SOLUTION


# %%
exercises.race.check(race)

# %%
# exercises.race.hint()      # without the first #: a hint; again: one more
# exercises.race.solution()

# %% nbgrader={"grade": true, "grade_id": "race_graded", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
# 3 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.race.check(race, seed=31).passed
### END HIDDEN TESTS
