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
# You know nineteen rules now. On a new map, which of them would you bet on?
# This lecture lets all of them run on six maps, and asks what a victory is worth.
#
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* Aloud: up to *From elsewhere*, then from *Six landscapes* to *The second heat: lr falls*, and from *Why nobody wins everywhere*
# to the summary. The rest is for home.

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

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three walkers, one winner
#
# A map full of hollows. Three walkers start at the white disc, P, Q and R. Each follows another rule, with a learning rate that stays.

# %% jupyter={"source_hidden": true}
# The code of this picture tells the rules: open it later.
walkers = {
    "P": descend("ackley", "adamax", lr=10**-0.5, steps=70),
    "Q": descend("ackley", "momentum", lr=0.01, steps=70),
    "R": descend("ackley", "sgd", lr=0.01, steps=70),
}
Animation(walkers, title="P arrives, Q and R do not: so P's rule is the best?")

# %% [markdown]
# **Predict.** P arrives. The next map is another one, and the start is elsewhere. Would you bet on P again? What would you want to know first?
#
# Write it down. We come back to P under *A lucky start*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One landscape, four views
#
# This map is *Ackley's function*:
#
# $$f(x_1, x_2) = 20 + e - 20\, \exp\!\Big(\!-\tfrac15 \sqrt{\tfrac12 (x_1^2 + x_2^2)}\Big) -
# \exp\!\big(\tfrac12 (\cos 2\pi x_1 + \cos 2\pi x_2)\big)$$
#
# The first exponential is a funnel. The second makes a hollow near each pair of whole numbers. Notebook E, the last of those from which this course is
# built, looks at it in four ways: a coloured scatter, contours with dashed and labelled lines, contours in three dimensions, and a surface. Each view shows
# something, and each hides something.
#
# **Predict.** How many hollows are there between −4 and 4? And which of the four views would you trust to tell?

# %%
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


# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
figure = plotting.Figure(
    (10, 4.8), "Ackley's function as 1,200 coloured points, and as labelled contours."
)
left, right = figure.subplots(1, 2)
points = torch.tensor(np.random.default_rng(0).uniform(-4, 4, (1200, 2)))
dots = left.scatter(*points.T, c=ackley(points), s=16, cmap="viridis")
figure.colorbar(dots, ax=left, shrink=0.8)
left.set(title="Scatter: values, but no shape", xlabel="$x_1$", ylabel="$x_2$")
left.set_aspect("equal")
labelled_contours(right)
right.set_title("Contours: shape, but few heights")
figure

# %%
figure = plotting.Figure(
    (10, 5), "Ackley's function as contours in three dimensions, and as a surface."
)
views = [figure.add_subplot(1, 2, i, projection="3d") for i in (1, 2)]
x1, x2, f = heights(101)
views[0].contour(x1, x2, f, levels=20, cmap="viridis", linewidths=1.2)
views[1].plot_surface(x1, x2, f, cmap="viridis", rcount=101, ccount=101, linewidth=0)
titles = "3-D contours: you see through them", "3-D surface: its front hides its back"
for ax, title in zip(views, titles, strict=True):
    ax.set(title=title, xlabel="$x_1$", ylabel="$x_2$", zlabel="$f$")
    ax.view_init(elev=32, azim=-55)
    ax.set_box_aspect((4, 4, 3), zoom=0.88)
figure

# %%
_, _, f = heights(801)
inner, around = (
    f[1:-1, 1:-1],
    [(i, j) for i in (0, 1, 2) for j in (0, 1, 2) if (i, j) != (1, 1)],
)
hollows = np.all([inner < f[i : i + 799, j : j + 799] for i, j in around], axis=0)
print(f"hollows (points lower than all of their eight neighbours): {hollows.sum()}")
for n in (100, 101):
    print(f"lowest of {n} × {n} points: {abs(heights(n)[2].min()):.2f}; the minimum is 0")

# %% [markdown]
# - *Scatter:* honest, since only real values are shown. But you join the dots yourself.
# - *Contours:* where it is low, and which way is down: the gradient is at right angles to the lines. The labels tell the heights. Between two lines you
#   know nothing, and the tip of the funnel looks like any hollow.
# - *3-D contours:* heights become heights. Lines in front and behind get mixed up.
# - *3-D surface:* the best for an impression. Half of it is hidden, and you cannot read a coordinate.
#
# And all four hide what lies between the points on which $f$ was computed. A grid of 100 × 100 points steps over the tip.
#
# **Predict.** We sample Ackley's function at the whole numbers only. What does it look like?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
whole = torch.arange(-4, 4.01, dtype=torch.float64)
fine = torch.linspace(-4, 4, 801, dtype=torch.float64)
figure = plotting.plot_curves(
    {
        "at whole numbers": (whole, ackley(torch.stack([whole, 0 * whole], dim=-1))),
        "at 801 points": (fine, ackley(torch.stack([fine, 0 * fine], dim=-1))),
    },
    title="Look only at whole numbers, and the hollows are gone",
    xlabel="$x_1$ (with $x_2 = 0$)",
    ylabel="$f$",
)
figure.axes[0].lines[1].set_marker("")
figure.axes[0].legend()
figure

# %% [markdown]
# A smooth funnel, and nothing tells you that you have been misled. This is worse for networks: we look at a plane through a space of thousands of
# dimensions, at a few hundred points.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## E's descent
#
# E goes down from (−2, −2) with a gradient measured by differences. Its settings: lr $10^{-5}$, $h = 10^{-3}$, without momentum and with momentum
# 0.1. It stops when a step is shorter than $h$. Its difference is one that we have met (lecture 1, *The gradient without calculus*):
#
# $$f(x + h) - \frac{f(x - h)}{2h} \qquad \text{where} \qquad \frac{f(x + h) - f(x - h)}{2h} \qquad \text{was meant}$$
#
# We do not have E's program running here, so this is how its formula and its settings would run. As a rule of ours, which looks at $f$ and not at $g$:


# %%
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


# %% [markdown]
# **Predict.** The difference is wrong, you know that. Does the program arrive at the minimum, (0, 0), all the same?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
as_e = {}
for m in (0.0, 0.1):
    path = descend(ackley, as_published, momentum=m, steps=400)
    t, as_e[f"momentum {m:g}"] = stops(path)
    x1, x2 = path.x[t].tolist()
    print(
        f"momentum {m:g}: stops after {t} steps at ({x1:.3f}, {x2:.3f}), f = {path.loss[t]:.2f}"
    )

# %%
figure = plotting.Figure((9, 4.4), "E's two paths go along the diagonal, on labelled contours.")
for ax, (label, path) in zip(figure.subplots(1, 2), as_e.items(), strict=True):
    labelled_contours(ax)
    plotting.draw_path(ax, path, label, plotting.STYLES[1])
    ax.set_title(f"E's descent, {label}: it arrives")
figure

# %% [markdown]
# It works! It walks through every hollow on its way, stops close to the minimum, and with momentum it takes fewer steps. Anyone would believe this program.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### From elsewhere
#
# **Predict.** Now we start it in the other corners, at (2, 2) and at (2, −2). The map is the same from there, mirrored. Where does the program go?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
corners = [(-2, -2), (2, 2), (2, -2), (-2, -1)]
four = {f"from {c}": descend(ackley, as_published, start=c, steps=300) for c in corners}
plotting.plot_paths(four, title="It walks to the upper right, wherever the minimum is")

# %%
x0 = torch.tensor(ackley.start, dtype=torch.float64)
h = 1e-3
wrong, right = published_difference(ackley, x0, h), central_difference(ackley, x0, h)
print(f"at (-2, -2), published: {wrong[0]:.0f} and {wrong[1]:.0f}")
print(f"at (-2, -2), central:   {right[0]:.2f} and {right[1]:.2f}")
print(f"-f / (2h) there: {-ackley(x0) / (2 * h):.0f}")

# %% [markdown]
# It always goes to the upper right. As $h$ is small, the first term hardly counts, and the "gradient" is about $-f(x) / (2h)$ in *both* coordinates. $f$ is
# nowhere negative. So the step is
#
# $$\mathrm{lr}\, \frac{f}{2h}\, (1, 1) = \frac{f}{200}\, (1, 1)$$
#
# along the diagonal, upwards, whatever the slope. It gets short only where $f$ is small. Below the minimum on this diagonal, that
# is at the minimum. So (−2, −2) was a lucky start, and no more.
#
# **Predict.** We repair the difference and keep everything else: lr $10^{-5}$, $h$, the stop. What happens?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look


# %%
def by_differences(x, g, s, t, lr=1e-5, momentum=0.0, h=1e-3):
    v = momentum * s.v - lr * central_difference(ackley, x, h)
    return x + v, rules.State(v=v)


t, repaired = stops(descend(ackley, by_differences, steps=10))
length = (repaired.x[1] - repaired.x[0]).norm()
print(
    f"first step: {length:.1e}, h: {h:.0e}. It stops after {t} step, f = {repaired.loss[-1]:.2f}"
)
print(f"the published difference was {(wrong.norm() / right.norm()):.0f} times as long")

# %% [markdown]
# The right gradient makes the program useless: its first step is shorter than $h$, so it takes itself for arrived. The wrong difference is more than two
# thousand times as long. That is why lr $10^{-5}$, far too small, seemed just right.
#
# Two mistakes can hold each other up. A result that looks right is no evidence that the program is. *Test it from a second start.* And
# *check the gradient* (lecture 1).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which lr does Ackley need?
#
# So we tune. Here is gradient descent with the exact gradient.
#
# **Predict.** Is there an lr with which it arrives? What stops it if lr is small, and what if it is large?

# %%
explore("ackley", lr=(0.003, 0.01, 1.0), steps=50)

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
hollow = descend("ackley", "sgd", lr=0.01, steps=300).x[-1]
steepest = curvatures(ackley, hollow).max().item()
tip = gradient(ackley, torch.tensor([1e-9, 0.0], dtype=torch.float64)).norm().item()
print(f"next hollow: ({hollow[0]:.2f}, {hollow[1]:.2f}), edge there: lr = {2 / steepest:.3f}")
print(f"slope right beside the minimum: {tip:.2f}")
many = descend("ackley", "sgd", lr=np.geomspace(1e-4, 10, 401), steps=1000)
print(f"of 401 constant learning rates arrive: {int((many.arrival >= 0).sum())}")

# %% [markdown]
# None does, from here.
#
# - Below the edge of the first hollow, $2 / \lambda_{\max}$ (lecture 1), it rolls into this hollow and stays.
# - Above that edge it can leave, and roams the funnel. But the tip of the funnel is *sharp*: beside it the slope does not go to 0. So each step across it has a
#   length of nearly 3 lr, and it hops from side to side for ever.
#
# To leave the hollows it needs a large lr, to settle at the tip a small one. No *constant* lr does both. (You see what will help? Lecture 2.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### With more momentum
#
# E's momentum of 0.1 is hardly any: the steps grow by $1 / (1 - 0.1)$, a tenth. And it announces Nesterov's momentum, which then is missing. Here it is, from lecture 3:

# %%
show_rule(rules.nesterov)

# %% [markdown]
# **Predict.** A heavy ball rolls through small hollows (lecture 3). Does it roll through these, if E starts it at (−2, −2)? And from here, a little higher up?

# %%
explore(
    "ackley", "nesterov", start=(-2.4, -2.5), lr=0.003, momentum=(0.0, 0.9, 0.99), steps=150
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
for start in ((-2, -2), (-2.4, -2.5)):
    for mu in (0.1, 0.9, 0.98):
        path = descend("ackley", "nesterov", start=start, lr=0.003, momentum=mu, steps=400)
        x1, x2 = (path.x[-1] + 0.0).round(decimals=1).tolist()
        print(
            f"from {start}, momentum {mu}: ends at ({x1:.1f}, {x2:.1f})".replace("-0.0", "0.0")
        )

# %% [markdown]
# From E's start, it never leaves. (−2, −2) lies almost at the bottom of a hollow, and a ball that starts there at rest has no speed to roll on with. From the slope, with a momentum of 0.98, it rolls through
# everything and comes to rest at the tip. Momentum carries on what speed there is. It makes none.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Numerical against exact
#
# *(For home.)*
#
# With the right formula, are differences good enough to descend? Lecture 1 has the error against $h$: too large an $h$ bends, too small an $h$ drowns in
# rounding. On Ackley there is a third trouble.
#
# **Predict.** $h = 10^{-3}$, and we come closer and closer to the sharp tip. From where on is the difference wrong?

# %%
distances = np.geomspace(1e-6, 1, 61)
errors = {}
for h in (1e-2, 1e-3, 1e-5):
    pairs = []
    for d in distances:
        x = torch.tensor([d, 0.0], dtype=torch.float64)
        pairs.append(relative_error(central_difference(ackley, x, h), gradient(ackley, x)))
    errors[f"h = {h:g}"] = distances, pairs

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
plotting.plot_curves(
    errors,
    title="Closer to the tip than h, a difference sees both of its sides",
    xlabel="distance from the minimum",
    ylabel="relative error",
    log="xy",
)

# %% [markdown]
# Beyond $h$ it is good, within $h$ it is worthless. Near the tip $f$ is like $2.83\,|x|$. At a distance $d < h$ one of the two points lies on the other side, and the difference
# is $(|d + h| - |d - h|) / 2h = d / h$ of the slope instead of all of it. So the measured slope fades at the tip, where the true one does not: it makes a
# rounded tip of a sharp one.

# %%
for name, rule in (("exact", "sgd"), ("by differences", by_differences)):
    path = descend("ackley", rule, start=(-0.4, -0.3), lr=1e-4, steps=4000)
    swing = path.x[-200:].norm(dim=-1).max().item()
    print(f"{name:14}: at rest in the minimum: {swing < 1e-9}")
same = descend("ackley", by_differences, lr=0.01, steps=60).x
print(
    "same path away from the tip:",
    relative_error(same, descend("ackley", "sgd", lr=0.01, steps=60).x) < 1e-5,
)

# %% [markdown]
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
figure = plotting.Figure((9, 5.2), f"Contour maps of six surfaces: {', '.join(labels)}.")
for ax, surface, label in zip(figure.subplots(2, 3).flat, maps, labels, strict=True):
    plotting.draw_surface(ax, surface)
    plotting.draw_start(ax, torch.tensor(surface.start))
    ax.set(title=label, xlabel="", ylabel="")
figure

# %%
for surface, label in zip(maps, labels, strict=True):
    low, high = curvatures(
        surface, torch.tensor(surface.minima[0], dtype=torch.float64)
    ).tolist()
    told = (
        f"curvatures {low:.3g} and {high:.3g}, κ = {high / low:.0f}"
        if low == low
        else "sharp: no curvature"
    )
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
# - **lr:** 45 values from 0.0003 to 100, the same for all. Everything else stays at its default (momentum 0.9; Muon 0.95; and so on), without weight decay (why: under *What can go wrong*).
# - **Starts:** the map's own, and 16 at random in the frame, none nearer to a minimum than half as far as the own start.
# - **500 steps.** Who is within 1 % of its first distance from a minimum, and stays there, has *arrived*. Schedule-Free is judged by its answer, the average $a$ (lecture 6).
# - **Two heats.** In the first, lr is constant. In the second, it falls in a straight line to 0 (lecture 2).

# %%
turns = ["sgd", "asgd", "schedule_free", "momentum", "momentum_ema", "nesterov", "muon"]
axes = ["adagrad", "adadelta", "rmsprop", "rmsprop_nesterov", "adam", "amsgrad", "adamw"]
names = [*turns, *axes, "adamax", "nadam", "radam", "ranger", "lion"]
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


# %%
def entrant(name):
    """The rule without weight decay; a new hyperparameter, fall = 1, lets lr fall to 0."""
    rule = getattr(rules, name)
    bare = {"weight_decay": 0.0} if name in ("adamw", "muon") else {}

    def run(x, g, s, t, lr, fall=0.0):
        return rule(x, g, s, t, lr=lr * (1 - fall * (t - 1) / T), **bare)

    run.__name__, run.matrices = name, getattr(rule, "matrices", False)
    return run


# %% [markdown]
# Are these the rules that train networks? We hold those that torch has against `torch.optim`, on Ackley.

# %% jupyter={"source_hidden": true}
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

# %%
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
# **Predict.** Write down, for each of the six maps, whom you expect first from its own start. And does anyone win on more than two?
#
# (It runs for less than a minute: 1,530 walks for each rule on each map.)

# %%
arrival = np.zeros((len(names), len(maps), 17, len(lrs), 2))  # rule, map, start, lr, heat
with progress_bar(total=arrival.shape[0] * arrival.shape[1]) as bar:
    for i, name in enumerate(names):
        for j, surface in enumerate(maps):
            paths = descend(surface, entrant(name), starts_on(surface), T, lr=lrs, fall=[0, 1])
            answer = paths.follow("a") if name == "schedule_free" else paths
            arrival[i, j] = answer.arrival.numpy()
            bar.update()
arrival[arrival < 0] = np.inf  # never

# %% jupyter={"source_hidden": true}
# The table as a picture (open to see the code)


def plot_table(share, words, title, alt):
    figure = plotting.Figure((9, 7.2), alt)
    ax = figure.add_subplot()
    ax.set_title(title, pad=12)
    ax.imshow(share, aspect="auto", cmap="Blues", vmin=0, vmax=1.9)
    ax.set_xticks(range(len(labels)), labels)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.grid(False)
    ax.axhline(len(turns) - 0.5, color="black", linewidth=1)
    for (i, j), word in np.ndenumerate(words):
        first = share[i, j] == share[:, j].max() > 0
        ax.text(j, i, word, ha="center", va="center", weight="bold" if first else None)
    return figure


# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
steps = arrival[:, :, 0, :, 0].min(axis=-1)  # own start, best lr, first heat
arrives = np.isfinite(steps)
plot_table(
    np.where(arrives, steps.min(axis=0).clip(max=T) / steps, 0.0),
    np.where(arrives, np.where(arrives, steps, 0).astype(int).astype(str), "·"),
    "From its one start, each map has another winner, and one has none",
    "A table of steps to arrival: nineteen rules on six maps, each at its best constant lr.",
)

# %%
for j in range(4):  # the four maps without hollows
    first = [name for name, s in zip(names, steps[:, j], strict=True) if s == steps[:, j].min()]
    print(f"{labels[j]}: {' and '.join(first)}, {steps[:, j].min():.0f} steps")
print("rules that arrive on all six:", int(arrives.all(axis=1).sum()))

# %% [markdown]
# Steps until it arrives; a dot is "never, with any of 45 lr". The first are in bold. Below the line are the rules that treat each coordinate by itself.
#
# Momentum and Nesterov in the valleys, Adam on Beale, Adagrad and RMSProp at the saddle, and a rule for Ackley that leads nowhere else. (AdamW without decay
# is Adam. ASGD is nearly SGD here: its average begins after a million steps.) Do you believe the table?

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A lucky start
#
# P in the opening picture was AdaMax, with the lr that won it its 61 steps on Ackley. We move its start a little: 81 starts, up to 0.2 away.
#
# **Predict.** From how many of the 81 does P arrive?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
near = torch.linspace(-2.2, -1.8, 9, dtype=torch.float64)
moved = descend("ackley", "adamax", torch.cartesian_prod(near, near), 500, lr=10**-0.5)
arrived = int((moved.arrival >= 0).sum())
print("from fewer than one in ten:", 0 < arrived < 8)

# %% [markdown]
# So: on P again? It was luck, twice. At this lr it jumps over hollows, and this one path happened to come to rest at the tip. And (−2, −2) is a special
# start: both coordinates are equal and stay so. All rules walk along the diagonal, in one dimension.
#
# So a victory from one start is worth little. It is the same with one seed (lecture 1, *Luck*).

# %% [markdown] slideshow={"slide_type": "slide"}
# ### From sixteen starts
#
# A fairer question: with *one* lr for the map, chosen afterwards as the best, from how many of 16 random starts does the rule arrive?
#
# **Predict.** Which columns change most?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
share = np.isfinite(arrival[:, :, 1:]).mean(axis=2)  # rule, map, lr, heat


def plot_share(heat, title):
    best = share[..., heat].max(axis=-1)
    words = np.where(
        best > 0, np.char.add((100 * best).round().astype(int).astype(str), " %"), "·"
    )
    alt = f"{title}. The part of 16 starts, for nineteen rules on six maps, at the best lr."
    return plot_table(best, words, title, alt)


plot_share(0, "From 16 starts, at a constant lr: hollows stop nearly everyone")

# %%
best = share[..., 0].max(axis=-1)
for j in (0, 2):
    print(f"{labels[j]}: rules that arrive from all 16 starts: {int((best[:, j] == 1).sum())}")
for j in (3, 5):
    print(f"{labels[j]}: no rule arrives from half of them: {best[:, j].max() < 0.5}")

# %% [markdown]
# - *The saddle* is no difficulty at all: only the start on the ridge was. Whoever won there, won at that start.
# - *Rosenbrock:* the best arrive from a third of the starts or less, and a start more or less decides their order. From one start, there seemed to be a winner.
# - *Ackley:* an average of points that jump around the tip is near the tip. So Schedule-Free's answer arrives more often than anyone. Lion steps by lr whatever the
#   slope, and it remembers for a hundred steps: it feels the funnel more than the hollows.
# - *Rastrigin:* hardly anyone, with a constant lr.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### How wide is the good range?
#
# We gave each rule its best of 45 lr. You will not have 45 tries. If a rule arrives at one lr only, it is not much of a winner.
#
# **Predict.** Who is least fussy on the four maps without hollows? And is there a rule for which one lr will do on all four?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
shown = ["sgd", "momentum", "nesterov", "adagrad", "adam", "muon"]
print(f"{'':10}" + "".join(f"{label:>13}" for label in labels[:4]))
for name in shown:
    told = []
    for j in range(4):
        good = lrs[share[names.index(name), j, :, 0] >= 0.5]
        ratio = good.max() / good.min() if len(good) else 0
        told.append(f"× {ratio:,.{0 if ratio > 9 else 1}f}" if ratio else "-")
    print(f"{name:10}" + "".join(f"{t:>13}" for t in told))

# %% [markdown]
# (The range of lr with which at least half of the 16 starts arrive: "× 10" means that the highest is ten times the lowest. "-": none.)

# %%
figure = plotting.plot_curves(
    {name: (lrs, share[names.index(name), :4, :, 0].mean(axis=0)) for name in shown},
    title="No single lr is good on all four maps, for any of these rules",
    xlabel="lr, the same on all four",
    ylabel="part of all 64 walks that arrive",
    log="x",
)
figure.axes[0].set_ylim(-0.03, 1.2)
figure.axes[0].legend(ncols=3, loc="upper left")
figure

# %% [markdown]
# Adam's range is the widest on three of the maps. (On Rosenbrock, nobody arrives from half of the starts.) Its lr is a length: how far to go in a step (lecture 5), and all these maps are a few units wide. The lr of SGD and momentum is measured in
# one over curvature: the edge is at lr 1 in the long valley and near 0.002 on Rosenbrock. That is much of what "Adam needs less tuning" means.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The second heat: lr falls
#
# The same starts, the same 45 lr to begin with. But now lr falls to 0 in a straight line.
#
# **Predict.** Who gains, and on which maps? Who loses?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
plot_share(1, "With an lr that falls, plain SGD gets to the bottom of Ackley")

# %%
first, second = share[..., 0].max(axis=-1), share[..., 1].max(axis=-1)
sgd, muon = names.index("sgd"), names.index("muon")
print(
    f"SGD on Ackley: {first[sgd, 4]:.0%} of the starts, with a falling lr {second[sgd, 4]:.0%}"
)
print(
    "SGD on Rastrigin, falling, beats all at constant lr:", second[sgd, 5] > first[:, 5].max()
)
print(
    "Muon on Rosenbrock, falling: more than half, and the most:",
    0.5 < second[muon, 3] == second[:, 3].max(),
)
print("rules that gain on Ackley:", "most" if (second > first)[:, 4].sum() > 9 else "few")
print("rules that lose on Beale:", "most" if (second < first)[:, 1].sum() > 9 else "some")

# %% [markdown]
# A schedule changes the order more than most rules do.
#
# - *Ackley:* a large lr first, to leave the hollows, then a small one, to settle at the tip. That is what it needed. SGD goes from no start to all.
# - *Rastrigin:* beyond the edge of the hollows, SGD is thrown about by their walls. It makes its own noise. The shallow bowl pulls it to the middle meanwhile. When
#   lr falls below the edge, it is caught by a hollow near the middle, and more often than not by the right one.
# - *Rosenbrock and Beale:* Muon, no leader before. Its steps have one length, whatever the slope; with an lr that falls it can also settle.
# - Some lose: where the way is long, a falling lr is a shorter walk.
#
# That is no defect of the race. It is what a ranking *is*: it belongs to a map, a start, an lr, a budget and a schedule.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who wins where, and why
#
# Each rule looks at something and is blind to something. Where the difficulty is one to which it is blind, it wins.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The saddle: who ignores the size of a slope
#
# From the saddle's own start: one coordinate has a slope of 2, the other of a thousandth.
#
# **Predict.** Who leaves the ridge first? For SGD, the distance from the ridge grows by the factor $1 + \mathrm{lr}$ at each step. How many steps does it need with lr 0.5, from 0.001 to 1?

# %%
racers = {"SGD": "sgd", "RMSProp": "rmsprop", "Lion": "lion"}
race("saddle", racers, lr=(0.01, 0.06, 1.0), steps=30)

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
print(f"theory: ln 1000 / ln 1.5 = {np.log(1000) / np.log(1.5):.0f} steps")
leaving = descend("saddle", "sgd", lr=0.5, steps=50)
print("SGD, lr 0.5, is half-way at step", int((leaving.x[:, 1].abs() > 0.5).int().argmax()))
for name in ("rmsprop", "adam", "lion"):
    x = descend("saddle", name, lr=0.05, steps=1).x
    along, away = (x[1] - x[0]).abs().tolist()
    print(f"{name}: first step {along:.3g} along the ridge, {away:.3g} away from it")

# %% [markdown]
# A rule that divides each slope by its own size, or takes only its sign, does not notice that one of them is tiny. It leaves the ridge with the first step. The same
# blindness is the weakness of Lion at the end: there the slope says "stop", and it does not listen.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The turned valley: who looks at the axes
#
# We turn the map, start included. A rule that sees only vectors (sums and lengths of gradients) walks the turned path. Lecture 4 had one angle and three rules; now all nineteen.
#
# **Predict.** Which rules walk the same path, turned? And which walk the same path when the loss is multiplied by 1,000?


# %%
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


# %%
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

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
for change, blind in kept.items():
    print(f"the same path on a map {change}: {', '.join(blind)}")

# %% [markdown]
# (To 2 %: Muon computes with eight binary digits.) The first group does not see axes, but it sees heights. Nearly all others see axes and no heights. RAdam and Ranger see both: their first steps are
# plain momentum (lecture 5). And Muon sees neither.
#
# Now the times. The same valley at seven angles, each rule at its best lr:

# %%
angles, curves = list(range(0, 91, 15)), {}
for name in progress_bar(["sgd", "momentum", "adagrad", "adam", "adamax"]):
    walks = [
        descend(turned(straight, a), name, lr=np.geomspace(0.01, 10, 49), steps=400)
        for a in angles
    ]
    times = [w.arrival[w.arrival >= 0].min().item() for w in walks]
    curves[name] = angles, times

# %%
figure = plotting.plot_curves(
    curves,
    title="Turning the valley ruins Adagrad, and momentum does not notice",
    xlabel="the valley is turned by … degrees",
    ylabel="steps, at the best lr",
    log="y",
)
figure.axes[0].set(xticks=angles, ylim=(3, 3000))
figure.axes[0].legend(ncols=3, loc="upper left")
figure

# %%
at = dict(zip(angles, curves["adagrad"][1], strict=True))
print(f"Adagrad along the axes: {at[0]} steps; turned by 45°: {at[45]}")
print("momentum, steps at all angles:", *set(curves["momentum"][1]))
to_1 = np.log(0.01) / np.log(0.9**0.5)
print(f"a momentum of 0.9 leaves √0.9 a step: {to_1:.0f} steps to 1 %")

# %% [markdown]
# Along the axes, Adagrad makes a round bowl of the valley. At 45° both coordinates look alike, so there is nothing to divide by. Adam hardly cares here: its momentum of 0.9 sets the
# pace (lecture 3: at best it leaves √0.9 of the distance a step), on every map of this kind.
#
# Two rules, one map, and the angle decides who wins. Is a network's valley turned? Nobody turns its weights. But nobody has laid its valleys along them, either.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The bent valleys: who keeps going where it is flat
#
# *(For home.)* On the floor of Rosenbrock's valley the slope is small. SGD's steps shrink with it. (Lecture 1 has its crawl.) Momentum adds the small slopes up. Muon's steps stay as long as lr says. (A point is a matrix
# of one column here. To make it "orthogonal" is to give it the length 1, roughly.) Muon's lr falls here, that of momentum stays.
#
# **Predict.** Momentum is set well. Can you find an lr with which Muon arrives in 300 steps, too? In which of the two is lr a length?

# %%
racers = {
    "momentum": ("momentum", {"lr": 0.003}),
    "Muon": (entrant("muon"), {"lr": (0.005, 0.01, 0.1), "fall": T / 300}),
}
race("rosenbrock", racers, steps=300)

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
bent = surfaces.rosenbrock
for name, lr in (("sgd", 0.001), ("momentum", 0.003), ("muon", 0.02)):
    x = descend(bent, entrant(name), lr=lr, steps=60).x
    length = x.diff(dim=0).norm(dim=-1)[20:] / lr
    low, high = length.min(), length.max()
    print(f"{name:8} lr {lr}: steps 21 to 60 are {low:.1g} to {high:.1g} lr long")
walks = descend(bent, entrant("muon"), lr=np.geomspace(0.005, 0.1, 41), fall=T / 300, steps=300)
print("Muon arrives at more than 5 of 41 lr:", int((walks.arrival >= 0).sum()) > 5)

# %% [markdown]
# SGD's steps are short because the slope is small. Momentum's grow, and it arrives near lr 0.003. Muon's have the length lr, whatever the slope: it needs an lr that begins large
# enough for the way. As it ends at 0, it can settle.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which starts reach the minimum
#
# All starts that lead to the minimum are its *basin*, for this rule and these settings. We take 61 × 61 starts, run 500 steps, and colour those that end at the
# minimum.
#
# **Predict.** What does SGD's basin look like on Ackley's map with a small lr? And with a large one that falls?

# %%
side = torch.linspace(-3.5, 3.5, 61, dtype=torch.float64)
everywhere = torch.cartesian_prod(side, side)
cases = [("sgd", 0, 0.01), ("sgd", 1, None), ("adam", 1, None), ("lion", 1, None)]
basins = {}
for j in progress_bar((4, 5)):
    for name, fall, lr in cases:
        lr = lr / (j - 3) ** 2 if lr else lrs[share[names.index(name), j, :, fall].argmax()]
        ends = descend(maps[j], entrant(name), everywhere, T, lr=lr, fall=fall).x[-1]
        basins[j, name, fall] = (ends.norm(dim=-1) < 0.1).reshape(61, 61)

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
figure = plotting.Figure(
    (12, 6.6), "Starts that end at the minimum, for four walkers on two maps."
)
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

# %%
for j in (4, 5):
    small, falls = (basins[j, "sgd", fall].double().mean() for fall in (0, 1))
    print(
        f"{labels[j]}: with a small lr from less than 5 % of the starts: {bool(small < 0.05)}"
    )
    print(
        f"{labels[j]}: with one that falls from ten times as many: {bool(falls > 10 * small)}"
    )

# %% [markdown]
# With a small lr the basin is the hollow of the minimum itself, and each other hollow has its own. Rastrigin's map is a sum of two functions of one coordinate, so SGD walks each coordinate by itself: hence the stripes. (And the percentages there are rough: for each coordinate, these are only 61 starts.) Where a basin is speckled, a hair's breadth decides: such a path is as good as random. A
# victory there is a throw of dice.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Noise as an aid
#
# The gradient of a network is noisy (lecture 1). Here we add noise to that of the map, $g + \sigma \xi$, and let lr fall from *below* the edge of the hollows: without noise, SGD stays in the first one.
#
# **Predict.** Does more noise mean more arrivals? On both maps?

# %%
levels, success = [0, 1, 2, 5, 10, 20, 50, 100], {}
for surface, lr in ((surfaces.ackley, 0.035), (surfaces.rastrigin, 0.0045)):
    lucky = noisy(entrant("sgd"))
    ends = descend(surface, lucky, steps=T, lr=lr, fall=1.0, noise=levels, seed=range(50)).x[-1]
    success[surface.name] = levels, 100 * (ends.norm(dim=-1) < 0.1).double().mean(dim=1)

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
plotting.plot_curves(
    success,
    title="On Ackley the right noise helps; on Rastrigin hardly any does",
    xlabel="noise σ",
    ylabel="% of 50 walks that end at the minimum",
)

# %%
for surface, a, b in (
    (surfaces.ackley, (-2, -2), (-1.5, -2)),
    (surfaces.rastrigin, (-3, 2), (-2.5, 2)),
):
    low, high = surface(torch.tensor([a, b], dtype=torch.float64)).tolist()
    print(f"{surface.name}: from the hollow to the pass beside it, {high - low:.1f} up")

# %% [markdown]
# Too little noise, and it stays where it is. Too much, and it is thrown about until lr has become too small to come back. Between them it shakes the walker out of the
# small hollows, but not out of the funnel. Rastrigin's hollows are more than ten times as deep: noise that gets over these walls gets over everything.
#
# So noise can help, by the depth of the hollows. Drag it. (Another `seed` is other luck.)

# %%
explore(
    "ackley", noisy(entrant("sgd")), lr=0.035, fall=1.0, noise=(0.0, 5.0, 40.0), seed=3, steps=T
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why nobody wins everywhere
#
# You have seen pairs of maps that exchange winner and loser: turn the valley, and Adagrad falls from first to last; move the start off the ridge, and the saddle is nothing special.
# Could a cleverer rule win on *all* maps?
#
# D. Wolpert and W. Macready (1997) proved that none can, in this sense. Let there be finitely many points and finitely many heights. A *search* looks at one new point after another, and may use all
# heights seen so far to choose the next. Then for any two searches $a$ and $b$, any number $m$ of looks and any sequence $d$ of $m$ heights:
#
# $$\sum_{f} P(d \mid f, m, a) = \sum_{f} P(d \mid f, m, b) \qquad \text{the sums being over } \textit{all } \text{maps } f$$
#
# In words: averaged over all maps, all searches see the same. This is the *no-free-lunch theorem*.
#
# It can be checked by brute force. Seven points in a row, three heights: $3^7$ maps. Three searches begin in the middle: from left to right; downhill (look beside the lowest point so far); and uphill (look beside the *highest*). All
# look for the lowest point.
#
# **Predict.** How many looks does each need, on average over all maps? And on those maps that have a single hollow?


# %%
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


# %%
searches = {"left to right": left_to_right}
searches |= {"downhill": partial(beside, best=min), "uphill": partial(beside, best=max)}
every = list(product(range(3), repeat=7))


def single_hollow(f):
    slopes = [b > a for a, b in pairwise(f) if a != b]
    return slopes == sorted(slopes)  # first down, then up


# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
hollow_maps = [f for f in every if single_hollow(f)]
for name, search in searches.items():
    total = sum(looks(search, f) for f in every)
    there = sum(looks(search, f) for f in hollow_maps) / len(hollow_maps)
    print(
        f"{name:13}: {total} looks on all {len(every)} maps; {there:.2f} with a single hollow"
    )

# %% [markdown]
# Exactly the same, over all maps. Where there is a single hollow, downhill is best. What it saves there, it pays on the other maps, to the last look.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What the theorem does not say
#
# - **Not** that all rules are equal on *your* maps. It is about the average over all maps, with equal weight. Nearly all of those are pure chance: the height at a point tells nothing about the next one.
#   The loss of a network is not like that. It has slopes that hold for a while, or no rule of this course would work.
# - **Not** that searching is in vain. It says that a search can be good only because of something it *assumes*: here, that there is a single hollow.
# - **Not** anything about rules that look at the same point twice, or about time. And our rules see gradients, not heights: for those the theorem would have to be stated anew.
#
# What remains is a good question to ask of any winner: *what does it assume, and does that hold where I use it?* SGD assumes that one lr fits all directions. Adagrad assumes that the axes matter. Lion assumes that
# somebody will lower lr.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From two weights to many
#
# Does the race tell who trains a network best? There is a fair comparison on all of MNIST, with 20 seeds each (lecture 10). Thirteen of our rules are in it.
#
# **Predict.** We plot its accuracies against the part of all walks of our first heat that arrive. Rising, falling, or a cloud?

# %%
from course_utils import benchmark

table = benchmark.standings(benchmark.results())
called = {name: name.lower() for name in table.index} | {"ScheduleFree": "schedule_free"}
both = [name for name in table.index if called[name] in names]
index = [names.index(called[name]) for name in both]
in_two = table.accuracy[both].mul(0) + 100 * first[index].mean(axis=1)

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
figure = plotting.Figure(
    alt="Accuracy on MNIST against the part of walks that arrive: a cloud."
)
ax = figure.add_subplot(title="Who arrives on six maps is not who learns MNIST best")
ax.plot(in_two, table.accuracy[both], **(plotting.STYLES[0] | {"linestyle": "none"}))
for x, y, name in zip(in_two, table.accuracy[both], both, strict=True):
    name = {"Adam": "", "AdamW": "Adam, AdamW"}.get(name, name)  # one dot
    ax.annotate(name, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=11)
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

# %% [markdown]
# No relation found. What carries over from two weights to many, and what does not?
#
# | | in our race | in a network |
# | --- | --- | --- |
# | **Carries over:** edges, zigzag, overshooting, momentum, the scale of lr, a falling lr, what a rule is blind to | seen | the same mechanisms, in many directions at once |
# | hollows | what stops nearly everyone | among many weights, a point without slope is far more often a saddle than a hollow (Dauphin and others, 2014) |
# | the goal | *the* minimum, to 1 % | any point that is low, and does well on new pictures |
# | the gradient | exact | noisy |
# | the start | decides | at random, and much the same for all |
# | tuning | 45 lr for nothing | each try costs a training |
#
# Two dimensions are for seeing *how* a rule moves. For *which* rule is best, measure on what you train: fairly (lecture 10), and on something large (lecture 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### A velocity that outlives its run
#
# E's function takes the velocity as an argument with a default: `velocity=[0, 0]`. Python makes this list *once*, when the function is defined. All calls share it.
#
# **Predict.** We call the same function twice, with the same arguments. What differs? (Momentum 0.9, to make it visible; the right gradient.)


# %%
def descend_momentum(start, steps, lr=0.003, momentum=0.9, velocity=[0.0, 0.0]):  # noqa: B006
    x, points = list(start), [tuple(start)]
    for _ in range(steps):
        g = gradient(ackley, torch.tensor(x, dtype=torch.float64)).tolist()
        for i in (0, 1):
            velocity[i] = momentum * velocity[i] - lr * g[i]
            x[i] += velocity[i]
        points.append(tuple(x))
    return points


# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
for call in ("first", "second"):
    run = descend_momentum((-2.4, -2.5), steps=12)
    moved = [f"{end - begin:+.3f}" for begin, end in zip(run[0], run[1], strict=True)]
    x1, x2 = run[-1]
    print(f"{call:6} call: first step {', '.join(moved)}; ends at ({x1:.2f}, {x2:.2f})")

# %% [markdown]
# The second run begins with the speed at which the first one ended. With E's momentum of 0.1 it fades within a few steps, and nobody would notice; in a comparison of ten rules, the order in which they run would
# matter. Write `velocity=None` and make a new one inside. (A rule of this course cannot do that: its memory `s` is handed in and handed back.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A short step is no arrival
#
# E stops when a step is shorter than $h = 0.001$. A step is short where the slope is small, *or where lr is*.
#
# **Predict.** SGD with the exact gradient on the four maps without hollows. Where does this stop end the walk?

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look

# %%
for j, lr in enumerate((0.1, 0.01, 0.01, 0.001)):
    t, walk = stops(descend(maps[j], "sgd", lr=lr, steps=2000))
    print(
        f"{labels[j]:11} lr {lr:<5}: stops at step {t}, {walk.remaining[-1]:.0%} of the way is left"
    )

# %% [markdown]
# At the saddle, it stops on the ridge. On Rosenbrock, on the valley floor. Print the loss and the length of the gradient when you stop, and let it run on once, to see whether it was the end.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A minimum at the origin
#
# Why did we switch weight decay off? On Ackley and on Rastrigin the minimum is at (0, 0). Weight decay pulls every weight to 0.
#
# **Predict.** AdamW on Rastrigin with a strong decay, 2. Then the same, on a map that is moved by (5, 7), its start too.

# %% [markdown] jp-MarkdownHeadingCollapsed=true
# #### Then look


# %%
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

# %% [markdown]
# With decay, AdamW "solves" Rastrigin: it was told the answer. Many test functions have their minimum at the origin, and many a published method prefers the origin without saying so. Move the map.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs

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
# | E's program | a wrong difference, 2,455 times too long, with an lr far too small, from a lucky start: it arrives, and proves nothing |
# | a numerical gradient | central, to check a formula; within $h$ of a sharp tip it is wrong; $2n$ evaluations |
# | long, narrow valley | momentum, Nesterov, Adam; Adagrad if it lies along the axes |
# | saddle, from the ridge | whoever ignores the size of a slope: Adagrad, RMSProp |
# | bent valleys | Adam and momentum; steps of one length (Muon) once lr falls |
# | hollows | an lr that falls from beyond their edge, or noise of their size; no rule by itself |
# | widest range of lr | Adam |
# | who wins everywhere? | nobody; over all maps, no search is better than another |
# | what is a victory worth? | what its start, its lr, its schedule and its map are: name them |
#
# **Next.** How to compare rules on a network, where you cannot look (lecture 10), and whether it holds on a large one (lecture 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Add a cell below each question and try.
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
# <details><summary>Answer</summary>From about 0.018 to about 0.03: a smaller lr is a shorter walk than the way, a larger one is thrown past. Beyond that a single lr may arrive, and its neighbours do
# not: luck.</details>
#
# **3.** Find a map on which Adagrad beats momentum, and one on which momentum beats Adagrad, both with the curvatures 1 and 1,000. (`surfaces.bowl(1, 1000)` and `turned(…, 45)`.)
#
# <details><summary>Answer</summary>Along the axes Adagrad needs a few steps; turned by 45° it does not arrive in 3,000 steps. Momentum needs 91 on both.</details>

# %% [markdown]
# ## References
#
# - D. H. Ackley, [A Connectionist Machine for Genetic Hillclimbing](https://doi.org/10.1007/978-1-4613-1997-9), Kluwer, 1987: the funnel with hollows.
# - H. H. Rosenbrock, [An Automatic Method for Finding the Greatest or Least Value of a Function](https://doi.org/10.1093/comjnl/3.3.175),
#   Computer Journal 3, 1960: the bent valley.
# - D. H. Wolpert, W. G. Macready, [No Free Lunch Theorems for Optimization](https://doi.org/10.1109/4235.585893), IEEE Trans. Evolutionary
#   Computation 1, 1997: the theorem above is its Theorem 1.
# - Y. N. Dauphin and others, [Identifying and attacking the saddle point problem in high-dimensional non-convex optimization](https://arxiv.org/abs/1406.2572),
#   NeurIPS 2014: saddles rather than hollows.
# - R. M. Schmidt, F. Schneider, P. Hennig, [Descending through a Crowded Valley: Benchmarking Deep Learning Optimizers](https://arxiv.org/abs/2007.01547),
#   ICML 2021: fifteen optimizers on networks; the best one changes with the task.
