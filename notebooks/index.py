# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Downhill
#
# **A course on how neural networks are optimised, to be played with.**
#
# Click on lecture 1, then choose **Run → Run All Cells** in the menu. Drag a slider. Everything else follows from there.
#
# | | lecture | the question it answers |
# | --- | --- | --- |
# | 1 | [Gradient descent](01_gradient_descent.ipynb) | How long may a step be, and what is a gradient worth? |
# | 2 | [Learning-rate schedules](02_learning_rate_schedules.ipynb) | Why does a constant learning rate never quite arrive when the gradient is noisy? |
# | 3 | [Momentum and Nesterov](03_momentum.ipynb) | How does one stop zigzagging? |
# | 4 | *Adagrad, RMSProp, Adadelta* | Should each weight have a step of its own? |
# | 5 | [Adam and its family](05_adam.ipynb) | What does everyone use, and why does it need a warm-up? |
# | 6 | *Averages and look-ahead* | Is the last point the best one? |
# | 7 | *After Adam* | What trains today's large models? |
# | 8 | *Why a deep network does not learn* | Where does the gradient go? |
# | 9 | *The race* | Who wins, and why does nobody win everywhere? |
# | 10 | [A benchmark you can believe](10_a_benchmark_you_can_believe.ipynb) | How does one compare optimizers fairly? |
# | 11 | *CIFAR-10 with ResNet-18* | Does it hold on a real network? |
#
# The lectures in italics are being written. Each one is a talk of about 45 minutes, and reads well alone.
#
# Is everything installed? Run the next cell: it loads the digits that the lectures learn from, which come with the course.

# %%
from course_utils import data

data.load("mnist-5k")

# %% [markdown]
# ## How the lectures work
#
# - **Predict** means: stop, and commit to an answer before you look.
# - Every update rule is shown with the line of code that runs, from the package `course_utils`. No second version exists.
# - Every result in the text comes from a cell that you can run.
# - Change anything. `Run → Restart Kernel and Run All Cells` brings it back to order.
#
# Code: MIT licence. Texts and figures: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).
