# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 2 · Learning-rate schedules
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/02_learning_rate_schedules.ipynb)
#
# Lecture 1 ended with a learning rate that works. It was one number for the whole way.
# This lecture is about why one number is not enough, and what to put in its place.

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
import inspect

from course_utils import data, models, optimizers, plotting, rules, schedules, surfaces
from course_utils.descent import descend
from course_utils.gradients import curvatures, relative_error
from course_utils.moving import Animation
from course_utils.noise import noisy
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.training import evaluate, fit
from course_utils.widgets import explore, explore_schedule

import numpy as np
import torch

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Two walkers in the fog
#
# Two walkers, P and Q, start at the white disc. Both see the slope wrongly. The error is a new one at each step, and the same for both.
# Both follow $x_t = x_{t-1} - \mathrm{lr}\; g_t$, and begin with the same lr.

# %% jupyter={"source_hidden": true}
# The code of this picture gives the answer away: open it later.
foggy = noisy(rules.sgd, noise=2.0)
ways = [0.3, schedules.Linear(0.3, steps=80)]
both = descend("quadratic", foggy, lr=ways, seed=1, steps=80)
Animation(dict(zip("PQ", both, strict=True)), title="The same start, the same errors")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** P is still on the move at the end, Q has come to rest near the star. Suppose that P may go on for ever. Will it arrive, come
# nearer and nearer, or stay as far off as now? And what did Q do differently?

# %% [markdown] slideshow={"slide_type": "notes"}
# Write your answer down.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Noise, on a map
#
# A mini-batch gives the gradient of all pictures, plus an error (lecture 1). The error points elsewhere at each step.
# On a map we imitate that: to the true gradient we add random numbers,
#
# $$\text{what the walker sees} = \nabla f(x) + \sigma\, \xi_t$$
#
# where $\xi_t$ is drawn anew at each step, from a normal distribution of mean 0 and variance 1 in each coordinate, and
# $\sigma$ says how large the error is.

# %% [markdown] slideshow={"slide_type": "notes"}
# `noisy(rule)` does that to any rule.

# %% slideshow={"slide_type": "subslide"}
there = (0.0, 0.0)  # the minimum, where the true gradient is 0
path = descend("quadratic", noisy(rules.sgd, noise=2.0), start=there, lr=0.1, steps=3)
for t, (x1, x2) in enumerate(path.x.tolist()):
    print(f"step {t}: ({x1:.3f}, {x2:.3f})")

# %% [markdown]
# We started at the best place there is. Three steps later, we are somewhere else. At the minimum the gradient is zero, but the
# error is not, and lr says how far it throws us.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Large steps, small steps
#
# **Predict**, before you drag: what does a small lr do to the *beginning* of the path? What does it do to the *end*?
#
# (All settings of the slider meet the same errors. Only lr differs.)

# %% slideshow={"slide_type": "subslide"}
explore("quadratic", noisy(rules.sgd, noise=2.0), lr=(0.01, 0.3, 0.49), steps=150)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **Large lr:** it is near the minimum within a few steps. Then it wanders about, over a wide area.
# - **Small lr:** it wanders less. But it takes all of its 150 steps to get there, or does not.
#
# Quick and wide, or slow and narrow. The best compromise lies in between.

# %% [markdown] slideshow={"slide_type": "notes"}
# Later we shall see it beaten, by an lr that changes on the
# way.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The noise ball
#
# How wide is the area in which it wanders? One direction is enough. There, $f = \tfrac12 \lambda x^2$, the gradient is
# $\lambda x$, and a step is
#
# $$x_t = (1 - \mathrm{lr}\,\lambda)\, x_{t-1} - \mathrm{lr}\, \sigma\, \xi_t$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first part shrinks the distance. The second part throws it out again. In the long run the two are in balance.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The error is independent of where we are, so the variances add:
#
# $$V = (1 - \mathrm{lr}\,\lambda)^2\, V + \mathrm{lr}^2 \sigma^2
# \qquad\Rightarrow\qquad V = \frac{\mathrm{lr}\; \sigma^2}{\lambda\, (2 - \mathrm{lr}\,\lambda)} \approx
# \frac{\mathrm{lr}\; \sigma^2}{2 \lambda}$$
#
# if lr is far below the edge. So a constant lr ends in a *noise ball*, of radius $\sqrt{V}$. It never gets smaller.

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** You take a quarter of lr. How much smaller is the radius of the ball? How many times as many steps does it take to get there?

# %% slideshow={"slide_type": "skip"}
ball_lrs = np.geomspace(0.01, 0.45, 10)
walks = descend(
    "quadratic", noisy(rules.sgd, 2.0), start=there, lr=ball_lrs, seed=range(20), steps=4000
)
radius = walks.x[2000:].square().mean(dim=(0, 2)).sqrt().numpy()  # (lr, direction)
lam = curvatures(surfaces.quadratic, torch.zeros(2, dtype=torch.float64)).numpy()
theory = np.sqrt(ball_lrs[:, None] * 2.0**2 / (lam * (2 - ball_lrs[:, None] * lam)))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
names = [f"flat direction, λ = {lam[0]:g}", f"steep direction, λ = {lam[1]:g}"]
figure = plotting.plot_curves(
    {name: (ball_lrs, radius[:, i]) for i, name in enumerate(names)},
    title="The smaller the learning rate, the smaller the ball",
    xlabel="lr",
    ylabel=r"radius of the ball, $\sqrt{V}$",
    log="xy",
)
for i in range(2):
    figure.axes[0].plot(ball_lrs, theory[:, i], "k:", label="theory" if i == 0 else None)
figure.axes[0].legend()
figure

# %%
off = np.abs(radius / theory - 1).max()
print(f"20 walkers, 2,000 steps each: measured and theory differ by {off:.0%} at most")
print(f"lr = {ball_lrs[0]:g}, flat: {radius[0, 0]:.2f}; four times lr: ", end="")
print(
    f"about {np.interp(4 * ball_lrs[0], ball_lrs, radius[:, 0]) / radius[0, 0]:.1f} times that"
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - A quarter of lr makes the radius half as large. And each step leaves $1 - \mathrm{lr}\,\lambda$ of the distance, so the way along the flat
#   direction takes about four times as many steps. Precision is dear.
# - The flat direction has the wider ball: there, little pulls the walker back.

# %% [markdown] slideshow={"slide_type": "notes"}
# - At the far left, the flat direction is a little off: there, a walker forgets where it was only after 500 steps, so its 2,000 steps
#   are worth few independent ones.
# - Near the edge the ball of the steep direction grows faster than that. At the edge there is no balance any more.

# %% [markdown] slideshow={"slide_type": "fragment"}
# How much loss is that? Far below the edge, each direction adds $\tfrac12 \lambda V \approx \tfrac14\, \mathrm{lr}\, \sigma^2$, **whatever its
# curvature**.

# %% [markdown] slideshow={"slide_type": "notes"}
# If the noise of a network is like this, it pays for each of its many weights.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Begin large, end small
#
# Now the opening question. P kept its lr of 0.3, and so it will wander for ever, no nearer. Q began with the same lr, and made it
# smaller at each step, down to 0. First it used large steps to get there. Then it used small ones, to let the ball shrink.

# %%
on_and_on = descend("quadratic", foggy, lr=ways, seed=1, steps=5000)
for name, path in zip("PQ", on_and_on, strict=True):
    late = path.loss[-1000:].mean()
    print(f"{name}, mean loss of the last 1,000 of 5,000 steps: {late:.2f}")

# %% [markdown] slideshow={"slide_type": "notes"}
# (Q has stood still since its lr became 0: near the minimum, not at it. It saw too few slopes to know better.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The rule is the old one, and so is its card. Only lr is no longer a number: it is a function of the step $t$, a *schedule*.

# %%
show_rule(rules.sgd)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Linear decay
#
# The simplest schedule is a straight line. Notebook A (one of the public teaching notebooks from which this course is built: see
# the index) writes it in two formulas. Count the steps from $k = 0$. Then
#
# $$\mathrm{lr}_k = \Big(1 - \frac{k}{\tau}\Big)\, \mathrm{lr}_0 + \frac{k}{\tau}\; \mathrm{lr}_\tau
# \quad \text{for } k \le \tau,
# \qquad\qquad \mathrm{lr}_k = \mathrm{lr}_\tau \quad \text{for } k > \tau$$
#
# It begins at $\mathrm{lr}_0$, arrives at $\mathrm{lr}_\tau$ after $\tau$ steps, and stays there.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Our steps are counted from
# $t = 1$, so $k = t - 1$.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# This is the very code that runs:

# %%
print(inspect.getsource(schedules.Linear.__call__), inspect.getsource(schedules.line), sep="\n")

# %% [markdown] slideshow={"slide_type": "subslide"}
# A trains a network with layers of 784, 500, 256 and 10 units for 5 epochs of 938 batches. Its lr falls from 0.005 to 0.0001. In another
# run, A keeps lr at 0.001.
#
# **Predict.** In which of the five epochs does the falling lr get below 0.001? What is it when the training goes on for a sixth?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
tau = 5 * 938
of_a = schedules.Linear(lr=0.005, steps=tau, final=0.0001)
for t in (1, tau + 1, tau + 939):
    print(f"step {t:5,}: lr = {of_a(t):.6g}")
below = next(t for t in range(1, tau) if of_a(t) < 0.001)
print(f"below 0.001 from step {below:,} on, in epoch {1 + below // 938}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# For four epochs of five, it is above 0.001.

# %% [markdown] slideshow={"slide_type": "notes"}
# Remember that for *Two changes at once*, below. After $\tau$ it stays.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The same schedule in torch
#
# torch has schedulers. They change the `lr` of an optimizer from outside, one `scheduler.step()` after each
# `optimizer.step()`. We take 60 steps both ways.

# %%
w = torch.tensor(surfaces.quadratic.start, dtype=torch.float64, requires_grad=True)
sgd = torch.optim.SGD([w], lr=0.4)
scheduler = torch.optim.lr_scheduler.LinearLR(sgd, 1.0, end_factor=0.1, total_iters=40)
theirs = [w.detach().clone()]
for _ in range(60):
    sgd.zero_grad()
    surfaces.quadratic(w).backward()
    sgd.step()
    scheduler.step()
    theirs.append(w.detach().clone())
ours = descend("quadratic", "sgd", lr=schedules.Linear(0.4, steps=40, final=0.04), steps=60).x
print("same path to 12 digits:", relative_error(torch.stack(theirs), ours) < 1e-12)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three sliders
#
# Three numbers make the line. Here they are.
#
# **Predict.** What goes wrong when $\tau$ is much too short? When it is too long? What does a large $\mathrm{lr}_\tau$ do?


# %% slideshow={"slide_type": "subslide"}
def linear(lr_0, lr_τ, τ):
    return schedules.Linear(lr=lr_0, steps=round(τ), final=lr_τ)


fog = noisy("sgd", noise=2.0, seed=27)
explore_schedule(
    linear,
    "quadratic",
    fog,
    steps=100,
    lr_0=(0.05, 0.3, 0.6),
    lr_τ=(0, 0, 0.3),
    τ=(5, 100, 100),
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. **τ too short** (5 to 15), with lr_τ = 0: lr is gone before the walker has arrived. It freezes on the way.
# 2. **τ as long as the walk** (100): large steps at first, then the ball shrinks until the end.
# 3. **lr_τ large:** the ball does not shrink below what that lr allows. At lr_τ = lr_0 it is the constant lr again.

# %% [markdown] slideshow={"slide_type": "notes"}
# 4. **lr_0 beyond the edge** (0.6, with τ near 50): the first jumps grow. But the edge counts only while lr is above it: then the
#    walker comes back, and ends near. A schedule may begin where a constant lr could not stay.
#
# (The title never says *converged* here: 1 % of the way is finer than the fog allows.)

# %% [markdown]
# So τ is best about as long as the training (a single walk may be luckier with another). That is the weak point of all such schedules: you have to know the end before you
# begin.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How fast may it fall?
#
# Must one know the end? Let us try an lr that falls for ever, like $0.2 / t^p$.
#
# **Predict.** Four walkers: $p = 0$ (constant), $\tfrac12$, $1$ and $2$. Two of the four never arrive, for opposite reasons. Which? And who is
# lowest after 1,000 steps?

# %% slideshow={"slide_type": "skip"}
powers = {"p = 0": 0, "p = 1/2": 0.5, "p = 1": 1, "p = 2": 2}
falling = [lambda t, p=p: 0.2 * t**-p for p in powers.values()]
walks = descend("quadratic", noisy("sgd", 2.0), lr=falling, seed=range(100), steps=1000)
mean_loss = walks.loss.mean(dim=-1).numpy()

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (np.arange(1001), mean_loss[:, i]) for i, name in enumerate(powers)},
    title="Neither too slowly nor too fast: of these four, 1 / √t",
    xlabel="step",
    ylabel="loss, mean of 100 walkers",
    log="xy",
)
figure.axes[0].set(xlim=(1, 1000))
for line in figure.axes[0].lines:
    line.set_markevery([1, 3, 10, 30, 100, 300, 1000])
figure

# %%
reach = np.cumsum([0.2 * np.arange(1, 1001.0) ** -p for p in powers.values()], axis=1)[:, -1]
for name, total in zip(powers, reach, strict=True):
    print(f"{name}: all 1,000 learning rates together make {total:.3g}")

# %% [markdown] slideshow={"slide_type": "notes"}
# - $p = 0$ is first at the beginning, then stays in its ball.
# - $p = 2$ gets stuck. All its learning rates together, however many, make less than 0.33. Along the flat direction, a step leaves
#   $1 - 0.2\,\mathrm{lr}_t$; all together, they leave about $e^{-0.2 \sum \mathrm{lr}_t}$, which is nearly everything.
# - $p = 1$ gets there, in principle: the sum of $1/t$ has no limit. But it grows so slowly that you will not live to see it.
# - $p = \tfrac12$ is the lowest here.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Robbins and Monro (1951) asked how fast lr may fall. With noise, this is enough to arrive (in a bowl such as ours):
#
# $$\sum_t \mathrm{lr}_t = \infty \quad \text{(you can get anywhere)} \qquad
# \sum_t \mathrm{lr}_t^2 < \infty \quad \text{(the noise dies out)}$$
#
# So $1/t$ is allowed, and $1/t^2$ is not.

# %% [markdown]
# ($1/\sqrt t$ just misses the second. It arrives in our bowl, too.)

# %% [markdown]
# It is a law about
# eternity. With 1,000 steps, one does better to know the end.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## The shapes in use
#
# These are the schedules that you will meet. All begin at lr = 1 here, or climb to it, and have 100 steps.

# %%
shapes = {
    "constant": lambda lr, n: schedules.Constant(lr),
    "step": lambda lr, n: schedules.Step(lr, every=n // 3 + 1, factor=0.1),
    "exponential": lambda lr, n: schedules.Exponential(lr, factor=0.01 ** (1 / n)),
    "linear": lambda lr, n: schedules.Linear(lr, steps=n),
    "cosine": lambda lr, n: schedules.Cosine(lr, steps=n),
    "one-cycle": lambda lr, n: schedules.OneCycle(lr, steps=n),
}
t = np.arange(1, 101)
plotting.plot_curves(
    {name: (t, [make(1.0, 100)(int(i)) for i in t]) for name, make in shapes.items()},
    title="Six ways through 100 steps",
    xlabel="step",
    ylabel="lr",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# - **Step:** divide by ten now and then, perhaps when the loss stalls.
# - **Exponential:** divide by a little, always.
# - **Linear, cosine:** down to nothing at a known end. The cosine is flat, steep, flat.
# - **One-cycle:** up first, then down. Why up? See *Warm-up*, below.


# %% [markdown] slideshow={"slide_type": "notes"}
# Each that changes is the same as its namesake in torch. *(For home.)*


# %% slideshow={"slide_type": "skip"}
def torchs(make, lr=1.0, n=100, **arguments):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler = make(optimizer, **arguments)
    found = []
    for _ in range(n):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


# %% slideshow={"slide_type": "skip"}
lr_scheduler = torch.optim.lr_scheduler
same = {
    "step": torchs(lr_scheduler.StepLR, step_size=34, gamma=0.1),
    "exponential": torchs(lr_scheduler.ExponentialLR, gamma=0.01 ** (1 / 100)),
    "linear": torchs(lr_scheduler.LinearLR, start_factor=1.0, end_factor=0.0, total_iters=100),
    "cosine": torchs(lr_scheduler.CosineAnnealingLR, T_max=100),
    "one-cycle": torchs(
        lr_scheduler.OneCycleLR, max_lr=1.0, total_steps=100, cycle_momentum=False
    ),
}
for name, found in same.items():
    ours = [shapes[name](1.0, 100)(int(i)) for i in t]
    print(
        f"{name:12} the same as torch.optim.lr_scheduler: {np.allclose(ours, found, rtol=1e-9, atol=1e-12)}"
    )

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Does the shape matter?
#
# 100 noisy steps on our bowl. To be fair, each shape gets its own best lr, out of 15, judged by 200 walkers. Then 1,000
# *other* walkers say how good that is. (What was chosen because it looked best was partly lucky: lecture 10.)
#
# **Predict.** Which of the five falling shapes gains nothing over a constant lr?


# %% slideshow={"slide_type": "skip"}
def walkers_of(lr, seed):
    """The losses at the end, after 100 noisy steps: (settings of lr, seeds)."""
    return descend("quadratic", noisy("sgd", 2.0), lr=lr, seed=seed, steps=100).loss[-1]


tries = np.geomspace(0.02, 1.0, 15)
final = {}
for name, make in progress_bar(shapes.items()):
    tuning = walkers_of([make(lr, 100) for lr in tries], range(200))
    best = tries[tuning.mean(dim=-1).nan_to_num(torch.inf).argmin()]
    final[name] = best, walkers_of(make(best, 100), range(1000, 2000))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
order = sorted(final, key=lambda name: final[name][1].mean())
means = np.array([final[name][1].mean() for name in order])
errors = np.array([final[name][1].std() / 1000**0.5 for name in order])
figure = plotting.Figure(
    (9, 3.6),
    "The mean loss at the end, with error bars, for six shapes: four that fall smoothly are close.",
)
ax = figure.add_subplot(
    title="Down, and smoothly: four are close, two are not",
    xlabel="loss at the end, mean of 1,000 walkers",
)
ax.errorbar(means, range(len(order)), xerr=2 * errors, fmt="o", capsize=5, color=plotting.BLUE)
ax.set_yticks(range(len(order)), [f"{name}, lr {final[name][0]:.2g}" for name in order])
ax.invert_yaxis()
figure

# %% slideshow={"slide_type": "notes"}
for name, mean, error in zip(order, means, errors, strict=True):
    print(f"{name:12} {mean:.3f} ± {2 * error:.3f}  best lr {final[name][0]:.2g}")

# %% [markdown] slideshow={"slide_type": "notes"}
# (The bars are two standard errors to each side. All shapes met the same errors, so a difference between two of them is surer than the bars
# suggest.)
#
# - The four that go down smoothly all end lower than the constant lr. The differences among them are smaller than that.
# - The tuned constant lr is the lowest of all: it has to serve both ends of the walk.
# - *Step* is no better than constant here. It falls too far, too early: its last third has a hundredth of lr, and moves nobody.
#   (Exercise 3 mends it.)
#
# Mind the grid when you tune. Had it ended at 0.5, *exponential* would have been cut off at the last value. A best value at the end of its
# grid is no best value.

# %% [markdown] slideshow={"slide_type": "fragment"}
# That is the general experience with networks, too: let lr go down smoothly, tune where it begins, and do not worry about the shape.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Warm-up
#
# So far lr only fell. Why should it begin *small*?
#
# One reason is visible on Beale's function. The edge, $2 / \lambda_{\max}$, is where you are (lecture 1), and some places are
# steep.

# %%
beale = surfaces.beale
for place, point in (("start", beale.start), ("minimum", beale.minima[0])):
    steepest = curvatures(beale, torch.tensor(point, dtype=torch.float64)).max().item()
    print(f"at the {place}: λ_max = {steepest:.0f}, edge at lr = {2 / steepest:.4f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The floor of the valley allows an lr nearly six times as large as the start does. Let us take 0.04, just below the edge of the floor.


# %% [markdown] slideshow={"slide_type": "notes"}
# (The dotted line is the edge at the minimum. The start has its own, far below it.)

# %% [markdown]
# **Predict.** With a constant 0.04, it is gone at once. How many steps of warm-up, `up`, does it take to survive?


# %% slideshow={"slide_type": "subslide"}
def warm_up(top, up):
    return (
        schedules.Warmup(top, round(up), start_factor=0.05)
        if round(up)
        else schedules.Constant(top)
    )


explore_schedule(warm_up, "beale", steps=300, top=(0.005, 0.04, 0.06), up=(0, 0, 10))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for up in (0, 1, 3, 10, 100):
    lr = schedules.Warmup(0.04, steps=up, start_factor=0.05) if up else 0.04
    print(f"{up:3} steps of warm-up: {descend('beale', 'sgd', lr=lr, steps=400).outcome}")

# %% [markdown]
# A single small step is enough here, and some luck: the next one is still beyond the edge of the place where it is taken. With ten, lr
# stays below the edge all the way. The edge rises, and lr follows:

# %%
rise = schedules.Warmup(0.04, steps=10, start_factor=0.05)
path = descend("beale", "sgd", lr=rise, steps=8)
for t in range(1, 9):
    edge = 2 / curvatures(beale, path.x[t - 1]).abs().max().item()
    print(f"step {t}: lr {rise(t):.4f}, edge here {edge:.4f}, below it: {rise(t) < edge}")

# %% [markdown] slideshow={"slide_type": "notes"}
# A warm-up that is longer than needed costs steps: 100 of it cost about forty here. That is why *one-cycle*, which climbs for 30 of its 100 steps, was the last of
# the smooth ones in our race: in a bowl, the start is no steeper than the rest.
#
# Beyond the line, at 0.06, no warm-up helps: then the floor itself is too steep.

# %% [markdown] slideshow={"slide_type": "subslide"}
# A network that has just been made may be in a steep place, too (Goyal and others, 2017, below, warm up for that reason). The network of lecture 1, with an lr of 1.5 that falls to 0:

# %% slideshow={"slide_type": "skip"}
digits = data.load("mnist-5k", validation=0.2)
print(digits)
EPOCHS = 6
STEPS = EPOCHS * -(-len(digits.y_train) // 64)  # a last, smaller batch counts, too


def train(schedule, seed=0, epochs=EPOCHS, **settings):
    model = models.mlp_small(seed=seed)
    optimizer = optimizers.SGD(model.parameters(), lr=0.1)
    settings = {"schedule": schedule, "norms": False, "progress": False, **settings}
    history = fit(model, optimizer, digits, seed=seed, epochs=epochs, **settings)
    if history.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    return model, history


# %%
cold = schedules.Linear(1.5, steps=STEPS)
warm = schedules.Warmup(schedules.Linear(1.5, steps=STEPS - 100), steps=100, start_factor=0.01)
read = [
    [train(schedule, seed)[1].tests.val_accuracy.iloc[-1] for seed in range(4)]
    for schedule in (cold, warm)
]
print(
    "each of four warmed-up runs reads more than each of four cold ones:",
    min(read[1]) > max(read[0]),
)

# %% [markdown]
# And there is a second reason for warm-up, with rules such as Adam: lecture 5.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Schedules on the digits
#
# 3,200 digits to learn from, 800 (*validation*) to choose lr by, and 1,000 to be tested on at the very end.
#
# We train twice from the same weights, with the same batches: once at a constant lr, once with a cosine from the same lr. Every
# tenth step, we test on the 800.
#
# **Predict.** Can you tell the two curves apart in the first half? And in the second?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
noisy_end = {
    name: train(shapes[name](0.4, STEPS), test_every=10)[1].tests
    for name in ("constant", "cosine")
}
figure = plotting.plot_curves(
    {name: (tests.index, 100 * (1 - tests.val_accuracy)) for name, tests in noisy_end.items()},
    title="A constant lr swings to the end, the cosine comes to rest",
    xlabel="step",
    ylabel="digits misread, %",
)
figure.axes[0].set_ylim(4, 16)
figure

# %%
swing = {name: tests.val_accuracy.iloc[-15:].std() for name, tests in noisy_end.items()}
print("in the last 15 tests, the cosine swings less:", swing["cosine"] < swing["constant"])

# %% [markdown] slideshow={"slide_type": "notes"}
# In the first half, they are one crowd. In the second, one of them calms down. This is the noise ball again, in 79,510 dimensions.

# %% [markdown] slideshow={"slide_type": "fragment"}
# At a constant lr, the network's quality depends on the step at which you
# happen to stop. You may be lucky, or not. The cosine takes that out.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### With each its best
#
# Four schedules, five learning rates each, three seeds; the one with the lowest validation loss is chosen. Then eight fresh
# seeds, on the test digits.

# %% slideshow={"slide_type": "skip"}
contest = ("constant", "linear", "cosine", "one-cycle")
rates = [0.2, 0.4, 0.6, 0.8, 1.2]
chosen = {}
for name in progress_bar(contest):
    losses = []
    for lr in rates:
        runs = [train(shapes[name](lr, STEPS), seed)[1] for seed in range(3)]
        losses.append(np.mean([run.tests.val_loss.iloc[-1] for run in runs]))
    chosen[name] = rates[int(np.nanargmin(losses))]

# %% slideshow={"slide_type": "skip"}
tested = {}
for name in progress_bar(contest):
    models_of = [train(shapes[name](chosen[name], STEPS), seed)[0] for seed in range(100, 108)]
    tested[name] = np.array([evaluate(m, digits.x_test, digits.y_test) for m in models_of])

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Who is best on the test digits, on average? By how much?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9, 3.6),
    "Tuned, eight runs do not tell four schedules apart: their test losses overlap; those of the constant lr reach lowest.",
)
ax = figure.add_subplot(
    title="Tuned, eight runs do not tell the four apart", xlabel="loss on the test digits"
)
for row, (name, style) in enumerate(zip(contest, plotting.STYLES, strict=False)):
    looks = {**style, "linestyle": "none"}
    ax.plot(tested[name][:, 0], np.full(8, row), alpha=0.7, markersize=9, **looks)
ax.set_yticks(range(len(contest)), [f"{name}, lr {chosen[name]:g}" for name in contest])
ax.set_ylim(len(contest) - 0.5, -0.5)
figure

# %% slideshow={"slide_type": "notes"} tags=["nbval-ignore-output"]
for name in contest:
    loss, accuracy = tested[name].mean(axis=0)
    low, high = 100 * tested[name][:, 1].min(), 100 * tested[name][:, 1].max()
    print(
        f"{name:10} loss {loss:.3f}, accuracy {100 * accuracy:.1f} % (from {low:.1f} to {high:.1f})"
    )

# %%
means = [tested[name][:, 0].mean() for name in contest]
widest = max(np.ptp(tested[name][:, 0]) for name in contest)
print(
    "the four means are closer together than luck spreads the runs of one:",
    np.ptp(means) < widest,
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *No difference found.* On this small problem, a tuned constant lr ends as well as the others, on average.

# %% [markdown] slideshow={"slide_type": "notes"}
# (And which lr is "tuned" is itself luck: three
# seeds chose it.) What the fall bought is what you saw above: the quality no longer depends on the step at which you stop. In longer trainings,
# it is worth more: nearly all large models are trained with one (lecture 7).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### Two changes at once
#
# Notebook A compares SGD at a constant lr of 0.001 with SGD whose lr falls from 0.005 to 0.0001, and prints 96.92 % against
# 97.42 %. It says that the decay made the difference.
#
# (A *sums* the loss over 64 digits. Its 0.005 is 0.32 on our mean: lecture 1.)
#
# **Predict.** What else changed? Which run is missing?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "skip"}
sgd_of_a = {
    "constant 0.001": schedules.Constant(0.001),
    "0.005 to 0.0001": schedules.Linear(0.005, steps=STEPS, final=0.0001),
    "constant 0.005": schedules.Constant(0.005),
}
accuracies = {}
for name, schedule in progress_bar(sgd_of_a.items()):
    runs = [train(schedule, seed, reduction="sum")[1] for seed in range(5)]
    accuracies[name] = [100 * run.tests.val_accuracy.iloc[-1] for run in runs]

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9, 3.2),
    "The larger learning rate alone does as much: a constant 0.005 and A's falling one are above 90 %, the constant 0.001 is mostly below.",
)
ax = figure.add_subplot(
    title="The larger learning rate alone does as much", xlabel="validation accuracy, %"
)
for row, (values, style) in enumerate(zip(accuracies.values(), plotting.STYLES, strict=False)):
    ax.plot(values, np.full(5, row), alpha=0.7, markersize=9, **{**style, "linestyle": "none"})
ax.set_yticks(range(3), accuracies)
ax.set_ylim(2.5, -0.5)
figure

# %%
slow, decayed, fast = (np.mean(values) for values in accuracies.values())
enough = fast - slow > 0.75 * (decayed - slow)
print("the larger lr alone brings three quarters of the gain, or more:", enough)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The decay began five times as high. A constant 0.005 is the run that is missing, and here it explains the gain. Change one thing at a time.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Our runs are shorter than A's, on fewer digits. Lecture 10 runs A's own.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The second formula, forgotten
#
# Without the second formula, the line goes on below zero.
#
# **Predict.** What does a negative learning rate do?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
half = {
    "both formulas": schedules.Linear(0.3, steps=60),
    "only the first": lambda t: 0.3 * (1 - (t - 1) / 60),
}
forgot = descend("quadratic", "sgd", lr=list(half.values()), steps=110)
plotting.plot_curves(
    {name: (np.arange(111), forgot.loss[:, i]) for i, name in enumerate(half)},
    title="Beyond τ, the first formula alone walks back uphill",
    xlabel="step",
    ylabel="loss",
    log="y",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It walks uphill, faster and faster.

# %% [markdown] slideshow={"slide_type": "notes"}
# With a training that ends at τ nobody notices. With one that is continued, it
# undoes what it did.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The wrong clock
#
# A schedule in steps, moved on once an *epoch*: `scheduler.step()` stands in the wrong loop.

# %% tags=["code"]
clock = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
late = torch.optim.lr_scheduler.CosineAnnealingLR(clock, T_max=STEPS)
for _ in range(EPOCHS):
    for _ in range(STEPS // EPOCHS):
        clock.step()
    late.step()  # belongs one loop further in
print(f"planned at the end: 0; found: {clock.param_groups[0]['lr']:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The lr has hardly moved. Nothing crashes, no message appears, the network even learns. Look at lr at the end of a
# training: it takes one line.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# Nothing that one could measure: one number, computed once a step, for all weights together. What it costs is *tuning*: a
# schedule has two or three numbers where there was one. The customary way is to fix the shape (down to zero at the end, a
# short warm-up), and to tune lr_0 alone.

# %%
model = models.mlp_small()
optimizer = optimizers.SGD(model.parameters(), lr=schedules.Cosine(0.1, steps=100))
fit(model, optimizer, digits, epochs=1, progress=False)
print(f"numbers kept per weight: {optimizers.kept_per_weight(optimizer):g}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | why does a constant lr never arrive? | the gradient's error does not vanish at the minimum: it ends in a noise ball |
# | how wide is the ball? | $\sqrt{\mathrm{lr}\,\sigma^2 / (\lambda\,(2 - \mathrm{lr}\,\lambda))}$ in each direction: a quarter of lr for half the radius |
# | linear decay | $\mathrm{lr}_k = (1 - k/\tau)\,\mathrm{lr}_0 + (k/\tau)\,\mathrm{lr}_\tau$ up to $\tau$, then $\mathrm{lr}_\tau$ |
# | how fast may lr fall, for ever? | it is enough that the sum of all lr has no limit, and that of their squares has one: $1/t$, not $1/t^2$ |
# | which shape? | one that falls smoothly to nearly nothing at the end of the training; which, matters less |
# | why warm up? | the start may be steeper than what follows |
# | memory | none |
# | what is wrong with it | you must know the end; lr_0 is still to be tuned; still one lr for all directions |

# %% [markdown] slideshow={"slide_type": "notes"}
# **Next.** A schedule calms the noise. It does nothing about the zigzag in a narrow valley: momentum does (lecture 3). And
# can one do without knowing the end? Averages can (lecture 6).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/02_learning_rate_schedules.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** You make the batch four times as large. What happens to the noise ball? Which lr gives the old ball again?
# (Lecture 1: the noise falls like $1/\sqrt{B}$.) Check in the explorer: lr 0.02 with `noise=2.0`, then with `noise=1.0`.
#
# <details><summary>Answer</summary>σ is halved, so the radius is halved. With four times the lr, 0.08, it is the old ball, as long as that
# is still far below the edge. This is the <i>linear scaling rule</i>: lr in proportion to the batch size.</details>
#
# **2.** Many large models are trained with "warm-up, stable, decay": a short warm-up, a constant lr, and a fast decay at the end.
# Write it as a function of $t$, and compare it with a cosine, over many seeds: `walkers_of([mine, schedules.Cosine(0.25, 100)],
# range(500)).mean(dim=-1)`. It ends higher than the cosine. Why is it used all the same?
#
# <details><summary>Answer</summary>For example <code>lambda t: 0.25 * min(t / 5, 1, (101 - t) / 20)</code>. It has fewer steps to let the ball
# shrink. But one need not know the end until the decay begins: a training may be continued from the constant part.</details>
#
# **3.** In the race of the shapes, *step* gains nothing. Give it a factor of one half and more stairs, and run the cells under *Does the shape
# matter?* again.
#
# <details><summary>Answer</summary><code>shapes["step"] = lambda lr, n: schedules.Step(lr, every=n // 6, factor=0.5)</code>. Now it is as
# good as linear and cosine: with many small stairs, it is nearly <i>exponential</i>.</details>

# %% [markdown] slideshow={"slide_type": "notes"}
# ## References
#
# - H. Robbins, S. Monro, [A Stochastic Approximation Method](https://doi.org/10.1214/aoms/1177729586), Ann. Math. Stat. 22, 1951: how
#   fast lr may fall.
# - I. Goodfellow, Y. Bengio, A. Courville, [Deep Learning](https://www.deeplearningbook.org/contents/optimization.html), 2016,
#   section 8.3.1: linear decay.
# - I. Loshchilov, F. Hutter, [SGDR](https://arxiv.org/abs/1608.03983), ICLR 2017: the cosine, there with restarts.
# - L. N. Smith, N. Topin, [Super-Convergence](https://arxiv.org/abs/1708.07120), 2018: one-cycle.
# - P. Goyal and others, [Accurate, Large Minibatch SGD](https://arxiv.org/abs/1706.02677), 2017: warm-up, and lr in proportion to
#   the batch size.
# - S. Hu and others, [MiniCPM](https://arxiv.org/abs/2404.06395), 2024, and A. Hägele and others,
#   [Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations](https://arxiv.org/abs/2405.18392), NeurIPS 2024:
#   warm-up, stable, decay.
# - A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko, [Optimal Linear Decay Learning Rate
#   Schedules and Further Refinements](https://arxiv.org/abs/2310.07831), 2023: why a straight line is hard to beat.
