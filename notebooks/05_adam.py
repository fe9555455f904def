# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 5 · Adam and its family
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/05_adam.ipynb)
#
# Momentum smooths the direction (lecture 3). RMSProp gives each weight a step of its own size (lecture 4).
# Adam does both, and takes care of its first steps. Most networks are trained with it, or with one of its family.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* Aloud: up to *How long is a step?*, then *The digits*, *AdamW* (first picture), *The first steps*, the clocks and the unmasking under
# *What can go wrong*, and the summary. The rest is for home.

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
import time
from dataclasses import replace
from functools import partial, wraps

from course_utils import data, models, optimizers, plotting, rules, schedules, surfaces
from course_utils.descent import descend
from course_utils.gradients import gradient, relative_error
from course_utils.moving import Animation
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.training import fit
from course_utils.widgets import explore, race

import numpy as np
import torch

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Four walkers, one of them right
#
# Four rules, each of which says that it is Adam. They have the same settings and the same start. One is right. The
# other three come from notebooks that this course is built from (A, B and C: see the index), and each has a single mistake in a single place.


# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# The code of this picture gives the answer away: open it later.
def adam_by(clock):
    """Adam, with the corrections of its start by another clock."""

    @wraps(rules.adam)
    def rule(x, g, s, t, **hyper):
        return rules.adam(x, g, s, clock(t), **hyper)

    return rule


def misplaced_eps(x, g, s, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g * g
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * (m_hat / rules.sqrt(v_hat) + eps), rules.State(m=m, v=v)


# %% jupyter={"source_hidden": true}
# So does this code.
four = {
    "W": adam_by(lambda t: 1),
    "X": misplaced_eps,
    "Y": rules.adam,
    "Z": adam_by(lambda t: 6 * t),
}
walkers = {
    name: descend("beale", rule, lr=0.2, eps=1e-6, steps=70) for name, rule in four.items()
}
Animation(walkers, title="Four rules that say Adam: three are wrong")

# %% [markdown]
# **Predict.** Which one is right? You see only three paths: where is the fourth? And how would you find out, if all that you
# have is a program and the accuracy that it reached?

# %% [markdown] slideshow={"slide_type": "notes"}
# Write your answer down. All four are unmasked near the end, under *What can go wrong*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The rule
#
# What was wrong with the rules before it?
#
# - *Momentum* has one lr for all weights. A steep direction and a flat one get steps of very different length.
# - *RMSProp* divides by the root of a mean square. But its direction is the latest gradient, noise and all. And its first
#   steps are too long, because its mean square begins at 0 (lecture 4).

# %% [markdown] slideshow={"slide_type": "fragment"}
# Adam keeps **two** averages: $m$ of the gradients, for the direction, and $v$ of their squares, for the size. Then it
# corrects both for their start.

# %% slideshow={"slide_type": "subslide"}
show_rule(rules.adam)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - $m$ has the units of the gradient, and so has $\sqrt v$. Their ratio has none. So lr is a **length**, in the units of $x$.
# - $m$ averages over about $1/(1-\beta_1) = 10$ steps, $v$ over about $1/(1-\beta_2) = 1000$ (lecture 4).
# - Each weight has its own $m$ and its own $v$: two numbers of memory.
# - The two quotients with a hat are the correction. Why is it there?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The bias of the start
#
# Both averages begin at 0. Written out, the first one is
#
# $$m_t = (1-\beta_1) \sum_{i=1}^{t} \beta_1^{\,t-i}\, g_i$$
#
# The weights of this sum do not add up to 1:
#
# $$(1-\beta_1) \sum_{i=1}^{t} \beta_1^{\,t-i} = (1-\beta_1)\,\frac{1-\beta_1^t}{1-\beta_1} = 1 - \beta_1^t$$
#
# So if all gradients have the same mean, $m_t$ has, on average, only the part $1 - \beta_1^t$ of it: it is *biased* towards
# 0. Divide by that part, and the bias is gone: $\hat m_t = m_t / (1-\beta_1^t)$. The same for $v$, with $\beta_2$.


# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** *Without* the correction, both $m$ and $v$ are too small at first. Are the first steps then too short, or too
# long?


# %% [markdown] slideshow={"slide_type": "notes"}
# To see it, we need no surface. We feed the rule with gradients and watch it walk.


# %% slideshow={"slide_type": "skip"}
def feed(rule, gradients, x=0.0, **hyper):
    """The points to which a rule goes from x, if these are its gradients, one after the other."""
    x, s = torch.full_like(gradients[0], x), rules.State()
    points = [x]
    for t, g in enumerate(gradients, start=1):
        x, s = rule(x, g, s, t, **hyper)
        points.append(x)
    return torch.stack(points)


def lengths(rule, gradients, **hyper):
    """How long its steps are, in units of lr."""
    return feed(rule, gradients, lr=1.0, **hyper).diff(dim=0).abs()


# %% slideshow={"slide_type": "skip"}
uncorrected = adam_by(lambda t: math.inf)  # where β to the power of t is 0
ones = torch.ones(5000, dtype=torch.float64)  # a steady gradient
without, right = lengths(uncorrected, ones), lengths(rules.adam, ones)

generator = torch.Generator().manual_seed(2)
noisy_ones = ones[:40] + 0.5 * torch.randn(40, generator=generator, dtype=torch.float64)
m = -feed(rules.momentum_ema, noisy_ones, lr=1.0).diff()  # its steps are its average
m_hat = m / (1 - 0.9 ** torch.arange(1, 41))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9, 4.4),
    alt="Left: an average of noisy gradients climbs from 0; corrected, it starts right. Right: uncorrected, steps are up to six times too long.",
)
left, ax = figure.subplots(1, 2)
left.plot(range(1, 41), noisy_ones, ".", color="#888888", label="gradients, mean 1")
for label, y, style in (("$m_t$", m, 1), (r"$\hat m_t$", m_hat, 0)):
    left.plot(range(1, 41), y, label=label, markevery=5, **plotting.STYLES[style])
left.set(title="An average that begins at 0", xlabel="step", ylim=(0, 3.2))
for label, y, style in (("without correction", without, 1), ("with", right, 0)):
    ax.plot(range(1, 5001), y, label=label, markevery=0.1, **plotting.STYLES[style])
ax.set(title="Without correction: far too long", xlabel="step", ylabel="length / lr")
ax.set(xscale="log", ylim=(0, None))
_ = left.legend(), ax.legend()
figure

# %%
print(f"first step: {without[0]:.2f} lr without, {right[0]:.2f} lr with the correction")
print(f"longest without: {without.max():.2f} lr, in step {without.argmax() + 1}")
print(f"too long by 1 % or more up to step {(without > 1.01).nonzero().max() + 1}")

# %% [markdown]
# Too long. Under a steady gradient, the uncorrected step is $\mathrm{lr}\,(1-\beta_1^t)/\sqrt{1-\beta_2^t}$. The numerator
# fills in some ten steps, the denominator in some thousand. While $v$ is still far too small, the steps are far too long.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two steps by hand
#
# **Predict.** $f = 0.1\,x_1^2 + 2\,x_2^2$, start $(-5, -2)$, $\mathrm{lr} = 0.2$, $\beta_1 = 0.9$, $\beta_2 = 0.999$,
# $\epsilon = 10^{-6}$. Where is Adam after **two** steps? (The first step needs no calculator.)
#
# - (a) $(-3.939, -0.998)$
# - (b) $(-3.523, -0.540)$
# - (c) $(-4.532, -1.532)$
# - (d) $(-4.600, -1.601)$
#
# And after thirty: at the minimum, or where?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
quadratic = surfaces.quadratic
by_hand = {"lr": 0.2, "eps": 1e-6}
quiz = descend(quadratic, rules.adam, steps=30, **by_hand)
for step in (1, 2, 30):
    x1, x2 = quiz.x[step].tolist()
    print(f"after {step:2} steps: ({x1:.8f}, {x2:.8f})")

# %% [markdown]
# In the first step, $\hat m = g$ and $\sqrt{\hat v} = |g|$. So the first step is lr along each coordinate, whatever the
# gradient is (but for ε): from $(-5, -2)$ to $(-4.8, -1.8)$. The second is nearly the same: (d). After thirty, it is near
# the minimum, and swinging around it.
#
# Each wrong answer is somebody's rule: (a) is RMSProp, (b) is Adam without the correction, (c) has the correction that
# notebook B prints.

# %%
wrong = {"a": partial(rules.rmsprop, alpha=0.9), "b": uncorrected, "c": adam_by(lambda t: 1)}
for option, rule in wrong.items():
    x1, x2 = descend(quadratic, rule, steps=2, **by_hand).x[2].tolist()
    print(f"({option}) ({x1:.3f}, {x2:.3f})")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The same in torch
#
# We give torch's optimizer the same start, and compare all points. Twice: with the loss as it is, and with the loss
# multiplied by $10^{-6}$, because a misplaced ε hides behind large gradients. Every rule of this lecture goes through
# this test.


# %% slideshow={"slide_type": "skip"}
def scaled(surface, c):
    """The surface, c times as high."""
    return replace(surface, f=lambda x1, x2: c * surface.f(x1, x2))


def deviation(rule, torchs, surface, steps=100, lr=0.01, **arguments):
    """How far a rule's path is from that of torch's optimizer, as a part of the way."""
    w = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    theirs, optimizer = [w.detach().clone()], torchs([w], lr=lr, **arguments)
    for _ in range(steps):
        w.grad = gradient(surface, w.detach())
        optimizer.step()
        theirs.append(w.detach().clone())
    ours = descend(surface, rule, steps=steps, lr=lr, **arguments).x
    return relative_error(ours - ours[0], torch.stack(theirs) - ours[0])


# %%
def same(rule, torchs, **arguments):
    hills = surfaces.beale, scaled(surfaces.beale, 1e-6)
    return all(deviation(rule, torchs, hill, **arguments) < 1e-12 for hill in hills)


print("same as torch.optim.Adam to 12 digits:", same(rules.adam, torch.optim.Adam))

# %% [markdown]
# And on a network: `optimizers.Adam` applies the rule above to each of 79,510 weights. Beside it, torch's own, in `float64`.

# %%
digits = data.load("mnist-5k", validation=0.2)
nets = [models.mlp_small().double() for _ in range(3)]
for net, adam in zip(nets[1:], (optimizers.Adam, torch.optim.Adam), strict=True):
    optimizer = adam(net.parameters(), lr=0.001)
    for x, y in zip(digits.x_train.split(64), digits.y_train.split(64), strict=True):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x.double()), y).backward()
        optimizer.step()
start, ours, theirs = (torch.nn.utils.parameters_to_vector(net.parameters()) for net in nets)
print("same network after an epoch:", relative_error(ours - start, theirs - start) < 1e-10)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Across the valley and along it
#
# **Predict.** On this surface, gradient descent zigzagged and momentum swung (lectures 1 and 3). Is there an edge beyond which Adam diverges? What will
# more $\beta_1$ do: arrive sooner, or swing?

# %% slideshow={"slide_type": "subslide"}
explore("quadratic", rules.adam, lr=(0.01, 0.2, 2.0), beta1=(0.0, 0.9, 0.99), steps=60)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# 1. Every path begins along the same diagonal: the first step moves both coordinates by lr. The shape of the valley has no
#    say in it. (It looks steeper than 45°, because the axes are drawn to different scales.)
# 2. The steep coordinate arrives first. Not because it is steep, but because it has the shorter way.
# 3. With $\beta_1 = 0$ and lr up to 0.2 it does not swing. With 0.9 it swings in a wide curve: that is momentum. With
#    0.99, 60 steps are not enough for the swing to die out.
# 4. Too large an lr makes it jump (without momentum) or swing (with it), and come back. (With little β₁ and lr from 1 on, the verdict may say *diverges*:
#    after 60 steps, it happens to stand higher than at the start. Give it more steps, and it comes back, too.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Why is there no edge? If the jumps grow, so do the gradients, and Adam divides by them. What lr sets is how far a step may
# go. (With lr = 0.01, 60 steps are not enough for a way of 5, whatever the slope.) On
# surfaces other than a bowl, a wide jump may end where no way leads back.

# %%
lrs = np.geomspace(0.01, 2, 40)
grid = descend(quadratic, rules.adam, lr=lrs, beta1=[0.0, 0.5, 0.9, 0.95, 0.99], steps=500)
first = (grid.x[1] - grid.x[0]) / torch.tensor(lrs)[:, None, None]
print("each coordinate's first step is lr:", torch.allclose(first, torch.ones_like(first)))
furthest = grid.x.abs().amax()
print(f"of 200 paths of 500 steps, none is ever further away than {furthest:.0f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How long to remember
#
# Beale's surface is steep where we start, and flat around the minimum. The steep start makes $v$ large, and $v$ remembers about
# $1/(1-\beta_2)$ steps. Now lr stays at 0.1, and the slider is this memory, by its power of ten: 3 means 1000 steps, $\beta_2 = 0.999$.
#
# **Predict.** Is a longer memory good or bad on the flat part that follows? Drag the slider from right to left.


# %% slideshow={"slide_type": "subslide"}
def adam_by_memory(x, g, s, t, lr=0.1, log10_memory=3.0):
    return rules.adam(x, g, s, t, lr, beta2=1 - 10**-log10_memory)


explore("beale", adam_by_memory, lr=0.1, log10_memory=(0.3, 3, 4), steps=200)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for beta2 in (0.5, 0.9, 0.99, 0.999):
    path = descend("beale", rules.adam, lr=0.1, beta2=beta2, steps=200)
    last = path.x[-20:].diff(dim=0).norm(dim=-1).mean()
    print(f"β₂ = {beta2}: {path.outcome}; its last steps are {last:.3f} long")

# %% [markdown]
# A long memory is slow here: on the flat floor, the walker still divides by the steep start.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Beyond 200 steps of memory nothing changes: with the
# correction, $\hat v$ is then the mean of all squares.)

# %% [markdown]
# With $\beta_2 = 0.9$ it has forgotten, and arrives. With 0.5 its steps stay long to the end, and it
# cannot settle.

# %% [markdown] slideshow={"slide_type": "fragment"}
# But these gradients have no noise. With noise, a short memory makes $v$ itself noisy. The default, 0.999, is the careful
# one. (Reports on large language models often name 0.95: lecture 7.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The loss times a thousand
#
# Multiply the loss by 1000. The minimum stays where it was.
#
# **Predict.** Each rule is tuned for factor 1. For which factors will SGD still get there in 100 steps: from half to double, or from a thousandth to a
# thousand times? And Adam?

# %% slideshow={"slide_type": "skip"}
factors = np.geomspace(1e-12, 1e6, 73)  # four to each power of ten
racers = {"SGD": ("sgd", 0.4), "momentum": ("momentum", 0.1), "Adam": ("adam", 0.2)}
left_over = {}
for name, (rule, lr) in racers.items():
    paths = [descend(scaled(quadratic, c), rule, lr=lr, steps=100) for c in factors]
    left_over[name] = np.array([path.remaining[-1] for path in paths])

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {f"{name}, lr {racers[name][1]}": (factors, left) for name, left in left_over.items()},
    title="Adam does not see the scale of the loss, until ε wakes",
    xlabel="factor before the loss",
    ylabel="part of the distance that is left\nafter 100 steps",
    log="xy",
)
ax = figure.axes[0]
ax.set_ylim(1e-4, 10)
ax.axvspan(1e-12, 1e-8, color=plotting.ORANGE, alpha=0.15, linewidth=0)
ax.text(2e-12, 2e-4, "gradients not\nmuch above ε,\nor below")
figure

# %%
from_one = left_over["Adam"][factors > 0.99]
print(
    "Adam, factors from 1 to 1,000,000: the same to 1 %:", np.ptp(from_one) < 0.01 * from_one[0]
)
for name, left in left_over.items():
    near = factors[left < 0.05]
    print(f"{name} leaves less than 5 % for factors from {near.min():.1g} to {near.max():.1g}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Multiply the loss by 1000, and all gradients grow a thousandfold: $m$ by 1000, $v$ by 1000², and so $\sqrt v$ by 1000. The ratio does not change.


# %% [markdown]
# For SGD and momentum, another scale of the loss needs another lr. (Beyond its edge, each is gone.) For Adam, lr has
# nothing to do with the scale of the loss. That is a good part of its success: lr = 0.001 often works at once.


# %% [markdown] slideshow={"slide_type": "notes"}
# On the left, gradients are as small as $\epsilon = 10^{-8}$, and the sum $\sqrt{\hat v} + \epsilon$ notices. Where
# $\sqrt{\hat v}$ is far below ε, Adam is plain momentum with the learning rate lr / ε.


# %% [markdown] slideshow={"slide_type": "fragment"}
# The same on digits, with a loss *summed* over 64 pictures: 64 times the mean (lecture 1).


# %% slideshow={"slide_type": "fragment"}
def train(make, seed=0, epochs=3, **settings):
    model = models.mlp_small(seed=seed)
    optimizer = make(model.parameters())
    settings = {"epochs": epochs, "seed": seed, "progress": False, "norms": False, **settings}
    history = fit(model, optimizer, digits, **settings)
    if history.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    return model, history


for make in (partial(optimizers.SGD, lr=0.3), partial(optimizers.Adam, lr=0.001)):
    mean, total = (train(make, reduction=how)[1].steps.loss for how in ("mean", "sum"))
    ends = total.tail(20).mean() / mean.tail(20).mean()
    print(f"{make.func.__name__}: the sum ends where the mean ends: {abs(ends - 1) < 0.05}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How long is a step?
#
# Under a steady gradient, each coordinate's step is lr long. Two other cases matter.
#
# **Predict.** (1) The gradients are nothing but noise, with mean 0. How long are the steps in the long run: about lr, or
# less? (2) A weight has gradient 0 for 10,000 steps. From then on its gradient is 1. How long are its steps then?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
generator = torch.Generator().manual_seed(1)
luck = torch.randn(1000, 1000, generator=generator, dtype=torch.float64)  # 1,000 steps and runs
typical = lengths(rules.adam, luck).square().mean(dim=1).sqrt()
silence = torch.zeros(10_000, dtype=torch.float64)
after = lengths(rules.adam, torch.cat([silence, ones[:100]]))[10_000:]
print(f"noise: first step {typical[0]:.2f} lr, in the long run {typical[500:].mean():.2f} lr")
print(f"theory for the long run: √((1 - β₁) / (1 + β₁)) = {math.sqrt(0.1 / 1.9):.2f}")
print(f"after the silence: first {after[0]:.2f} lr, longest {after.max():.2f} lr")

# %% [markdown]
# 1. Under noise, $m$ averages out, and $v$ does not. The steps shrink to about a quarter of lr. So Adam slows down by
#    itself where a gradient keeps changing its sign. (But look at the *first* step: as long as lr. We come back to it.)
# 2. After a silence, $v$ is 0, and now no correction helps: $t$ is large. It is the uncorrected start again.

# %% [markdown] slideshow={"slide_type": "notes"}
# Adam's paper
#    (section 2.1) gives $(1-\beta_1)/\sqrt{1-\beta_2}$, which is 3.16, as an upper bound in units of lr. But that is the
#    first of these steps. The longest is twice as long.

# %% [markdown] slideshow={"slide_type": "subslide"}
# *(The rest of this section may be left for home.)* What is the true bound? By the inequality of Cauchy and Schwarz, if $\beta_1^2 < \beta_2$:
#
# $$\begin{aligned}
# \frac{|m_t|}{\sqrt{v_t}} &= \frac{(1-\beta_1)\,\big|\sum_k \beta_1^k\, g_{t-k}\big|}{\sqrt{(1-\beta_2) \sum_k \beta_2^k\, g_{t-k}^2}} \\
# &\le \frac{1-\beta_1}{\sqrt{1-\beta_2}}\, \sqrt{\sum_k \Big(\frac{\beta_1^2}{\beta_2}\Big)^k}
# \;\le\; \frac{1-\beta_1}{\sqrt{(1-\beta_2)\,(1-\beta_1^2/\beta_2)}}
# \end{aligned}$$

# %% [markdown] slideshow={"slide_type": "notes"}
# (At the defaults, the two corrections can only shorten the step: $\sqrt{1-\beta_2^t} < 1-\beta_1^t$.)

# %% slideshow={"slide_type": "fragment"}
bound = 0.1 / math.sqrt(0.001 * (1 - 0.9**2 / 0.999))
growing = (0.999 / 0.9) ** torch.arange(-300, 1, dtype=torch.float64)  # where "≤" is "="
worst = lengths(rules.adam, torch.cat([silence, growing]), eps=1e-200)[-1]
print(f"the bound: {bound:.2f} lr; the longest step that we can make: {worst:.2f} lr")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The digits
#
# SGD, RMSProp and Adam: ten learning rates each, three seeds each, three epochs. We judge by 800 validation pictures.
#
# **Predict.** Whose best is highest? Whose top is widest, and where is it?

# %% slideshow={"slide_type": "skip"}
contest = {"SGD": optimizers.SGD, "RMSProp": optimizers.RMSprop, "Adam": optimizers.Adam}
net_lrs, seeds = np.geomspace(1e-4, 10**0.5, 10), range(3)
found = {name: np.zeros((10, 3)) for name in contest}
for name in contest:
    for i in progress_bar(range(10)):
        for seed in seeds:
            _, run = train(partial(contest[name], lr=net_lrs[i]), seed=seed)
            accuracy = run.epochs.val_accuracy.get(3, 0.1)  # if it diverged: guessing
            found[name][i, seed] = 100 * accuracy

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (net_lrs, accuracy.mean(axis=1)) for name, accuracy in found.items()},
    title="After three epochs, the adaptive two forgive more",
    xlabel="lr",
    ylabel="validation accuracy, %",
    log="x",
)
ax = figure.axes[0]
for accuracy, style in zip(found.values(), plotting.STYLES, strict=False):
    low, high = accuracy.min(axis=1), accuracy.max(axis=1)
    ax.fill_between(net_lrs, low, high, color=style["color"], alpha=0.2, linewidth=0)
figure

# %%
bests = {name: accuracy.mean(axis=1).max() for name, accuracy in found.items()}
for name, accuracy in found.items():
    wide = (accuracy.mean(axis=1) > bests[name] - 8).sum()
    print(f"{name}: {wide} of 10 learning rates come within 8 points of its best")
ratio = (
    net_lrs[found["SGD"].mean(axis=1).argmax()] / net_lrs[found["Adam"].mean(axis=1).argmax()]
)
print("SGD's best lr is at least 10 times Adam's:", ratio > 9.9)
print("the three bests lie within 5 points:", np.ptp(list(bests.values())) < 5)

# %% [markdown] slideshow={"slide_type": "notes"}
# Lines are means of three seeds, bands go from the lowest to the highest. Adam's best lr is far below SGD's: SGD's step is lr times the
# gradient, and those of this network are small (lecture 4); Adam's is about lr. (Three epochs reward whoever starts fast.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# On all of MNIST, each tuned with the same effort, with twenty fresh seeds each (lecture 10), the test accuracy is:

# %%
from course_utils import benchmark

table = benchmark.standings(benchmark.results())
family = ["SGD", "momentum", "Adam", "AdamW", "AdaMax", "NAdam", "RAdam"]
shown = table.loc[family, ["accuracy", "low", "high"]].sort_values("accuracy", ascending=False)
print(shown.round(1).to_string())

# %% [markdown]
# From the first to the last of these it is less than half a point. "Adam is better than SGD" is not what these numbers
# say. They say: *tuned, no difference between Adam and SGD found*. (Paired by seed, some members of the family do differ: lecture 10 shows how to ask.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## AdamW: decay that is not rescaled
#
# Weights that grow without need help a network to learn noise by heart. The old cure is a penalty,
# $\tfrac{\lambda}{2}\|x\|^2$, called *L2*. (This λ is no curvature.) Its gradient, $\lambda x$, is added to that of the loss. With SGD, this takes
# the part $\mathrm{lr}\,\lambda$ off each weight in each step: *weight decay*. With Adam, it does something else. Here it
# is:


# %% tags=["code"]
def adam_l2(x, g, s, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    return rules.adam(x, g + weight_decay * x, s, t, lr, beta1, beta2, eps)


print("same as torch.optim.Adam:", same(adam_l2, torch.optim.Adam, weight_decay=0.1))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two weights, both 1. The gradients of the loss are pure noise: large for the one, ten times smaller for the other. So
# only the decay can move them in the long run.
#
# **Predict.** With L2 inside Adam, which of the two decays faster: the one with large gradients, or the one with small ones?

# %% slideshow={"slide_type": "skip"}
loud_and_quiet = torch.tensor([3.0, 0.3])[:, None]
noise = loud_and_quiet * torch.randn(2000, 1, 200, generator=generator, dtype=torch.float64)
decayed = {
    name: feed(rule, noise, x=1.0, lr=0.01, weight_decay=0.1).mean(dim=-1)
    for name, rule in (("L2 inside Adam", adam_l2), ("AdamW", rules.adamw))
}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9, 4.2), alt="Two weights decay: at two speeds with L2 inside Adam, alike with AdamW."
)
for ax, (name, x) in zip(figure.subplots(1, 2, sharey=True), decayed.items(), strict=True):
    for i, label in enumerate(("large gradients", "small gradients")):
        ax.plot(x[:, i], label=label, markevery=200, **plotting.STYLES[i])
    ax.plot(0.999 ** np.arange(2001), "k:", label=r"$(1 - \mathrm{lr}\,\lambda)^t$")
    ax.set(title=name, xlabel="step")
    ax.legend()
figure.axes[0].set_ylabel("weight (mean of 200 runs)")
figure.suptitle("Inside Adam, L2 spares the weights with large gradients", fontsize=14)
figure

# %% [markdown]
# Adam divides all of the gradient by $\sqrt{\hat v}$, the pull $\lambda x$ included. Where the gradients of the loss are
# large, the pull counts for little: the weight decays at the rate $\mathrm{lr}\,\lambda / \sqrt{\hat v}$. The penalty is
# not the one that was asked for.

# %% [markdown] slideshow={"slide_type": "subslide"}
# AdamW takes the decay out of the gradient:

# %%
print("same as torch.optim.AdamW:", same(rules.adamw, torch.optim.AdamW, weight_decay=0.1))
show_rule(rules.adamw)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Which weights of a network decay
#
# Some pixels at the rim are blank in all training pictures. Their weights get no gradient from the loss, ever.
#
# **Predict.** A tiny $\lambda = 10^{-4}$, six epochs. What becomes of these weights with L2 inside Adam? And with AdamW?

# %% slideshow={"slide_type": "skip"}
trained = {"at the start": models.mlp_small()}
for name, make in (("L2 inside Adam", optimizers.Adam), ("AdamW", optimizers.AdamW)):
    trained[name], _ = train(partial(make, lr=0.001, weight_decay=1e-4), epochs=6)
norms = {name: model[1].weight.detach().norm(dim=0).cpu() for name, model in trained.items()}
blank = digits.x_train.flatten(1).sum(dim=0).cpu() == 0

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9, 3.6), alt="Norms of each pixel's weights: at the rim 0 with L2, unchanged with AdamW."
)
axes = figure.subplots(1, 3)
for ax, (name, norm) in zip(axes, norms.items(), strict=True):
    picture = ax.imshow(norm.reshape(28, 28), cmap="cividis", vmin=0, vmax=0.8)
    ax.set(title=name, xticks=[], yticks=[])
figure.colorbar(picture, ax=axes, label="norm of a pixel's weights", shrink=0.8)
figure.suptitle("L2 inside Adam wipes out the weights of the blank rim", fontsize=14)
figure

# %%
for name, norm in norms.items():
    rim, growth = norm[blank].mean(), norm[~blank].mean() / norms["at the start"].mean()
    print(f"{name:15} always blank: {rim:.1f}; others: {growth:.0f} times the start")
print(f"AdamW leaves of a weight without gradient: {(1 - 0.001 * 1e-4) ** (6 * 50):.5f}")

# %% [markdown]
# The whole gradient of such a weight is $\lambda x$. Adam divides it by its own size. So the weight goes towards 0 by lr a
# step, **however small λ is** (until even λx is down to ε). AdamW takes the part $\mathrm{lr}\,\lambda$ off it: nearly nothing, as we asked.

# %% [markdown] slideshow={"slide_type": "notes"}
# (In the paper, a step takes off λ times the schedule's factor. In torch it is lr times λ: whoever lowers lr lowers the
# decay.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The first steps
#
# Many recipes begin with a small lr and let it grow: *warm-up* (lecture 2). Why should Adam need that?
#
# The correction takes out the *bias* of $v$. It cannot take out its *variance*. After one step, $\hat v$ is the square of a
# single gradient; after ten, the mean of about ten squares.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** 1,000 runs, each fed with noise of its own, $N(0, 1)$. In the long run, $\sqrt{\hat v}$ is about 1. How far
# apart are the runs' values of $1/\sqrt{\hat v}$ in step 1, and in step 10? And how long are their steps?

# %% slideshow={"slide_type": "skip"}
v = -feed(rules.momentum_ema, luck**2, lr=1.0, beta=0.999).diff(dim=0)  # steps, runs
t = torch.arange(1, 1001, dtype=torch.float64)
scale = (v / (1 - 0.999 ** t[:, None])) ** -0.5
spread = torch.quantile(scale, torch.tensor([0.05, 0.5, 0.95], dtype=torch.float64), dim=1)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
alt = "Left: 1/√v̂ differs widely between 1,000 runs at first, hardly later. Right: Adam's steps are longest at the start, and shrink to a quarter."
figure = plotting.Figure((9, 4.4), alt)
left, ax = figure.subplots(1, 2)
left.fill_between(
    t, spread[0], spread[2], color=plotting.BLUE, alpha=0.25, label="9 of 10 runs"
)
left.plot(t, spread[1], color=plotting.BLUE, label="median")
left.set(title="At first, the scale is a guess", xscale="log", yscale="log")
left.set(xlabel="step", ylabel=r"$1 / \sqrt{\hat v}$")
left.legend()
ax.plot(t, typical, color=plotting.BLUE)
ax.axhline(math.sqrt(0.1 / 1.9), color="black", linestyle=":")
ax.set(title="Under noise, the first steps are longest", xlabel="step", xscale="log")
ax.set(ylim=(0, 1.1), ylabel="length / lr (root mean square)")
figure

# %%
for step in (1, 10, 100, 1000):
    low, _, high = spread[:, step - 1]
    length = typical[step - 1]
    print(f"step {step:4}: 9 of 10 scales in {low:.2f} to {high:.2f}; steps of {length:.2f} lr")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two arguments for a careful start:
#
# - *Left*, that of RAdam's authors. After one step the scale can be anything; after ten, the largest of these is still
#   twice the smallest.

# %% [markdown] slideshow={"slide_type": "notes"}
# Notebook B says that Adam is erratic in its first ten steps: here they are.

# %% [markdown]
# - *Right*, that of their critics, Ma and Yarats. A step is a *ratio*. In step 1 it is exactly lr, whatever the gradient:
#   luck is not in its length but in its sign. Later, $m$ averages the noise out, and steps are about four times shorter. So the
#   first steps are the longest, and they go where luck says.
#
# Both say: do not trust the first steps. The simplest remedy is to make them short.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### RAdam: a warm-up that is computed
#
# What is wrong with a warm-up by hand? Its length is one more number to choose. RAdam computes it from $\beta_2$ alone.
# It counts how many squares $\hat v$ has seen, roughly: $\rho_t$. While $\rho_t \le 5$, it does not use $\hat v$ at all.
# Then it shortens the steps by a factor $r_t$, chosen so that $r_t/\sqrt{\hat v}$ is equally uncertain in all steps, or nearly.

# %% tags=["formulas"]
print("same as torch.optim.RAdam:", same(rules.radam, torch.optim.RAdam))
show_rule(rules.radam)

# %% slideshow={"slide_type": "notes"}
t = np.arange(1, 6001)
rho_inf = 2 / (1 - 0.999) - 1
rho = rho_inf - 2 * t * 0.999**t / (1 - 0.999**t)
seen = np.where(rho > 5, rho, np.nan)
r = np.sqrt((seen - 4) * (seen - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * seen))
warm_up = schedules.Warmup(1.0, 2000, 1 / 2000)
print(f"first step that uses v: {np.flatnonzero(rho > 5)[0] + 1}")
for step in (6, 10, 100, 1000):
    told = f"ρ = {rho[step - 1]:.0f}, r = {r[step - 1]:.2f}"
    before, after = (scale[step - 1] * f for f in (1, r[step - 1]))
    print(f"step {step:4}: {told}; spread of 1/√v̂ {before.std():.2f}, r/√v̂ {after.std():.3f}")

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (9, 4.4),
    alt="Left: ρ grows towards 2,000. Right: r rises faster than a linear warm-up of 2,000 steps at first, then more slowly.",
)
left, ax = figure.subplots(1, 2)
left.plot(t, rho, color=plotting.BLUE)
left.set(title="How many squares have been seen", xlabel="step", ylabel=r"$\rho_t$")
lines = {"$r_t$ of RAdam": r, "linear, 2,000 steps": [warm_up(int(k)) for k in t]}
for (label, y), style in zip(lines.items(), plotting.STYLES, strict=False):
    ax.plot(t, y, label=label, markevery=500, **style)
ax.set(title="RAdam's warm-up and a straight line", xlabel="step", ylabel="factor before lr")
ax.legend(loc="lower right")
figure

# %% [markdown]
# The straight line is the recipe of Ma and Yarats: a linear warm-up over $2/(1-\beta_2)$ steps. They found that it does
# as well as RAdam.

# %% [markdown] slideshow={"slide_type": "notes"}
# (This $\rho$ is no decay and this $r$ no sum of squares: the letters are the paper's.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Does warm-up help?
#
# Digits again, with an lr that is far too large for Adam. (In *The digits*, Adam had fallen off at lr = 0.1.)
#
# **Predict.** What will the loss of plain Adam do in its first ten steps?

# %% slideshow={"slide_type": "skip"}
hot = {
    "Adam": (optimizers.Adam, None),
    "Adam, warm-up of 60 steps": (optimizers.Adam, schedules.Warmup(0.1, 60, 1 / 60)),
    "RAdam": (optimizers.RAdam, None),
}
firsts = {}
for name, (make, plan) in hot.items():
    runs = [train(partial(make, lr=0.1), seed=s, epochs=2, schedule=plan)[1] for s in seeds]
    firsts[name] = np.mean([run.steps.loss for run in runs], axis=0)
gentle = train(partial(optimizers.Adam, lr=0.01), epochs=1)[1].steps.loss.to_numpy()

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for name, losses in {**firsts, "Adam, lr = 0.01": gentle}.items():
    leaps = losses[:10].max() > 2 * losses[0]
    print(f"{name}: the loss more than doubles within ten steps: {leaps}")
plotting.plot_curves(
    {name: (range(1, 101), losses) for name, losses in firsts.items()},
    title="With lr = 0.1, only plain Adam leaps in its first steps",
    xlabel="step",
    ylabel="training loss, mean of three seeds",
    log="y",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# Warm-up spares the leap, by hand or computed. RAdam stays lowest here, but that is no wonder: after 100 steps its factor
# $r$ is still 0.22, so its lr is a fifth of the others'. With an lr that suits, the leap does not happen, and the table
# of MNIST above has RAdam at the bottom. Warm-up is for those who want an lr as large as possible, as one does with large
# networks (lecture 2).

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** RAdam's first five steps leave out $v$. We multiply the loss by 100. Adam does not notice. And RAdam?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for c in (1, 100):
    for rule in (rules.adam, rules.radam):
        path = descend(scaled(quadratic, c), rule, lr=0.2, steps=100)
        print(f"loss times {c:3}, {rule.__name__:5}: {path.outcome}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first five steps are lr times the averaged gradient, not lr. So they have gradient descent's units. Beyond its edge, five of them throw the
# walker far away, and the steps that follow, of about lr, would take ages to bring it back. RAdam, in this form, is not invariant. (Its authors' own code takes no step at all until then.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## AMSGrad: never forget
#
# *(Short of time? Leave this section and the next three for home.)*
#
# What was wrong? In 2018, Reddi, Kale and Kumar found a mistake in the proof that Adam converges. And they gave a game
# that Adam loses. You stand at some $x$ between −1 and 1. In the first of every three rounds you pay $3x$, in the other
# two $-x$. Over three rounds that is $x$. So the best place is −1.
#
# **Predict.** Adam plays, with $\beta_1 = 0$ and a short memory, $\beta_2 = 0.1$. Where does it go?


# %% slideshow={"slide_type": "skip"}
def play(rule, rounds=1000, **hyper):
    x, s, points = torch.zeros(1, dtype=torch.float64), rules.State(), []
    for t in range(1, rounds + 1):
        g = torch.full_like(x, 3.0 if t % 3 == 1 else -1.0)
        x, s = rule(x, g, s, t, lr=0.5 / math.sqrt(t), **hyper)
        x = x.clamp(-1, 1)
        points.append(x.item())
    return points


games = {
    "Adam, β₂ = 0.1": play(rules.adam, beta1=0.0, beta2=0.1),
    "AMSGrad, β₂ = 0.1": play(rules.amsgrad, beta1=0.0, beta2=0.1),
    "Adam, β₂ = 0.999": play(rules.adam, beta1=0.0, beta2=0.999),
}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (range(1, 1001), points) for name, points in games.items()},
    title="The best place is -1, and Adam goes to +1",
    xlabel="round",
    ylabel="x",
    log="x",
)
for line in figure.axes[0].lines:  # markers evenly on the logarithmic axis
    line.set_markevery([int(k) - 1 for k in np.geomspace(1, 1000, 12)])
figure.axes[0].set_ylim(-1.1, 1.1)
figure

# %%
rounds = torch.tensor([3.0, -1.0, -1.0] * 50, dtype=torch.float64)
walk = feed(uncorrected, rounds, lr=1.0, beta1=0.0, beta2=0.1).diff()[-3:]
print("Adam's three steps, in units of lr:", ", ".join(f"{step:+.2f}" for step in walk))

# %% [markdown]
# The large gradient tells the truth, but it comes rarely. It is divided by a $v$ that it has just blown up itself. The
# two small ones are wrong, but $v$ has forgotten by then: they are divided by little. Together they win.

# %% [markdown] slideshow={"slide_type": "subslide"}
# AMSGrad divides by the *largest* $v$ so far. It costs a third number per weight. (The game is made for this $\beta_2$:
# with 0.999 Adam wins it, too. But for any fixed $\beta_1 < \sqrt{\beta_2}$ there is such a game.)

# %% tags=["formulas"]
torchs = partial(torch.optim.Adam, amsgrad=True)
print("same as torch.optim.Adam(amsgrad=True):", same(rules.amsgrad, torchs))
show_rule(rules.amsgrad)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## AdaMax: the largest instead of the mean
#
# A mean square is one way to measure the size of recent gradients. Their largest absolute value, slowly forgotten, is
# another. The maximum needs no correction of its start ($m$ still does), no square and no root, and a step is never longer than
# $(1-\beta_1)/(1-\beta_1/\beta_2)$ times lr, which is 1.01 at the defaults (if $\beta_1 < \beta_2$).

# %% tags=["formulas"]
print("same as torch.optim.Adamax:", same(rules.adamax, torch.optim.Adamax))
show_rule(rules.adamax)

# %% [markdown]
# **Predict.** All gradients are 1, but for a single one of 100. How do Adam, AMSGrad and AdaMax walk on after it? (Here
# $\beta_2 = 0.99$, so that we need not wait long.)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
spike = torch.ones(1000, dtype=torch.float64)
spike[99] = 100
trio = {"Adam": rules.adam, "AMSGrad": rules.amsgrad, "AdaMax": rules.adamax}
plotting.plot_curves(
    {name: (range(1, 1001), lengths(r, spike, beta2=0.99)) for name, r in trio.items()},
    title="After one large gradient: only AMSGrad never recovers",
    xlabel="step",
    ylabel="length / lr",
    log="y",
)

# %% [markdown]
# Adam recovers, because $v$ forgets. AMSGrad keeps its largest $v$ for ever: one bad batch makes all later steps short.
# AdaMax brakes hardest, and then its maximum shrinks by 1 % in each step, until the gradients of 1 are the largest again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## NAdam: look ahead, once more
#
# Adam's momentum is the heavy ball's. Nesterov's reacts one step sooner (lecture 3). NAdam puts it into Adam. And it lets
# its momentum $\mu_t$ grow, very slowly, from about $\beta_1/2$ to $\beta_1$.

# %% tags=["formulas"]
torch.set_default_dtype(torch.float64)  # torch keeps NAdam's product Π in the default type
print("same as torch.optim.NAdam:", same(rules.nadam, torch.optim.NAdam))
torch.set_default_dtype(torch.float32)
show_rule(rules.nadam)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** The gradient is 1 for 100 steps, then −1. In which step does each rule turn round?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
turn = torch.ones(140, dtype=torch.float64)
turn[100:] = -1
duo = {"Adam": rules.adam, "NAdam": rules.nadam}
duo["NAdam, μ = β₁ from the start"] = partial(rules.nadam, momentum_decay=1e4)
turned = {name: -feed(rule, turn, lr=1.0).diff() for name, rule in duo.items()}
for name, steps in turned.items():
    print(f"{name}: turns in step {(steps < 0).nonzero()[0].item() + 1}")
for k in (100, 1000, 10_000):
    print(f"NAdam's μ in step {k}: {0.9 * (1 - 0.5 * 0.96 ** (0.004 * k)):.2f}")
plotting.plot_curves(
    {name: (range(91, 131), steps[90:130]) for name, steps in turned.items()},
    title="The gradient turns after step 100: NAdam follows sooner",
    xlabel="step",
    ylabel="step / lr",
)

# %% [markdown]
# Nesterov's look-ahead alone gains a step. Most of the difference comes from the slow $\mu_t$.

# %% [markdown] slideshow={"slide_type": "notes"}
# In torch's form, $m$ is averaged with $\beta_1$ as ever;
# $\mu_t$ sets how much of the newest gradient is put beside it: about half in step 100, in place of a tenth. (Dozat's paper puts $\mu_t$ into the
# average, too.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The family races
#
# One lr for all five, and no noise.
#
# **Predict.** Raise lr. One of the five leaves the picture in its very first step, long before the others do. Which, and why?

# %% slideshow={"slide_type": "subslide"}
race(
    "beale",
    [rules.adam, rules.amsgrad, rules.adamax, rules.nadam, rules.radam],
    lr=(0.01, 0.02, 1.0),
    steps=100,
    shared=True,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# It is RAdam, from 0.02 or so on. The start is steep, and RAdam's first steps are gradient descent's. (On a network whose gradients are
# small, this hardly shows.) AMSGrad stays on Adam's path: without noise, there is no late large gradient to remember.
# At 0.1, AdaMax is slowest: it still divides by the largest gradient, that of the start, where Adam's mean has long been diluted. (At the right end of the
# slider it is the nearest, for the same reason.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### A clock that stands still, a clock that runs
#
# Notebook B prints the correction as $m/(1-\beta)$: the power $t$ is missing. (We take it that $v$ is meant alike.) So its
# clock always says 1. In notebook A's program, $t$ goes up by one for each *tensor*, six times a step. Here is the last of the six tensors,
# whose clock says $6t$.
#
# **Predict.** Which of the two is right in its first step? Which is right in the end?

# %% slideshow={"slide_type": "skip"}
from course_utils import reproduction

clocks = {
    "Adam": rules.adam,
    "B: the clock says 1": adam_by(lambda t: 1),
    "A: the clock says 6t": partial(reproduction.adam_hasty, tensor=6),
    "no correction": uncorrected,
}
by_clock = {name: lengths(rule, ones) for name, rule in clocks.items()}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (range(1, 5001), y) for name, y in by_clock.items()},
    title="B's clock is right in the first step, A's in the end",
    xlabel="step",
    ylabel="length / lr, steady gradient",
    log="x",
)
for line in figure.axes[0].lines:
    line.set_markevery([int(k) - 1 for k in np.geomspace(1, 5000, 15)])
figure

# %%
_, b, a, none = by_clock.values()
print(f"B: first {b[0]:.2f} lr, longest {b.max():.2f} lr, in the end {b[-1]:.2f} lr")
print(f"A: first {a[0]:.2f} lr, longest {a.max():.2f} lr, in the end {a[-1]:.2f} lr")
part = math.sqrt(1 - 0.999) / (1 - 0.9)
print(f"B is no correction at all, with {part:.3f} lr:", torch.allclose(b, part * none))

# %% [markdown]
# B divides by two constants, so it corrects nothing: it is the uncorrected Adam with another lr (and another ε).

# %% [markdown] slideshow={"slide_type": "notes"}
# (It is only printed there.
# B's programs run torch's Adam.) A corrects too little, and for too short a time. Its network learns all the same: lecture 10
# measures this mistake on MNIST, five seeds each: with shuffled digits, no difference larger than 0.15 points.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### ε in the wrong place
#
# Notebook C asks the question of *Two steps by hand*, and prints $(-4.60025478, -1.60082485)$. Ours ends in other digits.
# Its program adds ε to the finished ratio, $\hat m/\sqrt{\hat v} + \epsilon$, not to the root.

# %%
published = torch.tensor([-4.60025478, -1.60082485], dtype=torch.float64)
for name, rule in (("ε on the root", rules.adam), ("ε on the ratio", misplaced_eps)):
    path = descend(quadratic, rule, steps=30, **by_hand)
    for step in (2, 30):
        x1, x2 = path.x[step].tolist()
        print(f"{name:14} after {step:2} steps: ({x1:.8f}, {x2:.8f})")
    agrees = torch.equal(path.x[2].round(decimals=8), published)
    print(f"{name:14} gives what C prints, in every digit: {agrees}")

# %% [markdown]
# The first coordinate tells nothing: its gradient is about −1, where both are the same. In the second, the mistake hides in
# the seventh decimal, and after thirty steps it is still there. Who would look?

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** What does it do where gradients are small? And where a gradient is exactly 0?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for size in (1.0, 1e-6, 1e-8):
    steady = size * ones[:100]
    right, wrong = (lengths(rule, steady, eps=1e-6)[-1] for rule in (rules.adam, misplaced_eps))
    print(f"gradient {size:g}: steps of {right:.2f} lr; with ε on the ratio {wrong:.2f} lr")
for first in (1.0, -1.0):
    one_then_none = torch.cat([torch.tensor([first], dtype=torch.float64), silence[:3000]])
    drift = feed(misplaced_eps, one_then_none, lr=0.2, eps=1e-6).diff()[-1000:].mean() / 0.2
    print(f"first gradient {first:+g}, then none: it drifts by {drift / 1e-6:+.3f} ε lr a step")
axis = descend(quadratic, misplaced_eps, start=(-5, 0), steps=1, **by_hand)
print("started on the axis, where one slope is 0:", axis.x[1].tolist())


# %% slideshow={"slide_type": "fragment"}
class Misplaced(optimizers.RuleOptimizer):
    rule = misplaced_eps


_, run = train(partial(Misplaced, lr=0.001), epochs=1)
print(f"on digits: {run.status} after {len(run.steps)} steps")

# %% [markdown] slideshow={"slide_type": "fragment"}
# ε has two tasks: to make the steps shrink where gradients are nothing but rounding, and to prevent $0/0$. On the ratio
# it does neither. Instead it pushes every weight by $\mathrm{lr}\,\epsilon$ in each step, always towards smaller $x$,
# whichever way the gradient points. And the blank pixels, whose gradient is exactly 0, make the whole network NaN in the
# first step.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A velocity left over
#
# Notebook A wrote its cells by copying. Its Adam still updates the velocity of the cell before, which nothing reads any more.


# %% tags=["code"]
def with_leftover(x, g, s, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    velocity = 0.9 * s.velocity - lr * g  # nothing reads it
    x, s = rules.adam(x, g, s, t, lr, beta1, beta2, eps)
    return x, rules.State(**vars(s), velocity=velocity)


class Leftover(optimizers.RuleOptimizer):
    rule = with_leftover


print("takes Adam's path:", same(with_leftover, torch.optim.Adam))

# %% [markdown]
# No curve shows it, because the path is right. Only counting does: see *What it costs*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A class under another name
#
# Notebook B's section on RAdam runs another class. It prints 96.23 % for "RAdam". We ran the true RAdam with its
# settings, five seeds:

# %%
again = reproduction.table(reproduction.results()).loc["B"].droplevel("order").loc["RAdam"]
print(
    f"printed {again.printed:.2f} %, true RAdam from {again['min']:.2f} to {again['max']:.2f} %"
)

# %% [markdown]
# **Predict.** The printed accuracy is a little below all five: a hint, at most. How would you have noticed?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
their_radam = torch.optim.Adam  # for example: under the heading "RAdam"
optimizer = their_radam(models.mlp_small().parameters(), lr=0.01)
print("it is a RAdam:", isinstance(optimizer, torch.optim.RAdam))
for name, rule in (("RAdam", rules.radam), ("Adam", rules.adam)):
    off = deviation(rule, their_radam, quadratic, steps=3)
    print(f"its first three steps are those of {name}: {off < 1e-12}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Ask the object what it is. Or compare its first steps with a rule that you trust. One accuracy hardly tells.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Four walkers, unmasked
#
# So we do the same with W, X, Y and Z. We count the decimals to which ten steps agree with torch's, at the usual scale and
# with a loss of $10^{-6}$ times the size.
#
# **Predict**, once more, now that you know the three mistakes. Who is W, who is X, who is Z? Which two are hard to tell apart, and what would tell them
# apart?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for name, rule in four.items():
    told = []
    for hill in (surfaces.beale, scaled(surfaces.beale, 1e-6)):
        off = deviation(rule, torch.optim.Adam, hill, steps=10, lr=0.2, eps=1e-6)
        told.append(min(12, math.floor(-math.log10(max(off, 1e-13)))))
    print(
        f"{name}: {told[0]:2} digits, small loss {told[1]:2}; the walker: {walkers[name].outcome}"
    )

# %% [markdown]
# - **Y** is Adam.
# - **X** is notebook C's, with ε on the ratio. It walks *under* Y: some digits agree, until the loss is small.
# - **W** is B's printed formula, and **Z** is A's hasty clock.
#
# The walkers of B and A end nearer to the minimum than the right one. So neither a path nor an accuracy shows that a
# program is right. The test is: the first steps, beside a reference, in double precision, at two scales.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs


# %% slideshow={"slide_type": "skip"}
makes = {
    "SGD": optimizers.SGD,
    "momentum": partial(optimizers.SGD, momentum=0.9),
    "Adam": optimizers.Adam,
    "AdamW": optimizers.AdamW,
    "AdaMax": optimizers.Adamax,
    "NAdam": optimizers.NAdam,
    "RAdam": optimizers.RAdam,
    "AMSGrad": partial(optimizers.Adam, amsgrad=True),
    "Adam, velocity left over": Leftover,
}
model = models.mlp_small()
for p in model.parameters():
    p.grad = torch.ones_like(p)
running = {name: make(model.parameters(), lr=1e-3) for name, make in makes.items()}

# %%
seconds = {name: [] for name in running}
for _ in range(50):
    for name, optimizer in running.items():  # by turns: what slows the machine slows all
        started = time.perf_counter()
        optimizer.step()
        seconds[name].append(time.perf_counter() - started)
for name, optimizer in running.items():
    print(f"{name:25} keeps {optimizers.kept_per_weight(optimizer):g} numbers per weight")

# %% slideshow={"slide_type": "notes"} tags=["nbval-ignore-output"]
for name, times in seconds.items():
    ratio = np.median(times) / np.median(seconds["SGD"])
    print(f"{name:25} {ratio:.1f} times SGD's update")

# %% [markdown]
# With its weights and their gradients, a network trained by SGD has two numbers per weight in memory; with Adam, four.
# For a model that hardly fits, this decides. As for time, the update is only a part of a step: the larger the batch, the
# smaller the part.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | rule | what was wrong before | what it does | numbers kept |
# | --- | --- | --- | --- |
# | Adam | noisy direction; one lr for all; a bad start | $\hat m / (\sqrt{\hat v} + \epsilon)$, both averages corrected by $1-\beta^t$ | 2 |
# | AdamW | L2 inside Adam spares weights with large gradients | takes $\mathrm{lr}\,\lambda$ of each weight off, outside Adam | 2 |
# | RAdam | the first $\hat v$ are a guess | a warm-up computed from $\beta_2$; its first five steps are plain momentum | 2 |
# | AMSGrad | $v$ forgets rare large gradients | divides by the largest $v$ so far | 3 |
# | AdaMax | a mean square needs correction and a root | divides by a slowly forgotten maximum | 2 |
# | NAdam | the heavy ball turns late | Nesterov's look-ahead, less momentum at first | 2 |

# %% [markdown] slideshow={"slide_type": "subslide"}
# | question | answer |
# | --- | --- |
# | what is lr? | a length: a coordinate moves by about lr under a steady gradient, by a quarter of it under noise |
# | what if the loss is multiplied? | nothing changes, until gradients get down to ε |
# | why warm-up? | under noise, the first steps are the longest, and point where luck says |
# | Adam or SGD? | tuned, on MNIST: no difference found; untuned, Adam forgives more |
# | is my Adam right? | compare its first steps with torch's, in double precision, at two scales of the loss |

# %% [markdown]
# **Next.** All of these hand out their last point. What if one averages the points (lecture 6)?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/05_adam.ipynb) try what you write, and say which
# mistake it is. Three more to think about; add a cell below each and try.

# %% [markdown] slideshow={"slide_type": "notes"}
# **1.** Set $\beta_1 = \beta_2 = 0$. What is left of Adam's formula? Can it settle at a minimum? Check with
# `explore("quadratic", rules.adam, beta1=0, beta2=0)`.
#
# <details><summary>Answer</summary>Of g / (|g| + ε), the sign of the gradient is left: each coordinate moves by lr, up or down. At the
# end it jumps to and fro by lr, for ever. Lecture 7 has a rule that is built on the sign.</details>
#
# **2.** Which rule is Adam with a huge ε? Compare `descend(quadratic, rules.adam, lr=100, eps=1000, steps=60)` with
# `descend(quadratic, rules.momentum_ema, lr=0.1, steps=60)`.
#
# <details><summary>Answer</summary>Beside ε, the root is nothing. The step is lr / ε times the corrected average of the gradients: momentum, with
# longer first steps. Nothing adaptive is left. So ε is a dial between Adam and momentum.</details>
#
# **3.** You train with `AdamW` and the schedule of lecture 2 lowers lr a hundredfold. What becomes of the decay? Feed zeros:
# `feed(rules.adamw, torch.zeros(1000), x=1.0, lr=0.01, weight_decay=0.1)[-1]`, then with lr = 0.0001.
#
# <details><summary>Answer</summary>After 1000 steps, (1 - 0.001)¹⁰⁰⁰ ≈ 0.37 is left with the large lr, and 0.99 with the small one. In torch, lr and λ act
# only as their product: at the end of the schedule there is hardly any decay left.</details>

# %% [markdown] slideshow={"slide_type": "notes"}
# ## References
#
# - D. P. Kingma, J. Ba, [Adam: A Method for Stochastic Optimization](https://arxiv.org/abs/1412.6980), ICLR 2015: Adam
#   and AdaMax.
# - S. J. Reddi, S. Kale, S. Kumar, [On the Convergence of Adam and Beyond](https://arxiv.org/abs/1904.09237), ICLR 2018:
#   the game, AMSGrad.
# - I. Loshchilov, F. Hutter, [Decoupled Weight Decay Regularization](https://arxiv.org/abs/1711.05101), ICLR 2019: AdamW.
# - L. Liu and others, [On the Variance of the Adaptive Learning Rate and Beyond](https://arxiv.org/abs/1908.03265), ICLR
#   2020: RAdam.
# - J. Ma, D. Yarats, [On the Adequacy of Untuned Warmup for Adaptive Optimization](https://arxiv.org/abs/1910.04209),
#   AAAI 2021: another reason for warm-up, and a straight line that does as well.
# - T. Dozat, [Incorporating Nesterov Momentum into Adam](https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ), ICLR 2016
#   workshop: NAdam.
