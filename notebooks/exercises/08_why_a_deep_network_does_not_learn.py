# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 8 · Why a deep network does not learn
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/exercises/student/08_why_a_deep_network_does_not_learn.ipynb)
#
# To [lecture 8](../08_why_a_deep_network_does_not_learn.ipynb). Write, then run the `check` below: it says not only *wrong*, but which mistake it is.
#
# First the illness, then the way back through a layer, then two of the cures. At the end you carry a gradient back through a whole network, by hand.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %%
from course_utils import data, exercises, layers, models

import torch

SEED = 0  # your number, if you were given one: everyone then gets other numbers

exercises.of(8)

# %% [markdown]
# ## What guessing costs
#
# Before you look for a cause: does the network say anything at all?

# %%
exercises.guessing_loss.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "guessing_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
guessing = None  # a letter in quotes
### BEGIN SOLUTION
guessing = exercises.guessing_loss.right(SEED)
### END SOLUTION

# %%
exercises.guessing_loss.check(guessing, SEED)

# %%
# exercises.guessing_loss.hint()      # without the first #: a hint; again: one more
# exercises.guessing_loss.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "guessing_loss_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.guessing_loss.check(guessing, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## How little can be left
#
# With pencil and paper. A product, one factor for each layer.

# %%
exercises.error_bound.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "error_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
factor = None  # a whole number
### BEGIN SOLUTION
factor = exercises.error_bound.right(SEED)
### END SOLUTION

# %%
exercises.error_bound.check(factor, SEED)

# %%
# exercises.error_bound.hint()      # without the first #: a hint; again: one more
# exercises.error_bound.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "error_bound_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.error_bound.check(factor, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The slope of a sigmoid
#
# Two lines. Every factor of the way back has it.

# %%
exercises.sigmoid_slope.ask()


# %% nbgrader={"grade": false, "grade_id": "sigmoid_slope", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sigmoid_slope(z):
    ### BEGIN SOLUTION
    h = torch.sigmoid(z)
    return h * (1 - h)
    ### END SOLUTION


# %%
exercises.sigmoid_slope.check(sigmoid_slope)

# %%
# exercises.sigmoid_slope.hint()      # without the first #: a hint; again: one more
# exercises.sigmoid_slope.solution()

# %% nbgrader={"grade": true, "grade_id": "sigmoid_slope_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.sigmoid_slope.check(sigmoid_slope, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## First weights for ReLU
#
# One line. Deviation or variance? Inputs or outputs?

# %%
exercises.he_std.ask()


# %% nbgrader={"grade": false, "grade_id": "he_std", "locked": false, "schema_version": 3, "solution": true, "task": false}
def he_std(n_in, n_out):
    ### BEGIN SOLUTION
    return (2 / n_in) ** 0.5
    ### END SOLUTION


# %%
exercises.he_std.check(he_std)

# %%
# exercises.he_std.hint()      # without the first #: a hint; again: one more
# exercises.he_std.solution()

# %% nbgrader={"grade": true, "grade_id": "he_std_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.he_std.check(he_std, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## First weights for tanh
#
# The other recipe, by machine or by hand.

# %%
exercises.xavier_std.ask(SEED)

# %% nbgrader={"grade": false, "grade_id": "xavier_std", "locked": false, "schema_version": 3, "solution": true, "task": false}
std = None  # a number
### BEGIN SOLUTION
std = exercises.xavier_std.right(SEED)
### END SOLUTION

# %%
exercises.xavier_std.check(std, SEED)

# %%
# exercises.xavier_std.hint()      # without the first #: a hint; again: one more
# exercises.xavier_std.solution(SEED)

# %% nbgrader={"grade": true, "grade_id": "xavier_std_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if the answer above is right
### BEGIN HIDDEN TESTS
assert exercises.xavier_std.check(std, SEED).passed
### END HIDDEN TESTS

# %% [markdown]
# ## One layer back
#
# The formula of the lecture, for one picture. What is multiplied by what, and in which order?

# %%
exercises.error_of_a_layer.ask()


# %% nbgrader={"grade": false, "grade_id": "error_of_a_layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def error_of_a_layer(W, z, delta):
    ### BEGIN SOLUTION
    h = torch.sigmoid(z)
    return h * (1 - h) * (W.T @ delta)
    ### END SOLUTION


# %%
exercises.error_of_a_layer.check(error_of_a_layer)

# %%
# exercises.error_of_a_layer.hint()      # without the first #: a hint; again: one more
# exercises.error_of_a_layer.solution()

# %% nbgrader={"grade": true, "grade_id": "error_of_a_layer_graded", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# 1 point, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.error_of_a_layer.check(error_of_a_layer, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## One layer back, with a way around
#
# Careful: here the error is taken at *h*, behind the sigmoids, and not at *z*.

# %%
exercises.residual_error.ask()


# %% nbgrader={"grade": false, "grade_id": "residual_error", "locked": false, "schema_version": 3, "solution": true, "task": false}
def residual_error(W, z, e):
    ### BEGIN SOLUTION
    h = torch.sigmoid(z)
    return e + W.T @ (h * (1 - h) * e)
    ### END SOLUTION


# %%
exercises.residual_error.check(residual_error)

# %%
# exercises.residual_error.hint()      # without the first #: a hint; again: one more
# exercises.residual_error.solution()

# %% nbgrader={"grade": true, "grade_id": "residual_error_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.residual_error.check(residual_error, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Batch normalisation
#
# Four lines, and many ways to go wrong. Over which axis is the mean?

# %%
exercises.batch_norm.ask()


# %% nbgrader={"grade": false, "grade_id": "batch_norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_norm(z, gamma, beta, eps):
    ### BEGIN SOLUTION
    mean = z.mean(dim=0)
    variance = z.var(dim=0, correction=0)
    return gamma * (z - mean) / torch.sqrt(variance + eps) + beta
    ### END SOLUTION


# %%
exercises.batch_norm.check(batch_norm)

# %%
# exercises.batch_norm.hint()      # without the first #: a hint; again: one more
# exercises.batch_norm.solution()

# %% nbgrader={"grade": true, "grade_id": "batch_norm_graded", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# 2 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.batch_norm.check(batch_norm, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## The whole way back
#
# Here it comes together. Forward first, then back, layer by layer. (`autograd` would pass the check. But by hand you will know what it does.)

# %%
exercises.first_gradient.ask()


# %% nbgrader={"grade": false, "grade_id": "first_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def first_gradient(weights, x, y):
    ### BEGIN SOLUTION
    hs = [x]
    for W in weights[:-1]:
        hs.append(torch.sigmoid(W @ hs[-1]))
    delta = torch.softmax(weights[-1] @ hs[-1], dim=0) - y
    for W, h in zip(weights[:0:-1], hs[:0:-1], strict=True):
        delta = h * (1 - h) * (W.T @ delta)
    return torch.outer(delta, x)
    ### END SOLUTION


# %%
exercises.first_gradient.check(first_gradient)

# %%
# exercises.first_gradient.hint()      # without the first #: a hint; again: one more
# exercises.first_gradient.solution()

# %% nbgrader={"grade": true, "grade_id": "first_gradient_graded", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
# 4 points, if it is right with other numbers, too
### BEGIN HIDDEN TESTS
assert exercises.first_gradient.check(first_gradient, seed=31).passed
### END HIDDEN TESTS

# %% [markdown]
# ## Your own
#
# No check, and no right answer. In a residual network of ReLUs each layer *adds* to what comes in: with torch's weights, signal and error grow about fivefold over 16 layers, with He's
# they explode (try). Find a recipe with which neither changes more than threefold between layer 2 and layer 16. Then let it be 32 layers. Does the same recipe hold? Should the depth stand in it?


# %%
def mine(n_in, n_out, depth):
    return (1 / (3 * n_in)) ** 0.5  # torch's: change it


# %%
digits, depth = data.load(), 16
model = models.mlp(784, *[128] * depth, 10, activation="relu", residual=True)
torch.manual_seed(0)
with torch.no_grad():
    for layer in layers.layers_of(model)[1:-1]:
        layer.bias.zero_()
        layer.weight.normal_(std=mine(layer.in_features, layer.out_features, depth))
x, y = digits.x_train[:500], digits.y_train[:500]
signal, error = layers.signals(model, x), layers.errors(model, x, y)
print(f"forward, the signal changes by a factor of {signal[-2] / signal[1]:.2g}")
print(f"back, the error changes by a factor of {error[1] / error[-2]:.2g}")
