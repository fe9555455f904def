# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 1 · Gradient descent
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/01_gradient_descent.ipynb)
#
# A neural network learns by taking steps.
# This lecture is about one step, and about the one number in it that you have to choose.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %% slideshow={"slide_type": "skip"}
from course_utils import data, models, optimizers, plotting, rules, surfaces
from course_utils.descent import descend
from course_utils.gradients import curvatures, gradient, relative_error
from course_utils.moving import Animation
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.training import fit, loss_gradient
from course_utils.widgets import explore

import numpy as np
import torch

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Three walkers
#
# Here is a map of a valley. Each line joins points of equal height, darker is lower, and the star is the lowest point.
# Three walkers start at the white disc.
# They follow the same formula. Only one number in it differs.

# %% jupyter={"source_hidden": true}
# The code of this picture gives the answer away: open it later.
walkers = descend("quadratic", "sgd", lr=[0.02, 0.4, 0.51], steps=60)
Animation(
    dict(zip("ABC", walkers, strict=True)), title="Three walkers, one formula: who arrives?"
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The walkers may go on for as long as they like. Who arrives? Who never will? What could the number be?

# %% [markdown] slideshow={"slide_type": "notes"}
# Write your answer down. Before half-time you will be able to compute it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we walk on
#
# A network has weights, $x = (x_1, …, x_n)$. The loss $f(x)$ says how badly the network does with them.
# Training means looking for an $x$ where $f$ is low.
#
# A real network has thousands of weights or billions. Nobody can draw that. So we start with two:
#
# $$f(x_1, x_2) = 0.1\,x_1^2 + 2\,x_2^2$$
#
# One direction is flat, the other is steep. That is enough to see the main difficulty of a real network.

# %% [markdown] slideshow={"slide_type": "notes"}
# *Letters.* In this course, $x$ is always the weights, never the data. $x_1, x_2$ are its coordinates. Later,
# $x_t$ is the point after $t$ steps.

# %%
quadratic = surfaces.quadratic
x0 = torch.tensor(quadratic.start, dtype=torch.float64)
print(
    f"start {x0.tolist()}, loss there {quadratic(x0):g}; minimum {quadratic.minima[0]}, loss 0"
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The gradient
#
# The gradient $g = \nabla f(x)$ collects the slopes along the coordinates. By hand, for our valley:
#
# $$g = \left(\frac{\partial f}{\partial x_1}, \frac{\partial f}{\partial x_2}\right) = (0.2\,x_1,\; 4\,x_2)$$
#
# torch finds the same numbers by *automatic differentiation*: it applies the chain rule to each operation of $f$.

# %%
by_hand = torch.tensor([0.2 * x0[0], 4 * x0[1]])
by_autograd = gradient(quadratic, x0)
print(f"by hand {by_hand.tolist()}, by autograd {by_autograd.tolist()}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The gradient points uphill, the steepest way. So $-g$ is the steepest way down.
#
# **Predict.** Standing at the white disc, does $-g$ point at the minimum?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    alt="At the start, the steepest way down points across the valley, not at the minimum."
)
ax = figure.add_subplot(title="The steepest way down does not point at the minimum")
plotting.draw_surface(ax, quadratic)
for direction, looks in ((-by_autograd, plotting.STYLES[1]), (-x0, plotting.STYLES[2])):
    plotting.draw_arrow(ax, x0, x0 + 2.5 * direction / direction.norm(), looks["color"])
plotting.draw_start(ax, x0)
ax.set_aspect("equal")
ax.text(-4.4, 0.5, "$-g$, the steepest way down")
ax.text(-2.4, -1.2, "to the minimum")
figure

# %%
cosine = torch.nn.functional.cosine_similarity(-by_autograd, -x0, dim=0)
print(f"angle between the two: {torch.rad2deg(torch.acos(cosine)):.0f}°")

# %% [markdown] slideshow={"slide_type": "fragment"}
# It points across the valley, because that is where the slope is. The gradient knows the slope *here*. It knows nothing
# of the minimum over there.

# %% [markdown] slideshow={"slide_type": "notes"}
# Much of what goes wrong with gradient descent comes from this.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The gradient without calculus

# %% [markdown] slideshow={"slide_type": "notes"}
# *(Short of time? Leave this section and the next for home.)*

# %% [markdown]
# A slope can also be measured. Take a small step $h$ to one side, and see how much $f$ changes:
#
# $$\text{forward:}\quad \frac{f(x + h) - f(x)}{h} \qquad\qquad \text{central:}\quad \frac{f(x + h) - f(x - h)}{2h}$$
#
# This is done for one coordinate after the other.
#
# **Predict.** Is a smaller $h$ always better? Which of the two is more exact?

# %% [markdown] slideshow={"slide_type": "subslide"}
# Before we look, here is a third version. It was published in a teaching notebook. Can you see what is wrong with it?


# %% tags=["code"]
def published_difference(f, x, h):
    steps = h * torch.eye(len(x), dtype=x.dtype)
    return torch.stack([f(x + e) - f(x - e) / (2 * h) for e in steps])


# %% [markdown]
# How do we measure an error? By the *relative error* $\|a - b\| / \max(\|a\|, \|b\|)$: 0 when $a$ and $b$ are equal, about 1 or
# more when they have nothing to do with each other, whatever their size.

# %% slideshow={"slide_type": "skip"}
from course_utils.gradients import central_difference, forward_difference

rosenbrock = surfaces.rosenbrock  # on a quadratic, central differences are exact
x = torch.tensor(rosenbrock.start, dtype=torch.float64)
exact = gradient(rosenbrock, x)
methods = {"forward": forward_difference, "central": central_difference}
methods["published"] = published_difference

# %% slideshow={"slide_type": "skip"}
hs = np.geomspace(1e-13, 1e-1, 49)
errors = {}
for name, method in methods.items():
    errors[name] = hs, [relative_error(method(rosenbrock, x, h), exact) for h in hs]

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_curves(
    errors,
    title="A smaller h is better, until rounding takes over",
    xlabel="h",
    ylabel="relative error",
    log="xy",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# Read the picture from right to left.
#
# - **Large h:** the error is that of the formula. It falls like $h$ for the forward difference and like $h^2$ for the central one.
# - **Small h:** the two values of $f$ agree in more and more of their 16 digits, and their difference drowns in rounding. This
#   error rises like $1/h$.

# %% [markdown] slideshow={"slide_type": "fragment"}
# - **Published:** it goes to 1 and stays there. A quotient binds tighter than a difference, so only the second term is
#   divided by $2h$. As $h$ shrinks, the result grows without limit, and beside it the gradient is nothing. The parentheses
#   are missing: `(f(x + e) - f(x - e)) / (2 * h)`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The gradient check
#
# Central differences give a test for any gradient that you write by hand. Compare the two at some point (here, at the
# start), with $h = 10^{-5}$ and in double precision (`float64`, 16 digits). If $f$ is smooth, a right gradient agrees to about 7 digits;
# most mistakes show in the first four.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Not at a minimum, where the gradient is zero. And compare component by component:
# a large one hides the error of a small one.)

# %%
for name in ("central", "published"):
    error = relative_error(methods[name](rosenbrock, x, 1e-5), exact)
    print(f"{name:9}  {'passes: relative error below 1e-7' if error < 1e-7 else 'FAILS'}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Why not use differences for everything? Count. Each coordinate needs two evaluations of $f$; autograd needs one
# evaluation and one pass back, however many coordinates there are.

# %%
n = sum(p.numel() for p in models.mlp_small().parameters())
print(f"A small network for digits has {n:,} weights.")
print(f"One gradient by central differences: {2 * n:,} evaluations.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The rule
#
# See which way is down. Take a step that way. Look again.

# %% [markdown] slideshow={"slide_type": "notes"}
# The whole algorithm is one line. Here is its card, and below it the very line that runs in this course. Every path from
# here on, on surfaces and on networks, goes through it, unless we say otherwise.

# %%
show_rule(rules.sgd)

# %% [markdown]
# - $x_t$ are the weights after $t$ steps, and $g_t$ is the gradient at $x_{t-1}$, where the step starts.
# - $\mathrm{lr}$ is the *learning rate*: the number that differed between the three walkers.
# - Every rule of this course has this shape. `s` is its memory and `t` the number of the step: this rule needs neither.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## By hand
#
# **Predict.** $f = 0.1\,x_1^2 + 2\,x_2^2$, start $(-5, -2)$, $\mathrm{lr} = 0.4$. Where are you after **two** steps?
#
# - (a) $(-4.2, 4.4)$
# - (b) $(-4.232, -0.72)$
# - (c) $(-5.832, -13.52)$
# - (d) $(-4.6, 1.2)$
#
# And after thirty: at the minimum, or where?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
quiz = descend(quadratic, rules.sgd, lr=0.4, steps=30)
for step in (1, 2, 30):
    x1, x2 = quiz.x[step].tolist()
    print(f"after {step:2} steps: ({x1:.6g}, {x2:.6g}), loss {quiz.loss[step]:.3g}")

# %% [markdown]
# Each wrong answer is a mistake that people make. Here they are, computed: (a) never looks again, so both steps use the
# first gradient; (c) has the sign wrong and walks uphill; (d) stops after one step.

# %%
g0 = gradient(quadratic, x0)
once_uphill = x0 + 0.4 * g0
wrong_answers = {
    "a": x0 - 2 * 0.4 * g0,
    "c": once_uphill + 0.4 * gradient(quadratic, once_uphill),
    "d": x0 - 0.4 * g0,
}
for option, point in wrong_answers.items():
    print(f"({option}) ({point[0]:.4g}, {point[1]:.4g})")

# %% [markdown] slideshow={"slide_type": "fragment"}
# ### The same in torch
#
# We give `torch.optim.SGD` the same start and compare all 31 points.

# %% slideshow={"slide_type": "fragment"}
w = x0.clone().requires_grad_()
theirs, torch_sgd = [x0], torch.optim.SGD([w], lr=0.4)
for _ in range(30):
    torch_sgd.zero_grad()
    quadratic(w).backward()
    torch_sgd.step()
    theirs.append(w.detach().clone())
print(
    "same as torch.optim.SGD to 12 digits:", relative_error(torch.stack(theirs), quiz.x) < 1e-12
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Too small, good, too large
#
# Now it is your turn. Drag the slider, or click on it and use the arrow keys.
#
# **Predict**, before you do: what happens to the path when you double the learning rate? And again? And again?
#
# (*Converged*: it came within 1 % of the starting distance and stayed there. *Diverges*: it ended higher than it began.
# *Still 28 % away*: neither; 28 % of the starting distance is left.)

# %% slideshow={"slide_type": "subslide"}
explore("quadratic", lr=(0.01, 0.1, 1.0), steps=60)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# Did you see all of these?
#
# 1. Far left: the steps are tiny. The path is smooth, and does not get there.
# 2. Near 0.25: the steep direction is done in a single step. Then a slow crawl along the valley.
# 3. Near 0.4: the path jumps from wall to wall, yet it gets there sooner.
# 4. Beyond 0.5: the jumps grow.

# %% [markdown] slideshow={"slide_type": "notes"}
# The fastest lr lies a little below an edge. From there to the edge it gets slower again, and beyond it the path never
# settles. The panel at the lower right knows where the edge is. How?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where exactly is the edge?
#
# Take one direction alone, and let $x$ be the coordinate along it. There, $f = \tfrac12 \lambda x^2$, where $\lambda$ is the
# *curvature*: how fast the slope changes. ($0.1\,x_1^2$ has $\lambda = 0.2$, and $2\,x_2^2$ has $\lambda = 4$.) The gradient is $\lambda x$, so one step is
#
# $$x_t = x_{t-1} - \mathrm{lr}\,\lambda\,x_{t-1} = (1 - \mathrm{lr}\,\lambda)\; x_{t-1}$$
#
# Each step multiplies the distance by the same factor, $1 - \mathrm{lr}\,\lambda$.

# %% [markdown] slideshow={"slide_type": "notes"}
# Go back to the explorer: its lower right
# panel draws the size of this factor, ▲ for the flat direction and ◆ for the steep one.

# %% [markdown] slideshow={"slide_type": "fragment"}
# - between 0 and 1: the distance shrinks, on the same side (at 0, it is gone in one step);
# - between −1 and 0: it shrinks, and the side changes at each step: the zigzag;
# - at −1: it jumps between two points for ever; below −1: it grows.

# %% [markdown] slideshow={"slide_type": "subslide"}
# So, from almost every start, the path settles only if $\mathrm{lr}\,\lambda < 2$ in *every* direction. The steepest decides:
#
# $$\boxed{\;\mathrm{lr} < \frac{2}{\lambda_{\max}}\;}$$

# %%
flat, steep = curvatures(quadratic, x0).tolist()
print(f"curvatures {flat:g} and {steep:g}: the edge is at lr = 2 / {steep:g} = {2 / steep:g}")
for lr in (0.4999, 0.5001):
    print(f"lr = {lr}: {descend(quadratic, 'sgd', lr=lr, steps=20_000).outcome}")

# %% [markdown] slideshow={"slide_type": "notes"}
# *In general.* A valley need not lie along the axes. Then the directions and their curvatures are the eigenvectors and
# eigenvalues of the matrix of second derivatives, the *Hessian*. That is what `curvatures` computes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now you can answer the opening question. The learning rates were A 0.02, B 0.4 and C 0.51:

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
longer = descend("quadratic", "sgd", lr=[0.02, 0.4, 0.51], steps=2000)
for name, path in zip("ABC", longer, strict=True):
    print(f"{name}: {path.outcome}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The price of a wrong guess
#
# **Predict.** You do not know the best learning rate. Is it better to be three times too low or three times too high?

# %% slideshow={"slide_type": "skip"}
lrs = np.geomspace(0.005, 0.499, 400)
arrival = descend(quadratic, "sgd", lr=lrs, steps=6000).arrival.double().numpy()
arrival[arrival < 0] = np.nan  # did not arrive
best = np.nanargmin(arrival)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {"steps": (lrs, arrival)},
    title="Too low costs time, too high costs everything",
    xlabel="lr",
    ylabel="steps to 1 % of the distance",
    log="xy",
)
ax = figure.axes[0]
ax.axvspan(2 / steep, 1, color=plotting.RED, alpha=0.15)
ax.text(0.7, 400, "diverges", ha="center", rotation=90)
ax.set(xlim=(0.005, 1), xticks=[0.01, 0.1, 0.5], xticklabels=["0.01", "0.1", "0.5"])
figure

# %%
third = np.abs(lrs - lrs[best] / 3).argmin()
print(f"fastest of these: lr = {lrs[best]:.2f}, {arrival[best]:.0f} steps")
print(f"three times too low: lr = {lrs[third]:.2f}, {arrival[third]:.0f} steps")
too_high = descend(quadratic, "sgd", lr=3 * lrs[best])
print(f"three times too high: lr = {3 * lrs[best]:.2f}, {too_high.outcome}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why narrow valleys are slow
#
# The steep direction caps the learning rate; the flat direction wants a large one. At the best lr, both distances shrink by
# the same factor: along the valley on one side, across it from side to side.
#
# $$1 - \mathrm{lr}\,\lambda_{\min} = -(1 - \mathrm{lr}\,\lambda_{\max})
# \quad\Rightarrow\quad \mathrm{lr} = \frac{2}{\lambda_{\min} + \lambda_{\max}}
# \quad\Rightarrow\quad \text{factor} = \frac{\kappa - 1}{\kappa + 1}$$
#
# Only the ratio $\kappa = \lambda_{\max} / \lambda_{\min}$ counts. It is called the *condition number*.

# %% [markdown] slideshow={"slide_type": "notes"}
# (With more than
# two directions, those between shrink faster. And from a start on one of the axes, another lr may be faster.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The steep direction gets ten times as steep: κ grows tenfold. How many times as many steps does it take, with the best lr for each?

# %% slideshow={"slide_type": "skip"}
kappas = np.array([2, 5, 10, 20, 50, 100, 200, 500, 1000])
theory = np.ceil(np.log(0.01) / np.log((kappas - 1) / (kappas + 1)))  # factor ** steps = 0.01
measured = []
for kappa in kappas.tolist():
    path = descend(surfaces.bowl(1, kappa), "sgd", lr=2 / (1 + kappa), steps=3000)
    measured.append(path.arrival.item())

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {"measured": (kappas, measured)},
    title="Ten times the condition number, ten times the steps",
    xlabel="condition number κ",
    ylabel="steps to 1 % of the distance",
    log="xy",
)
figure.axes[0].plot(kappas, theory, "k--", label="theory")
figure.axes[0].legend()
figure

# %% slideshow={"slide_type": "notes"}
for k, m, t in zip(kappas.tolist(), measured, theory, strict=True):
    print(f"κ = {k:5}: {m:5} steps, theory {t:5.0f}")
print(f"our valley: κ = {steep / flat:g}, best lr {2 / (flat + steep):.3f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where curvature changes from place to place
#
# A bowl has the same curvature everywhere. Real losses do not. Rosenbrock's function is the classic example: a bent,
# narrow valley.
#
# $$f(x_1, x_2) = (1 - x_1)^2 + 100\,(x_2 - x_1^2)^2$$

# %%
low, high = curvatures(rosenbrock, torch.tensor([1.0, 1.0], dtype=torch.float64)).tolist()
print(f"at the minimum: curvatures {low:.2f} and {high:.0f}, κ = {high / low:.0f}")
print(f"edge there: lr = {2 / high:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The edge at the minimum is 0.002. What happens at 0.0021?

# %% slideshow={"slide_type": "subslide"}
explore("rosenbrock", lr=(0.0001, 0.001, 0.01), steps=2000)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. At 0.001, two steps take you to the floor of the valley. All the others creep along it. (There is a dot at every 50th
#    step. Where dots crowd, the valley is flat.) A loss that hardly falls does not mean that you have arrived.
# 2. Beyond 0.001, the first steps jump between the walls; the closer to 0.002, the longer.

# %% [markdown] slideshow={"slide_type": "subslide"}
# 3. Just beyond 0.002, nothing terrible happens yet. The dotted line is the edge *at the minimum*, and the walker is not
#    there. The edge depends on where you are. (Had it more steps, it would get stuck before the minimum: see below.)
# 4. From about 0.0025 on, it bounces between the walls for ever: it comes nearer, is thrown back, and comes again. Near the
#    right end, it is gone.

# %% [markdown] slideshow={"slide_type": "notes"}
# Lecture 3 is about getting through such a valley faster.

# %%
for lr in (0.0019, 0.0021):
    for steps in (2_000, 20_000):
        path = descend(rosenbrock, "sgd", lr=lr, steps=steps)
        print(f"lr {lr}, {steps:6,} steps: {path.outcome}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Real digits
#
# Now the same rule, on 79,510 weights instead of two. These are 5,000 handwritten digits from MNIST: 4,000 to learn from
# and 1,000 to be tested on.

# %% [markdown] slideshow={"slide_type": "notes"}
# (`data.load("mnist-5k", classes=[0, 1])` would give the zeros and ones alone.)

# %%
digits = data.load("mnist-5k")
print(digits)
one_of_each = torch.stack([(digits.y_train == d).nonzero()[0, 0] for d in range(10)])
plotting.plot_pictures(digits.x_train[one_of_each], digits.classes, title="One of each")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The network has one hidden layer: 784 pixels in, 100 units (each passes on what is positive, and 0 otherwise: *ReLU*), 10
# scores out. *Softmax* turns the scores into probabilities. The loss on one picture is the *cross-entropy*: $-\ln$ of the
# probability that it gave to the right digit.

# %% [markdown] slideshow={"slide_type": "subslide"}
# `fit` goes through all pictures in a random order, 64 at a time, one step for each such *batch*. Once through is one
# *epoch*. `optimizers.SGD` takes the rule from the card above and applies it to each weight. So the
# rule is the old one.

# %% [markdown] slideshow={"slide_type": "notes"}
# (lr = 0.3 is a guess that works; we shall look for a better one.)

# %%
model = models.mlp_small()
optimizer = optimizers.SGD(model.parameters(), lr=0.3)
history = fit(model, optimizer, digits, epochs=20, batch_size=64)
chosen = optimizer.rule_for(optimizer.param_groups[0])
print("the rule that trains the network is the rule on the card:", chosen is rules.sgd)
print(
    "reads more than 92 % of 1,000 new digits correctly:",
    history.epochs.test_accuracy[20] > 0.92,
)

# %% slideshow={"slide_type": "subslide"}
epochs = history.epochs
plotting.plot_curves(
    {
        "on the training digits": (epochs.index, epochs.train_loss),
        "on new digits": (epochs.index, epochs.test_loss),
    },
    title="The same rule teaches a network to read digits",
    xlabel="epoch",
    ylabel="loss (mean cross-entropy)",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# The training loss is a mean over the epoch, while the network was still learning; the test loss is taken at the epoch's
# end. So at first, the orange line (■) lies below the blue one (●). Later they part: the network does better on digits that it has
# seen. That is *overfitting*.

# %% slideshow={"slide_type": "subslide"}
with torch.no_grad():
    read = model(digits.x_test.to(next(model.parameters()).device)).argmax(1).cpu()
misread = (read != digits.y_test).nonzero().squeeze(1)[:8]
labels = [f"{digits.y_test[i]}, read {read[i]}" for i in misread.tolist()]
plotting.plot_pictures(digits.x_test[misread], labels, title="Some that it still misreads")

# %% [markdown] slideshow={"slide_type": "notes"}
# We shall train often. So here is a function for it: a new network, the rule, the loop.


# %% slideshow={"slide_type": "skip"}
def train(lr, seed=0, **settings):
    model = models.mlp_small(seed=seed)
    optimizer = optimizers.SGD(model.parameters(), lr=lr)
    history = fit(model, optimizer, digits, seed=seed, progress=False, **settings)
    if history.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    return history


# %% [markdown] slideshow={"slide_type": "slide"}
# ## How many pictures for one step?
#
# The loss that we minimise is the mean over all pictures. So its gradient is a mean, too:
#
# $$f(x) = \frac1N \sum_{i=1}^{N} f_i(x) \qquad\Rightarrow\qquad \nabla f(x) = \frac1N \sum_{i=1}^{N} \nabla f_i(x)$$

# %% [markdown]
# And a mean can be estimated from a sample.

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **Batch** gradient descent uses all $N$ of them.
# - **Single-sample**, or *stochastic*, gradient descent uses one, drawn at random.
# - **Mini-batch** gradient descent uses $B$ of them.
#
# All three are the same line of code. Only $g$ comes from elsewhere.
#
# **Predict.** You have one second. Few exact steps, many noisy ones, or something between?
# To decide, we need three facts: how noisy, how costly, how much progress.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ### Fact 1: how noisy
#
# We draw $B$ pictures at random (with replacement) and compare their gradient with that of all 4,000, at the first weights
# of a network. The *noise* is the typical distance between the two: the root of the mean square, over 200 draws.

# %% slideshow={"slide_type": "skip"}
untrained = models.mlp_small()
full = loss_gradient(untrained, digits.x_train, digits.y_train)
generator = torch.Generator().manual_seed(0)
sizes, noise = [1, 4, 16, 64, 256, 1024], []
for size in sizes:
    squares = []
    for _ in range(200):
        i = torch.randint(len(digits.y_train), (size,), generator=generator)
        squares.append(
            (loss_gradient(untrained, digits.x_train[i], digits.y_train[i]) - full)
            .square()
            .sum()
        )
    noise.append((torch.stack(squares).mean().sqrt() / full.norm()).item())

# %%
figure = plotting.plot_curves(
    {"measured": (sizes, noise)},
    title="Four times the pictures, half the noise",
    xlabel="pictures in the batch, B",
    ylabel="noise / length of the gradient",
    log="xy",
)
figure.axes[0].plot(sizes, noise[0] / np.sqrt(sizes), "k--", label="falling like 1 / √B")
figure.axes[0].legend()
figure

# %%
print(f"with 1 picture, the noise is {noise[0]:.0f} times the length of the gradient;")
print(f"256 times the pictures make it about {noise[0] / noise[4]:.0f} times smaller")

# %% [markdown] slideshow={"slide_type": "notes"}
# A single picture's gradient is mostly noise. More pictures help, but less and less: each further halving costs four times
# the pictures. Even with 64, the noise is as long as the gradient. But it points elsewhere at each step, so over many steps
# much of it cancels. The gradient does not.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ### Fact 2: how costly
#
# The time of a whole step (gradient and update), on this machine, now.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# A step of each size, timed (open to see the code)
batch_sizes, times = [1, 4, 16, 64, 256, 1024, 4000], []
for size in progress_bar(batch_sizes):
    run = train(lr=0.01, epochs=1 + size // 200, batch_size=size)
    times.append(1000 * run.steps.seconds.diff().median())

# %%
plotting.plot_curves(
    {
        "one step": (batch_sizes, times),
        "one step, per picture": (batch_sizes, np.divide(times, batch_sizes)),
    },
    title="64 pictures cost far less than 64 times one",
    xlabel="pictures in the batch, B",
    ylabel="milliseconds",
    log="xy",
)

# %%
print(
    "a step with 64 pictures takes less time than 10 steps with one:", times[3] < 10 * times[0]
)

# %% [markdown] slideshow={"slide_type": "notes"}
# A processor is built to do the same thing to many numbers at once. With one picture, most of the time goes into
# starting the work.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Fact 3: how much progress
#
# Now all three are run, as described, for about a second each. To be fair, each of them tries the same seven learning
# rates. The one with the lowest training loss at the end is shown, up to the time of the shortest run.

# %% slideshow={"slide_type": "skip"}
plans = {"batch": (4000, 80), "mini-batch": (64, 28), "single": (1, 1)}  # size, epochs
finals, runs = {}, {}
for name, (size, n_epochs) in plans.items():
    for lr in progress_bar([0.002, 0.006, 0.02, 0.06, 0.2, 0.6, 2.0]):
        run = train(lr, epochs=n_epochs, batch_size=size)
        steps = run.steps.assign(lr=lr, pictures=run.steps.index * size)
        last = steps.loss.tail(max(1, 1000 // size)).mean()  # of the last 1,000 pictures
        if run.status == "finished" and last < finals.get(name, np.inf):
            finals[name], runs[name] = last, steps

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# Smooth the curves, cut them at the same time (open to see the code)
labels = {}
for name, run in runs.items():
    size = plans[name][0]
    run["loss"] = run.loss.rolling(max(1, 1000 // size), min_periods=1).mean()
    labels[name] = f"{name}: {size:,}, lr {run.lr[1]:g}"
time_up = min(run.seconds.iloc[-1] for run in runs.values())
in_time = {name: run[run.seconds <= time_up] for name, run in runs.items()}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_curves(
    {labels[name]: (run.seconds, run.loss) for name, run in in_time.items()},
    title="In the same time, mini-batches get furthest",
    xlabel="seconds of training",
    ylabel="loss, mean over the last\n1,000 pictures (or one step)",
    log="y",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# In this time:
#
# - *Batch:* few steps, without any noise. (The spikes are those of a large lr, near the edge.) With all 60,000 pictures of
#   MNIST, each step would take about 15 times as long; with a billion, there would not be time for one. It does not scale.
# - *Single:* many steps, each of them mostly noise. The curve looks smooth only because it is a mean. It needs a small
#   learning rate, or the noise throws it out.
# - *Mini-batch:* fewer steps than single-sample, but each with an eighth of its noise ($1/\sqrt{64}$).
#
# (One seed only. The gap to mini-batch is large enough here; *Luck*, below, says when it is not.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### By the picture
#
# **Predict.** We measured by the clock. Who wins if we count pictures instead?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {labels[name]: (run.pictures, run.loss) for name, run in runs.items()},
    title="In the first 4,000 pictures, single samples get furthest",
    xlabel="pictures looked at",
    ylabel="loss, mean over the last\n1,000 pictures (or one step)",
)
figure.axes[0].set(xlim=(0, 4100), ylim=(0, 2.5))
figure

# %%
by_clock = {name: run.loss.iloc[-1] for name, run in in_time.items()}
by_picture = {name: run[run.pictures <= 4000].loss.iloc[-1] for name, run in runs.items()}
print("lowest after the same time:", min(by_clock, key=by_clock.get))
print("lowest after 4,000 pictures:", min(by_picture, key=by_picture.get))

# %% [markdown] slideshow={"slide_type": "notes"}
# So neither extreme pays; which of the two comes second depends on the machine.

# %% [markdown] slideshow={"slide_type": "fragment"}
# One picture at a time makes the most of
# each picture, a mini-batch makes the most of the machine. This is why nearly everyone trains with mini-batches, and calls
# that "SGD".

# %% [markdown] slideshow={"slide_type": "notes"}
# (So do programs that announce batch or single-sample descent: look at their batch size.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The learning rate, in 79,510 dimensions
#
# **Predict.** We train the network with many learning rates, three epochs each. What will the curve of the loss against
# lr look like?

# %% slideshow={"slide_type": "skip"}
net_lrs = np.geomspace(0.001, 10, 25)
losses = [train(lr, epochs=3).epochs.train_loss.get(3, np.nan) for lr in progress_bar(net_lrs)]

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {"loss": (net_lrs, losses)},
    title="Too low costs time, too high costs everything: again",
    xlabel="lr",
    ylabel="training loss in epoch 3",
    log="x",
)
figure.axes[0].axhline(np.log(10), color="black", linestyle=":")
figure.axes[0].text(0.1, 2.2, r"guessing: $-\ln\,(1/10) = 2.30$", va="top")
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# The best learning rate lies not far below an edge, as it did in the valley. One could measure
# $\lambda_{\max}$ at one point. But it changes as the network learns, and the noise lowers the edge.

# %% [markdown] slideshow={"slide_type": "fragment"}
# So one tries: a few learning rates, each three times the one
# before, until it breaks. Then one step back.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Luck
#
# **Predict.** We train the same network five times, with the same settings. Only the random numbers differ: the first
# weights, and the order of the pictures. How far apart are the accuracies?

# %% slideshow={"slide_type": "skip"}
tables = [train(lr=0.3, seed=seed, epochs=20).epochs for seed in progress_bar(range(5))]

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {f"seed {seed}": (t.index, 100 * t.test_accuracy) for seed, t in enumerate(tables)},
    title="Five runs that differ in nothing but luck",
    xlabel="epoch",
    ylabel="test accuracy, %",
)
figure.axes[0].set_ylim(85, 95)
figure

# %%
accuracies = np.array([100 * table.test_accuracy.iloc[-1] for table in tables])
print(f"test accuracy after 20 epochs, mean over five seeds: {accuracies.mean():.0f} %")

# %% tags=["nbval-ignore-output"]
print("one by one:", ", ".join(f"{accuracy:.1f} %" for accuracy in accuracies))
print(
    f"from worst to best: {np.ptp(accuracies):.1f} points, or {10 * np.ptp(accuracies):.0f} digits of 1,000"
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A difference smaller than that between seeds is no evidence. And you saw the best learning rate differ thirtyfold between
# two methods. So a table with *one* run for each method, at a learning rate that nobody tuned, ranks luck. From lecture 2 on,
# we tune every method with the same effort, repeat it, and show the spread.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### A sum is not a mean
#
# Some programs add up the loss over a batch, others average it. The gradient of the sum is $B$ times as long. So the same
# lr means something else: lr 0.001 on the sum over 50 pictures is lr 0.05 on their mean.

# %%
mean = train(lr=0.05, epochs=3, batch_size=50)
fair = train(lr=0.001, epochs=3, batch_size=50, reduction="sum")
unfair = train(lr=0.05, epochs=3, batch_size=50, reduction="sum")
print(
    "mean with lr 0.05 and sum with lr 0.001 take the same path:",
    np.allclose(mean.steps.loss, fair.steps.loss, rtol=0.01),
)
for name, run in (("mean, lr 0.05", mean), ("sum, lr 0.001", fair), ("sum, lr 0.05", unfair)):
    print(f"{name}: learns {run.epochs.test_accuracy.iloc[-1] > 0.5}")

# %% [markdown] slideshow={"slide_type": "notes"}
# Mind the printed loss, too. A sum over 64 pictures looks 64 times worse than the same loss averaged.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Old gradients, and the wrong sign
#
# torch *adds* each new gradient to `p.grad`. If you forget `optimizer.zero_grad()`, you step along the sum of all gradients
# so far. If you forget the minus, you walk uphill.
#
# Each is a rule of its own, so we can run it. Any function of this shape will do: try yours.
#
# **Predict.** Where does a walker who adds up every slope so far end up?


# %% tags=["code"]
def forgot_zero_grad(x, g, s, t, lr):
    total = g if t == 1 else s.total + g
    return x - lr * total, rules.State(total=total)  # remember the sum for the next step


def wrong_sign(x, g, s, t, lr):
    return x + lr * g, s


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
wrong = {
    rule.__name__: descend(quadratic, rule, lr=0.05, steps=65)
    for rule in (forgot_zero_grad, wrong_sign)
}
Animation(wrong, title="Old gradients carry you past the bottom, again and again")

# %% [markdown] slideshow={"slide_type": "fragment"}
# It swings through the bottom and up the other side, like a ball without friction, and never settles.

# %% [markdown] slideshow={"slide_type": "notes"}
# With some friction,
# this mistake becomes a method: momentum, in lecture 3.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# Besides the weights and their gradient, gradient descent stores nothing. A step is one multiplication and one subtraction
# per weight. No rule can store less.

# %%
kept = optimizers.kept_per_weight(optimizer)
print(f"numbers kept per weight after 20 epochs: {kept:g}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | the rule | $x_t = x_{t-1} - \mathrm{lr}\; g_t$ |
# | when it settles in a bowl | $\mathrm{lr} < 2 / \lambda_{\max}$, the largest curvature; on other surfaces, once near the minimum, with the curvature there |
# | best lr in a bowl | $2 / (\lambda_{\min} + \lambda_{\max})$: a little below the edge if the valley is narrow |
# | speed with the best lr | leaves at most $(\kappa - 1) / (\kappa + 1)$ of the distance at each step: narrow valleys are slow |
# | is my gradient right? | compare with central differences at a random point: relative error below $10^{-7}$ |
# | how many pictures a step? | a mini-batch: noise falls like $1/\sqrt B$, and 64 pictures cost far less than 64 times one |
# | memory | none besides the weights and the gradient |
# | what is wrong with it | one lr for all directions; no memory; crawls in valleys, jumps across them |
#
# **Next.** Why a constant lr never quite arrives when the gradient is noisy (lecture 2), and how to stop the zigzag (lecture 3).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/01_gradient_descent.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** A bowl has the curvatures 1 and 50. At which lr does it diverge? Which is best? Compute both, then check with
# `explore(surfaces.bowl(1, 50), lr=(0.001, 0.01, 0.1), steps=300)`.
#
# <details><summary>Answer</summary>It diverges beyond 2 / 50 = 0.04. Best is 2 / (1 + 50) ≈ 0.0392.</details>
#
# **2.** Find a start from which gradient descent on the quadratic surface goes *straight* to the minimum, with
# `explore("quadratic", start=(…, …))`. There are two kinds.
#
# <details><summary>Answer</summary>Any start on one of the axes, (a, 0) or (0, b): there, the gradient points at the
# minimum.</details>
#
# **3.** Halve the batch size and keep lr: `train(lr=0.3, batch_size=32, epochs=20, seed=…)`, for seeds 0 to 4. Is the accuracy
# better, worse, or is the difference within that between seeds?
#
# <details><summary>What to compare</summary>Five accuracies with five accuracies, as under <i>Luck</i>: their means, and how
# far each five are spread.</details>

# %% [markdown] slideshow={"slide_type": "notes"}
# ## References
#
# - A.-L. Cauchy, [Méthode générale pour la résolution des systèmes d'équations simultanées](https://gallica.bnf.fr/ark:/12148/bpt6k2982c/f540),
#   Comptes Rendus 25, 1847: the method itself.
# - H. Robbins, S. Monro, [A Stochastic Approximation Method](https://doi.org/10.1214/aoms/1177729586), Ann. Math. Stat. 22, 1951:
#   noisy gradients.
# - H. H. Rosenbrock, [An Automatic Method for Finding the Greatest or Least Value of a Function](https://doi.org/10.1093/comjnl/3.3.175),
#   Computer Journal 3, 1960: the bent valley.
# - L. Bottou, F. E. Curtis, J. Nocedal, [Optimization Methods for Large-Scale Machine Learning](https://doi.org/10.1137/16M1080173),
#   SIAM Review 60, 2018: batch, stochastic and mini-batch, with proofs.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, [Gradient-Based Learning Applied to Document Recognition](https://doi.org/10.1109/5.726791),
#   Proc. IEEE 86, 1998: the digits.
