# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 7 · After Adam
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/07_after_adam.ipynb)
#
# For ten years, most networks have been trained with Adam. Two newer rules ask what Adam did not.
# Lion: how little of the gradient is enough? Muon: why treat a matrix as a list of numbers?

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* What is marked *(For home)* leaves about 45 minutes aloud: signs, noise, digits; strengths, Newton–Schulz, norms, rare directions, digits;
# cost, evidence, choice.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %% slideshow={"slide_type": "skip"}
import functools
import math

from course_utils import data, models, optimizers, plotting, rules, schedules, surfaces
from course_utils.descent import descend
from course_utils.gradients import gradient, relative_error
from course_utils.moving import Animation
from course_utils.noise import noisy
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.training import fit
from course_utils.widgets import explore, race

import numpy as np
import pandas as pd
import torch

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Two walkers, and one sees only signs
#
# Both walk in the valley of lecture 1. One knows the whole gradient. The other is told, for each coordinate, only
# *plus* or *minus*.

# %% jupyter={"source_hidden": true}
# The code of this picture gives the answer away: open it later.
seeing = descend("quadratic", "sgd", lr=0.4, steps=45)
signs = descend("quadratic", "lion", lr=0.23, beta1=0.0, steps=45)
Animation(
    {"P": seeing, "Q": signs}, title="One of the two sees only plus and minus: which one?"
)

# %% [markdown]
# **Predict.** Which one sees only signs? And will it arrive, if it may go on for as long as it likes?

# %% [markdown] slideshow={"slide_type": "notes"}
# Here is why it matters: there is a rule that walks by signs, and Google has used it in production, its authors report.

# %% [markdown] slideshow={"slide_type": "fragment"}
# The question of this lecture: **which rule should *you* train with?** At the end there is one page to decide by.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What is wrong with Adam?
#
# Not much. Two complaints have led to something.
#
# 1. **Memory.** Adam keeps two numbers for each weight: the average of the gradients and that of their squares. With the
#    weight itself and its gradient that makes four. *Lion* keeps one, and throws the length of the gradient away.
# 2. **Structure.** Every rule so far treats the weights as one long list. But a layer is a *matrix*: it turns directions
#    into directions. *Muon* moves it as one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Lion: only the sign
#
# Nobody derived Lion. A program at Google searched for it: it changed the code of AdamW at random, kept what trained
# small networks better, and people simplified what came out. Here it is.

# %%
show_rule(rules.lion)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Lion's steps, by hand
#
# **Predict.** $f = 0.1\,x_1^2 + 2\,x_2^2$, start $(-5, -2)$, lr 0.4, the default betas, no weight decay. Where is Lion after
# **two** steps? (Gradient descent, with the same lr, is at $(-4.232, -0.72)$.)
#
# - (a) $(-4.232, -0.72)$, too
# - (b) $(-4.2, -1.2)$
# - (c) $(-4.92, -1.92)$
# - (d) it depends on the betas

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
quiz = descend("quadratic", "lion", lr=0.4, steps=30)
for step in (1, 2, 6, 7, 8):
    x1, x2 = quiz.x[step].tolist()
    print(f"after {step} steps: ({x1:.1f}, {x2:.1f})")
print(
    "every coordinate moved by lr in every step:",
    torch.allclose(quiz.x.diff(dim=0).abs(), torch.tensor(0.4, dtype=torch.float64)),
)

# %% [markdown]
# (b). Nobody had to compute a gradient: both slopes are negative, so both coordinates move by +0.4. The path goes along the
# diagonal, whatever the shape of the valley. The betas do not matter as long as all gradients have the same sign. They do
# later: after six steps $x_2$ is beyond its minimum, 0, and *runs on*. The memory still says "plus".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From Adam to the sign
#
# You have met this rule before. Take Adam and switch its memory off: $\beta_1 = \beta_2 = 0$, and ε tiny. Then $\hat m = g$ and
# $\hat v = g^2$, so
#
# $$\frac{\hat m}{\sqrt{\hat v} + \epsilon} \;\to\; \frac{g}{\sqrt{g^2}} = \mathrm{sign}(g)$$
#
# That is *signSGD*. Lion without memory, $\beta_1 = 0$, is the same. And if both betas of Lion are equal, the two averages
# are one, and it takes the sign of the momentum: *Signum*. Three claims, checked:


# %% slideshow={"slide_type": "skip"}
def sign_sgd(x, g, s, t, lr):
    return x - lr * torch.sign(g), s


def signum(x, g, s, t, lr, beta=0.9):
    m = beta * s.m + (1 - beta) * g
    return x - lr * torch.sign(m), rules.State(m=m)


def same_path(*runs):
    a, b = (descend("rosenbrock", rule, steps=300, **hyper).x for rule, hyper in runs)
    return relative_error(a, b) < 1e-12


# %% slideshow={"slide_type": "fragment"}
bare = sign_sgd, {"lr": 0.003}
adam_bare = rules.adam, {"lr": 0.003, "beta1": 0.0, "beta2": 0.0, "eps": 0.0}
lion_equal = rules.lion, {"lr": 0.003, "beta1": 0.9, "beta2": 0.9}
print("Adam, betas 0 = signSGD:", same_path(adam_bare, bare))
print("Lion, beta1 0 = signSGD:", same_path((rules.lion, {"lr": 0.003, "beta1": 0.0}), bare))
print("Lion, equal betas = Signum:", same_path(lion_equal, (signum, {"lr": 0.003})))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two betas for one memory
#
# Lion keeps one average, $m$, and mixes it *twice*: with $\beta_1$ for the step, with $\beta_2$ for the memory. So how much does a
# gradient of $k$ steps ago count, before the sign is taken? Put $m_{t-1}$ into the first line of the card:
#
# $$\underbrace{(1 - \beta_1)}_{k = 0}\; g_t \;+\; \sum_{k \ge 1} \beta_1\, (1 - \beta_2)\, \beta_2^{\,k-1}\; g_{t-k}$$
#
# **Predict.** With 0.9 and 0.99: by how much does the newest gradient outweigh the one before it?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
k = np.arange(1, 60)
weights = {
    "Lion, 0.9 and 0.99": np.append(0.1, 0.9 * 0.01 * 0.99 ** (k - 1)),
    "an average with 0.9": 0.1 * 0.9 ** np.append(0, k),
    "an average with 0.99": 0.01 * 0.99 ** np.append(0, k),
}
plotting.plot_curves(
    {name: (np.append(0, k), w) for name, w in weights.items()},
    title="Lion: the newest gradient stands out, the rest fade slowly",
    xlabel="age k of the gradient, in steps",
    ylabel="weight before the sign",
    log="y",
)

# %%
lion_weights = weights["Lion, 0.9 and 0.99"]
x, s, remembered = torch.zeros(1), rules.State(), []
for t in range(1, 60):  # one gradient of 1, then none
    x, s = rules.lion(x, torch.ones(1) if t == 1 else torch.zeros(1), s, t)
    remembered.append(0.9 * s.m.item())
print("the rule's own memory agrees:", np.allclose(remembered, lion_weights[1:], rtol=1e-3))
print(f"the newest outweighs the one before {lion_weights[0] / lion_weights[1]:.0f} times,")
print("and yet makes only a tenth of the whole")

# %% [markdown] slideshow={"slide_type": "notes"}
# It is a look ahead, as Nesterov's is: a long memory for the noise, and an extra vote for the gradient of now. With *one* beta you
# would have to choose.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Not in torch.optim
#
# *(For home.)*
#
# `torch.optim` has no Lion. So there is nothing to compare with but the paper. We write its Algorithm 2 as a plain
# loop over plain numbers, with weight decay, and walk both.


# %% tags=["code"]
def lion_as_printed(x, lr, beta1, beta2, decay, steps):
    """Chen and others (2023), Algorithm 2, number by number."""
    m, points = [0.0, 0.0], [list(x)]
    for _ in range(steps):
        g = gradient(surfaces.rosenbrock, torch.tensor(x, dtype=torch.float64)).tolist()
        for i in range(2):
            c = beta1 * m[i] + (1 - beta1) * g[i]
            sign = (c > 0) - (c < 0)
            m[i], x[i] = beta2 * m[i] + (1 - beta2) * g[i], x[i] - lr * (sign + decay * x[i])
        points.append(list(x))
    return torch.tensor(points, dtype=torch.float64)


# %% slideshow={"slide_type": "fragment"}
printed = lion_as_printed([-1.2, 1.0], lr=0.003, beta1=0.9, beta2=0.99, decay=0.1, steps=500)
ours = descend("rosenbrock", "lion", lr=0.003, weight_decay=0.1, steps=500)
print("torch.optim has a Lion:", hasattr(torch.optim, "Lion"))
print("our Lion is the paper's, to 12 digits:", relative_error(printed, ours.x) < 1e-12)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Lion, with sliders
#
# **Predict.** Double the learning rate. Does it get there in half the steps? How close does it get in the end?

# %% slideshow={"slide_type": "subslide"}
explore("quadratic", "lion", lr=(0.01, 0.23, 1.0), beta1=(0.0, 0.9, 0.95), steps=60)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. The first steps lie on a diagonal, at any lr: steep or flat makes no difference.
# 2. Twice the lr, half the steps, until it is first near. Each step is as long as the one before.
# 3. It runs past the minimum: the memory takes a while to turn around.

# %% [markdown] slideshow={"slide_type": "fragment"}
# 4. Set $\beta_1$ to 0: it no longer runs past. But it still does not settle. It jumps to and fro, by lr. (Unless it hits the minimum exactly, as
#    at lr = 1: there the sign is 0.)

# %% [markdown] slideshow={"slide_type": "notes"}
# 5. It diverges nowhere on these sliders. Gradient descent has an edge, since its steps grow with the distance. These cannot grow: it stays within
#    some lr of the minimum.

# %% slideshow={"slide_type": "fragment"}
lrs = np.geomspace(0.01, 1, 81)
paths = descend("quadratic", "lion", lr=lrs, beta1=[0.0, 0.9], steps=60)
print("settings that diverge:", int(paths.diverges.sum()))
beyond = paths.x[:, 40:, :, 0].amax(dim=0) / torch.tensor(lrs[40:])[:, None]
for beta1, furthest in zip((0.0, 0.9), beyond.amax(dim=0).tolist(), strict=True):
    print(
        f"beta1 = {beta1}: it runs past the minimum by up to {furthest:.0f} lr, along x1 (lr ≥ 0.1)"
    )

# %% [markdown] slideshow={"slide_type": "slide"}
# ## It never settles
#
# Near a minimum the gradient is small. Gradient descent takes small steps there, and arrives. A sign is never small.

# %% [markdown] slideshow={"slide_type": "notes"}
# Without memory, once a coordinate is within one step of the minimum, it jumps from one side to the other for ever: by lr, whatever the
# curvature. With memory the swing is a little wider.

# %% [markdown]
# So the answer to the opening question is: Q sees only signs, and it never arrives.

# %%
for name, rule in (("SGD", rules.sgd), ("signs alone", sign_sgd), ("Lion", rules.lion)):
    paths = descend("quadratic", rule, lr=[0.03, 0.1, 0.3], steps=6000)
    reach = paths.x[-1000:].abs().amax(dim=(0, 2)) / torch.tensor([0.03, 0.1, 0.3])
    print(f"{name}: in the end it swings by {reach.min():.1f} to {reach.max():.1f} lr")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The remedy is a learning rate that falls (lecture 2). With signs it is no refinement: without it there is no arrival.

# %% slideshow={"slide_type": "fragment"}
falling = descend("quadratic", "lion", lr=schedules.Linear(0.23, steps=100), steps=100)
print("Lion, lr 0.23:", descend("quadratic", "lion", lr=0.23, steps=100).outcome)
print("Lion, lr from 0.23 to 0:", falling.outcome)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The sign of a noisy gradient
#
# A batch gives $g + \sigma\,\xi$, with noise of size σ. Its sign is sometimes wrong. Let $P$ be the chance that it is right. Then
# the *expected* step is $P - (1 - P) = 2P - 1$ times lr. The sign is right unless the noise overturns it: for normal noise, $P$ is the part of the
# bell curve to one side of $-g/\sigma$. Twice that, less 1, has a name, the *error function* erf:
#
# $$\mathrm{E}\,[\mathrm{sign}(g + \sigma\xi)] = 2P - 1 = \mathrm{erf}\!\left(\frac{g}{\sigma\sqrt2}\right)
# \;\approx\; \sqrt{\frac{2}{\pi}}\;\frac{g}{\sigma} \quad\text{for small } \frac{g}{\sigma}$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Draw it: the expected step, against gradient / noise. Where does SGD's line go? And Adam's?

# %% slideshow={"slide_type": "skip"}
ratio = np.linspace(-4, 4, 33)
x, g = torch.zeros(200_000), torch.randn(200_000, generator=torch.Generator().manual_seed(0))
steps = {
    "sign, measured": [
        -rules.lion(x, r + g, rules.State(), 1, 1.0, 0.0)[0].mean() for r in ratio
    ],
    "sign, erf": [math.erf(r / math.sqrt(2)) for r in ratio],
    "Adam, long memory": ratio / np.sqrt(1 + ratio**2),
    "SGD, lr 1": ratio,
}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (ratio, np.array(y)) for name, y in steps.items()},
    title="Under noise, a sign is a gradient that saturates",
    xlabel="gradient / noise",
    ylabel="expected step / lr",
)
figure.axes[0].set_ylim(-1.5, 1.5)
gap = np.abs(np.subtract(steps["sign, measured"], steps["sign, erf"])).max()
print(f"measured and erf differ by less than 0.01: {gap < 0.01}")
figure

# %% [markdown] slideshow={"slide_type": "fragment"}
# - *Noisy coordinates* (the middle): the sign is right a little more often than not. On average it behaves like SGD, with a step
#   of gradient / noise. The noise itself makes the sign smooth.
# - *Clear coordinates* (the ends): no step is longer than lr.

# %% [markdown] slideshow={"slide_type": "notes"}
# - Adam does nearly the same. With long memories $\hat m \to g$ and $\hat v \to g^2 + \sigma^2$, so its step is
#   $g / \sqrt{g^2 + \sigma^2}$. That is one explanation of why so crude a rule trains nearly as well as Adam.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How large is the noise ball?
#
# *(For home.)*
#
# **Predict.** SGD's noise ball shrinks like $\sqrt{\mathrm{lr}}$ (lecture 2). A sign's step is always lr. Divide lr by 100: by what is its ball divided?

# %% [markdown] slideshow={"slide_type": "subslide"}
# Take signs without memory, along one axis with curvature λ. Near the minimum, a step pulls back by $r x$ on average, with
# $r = \mathrm{lr}\sqrt{2/\pi}\,\lambda / \sigma$, and kicks at random by about lr. A cloud of walkers of variance $V$ has $(1 - r)^2 V + \mathrm{lr}^2$ after the
# step. It stays the same where $2 r V \approx \mathrm{lr}^2$, that is,
#
# $$\text{spread} = \sqrt V = \sqrt{\sqrt{\frac{\pi}{8}}\;\frac{\mathrm{lr}\;\sigma}{\lambda}}$$
#
# as long as that is well above lr (with a smaller noise it is about lr).

# %% slideshow={"slide_type": "skip"}
lrs, bowl = np.geomspace(0.003, 0.3, 9), surfaces.bowl(1, 1)
spreads, theory = {}, {}
for sigma in (1, 2):
    walk = descend(
        bowl, noisy(sign_sgd, noise=sigma), (0, 0), steps=4000, lr=lrs, seed=list(range(8))
    )
    rms = walk.x[2000:].square().mean(dim=(0, 2, 3)).sqrt().numpy()
    spreads[f"noise {sigma}"] = lrs, rms
    theory[f"noise {sigma}"] = np.sqrt(np.sqrt(np.pi / 8) * lrs * sigma)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    spreads,
    title="A hundredth of the lr, a tenth of the ball",
    xlabel="lr",
    ylabel="spread around the minimum",
    log="xy",
)
for values, label in zip(theory.values(), ("theory", None), strict=True):
    figure.axes[0].plot(lrs, values, "k:", label=label)
figure.axes[0].legend()
ratios = [spreads[name][1] / theory[name] for name in theory]
off = np.abs(np.array(ratios) - 1).max()
print(f"theory and measurement agree within 20 %: {off < 0.2}")
figure

# %% [markdown] slideshow={"slide_type": "fragment"}
# With noise, the ball shrinks only like $\sqrt{\mathrm{lr}}$, as SGD's does. And what counts is σ/λ: multiply the loss by
# anything, and both grow alike. The ball stays as it is.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now with Lion's memory. An average takes noise out of a gradient.
#
# **Predict.** So does more weight on the memory, a larger $\beta_1$, make the ball smaller?

# %% slideshow={"slide_type": "subslide"}
explore(
    "quadratic",
    noisy(rules.lion, noise=2.0),
    start=(1, 0.5),
    lr=0.05,
    beta1=(0.0, 0.9, 0.95),
    beta2=(0.5, 0.99, 0.99),
    steps=150,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for beta1, beta2 in ((0.0, 0.99), (0.9, 0.99), (0.95, 0.99), (0.9, 0.999)):
    walk = descend(
        bowl,
        noisy(rules.lion),
        (0, 0),
        2000,
        lr=0.03,
        beta1=beta1,
        beta2=beta2,
        seed=list(range(32)),
    )
    print(f"betas {beta1} and {beta2}: spread {walk.x[500:].square().mean().sqrt():.2f}")

# %% [markdown]
# Wider! The steps are as long as ever, but now many in a row go the same way: the memory turns around late. It smooths the *direction*, not
# the length. ($\beta_2$ is another matter: with 0.999, it remembers so much that a few noisy gradients cannot turn it.) Only a smaller lr makes the ball small, and a smaller lr makes the way long. That is why Lion *needs* a learning rate that falls.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A thousand times the loss
#
# *(For home.)*
#
# **Predict.** Multiply the loss by 1000. What becomes of SGD's path, and of Lion's?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for name, lr in (("sgd", 0.1), ("lion", 0.1)):
    once = descend(surfaces.bowl(0.2, 4), name, lr=lr, steps=100)
    thousand = descend(surfaces.bowl(200, 4000), name, lr=lr, steps=100)
    print(f"{name}: {once.outcome}; loss times 1000: {thousand.outcome};", end=" ")
    print("the same path:", relative_error(once.x, thousand.x) < 1e-9)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Lion's lr has the units of the weights. It says: *each weight moves by this much in one step.*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Weight decay makes a box
#
# *(For home.)*
#
# (Here λ is the decay, as on the card.) Lion's decay pulls each weight back by $\mathrm{lr}\,\lambda x$, the sign pushes by lr. So no push gets a weight further than
# $|x| = 1/\lambda$. If a weight is inside that box, it stays inside:
#
# $$|x_t| \;\le\; (1 - \mathrm{lr}\,\lambda)\,\frac1\lambda + \mathrm{lr} \;=\; \frac1\lambda$$
#
# (for $\mathrm{lr}\,\lambda \le 1$). SGD's decay has no such wall: a larger gradient pushes further.

# %% [markdown] slideshow={"slide_type": "subslide"}
# We put the minimum outside the box.

# %%
far = surfaces.Surface(
    "far",
    lambda a, b: ((a - 4) ** 2 + 4 * (b - 0.5) ** 2) / 2,
    (-3.0, -2.0),
    ((4.0, 0.5),),
    (-4, 5),
    (-3, 3),
)
for decay in (0.0, 0.5, 1.0):
    lr = schedules.Linear(0.1, steps=400)
    x1, x2 = descend(far, "lion", lr=lr, weight_decay=decay, steps=400).x[-1].tolist()
    wall = f"wall at {1 / decay:g}" if decay else "no wall"
    print(f"weight decay {decay:3}: ends at ({x1:.2f}, {x2:.2f}), {wall}")

# %% [markdown]
# Note what it does to settings. The pull is lr·λ. Lion's lr is three to ten times smaller than AdamW's (below), so for the same pull its λ must be
# three to ten times *larger*. Whoever copies AdamW's λ loses most of the decay.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Lion on the digits
#
# From the recorded comparison of lecture 10: all of MNIST, nine learning rates each, the same effort for all.
#
# **Predict.** How many times smaller than AdamW's is Lion's best learning rate? Is it better?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
from course_utils import benchmark, comparing
from course_utils.bootstrap import intervals

tried = benchmark.results()
figure = comparing.plot_sensitivity(
    tried,
    ["momentum", "AdamW", "Lion"],
    title="Lion's best learning rate is a tenth of AdamW's",
)
figure.axes[0].set_ylim(85, 98)
figure

# %%
table = benchmark.standings(tried)
for name in ("AdamW", "Lion"):
    lr, accuracy = table.lr[name], table.accuracy[name]
    print(f"{name}: best lr {lr:.2g}, test accuracy {accuracy:.1f} % (mean of 20 fresh seeds)")
ends = benchmark.ends(tried[tried.stage == "final"])
by_seed = 100 * ends.pivot(index="seed", columns="optimizer", values="accuracy")
low, high = intervals((by_seed.AdamW - by_seed.Lion).to_numpy()[:, None])
print(f"AdamW minus Lion: between {low[0]:.2f} and {high[0]:.2f} points")

# %% [markdown] slideshow={"slide_type": "fragment"}
# No gain on this problem, and a small loss, for half the memory. But it needs *another learning rate*, ten times less.

# %% [markdown] slideshow={"slide_type": "notes"}
# Why? Where the gradient is mostly noise, AdamW's steps are much shorter than its lr. A sign never is: it is right or wrong by a whole lr.
# The inventors say three to ten times less than AdamW's.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A layer is a matrix
#
# Now the second complaint. The first layer of our small network is a matrix $W$ of 100 rows and 784 columns. Any matrix, so also
# its gradient $G$, is a sum of *directions in, directions out, and strengths*:
#
# $$G = \sum_i \sigma_i\, u_i v_i^\top = U \Sigma V^\top, \qquad \sigma_1 \ge \sigma_2 \ge \dots \ge 0$$
#
# Each term says: "if pictures that look like $v_i$ excited the hidden units $u_i$ more, the loss would rise, with strength $\sigma_i$".

# %% [markdown] slideshow={"slide_type": "notes"}
# The step, $-G$, makes them excite them less. The $v_i$ are at right angles to each other, and so are the $u_i$; all have length 1.

# %% [markdown]
# The $\sigma_i$ are the
# *singular values*. (From here on, $\sigma_i$ is a strength. There is no noise in this part.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** We take the gradient on all 4,000 digits. It has 100 singular values. How many of them make up 80 % of
# $\lVert G \rVert^2 = \sum_i \sigma_i^2$?

# %% slideshow={"slide_type": "skip"}
digits = data.load("mnist-5k")
network = models.mlp_small()
sgd = torch.optim.SGD(network.parameters(), lr=0.1)
fit(network, sgd, digits, epochs=1, progress=False)
network.cpu()  # if it was trained on a GPU
loss = torch.nn.functional.cross_entropy(network(digits.x_train), digits.y_train)
(G,) = torch.autograd.grad(loss, [network[1].weight])
before = torch.linalg.svdvals(G)
share = (before.square().cumsum(0) / before.square().sum()).tolist()

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {"gradient": (range(1, 101), before / before[0])},
    title="The gradient pulls in a few directions, hardly in the others",
    xlabel="number of the direction",
    ylabel="strength / largest",
    log="y",
)
figure.axes[0].set_ylim(1e-4, 2)
print("shape of the gradient:", tuple(G.shape))
print("directions that make up 80 % of it:", 1 + sum(part < 0.8 for part in share))
figure

# %% [markdown]
# A gradient step hardly moves in all the others. Is that wise? The strong directions are what many pictures have in
# common. A direction may be weak because it does not matter, or because it is *rare*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Muon: all directions alike
#
# Lion makes all *coordinates* move alike. Muon makes all *directions* move alike. Keep $U$ and $V$, and set every singular value to 1:
#
# $$G = U \Sigma V^\top \quad\longrightarrow\quad O = U V^\top$$
#
# (The rule does this to the momentum rather than to the gradient itself.) $O$ is the sign, not of each entry, but of each strength.

# %% [markdown] slideshow={"slide_type": "subslide"}
# There is no need for $U$ and $V$. If $X = U S V^\top$, then $X X^\top X = U S^3 V^\top$. So a polynomial of odd powers
# *in matrices* is the same polynomial of each singular value:
#
# $$aX + b\,(XX^\top) X + c\,(XX^\top)^2 X \;=\; U\; (a S + b S^3 + c S^5)\; V^\top$$
#
# Matrix products are what a GPU does best. So choose $a, b, c$ such that, iterated, the polynomial brings every number between 0 and 1
# near 1: the *Newton–Schulz iteration*.

# %%
a, b, c = 3.4445, -4.775, 2.0315
X = torch.randn(5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
U, S, Vt = torch.linalg.svd(X / X.norm(), full_matrices=False)
X = X / X.norm()
matrices = a * X + b * X @ X.mT @ X + c * X @ X.mT @ X @ X.mT @ X
numbers = U @ torch.diag(a * S + b * S**3 + c * S**5) @ Vt
print(
    "polynomial of the matrix = polynomial of its strengths:", torch.allclose(matrices, numbers)
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A polynomial, again and again
#
# **Predict.** $p(s) = 3.4445\,s - 4.775\,s^3 + 2.0315\,s^5$. What does it do to a small strength, say 0.01? How often must it be
# applied? And does it leave a 1 alone?

# %% slideshow={"slide_type": "skip"}
s = np.geomspace(1e-4, 1, 4001)
iterates = {"before": s}
for n in range(1, 6):
    y = list(iterates.values())[-1]
    iterates[f"{n} times" if n > 1 else "once"] = a * y + b * y**3 + c * y**5

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (s, y) for name, y in iterates.items()},
    title="After five times, strengths from 0.002 on are alike",
    xlabel="strength s",
    ylabel="strength after p",
    log="x",
)
figure.axes[0].axhspan(0.68, 1.21, color=plotting.GREEN, alpha=0.12)
end = iterates["5 times"]
for low in (0.002, 0.01):
    band = end[s >= low]
    print(f"strengths from {low} to 1 end between {band.min():.2f} and {band.max():.2f}")
print(f"p(1) = {a + b + c:.3f}; a strength of 0.0001 ends at {end[0]:.3f}")
figure

# %% [markdown] slideshow={"slide_type": "fragment"}
# - A small strength is multiplied by $a = 3.44$ each time: by almost 500 in five times.

# %% [markdown] slideshow={"slide_type": "notes"}
# - It does *not* converge to 1: even 1 goes to 0.7. The curves end in a band. The coefficients were chosen to be fast,
#   at the price of accuracy. Its inventors report that the band does no harm.
# - The matrix is first divided by its norm, so that no strength is above 1. What is below about 1/500 of the norm stays small.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same on a real gradient
#
# **Predict.** Where do the 100 singular values of our gradient end?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
after = torch.linalg.svdvals(rules.newton_schulz(G))
figure = plotting.plot_curves(
    {
        "before (divided by the norm)": (range(1, 101), before / before.norm()),
        "after Newton–Schulz": (range(1, 101), after),
    },
    title="After it, most directions count alike, but for the weakest",
    xlabel="number of the direction",
    ylabel="strength",
    log="y",
)
figure.axes[0].set_ylim(1e-4, 3)
alike = ((after > 0.6) & (after < 1.3)).sum().item()
print(f"more than 70 of the 100 strengths are now between 0.6 and 1.3: {alike > 70}")
figure

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The whole rule

# %% tags=["formulas"]
show_rule(rules.muon)

# %% [markdown]
# Three things besides $O$: the momentum, of Nesterov's kind (lecture 3), *before* the iteration; AdamW's decoupled decay
# (lecture 5); and a factor for tall matrices.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The same as torch.optim.Muon
#
# How close can two programs be? The iteration runs in *bfloat16*, a number format with 8 significant binary digits: torch's own choice, for speed.
# So we measure first what that costs: the same iteration in double precision, beside it. Two programs that are each off by so much may
# differ by twice that. (The largest errors are in the weakest directions, which say least.)


# %%
def exactly(g):
    """Newton–Schulz in double precision."""
    X = g.double() / g.double().norm()
    for _ in range(5):
        A = X @ X.mT
        X = a * X + (b * A + c * A @ A) @ X
    return X


generator = torch.Generator().manual_seed(0)
gradients = [torch.randn(100, 784, generator=generator) for _ in range(10)]
rounding = max(relative_error(rules.newton_schulz(g).double(), exactly(g)) for g in gradients)
print(f"bfloat16 is off by about {rounding:.0%} for random matrices;")
real = relative_error(rules.newton_schulz(G).double(), exactly(G))
print(f"for our gradient, with its many weak directions, by more: {real > 2 * rounding}")

# %%
ends = []
for make in (torch.optim.Muon, optimizers.Muon):
    w = torch.zeros(100, 784, requires_grad=True)
    optimizer = make([w], lr=0.02)
    for g in gradients:
        w.grad = g.clone()
        optimizer.step()
    ends.append(w.detach())
print("same as torch.optim.Muon, to that accuracy:", relative_error(*ends) < 2 * rounding)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three rules, one question
#
# Why should $UV^\top$ be a good step? Ask the question that each of these rules answers: *of all steps $D$ of size 1,
# which one lowers the loss most*, to first order?
#
# $$\min_D\; \langle G, D \rangle = \sum_{ij} G_{ij} D_{ij} \quad\text{with}\quad \lVert D \rVert \le 1$$
#
# The answer depends on what "size" means.

# %% [markdown] slideshow={"slide_type": "fragment"}
# | size of $D$ | best $D$ | gain $-\langle G, D\rangle$ | the rule |
# | --- | --- | --- | --- |
# | Frobenius: root of the sum of squares | $-G / \lVert G \rVert$ | $\lVert G \rVert$ | normalised gradient descent |
# | maximum: the largest entry | $-\mathrm{sign}(G)$ | $\sum \lvert G_{ij} \rvert$ | signSGD, Lion |
# | spectral: the largest singular value | $-U V^\top$ | $\sum \sigma_i$ | Muon |

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Why the last line.* $\langle G, D \rangle = \sum_i \sigma_i\, u_i^\top D\, v_i$. If no singular value of $D$ is above 1, then
# $\lvert u_i^\top D v_i \rvert \le 1$, so the sum is at least $-\sum_i \sigma_i$; and $-UV^\top$ reaches that. The other two are the same argument,
# once by Cauchy and Schwarz, once entry by entry.

# %%
G5 = torch.randn(5, 3, generator=generator, dtype=torch.float64)
U, S, Vt = torch.linalg.svd(G5, full_matrices=False)
best = {
    "Frobenius": (lambda D: D.norm(dim=(-2, -1)), G5 / G5.norm(), G5.norm()),
    "maximum": (lambda D: D.abs().amax((-2, -1)), G5.sign(), G5.abs().sum()),
    "spectral": (lambda D: torch.linalg.matrix_norm(D, 2), U @ Vt, S.sum()),
}
tries = torch.randn(100_000, 5, 3, generator=generator, dtype=torch.float64)
for name, (size, D, gain) in best.items():
    others = (G5 * tries).sum((-2, -1)) / size(tries)
    print(f"{name:9} size {size(D):.2f}, gain {(G5 * D).sum():.2f} = {gain:.2f};", end=" ")
    print("none of 100,000 others gains more:", bool(others.max() <= gain))

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
# The picture of two of the sizes (open to see the code)
figure = plotting.Figure(
    (9, 4.6), "Two balls: on a circle the best step is along -g, on a square a corner."
)
angle, g = np.linspace(0, 2 * np.pi, 200), np.array([0.95, 0.31])
circle = np.cos(angle), np.sin(angle), "Circle: the best step is along $-g$", -g
square = [1, 1, -1, -1, 1], [1, -1, -1, 1, 1], "Square: the best step is a corner", -np.sign(g)
for ax, (x, y, title, step) in zip(figure.subplots(1, 2), (circle, square), strict=True):
    ax.fill(x, y, facecolor=plotting.HEIGHTS(0.2), edgecolor=plotting.BLUE)
    for tip, color in ((step, plotting.RED), (g, plotting.BLACK)):
        plotting.draw_arrow(ax, np.zeros(2), tip, color)
    ax.set(title=title, aspect="equal", xlim=(-1.4, 1.4), ylim=(-1.4, 1.4))
    ax.text(0.35, 0.3, "$g$")
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# Black is the gradient, red the best step. On the circle a small component stays small. On the square it counts in full: the best step is a corner. Read
# the axes of the square as *entries*, and it is Lion. Read them as *singular values*, and it is Muon.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Which size is right? A layer's output is $W$ times its input. A step of spectral size 1 changes the output by at most 1 for
# an input of length 1. It bounds what the layer *does*, not what its entries are.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Rare directions
#
# A small example where this matters. A linear layer $W$ of 32 × 32 has to learn a target $W^*$. Its inputs come along 32
# directions at right angles, the most frequent one ten thousand times as often as the rarest:
#
# $$f(W) = \tfrac12 \sum_k p_k\, \lVert (W - W^*)\, q_k \rVert^2, \qquad G = (W - W^*)\, C, \quad C = \sum_k p_k\, q_k q_k^\top$$

# %% [markdown] slideshow={"slide_type": "notes"}
# (The $q_k$ do not lie along the axes. So a rule that has a step size for each coordinate, such as Adam, cannot see them.) Each rule gets the
# best of 18 learning rates, which fall to 0 in 100 steps.

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** After 100 steps: which directions has SGD learnt? Which has Muon?

# %% slideshow={"slide_type": "skip"}
n, T = 32, 100
draw = functools.partial(torch.randn, n, n, generator=torch.Generator().manual_seed(1))
q = torch.linalg.qr(draw(dtype=torch.float64)).Q
p = torch.logspace(0, -4, n, dtype=torch.float64)
target, C = draw(dtype=torch.float64) / math.sqrt(n), q @ torch.diag(p) @ q.mT


def learn(rule, lrs, **hyper):
    """The losses (T, lr) and the part of each direction that is not learnt (lr, n), for each lr."""
    W, s, losses = torch.zeros(len(lrs), n, n, dtype=torch.float64), rules.State(), []
    lrs = torch.as_tensor(lrs).reshape(-1, 1, 1)
    for t in range(1, T + 1):
        W, s = rule(W, (W - target) @ C, s, t, lr=lrs * (1 - (t - 1) / T), **hyper)
        losses.append(((W - target) @ C * (W - target)).sum((-2, -1)) / 2)
    return torch.stack(losses), ((W - target) @ q).norm(dim=-2) / (target @ q).norm(dim=-2)


# %% slideshow={"slide_type": "skip"}
lrs = np.geomspace(1e-4, 10, 18)
contenders = {
    "SGD, momentum": (rules.momentum, lrs, {}),
    "Adam": (rules.adam, lrs, {"beta2": 0.99}),
    "Muon": (rules.muon, lrs, {"weight_decay": 0.0}),
}
curves, left = {}, {}
for name, (rule, tried_lrs, hyper) in contenders.items():
    losses, not_learnt = learn(rule, tried_lrs, **hyper)
    k = losses[-1].nan_to_num(math.inf).argmin()
    curves[name], left[name] = (np.arange(1, T + 1), losses[:, k]), not_learnt[k].numpy()

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_curves(
    curves,
    title="Neck and neck at first; then Muon goes on",
    xlabel="step",
    ylabel="loss",
    log="y",
)

# %% slideshow={"slide_type": "subslide"}
for name, values in left.items():
    print(f"{name}: more than half of the rarest direction is left: {values[-1] > 0.5}")
plotting.plot_curves(
    {name: (1 / p.numpy(), values) for name, values in left.items()},
    title="What is rare, Muon learns too; the others hardly",
    xlabel="how rare: 1 / frequency",
    ylabel="part not learnt",
    log="x",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# SGD learns a direction at the rate of its frequency: the frequent ones soon, the rare ones hardly. Muon walks towards all that are above
# 1/500 of the norm at about the same speed. (With a rarest direction that is a *thousand* times rarer, tuned SGD with momentum keeps up: see
# *A speed-up measured at one size*.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The loss shows it late: what is rare weighs little in it. Language is like this: most words are rare. That is one explanation that is
# offered for its success there. It is no proof: *a rare direction may also be noise*, and then it is better left alone.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Muon on a surface
#
# *(For home.)*
#
# On our surfaces a point has two numbers. What matrix is that? Take them as the strengths of a *diagonal* matrix:

# %% tags=["code"]


def muon_diagonal(x, g, s, t, lr=0.1, momentum=0.95):
    X, s = rules.muon(
        torch.diag_embed(x[..., 0]), torch.diag_embed(g[..., 0]), s, t, lr, 0.0, momentum
    )
    return torch.diagonal(X, dim1=-2, dim2=-1).unsqueeze(-1), s


muon_diagonal.matrices = True  # it sees a point as a column

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** Which rule will its path resemble?

# %%
explore("quadratic", muon_diagonal, lr=(0.01, 0.2, 1.0), steps=60)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# Lion's: the first steps go along the diagonal; it runs past the minimum; it does not settle. But a step is not exactly lr, as the strengths end in the
# band, not at 1. Like Lion, Muon needs an lr that falls.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which parameters, and how to build it
#
# Muon is for *matrices that turn directions into directions*: the hidden layers. Its inventors give everything else to AdamW:
#
# - biases and norms, which are no matrices;
# - embeddings (tables with a row of weights for each word);
# - the last layer.


# %% [markdown] slideshow={"slide_type": "notes"}
# The last two were found by trial. (Strictly, our only large matrix is the network's first layer. We take it all the same: there is no other.)

# %% [markdown]
# So one needs *two* optimizers, and one loop that steps both.

# %% [markdown] slideshow={"slide_type": "notes"}
# (torch's Muon can scale its step to the size of AdamW's, `adjust_lr_fn="match_rms_adamw"`: then one lr serves both, up to a factor of two or
# so.)


# %% slideshow={"slide_type": "subslide"} tags=["code"]
class Together(torch.optim.Optimizer):
    """Several optimizers, each with its own parameters, stepped together."""

    def __init__(self, *parts):
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], {})

    def step(self, closure=None):
        for part in self.parts:
            part.step()


def muon_and_adamw(net, lr, matrices=(1,)):
    hidden = [net[i].weight for i in matrices]
    rest = [p for p in net.parameters() if all(p is not h for h in hidden)]
    muon = torch.optim.Muon(hidden, lr=lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return Together(muon, torch.optim.AdamW(rest, lr=lr))


# %%
net = models.mlp_small()
for part in muon_and_adamw(net, lr=0.003).parts:
    moved = [tuple(p.shape) for p in part.param_groups[0]["params"]]
    print(f"{type(part).__name__}: {moved}")
for name, scaled in (("AdamW", {}), ("Muon", {"adjust_lr_fn": "match_rms_adamw"})):
    net = models.mlp_small()
    hidden = net[1].weight
    optimizer = getattr(torch.optim, name)([hidden], lr=0.001, **scaled)
    run = fit(net, optimizer, digits, epochs=1, progress=False)
    size = run.steps.update_norm.median() / 0.001 / math.sqrt(hidden.numel())
    print(f"{name}: root mean square of a step of the hidden matrix {size:.1f} lr")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All of them on the digits
#
# Each rule gets three learning rates (a rough tuning, around what is good here), three seeds each, five epochs, judged on validation pictures.
#
# **Predict.** Who is in front? By more than the seeds differ?

# %% slideshow={"slide_type": "skip"}
ours = {
    "SGD, momentum": (lambda net, lr: optimizers.SGD(net.parameters(), lr, 0.9), 0.03),
    "AdamW": (lambda net, lr: optimizers.AdamW(net.parameters(), lr), 0.003),
    "Lion": (lambda net, lr: optimizers.Lion(net.parameters(), lr), 0.001),
    "Muon + AdamW": (muon_and_adamw, 0.001),
}
held_out = data.load("mnist-5k", validation=0.2)


def accuracy(make, lr, seed, pictures, epochs=5):
    net = models.mlp_small(seed=seed)
    run = fit(
        net, make(net, lr), pictures, epochs=epochs, seed=seed, progress=False, norms=False
    )
    if run.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    return 100 * run.epochs[f"{pictures.held_out[0]}_accuracy"].iloc[-1]


# %% slideshow={"slide_type": "skip"}
jobs = [(name, k, seed) for name in ours for k in (0, 1, 2) for seed in range(3)]
rows = []
for name, k, seed in progress_bar(jobs):
    make, lowest = ours[name]
    lr = lowest * (1, 3, 10)[k]
    rows.append((name, lr, seed, accuracy(make, lr, seed, held_out)))
tuning = pd.DataFrame(rows, columns=["rule", "lr", "seed", "accuracy"])
best_lr = tuning.groupby(["rule", "lr"]).accuracy.mean().groupby("rule").idxmax()

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
# The picture: means over three seeds in bands (open to see the code)
ends = tuning.groupby(["rule", "lr"], sort=False).accuracy
figure = plotting.plot_curves(
    {rule: (ends.mean()[rule].index, ends.mean()[rule]) for rule in ours},
    title="Muon is above the others, each at its best lr",
    xlabel="lr",
    ylabel="validation accuracy, %",
    log="x",
)
for rule, line in zip(ours, figure.axes[0].lines, strict=True):
    low, high = ends.min()[rule], ends.max()[rule]
    figure.axes[0].fill_between(low.index, low, high, color=line.get_color(), alpha=0.2)
figure.axes[0].set_ylim(bottom=86)
figure.axes[0].legend(loc="lower right")
figure

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now each with its best lr, and fresh seeds, on the test pictures. AdamW also gets twice the epochs, since a step of Muon
# takes longer.

# %% slideshow={"slide_type": "skip"}
final = {}
for name in progress_bar([*ours, "AdamW, twice the epochs"]):
    longer = name not in ours
    make, lr = ours["AdamW" if longer else name][0], best_lr["AdamW" if longer else name][1]
    epochs = 10 if longer else 5
    final[name] = [accuracy(make, lr, seed, digits, epochs) for seed in (10, 11, 12)]
means = {name: np.mean(final[name]) for name in ours}
print("the highest mean after five epochs:", max(means, key=means.get))

# %% tags=["nbval-ignore-output"]
for name, values in final.items():
    print(f"{name:29}", ", ".join(f"{value:.1f} %" for value in values))

# %% [markdown] slideshow={"slide_type": "notes"}
# On this small problem, five epochs each, Muon is in front. On the validation pictures, its band does not overlap with the others'.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Before you write a paper: it is one problem, of one size, at a constant lr, with three seeds, and counted in *epochs*. Look at the last of the
# five lines: with twice the epochs, AdamW comes level, or nearly. And a step of Muon costs about twice one of AdamW here, or more (*What it costs*). In seconds,
# little is left of the lead, if anything.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Six rules race
#
# *(For home.)*
#
# SGD, momentum, Adam, Lion, Muon and Schedule-Free, on the valley of lecture 1. (Muon moves diagonal matrices, as above.)
#
# **Predict.** As they are set, momentum is first. Which of them can you bring to the minimum in 100 steps, and which cannot be brought to stay there?

# %% slideshow={"slide_type": "subslide"}
race(
    "quadratic",
    {
        "SGD": "sgd",
        "momentum": "momentum",
        "Adam": "adam",
        "Lion": "lion",
        "Muon": muon_diagonal,
        "Schedule-Free": "schedule_free",
    },
    lr=(0.01, 0.1, 1.0),
    steps=100,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
six = ["sgd", "momentum", "adam", "lion", muon_diagonal, "schedule_free"]
lrs = np.geomspace(0.01, 1, 81)
for rule in six:
    paths = descend("quadratic", rule, lr=lrs, steps=100)
    arrived = int((paths.arrival >= 0).sum())
    print(f"{getattr(rule, '__name__', rule)}: arrives at {arrived} of {len(lrs)} settings")

# %% [markdown]
# Momentum, Adam and SGD can be brought to the minimum, momentum at most settings. Lion and Muon cannot be brought to *stay*, at none of these settings: they need an lr that
# falls. Schedule-Free arrives at few: without noise there is nothing to average away, and its average drags the start along (lecture 6).

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Three landscapes
#
# *(For home.)*
#
# One bowl proves little. Notebook B shows, in borrowed pictures, SGD against all others in a long valley, on Beale's function and at a saddle
# point. Here they are, live: six rules, each with its best lr out of 121.
#
# **Predict.** Near the saddle, the slope is nearly zero, and all rules start almost on the ridge. Who *arrives* first? Does the winner of one landscape win
# them all?

# %% slideshow={"slide_type": "skip"}
runners = {"SGD": "sgd", "momentum": "momentum", "Adagrad": "adagrad"}
runners |= {"RMSProp": "rmsprop", "Adam": "adam", "Lion": "lion"}
landscapes = surfaces.long_valley, surfaces.beale, surfaces.saddle


def best_walk(surface, rule):
    """The walk with the lr that arrives first; if none does, the one that ends nearest."""
    walks = descend(surface, rule, lr=np.geomspace(0.001, 5, 121), steps=400)
    distance = torch.where(walks.diverges, torch.inf, walks.remaining[-1])
    late = 10_000 * (1 + distance)
    return walks[int(torch.where(walks.arrival >= 0, walks.arrival, late).argmin())]


best_of = {(s.name, n): best_walk(s, rule) for s in landscapes for n, rule in runners.items()}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    (13, 5),
    "No rule wins on all three: paths of six rules, each at its best lr, on the long valley, Beale and the saddle.",
)
for ax, surface in zip(figure.subplots(1, 3), landscapes, strict=True):
    plotting.draw_surface(ax, surface)
    for name, style in zip(runners, plotting.STYLES, strict=True):
        plotting.draw_path(ax, best_of[surface.name, name], name, style)
    ax.set_title(surface.name.replace("_", " ").capitalize())
handles, labels = ax.get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=7)
figure.suptitle("No rule wins on all three", fontsize=14)
figure

# %% slideshow={"slide_type": "subslide"}
for surface in landscapes:
    order = sorted(
        runners, key=lambda name: best_of[surface.name, name].arrival.item() % 10_000
    )
    told = [f"{name} {best_of[surface.name, name].arrival.item()}" for name in order]
    print(f"{surface.name}: {', '.join(told)}".replace(" -1", " never"))

# %% [markdown]
# (Steps until the path stays within 1 % of the way.)
#
# - In the *long valley* and on *Beale's function*, momentum and Adam are far ahead: there is a long way on which all slopes agree.
# - At the *saddle*, Adagrad and RMSProp are first. They divide the tiny slope by itself, and take a whole step. Momentum and Adam come too fast, and
#   have to swing.
# - *Lion* is everywhere, and at rest nowhere: it has a constant lr here.
#
# Nobody wins everywhere.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# **Memory**, beside the weights and the gradient, counted in the optimizers that we just used:

# %%
n_weights = sum(p.numel() for p in models.mlp_small().parameters())
for name, (make, lr) in ours.items():
    net = models.mlp_small()
    optimizer = make(net, lr)
    fit(net, optimizer, digits, epochs=1, progress=False, norms=False)
    parts = getattr(optimizer, "parts", [optimizer])
    sizes = [sum(p.numel() for g in part.param_groups for p in g["params"]) for part in parts]
    kept = sum(
        size * optimizers.kept_per_weight(part) for size, part in zip(sizes, parts, strict=True)
    )
    print(f"{name}: {kept / n_weights:.2f} numbers per weight")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Multiplications.** For a matrix of $r \times c$, $r \le c$, one round of Newton–Schulz needs $XX^\top$, its square, and a product
# with $X$: $r^2 c + r^3 + r^2 c$ multiplications, at most $3 r^2 c$. Training a hidden layer on $B$ inputs needs $3 r c B$: once forward,
# twice backward. (The first layer, such as ours: once.) So for $R$ rounds, roughly,
#
# $$\frac{\text{Newton–Schulz}}{\text{training}} \;\approx\; \frac{R\, 3 r^2 c}{3\, r c B} = \frac{R\,r}{B}$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Our layer has $r = 100$, $R = 5$, and the batch is 64. Suppose a language model has $r$ = 16,384 and 16 million tokens (pieces of words) a
# batch. How much does each pay?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
exact = 5 * (2 * 100**2 * 784 + 100**3) / (2 * 100 * 784 * 64)  # our layer is the first
print(f"our layer: about {exact:.0f} times the multiplications of training, on top")
print(f"the language model: about {5 * 16_384 / 16_000_000:.3f} times")

# %% tags=["nbval-ignore-output"]
times = {}
for name, (make, lr) in ours.items():
    net = models.mlp_small()
    run = fit(net, make(net, lr), digits, epochs=2, progress=False, norms=False)
    times[name] = run.steps.seconds.diff().median()
for name, seconds in times.items():
    print(
        f"a step of {name} takes {seconds / times['SGD, momentum']:.1f} times one of SGD, here, now"
    )

# %% [markdown] slideshow={"slide_type": "notes"}
# (The clock says less than 1 + 8: on so small a network, most of a step is not multiplication.)

# %% [markdown]
# On a small batch Muon's step is mostly Newton–Schulz. On a huge batch it is nearly free. (In multiplications. Matrices spread over
# many machines must first be brought together, and that takes time, too.) So *Muon's price per step depends on the batch*, and a comparison in
# steps flatters it where batches are small.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### Lion with Adam's learning rate
#
# A common mistake: replace `AdamW` by `Lion` and leave the rest.

# %%
swapped = np.mean([accuracy(ours["Lion"][0], 0.01, seed, digits) for seed in (10, 11, 12)])
lost = np.mean(final["Lion"]) - swapped
print("Lion at lr 0.01, near AdamW's best, loses more than a point:", lost > 1)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Muon where there is no matrix
#
# A bias is no matrix; Muon refuses. The last layer and an embedding are matrices in form, so nobody refuses. What happens to an
# embedding? Ten words, each a row. In this first batch, word 0 occurs a hundred times, word 1 once, the others never.

# %% slideshow={"slide_type": "fragment"}
try:
    optimizers.Muon(models.mlp_small().parameters())
except ValueError as refused:
    print("refused:", str(refused).partition(" we found")[0])
counts = torch.tensor([100.0, 1.0] + [0.0] * 8)
G = counts[:, None] * torch.randn(10, 16, generator=generator)
rows = rules.newton_schulz(G).norm(dim=1)
print("lengths of the rows of the gradient:", [round(v) for v in G.norm(dim=1).tolist()])
print("the rare word's step is at least half as long:", bool(rows[1] > rows[0] / 2))
print("the others stand still:", bool((rows[2:] == 0).all()))

# %% [markdown] slideshow={"slide_type": "fragment"}
# A word seen once gets about as long a step as a word seen a hundred times. (With Adam, it does, too.)

# %% [markdown] slideshow={"slide_type": "notes"}
# That embeddings and the last layer go to AdamW was found by trial. One argument for it: the input of an embedding is one word. So its rows
# are the units, and not the directions across them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A tuned new rule against an untuned old one
#
# The recorded comparison again. This time we are the inventors of Lion: Lion gets its best lr, AdamW a plausible one that
# nobody checked.
#
# **Predict.** In the fair comparison, AdamW is ahead. How wrong must its lr be for Lion to win?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
trials = benchmark.ends(tried[tried.stage == "lr"])
means = 100 * trials.groupby(["optimizer", "lr"]).accuracy.mean()
lion, adamw = means["Lion"].max(), means["AdamW"]
print(f"Lion, tuned: {lion:.1f} %")
at = adamw.index.get_loc(adamw.idxmax())
for lr, value in adamw.iloc[at - 2 : at + 3].items():
    print(f"AdamW, lr {lr:.2g}: {value:.1f} %: {'Lion' if lion > value else 'AdamW'} wins")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One step of the grid, a factor of three, to either side. Many comparisons were made so, in good faith: the new rule was tuned because its authors cared for it. Lecture 10 is
# about how to do better.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A speed-up measured at one size
#
# "Twice as fast" is true of the problem on which it was measured. Our linear layer again, with all settings as before, but the rarest
# direction 1, 10, 100, … times rarer than the most frequent one.
#
# **Predict.** Who has the lowest loss after 100 steps, by more than a factor of three? Is there a row in which Muon loses?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for rarer in (1, 10, 100, 1000, 10_000):
    p = torch.logspace(0, -math.log10(rarer), n, dtype=torch.float64)
    C = q @ torch.diag(p) @ q.mT
    ends = {}
    for name, (rule, tried_lrs, hyper) in contenders.items():
        ends[name] = learn(rule, tried_lrs, **hyper)[0][-1].nan_to_num(math.inf).min().item()
    first, second, last = sorted(ends, key=ends.get)
    clear = (
        f"by a factor of {ends[second] / ends[first]:.0f}"
        if ends[second] > 3 * ends[first]
        else "narrowly"
    )
    print(f"{rarer:6,} times rarer: {first} is first, {clear}; {last} is last")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same three rules, the same code. Which one is best, and by how much, is a property of the problem. It cannot be taken along to another one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which optimizer trains today's large models?
#
# No numbers of ours here: these models cost millions. What their makers report (as of November 2026):
#
# | model | year | trained with |
# | --- | --- | --- |
# | GPT-3, 175 billion weights | 2020 | Adam [[1]](https://arxiv.org/abs/2005.14165) |
# | Llama 2, 70 billion | 2023 | AdamW, betas 0.9 and 0.95, weight decay 0.1 [[2]](https://arxiv.org/abs/2307.09288) |
# | Llama 3, 405 billion | 2024 | AdamW [[3]](https://arxiv.org/abs/2407.21783) |
# | DeepSeek-V3, 671 billion | 2024 | AdamW [[4]](https://arxiv.org/abs/2412.19437) |
# | Moonlight, 16 billion | 2025 | Muon, with weight decay and matched step sizes [[5]](https://arxiv.org/abs/2502.16982) |
# | Kimi K2, a million million weights | 2025 | MuonClip: Muon, and a limit on attention scores [[6]](https://arxiv.org/abs/2507.20534) |
# | GLM-4.5, 355 billion | 2025 | Muon, but for embeddings, biases and norms [[7]](https://arxiv.org/abs/2508.06471) |
#
# In this table, it was Adam and AdamW until 2024. Since 2025, Muon trains some of the largest. (Note the $\beta_2$ of 0.95: a shorter memory than
# the default.)
#
# That somebody *used* an optimizer is no evidence that it is better. We know of no such model that was trained twice to compare.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What is the evidence?
#
# | | claim | what was measured, by whom |
# | --- | --- | --- |
# | 1 | Lion beats AdamW, on images and language (2023) | reported by its authors [[8]](https://arxiv.org/abs/2302.06675); for one image model, their best batch for Lion is 4,096, for AdamW 256 |
# | 2 | Muon needs about half the computation of AdamW (2025) | reported by its authors, by scaling laws [[5]](https://arxiv.org/abs/2502.16982) |
# | 3 | the gain of matrix rules over AdamW: 1.4 times at 0.1 billion weights, 1.1 times at 1.2 billion (2025) | independent: Wen and others, ten optimizers, each tuned [[9]](https://arxiv.org/abs/2509.02046) |
# | 4 | the ranking depends on batch size, length of the run and weight decay (2025) | independent: Semenov and others [[10]](https://arxiv.org/abs/2509.01440) |
# | 5 | Distributed Shampoo, an ancestor of Muon, wins the tuned track of AlgoPerf 2024; Schedule-Free AdamW the track without tuning | independent: a competition in time, on several problems [[11]](https://arxiv.org/abs/2502.15015) |
# | 6 | which optimizer wins may depend mostly on *how each was tuned* (2019) | independent: Choi and others [[12]](https://arxiv.org/abs/1910.05446) |

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Compare rows 2 and 3, both on Muon. What may have happened between the first and the second?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# The two differ in models and data, so one cannot be sure. Wen and others blame unequal tuning and evaluation for the larger claims. And in their own
# runs, the gain shrinks as the model grows; beyond 1.2 billion weights they have no measurement. What remains is worth a lot to those who pay millions for a
# training. For your network it is less than a good learning rate is worth.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How to choose
#
# The page that the opening promised. First, in this order:
#
# 1. Take what has worked on the nearest problem, with its settings.
# 2. Tune the **learning rate**, in steps of 3, until both sides are worse. Then give it a **schedule**.
# 3. Only then another optimizer, with the same effort, at *your* size, in *your* unit: seconds, not steps (lecture 10).

# %% [markdown] slideshow={"slide_type": "subslide"}
# | you have | begin with | then tune | why |
# | --- | --- | --- | --- |
# | **no time to tune** | AdamW, lr 0.001 | lr × 3, ÷ 3 | its lr carries over (5) |
# | **a small network** | AdamW 0.001, or momentum 0.9, lr 0.1 | lr, decay to 0 | level on MNIST (10) |
# | **a transformer** | AdamW 0.0003, β₂ 0.95, warm-up, cosine | lr, warm-up, weight decay | what most reports use (above) |
# | **a huge model, huge batches** | that; then compare Muon + AdamW | lr, weight decay | cheap there (above) |
# | **no fixed end of training** | Schedule-Free, lr 1 | lr, β | good at any stop (6) |

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Special cases
#
# | you have | begin with | then tune | why |
# | --- | --- | --- | --- |
# | **too little memory** | Lion 0.0001, or momentum | lr, weight decay | one number per weight |
# | **sparse inputs, rare features** | Adagrad 0.01, or Adam | lr, ε | long steps for rare features (4) |
# | **exact gradients, a smooth valley** | momentum | momentum, lr | the root of κ (3) |
# | **an image network with batch norm** | Nesterov 0.9, lr 0.1, cosine | lr, weight decay 0.0005 | customary |
#
# In parentheses: the lecture that shows it. The first learning rates are customary values: places to begin, not laws. (On MNIST, tuned with the same effort,
# all of them end within a point: lecture 10.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | | Lion | Muon |
# | --- | --- | --- |
# | the step | the sign of an average | $UV^\top$ of an average |
# | steepest descent, if size means | the largest entry | the largest singular value |
# | what moves alike | all weights | all directions of a matrix |
# | first lr | a tenth to a third of AdamW's | AdamW's, with `match_rms_adamw` |
# | memory per weight | 1 | 1 |
# | time | as SGD with momentum | more by about $R\,r / B$ (5 rounds, $r$ rows, batch $B$) |
# | for | everything | hidden matrices; AdamW for the rest |
# | does it settle? | only if lr falls | only if lr falls |
# | the loss times a constant | the same path | the same path |
# | what is wrong with it | noise counts as much as signal; no gain found here | expensive on small batches; needs a second optimizer |

# %% [markdown] slideshow={"slide_type": "notes"}
# The family tree of all rules, with their years, is in the index.
#
# **Next.** Sometimes no rule helps, because no gradient arrives (lecture 8).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/07_after_adam.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** Lion starts at $(-5, -2)$ with lr 0.15 and no memory ($\beta_1 = 0$). In which step does $x_2$ first pass its minimum, and $x_1$ its own?
# Compute, then check with `descend`.
#
# <details><summary>Answer</summary>x₂ has 2 / 0.15 = 13.3 steps to go, x₁ has 33.3. So x₂ passes in step 14 and x₁ in step 34. The
# shape of the valley plays no part.</details>
#
# **2.** Write signSGD whose step is $\mathrm{lr}\,\overline{|g|}\,\mathrm{sign}(g)$, with the mean of $|g|$ over the coordinates. Does it settle? What has it lost?
#
# <details><summary>Answer</summary>It settles, since |g| goes to 0 at the minimum. It has lost the invariance to the scale of the loss: its lr has units
# again, and an edge. (It is steepest descent in the maximum norm, with the length of the step left in.)</details>
#
# **3.** Give Muon the last layer, too: `muon_and_adamw(net, lr, matrices=(1, 3))`. Three seeds, two learning rates. Better, worse, or no difference
# found?
#
# <details><summary>What to compare</summary>Three accuracies with three accuracies at the best lr of each. In our runs the ranges
# overlapped.</details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - X. Chen and others, [Symbolic Discovery of Optimization Algorithms](https://arxiv.org/abs/2302.06675), NeurIPS 2023: Lion.
# - J. Bernstein and others, [signSGD](https://arxiv.org/abs/1802.04434), ICML 2018: signs, and Signum.
# - F. Kunstner and others, [Noise Is Not the Main Factor Behind the Gap Between SGD and Adam on Transformers, but Sign Descent Might
#   Be](https://arxiv.org/abs/2304.13960), ICLR 2023; and [Heavy-Tailed Class Imbalance and Why Adam Outperforms Gradient Descent on Language
#   Models](https://arxiv.org/abs/2402.19449), NeurIPS 2024: signs, and rare words.
# - K. Jordan and others, [Muon: An optimizer for hidden layers in neural networks](https://kellerjordan.github.io/posts/muon/), 2024.
# - J. Bernstein, L. Newhouse, [Old Optimizer, New Norm: An Anthology](https://arxiv.org/abs/2409.20325), 2024: one rule for each norm.
# - V. Gupta, T. Koren, Y. Singer, [Shampoo](https://arxiv.org/abs/1802.09568), ICML 2018: Muon's ancestor.
# - J. Liu, J. Su and others, [Muon is Scalable for LLM Training](https://arxiv.org/abs/2502.16982), 2025: decay, and matched step sizes.
# - K. Wen, D. Hall, T. Ma, P. Liang, [Fantastic Pretraining Optimizers and Where to Find Them](https://arxiv.org/abs/2509.02046), 2025.
# - A. Semenov, M. Pagliardini, M. Jaggi, [Benchmarking Optimizers for Large Language Model Pretraining](https://arxiv.org/abs/2509.01440), 2025.
# - The models: [[1]](https://arxiv.org/abs/2005.14165) T. Brown and others, GPT-3; [[2]](https://arxiv.org/abs/2307.09288) H. Touvron and others, Llama 2;
#   [[3]](https://arxiv.org/abs/2407.21783) A. Grattafiori and others, Llama 3; [[4]](https://arxiv.org/abs/2412.19437) DeepSeek-V3;
#   [[6]](https://arxiv.org/abs/2507.20534) Kimi K2; [[7]](https://arxiv.org/abs/2508.06471) GLM-4.5. The others of the numbered are below.
# - P. Kasimbeg and others, [Accelerating Neural Network Training: An Analysis of the AlgoPerf Competition](https://arxiv.org/abs/2502.15015),
#   ICLR 2025; G. E. Dahl and others, [Benchmarking Neural Network Training Algorithms](https://arxiv.org/abs/2306.07179), 2023.
# - D. Choi and others, [On Empirical Comparisons of Optimizers for Deep Learning](https://arxiv.org/abs/1910.05446), 2019; R. M. Schmidt, F. Schneider,
#   P. Hennig, [Descending through a Crowded Valley](https://arxiv.org/abs/2007.01547), ICML 2021: tuning decides.
