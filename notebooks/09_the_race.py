# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 9 · The race
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/09_the_race.ipynb)
#
# You know nineteen rules now. On a new map, which of them would you bet on?
# This lecture lets all of them run on six maps, and asks what a victory is worth.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* Aloud, it takes about 45 minutes without what is marked *(For home.)*: pass it by.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %% slideshow={"slide_type": "skip"}
import math
from dataclasses import replace
from functools import partial
from itertools import pairwise, product

from course_utils import plotting, rules, surfaces
from course_utils.descent import descend
from course_utils.gradients import central_difference, curvatures, gradient, relative_error
from course_utils.moving import Animation
from course_utils.noise import noisy
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.widgets import explore, race

import numpy as np
import torch

torch.set_num_threads(1)  # for tensors as small as these, more threads are slower

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Three walkers, one winner
#
# A map full of hollows. Three walkers start at the white disc, P, Q and R. Each follows another rule, with a learning rate that stays. (Q and R hardly leave the
# disc.)

# %% jupyter={"source_hidden": true}
# The code of this picture tells the rules: open it later.
walkers = {
    "P": descend("ackley", "adamax", lr=10**-0.5, steps=70),
    "Q": descend("ackley", "momentum", lr=0.01, steps=70),
    "R": descend("ackley", "sgd", lr=0.01, steps=70),
}
Animation(walkers, title="P arrives, Q and R never get away: is P's rule the best?")

# %% [markdown]
# **Predict.** P arrives. The next map is another one, and the start is elsewhere. Would you bet on P again? What would you want to know first?

# %% [markdown] slideshow={"slide_type": "notes"}
# Write it down. We come back to P under *A lucky start*, and to the bet under *So, whom would you bet on?*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One landscape, four views
#
# This map is *Ackley's function*:
#
# $$f(x_1, x_2) = 20 + e - 20\, \exp\!\Big(\!-\tfrac15 \sqrt{\tfrac12 (x_1^2 + x_2^2)}\Big) -
# \exp\!\big(\tfrac12 (\cos 2\pi x_1 + \cos 2\pi x_2)\big)$$
#
# The first exponential is a funnel. The second makes hollows. Notebook E, the last of those from which this course is built, looks at this map in four ways.
# We begin with one: contours, dashed and labelled.

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** How many hollows are there between −4 and 4, in both directions? And does the picture show which of them is the lowest?

# %% slideshow={"slide_type": "skip"}
ackley = surfaces.ackley


def heights(n, surface=ackley):
    """The coordinates and the values of the surface at n × n points of its frame."""
    x1, x2 = np.meshgrid(np.linspace(*surface.xlim, n), np.linspace(*surface.ylim, n))
    return x1, x2, surface(torch.tensor(np.stack([x1, x2], axis=-1))).numpy()


def labelled_contours(ax, surface=ackley, levels=(2, 4, 6, 8, 10, 12)):
    x1, x2, f = heights(241, surface)
    ax.contourf(x1, x2, f, levels=24, cmap=plotting.HEIGHTS)
    lines = ax.contour(x1, x2, f, levels, colors="black", linestyles="--", linewidths=0.8)
    ax.clabel(lines, fontsize=11)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (6.6, 5),
    "Ackley's function as labelled contours: the shape shows, hollows around one funnel, but few heights.",
)
labelled_contours(figure.add_subplot(title="Contours: shape, but few heights"))
figure

# %% slideshow={"slide_type": "subslide"}
_, _, f = heights(801)
middle, hollows = f[1:-1, 1:-1], True
for i, j in set(product((0, 1, 2), repeat=2)) - {(1, 1)}:  # its eight neighbours
    hollows = hollows & (middle < f[i : i + 799, j : j + 799])
print(f"hollows (points lower than all of their eight neighbours): {hollows.sum()}")
for n in (100, 101):
    print(f"lowest of {n} × {n} points: {abs(heights(n)[2].min()):.2f}; the minimum is 0")

# %% [markdown]
# Nine by nine. Contours show where it is low, and which way is down: the gradient is at right angles to the lines. Between two lines you know nothing, and the tip of
# the funnel, in the middle, looks like any hollow. Even a grid of 100 × 100 points steps over it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Three more views
#
# *(For home.)* E also draws a coloured scatter, contours in three dimensions, and a surface.
#
# **Predict.** What does each of the three show that the contours do not? And what does each hide?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
alt = "Ackley's function three ways: coloured points show no shape, contours in 3-D are seen through, a surface hides its back."
figure = plotting.Figure((12, 4), alt)
scatter = figure.add_subplot(1, 3, 1, title="Scatter: values, no shape", aspect="equal")
points = torch.tensor(np.random.default_rng(0).uniform(-4, 4, (800, 2)))
figure.colorbar(scatter.scatter(*points.T, c=ackley(points), s=12), ax=scatter, shrink=0.7)
views = [figure.add_subplot(1, 3, i, projection="3d") for i in (2, 3)]
x1, x2, f = heights(81)
views[0].contour(x1, x2, f, levels=12, linewidths=1)
views[1].plot_surface(x1, x2, f, cmap="viridis", rcount=81, ccount=81, linewidth=0)
titles = "3-D contours: you see through", "Surface: its front hides its back"
for ax, title in zip(views, titles, strict=True):
    ax.set(title=title, xlabel="$x_1$", ylabel="$x_2$")
    ax.view_init(elev=32, azim=-55)
figure

# %% [markdown] slideshow={"slide_type": "fragment"}
# - *Scatter:* honest, since only real values are shown. But you join the dots yourself.
# - *3-D contours:* heights become heights. Lines in front and behind get mixed up.
# - *3-D surface:* the best for an impression. Half of it is hidden, and you cannot read a coordinate.

# %% [markdown] slideshow={"slide_type": "notes"}
# And all of them hide what lies between the points on which $f$ was computed. Look at the whole numbers only, and you see a smooth funnel. This is worse for networks: we look at a plane through a space of
# thousands of dimensions, at a few hundred points.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## E's descent
#
# E goes down from (−2, −2) with a gradient measured by differences. Its settings: lr $10^{-5}$, $h = 10^{-3}$, without momentum and with momentum
# 0.1. It stops when a step is shorter than $h$. Its difference is one that we have met (lecture 1, *The gradient without calculus*):
#
# $$f(x + h) - \frac{f(x - h)}{2h} \qquad \text{where} \qquad \frac{f(x + h) - f(x - h)}{2h} \qquad \text{was meant}$$


# %% [markdown] slideshow={"slide_type": "notes"}
# We do not have E's program running here, so this is how its formula and its settings would run. As a rule of ours, which looks at $f$ and not at $g$:


# %% slideshow={"slide_type": "skip"}
def published_difference(f, x, h):
    steps = h * torch.eye(2, dtype=x.dtype)
    return torch.stack([f(x + e) - f(x - e) / (2 * h) for e in steps], dim=-1)


def as_published(x, g, s, t, lr=1e-5, momentum=0.1, h=1e-3):
    v = momentum * s.v - lr * published_difference(ackley, x, h)
    return x + v, rules.State(v=v)


def stops(path, h=1e-3):
    """The first step that is shorter than h, and the path up to there."""
    short = (path.x.diff(dim=0).norm(dim=-1) < h).nonzero()
    t = int(short[0]) + 1 if len(short) else len(path.x) - 1
    return t, replace(path, x=path.x[: t + 1], loss=path.loss[: t + 1])


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The difference is wrong, you know that. Does the program arrive at the minimum, (0, 0), all the same?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
runs = {m: descend(ackley, as_published, momentum=m, steps=700) for m in (0.0, 0.1)}
for m, run in runs.items():
    t, stopped = stops(run)
    x1, x2 = stopped.x[-1].tolist()
    print(f"momentum {m}: stops after {t} steps at ({x1:.3f}, {x2:.3f}), f = {run.loss[t]:.2f}")

alt = "E's path without momentum walks straight along the diagonal to the minimum, its steps shrinking."
figure = plotting.Figure((6.4, 4.8), alt)
ax = figure.add_subplot(title="E's program, without momentum: it arrives")
labelled_contours(ax)
_, stopped = stops(runs[0.0])
ax.plot(*stopped.x.T, **plotting.STYLES[1], markevery=10, label="every tenth step")
ax.plot(0, 0, marker="*", markersize=17, color="white", markeredgecolor="black", zorder=6)
plotting.draw_start(ax, stopped.x[0])
ax.legend(loc="lower right")
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# It works! It walks through every hollow on its way, stops close to the minimum, and with momentum it takes fewer steps.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Anyone would believe this program.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### From elsewhere
#
# **Predict.** Now we start it in the other corners, at (2, 2) and at (2, −2). The map is the same from there, mirrored. Where does the program go?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
corners = [(-2, -2), (2, 2), (2, -2), (-2, -1)]
four = {f"from {c}": descend(ackley, as_published, start=c, steps=700) for c in corners}
plotting.plot_paths(four, title="It walks to the upper right, wherever the minimum is")

# %% slideshow={"slide_type": "subslide"}
x0 = torch.tensor(ackley.start, dtype=torch.float64)
h = 1e-3
wrong, right = published_difference(ackley, x0, h), central_difference(ackley, x0, h)
print(f"at (-2, -2), published: {wrong[0]:.0f} and {wrong[1]:.0f}")
print(f"at (-2, -2), central:   {right[0]:.2f} and {right[1]:.2f}")
print(f"-f / (2h) there: {-ackley(x0) / (2 * h):.0f}")
for t in (118, 300, 500, 600, 700):
    print(f"from (-2, -2), without its stop, x1 after {t} steps: {runs[0.1].x[t, 0]:6.2f}")

# %% [markdown]
# It always goes to the upper right. As $h$ is small, the first term hardly counts, and the "gradient" is about $-f(x) / (2h)$ in *both* coordinates. $f$ is
# nowhere negative. So the step is
#
# $$\mathrm{lr}\, \frac{f}{2h}\, (1, 1) = \frac{f}{200}\, (1, 1)$$
#
# along the diagonal, upwards, whatever the slope.

# %% [markdown] slideshow={"slide_type": "notes"}
# Where $f$ is small, it is short. From its lucky start the diagonal leads through the minimum: there it creeps, and the stop catches it.
# Without the stop it creeps *past* the minimum, and leaves the map like the others.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The difference repaired
#
# **Predict.** We repair the difference and keep everything else: lr $10^{-5}$, $h$, the stop. What happens?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look


# %% slideshow={"slide_type": "fragment"}
def by_differences(x, g, s, t, lr=1e-5, momentum=0.0, h=1e-3):
    v = momentum * s.v - lr * central_difference(ackley, x, h)
    return x + v, rules.State(v=v)


t, repaired = stops(descend(ackley, by_differences, steps=10))
length = (repaired.x[1] - repaired.x[0]).norm()
print(
    f"first step: {length:.1e}, h: {h:.0e}. It stops after {t} step, f = {repaired.loss[-1]:.2f}"
)
print(f"the published difference was {(wrong.norm() / right.norm()):.0f} times as long")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The right gradient makes the program useless: its first step is shorter than $h$, so it takes itself for arrived. The wrong difference is more than two
# thousand times as long. That is why lr $10^{-5}$, far too small, seemed just right.
#
# Two mistakes can hold each other up. A result that looks right is no evidence that the program is. *Test it from a second start, and let it run on.*
# And *check the gradient* (lecture 1).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which lr does Ackley need?
#
# So we tune. Here is gradient descent with the exact gradient.
#
# **Predict.** Is there an lr with which it arrives? What stops it if lr is small, and what if it is large?

# %% slideshow={"slide_type": "subslide"}
explore("ackley", lr=(0.003, 0.01, 1.0), steps=50)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
hollow = descend("ackley", "sgd", lr=0.01, steps=300).x[-1]
steepest = curvatures(ackley, hollow).max().item()
tip = gradient(ackley, torch.tensor([1e-9, 0.0], dtype=torch.float64)).norm().item()
print(f"next hollow: ({hollow[0]:.2f}, {hollow[1]:.2f}), edge there: lr = {2 / steepest:.3f}")
print(f"slope right beside the minimum: {tip:.2f}")
many = descend("ackley", "sgd", lr=np.geomspace(1e-4, 10, 401), steps=1000)
away = descend("ackley", "sgd", lr=np.geomspace(0.03, 0.2, 60), steps=300)
left = (away.x - away.x[0]).norm(dim=-1).amax(dim=0) > 0.5
print(f"it leaves this hollow from lr = {away.hyper['lr'][left].min():.2f} on")
print(f"of 401 constant learning rates arrive: {int((many.arrival >= 0).sum())}")

# %% [markdown]
# None does, from here.
#
# - Below the edge of the first hollow, $2 / \lambda_{\max}$ (lecture 1), it rolls into this hollow and stays.

# %% [markdown] slideshow={"slide_type": "notes"}
# - Beyond that edge it swings to and fro in its hollow. From about twice the edge it leaves, and roams the funnel. But the tip of the funnel is *sharp*: beside it the slope does not go to 0. So each step across it has a
#   length of nearly 3 lr, and it hops from side to side for ever.

# %% [markdown] slideshow={"slide_type": "fragment"}
# To leave the hollows it needs a large lr, to settle at the tip a small one. No *constant* lr does both. (You see what will help? Lecture 2.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### With more momentum
#
# *(For home.)* E's momentum of 0.1 is hardly any: at most, the steps grow to $1 / (1 - 0.1) = 1.11$ times their length. And it announces Nesterov's momentum, which then is missing. Here it is, from lecture 3:

# %%
show_rule(rules.nesterov)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** A heavy ball rolls through small hollows (lecture 3). Does it roll through these, if E starts it at (−2, −2)? And from here, a little higher up?

# %%
explore(
    "ackley", "nesterov", start=(-2.4, -2.5), lr=0.003, momentum=(0.0, 0.9, 0.99), steps=150
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
momenta = [0.1, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995]
path = descend("ackley", "nesterov", lr=0.003, momentum=momenta, steps=400)
escapes = int((path.x[-1, :, 0] > -1.5).sum())
print(
    f"from (-2, -2): with {escapes} of {len(momenta)} momenta it ends outside its first hollow"
)
around = torch.linspace(-0.2, 0.2, 5, dtype=torch.float64)
slope = torch.cartesian_prod(around - 2.4, around - 2.5)
ends = descend("ackley", "nesterov", slope, lr=0.003, momentum=momenta, steps=400).x[-1]
for m, n in zip(momenta, (ends.norm(dim=-1) < 0.1).sum(dim=0), strict=True):
    print(f"from 25 starts around (-2.4, -2.5), momentum {m}: {int(n)} end at the minimum")

# %% [markdown]
# From E's start, it never leaves. (−2, −2) lies almost at the bottom of a hollow, and a ball that starts there at rest has no speed to roll on with. Momentum carries on
# what speed there is. It makes none.
#
# From the slope it *may* roll through. Whether it does is luck: a neighbouring start, or a little more momentum, and it comes to rest elsewhere.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Numerical against exact
#
# *(For home.)*
#
# With the right formula, are differences good enough to descend? Lecture 1 has the error against $h$: too large an $h$ bends, too small an $h$ drowns in
# rounding. On Ackley there is a third trouble.
#
# **Predict.** $h = 10^{-3}$, and we come closer and closer to the sharp tip. From where on is the difference wrong?

# %% slideshow={"slide_type": "skip"}
distances = np.geomspace(1e-6, 1, 61)
errors = {}
for h in (1e-2, 1e-3, 1e-5):
    pairs = []
    for d in distances:
        x = torch.tensor([d, 0.0], dtype=torch.float64)
        pairs.append(relative_error(central_difference(ackley, x, h), gradient(ackley, x)))
    errors[f"h = {h:g}"] = distances, pairs

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_curves(
    errors,
    title="Closer to the tip than h, a difference sees both of its sides",
    xlabel="distance from the minimum",
    ylabel="relative error",
    log="xy",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Beyond $h$ it is good, within $h$ it is worthless.

# %% [markdown] slideshow={"slide_type": "notes"}
# Near the tip $f$ is like $2.83\,|x|$. At a distance $d < h$ one of the two points lies on the other side, and the difference
# is $(|d + h| - |d - h|) / 2h = d / h$ of the slope instead of all of it. So the measured slope fades at the tip, where the true one does not: it makes a
# rounded tip of a sharp one.

# %% slideshow={"slide_type": "fragment"}
for name, rule in (("exact", "sgd"), ("by differences", by_differences)):
    path = descend("ackley", rule, start=(-0.2, -0.15), lr=1e-4, steps=2000)
    swing = path.x[-200:].norm(dim=-1).max().item()
    print(f"{name:14}: at rest in the minimum: {swing < 1e-9}")
same = descend("ackley", by_differences, lr=0.01, steps=60).x
print(
    "same path away from the tip:",
    relative_error(same, descend("ackley", "sgd", lr=0.01, steps=60).x) < 1e-5,
)

# %% [markdown] slideshow={"slide_type": "notes"}
# So here the mistake helps a little: the rounded tip has a bottom to settle in. What forbids it is the price: two evaluations of $f$ for each coordinate
# (see *What it costs*).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Six landscapes
#
# Now the race. Each of the six maps has a difficulty of its own.

# %%
maps = [surfaces.long_valley, surfaces.beale, surfaces.saddle]
maps += [surfaces.rosenbrock, surfaces.ackley, surfaces.rastrigin]
labels = ["long valley", "Beale", "saddle", "Rosenbrock", "Ackley", "Rastrigin"]
figure = plotting.Figure((8.4, 4.6), f"Contour maps of six surfaces: {', '.join(labels)}.")
for ax, surface, label in zip(figure.subplots(2, 3).flat, maps, labels, strict=True):
    plotting.draw_surface(ax, surface)
    plotting.draw_start(ax, torch.tensor(surface.start))
    ax.set(title=label, xlabel="", ylabel="")
figure

# %% slideshow={"slide_type": "subslide"}
for surface, label in zip(maps, labels, strict=True):
    minimum = torch.tensor(surface.minima[0], dtype=torch.float64)
    low, high = curvatures(surface, minimum).tolist()
    told = f"curvatures {low:.3g} and {high:.3g}, κ = {high / low:.0f}"
    if math.isnan(low):  # Ackley's tip is sharp
        told = "sharp: no curvature"
    print(f"{label:11} at its minimum: {told}")

# %% [markdown]
# | map | its difficulty |
# | --- | --- |
# | long valley | narrow, and turned by 30° against the axes |
# | Beale | steep walls, and a flat, bent floor |
# | saddle | the start is nearly on the ridge: there, one slope is almost 0 |
# | Rosenbrock | the narrowest valley here, and bent |
# | Ackley | hollows, and a sharp tip |
# | Rastrigin | deep hollows in a shallow bowl |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The rules of the race
#
# A race is only as good as its rules. These are ours; we fix them before anyone runs.
#
# - **All nineteen rules** of this course. Those that see only the vectors come first, then those that treat each coordinate by itself.
#   The slides show eight of them; the table of all is under *All nineteen*.
# - **lr:** 45 values from 0.0003 to 100, the same for all. Everything else stays at its default (momentum 0.9; Muon 0.95; and so on), without weight decay (why: under *What can go wrong*; ASGD keeps its tiny one, $10^{-4}$).

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **Starts:** the map's own, and 16 at random in the frame, none nearer to a minimum than half as far as the own start.
# - **500 steps.** Who is within 1 % of its first distance from a minimum, and stays there, has *arrived*. Beside it we count who ends *near*: within 0.1. Schedule-Free is judged
#   by its answer, the average $a$ (lecture 6).
# - **Two heats.** In the first, lr is constant. In the second, it falls in a straight line to 0 (lecture 2).

# %% slideshow={"slide_type": "notes"}
turns = ["sgd", "asgd", "schedule_free", "momentum", "momentum_ema", "nesterov", "muon"]
axes = ["adagrad", "adadelta", "rmsprop", "rmsprop_nesterov", "adam", "amsgrad", "adamw"]
names = [*turns, *axes, "adamax", "nadam", "radam", "ranger", "lion"]
eight = ["sgd", "momentum", "schedule_free", "muon", "adagrad", "rmsprop", "adam", "lion"]
print("all the rules of the course:", sorted(names) == sorted(rules.__all__))
lrs, T = 10 ** np.linspace(-3.5, 2, 45), 500


def starts_on(surface, n=16):
    """The surface's own start, and n more in its frame, at least half as far: (n + 1, 2)."""
    minima, own = np.array(surface.minima), np.array(surface.start)
    far = np.linalg.norm(own - minima, axis=1).min() / 2
    points = np.random.default_rng(0).uniform(
        *zip(surface.xlim, surface.ylim, strict=True), (500, 2)
    )
    kept = points[np.linalg.norm(points[:, None] - minima, axis=-1).min(axis=1) >= far]
    return torch.tensor(np.concatenate([[own], kept[:n]]))


# %% slideshow={"slide_type": "skip"}
def entrant(name, **more):
    """The rule without weight decay; a new hyperparameter, fall = 1, lets lr fall to 0."""
    rule = getattr(rules, name)
    bare = {"weight_decay": 0.0} if name in ("adamw", "muon") else {}

    def run(x, g, s, t, lr, fall=0.0):
        return rule(x, g, s, t, lr=lr * (1 - fall * (t - 1) / T), **bare, **more)

    run.__name__ = name
    run.matrices = getattr(rule, "matrices", False)  # Muon sees a point as a column
    return run


def is_near(path):
    """Whether it stays within 0.1 of a minimum in its last tenth."""
    minima = torch.tensor(path.surface.minima, dtype=torch.float64)
    last = path.x[-len(path.x) // 10 :].unsqueeze(-2) - minima
    return (last.norm(dim=-1).amin(dim=-1) < 0.1).all(dim=0)


# %% [markdown] slideshow={"slide_type": "fragment"}
# Are these the rules that train networks? We hold those that torch has against `torch.optim`, on Ackley.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# torch's classes, and their arguments (open to see them)
theirs = {
    name: (getattr(torch.optim, name), {}) for name in ("SGD", "ASGD", "Adagrad", "Adadelta")
}
theirs |= {name: (getattr(torch.optim, name), {}) for name in ("RMSprop", "Adam", "AdamW")}
theirs |= {name: (getattr(torch.optim, name), {}) for name in ("Adamax", "NAdam", "RAdam")}
theirs |= {
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "amsgrad": (torch.optim.Adam, {"amsgrad": True}),
}

# %% slideshow={"slide_type": "fragment"}
agree = 0
for name, (optimizer, arguments) in theirs.items():
    w = x0.clone().requires_grad_()
    torchs = optimizer([w], lr=0.01, **arguments)
    for _ in range(50):
        torchs.zero_grad()
        ackley(w).backward()
        torchs.step()
    ours = descend(ackley, name.lower(), lr=0.01, steps=50)
    agree += relative_error(w.detach() - x0, ours.x[-1] - x0) < 1e-6
print(f"{agree} of {len(theirs)} end where torch.optim's do, to 6 digits")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The race
#
# **Predict.** Write down, for each of the six maps, whom you expect first from its own start. And does anyone win on two?
#
# (It runs for less than a minute: 1,530 walks for each rule on each map.)

# %% slideshow={"slide_type": "skip"}
shape = len(names), len(maps), 17, len(lrs), 2  # rule, map, start, lr, heat
arrival, near = np.zeros(shape), np.zeros(shape, dtype=bool)
with progress_bar(total=len(names) * len(maps)) as bar:
    for i, name in enumerate(names):
        for j, surface in enumerate(maps):
            paths = descend(surface, entrant(name), starts_on(surface), T, lr=lrs, fall=[0, 1])
            answer = paths.follow("a") if name == "schedule_free" else paths
            arrival[i, j], near[i, j] = answer.arrival.numpy(), is_near(answer).numpy()
            bar.update()
arrival[arrival < 0] = np.inf  # never

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# The table as a picture (open to see the code)


def plot_table(words, depth, title, alt, shown=eight):
    """Words in cells, and their depth of colour, 0 to 1, for some of the rules: (rule, map)."""
    rows = [names.index(name) for name in shown]
    figure = plotting.Figure((9, 1 + 0.34 * len(rows)), f"{title}. {alt}")
    ax = figure.add_subplot()
    ax.set_title(title, pad=12)
    ax.imshow(depth[rows], aspect="auto", cmap="Blues", vmin=0, vmax=1.9)
    ax.set_xticks(range(len(labels)), labels)
    ax.set_yticks(range(len(rows)), shown)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.grid(False)
    for (i, j), word in np.ndenumerate(words[rows]):
        ax.text(j, i, word, ha="center", va="center")
    return figure


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
own = arrival[:, :, 0, :, 0]  # own start, first heat: rule, map, lr
steps = own.min(axis=-1)
words = np.array([[f"{n:.0f}" if n < np.inf else "·" for n in row] for row in steps])
plot_table(
    words,
    np.where(steps < np.inf, steps.min(axis=0).clip(max=T) / steps, 0),
    "From its own start, each map has another winner, or none",
    "Steps to arrival of eight rules on six maps, each at its best constant lr.",
)


# %% slideshow={"slide_type": "fragment"}
def winners(times):
    """Who is first on each of the first four maps, which have no hollows."""
    least = times.min(axis=0)
    return [
        [n for n, t in zip(names, times[:, j], strict=True) if t == least[j]] for j in range(4)
    ]


for label, first in zip(labels, winners(steps), strict=False):
    print(f"{label:11}: {' and '.join(first)}")
print("rules that arrive on all six:", int((steps < np.inf).all(axis=1).sum()))

# %% [markdown]
# Steps until it arrives (eight of the nineteen rules; a dot is "never, with any of 45 lr"), then the winners among all.

# %% [markdown] slideshow={"slide_type": "notes"}
# (AdamW without decay is Adam; momentum_ema is momentum with another scale of lr.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nobody wins on two. Nobody arrives on all six. Do you believe the names?

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Shift the grid
#
# Two people run the same race, each with half of our learning rates: one takes every second, the other the rest.
#
# **Predict.** On how many of the four maps do they announce the same winner?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
halves = [winners(own[:, :, k::2].min(axis=-1)) for k in (0, 1)]
for label, *both in zip(labels, *halves, strict=False):
    print(f"{label:11}: {' and '.join(both[0])}  |  {' and '.join(both[1])}")
fine = np.geomspace(lrs[0], lrs[-1], 353)
for name in ("nesterov", "adam"):
    found = descend("beale", name, lr=fine, steps=T).arrival
    print(f"{name} on Beale: best of 45 lr {steps[names.index(name), 1]:.0f} steps,", end=" ")
    print(f"best of 353 lr {found[found >= 0].min():.0f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# On none. (At the saddle they share two names of four.) The best lr of a fast rule is near the edge, and whether a grid has a value there is an accident. With a finer grid,
# the two on Beale change places as well.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A lucky start
#
# P in the opening picture was AdaMax, with the lr that won it its 61 steps on Ackley. We move its start a little: 81 starts, up to 0.2 away.
#
# **Predict.** From how many of the 81 does P arrive?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
side = torch.linspace(-2.2, -1.8, 9, dtype=torch.float64)
close = torch.cartesian_prod(side, side)
for notch in (-0.5, -0.375):
    moved = descend("ackley", "adamax", close, 500, lr=10**notch)
    print(f"lr {10**notch:.2f}: {int((moved.arrival >= 0).sum())} of 81 arrive")

# %% [markdown] slideshow={"slide_type": "fragment"}
# So: on P again? It was luck. At this lr it jumps over hollows, and this one path happened to come to rest at the tip; with the next lr of
# our grid, which fails from P's own start, it would have been luckier.

# %% [markdown] slideshow={"slide_type": "notes"}
# And (−2, −2) is a special start: both coordinates are equal and stay so. All rules walk along the diagonal, in one dimension.

# %% [markdown] slideshow={"slide_type": "fragment"}
# So a victory from one start is worth little. It is the same with one seed (lecture 1, *Luck*).

# %% [markdown] slideshow={"slide_type": "slide"}
# ### From sixteen starts
#
# A fairer question: with *one* lr for the map, chosen afterwards as the best, from how many of 16 random starts does the rule arrive?
#
# **Predict.** At the saddle, how many of the nineteen rules arrive from all 16? On Rastrigin, does anyone arrive from half of them?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# The shares, and their table (open to see the code)
share = np.isfinite(arrival[:, :, 1:]).mean(axis=2)  # rule, map, lr, heat
close_share = near[:, :, 1:].mean(axis=2)
at_1, at_2 = share.max(axis=2)[..., 0], share.max(axis=2)[..., 1]  # the best lr of each heat
near_1, near_2 = close_share.max(axis=2)[..., 0], close_share.max(axis=2)[..., 1]


def plot_pairs(a, b, title, alt, shown=eight):
    told = [
        f"{100 * p:.0f} | {100 * q:.0f}" if p + q else "·"
        for p, q in np.stack([a, b], -1).reshape(-1, 2)
    ]
    words = np.array(told).reshape(a.shape)
    return plot_table(words, b, title, f"{alt} On six maps, at the best lr.", shown)


# %% slideshow={"slide_type": "subslide"}
plot_pairs(
    at_1,
    near_1,
    "Constant lr, 16 starts: hollows, and the tip, stop nearly everyone",
    "Per cent that arrive, and that end near the minimum.",
)


# %% slideshow={"slide_type": "notes"}
def at(shares, name, label):
    return shares[names.index(name), labels.index(label)]


for j in (0, 2):
    print(f"{labels[j]}: rules that arrive from all 16 starts: {int((at_1[:, j] == 1).sum())}")
print("Rastrigin: someone arrives from half of them:", bool((at_1[:, 5] >= 0.5).any()))
print(f"Adagrad on Ackley: arrive {at(at_1, 'adagrad', 'Ackley'):.0%},", end=" ")
print(f"end near {at(near_1, 'adagrad', 'Ackley'):.0%}")
for name in ("momentum", "adam"):
    longer = descend(maps[3], name, starts_on(maps[3])[1:], 1500, lr=lrs[:29]).arrival
    most = (longer >= 0).double().mean(dim=0).max()
    print(f"Rosenbrock, {name}: {at(at_1, name, 'Rosenbrock'):.0%} arrive;", end=" ")
    print(f"within 1,500 steps more than three in four: {bool(most > 0.75)}")

# %% [markdown]
# In each cell: per cent that arrive, to 1 % of the way | that end near, within 0.1.

# %% [markdown] slideshow={"slide_type": "notes"}
# (16 starts are few: a difference of two or three of them, some 15 %, tells nothing. In the long valley, 1 % of
# the way may be more than 0.1.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - *The saddle* is no difficulty at all: only the start on the ridge was. Whoever won there, won at that start.
# - *Rosenbrock:* few arrive, and that says as much about our 500 steps as about the map. Muon comes near, where it does not arrive: its steps have one length, and a constant lr does not let them shrink.

# %% [markdown] slideshow={"slide_type": "fragment"}
# - *Ackley:* the tip keeps many outside of 1 % who are near. Adagrad gets near from everywhere, since its step falls by itself (lecture 4). Schedule-Free answers with an average of points that
#   jump around the tip, and takes its gradient near that average.
# - *Rastrigin:* hardly anyone, with a constant lr, by either count.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### How wide is the good range?
#
# *(For home.)* We gave each rule its best of 45 lr. You will not have 45 tries. If a rule arrives at one lr only, it is not much of a winner.
#
# **Predict.** Is there a rule for which *one* lr does nearly as well on all four maps without hollows as the best lr for each?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
fussy = ["sgd", "momentum", "adagrad", "muon", "rmsprop_nesterov", "adam"]
for name in fussy:
    on_four = share[names.index(name), :4, :, 0]
    each, one = on_four.max(axis=1).mean(), on_four.mean(axis=0).max()
    print(f"{name:17} the best lr of each map: {each:.2f}, one lr for all four: {one:.2f}")

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (lrs, 100 * share[names.index(name), :4, :, 0].mean(axis=0)) for name in fussy},
    title="One lr serves Adam on all four nearly as well as the best of each",
    xlabel="lr, the same on all four",
    ylabel="% of all 64 walks that arrive",
    log="x",
)
figure.axes[0].get_legend().remove()
figure.legend(loc="outside lower center", ncols=3)
figure

# %% [markdown] slideshow={"slide_type": "fragment"}
# Adam, and RMSProp with Nesterov's momentum. The lr of SGD and momentum is measured in one over curvature: the edge is at lr 1 in the long valley and near 0.002 on Rosenbrock. Adam's lr is a
# length: how far to go in a step (lecture 5), and all these maps are a few units wide. That is much of what "Adam needs less tuning" means.

# %% [markdown] slideshow={"slide_type": "notes"}
# It does not explain the upper end: at the saddle, Adam arrives with an lr of 50, whose first step leads far out of the map.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What brings Adam back?
#
# *(For home.)* **Predict.** At the saddle, a large lr leads far out of the map. What brings Adam back? Which of its hyperparameters moves the upper end?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for j in (0, 2):
    for beta2 in (0.9, 0.99, 0.999):
        walks = descend(
            maps[j], entrant("adam", beta2=beta2), starts_on(maps[j])[1:], T, lr=lrs
        )
        good = lrs[((walks.arrival >= 0).double().mean(dim=0) >= 0.5).numpy()]
        print(f"{labels[j]:11} beta2 = {beta2:<5}: half arrive from lr", end=" ")
        more = " (the last tried)" if good.max() == lrs[-1] else ""
        print(f"{good.min():.2g} to {good.max():.2g}{more}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The gradients out there are large, and $v$ remembers them: for about $1 / (1 - \beta_2)$ steps it divides by them. The upper end grows with this memory. So the range belongs to a default, too.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The second heat: lr falls
#
# The same starts, the same 45 lr to begin with. But now lr falls to 0 in a straight line.
#
# **Predict.** Who gains, and on which maps? Who loses?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plot_pairs(
    at_1,
    at_2,
    "With an lr that falls, plain SGD gets to the bottom of Ackley",
    "Per cent that arrive with a constant lr, and with one that falls.",
)

# %% [markdown]
# In each cell: per cent that arrive with a constant lr | with one that falls. A schedule changes the order more than most rules do.

# %% [markdown] slideshow={"slide_type": "subslide"}
# - *Ackley:* a large lr first, to leave the hollows, then a small one, to settle at the tip. SGD goes from no start to all.
# - *Rastrigin:* beyond the edge of the hollows, SGD is thrown about by their walls. It makes its own noise. The shallow bowl pulls it to the middle meanwhile. When
#   lr falls below the edge, it is caught by a hollow near the middle, and more often than not by the right one.

# %% [markdown] slideshow={"slide_type": "fragment"}
# - *Rosenbrock:* Muon, no leader before. It came near; with an lr that falls it can also settle.
# - Some lose: where the way is long, a falling lr is a shorter walk.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Whose default is it?
#
# Muon leads on Rosenbrock now. But we tuned lr only. Its momentum is 0.95 by default, where the others have 0.9. And Adam has a default of its own, $\beta_2 = 0.999$: a memory of a thousand steps, in a race of 500.
#
# **Predict.** Muon with a momentum of 0.9, and Adam with $\beta_2 = 0.9$: who leads?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look


# %% slideshow={"slide_type": "fragment"}
def in_words(walks_that):
    best = walks_that.double().mean(dim=0).max()
    return "all" if best == 1 else "more than half" if best > 0.5 else "less than half"


tried = [("muon", {"momentum": m}) for m in (0.95, 0.9)]
tried += [("adam", {"beta2": beta2}) for beta2 in (0.999, 0.9)]
sixteen, to_1 = starts_on(surfaces.rosenbrock)[1:], lrs[:29]  # lr up to 1
for name, more in tried:
    walks = descend("rosenbrock", entrant(name, **more), sixteen, T, lr=to_1, fall=1)
    arrive, come = in_words(walks.arrival >= 0), in_words(is_near(walks))
    print(f"{name} {more}: {arrive} arrive, {come} end near")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Muon's default is why it leads: with everyone else's 0.9 it still comes near, but seldom arrives. Adam that forgets faster arrives from every start.
#
# That is no defect of the race. It is what a ranking *is*: it belongs to a map, a start, a grid of lr, a schedule, a budget, a tolerance, and to defaults that nobody tuned.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### All nineteen
#
# *(For home.)* The table of both heats for all rules. `momentum` and `momentum_ema` are the same rule, with lr ten times as large. Their lines should be equal.
#
# **Predict.** On which maps are they not? Why?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
a, b = (np.isfinite(arrival[names.index(n), :, 1:]) for n in ("momentum", "momentum_ema"))
differ = (a[:, :, :-8] != b[:, :, 8:]).any(axis=(1, 2, 3))  # eight notches further: ten times
print("the two agree in all walks on:", *np.array(labels)[~differ], sep="  ")
plot_pairs(
    at_1,
    at_2,
    "Per cent of 16 starts that arrive: constant lr | lr that falls",
    "All nineteen rules.",
    names,
)

# %% [markdown] slideshow={"slide_type": "notes"}
# On Ackley and Rastrigin a few walks end elsewhere: the two add the same numbers in another order, the last digit differs, and where a path jumps between hollows that decides. So a difference like that between two other lines is rounding, too.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who wins where, and why
#
# Each rule looks at something and is blind to something. Where the difficulty is one to which it is blind, it has an advantage.

# %% [markdown]
# ### The turned valley: who looks at the axes
#
# We turn the map, start included. A rule that sees only vectors (sums and lengths of gradients) walks the turned path. Lecture 4 had one angle and three rules; now all nineteen.
#
# **Predict.** Which rules walk the same path, turned? And which walk the same path when the loss is multiplied by 1,000?


# %% slideshow={"slide_type": "skip"}
def turned(surface, degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def there(p):
        return c * p[0] - s * p[1], s * p[0] + c * p[1]

    return replace(
        surface,
        name=f"{surface.name}, turned by {degrees}°",
        f=lambda x1, x2: surface.f(c * x1 + s * x2, -s * x1 + c * x2),
        start=there(surface.start),
        minima=tuple(there(minimum) for minimum in surface.minima),
    )


# %% slideshow={"slide_type": "skip"}
straight = replace(surfaces.bowl(0.02, 2), start=(-8.0, 2.5))
by_30, steeper = turned(straight, 30), replace(straight, f=lambda *x: 1000 * straight.f(*x))
R = torch.tensor([[3**0.5, -1], [1, 3**0.5]], dtype=torch.float64) / 2
kept = {"turned": [], "a thousand times as high": []}
for name in names:
    walks = [descend(s, entrant(name), lr=0.1, steps=60).x for s in (straight, by_30, steeper)]
    way, way_30, way_steep = (x - x[0] for x in walks)
    for change, same in zip(kept, ((way @ R.T, way_30), (way, way_steep)), strict=True):
        if relative_error(*same) < 0.02:
            kept[change].append(name)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "notes"}
for change, blind in kept.items():
    print(f"the same path on a map {change}: {', '.join(blind)}")

# %% [markdown] slideshow={"slide_type": "notes"}
# (To 2 %: Muon computes with eight binary digits.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first group (SGD, ASGD, Schedule-Free, both momentums, Nesterov, Muon: they walk the same path on the turned map) does not see axes,
# but, except for Muon, it sees heights. Nearly all others see axes and no heights. RAdam and Ranger see both: their first steps are plain
# momentum (lecture 5). And Muon sees neither.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The price of an angle
#
# Now the times. The same valley at four angles, and one that is ten times as narrow; each rule at its best lr.
#
# **Predict.** Adam sees axes. Does it mind the angle?

# %% slideshow={"slide_type": "skip"}
angles, times = [0, 15, 30, 45], {}
for steep in progress_bar([2, 20]):
    valley = replace(surfaces.bowl(0.02, steep), start=(-8.0, 2.5))
    for name in ("momentum", "adagrad", "adam"):
        grid = {"lr": np.geomspace(0.001, 10, 65), "steps": 400 if steep == 2 else 800}
        found = [descend(turned(valley, a), name, **grid).arrival for a in angles]
        times[steep, name] = [
            t[t >= 0].min().item() if (t >= 0).any() else np.nan for t in found
        ]

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9.6, 4.2),
    "Turning the valley ruins Adagrad; Adam pays too where it is narrow; momentum takes as many steps at every angle.",
)
for ax, steep in zip(figure.subplots(1, 2, sharey=True), (2, 20), strict=True):
    for name, style in zip(("momentum", "adagrad", "adam"), plotting.STYLES, strict=False):
        ax.plot(angles, times[steep, name], label=name, **style)
    ax.set(xlabel="the valley is turned by … degrees", xticks=angles, yscale="log")
    ax.set_title(f"κ = {steep / 0.02:.0f}")
figure.axes[0].set_ylabel("steps, at the best lr")
figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
figure.suptitle("Turning ruins Adagrad; Adam pays, too, if the valley is narrow", fontsize=14)
figure

# %% slideshow={"slide_type": "notes"}
for (steep, name), row in times.items():
    print(f"κ = {steep / 0.02:4.0f}, {name:8}: along the axes {row[0]:3.0f} steps,", end=" ")
    print("turned by 45°", "not in 800" if np.isnan(row[-1]) else f"{row[-1]:.0f}")

# %% [markdown] slideshow={"slide_type": "notes"}
# Along the axes, Adagrad makes a round bowl of the valley. At 45° both coordinates look alike, so there is nothing to divide by. Adam is in the same position. At κ = 100 its momentum hides it. (Momentum alone is as fast, and does not see the angle.
# In the long run it leaves √0.9 of the distance a step at best, lecture 3: about 87 steps to 1 %. The exact number depends on where the swing is caught.) At κ = 1,000 Adam pays as well, several times over.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two rules, one map, and the angle decides who wins. Is a network's valley turned? Nobody turns its weights on purpose. Maes and others (2025) did: Adam then trained transformers less well. So to Adam, at least, the axes of a network are not like any others.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The saddle: who ignores the size of a slope
#
# *(For home.)* From the saddle's own start: one coordinate has a slope of 2, the other of a thousandth. Each rule has its own slider.
#
# **Predict.** Who leaves the ridge first? Is that the one who arrives first? For SGD, the distance from the ridge grows by the factor $1 + \mathrm{lr}$ at each step. How many steps does it need with lr 0.5, from 0.001 to 0.5?

# %% slideshow={"slide_type": "subslide"}
racers = {"SGD": "sgd", "RMSProp": "rmsprop", "Lion": "lion"}
race("saddle", racers, lr=(0.01, 0.06, 1.0), steps=30)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
print(f"theory: ln 500 / ln 1.5 = {np.log(500) / np.log(1.5):.1f} steps")
leaving = descend("saddle", "sgd", lr=0.5, steps=50)
print("SGD, lr 0.5, is at 0.5 at step", int((leaving.x[:, 1].abs() > 0.5).int().argmax()))
for name in ("rmsprop", "adam", "lion"):
    x = descend("saddle", name, lr=0.05, steps=1).x
    along, away = (x[1] - x[0]).abs().tolist()
    print(f"{name}: first step {along:.3g} along the ridge, {away:.3g} away from it")
for name in ("sgd", "rmsprop", "lion"):
    wanted = own[names.index(name), 2]
    print(f"{name} arrives within 30 steps at {(wanted <= 30).sum()} of 45 lr")

# %% [markdown]
# A rule that divides each slope by its own size, or takes only its sign, does not notice that one of them is tiny. It leaves the ridge at once.
#
# Arriving is another matter. Give SGD a large lr, and it is there a few steps later. Lion left with the first step and does not settle: where the slope says "stop", it does not listen. The
# same blindness helps and hurts.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which starts reach the minimum
#
# *(For home.)* All starts that lead to the minimum are its *basin*, for this rule and these settings. We take 61 × 61 starts, run 500 steps, and colour those that end near the
# minimum, within 0.1.
#
# **Predict.** What does SGD's basin look like on Ackley's map with a small lr? And with a large one that falls?

# %% slideshow={"slide_type": "skip"}
side = torch.linspace(-3.5, 3.5, 61, dtype=torch.float64)
everywhere = torch.cartesian_prod(side, side)
cases = [("sgd", 0), ("sgd", 1), ("adam", 1), ("lion", 1)]
small = {4: 0.01, 5: 0.0025}  # below the edge of the hollows of Ackley and of Rastrigin
basins = {}
for j in progress_bar((4, 5)):
    for name, fall in cases:
        best = lrs[close_share[names.index(name), j, :, 1].argmax()]  # most of 16 end near
        lr = best if fall else small[j]
        ends = descend(maps[j], entrant(name), everywhere, T, lr=lr, fall=fall)
        basins[j, name, fall] = is_near(ends).reshape(61, 61)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
alt = "SGD with a falling lr reaches the minimum from most starts, all of Ackley's, 65 % of Rastrigin's; with a small constant lr from few."
figure = plotting.Figure((10.4, 5.8), alt)
for ax, ((j, name, fall), basin) in zip(
    figure.subplots(2, 4).flat, basins.items(), strict=True
):
    ax.imshow(
        basin.T, origin="lower", extent=(-3.5, 3.5, -3.5, 3.5), cmap="Blues", vmin=0, vmax=1.4
    )
    ax.grid(False)
    ax.plot(0, 0, marker="*", markersize=12, color="white", markeredgecolor="black")
    ax.set(xticks=[], yticks=[], xlabel=f"{basin.double().mean():.0%} of the starts")
    ax.set_title(f"{labels[j]}: {name},\n{'lr falls' if fall else 'small constant lr'}")
figure.suptitle("SGD with a falling lr reaches the minimum from most starts", fontsize=14)
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# With a small lr the basin is the hollow of the minimum itself, and each other hollow has its own. Rastrigin's map is a sum of two functions
# of one coordinate, so SGD walks each coordinate by itself: hence the stripes. (And the percentages there are rough: for each coordinate,
# these are only 61 starts.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where a basin is speckled, a hair's breadth decides: such a path is as good as random. A victory there is a throw of dice.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Noise as an aid
#
# *(For home.)* The gradient of a network is noisy (lecture 1). Here we add noise to that of the map, $g + \sigma \xi$, and let lr fall from *below* the edge of the hollows: without noise, SGD stays in the first one.
#
# **Predict.** Does more noise mean more arrivals? On both maps?

# %% slideshow={"slide_type": "skip"}
levels, success = [0, 1, 2, 5, 10, 20, 50, 100], {}
for surface, lr in ((surfaces.ackley, 0.035), (surfaces.rastrigin, 0.0045)):
    lucky = noisy(entrant("sgd"))
    ends = descend(surface, lucky, steps=T, lr=lr, fall=1.0, noise=levels, seed=range(50)).x[-1]
    success[surface.name] = levels, 100 * (ends.norm(dim=-1) < 0.1).double().mean(dim=1)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    success,
    title="On Ackley the right noise helps; on Rastrigin hardly any does",
    xlabel="noise σ",
    ylabel="% of 50 walks that end near",
)
figure.axes[0].set_xscale("symlog", linthresh=1)
figure.axes[0].set_xticks(levels, levels)
figure

# %%
for surface, a, b in (
    (surfaces.ackley, (-2, -2), (-1.5, -2)),
    (surfaces.rastrigin, (-3, 2), (-2.5, 2)),
):
    low, high = surface(torch.tensor([a, b], dtype=torch.float64)).tolist()
    print(f"{surface.name}: from the hollow to the pass beside it, {high - low:.1f} up")

# %% [markdown] slideshow={"slide_type": "notes"}
# Too little noise, and it stays where it is. Too much, and it is thrown about until lr has become too small to come back. Between them it shakes the walker out of the
# small hollows, but not out of the funnel. Rastrigin's hollows are more than ten times as deep: noise that gets over these walls gets over everything.

# %% [markdown] slideshow={"slide_type": "fragment"}
# So noise can help, by the depth of the hollows.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Shake it yourself
#
# *(For home.)* **Predict.** With which noise does this one walk end near the minimum? (Another `seed` is other luck.)

# %% slideshow={"slide_type": "subslide"}
explore(
    "ackley", noisy(entrant("sgd")), lr=0.035, fall=1.0, noise=(0.0, 5.0, 40.0), seed=3, steps=T
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why nobody wins everywhere
#
# You have seen it change by a turn and by a start: turn the valley, and Adagrad falls from first to last; move the start off the ridge, and the saddle is nothing special.
# Could a cleverer rule win on *all* maps?


# %% [markdown] slideshow={"slide_type": "subslide"}
# D. Wolpert and W. Macready (1997) proved that none can, in this sense. Let there be finitely many points and finitely many heights. A *search* looks at one new point after another, and may use all
# heights seen so far to choose the next. It throws no dice, so a map $f$ settles what it sees: let $P(d \mid f, m, a)$ be 1 if search $a$ sees the
# heights $d$, in this order, in its first $m$ looks at the map $f$, and 0 if not. Then for any two searches $a$ and $b$, any number $m$ of looks and any sequence $d$ of $m$ heights:
#
# $$\sum_{f} P(d \mid f, m, a) = \sum_{f} P(d \mid f, m, b) \qquad \text{the sums being over } \textit{all } \text{maps } f$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# In words: averaged over all maps, all searches see the same. This is the *no-free-lunch theorem*. It assumes finite sets, equal weight for all maps, and no point looked at twice.

# %% [markdown] slideshow={"slide_type": "subslide"}
# It can be checked by brute force. Seven points in a row, three heights: $3^7$ maps. Three searches begin in the middle: from left to right; downhill (look beside the lowest point so far); and uphill (look beside the *highest*). All
# look for the lowest point.
#
# **Predict.** How many looks does each need, on average over all maps? And on those maps that have a single hollow?


# %% slideshow={"slide_type": "skip"}
def left_to_right(seen):
    return min(set(range(7)) - set(seen))


def beside(seen, best):
    best_point = best(seen, key=seen.get)
    return min(set(range(7)) - set(seen), key=lambda i: (abs(i - best_point), i))


def looks(search, f):
    """How many points a search looks at until it has the lowest. It begins in the middle."""
    seen = {3: f[3]}
    while min(seen.values()) > min(f):
        i = search(seen)
        seen[i] = f[i]
    return len(seen)


# %% slideshow={"slide_type": "skip"}
searches = {"left to right": left_to_right}
searches |= {"downhill": partial(beside, best=min), "uphill": partial(beside, best=max)}
every = list(product(range(3), repeat=7))


def single_hollow(f):
    slopes = [b > a for a, b in pairwise(f) if a != b]
    return slopes == sorted(slopes)  # first down, then up


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
hollow_maps = [f for f in every if single_hollow(f)]
for name, search in searches.items():
    total = sum(looks(search, f) for f in every)
    there = sum(looks(search, f) for f in hollow_maps) / len(hollow_maps)
    print(
        f"{name:13}: {total} looks on all {len(every)} maps; {there:.2f} with a single hollow"
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# Exactly the same, over all maps. Where there is a single hollow, downhill is best. What it saves there, it pays on the other maps, to the last look.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What the theorem does not say
#
# - **Not** that all rules are equal on *your* maps. It is about the average over all maps, with equal weight. Nearly all of those are pure chance: the height at a point tells nothing about the next one.
#   The loss of a network is not like that. It has slopes that hold for a while, or no rule of this course would work.

# %% [markdown] slideshow={"slide_type": "fragment"}
# - **Not** that searching is in vain. It says that a search can be good only because of something it *assumes*: here, that there is a single hollow.

# %% [markdown] slideshow={"slide_type": "fragment"}
# - **Not** anything about rules that look at the same point twice, or about time. And our rules see gradients, not heights: for those the theorem would have to be stated anew.

# %% [markdown] slideshow={"slide_type": "subslide"}
# What remains is a good question to ask of any winner: *what does it assume, and does that hold where I use it?* SGD assumes that one lr fits all directions. Adagrad assumes that the axes matter. Lion assumes that
# somebody will lower lr.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From two weights to many
#
# *(For home.)* Does the race tell who trains a network best? There is a fair comparison on all of MNIST, with 20 seeds each (lecture 10). Thirteen of our rules are in it.
#
# **Predict.** We plot its accuracies against the part of the walks that arrive in our first heat, at each map's best lr. Rising, falling, or a cloud?

# %% slideshow={"slide_type": "skip"}
from course_utils import benchmark

import pandas as pd

table = benchmark.standings(benchmark.results())
called = {name: name.lower() for name in table.index} | {"ScheduleFree": "schedule_free"}
both = [name for name in table.index if called[name] in names]
index = [names.index(called[name]) for name in both]
in_two = pd.Series(100 * at_1[index].mean(axis=1), index=both)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    alt="Accuracy on MNIST against the part of walks that arrive: a cloud; no relation is found among 13 rules."
)
ax = figure.add_subplot(title="Two weights against MNIST: no relation found among 13 rules")
ax.plot(in_two, table.accuracy[both], **(plotting.STYLES[0] | {"linestyle": "none"}))
for x, y, name in zip(in_two, table.accuracy[both], both, strict=True):
    name = {"Adam": "", "AdamW": "Adam, AdamW"}.get(name, name)  # one dot
    left = name in ("Adam, AdamW", "Nesterov", "NAdam")  # or two names would lie on each other
    looks = {"fontsize": 11, "ha": "right" if left else "left"}
    ax.annotate(name, (x, y), (-7 if left else 7, -4), textcoords="offset points", **looks)
ax.set(xlabel="% of walks that arrive, mean of six maps", ylabel="test accuracy on MNIST, %")
ax.margins(x=0.12)
figure

# %%
rho = in_two.corr(table.accuracy[both], method="spearman")
print(f"{len(both)} rules; correlation of the two orders between -0.5 and 0.5:", abs(rho) < 0.5)
shuffled = [
    in_two.corr(
        table.accuracy[both].sample(frac=1, random_state=i).set_axis(both), method="spearman"
    )
    for i in range(1000)
]
edge = np.quantile(np.abs(shuffled), 0.95)
print(f"chance alone gives beyond ±{edge:.1f} once in twenty times")

# %% [markdown] slideshow={"slide_type": "subslide"}
# No relation found. (With 13 rules only a strong one could be: a weaker one may be there.) What carries over from two weights to many, and what does not?
#
# | | in our race | in a network |
# | --- | --- | --- |
# | **Carries over:** edges, zigzag, overshooting, momentum, the scale of lr, a falling lr, what a rule is blind to | seen | the same mechanisms, in many directions at once |
# | hollows | what stops nearly everyone | among many weights, a point without slope is far more often a saddle than a hollow (Dauphin and others, 2014) |
# | the goal | *the* minimum, to 1 % | any point that is low, and does well on new pictures |
# | the gradient | exact | noisy |
# | the start | decides | at random, and much the same for all |
# | tuning | 45 lr for nothing | each try costs a training |

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two dimensions are for seeing *how* a rule moves. For *which* rule is best, measure on what you train: fairly (lecture 10), and on something large (lecture 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## So, whom would you bet on?
#
# The question of the beginning. P had arrived; the next map is another one, and the start is elsewhere.
#
# **Predict.** Which questions would you ask before you bet? And if nobody answers?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
one_lr = share[:, :4, :, 0].mean(axis=1)  # of 64 walks on the maps without hollows: rule, lr
good = one_lr.max(axis=1) > 0.7
print("one lr for four maps, more than 70 % arrive:", *np.array(names)[good], sep="  ")
print(f"the next best: {one_lr[~good].max():.0%}")
print(f"Adam's one lr, to one digit: {lrs[one_lr[names.index('adam')].argmax()]:.1g}")
gain = np.array(names)[(at_2[:, 4] == 1)]
print("Ackley, lr falls, all 16 arrive:", *gain, sep="  ")

# %% [markdown]
# Not on P. Ask for the start, the lr tried, the schedule, the number of steps, what counts as arrived, and who tuned the defaults.
#
# Without answers, and with few tries: on a map without hollows on Adam, with an lr of about 1 where the map is a few units wide. With hollows on a rule whose lr falls, by itself or by a schedule; if they
# are deep, do not bet. And this, too, is a bet for our starts, our 500 steps and our untuned defaults.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# *(For home.)*
#
# ### A velocity that outlives its run
#
# E's function takes the velocity as an argument with a default: `velocity=[0, 0]`. Python makes this list *once*, when the function is defined. All calls share it.
#
# **Predict.** We call the same function twice, with the same arguments. How long is the first step of the second call, beside that of the first? (Momentum 0.9, to make it visible; the right gradient.)


# %% slideshow={"slide_type": "skip"}
def descend_momentum(start, steps, lr=0.003, momentum=0.9, velocity=[0.0, 0.0]):  # noqa: B006
    x, points = list(start), [tuple(start)]
    for _ in range(steps):
        g = gradient(ackley, torch.tensor(x, dtype=torch.float64)).tolist()
        for i in (0, 1):
            velocity[i] = momentum * velocity[i] - lr * g[i]
            x[i] += velocity[i]
        points.append(tuple(x))
    return points


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for call in ("first", "second"):
    run = descend_momentum((-2.4, -2.5), steps=12)
    moved = [f"{end - begin:+.3f}" for begin, end in zip(run[0], run[1], strict=True)]
    x1, x2 = run[-1]
    print(f"{call:6} call: first step {', '.join(moved)}; ends at ({x1:.2f}, {x2:.2f})")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The second run begins with the speed at which the first one ended. With E's momentum of 0.1 it fades within a few steps, and nobody would
# notice; in a comparison of ten rules, the order in which they run would matter. Write `velocity=None` and make a new one inside.

# %% [markdown] slideshow={"slide_type": "notes"}
# (A rule of this course cannot do that: its memory `s` is handed in and handed back.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A short step is no arrival
#
# E stops when a step is shorter than $h = 0.001$. A step is short where the slope is small, *or where lr is*.
#
# **Predict.** SGD with the exact gradient on the four maps without hollows. On which two of them does it stop farthest from the goal?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for j, lr in enumerate((0.1, 0.01, 0.01, 0.001)):
    t, walk = stops(descend(maps[j], "sgd", lr=lr, steps=2000))
    print(
        f"{labels[j]:11} lr {lr:<5}: stops at step {t}, {walk.remaining[-1]:.0%} of the way is left"
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# At the saddle, it stops on the ridge. On Rosenbrock, on the valley floor. Print the loss and the length of the gradient when you stop, and let it run on once, to see whether it was the end.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A minimum at the origin
#
# Why did we switch weight decay off? On Ackley and on Rastrigin the minimum is at (0, 0). Weight decay pulls every weight to 0.
#
# **Predict.** AdamW on Rastrigin with a strong decay, 2. Then the same, on a map that is moved by (5, 7), its start too.

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look


# %% slideshow={"slide_type": "fragment"}
moved = replace(
    surfaces.rastrigin,
    f=lambda x1, x2: surfaces.rastrigin.f(x1 - 5, x2 - 7),
    start=(surfaces.rastrigin.start[0] + 5, surfaces.rastrigin.start[1] + 7),
    minima=((5.0, 7.0),),
)
for where, surface in (("at the origin", surfaces.rastrigin), ("moved", moved)):
    walks = descend(
        surface, "adamw", steps=T, lr=np.geomspace(1e-3, 1, 25), weight_decay=[0.0, 2.0]
    )
    without, decay = (walks.arrival >= 0).sum(dim=0).tolist()
    told = "more than ten" if decay > 10 else decay
    print(f"minimum {where}: of 25 lr arrive {without} without decay, {told} with it")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With decay, AdamW "solves" Rastrigin: it was told the answer. Many test functions have their minimum at the origin, and many a published method prefers the origin without saying so. Move the map.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# *(For home.)*

# %%
walks = arrival.size
print(f"this race: {walks:,} walks, {walks * T / 1e6:.0f} million gradients")
n = 79_510  # weights of the small network for digits, lecture 1
print(
    f"one numerical gradient of a network of {n:,} weights: {2 * n:,} evaluations of its loss"
)
for name in ("sgd", "momentum", "adam", "ranger"):
    remembers = descend("ackley", name, steps=2).memory[-1]
    print(f"{name} remembers {len(remembers)} numbers a weight", *remembers, sep=", ")

# %% [markdown]
# On a map, a walk is nearly free, so that we could tune everything. On a network, where one walk is a training, tuning *is* the cost: the wider a rule's good range of lr, the less of it you need.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | which view of a landscape? | contours to see where down is, a surface for the impression; each hides something, all hide what lies between their points |
# | E's program | a wrong difference, at the start 2,455 times too long, an lr far too small, a lucky start and a stop that catches it: it arrives, and proves nothing |
# | a numerical gradient | central, to check a formula; within $h$ of a sharp tip it is wrong; $2n$ evaluations |
# | long, narrow valley | momentum, Nesterov; Adam and Adagrad the more, the better it lies along the axes |
# | saddle, from the ridge | who ignores the size of a slope leaves first; arriving is another matter |
# | bent valleys | Muon once lr falls, Adam once it forgets faster: the defaults decide as much as the rule |

# %% [markdown] slideshow={"slide_type": "subslide"}
# | question | answer |
# | --- | --- |
# | hollows | an lr that falls (Adagrad brings one) from beyond their edge, or noise of their size |
# | one lr for several maps | Adam, RMSProp with Nesterov's momentum |
# | first from one start | whose best lr happens to lie on your grid |
# | who wins everywhere? | nobody; over all maps, no search is better than another |
# | what is a victory worth? | what its map, start, grid of lr, schedule, budget, tolerance and defaults are: name them |

# %% [markdown] slideshow={"slide_type": "notes"}
# **Next.** How to compare rules on a network, where you cannot look (lecture 10), and whether it holds on a large one (lecture 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/09_the_race.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** E's program with the wrong difference and $h = 10^{-5}$ instead of $10^{-3}$. What becomes of the step? Compute it first, then run
# `descend(ackley, as_published, h=1e-5, steps=50)`.
#
# <details><summary>Answer</summary>It is lr · f / (2h), so a hundred times as long: at first 3.3 in both coordinates. From (−2, −2) it is beyond the minimum after one step, at
# (1.3, 1.3), and leaves the map. The "right" h was part of the luck.</details>
#
# **2.** Give Lion on Ackley a start on a slope, from (−2.4, −2.5), and an lr that falls: `descend("ackley", entrant("lion"), start=(-2.4, -2.5), steps=T, lr=…, fall=1)`, for a list of lr. From which lr on does it get
# through the hollows?
#
# <details><summary>Answer</summary>From about 0.0165. Below, one coordinate stays in a hollow, and it ends at (−2, −1) or (−2, 0). But this is no threshold: 0.0225 fails again, and from
# (−2.41, −2.49) it arrives with 0.011 already. Luck.</details>
#
# **3.** Find a map on which Adagrad beats momentum, and one on which momentum beats Adagrad, both with the curvatures 1 and 1,000. (`surfaces.bowl(1, 1000)` and `turned(…, 45)`.)
#
# <details><summary>Answer</summary>Along the axes Adagrad needs a few steps; turned by 45° it does not arrive in 3,000 steps. Momentum needs about 90 on both (lr from 0.0001 to 0.01, the best of 41).</details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - D. H. Ackley, [A Connectionist Machine for Genetic Hillclimbing](https://doi.org/10.1007/978-1-4613-1997-9), Kluwer, 1987: the map's name comes from here. Its form of today is later, due to T. Bäck.
# - L. A. Rastrigin, *Systems of Extremal Control* (in Russian), Nauka, Moscow, 1974: the bowl with hollows.
# - E. M. L. Beale, *On an Iterative Method for Finding a Local Minimum of a Function of More than One Variable*, Technical Report 25, Princeton, 1958: the flat, bent floor.
# - H. H. Rosenbrock, [An Automatic Method for Finding the Greatest or Least Value of a Function](https://doi.org/10.1093/comjnl/3.3.175),
#   Computer Journal 3, 1960: the bent valley.
# - D. H. Wolpert, W. G. Macready, [No Free Lunch Theorems for Optimization](https://doi.org/10.1109/4235.585893), IEEE Trans. Evolutionary
#   Computation 1, 1997: the theorem above is its Theorem 1.
# - Y. N. Dauphin and others, [Identifying and attacking the saddle point problem in high-dimensional non-convex optimization](https://arxiv.org/abs/1406.2572),
#   NeurIPS 2014: saddles rather than hollows.
# - L. Maes and others, [Understanding Adam Requires Better Rotation Dependent Assumptions](https://arxiv.org/abs/2410.19964), NeurIPS 2025: what becomes of Adam when a
#   network's weights are turned.
# - R. M. Schmidt, F. Schneider, P. Hennig, [Descending through a Crowded Valley: Benchmarking Deep Learning Optimizers](https://arxiv.org/abs/2007.01547),
#   ICML 2021: fifteen optimizers on networks; the best one changes with the task.
