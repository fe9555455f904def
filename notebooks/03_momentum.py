# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 3 · Momentum and Nesterov
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/03_momentum.ipynb)
#
# Gradient descent forgets each slope as soon as it has used it.
# This lecture is about what a little memory does. At the end you write an optimizer yourself, as torch would have it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* Aloud, it goes up to *Momentum on the digits*, then to *The same lr for both* and the summary. *Writing an optimizer* is
# for the keyboard.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %% slideshow={"slide_type": "skip"}
from dataclasses import replace

from course_utils import data, models, optimizers, plotting, rules, schedules, surfaces
from course_utils.descent import descend
from course_utils.gradients import gradient, relative_error
from course_utils.moving import Animation
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.theory import critical_momentum
from course_utils.training import fit
from course_utils.widgets import explore, look_ahead, race, stability_map

import numpy as np
import torch

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Two ways through a ravine
#
# A long, narrow valley, this time across the map. Two walkers, P and Q, with the *same* learning rate. P is gradient descent.

# %% jupyter={"source_hidden": true}
# The code of this picture gives the answer away: open it later.
ways = descend("long_valley", "momentum", lr=0.98, momentum=[0.0, 0.8], steps=60)
Animation(
    dict(zip("PQ", ways, strict=True)),
    title="The same learning rate, and one of them remembers",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Q uses nothing but the slopes that it has met. What might it do with the old ones, so that it zigzags less and gets on
# faster?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The ravine
#
# $$f(x_1, x_2) = \tfrac{1}{100}\, \big(\tfrac{\sqrt3}{2} x_1 + \tfrac12 x_2\big)^2 +
# \big(\tfrac{\sqrt3}{2} x_2 - \tfrac12 x_1\big)^2$$
#
# It is a bowl of curvatures 0.02 and 2, turned by 30°. The condition number is $\kappa = 100$ (lecture 1).
#
# **Predict.** With its best lr, gradient descent leaves $(\kappa - 1) / (\kappa + 1)$ of the distance at each step. How many steps
# until 1 % is left: about 20, 200 or 2,000?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
valley = surfaces.long_valley
best_lr = 2 / (0.02 + 2)
print(f"best lr {best_lr:.2f}:", descend(valley, "sgd", lr=best_lr, steps=1000).outcome)
print(f"theory: {np.log(0.01) / np.log(99 / 101):.0f} steps")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the slopes have in common
#
# We split each of P's gradients into its part along the valley and its part across.
#
# **Predict.** Which of the two changes its sign at each step? What remains if you add up a few gradients?

# %% slideshow={"slide_type": "skip"}
along = torch.tensor([3**0.5 / 2, 1 / 2], dtype=torch.float64)
across = torch.tensor([-1 / 2, 3**0.5 / 2], dtype=torch.float64)
slopes = gradient(valley, ways[0].x[:-1])
steps = np.arange(1, 31)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {
        "across the valley": (steps, slopes[:30] @ across),
        "along the valley": (steps, slopes[:30] @ along),
    },
    title="Across, the slopes cancel; along, they add up",
    xlabel="step",
    ylabel="part of the gradient",
)
figure

# %%
ten = slopes[:10].sum(dim=0)
print(
    f"sum of ten slopes across: {ten @ across:.2f}, but the largest alone: {(slopes @ across).abs().max():.2f}"
)
print(
    f"sum of ten slopes along: {ten @ along:.2f}, the largest alone: {(slopes @ along).abs().max():.2f}"
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Suppose that a walker stepped along the *sum* of its slopes, old and new. The zigzag would cancel. What all slopes agree on would grow. That
# is Q's idea.

# %% [markdown] slideshow={"slide_type": "notes"}
# It is what a heavy ball does that rolls down: it cannot change its mind at each step.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The heavy ball
#
# A ball that never forgets would never stop (you saw it in lecture 1, as a mistake: *Old gradients*). So the old slopes have to
# fade. At each step, the *velocity* $v$ keeps the part $\mu$ of what it was. That is friction.

# %%
show_rule(rules.momentum)

# %% [markdown] slideshow={"slide_type": "notes"}
# ($\tau$ and $\lambda$ are extras: leave them at 0 for now. This $\lambda$ is no curvature, and this $\tau$ no length. And $v$ is a sum of
# gradients, so it points uphill: the minus is in the second line.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The slope stays the same, $g$, for many steps. With $\mu = 0.9$: how long do the steps get? And with 0.99?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for mu in (0.5, 0.9, 0.99):
    x, s, g = (
        torch.zeros(1, dtype=torch.float64),
        rules.State(),
        torch.ones(1, dtype=torch.float64),
    )
    for t in range(1, 2001):
        x, s = rules.momentum(x, g, s, t, lr=1.0, momentum=mu)
    print(
        f"μ = {mu:4}: after 2,000 steps, {s.v.item():.0f} times lr·g; 1 / (1 - μ) = {1 / (1 - mu):.0f}"
    )

# %% [markdown]
# $g + \mu g + \mu^2 g + … = g / (1 - \mu)$: ten times as long with 0.9. So momentum also *is* a larger learning rate, in
# directions where the slopes agree.

# %% [markdown] slideshow={"slide_type": "notes"}
# Keep this in mind: it decides how to tune it.

# %% [markdown] slideshow={"slide_type": "fragment"}
# ### The same as torch.optim
#
# In torch, momentum is an argument of `SGD`. We compare 200 steps.


# %% slideshow={"slide_type": "fragment"}
def walk(optimizer_of, surface=valley, n=200):
    w = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimizer, points = optimizer_of([w]), [w.detach().clone()]
    for _ in range(n):
        optimizer.zero_grad()
        surface(w).backward()
        optimizer.step()
        points.append(w.detach().clone())
    return torch.stack(points)


theirs = walk(lambda p: torch.optim.SGD(p, lr=0.9, momentum=0.8))
ours = descend(valley, "momentum", lr=0.9, momentum=0.8, steps=200).x
print(
    "same as torch.optim.SGD(momentum=0.8) to 12 digits:", relative_error(theirs, ours) < 1e-12
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two sliders
#
# **Predict.** What does momentum 0 look like? Is more momentum always better? And when you raise the momentum, can you keep lr?

# %% slideshow={"slide_type": "subslide"}
explore("long_valley", "momentum", lr=(0.05, 0.5, 5.0), momentum=(0.0, 0.8, 0.98), steps=100)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. **Momentum 0** is gradient descent: zigzag or crawl.
# 2. Around **0.8**, the path bends into the valley and arrives.
# 3. Near **0.98**, the ball is too heavy: it swings through the minimum and back, again and again.
# 4. Momentum moves the edge, too: gradient descent diverges beyond lr = 1 here. With momentum 0.8, lr *may* be 1.7. (Whether it
#    should be: see the digits, below.)

# %% [markdown]
# Too little momentum is slow, too much swings. There is a best one, and we shall compute it.

# %%
for lr, mu in ((1.05, 0.0), (1.7, 0.8), (1.9, 0.8)):
    print(
        f"lr = {lr}, momentum = {mu}: {descend(valley, 'momentum', lr=lr, momentum=mu, steps=3000).outcome}"
    )

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Out of a hollow
#
# Here is a hollow at the right, a pass, and the true minimum behind it. The start is above the hollow.
#
# **Predict.** Does gradient descent ever get over the pass, with a small lr? At which momentum does the ball? What if it is
# still heavier?

# %% slideshow={"slide_type": "subslide"}
explore("local_minimum", "momentum", steps=150, lr=0.05, momentum=(0.0, 0.5, 0.98))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for mu in (0.0, 0.5, 0.8, 0.85, 0.9, 0.95, 0.98):
    path = descend("local_minimum", "momentum", lr=0.05, momentum=mu, steps=3000)
    print(f"momentum {mu:4}: ends at x₁ = {path.x[-1, 0]:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With some speed left at the bottom of the hollow, it rolls over the pass. But it knows nothing of the minimum behind. The
# heavier ball may roll on, back over the pass, and come to rest in either hollow. Momentum passes *small* hollows. It does not
# look for the lowest one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three ways to write it
#
# Books and programs disagree on how to write momentum. Three forms are common.


# %% [markdown] slideshow={"slide_type": "notes"}
# (A, C and D are notebooks from which this course is built:
# see the index.)

# %% [markdown]
# | | velocity | step |
# | --- | --- | --- |
# | Polyak's: a sum, with lr inside; notebook A | $v_t = \mu v_{t-1} - \mathrm{lr}\, g_t$ | $x_t = x_{t-1} + v_t$ |
# | an average; notebook C, many courses | $v_t = \beta v_{t-1} + (1 - \beta)\, g_t$ | $x_t = x_{t-1} - \mathrm{lr}\, v_t$ |
# | torch's: a sum, with lr outside; notebook D | $v_t = \mu v_{t-1} + (1 - \tau)\, g_t$, but $v_1 = g_1$ | $x_t = x_{t-1} - \mathrm{lr}\, v_t$ |
#
# **Predict.** With the *same* numbers, lr = 0.3 and 0.9, which of them walk the same path? (τ = 0)


# %% slideshow={"slide_type": "skip"}
def polyak(x, g, s, t, lr, momentum):
    v = momentum * s.v - lr * g
    return x + v, rules.State(v=v)


forms = {
    "Polyak's": descend("quadratic", polyak, lr=0.3, momentum=0.9, steps=60),
    "torch's": descend("quadratic", "momentum", lr=0.3, momentum=0.9, steps=60),
    "average": descend("quadratic", "momentum_ema", lr=0.3, beta=0.9, steps=60),
}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_paths(forms, title="The same two numbers, not the same walk")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Polyak's and torch's are one path. The average walks with a tenth of their lr: in it, each gradient counts $(1 - \beta)$
# times as much. So the exchange is
#
# $$\mathrm{lr}_{\text{average}} = \frac{\mathrm{lr}_{\text{sum}}}{1 - \beta} \qquad \text{and} \qquad \beta = \mu$$

# %%
exchanged = descend("quadratic", "momentum_ema", lr=0.3 / (1 - 0.9), beta=0.9, steps=60)
print("Polyak's = torch's:", relative_error(forms["Polyak's"].x, forms["torch's"].x) < 1e-12)
print(
    "average, with lr / (1 - β) = torch's:",
    relative_error(exchanged.x, forms["torch's"].x) < 1e-12,
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A paper's "lr 0.1, momentum 0.9" therefore means two things, a factor of ten apart. Look up which form it uses.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two more traps:
#
# - **Dampening.** With $\tau = \mu$, torch's form looks like the average. But its *first* gradient is not dampened. It starts with
#   a step $1 / (1 - \mu)$ times as long.
# - **A schedule.** Polyak's form has lr *inside* the velocity. When lr falls, the old, longer steps are still on their way.

# %%
damped = descend("quadratic", "momentum", lr=0.3, momentum=0.9, dampening=0.9, steps=60)
first = (damped.x[1] - damped.x[0]).norm() / (
    forms["average"].x[1] - forms["average"].x[0]
).norm()
print(f"first step with dampening 0.9, beside the average's: {first:.0f} times as long")
falling = schedules.Step(0.3, every=20, factor=0.1)
inside = descend("quadratic", polyak, lr=falling, momentum=0.9, steps=60).x
outside = descend("quadratic", "momentum", lr=falling, momentum=0.9, steps=60).x
print(
    "Polyak's = torch's while lr is constant:",
    relative_error(inside[:21], outside[:21]) < 1e-12,
)
print("Polyak's = torch's after lr has changed:", relative_error(inside, outside) < 1e-12)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Momentum by hand
#
# Notebook C's question, with the average: $f = 0.1\,x_1^2 + 2\,x_2^2$, start $(-5, -2)$, lr 0.6, β 0.5.
#
# **Predict.** Where are you after **two** steps?
#
# - (a) $(-4.4, 2.8)$
# - (b) $(-4.268, 1.12)$
# - (c) $(-3.572, -1.52)$
# - (d) $(-3.872, -3.92)$
#
# And after thirty, has it arrived?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
quiz = descend("quadratic", "momentum_ema", lr=0.6, beta=0.5, steps=30)
for t in (1, 2, 30):
    x1, x2 = quiz.x[t].tolist()
    print(f"after {t:2} steps: ({x1:.6g}, {x2:.6g})")
print(quiz.outcome)

# %% [markdown]
# The wrong answers are one step of gradient descent (a), the sum where the average should be (c), and gradient descent without any memory (d):

# %%
x0 = torch.tensor(surfaces.quadratic.start, dtype=torch.float64)
wrong = {
    "a": descend("quadratic", "sgd", lr=0.6, steps=1),
    "c": descend("quadratic", "momentum", lr=0.6, momentum=0.5, steps=2),
    "d": descend("quadratic", "sgd", lr=0.6, steps=2),
}
for option, path in wrong.items():
    print(f"({option}) ({path.x[-1, 0]:.4g}, {path.x[-1, 1]:.4g})")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A map of all settings
#
# Two numbers to choose. So we shall draw a map: lr to the right, momentum upwards. The colour is ρ, what a step leaves of the distance in
# the long run. Darker is faster; in the orange part it diverges.
#
# **Predict.** In our valley, the best lr of gradient descent leaves 0.905 of the distance at each step. How much can the best momentum leave: 0.9,
# 0.8 or 0.64? That is, how many steps does it take in the place of ten?
#
# Then drag the cross over the map. (The two curves are explained below: ▲ is the flat direction, ◆ the steep one.)

# %% slideshow={"slide_type": "subslide"}
stability_map("quadratic", momentum=(0.0, 0.8, 0.99))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. The bottom edge of the map is gradient descent: the best there is a little below lr = 0.5, and poor.
# 2. The fastest place is a corner: where the two curves meet, close to the edge. It leaves 0.64 (computed below). So two or three of its steps
#    are worth ten of gradient descent.
# 3. Below the ▲ curve, the ball creeps along the valley. Above it, the ball swings.
# 4. High up, the colour depends on the momentum alone: there, more momentum is slower.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Critical damping
#
# Take one direction of curvature λ, and write $q = \mathrm{lr}\,\lambda$. The last step was $x_{t-1} - x_{t-2} = -\mathrm{lr}\, v_{t-1}$. So
#
# $$x_t = x_{t-1} - q\, x_{t-1} + \mu\,(x_{t-1} - x_{t-2}) = (1 + \mu - q)\, x_{t-1} - \mu\, x_{t-2}$$
#
# Try a power, $x_t = z^t$, and divide by $z^{t-2}$:
#
# $$z^2 - (1 + \mu - q)\, z + \mu = 0$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# The product of the two roots is $\mu$. Two cases:
#
# - The roots are **complex**: it swings. They are mirror images, so both have the size $\sqrt\mu$: each step leaves $\sqrt{\mu}$, *whatever lr is*.
# - The roots are **real**: no swinging (though with $q > 1$ it may jump from side to side). The larger one decides, and it is larger than $\sqrt\mu$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Between the two lies *critical damping*, as in the closer of a door. Both roots are equal: $(1 + \mu - q)^2 = 4\mu$. That gives $\sqrt q = 1
# \pm \sqrt\mu$, and so, for $q$ below 4,
#
# $$\mu = (1 - \sqrt{q}\,)^2$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** A door with $q = 0.1$. Which μ closes it fastest: 0.1, 0.5 or 0.85? What do the other two do?

# %% slideshow={"slide_type": "skip"}
door = surfaces.bowl(1, 1)
critical = critical_momentum("momentum", torch.tensor(0.1), torch.tensor(1.0)).item()
cases = {"swings": 0.85, "critical": critical, "creeps": 0.1}
paths = {
    f"{name}: μ = {mu:.2f}": descend(
        door, "momentum", start=(1, 1), lr=0.1, momentum=mu, steps=50
    )
    for name, mu in cases.items()
}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_curves(
    {name: (np.arange(51), path.x[:, 0]) for name, path in paths.items()},
    title="With less than the critical μ it creeps, with much more it swings",
    xlabel="step",
    ylabel="x",
)

# %%
for name, path in paths.items():
    print(f"{name}, {path.outcome}")

# %% [markdown] slideshow={"slide_type": "notes"}
# (To get *near*, a little more than critical may be a step or two quicker: its first swing is too small to matter. In the long run, nothing
# leaves less.)


# %% [markdown] slideshow={"slide_type": "fragment"}
# These are the two curves on the map, one for each direction. Above its curve, a direction swings.

# %% [markdown] slideshow={"slide_type": "subslide"}
# In a valley there are two directions, and one lr. In the long run, fastest is where *both* are just critical: the flat one with $\sqrt q < 1$, the
# steep one with $\sqrt q > 1$. So $1 - \sqrt{\mathrm{lr}\,\lambda_{\min}} = \sqrt{\mathrm{lr}\,\lambda_{\max}} - 1 = \sqrt\mu$, and
#
# $$\mathrm{lr} = \Big(\frac{2}{\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}}}\Big)^2 \qquad
# \mu = \Big(\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}\Big)^2 \qquad
# \text{a step leaves } \sqrt{\mu} = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$$
#
# where $\kappa = \lambda_{\max} / \lambda_{\min}$.


# %%
def tuned(low, high):
    """The best lr and momentum for the curvatures low and high."""
    lr = (2 / (high**0.5 + low**0.5)) ** 2
    return {"lr": lr, "momentum": (1 - (lr * low) ** 0.5) ** 2}


for name, low, high in (("quadratic", 0.2, 4.0), ("long_valley", 0.02, 2.0)):
    told = ", ".join(f"{key} {value:.3f}" for key, value in tuned(low, high).items())
    print(f"{name}: {told}: {descend(name, 'momentum', **tuned(low, high)).outcome}")

# %% [markdown] slideshow={"slide_type": "notes"}
# "Best" is meant for the long run. To come within 1 %, a little more momentum is quicker still, because its first swings are small:

# %% slideshow={"slide_type": "notes"}
for name, lr, mu in (("quadratic", 0.62, 0.49), ("long_valley", 1.48, 0.73)):
    path = descend(name, "momentum", lr=lr, momentum=mu)
    print(f"{name}: lr {lr}, momentum {mu}: {path.outcome}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The valley gets a hundred times as narrow: κ grows a hundredfold. How many times as many steps does momentum
# take, with its best setting?

# %% slideshow={"slide_type": "skip"}
kappas = np.array([2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])
arrivals = {"gradient descent": [], "momentum": []}
for kappa in kappas.tolist():
    bowl = surfaces.bowl(1, kappa)
    plain = descend(bowl, "sgd", lr=2 / (1 + kappa), steps=20 + 3 * kappa)
    heavy = descend(bowl, "momentum", **tuned(1, kappa), steps=100 + kappa)
    for name, path in zip(arrivals, (plain, heavy), strict=True):
        arrivals[name].append(path.arrival.item())

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (kappas, counts) for name, counts in arrivals.items()},
    title="Momentum takes the root of the condition number",
    xlabel="condition number κ",
    ylabel="steps to 1 % of the distance",
    log="xy",
)
ax = figure.axes[0]
ax.plot(kappas, 2.3 * kappas, "k:", label="like κ, like √κ")
ax.plot(kappas, 4 * np.sqrt(kappas), "k:")
ax.legend()
figure

# %%
for name, counts in arrivals.items():
    print(
        f"{name}: κ = 50: {counts[4]:,} steps, κ = 5,000: {counts[-1]:,} steps, {counts[-1] / counts[4]:.0f} times"
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# Compare the formula with that of lecture 1: $\sqrt\kappa$ stands in the place of κ.

# %% [markdown] slideshow={"slide_type": "notes"}
# So the theory says ten times as many steps for a
# hundred times the condition number. We measure a little more, because with two equal roots the distance falls like $t\,\rho^t$, not like
# $\rho^t$.
#
# In a narrow valley this is a gift. And no rule that builds its steps from gradients alone has a better rate on *all* bowls of very many dimensions
# (Nesterov's lower bound).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Look first, then correct
#
# The ball is carried on by its velocity, whatever the slope does. We *know* where it will be carried. So why ask for the
# slope where we stand? Nesterov asks for it where we shall be.
#
# **Predict.** The ball is about to be carried too far, up the other side. Which of the two slopes says so?
#
# Click on *step* and press →: first you see where both are carried, then the two gradients, then where they lead.

# %% slideshow={"slide_type": "subslide"}
look_ahead("quadratic", steps=6)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# Black: both are carried on by momentum × last step. Orange: momentum adds the gradient of where it *stood*. Green: Nesterov's adds
# the gradient of where it has *been carried to*. If that is up the other wall, the green arrow already points back.
#
# The gain is small in one step. Over many, the swinging dies out sooner.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Nesterov's rule
#
# Textbooks write what you have just seen. They call the parameters $w$ and the last step $u$:
#
# $$u_t = \mu\, u_{t-1} - \mathrm{lr}\, \nabla f(w_{t-1} + \mu\, u_{t-1}) \qquad w_t = w_{t-1} + u_t$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# A program has a difficulty here. It computes the gradient where the parameters *are*; the formula wants it elsewhere. The way out:
# let the program's parameters be the point in front, $x_t = w_t + \mu\, u_t$. Then $w_{t-1} = x_{t-1} - \mu\, u_{t-1}$, and
#
# $$x_t = w_{t-1} + (1 + \mu)\, u_t = x_{t-1} + \mu\, u_t + (u_t - \mu\, u_{t-1}) = x_{t-1} + \mu\, u_t - \mathrm{lr}\, \nabla f(x_{t-1})$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# With $u_t = -\mathrm{lr}\, v_t$, and as long as lr and μ stay the same, these are the two lines of the card:

# %%
show_rule(rules.nesterov)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is it the same path? We run the textbook's own two lines, torch, and our rule.


# %% tags=["code"]
def textbook(surface, lr, mu, n):
    w = torch.tensor(surface.start, dtype=torch.float64)
    u, points = torch.zeros(2, dtype=torch.float64), [w]
    for _ in range(n):
        u = mu * u - lr * gradient(surface, w + mu * u)
        w = w + u
        points.append(w)
    return torch.stack(points)


# %% slideshow={"slide_type": "fragment"}
path = descend("rosenbrock", "nesterov", lr=0.0005, momentum=0.9, steps=200)
w = textbook(surfaces.rosenbrock, 0.0005, 0.9, 200)
behind = path.x[1:] + 0.0005 * 0.9 * path.remembered("v")  # w = x - μ u, and u = -lr v
of_torch = walk(lambda p: torch.optim.SGD(p, 0.0005, 0.9, nesterov=True), surfaces.rosenbrock)
print("torch's = ours:", relative_error(of_torch, path.x) < 1e-12)
print("the textbook's points = ours:", relative_error(w, path.x) < 1e-12)
print("the textbook's points = ours, seen from behind:", relative_error(w[1:], behind) < 1e-12)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One walk, two observers: $x$ in front, $w$ a little behind.

# %% [markdown] slideshow={"slide_type": "notes"}
# (It matters where you *test*: notebook A tests at $w$, torch at $x$.
# At the end of the walk, when $u$ is 0, both are the same.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** Momentum 0.95 for both. At lr 0.1, Nesterov's swings less, as you expect. Raise lr to 0.4: which of the two breaks first?

# %% slideshow={"slide_type": "subslide"}
heavy = {"momentum": 0.95}
race(
    "quadratic",
    {"momentum": (rules.momentum, heavy), "nesterov": (rules.nesterov, heavy)},
    lr=(0.01, 0.1, 0.4),
    shared=True,
    steps=120,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
both = {
    rule: descend("quadratic", rule, lr=0.1, momentum=0.95, steps=120)
    for rule in ("momentum", "nesterov")
}
for rule, path in both.items():
    print(f"{rule}: largest |x₂| in the last 60 steps: {path.x[60:, 1].abs().max():.4f}")

# %% [markdown]
# Where it swings, each step of Nesterov's leaves $\sqrt{\mu\,(1 - q)}$ instead of $\sqrt{\mu}$, with $q = \mathrm{lr}\,\lambda$ below 1.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Its equation is
# $z^2 - (1 + \mu)(1 - q)\, z + \mu\,(1 - q) = 0$.)

# %% [markdown]
# So it calms the steep direction. In the flat direction $q$ is small, and the two do nearly the
# same.
#
# The price: its edge comes earlier, at $\mathrm{lr}\,\lambda_{\max} = (2 + 2\mu)/(1 + 2\mu)$ in place of $2 + 2\mu$. At lr 0.4, momentum still holds,
# Nesterov's diverges.

# %%
for rule in ("momentum", "nesterov"):
    path = descend("quadratic", rule, lr=0.4, momentum=0.95, steps=2000)
    print(f"{rule}, lr 0.4, momentum 0.95: {path.outcome}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Momentum on the digits
#
# The network of lecture 1, with momentum 0, 0.9 and 0.98, and nine learning rates each.
#
# **Predict.** Without momentum, the best lr is about 0.5. Where will it be with 0.9? And with 0.98?

# %% slideshow={"slide_type": "skip"}
digits = data.load("mnist-5k")


def train(optimizer_of, seed=0, epochs=4, **settings):
    model = models.mlp_small(seed=seed)
    settings = {"seed": seed, "norms": False, "progress": False, **settings}
    history = fit(model, optimizer_of(model.parameters()), digits, epochs=epochs, **settings)
    if history.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    return history


# %% slideshow={"slide_type": "skip"}
net_lrs = np.geomspace(0.003, 3, 9)
losses = {0.0: [], 0.9: [], 0.98: []}
for mu, found in losses.items():
    for lr in progress_bar(net_lrs):
        runs = [
            train(lambda p, lr=lr, mu=mu: optimizers.SGD(p, lr=lr, momentum=mu), seed)
            for seed in (0, 1)
        ]
        ends = [run.epochs.train_loss.get(4, np.nan) for run in runs]
        found.append(np.mean(ends) if np.mean(ends) < 3 else np.nan)  # guessing is 2.3

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (10, 4.5),
    "Training loss against lr: three curves apart. Against lr / (1 - momentum): their left flanks are one.",
)
figure.suptitle("Momentum is first of all a larger learning rate", fontsize=14)
for ax, scale in zip(figure.subplots(1, 2, sharey=True), ("lr", "lr / (1 − μ)"), strict=True):
    for (mu, found), style in zip(losses.items(), plotting.STYLES, strict=False):
        factor = 1 if scale == "lr" else 1 / (1 - mu)
        ax.plot(factor * net_lrs, found, label=f"μ = {mu:g}", **style)
    ax.set(xlabel=scale, xscale="log", yscale="log")
ax.legend()
figure.axes[0].set_ylabel("training loss in epoch 4")
figure

# %%
best = {mu: net_lrs[int(np.nanargmin(found))] for mu, found in losses.items()}
for mu, lr in best.items():
    print(f"μ = {mu:4}: best lr {lr:.2g}, times 1 / (1 - μ): {lr / (1 - mu):.2g}")

# %% [markdown] slideshow={"slide_type": "notes"}
# On the left, three curves. On the right, their left flanks lie on each other. There, with noisy gradients and many weights, momentum 0.9 is
# ten times the lr, and nothing else. The right flanks differ: with momentum, lr / (1 - μ) may be several times larger before it breaks.

# %% [markdown] slideshow={"slide_type": "fragment"}
# So when you change the momentum, change lr with it. Begin at the same lr / (1 - μ), and then try more.

# %% [markdown] slideshow={"slide_type": "notes"}
# Above, after four epochs, tuned 0.9 has the lowest *training* loss.

# %% [markdown] slideshow={"slide_type": "subslide"}
# What about *test accuracy*, when all are tuned? Lecture 10 does it: all of
# MNIST, 20 fresh seeds each.

# %%
from course_utils import benchmark, comparing

tried = benchmark.results()
figure = comparing.plot_bands(
    tried, ["SGD", "momentum", "Nesterov"], title="Each tuned, the three end together"
)
figure.axes[0].set_ylim(93, 98)
figure

# %% slideshow={"slide_type": "notes"}
table = benchmark.standings(tried)
for name in ("SGD", "momentum", "Nesterov"):
    row = table.loc[name]
    print(
        f"{name}: {row.accuracy:.2f} % (mean of 20 seeds; interval from {row.low:.2f} to {row.high:.2f})"
    )

# %% [markdown] slideshow={"slide_type": "notes"}
# Early on, Nesterov leads. (And one run of SGD falls at its last test: a constant lr, lecture 2.) At the end, nobody is ahead by more than luck
# can be.


# %% [markdown] slideshow={"slide_type": "subslide"}
# Why does momentum win by so much on the map, and by so little here? Here is a guess: on the map nothing but the narrow valley holds us up;
# here, with 100 digits a step, the noise does, too.
#
# **Predict.** To test it, we take the noise away: all 4,000 digits in each step, 60 steps. We give momentum 0.9 first the *exchanged* lr, a tenth of the
# best one without momentum. Then larger ones. How will they do?


# %% slideshow={"slide_type": "skip"}
def full_batch(lr, mu):
    run = train(lambda p: optimizers.SGD(p, lr=lr, momentum=mu), epochs=60, batch_size=4000)
    return run.steps.loss


pairs = [(0.4, 0), (0.8, 0), (1.6, 0), (0.08, 0.9), (0.2, 0.9), (0.4, 0.9), (0.8, 0.9)]
exact = {pair: full_batch(*pair) for pair in progress_bar(pairs)}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
shown = [(0.8, 0), (0.08, 0.9), (0.4, 0.9)]
plotting.plot_curves(
    {f"lr {lr}, μ {mu}": (exact[lr, mu].index, exact[lr, mu]) for lr, mu in shown},
    title="Without noise, momentum wins: with the larger lr that it allows",
    xlabel="step, with all 4,000 digits",
    ylabel="training loss",
    log="y",
)

# %%
last = {pair: loss.iloc[-1] for pair, loss in exact.items()}
best_plain = min((0.4, 0.8, 1.6), key=lambda lr: last[lr, 0])
print("momentum 0: best of those tried is lr", best_plain)
exchanged, larger = last[0.08, 0.9] / last[0.8, 0], last[0.4, 0.9] / last[0.8, 0]
print("with the exchanged lr, the loss is about the same:", 0.8 < exchanged < 1.25)
print("with five times that, it is less than half:", larger < 0.5)

# %% [markdown] slideshow={"slide_type": "fragment"}
# At the exchanged lr, momentum gains nothing, again. But without noise it is the *edge* that holds lr down, and momentum moves the edge.

# %% [markdown] slideshow={"slide_type": "notes"}
# There it wins
# by more than it did with 64 digits a step:

# %% slideshow={"slide_type": "notes"}
with_noise = np.nanmin(losses[0.9]) / np.nanmin(losses[0.0])
print("best training loss with 0.9, as a part of the best without, is less than 0.5:")
print(f"  64 digits a step: {with_noise < 0.5}; all digits: {larger < 0.5}")

# %% [markdown] slideshow={"slide_type": "notes"}
# (One seed for one of them, two for the other: a hint, not a law.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Writing an optimizer

# %% [markdown] slideshow={"slide_type": "notes"}
# *(The second half of this lecture. Short of time? Do it at home, with the keyboard.)*

# %% [markdown]
# Notebook D shows how to write momentum as a class of torch. We do so too, in four versions. Each of the first three has faults that a later one
# mends. (D has dampening, too. We leave it out.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## A test by hand comes first
#
# D checks its optimizer on $f(a, b) = \text{mean}(3 a^3 - b^2)$, at $a = (2, 3)$ and $b = (6, 4)$, with lr 0.001. Two numbers each, so the
# mean halves: $\partial f / \partial a = \tfrac92 a^2$ and $\partial f / \partial b = -b$.
#
# **Predict.** Where are $a$ and $b$ after one step of gradient descent? And with momentum 0.9?

# %% slideshow={"slide_type": "skip"}
START = {"a": (2.0, 3.0), "b": (6.0, 4.0)}


def by_hand(optimizer_of, steps=2):
    """Where a and b are after each step."""
    a, b = (
        torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in START.values()
    )
    optimizer, places = optimizer_of([a, b]), []
    for _ in range(steps):
        optimizer.zero_grad()
        (3 * a**3 - b**2).mean().backward()
        optimizer.step()
        places.append(torch.cat([a, b]).detach().clone())
    return torch.stack(places)


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
right = {
    mu: by_hand(lambda p, mu=mu: torch.optim.SGD(p, lr=0.001, momentum=mu)) for mu in (0.0, 0.9)
}
for mu, places in right.items():
    for step, (a1, a2, b1, b2) in enumerate(places.tolist(), start=1):
        print(f"μ = {mu}, step {step}: a = ({a1:.4f}, {a2:.4f}), b = ({b1:.4f}, {b2:.4f})")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first step is the same: there is no past yet. From the second step on, they differ. So one step is no test of momentum.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Version 1: parameters in groups
#
# `torch.optim.Optimizer` keeps the parameters in `param_groups`: a list of dictionaries, each with its own `params` and its
# own `lr`. Our part is `step`.


# %% tags=["code"]
class Version1(torch.optim.Optimizer):
    def __init__(self, params, lr=0.001):
        super().__init__(params, defaults={"lr": lr})

    @torch.no_grad()  # the step itself is not to be differentiated
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:  # a frozen layer
                    continue
                p = p - group["lr"] * p.grad


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** One line of it is wrong. It looks just like the formula. What will the test say?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
print(
    "moved:", not torch.equal(by_hand(Version1)[0], torch.tensor([2.0, 3.0, 6.0, 4.0]).double())
)

# %% [markdown]
# Nothing has moved. `p = p - ...` makes a *new* tensor and calls it `p`; the network still holds the old one. The parameter has to
# be changed *in place*. In torch, methods that end in `_` do so: `p.add_(g, alpha=-lr)` is $p \leftarrow p - \mathrm{lr}\, g$, and
# needs no temporary memory.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Version 2: in place, with a memory


# %% [markdown] slideshow={"slide_type": "notes"}
# What the rule remembers goes into `self.state[p]`, a dictionary for each parameter. It starts empty.


# %% tags=["code"]
class Version2(torch.optim.Optimizer):
    def __init__(self, params, lr=0.001, momentum=0.9, weight_decay=0.0, nesterov=False):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in [p for p in group["params"] if p.grad is not None]:
                g, state = p.grad, self.state[p]
                g.add_(p, alpha=group["weight_decay"])  # the penalty's gradient
                if "v" not in state:
                    state["v"] = torch.zeros_like(p)
                state["v"].mul_(group["momentum"]).add_(g)
                p.add_(state["v"], alpha=-group["lr"])


# %% slideshow={"slide_type": "fragment"}
mine = by_hand(lambda p: Version2(p, lr=0.001, momentum=0.9))
same = torch.allclose(mine, right[0.9], rtol=1e-12, atol=0)
print("the same as torch.optim.SGD(momentum=0.9):", same)

# %% slideshow={"slide_type": "notes"}
a = torch.tensor(START["a"], requires_grad=True)
b = torch.tensor(START["b"], requires_grad=True)
optimizer = Version2([a, b])
(3 * a**3 - b**2).mean().backward()
optimizer.step()
for name, p in (("a", a), ("b", b)):
    print(f"v of {name} after one step:", optimizer.state[p]["v"].tolist())

# %% [markdown] slideshow={"slide_type": "notes"}
# These are D's numbers. All right, then?

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Two faults of D's are still in it. One line changes what is not its own; one argument does nothing. Which? When
# would you notice?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look


# %% slideshow={"slide_type": "subslide"}
def two_steps_on_one_gradient(make):
    p = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    optimizer = make([p], lr=0.1, momentum=0.0, weight_decay=0.1)
    p.grad = torch.zeros(1, dtype=torch.float64)  # the loss is flat: only the decay moves p
    for _ in range(2):
        optimizer.step()
    return p.item(), p.grad.item()


for make in (torch.optim.SGD, Version2):
    p, g = two_steps_on_one_gradient(make)
    print(f"{make.__name__:9} p = {p:.4f}, p.grad = {g:.4f}")

# %% [markdown]
# `g = p.grad` makes no copy: both names mean one tensor. So `g.add_` edits the *gradient itself*. As long as each step is
# preceded by `zero_grad()`, nobody notices. But if you look at the gradient afterwards, add up gradients over several batches, or
# take two steps, the decay is counted again and again.
#
# An optimizer must leave `p.grad` alone: `g = g.add(p, alpha=...)`, without the `_`, is a new tensor.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The other fault is quieter still: `nesterov=True` is accepted, and nothing is done with it.

# %%
ignored = by_hand(lambda p: Version2(p, nesterov=True))
asked_for = by_hand(lambda p: torch.optim.SGD(p, lr=0.001, momentum=0.9, nesterov=True))
print("nesterov=True gives Nesterov's momentum:", torch.allclose(ignored, asked_for))
print("nesterov=True gives plain momentum:", torch.allclose(ignored, right[0.9]))

# %% [markdown] slideshow={"slide_type": "fragment"}
# An argument that is accepted and ignored is worse than none: you believe that you have tried it. What you have not written,
# refuse.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Version 3: what step returns
#
# D's `step` ends in `return loss`. Nothing in it is called `loss`.


# %% tags=["code"]
class Version3(Version2):
    def step(self):
        super().step()
        return loss  # noqa: F821


try:
    by_hand(Version3, steps=1)
except NameError as error:
    print("NameError:", error)

# %% [markdown] slideshow={"slide_type": "fragment"}
# That one is loud, but only by luck: with a training loop in the same notebook, there *is* a `loss`, and `step` returns that, in silence.

# %% [markdown] slideshow={"slide_type": "notes"}
# What
# belongs there? torch's `step` takes a *closure*, a function that computes loss and gradients
# anew, for rules that need them more than once a step. `step` returns what the closure returned.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Version 4: complete


# %% tags=["code"]
class Momentum(torch.optim.Optimizer):
    def __init__(self, params, lr=0.001, momentum=0.9, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = closure() if closure else None
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                g, state = p.grad.add(p, alpha=group["weight_decay"]), self.state[p]
                if "v" not in state:
                    state["v"] = torch.zeros_like(p)
                state["v"].mul_(group["momentum"]).add_(g)
                p.add_(state["v"], alpha=-group["lr"])
        return loss


# %% slideshow={"slide_type": "subslide"}
for arguments in ({}, {"momentum": 0.5}, {"weight_decay": 0.1}):
    theirs = by_hand(
        lambda p, a=arguments: torch.optim.SGD(p, **{"lr": 0.001, "momentum": 0.9, **a}),
        steps=20,
    )
    ours = by_hand(lambda p, a=arguments: Momentum(p, lr=0.001, **a), steps=20)
    print(
        f"{arguments}: same as torch.optim.SGD over 20 steps: {torch.allclose(theirs, ours, rtol=1e-12, atol=0)}"
    )
p, g = two_steps_on_one_gradient(Momentum)
print(f"two steps on one gradient: p = {p:.4f}, p.grad = {g:.4f}")

# %% [markdown]
# Groups and frozen layers come for free. The first layer at a tenth of the lr, the last one frozen:

# %%
model = models.mlp_small()
first, last = model[1], model[3]
last.requires_grad_(False)
groups = [{"params": first.parameters(), "lr": 0.01}, {"params": last.parameters()}]
before = [layer.weight.detach().cpu().clone() for layer in (first, last)]
fit(model, Momentum(groups, lr=0.1), digits, epochs=1, progress=False)
for name, layer, old in zip(("first", "last"), (first, last), before, strict=True):
    print(f"the {name} layer has moved: {not torch.equal(layer.weight.cpu(), old)}")

# %% [markdown] slideshow={"slide_type": "notes"}
# This course does the same for all rules at once: `optimizers.RuleOptimizer` is the loop, and a rule is a function. Yours would be a
# class of two lines (see the exercises).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## D's training, with a progress bar
#
# D trains a network of 784, 256 and 10 units on digits whose pixels go from 0 to 255, with batches of 32 and lr 0.001. It splits them: 8,000 to learn
# from, 2,000 for validation. It prints an accuracy of 0.81 after one epoch (250 steps) and 0.90 after two, with plain SGD. Ours are 3,200 and 800, so
# that an epoch has 100 steps.

# %% [markdown] slideshow={"slide_type": "notes"}
# `fit` shows a progress bar whose text carries epoch and loss, and the accuracy of the last test. `test_every` tests during the
# epoch, too.

# %% [markdown]
# **Predict.** Pixels up to 255 in the place of 1. What does that do to the gradients of the first layer? What would lr 0.3 do?

# %% slideshow={"slide_type": "skip"}
split = data.load("mnist-5k", validation=0.2)
coarse = replace(split, x_train=255 * split.x_train, x_val=255 * split.x_val)
model = models.mlp(784, 256, 10)
plain = Momentum(model.parameters(), lr=0.001, momentum=0.0)
history = fit(model, plain, coarse, epochs=5, batch_size=32, test_every=25)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_curves(
    {"during and after each epoch": (history.tests.epochs, 100 * history.tests.val_accuracy)},
    title="With its small lr, D's training works; watched while it runs",
    xlabel="epoch (3,200 digits)",
    ylabel="validation accuracy, %",
)

# %%
by_step = history.tests.val_accuracy.round(2)
print("after as many steps as D's first epoch, above 0.8:", by_step[250] > 0.8)

# %% tags=["nbval-ignore-output"]
print(f"after 250 steps: {by_step[250]:.2f}; after 500: {by_step[500]:.2f}")

# %% slideshow={"slide_type": "subslide"}
wild = models.mlp(784, 256, 10)
run = fit(
    wild, Momentum(wild.parameters(), lr=0.3, momentum=0.0), coarse, epochs=1, progress=False
)
failed = run.status == "diverged" or run.epochs.val_accuracy.iloc[-1] < 0.3
print("lr = 0.3, which is good for pixels from 0 to 1, fails:", failed)

# %% [markdown] slideshow={"slide_type": "notes"}
# About D's numbers, though it had other digits and other first weights.

# %% [markdown]
# The pixels are 255 times as large. So the gradients of the first layer are, too, and its scores change 255 times as much when its weights do. If the
# weights of the first layer began 255 times smaller, its lr would have to be exactly $255^2$ times smaller. Here they do not, and it is not quite as
# bad. Scale your inputs, and known learning rates will fit.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### Declared, and never applied
#
# D's network has a dropout layer (it sets random units to 0 while training). It is made in `__init__`, and `forward` never calls it.
#
# **Predict.** How could one notice without reading the code?


# %% tags=["code"]
class DNetwork(torch.nn.Module):
    def __init__(self, applied):
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(784, 256), torch.nn.Linear(256, 10)
        self.dropout, self.applied = torch.nn.Dropout(0.5), applied

    def forward(self, x):
        h = self.hidden(x.flatten(1)).relu()
        return self.out(self.dropout(h) if self.applied else h)


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for applied in (False, True):
    network = DNetwork(applied).train()
    x = digits.x_train[:8]
    print(
        f"applied: {applied!s:5}  two passes differ: {not torch.equal(network(x), network(x))}"
    )

# %% [markdown]
# In training mode, dropout draws anew each time. If two passes give the same scores, there is no dropout.

# %% [markdown] slideshow={"slide_type": "notes"}
# (`print(network)` lists
# the layer in both cases.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### All warnings silenced
#
# D begins with `warnings.filterwarnings("ignore")`. Here is a program with a fault: the scheduler is moved on before the
# optimizer (lecture 2), so the first lr of the schedule is never used.


# %%
import warnings


def faulty():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)
    scheduler.step()
    optimizer.step()


for silenced in ("ignore", "always"):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter(silenced)
        faulty()
    print(f"{silenced}: {len(told)} told.", *(str(w.message).split(". ")[0] for w in told))

# %% [markdown] slideshow={"slide_type": "fragment"}
# torch knew. Silence one warning, by name, when you have understood it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The same lr for both
#
# "We compare SGD with and without momentum 0.9, both at lr 0.1, to be fair." You know by now that this compares an lr of 0.1 with one of about 1. On
# the digits:

# %% slideshow={"slide_type": "fragment"}
for lr in (0.003, 0.095, 0.53):
    i = int(np.abs(net_lrs - lr).argmin())
    ahead = "momentum 0.9" if losses[0.9][i] < losses[0.0][i] else "momentum 0"
    print(f"both at lr = {net_lrs[i]:.2g}: {ahead} is ahead")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Choose the lr, and you have chosen the winner.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# One number for each weight: the velocity. And one more multiplication and addition. With the backward pass beside it, you
# will not notice the time.

# %%
heavy = {"momentum": 0.9}
for name, arguments in (
    ("SGD", {}),
    ("momentum", heavy),
    ("Nesterov", {**heavy, "nesterov": True}),
):
    model = models.mlp_small()
    optimizer = optimizers.SGD(model.parameters(), lr=0.01, **arguments)
    fit(model, optimizer, digits, epochs=1, progress=False)
    print(f"{name}: {optimizers.kept_per_weight(optimizer):g} numbers kept per weight")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | momentum | $v_t = \mu v_{t-1} + g_t$, $\; x_t = x_{t-1} - \mathrm{lr}\, v_t$ |
# | what it does | across the valley slopes cancel, along it they add up, to $1/(1-\mu)$ times a step |
# | where it converges | $\mathrm{lr}\,\lambda_{\max} < 2\,(1 + \mu)$ |
# | critical damping | $\mu = (1 - \sqrt{\mathrm{lr}\,\lambda})^2$: less creeps (or jumps from side to side), more swings |
# | best in a bowl, in the long run | leaves $(\sqrt\kappa - 1)/(\sqrt\kappa + 1)$ at each step: steps grow like $\sqrt\kappa$ |
# | sum or average? | $\mathrm{lr}_{\text{average}} = \mathrm{lr}_{\text{sum}} / (1 - \beta)$ |
# | Nesterov | the gradient where the velocity carries you; torch's form is the same walk, seen from the point in front |
# | tuning | another momentum means another lr: begin at the same $\mathrm{lr}/(1-\mu)$, then try more: it holds far below the edge |
# | memory | one number per weight |
# | writing an optimizer | groups, state, in place; leave `p.grad` alone; refuse what you do not do |
# | what is wrong with it | still one lr for all directions; where noise rules, it is little more than a larger lr |

# %% [markdown] slideshow={"slide_type": "notes"}
# **Next.** A learning rate for each weight: Adagrad, RMSProp, Adadelta (lecture 4).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/03_momentum.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** D's final project: give `Momentum` an argument `nesterov`. Test it by hand against
# `torch.optim.SGD(p, lr=0.001, momentum=0.9, nesterov=True)`, over 20 steps.
#
# <details><summary>Answer</summary>Put it into the defaults, and go along <code>g + momentum * v</code>, not along <code>v</code>:
# <code>d = g.add(state["v"], alpha=group["momentum"]) if group["nesterov"] else state["v"]</code>, then
# <code>p.add_(d, alpha=-group["lr"])</code>.</details>
#
# **2.** A bowl has the curvatures 1 and 900. Compute the best lr and momentum by hand, and how many steps leave 1 % by the factor alone. Check with
# `descend(surfaces.bowl(1, 900), "momentum", lr=(2 / 31) ** 2, momentum=(29 / 31) ** 2, steps=400)`. Then look around on
# `stability_map(surfaces.bowl(1, 900), lr=(0.001, 0.004, 0.0042), momentum=(0.5, 0.9, 0.99), steps=200)`. Is there a setting that gets there sooner?
#
# <details><summary>Answer</summary>√κ = 30: lr = (2 / 31)² ≈ 0.00416, momentum = (29 / 31)² ≈ 0.875. A step leaves 29 / 31: about 69 steps to 1 %.
# Measured, it takes twice as many: with equal roots the distance falls like t·ρᵗ. And it lies at the very edge: lr = 0.0042 diverges. A little more
# momentum and less lr (0.004 and 0.9) gets to 1 % sooner. "Best" is meant for the long run.</details>
#
# **3.** Write the average as a rule of your own, `def mine(x, g, s, t, lr, beta): ...`, and train a network with it:
# `class Mine(optimizers.RuleOptimizer): rule = mine`. Which lr does it need, compared with `optimizers.SGD(momentum=0.9)`?
#
# <details><summary>Answer</summary>Ten times as much: lr / (1 - β). The rule is <code>rules.momentum_ema</code>.</details>

# %% [markdown] slideshow={"slide_type": "notes"}
# ## References
#
# - B. T. Polyak, [Some methods of speeding up the convergence of iteration
#   methods](https://doi.org/10.1016/0041-5553(64)90137-5), USSR Comput. Math. Math. Phys. 4, 1964: the heavy ball, and its best setting.
# - Yu. Nesterov, [A method for solving the convex programming problem with convergence rate
#   O(1/k²)](https://www.mathnet.ru/eng/dan46009), Dokl. Akad. Nauk SSSR 269, 1983: the look-ahead.
# - I. Sutskever, J. Martens, G. Dahl, G. Hinton, [On the importance of initialization and momentum in deep
#   learning](https://proceedings.mlr.press/v28/sutskever13.html), ICML 2013: both, on networks.
# - Y. Bengio, N. Boulanger-Lewandowski, R. Pascanu, [Advances in Optimizing Recurrent
#   Networks](https://arxiv.org/abs/1212.0901), ICASSP 2013: Nesterov's, seen from the point in front.
# - G. Goh, [Why Momentum Really Works](https://distill.pub/2017/momentum/), Distill, 2017: the ball, the spring and the map, to play with.
# - L. Lessard, B. Recht, A. Packard, [Analysis and Design of Optimization Algorithms via Integral Quadratic
#   Constraints](https://arxiv.org/abs/1408.3595), SIAM J. Optim. 26, 2016: the rates; and a function on which the best heavy ball of all bowls goes round for ever.
