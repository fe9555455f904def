# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 4 · Steps of their own: Adagrad, RMSProp, Adadelta
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/04_steps_of_their_own.ipynb)
#
# So far, all weights shared one learning rate.
# This lecture gives each weight a step of its own, made from nothing but its own gradients.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* Aloud: up to *A valley that is turned*, the slope of *The dying step*, then *An average that forgets* to *RMSProp with two sliders*,
# *Units* (to the formula), *A fairer race on digits* and the summary. The rest is for home.

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
from course_utils.noise import noisy
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.training import fit, loss_gradient
from course_utils.widgets import explore, race

import numpy as np
import pandas as pd
import torch

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Two walkers in one valley
#
# The valley of lecture 1 again. Walker P follows gradient descent, with the best learning rate that there is for it.
# Walker Q follows a rule of this lecture.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Both start on the diagonal of the map. We shall also start elsewhere.)

# %% jupyter={"source_hidden": true}
# The code of this picture gives the answer away: open it later.
corner = (-2.5, -2.5)
walkers = {
    "P": descend("quadratic", "sgd", start=corner, lr=2 / 4.2, steps=30),
    "Q": descend("quadratic", "adagrad", start=corner, lr=0.8, steps=30),
}
Animation(walkers, title="P goes from wall to wall, Q goes straight")

# %% [markdown]
# **Predict.** Q sees what P sees: the gradient where it stands. It knows neither the curvatures nor where the star is. What
# could it do with the gradient, to go so straight? And would it go straight in *every* valley?

# %% [markdown] slideshow={"slide_type": "notes"}
# Write your answer down. The first half is answered in a few minutes, the second at half-time.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What each direction wants
#
# The valley is $f(x_1, x_2) = 0.1\,x_1^2 + 2\,x_2^2$, with the curvatures $\lambda_1 = 0.2$ and $\lambda_2 = 4$. A step
# multiplies the distance along an axis by $1 - \mathrm{lr}\,\lambda_i$ (lecture 1). So each direction has an lr of its own
# that takes it home in one step, $1/\lambda_i$:

# %%
quadratic = surfaces.quadratic
x0 = torch.tensor(quadratic.start, dtype=torch.float64)
curved = curvatures(quadratic, x0)  # along the axes, here
print("each direction's lr:", " and ".join(f"{1 / c:g}" for c in curved.tolist()))
home = x0 - gradient(quadratic, x0) / curved
print("distances after one step with both:", [f"{abs(value):.3g}" for value in home.tolist()])

# %% [markdown] slideshow={"slide_type": "notes"}
# (A step of $g_i / \lambda_i$ in each direction is *Newton's method*.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The flat direction wants a learning rate twenty times as large as the steep one. With one lr for both, one of them
# suffers. With one lr *each*, one step is enough.
#
# Another way to say it: measure $x_1$ in other units, so that the valley becomes a round bowl. In a round bowl, $-g$
# points at the minimum.
#
# But who tells us the curvatures, in 79,510 directions? We know only the gradient. It must do.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Divide the gradient by its own size
#
# Along an axis, the gradient is $g_i = \lambda_i x_i$. It is large where the valley is steep, and then the step
# should be *small*. So divide: each coordinate by its own size. In the first step, there is only one size to divide by,
# that of $g$ itself:
#
# $$\frac{g_i}{|g_i|} = \pm 1$$
#
# **Predict.** In lecture 1, $-g$ pointed across the valley. Where does it point after this division?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
g0 = gradient(quadratic, x0)
figure = plotting.Figure(
    (7.5, 3.9),
    alt="Divided by its own size, the gradient points along the diagonal, not across the valley.",
)
ax = figure.add_subplot(title="Divided by its own size, the first step is diagonal")
plotting.draw_surface(ax, quadratic)
for way, looks in zip((-g0, -g0 / g0.abs(), -x0), plotting.STYLES, strict=False):
    plotting.draw_arrow(ax, x0, x0 + 2.5 * way / way.norm(), looks["color"])
plotting.draw_start(ax, x0)
ax.set_aspect("equal")
ax.text(-4.5, 0.55, "$-g$")
ax.text(-3.15, -0.2, r"$-g\,/\,|g|$")
ax.text(-2.55, -1.35, "to the minimum")
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# It points along the diagonal, whatever the curvatures are. From a start on the diagonal, as in the opening, that is the
# way to the star. From elsewhere it is not, but it is a better guess than "across".

# %% [markdown] slideshow={"slide_type": "fragment"}
# One trouble is left. $\pm 1$ is all that remains of the gradient: the steps never get shorter, and the walker would
# jump around the minimum for ever. So we do not divide by the size of *this* gradient, but by that of all gradients so far.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Adagrad: divide by all gradients so far
#
# Add up the squares, for each coordinate on its own, and take the root.

# %%
show_rule(rules.adagrad)

# %% [markdown]
# - $r_t$ is a sum of squares: one number for each weight. All products, quotients and roots are taken weight by weight.
# - $\mathrm{lr} / \sqrt{r_t}$ is the *effective* learning rate. Each weight has its own.

# %% [markdown] slideshow={"slide_type": "notes"}
# - $\epsilon$ and $\delta$ keep us from dividing by zero. Which of them you use matters more than one would think: see
#   *Inside or outside the root*, below.

# %% [markdown] slideshow={"slide_type": "notes"}
# ### Adagrad in torch
#
# As in each lecture, we compare all points of a path with those of `torch.optim`. Here is a function for it, for all rules
# of today.


# %%
def torch_path(make, surface, steps=30):
    """The points to which an optimizer of torch's goes on a surface."""
    w = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimizer, points = make([w]), [w.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        surface(w).backward()
        optimizer.step()
        points.append(w.detach().clone())
    return torch.stack(points)


theirs = torch_path(lambda ps: torch.optim.Adagrad(ps, lr=0.5), quadratic)
ours = descend(quadratic, rules.adagrad, lr=0.5, steps=30).x
print(
    "same as torch.optim.Adagrad to 12 digits:", relative_error(theirs - x0, ours - x0) < 1e-12
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Adagrad in the valley
#
# **Predict.** For gradient descent, this valley has an edge: it diverges beyond lr = 0.5. Where is Adagrad's edge?

# %% slideshow={"slide_type": "subslide"}
explore("quadratic", rules.adagrad, lr=(0.05, 1, 20), steps=60)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# 1. The first step is diagonal, at every lr. It is lr long along each axis.
# 2. At 1: no zigzag. Both coordinates set out at the same pace. $x_2$ has less far to go. Then $x_1$ goes the rest of its way.
# 3. To the left: it slows down on the way, and does not get there in 60 steps.
# 4. To the right: $x_2$ jumps over the minimum from lr = 2 on, $x_1$ from 5 on. And they come back! Even at 20 it does not diverge. There is no edge.

# %% slideshow={"slide_type": "subslide"}
for lr in (0.05, 1, 20, 200):
    path = descend(quadratic, rules.adagrad, lr=lr, steps=300)
    after = (lr / path.remembered("r")[-1].sqrt()).tolist()
    print(f"lr = {lr:4}: {path.outcome}; lr / √r at the end: {after[0]:.2g} and {after[1]:.2g}")

# %% [markdown]
# How can lr = 200 do so well? The first jump goes about 200 too far. There, the gradient is about 200 λ, and so is
# $\sqrt r$ from then on. The effective learning rate is $200 / (200\,\lambda) = 1/\lambda$: 5 and 0.25, just what each
# direction wants. The bad jump has measured the curvature.

# %% [markdown] slideshow={"slide_type": "fragment"}
# That works in a bowl. A network is no bowl: there, nothing tells you that you come back from such a jump.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A narrower valley
#
# For gradient descent, the number of steps grows like the condition number κ, the ratio of the curvatures (lecture 1).
#
# **Predict.** We make the valley a thousand times, then a million times as steep across as along. At lr = 1, Adagrad needed 38
# steps. With a million: as many, fifty times as many, or does it diverge?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
round_bowl = descend(surfaces.bowl(1, 1), rules.adagrad, lr=1, steps=100)
for flat, steep in ((1, 1), (0.2, 4), (1, 1000), (0.001, 1000)):
    path = descend(surfaces.bowl(flat, steep), rules.adagrad, lr=1, steps=100)
    same = relative_error(path.x - x0, round_bowl.x - x0) < 1e-6
    print(
        f"κ = {steep / flat:9,.0f}: {path.outcome}; the same path as in the round bowl: {same}"
    )

# %% [markdown]
# The same number of steps, on the very same path. Put $g_i = \lambda_i x_i$ into the rule, and look at one coordinate:
#
# $$\frac{g_{t,i}}{\sqrt{g_{1,i}^2 + … + g_{t,i}^2}} = \frac{\lambda_i\, x_{t-1,i}}{\lambda_i \sqrt{x_{0,i}^2 + … + x_{t-1,i}^2}}$$
#
# The curvature cancels. **To Adagrad, every bowl along the axes is a round bowl.** In the opening, both coordinates began
# at the same distance, so they kept the same distance to the end: a straight line. That is the first half of the answer.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A valley that is turned
#
# The second half of the opening question: does it go straight in *every* valley? First the race along the axes. (SGD and momentum have good
# settings, and keep them. Drag Adagrad's learning rate as you like.)

# %% slideshow={"slide_type": "subslide"}
adagrad = {"Adagrad": (rules.adagrad, {"lr": (0.1, 2, 10)})}
usual = {
    "SGD": (rules.sgd, {"lr": 0.45}),
    "momentum": (rules.momentum, {"lr": 0.2, "momentum": 0.7}),
}
race("quadratic", usual | adagrad, steps=50)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** Now the valley is turned by 30°. Who wins there? Can you find an lr with which Adagrad does?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
usual = {
    "SGD": (rules.sgd, {"lr": 0.9}),
    "momentum": (rules.momentum, {"lr": 0.8, "momentum": 0.8}),
}
race("long_valley", usual | adagrad, steps=80)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Momentum is far ahead, and Adagrad creeps. Is that because this valley is narrower, or because it is turned? We try 201 learning rates for each
# rule, also in the same valley, turned back.


# %% slideshow={"slide_type": "fragment"}
def fewest_steps(surface, rule, start=None, **hyper):
    """Steps until it stays within 1 % of the distance, at the best of 201 lr; or "never" in 400."""
    lrs = np.geomspace(0.005, 10, 201)
    arrival = descend(surface, rule, start=start, lr=lrs, **hyper, steps=400).arrival
    return arrival[arrival >= 0].min().item() if (arrival >= 0).any() else "never"


start = torch.tensor(surfaces.long_valley.start, dtype=torch.float64)
back = torch.tensor([[3**0.5 / 2, 1 / 2], [-1 / 2, 3**0.5 / 2]], dtype=torch.float64) @ start
for rule, hyper in (("sgd", {}), ("momentum", {"momentum": 0.7}), ("adagrad", {})):
    along = fewest_steps(surfaces.bowl(0.02, 2), rule, start=tuple(back.tolist()), **hyper)
    turned = fewest_steps("long_valley", rule, **hyper)
    print(f"{rule:8} along the axes {along:3} steps, turned {turned:3} steps")

# %% [markdown] slideshow={"slide_type": "fragment"}
# SGD and momentum do not care how the valley lies: they look at no axis. Adagrad does. Along the axes it is by far the fastest. Turned, it is slower
# than SGD.


# %% [markdown] slideshow={"slide_type": "subslide"}
# Why? To divide each coordinate by a number of its own means to stretch the map along its *axes*. A valley that lies along
# the axes becomes a round bowl. A turned valley becomes another turned valley. How narrow is it after the best stretching
# that there is?


# %% slideshow={"slide_type": "fragment"}
def best_stretch(surface):
    """κ of a bowl, and the least that stretching its axes makes of it."""
    H = torch.autograd.functional.hessian(surface, torch.zeros(2, dtype=torch.float64))
    kappas = []
    for scale in torch.logspace(-3, 3, 2001, dtype=torch.float64):
        stretch = torch.diag(torch.stack([torch.ones_like(scale), scale]))
        low, high = torch.linalg.eigvalsh(stretch @ H @ stretch)
        kappas.append((high / low).item())
    return torch.linalg.cond(H).item(), min(kappas)


for surface in (surfaces.quadratic, surfaces.long_valley):
    before, after = best_stretch(surface)
    print(f"{surface.name}: κ = {before:.0f}, after the best stretching {after:.0f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# For the turned valley, from 100 to 75, and no further. So the answer to the second half is **no**. Steps of one's own help where the steep and
# the flat directions are those of the *weights*. Where the valley runs across several weights, these would have to be
# changed together.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Lecture 7 has a rule that looks at a whole matrix of weights at once.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where it comes from: rare features
#
# Adagrad was not made for narrow valleys. It was made for data in which some features are common and others rare. A weight
# gets a gradient only when its feature is there. If it is there once in a thousand times, it should take a larger step then.
#
# Our digits are such data.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** The pixel in the corner is blank in every digit. The one in the middle is in use in two of three. In the
# first layer, each pixel has 100 weights. How far apart are the gradients of the 78,400 weights: by a factor of 2, 10,
# 100, or more?

# %% slideshow={"slide_type": "skip"}
digits = data.load("mnist-5k")
model, batches = models.mlp_small(), torch.arange(4000).split(64)
gs = torch.stack([loss_gradient(model, digits.x_train[i], digits.y_train[i]) for i in batches])

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
size = gs[:, :78400].square().mean(0).sqrt().reshape(100, 784)  # root of the mean square
white = (digits.x_train == 0).all(0).flatten()
print(f"pixels that are blank in all 4,000 digits: {white.sum()} of 784")
print(f"the gradients of their weights are all 0: {(size[:, white] == 0).all()}")
small, large = np.quantile(size[size > 0].numpy(), [0.05, 0.95])
spread = round(large / small, -2)
print(f"of the others, the middle 90 % spread over a factor of about {spread:.0f}")

# %%
figure = plotting.Figure(
    (9, 3.8),
    alt="Gradients of the first layer differ by factors of hundreds: large in the middle of the picture, tiny at its rim.",
)
figure.suptitle("The gradients of the weights differ by factors of hundreds", fontsize=14)
figure.get_layout_engine().set(wspace=0.1)
left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
by_pixel = size.square().mean(0).sqrt().reshape(28, 28)
picture = left.imshow(np.log10(np.maximum(by_pixel.numpy(), 1e-7)), cmap="viridis", vmin=-5)
figure.colorbar(picture, label=r"$\log_{10}$ of the size")
left.set(title="by pixel", xticks=[], yticks=[])
left.grid(False)
right.hist(size[size > 0].numpy(), bins=np.geomspace(1e-8, 1e-1, 50), color=plotting.BLUE)
right.set(title="number of weights, by size", xscale="log", xlabel="size of the gradient")
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# (The size is the root of the mean square over 63 batches of 64 digits, at the first weights.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# With one lr for all, a weight at the rim of the picture hardly moves. Is that bad? Not always: a pixel that is rarely on
# also matters rarely. It is bad if the rare feature tells a lot when it is there: a rare word in a text, say.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The dying step
#
# Adagrad has a weakness. A sum of squares never gets smaller.
#
# Take the simplest case: a slope of constant steepness $c$. Then $r_t = t\,c^2$, and the step is
#
# $$\mathrm{lr}\,\frac{c}{\sqrt{t\,c^2}} = \frac{\mathrm{lr}}{\sqrt t}
# \qquad\Rightarrow\qquad \text{after } t \text{ steps it has gone about } 2\,\mathrm{lr}\sqrt t$$
#
# (because $1 + \tfrac{1}{\sqrt 2} + … + \tfrac{1}{\sqrt t} \approx 2 \sqrt t$).


# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** The minimum is 5 away, and lr = 0.1. How many steps does it take? And how many with lr = 0.01, torch's default?


# %% [markdown] slideshow={"slide_type": "notes"}
# To check it, we hand the gradients to the rule ourselves, and see how far it moves.


# %% slideshow={"slide_type": "skip"}
def step_lengths(rule, gradients, lr=1.0, **hyper):
    """How far a rule moves a weight in each step if these are the gradients, in units of lr."""
    x, s, lengths = torch.zeros((), dtype=torch.float64), rules.State(), []
    for t, g in enumerate(torch.as_tensor(gradients, dtype=torch.float64), start=1):
        before = x
        x, s = rule(x, g, s, t, lr=lr, **hyper)
        lengths.append((before - x).item())
    return np.array(lengths) / lr


def log_markers(figure):
    """The figure, a little smaller, with its markers evenly on a logarithmic x axis."""
    figure.set_size_inches(8, 3.9)
    for line in figure.axes[0].lines:
        last = len(line.get_xdata())
        line.set_markevery([int(m) - 1 for m in np.geomspace(1, last, 12)])
    return figure


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
dying = step_lengths(rules.adagrad, np.full(70_000, 3.0))  # a slope of steepness 3
gone = dying.cumsum()
for lr in (0.1, 0.01):
    print(
        f"lr = {lr}: {np.argmax(lr * gone >= 5) + 1:,} steps (estimate {(5 / (2 * lr)) ** 2:,.0f})"
    )
print(f"step 1: {dying[0]:g} lr, step 100: {dying[99]:g} lr, step 10,000: {dying[9999]:g} lr")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Ten times smaller an lr, a hundred times as many steps. On a slope, gradient descent would need ten times as many.
#
# %% [markdown] slideshow={"slide_type": "slide"}
# ### In a valley, and with noise
#
# Does it die there, too? Near a minimum, the gradients shrink, and hardly feed the sum any more. But
# those of a random batch do not shrink: their noise stays (lecture 2). So we walk with the exact gradient, and with
# noise of size 1.

# %% slideshow={"slide_type": "skip"}
step, effective = np.arange(1, 2001), {}
for name, noise in (("exact gradient", 0.0), ("noisy gradient", 1.0)):
    path = descend("long_valley", noisy(rules.adagrad, noise=noise), lr=0.5, steps=2000)
    effective[name] = step, 0.5 / path.remembered("r")[:, 0].sqrt()  # of the first coordinate

# %%
figure = plotting.plot_curves(
    effective,
    title="The noise alone makes Adagrad's steps die like 1/√t",
    xlabel="step",
    ylabel="lr / √r of the first coordinate",
    log="xy",
)
figure.axes[0].plot(step, 0.5 / np.sqrt(step), "k--", label="lr / √t")
figure.axes[0].legend(loc="lower left")
log_markers(figure)

# %% [markdown] slideshow={"slide_type": "notes"}
# With the exact gradient it does not die, but look how low it stays. Gradient descent could use nearly 1 in this valley
# (its edge is at $2 / \lambda_{\max} = 1$). The first gradients, on the steep wall, were large, and the sum never forgets
# them.
#
# Is a shrinking step always bad? No. With noisy gradients, a constant lr ends in a ball of noise, and a step like
# $1/\sqrt t$ is a schedule that shrinks it (lecture 2). But this schedule cannot be chosen. One huge gradient at the start,
# and the rule never forgives it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## An average that forgets
#
# So the sum must forget. Replace it by an *exponential moving average*:
#
# $$v_t = \rho\, v_{t-1} + (1 - \rho)\, g_t^2
# \qquad\Rightarrow\qquad v_t = (1 - \rho) \left( g_t^2 + \rho\, g_{t-1}^2 + \rho^2 g_{t-2}^2 + … \right)$$
#
# A gradient that is $k$ steps old has the weight $(1 - \rho)\,\rho^k$. The number $\rho$, between 0 and 1, is the *decay*.

# %% [markdown] slideshow={"slide_type": "notes"}
# (torch calls it `alpha`, some papers β.)

# %% [markdown]
# **Predict.** With $\rho = 0.9$: after how many steps does a gradient count for only a third of what it counted at first? And with 0.99?

# %% [markdown] slideshow={"slide_type": "notes"}
# (From here on, $v$ is this average, as in the papers. In lecture 3 it was the velocity.)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
age = np.arange(100)
figure = plotting.plot_curves(
    {f"ρ = {rho}": (age, (1 - rho) * rho**age) for rho in (0.5, 0.9, 0.99)},
    title="The larger ρ, the longer the memory",
    xlabel="age of a gradient, in steps",
    ylabel="its weight in the average",
    log="y",
)
figure.axes[0].set_ylim(1e-4, 1)
figure.set_size_inches(8, 3.9)
figure

# %%
for rho, n in ((0.5, 2), (0.9, 10), (0.99, 100)):
    print(
        f"ρ = {rho}: the last {n} steps have {100 * (1 - rho**n):.0f} % of the weight,", end=" "
    )
    print(f"the last {3 * n} have {100 * (1 - rho ** (3 * n)):.0f} %")

# %% [markdown]
# The memory is about $1 / (1 - \rho)$ steps long: 10 for 0.9, 100 for 0.99.

# %% [markdown] slideshow={"slide_type": "notes"}
# Nothing
# is ever quite forgotten. But after three memory lengths, what is left is about 5 %.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## When the gradient suddenly changes
#
# For 200 steps, the gradient is 1. Then the walker comes to a flat stretch: the gradient is 0.1 from now on.
#
# **Predict.** What happens to the steps of Adagrad (a sum)? What to those of a rule that divides by the root of an average,
# with ρ = 0.9, and with 0.99?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
sizes = np.repeat([1.0, 0.1], [200, 600])
lengths = {
    "sum (Adagrad)": step_lengths(rules.adagrad, sizes),
    "average, ρ = 0.9": step_lengths(rules.rmsprop, sizes, alpha=0.9),
    "average, ρ = 0.99": step_lengths(rules.rmsprop, sizes, alpha=0.99),
}
for name, length in lengths.items():
    back = np.flatnonzero(length[200:] > 0.9)
    print(f"{name:18} back above 0.9 lr: {f'after {back[0]} steps' if len(back) else 'never'}")

# %%
figure = plotting.plot_curves(
    {name: (np.arange(1, 801), length) for name, length in lengths.items()},
    title="After a change, the average recovers and the sum does not",
    xlabel="step",
    ylabel="length of the step / lr",
    log="y",
)
figure.axes[0].axvline(200.5, color="black", linestyle=":")
figure.set_size_inches(8, 3.9)
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# - The average needs some memory lengths, then its steps are as long as before: it measures the gradient in units of its
#   own *recent* size.
# - The sum stays at what it was. Its steps go on dying.
# - Did you see the spikes at the left end? The first steps of the average are too long. We come to that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## RMSProp
#
# Adagrad with this average is RMSProp: divide by the *root* of the *mean* *square*. It was never published in a paper: it
# is a slide of a course on the web, from 2012.

# %% tags=["formulas"]
show_rule(rules.rmsprop)

# %% [markdown] slideshow={"slide_type": "notes"}
# (α here is our ρ.) In torch, it can do two things more. `momentum` makes a velocity of the scaled gradients (lecture 3). `centered` takes the
# mean off and divides by a standard deviation. That has a danger: under a steady gradient the difference in the root is
# nearly zero, or through rounding below zero, and the step is huge or no number at all. Both are off by default.

# %%
settings = {"lr": 0.05, "alpha": 0.9}
for more in ({}, {"momentum": 0.9}, {"centered": True}):
    theirs = torch_path(lambda ps, m=more: torch.optim.RMSprop(ps, **settings, **m), quadratic)
    ours = descend(quadratic, rules.rmsprop, **settings, **more, steps=30)
    same = relative_error(theirs - x0, ours.x - x0) < 1e-12
    print(f"same as torch.optim.RMSprop to 12 digits, {more or 'plain'}: {same}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## RMSProp with two sliders
#
# **Predict.** On the way to the minimum the gradient shrinks, and so do the steps of gradient descent. Those of RMSProp?
# And what happens at the minimum, where there is hardly any gradient left to divide by?
#
# Move `alpha`, which is ρ, and lr.

# %% slideshow={"slide_type": "subslide"}
explore("quadratic", rules.rmsprop, lr=(0.01, 0.1, 1.0), alpha=(0.5, 0.9, 0.99), steps=45)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# (With alpha = 0.9 first.)
#
# 1. lr is now a *length*: about how far each weight goes in one step. At 0.1, 45 steps are not enough for a distance of 5.
# 2. With alpha 0.9: at 0.3 it arrives, for a while. At 1, it jumps around the minimum. A larger lr, a larger dance.
# 3. With alpha 0.5 it dances sooner. With 0.99 it has a long memory, and first steps of up to ten times lr: at lr = 1, the first one jumps over
#    the minimum.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Take the long view, and watch the dance:

# %%
for lr in (0.01, 0.03, 0.1, 0.3):
    path = descend(quadratic, rules.rmsprop, lr=lr, alpha=0.9, steps=3000)
    after = (lr / path.remembered("v")[-1].sqrt()).tolist()
    two = " and ".join(f"{abs(value) / lr:.2f}" for value in path.x[-1].tolist())
    print(
        f"lr = {lr}: ends {two} lr from the minimum; lr / √v: {after[0]:.2f} and {after[1]:.2f}"
    )

# %% [markdown]
# It never settles. Near the minimum, $v$ fades, so the effective learning rate $\mathrm{lr}/\sqrt v$ grows. It grows until
# it reaches the edge of lecture 1, $2 / \lambda$: here, 10 and 0.5. Beyond the edge, the walker is thrown out; that feeds
# $v$, and the effective learning rate falls again. In the end it stands *at* the edge: the walker jumps from side to side,
# from $+\mathrm{lr}/2$ to $-\mathrm{lr}/2$, for ever.

# %% [markdown] slideshow={"slide_type": "notes"}
# (This is for α = 0.9. With a long memory, the effective learning rate overshoots the edge first, and
# the walker is thrown out in bursts.)
#
# In the turned valley, it fails as Adagrad does:

# %% slideshow={"slide_type": "notes"}
print("RMSProp, long valley:", fewest_steps("long_valley", "rmsprop", alpha=0.9), "steps")

# %% [markdown]
# So RMSProp needs a schedule to arrive (lecture 2). Adagrad brings one of its own, and it is often too fast.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The first step
#
# $v_0 = 0$, so $v_1 = (1 - \rho)\,g_1^2$: only a small part of the first square gets in.
#
# **Predict.** Is the first step then too short or too long? By which factor, with $\rho = 0.99$, torch's default?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for rho in (0.9, 0.99, 0.999):
    length = step_lengths(rules.rmsprop, np.ones(100), alpha=rho)
    print(
        f"ρ = {rho}: first step {length[0]:.1f} lr, tenth {length[9]:.1f}, 100th {length[99]:.1f};"
    )
    print(f"  the first ten go {length[:10].sum():.0f} lr")

# %% [markdown] slideshow={"slide_type": "fragment"}
# $$\mathrm{lr}\,\frac{|g_1|}{\sqrt{(1 - \rho)\,g_1^2}} = \frac{\mathrm{lr}}{\sqrt{1 - \rho}}$$
#
# Too long, and it gets worse with a longer memory. Under a steady gradient, every step should be lr long. There is a cure: lecture 5 begins
# with it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## RMSProp by hand
#
# Notebook C's question. (A, B and C are notebooks from which this course is built: see the index.) **Predict.** $f = 0.1\,x_1^2 + 2\,x_2^2$, start $(-5, -2)$, lr 0.3, decay 0.9, and $10^{-6}$
# *inside* the root. Where are you after **two** steps?
#
# - (a) $(-0.868, -1.430)$
# - (b) $(-4.495, -1.506)$
# - (c) $(-3.435, -0.592)$
# - (d) $(-4.409, -1.424)$
#
# And after thirty: which of them is at the minimum?
#
# Take a pencil: $g_1 = (-1, -8)$. Each answer but one is a mistake that people make.

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
quiz = descend(quadratic, rules.rmsprop, lr=0.3, alpha=0.9, eps=0, delta=1e-6, steps=30)
for t in (1, 2, 30):
    x1, x2 = quiz.x[t].tolist()
    print(f"after {t:2} steps: ({x1:.8f}, {x2:.8f})")

# %% [markdown]
# It is (c). (The first step is $0.3 / \sqrt{0.1} = 0.949$ long in both directions.) The others, computed:


# %%
def no_root(x, g, s, t, lr):
    v = 0.9 * s.v + 0.1 * g * g
    return x - lr * g / (v + 1e-6), rules.State(v=v)


def start_corrected(x, g, s, t, lr):
    v = 0.9 * s.v + 0.1 * g * g
    return x - lr * g / rules.sqrt(v / (1 - 0.9**t) + 1e-6), rules.State(v=v)


others = {"a": no_root, "b": rules.adagrad, "d": start_corrected}
for option, rule in others.items():
    wrong = descend(quadratic, rule, lr=0.3, steps=30)
    told = "; ".join(f"{t}: ({wrong.x[t][0]:.3f}, {wrong.x[t][1]:.3f})" for t in (2, 30))
    print(f"({option}) {rule.__name__:16} after {told}")

# %% [markdown]
# - (a) forgets the root. $g / v$ is $1 / g$ in disguise: the *smaller* the gradient, the longer the step. Along the flat
#   $x_1$ it leaps, along the steep $x_2$ it hardly moves.
# - (b) adds up the squares and never forgets: that is Adagrad.
# - (d) divides the average by $1 - 0.9^t$, to make up for its empty start. That is the cure: a part of Adam (lecture 5). But
#   it is not RMSProp.

# %% [markdown] slideshow={"slide_type": "notes"}
# After thirty steps, (c) and (d) are close; (d) has the shorter first steps, and so is a little behind. (b) is half-way.
# (a) has jumped past the minimum.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Inside or outside the root
#
# If a gradient is exactly zero, as for the blank pixels, the rule divides 0 by 0. So everyone adds a small number. There
# are two places for it:
#
# $$\text{inside, as in many textbooks:}\quad \frac{g}{\sqrt{v + \delta}} \qquad\qquad
# \text{outside, as in torch:}\quad \frac{g}{\sqrt{v} + \epsilon}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# Both are harmless as long as gradients are large. Under a steady gradient, $\sqrt{v}$ is soon $|g|$, and the step of a
# gradient of size $|g|$ is
#
# $$\mathrm{lr}\,\frac{|g|}{\sqrt{g^2 + \delta}} \qquad\qquad \mathrm{lr}\,\frac{|g|}{|g| + \epsilon}$$
#
# **Predict.** You read $\delta = 10^{-6}$ in a textbook, and write `eps=1e-6` in torch. From which size of gradient on do
# the two differ?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for value in (1e-2, 1e-3, 1e-4, 1e-6):
    inside, outside = value / np.sqrt(value**2 + 1e-6), value / (value + 1e-6)
    print(f"gradient {value:g}: step {inside:.3f} lr inside, {outside:.3f} lr outside")
below = (size[size > 0] < 1e-3).float().mean()
print(f"of the digits' gradients (but for the zeros), {100 * below:.0f} % are below 1e-3")

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
g = np.geomspace(1e-14, 1, 141)
curves = {r"inside, $\delta = 10^{-6}$": (g, g / np.sqrt(g**2 + 1e-6))}
for eps, power in ((1e-6, "-6"), (1e-8, "-8"), (1e-3, "-3")):
    torchs = " (torch)" if eps == 1e-8 else ""
    curves[rf"outside, $\epsilon = 10^{{{power}}}${torchs}"] = g, g / (g + eps)
title = "Inside the root, 10⁻⁶ already holds back gradients of 10⁻³"
axes = {"xlabel": "size of the gradient", "ylabel": "length of the step / lr", "log": "x"}
figure = plotting.plot_curves(curves, title=title, **axes)
ax = figure.axes[0]
ax.axvspan(small, large, color="black", alpha=0.08)
ax.text(np.sqrt(small * large), 1.08, "the digits' gradients", ha="center")
ax.set_ylim(-0.05, 1.2)
ax.legend(loc="center left")
figure.set_size_inches(8, 3.9)
figure

# %% [markdown]
# δ is compared with $g^2$, and ε with $|g|$. So $\delta = 10^{-6}$ acts from $|g| = \sqrt\delta = 10^{-3}$ downwards, a
# thousand times earlier than $\epsilon = 10^{-6}$. The grey band holds the middle 90 % of the gradients of our first layer:
# for about half of them it matters. Same digits in the book and in the program, different rules.

# %% [markdown] slideshow={"slide_type": "notes"}
# With $\epsilon = \sqrt\delta$, both treat very small and very large gradients alike; in between they differ by up to a quarter of lr. `rules.adagrad` and `rules.rmsprop` take both, `eps`
# and `delta`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## RMSProp with Nesterov's momentum
#
# *(Short of time? Leave this section for home.)*
#
# Scaling helps if the axes differ, momentum helps along the floor. Take both: look ahead, take the gradient there (lecture
# 3), scale it, add it to the velocity. torch does not have this rule; textbooks do.

# %% tags=["formulas"]
show_rule(rules.rmsprop_nesterov)

# %% [markdown] slideshow={"slide_type": "notes"}
# No torch to compare with. So we compare with the textbook, line by line: there, $w$ moves, and the gradient is taken at
# $w + \mu v$.

# %%
w, v, r = x0, torch.zeros(2), torch.zeros(2)
behind = [w]
for _ in range(100):
    g = gradient(quadratic, w + 0.9 * v)
    r = 0.9 * r + 0.1 * g * g
    v = 0.9 * v - 0.02 * g / torch.sqrt(r + 1e-6)
    w = w + v
    behind.append(w)
path = descend(quadratic, rules.rmsprop_nesterov, lr=0.02, steps=100)
velocities = torch.cat([torch.zeros(1, 2), path.remembered("v")])
error = relative_error(torch.stack(behind) - x0, path.x - 0.9 * velocities - x0)
print("the textbook's w is our x - μv to 12 digits:", error < 1e-12)
print("long valley:", fewest_steps("long_valley", rules.rmsprop_nesterov), "steps")

# %% [markdown] slideshow={"slide_type": "notes"}
# In the long valley, momentum makes up for a part of what RMSProp lost there. (Here, $v$ is the velocity again, and $r$ the average of squares: the
# textbook's letters.)

# %% [markdown]
# **Predict.** Beale's function, with an lr of 0.01 that stays. How far does the walker get with momentum 0, with 0.9, with
# 0.99?

# %% slideshow={"slide_type": "subslide"}
explore("beale", rules.rmsprop_nesterov, lr=0.01, momentum=(0, 0.9, 0.99), steps=150)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# 1. At 0, this is RMSProp: 150 steps of about lr are not enough to get there.
# 2. At 0.9, it gets there, and dances. A velocity adds up to $1 / (1 - \mu)$ steps, ten at 0.9 (lecture 3).
# 3. At 0.99, it flies past.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Units
#
# Here is a question that physicists ask of every formula: do the units match?
#
# Say $x$ is in metres and $f$ in euros. Then $g$ is in euros per metre. A step $x_t - x_{t-1}$ must be in metres.
#
# | rule | step | units of lr |
# | --- | --- | --- |
# | SGD | $\mathrm{lr}\; g$ | metres² per euro |
# | Adagrad, RMSProp | $\mathrm{lr}\; g$ over the root of a sum or mean of $g^2$ | metres |
# | Newton's method | $g / \lambda$ | none needed: λ is in euros per metre² |

# %% [markdown]
# So a good lr for SGD is a number of metres² per euro. It is no good any more when somebody multiplies the loss by ten, or
# measures a weight in millimetres.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Adadelta wants to do without. The steps so far are in metres! So put *their* root mean square on top:
#
# $$\text{step} = \frac{\text{root mean square of the steps so far}}{\text{root mean square of the gradients so far}}\; g$$

# %% tags=["formulas"]
show_rule(rules.adadelta)

# %%
theirs = torch_path(lambda ps: torch.optim.Adadelta(ps), quadratic, steps=500)
ours = descend(quadratic, rules.adadelta, steps=500)
print(
    "same as torch.optim.Adadelta to 12 digits:",
    relative_error(theirs - x0, ours.x - x0) < 1e-12,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Metres and millimetres
#
# Let us try. The same valley, with $x$ in millimetres: all numbers for $x$ get a thousand times as large. And the same
# valley with the loss in cents, times 100. We keep each rule's settings, and ask whether its path is the same path.
#
# **Predict.** Fill in *yes* or *no*, for SGD, momentum, Adagrad, RMSProp and Adadelta.


# %% slideshow={"slide_type": "skip"}
from dataclasses import replace


def in_units(surface, of_x=1.0, of_f=1.0):
    """The same surface, its x and its f in smaller units: the numbers are so many times as large."""
    places = {
        name: tuple(of_x * value for value in getattr(surface, name))
        for name in ("start", "xlim", "ylim")
    }
    minima = tuple((of_x * a, of_x * b) for a, b in surface.minima)
    f = lambda x1, x2: of_f * surface.f(x1 / of_x, x2 / of_x)  # noqa: E731
    return replace(surface, f=f, minima=minima, **places)


# %% slideshow={"slide_type": "skip"}
settings = {
    "sgd": {"lr": 0.1},
    "momentum": {"lr": 0.02},
    "adagrad": {"lr": 0.5},
    "rmsprop": {"lr": 0.05, "alpha": 0.9},
    "adadelta": {},
}
millimetres, cents = in_units(quadratic, of_x=1000.0), in_units(quadratic, of_f=100.0)


def same_path(name, surface, of_x, hyper):
    usual = descend(quadratic, name, **settings[name], steps=300).x
    other = descend(surface, name, **hyper, steps=300).x / of_x
    return "yes" if relative_error(other - x0, usual - x0) < 0.01 else "no"


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
factors = {"sgd": 1000**2, "momentum": 1000**2, "adagrad": 1000, "rmsprop": 1000}
print("the same path?  loss in cents  x in mm  x in mm, lr in its new units")
for name, hyper in settings.items():
    answers = [same_path(name, cents, 1, hyper), same_path(name, millimetres, 1000, hyper)]
    if name in factors:
        scaled = {**hyper, "lr": factors[name] * hyper["lr"]}
        answers.append(same_path(name, millimetres, 1000, scaled))
    print(f"{name:15}", *(f"{answer:14}" for answer in answers))

# %% [markdown]
# Adagrad, RMSProp and Adadelta do not care for the units of the loss. That is good: who knows those of a loss? SGD and
# momentum do.
#
# In millimetres, all paths change. The first four can be mended: give lr in its new units, as in the table (for SGD a
# million times as many millimetres² as metres², for RMSProp a thousand times as many millimetres), and the path is the old
# one.

# %% [markdown] slideshow={"slide_type": "subslide"}
# But Adadelta's path changes as well, and it has no lr to change! Did we not say that its units match?
#
# Look at the formula: $\sqrt{u + \epsilon}$ over $\sqrt{v + \epsilon}$. The $\epsilon$ on top is added to squares of steps,
# so it is in metres². The one below is added to squares of gradients. One number cannot be both. Let us give each its own,
# and change both with the units:


# %% slideshow={"slide_type": "fragment"}
def adadelta_two_eps(x, g, s, t, eps_x=1e-6, eps_g=1e-6, rho=0.9):
    v = rho * s.v + (1 - rho) * g * g
    d = rules.sqrt(s.u + eps_x) / rules.sqrt(v + eps_g) * g
    u = rho * s.u + (1 - rho) * d * d
    return x - d, rules.State(v=v, u=u)


usual = descend(quadratic, adadelta_two_eps, steps=300).x
mm = descend(millimetres, adadelta_two_eps, eps_x=1e-6 * 1e6, eps_g=1e-6 / 1e6, steps=300).x
same = relative_error(mm / 1000 - x0, usual - x0) < 1e-9
print("the same path in mm, if both ε have the right units:", same)

# %% [markdown] slideshow={"slide_type": "fragment"}
# So Adadelta has no lr, but it has a length all the same: $\sqrt{\epsilon}$ of the one on top. How much does it matter?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Adadelta's slow start
#
# At the start there are no steps so far: $u_0 = 0$. Without ε, the first step would be zero, and so would all others. With
# it, the first step is, as long as the gradient is not tiny,
#
# $$d_1 = \frac{\sqrt\epsilon}{\sqrt{(1-\rho)\,g_1^2 + \epsilon}}\; g_1 \approx \pm\sqrt{\frac{\epsilon}{1 - \rho}}$$
#
# **Predict.** How long is that with torch's $\rho = 0.9$ and $\epsilon = 10^{-6}$? How far does the walker get in 100
# steps, on a valley with 5 to go? And with $\epsilon = 10^{-4}$?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
steady = np.ones(1000)
growing = {
    rf"$\epsilon = 10^{{{power}}}$": step_lengths(rules.adadelta, steady, eps=10.0**power)
    for power in (-8, -6, -4)
}
figure = plotting.plot_curves(
    {name: (np.arange(1, 1001), length) for name, length in growing.items()},
    title="Adadelta's steps must grow out of ε",
    xlabel="step, under a steady gradient",
    ylabel="length of the step, in units of x",
    log="xy",
)
figure.axes[0].set_ylim(2e-4, 1)
log_markers(figure)

# %%
for power, length in zip((-8, -6, -4), growing.values(), strict=True):
    print(
        f"ε = 1e{power}: first step {length[0]:.2g}, gone after 100 steps {length[:100].sum():.2g},"
        f" after 1000 {length.sum():.2g}"
    )

# %% [markdown] slideshow={"slide_type": "notes"}
# A hundredth of ε, a tenth of the length. And it grows slowly: under a steady gradient
# $d^2 \approx u + \epsilon$, so $u_t = \rho u + (1 - \rho)(u + \epsilon) = u + (1 - \rho)\,\epsilon$, and the steps grow only like $\sqrt t$. A step can be only about as long as the steps before
# it.
#
# A slider for ε, by its power of ten, and one for ρ:


# %% slideshow={"slide_type": "subslide"}
def adadelta_by_power(x, g, s, t, rho=0.9, log10_eps=-6.0):
    return rules.adadelta(x, g, s, t, rho=rho, eps=10**log10_eps)


explore("quadratic", adadelta_by_power, log10_eps=(-8, -6, -1), rho=(0.5, 0.9, 0.99), steps=120)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. At $10^{-6}$, it hardly leaves the start.
# 2. With a larger ε, the steps are longer. At $10^{-3}$, it gets there.
# 3. At $10^{-1}$, it jumps around the minimum, as RMSProp does with a large lr.
# 4. ρ pulls both ways: a larger one makes the first step longer, a smaller one lets the steps grow faster.

# %% [markdown] slideshow={"slide_type": "fragment"}
# So ε, which was to prevent a division by zero, is Adadelta's learning rate in disguise. Most programs therefore give it
# back an lr, a factor in front: 1 by default in torch. Below, tuned on digits, it comes out larger.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Eight rules, one loop
#
# Notebooks A and B compare rules like these on MNIST. A contains its training loop eight times, once for each
# rule. B contains the same 150-line program eleven times. What differs from copy to copy is a line or two: the rule. And
# copies go wrong: A's cell for Adam still updates a velocity that belongs to the cell before.


# %% [markdown] slideshow={"slide_type": "notes"}
# Here is one loop, for any rule of this course or of yours:


# %% slideshow={"slide_type": "skip"}
def train(rule, seed=0, network=models.mlp_small, on=digits, **settings):
    """A new network, an optimizer of this rule, the loop; settings of the rule, or of the loop."""
    kind = type(rule.__name__, (optimizers.RuleOptimizer,), {"rule": rule})
    loop = {k: settings.pop(k) for k in ("epochs", "batch_size", "reduction") if k in settings}
    model = network(seed=seed)
    optimizer = kind(model.parameters(), **settings)
    history = fit(model, optimizer, on, seed=seed, progress=False, norms=False, **loop)
    if history.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    return history


# %% [markdown] slideshow={"slide_type": "subslide"}
# And the eight rules with A's settings. Each is a line. (Adam is lecture 5.)

# %% tags=["code"]
from course_utils import schedules

lr, inside = 0.001, {"eps": 0.0, "delta": 1e-6}
falling = schedules.Linear(lr=0.005, steps=5 * 63, final=0.0001)  # 5 epochs of 63 batches
of_a = {
    "SGD": (rules.sgd, {"lr": lr}),
    "SGD, linear decay": (rules.sgd, {"lr": falling}),
    "momentum": (rules.momentum, {"lr": lr, "momentum": 0.9}),
    "Nesterov": (rules.nesterov, {"lr": lr, "momentum": 0.9}),
    "Adagrad": (rules.adagrad, {"lr": lr, "eps": 0.0, "delta": 1e-7}),
    "RMSProp": (rules.rmsprop, {"lr": lr, "alpha": 0.9, **inside}),
    "RMSProp + Nesterov": (rules.rmsprop_nesterov, {"lr": lr, "rho": 0.9, "momentum": 0.9}),
    "Adam": (rules.adam, {"lr": lr, "betas": (0.9, 0.999)}),
}

# %% [markdown] slideshow={"slide_type": "subslide"}
# A's network is 784-500-256-10. Batches of 64, the loss *summed* over the batch, 5 epochs. (A has 60,000 digits, we have
# 4,000 here.)

# %% tags=["nbval-ignore-output"]
published = {"reduction": "sum", "batch_size": 64, "epochs": 5}
tables = {
    name: train(rule, network=models.mlp_large, **hyper, **published).epochs
    for name, (rule, hyper) in progress_bar(of_a.items())
}
accuracy = {name: 100 * table.test_accuracy for name, table in tables.items()}
print("test accuracy after each epoch, %")
print(pd.DataFrame(accuracy).T.round(0).astype(int).to_string())

# %% [markdown]
# **Predict.** Which of the eight is the best rule?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# The table cannot tell. It is **no ranking**:
#
# - It is one run each. Runs that differ in nothing but luck lie as far apart as many of these do (lecture 1).
# - Nobody tuned the learning rates. All are 0.001 (but for the one that decays), and that means something else for each
#   rule: metres² per euro for SGD, metres for RMSProp.
#
# A reads its own table as a ranking. So does B. Lecture 10 shows what becomes of such rankings.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A fairer race on digits
#
# Each of four rules tries five learning rates, in its own range, three seeds each. It is judged by *validation* digits,
# which are neither trained on nor tested on.
#
# **Predict.** Who gets highest? And how far apart are the tops?

# %% slideshow={"slide_type": "skip"}
held_out = data.load("mnist-5k", validation=0.2)
plans = {
    "SGD": (rules.sgd, [0.03, 0.1, 0.3, 1, 3]),
    "Adagrad": (rules.adagrad, [0.001, 0.003, 0.01, 0.03, 0.1]),
    "RMSProp": (rules.rmsprop, [0.0001, 0.0003, 0.001, 0.003, 0.01]),
    "Adadelta": (rules.adadelta, [0.3, 1, 3, 10, 30]),
}
trials = {}
for name, (rule, rates) in progress_bar(plans.items()):
    for lr in rates:
        runs = [train(rule, seed, on=held_out, lr=lr, epochs=5).epochs for seed in range(3)]
        trials[name, lr] = [100 * run.val_accuracy.iloc[-1] for run in runs]

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9, 4.3),
    alt="Each rule needs its own learning rate: the tops are level, RMSProp's at 0.003, Adagrad's near 0.03, SGD's at 1, Adadelta's at 10.",
)
ax = figure.add_subplot(xscale="log", xlabel="lr", ylabel="validation accuracy, %")
ax.set_title("Each rule needs its own learning rate")
for (name, (_, rates)), style in zip(plans.items(), plotting.STYLES, strict=False):
    table = np.array([trials[name, lr] for lr in rates])
    ax.fill_between(rates, table.min(1), table.max(1), color=style["color"], alpha=0.2, lw=0)
    ax.plot(rates, table.mean(1), label=name, **style)
ax.set_ylim(80, 95)
ax.legend(loc="lower right")
figure

# %% slideshow={"slide_type": "skip"}
best = {n: max(plans[n][1], key=lambda lr, n=n: np.mean(trials[n, lr])) for n in plans}
tops = {name: trials[name, lr] for name, lr in best.items()}
print("each rule's best is above 90 %:", all(np.mean(top) > 90 for top in tops.values()))

# %% tags=["nbval-ignore-output"]
for name, lr in best.items():
    print(
        f"{name}: best of its five at lr {lr:g}, seeds from {min(tops[name]):.1f} to {max(tops[name]):.1f} %"
    )

# %% [markdown] slideshow={"slide_type": "notes"}
# The bands go from the lowest to the highest of three seeds. Three seeds are too few to rank the tops: the twenty below do better. What one sees is
# that each rule needs its own learning rate.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The verdict, on all of MNIST
#
# The same with 50,000 digits, nine learning rates and four values of a second hyperparameter each. Then twenty fresh seeds
# with the best. That takes hours, so it is recorded; lecture 10 tells how it was made, and how to read it.

# %%
from course_utils import benchmark

five = ["SGD", "momentum", "Adagrad", "RMSprop", "Adadelta"]
standings = benchmark.standings(benchmark.results()).loc[five]
for name, row in standings.iterrows():
    print(f"{name:9} {row.accuracy:.2f} % ({row.low:.2f} to {row.high:.2f}), lr {row.lr:.2g}")
print(f"from the highest mean to the lowest: {np.ptp(standings.accuracy):.2f} points")

# %% [markdown]
# (In parentheses, an interval for the mean over seeds: see lecture 10. Paired by seed, only momentum and Adagrad are told apart:
# momentum is above.)

# %% [markdown]
# **A step for each weight buys no accuracy here.** With a tuned lr, everyone gets there.

# %% [markdown] slideshow={"slide_type": "notes"}
# What differs is how one
# finds it: SGD's lr has the units of the loss in it. That of the adaptive rules has not, so it carries over more easily from one problem to
# the next.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### The forgotten momentum
#
# Notebook A prints RMSProp with Nesterov's momentum without the factor before the old velocity (here it is μ, in A it is α):
#
# $$v_t = v_{t-1} - \mathrm{lr}\,\frac{g_t}{\sqrt{r_t + \delta}} \qquad\text{in place of}\qquad
# v_t = \mu\, v_{t-1} - \mathrm{lr}\,\frac{g_t}{\sqrt{r_t + \delta}}$$


# %% tags=["code"]
def forgot_momentum(x, g, s, t, lr=0.001, rho=0.9, momentum=0.9, delta=1e-6):
    r = rho * s.r + (1 - rho) * g * g
    v = s.v - lr * g / rules.sqrt(r + delta)  # should be momentum * s.v - ...
    return x + (1 + momentum) * v - momentum * s.v, rules.State(r=r, v=v)


# %% [markdown]
# **Predict.** On a steady slope, $g / \sqrt r$ is soon 1. How long are the steps of the right rule in the end? And of the
# wrong one?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
both = {"with μ": rules.rmsprop_nesterov, "μ forgotten": forgot_momentum}
slope = {name: step_lengths(rule, np.ones(1000), lr=0.01) for name, rule in both.items()}
for name, length in slope.items():
    print(f"{name:12} step 100: {length[99]:.0f} lr, step 1000: {length[999]:.0f} lr")

# %% [markdown]
# With μ, the velocity settles at $\mathrm{lr} / (1 - \mu)$, ten times lr. Without, each step adds lr, and nothing is ever
# taken away: the velocity grows without bound.

# %% [markdown] slideshow={"slide_type": "subslide"}
# In a bowl, the slope turns it back each time, so it hides:

# %%
swings = {}
for name, rule in both.items():
    path = descend(quadratic, rule, lr=0.01, steps=300)
    swings[name] = np.arange(301), path.x[:, 0]
    print(f"{name:12} {path.outcome}; on rosenbrock", end=" ")
    print(descend("rosenbrock", rule, lr=0.02, steps=80).outcome)
plotting.plot_curves(
    swings,
    title="Without μ, it swings where it should settle",
    xlabel="step",
    ylabel="$x_1$ on the quadratic surface",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# On Rosenbrock's function it flies past the minimum and away. In a bowl it does come back, again and again. The look-ahead
# brakes a little, because the gradient is taken further ahead and turns round sooner. So does the average $r$, which lags behind.

# %% [markdown] slideshow={"slide_type": "subslide"}
# And on the digits, with A's settings, on the small network? Three seeds each.

# %%
from course_utils import reproduction

ends = {}
for name, rule in progress_bar(both.items()):
    runs = [train(rule, seed, **published).epochs.test_accuracy for seed in range(3)]
    ends[name] = 100 * np.mean([run.tail(3).mean() for run in runs])  # of the last three epochs
print("forgetting μ costs more than a point:", ends["with μ"] - ends["μ forgotten"] > 1)
line = next(p for p in reproduction.PUBLISHED if p.rule == "RMSProp + Nesterov")
print("A prints, epoch by epoch:", ", ".join(f"{100 * a:.1f}" for a in line.accuracies))
again = reproduction.table(reproduction.results()).loc["A", "RMSProp + Nesterov"]
print(f"the right formula on all of MNIST, five seeds: {again.loc['shuffled', 'mean']:.1f}")

# %% [markdown]
# What A prints goes up and down, and ends two points below what the right formula gives on all of MNIST, shuffled. Does A's *program* lack the μ, too? It
# cannot be told: in the order of the file, one of five runs of the right formula ends as low (lecture 10).

# %% [markdown] slideshow={"slide_type": "fragment"}
# The program ran, the loss fell, the accuracy looked respectable. **That it learns is no proof that it is right.** The
# length of its steps under a steady gradient would have shown it at once.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The small number in the wrong place
#
# Divide the loss by 10,000: nothing that matters has changed. But the gradients are now near $10^{-4}$. Here is `1e-6` inside
# and outside the root.

# %%
faint = surfaces.bowl(0.2e-4, 4e-4)  # our valley, 10,000 times as shallow
for place, small_number in (("inside ", {"eps": 0, "delta": 1e-6}), ("outside", {"eps": 1e-6})):
    path = descend(faint, rules.rmsprop, lr=0.1, alpha=0.9, steps=150, **small_number)
    print(f"1e-6 {place} the root: {path.outcome}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# Each rule keeps some numbers for each weight, besides the weight and its gradient. We count them in the optimizer's `state`.

# %% slideshow={"slide_type": "skip"}
makers = {
    "SGD": lambda ps: optimizers.SGD(ps, lr=0.01),
    "momentum": lambda ps: optimizers.SGD(ps, lr=0.01, momentum=0.9),
    "Adagrad": optimizers.Adagrad,
    "RMSProp": optimizers.RMSprop,
    "RMSProp, centred": lambda ps: optimizers.RMSprop(ps, centered=True),
    "RMSProp + Nesterov": optimizers.RMSpropNesterov,
    "Adadelta": optimizers.Adadelta,
}
times = {}

# %%
for name, make in makers.items():
    model = models.mlp_small()
    optimizer = make(model.parameters())
    history = fit(model, optimizer, digits, epochs=1, norms=False, progress=False)
    times[name] = 1000 * history.steps.seconds.diff().median()
    each = optimizers.kept_per_weight(optimizer)
    print(f"{name:18} {each:g} per weight; a billion weights in float32: {4 * each:g} GB more")

# %% [markdown]
# The time of a whole step on a batch of 64, gradient included, on this machine:

# %% tags=["nbval-ignore-output"]
for name, milliseconds in times.items():
    print(f"{name:18} {milliseconds:.2f} ms")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | rule | the step | memory | good | bad |
# | --- | --- | --- | --- | --- |
# | Adagrad | $\mathrm{lr}\; g / \sqrt{\text{sum of } g^2}$ | 1 | rare features; no edge in a bowl | the steps die, and never recover |
# | RMSProp | $\mathrm{lr}\; g / \sqrt{\text{average of } g^2}$ | 1 | forgets; lr is a length | never settles; first steps too long |
# | RMSProp + Nesterov | that, into a velocity | 2 | faster along a floor | μ must not be forgotten |
# | Adadelta | $g\,\sqrt{\text{average of steps}^2}\, /\, \sqrt{\text{average of } g^2}$ | 2 | no units | a slow start, whose length is ε's |

# %% [markdown] slideshow={"slide_type": "subslide"}
# | question | answer |
# | --- | --- |
# | which valleys get easier? | those along the axes: there, curvatures cancel; not the turned ones |
# | how long does an average remember? | about $1 / (1 - \rho)$ steps |
# | inside or outside the root? | δ inside acts on gradients below $\sqrt\delta$, ε outside on gradients below ε |
# | does the loss's scale matter? | not to these rules, while gradients are well above δ and ε (Adadelta's ε is inside) |
# | the best of them on MNIST? | tuned, they are level with SGD |

# %% [markdown]
# **Next.** RMSProp's start can be corrected, and momentum added: that is Adam (lecture 5).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/04_steps_of_their_own.ipynb) try what you write, and say which
# mistake it is. Three more to think about; add a cell below each and try.

# %% [markdown] slideshow={"slide_type": "notes"}
# **1.** RMSProp with lr 0.01 and ρ = 0.99. The weight's gradient is 0.001, and stays. How long is the first step? How
# long is the thousandth? Check with `step_lengths`.
#
# <details><summary>Answer</summary>0.01 / √(1 - 0.99) = 0.1, and 0.01. The size of the gradient does not matter. In units of lr:
# <code>step_lengths(rules.rmsprop, np.full(1000, 0.001), alpha=0.99)[[0, 999]]</code> gives 10 and 1.</details>
#
# **2.** A colleague changes the loss from the mean over a batch of 64 to the sum. Which of the rules that you know need
# another learning rate? How much smaller?
#
# <details><summary>Answer</summary>SGD and momentum: 64 times smaller. Adagrad and RMSProp: the same as before, as long as gradients
# are much larger than ε. Adadelta, with its ε inside the root, only above 10⁻³.</details>
#
# **3.** Turn the long valley by 45° in place of 30°:
# `replace(surfaces.long_valley, f=lambda a, b: 0.005 * (a + b) ** 2 + 0.5 * (b - a) ** 2)`. How narrow is it after the best
# stretching of its axes?
#
# <details><summary>Answer</summary>As narrow as before, κ = 100. Both axes are equally steep, so there is no reason to stretch either. Of all
# turned valleys this one is the worst.</details>

# %% [markdown] slideshow={"slide_type": "notes"}
# ## References
#
# - J. Duchi, E. Hazan, Y. Singer, [Adaptive Subgradient Methods for Online Learning and Stochastic
#   Optimization](https://jmlr.org/papers/v12/duchi11a.html), JMLR 12, 2011: Adagrad, and why rare features deserve larger
#   steps.
# - T. Tieleman, G. Hinton, [Lecture 6e: rmsprop](https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf),
#   Neural Networks for Machine Learning, 2012: the slide.
# - A. Graves, [Generating Sequences With Recurrent Neural Networks](https://arxiv.org/abs/1308.0850), 2013: RMSProp
#   centred, with momentum, and with a small number inside the root.
# - M. D. Zeiler, [ADADELTA: An Adaptive Learning Rate Method](https://arxiv.org/abs/1212.5701), 2012: the units.
# - I. Goodfellow, Y. Bengio, A. Courville, [Deep Learning](https://www.deeplearningbook.org/contents/optimization.html),
#   2016, chapter 8: Adagrad, RMSProp (δ inside the root) and RMSProp with Nesterov's momentum, as algorithms.
# - J. Cohen and others, [Adaptive Gradient Methods at the Edge of Stability](https://arxiv.org/abs/2207.14484), 2022: the
#   dance at the edge, in large networks.
