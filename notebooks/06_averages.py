# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 6 · Averages and look-ahead
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/06_averages.ipynb)
#
# A noisy walker never stands still. At the end of a training you hand in the point where it happens to be.
# This lecture is about handing in a better point, and about walking so that there is one.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* Leave what is marked for home, and it is about 45 minutes.

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
from course_utils.bootstrap import intervals
from course_utils.descent import descend
from course_utils.gradients import relative_error
from course_utils.moving import Animation
from course_utils.noise import noisy
from course_utils.progress import progress_bar
from course_utils.schedules import Linear
from course_utils.show import show_rule
from course_utils.training import evaluate, fit
from course_utils.widgets import explore

import numpy as np
import pandas as pd
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## A walker and a follower
#
# The walker goes down our valley by gradient descent, with a constant learning rate. Its gradients are noisy, as those of
# small batches are. The follower sees no gradient at all. It only looks at where the walker has been.

# %% jupyter={"source_hidden": true}
# The code of this picture gives the answer away: open it later.
path = descend("quadratic", noisy("asgd"), lr=0.4, lambd=0, t0=4, noise=1.5, seed=39, steps=40)
Animation(
    {"walker": path, "follower": path.follow("ax")}, title="Two walkers, and one only watches"
)

# %% [markdown]
# **Predict.** What does the follower do? And if the training stopped now, at some moment that you did not choose: which of the
# two would you hand in? Is that luck, or would you bet on it each time?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is the last point the best one?
#
# The gradient that the walker sees is $g_t = \nabla f(x_{t-1}) + \sigma\,\xi_t$. The noise $\xi_t$ is drawn anew at each
# step, from a normal distribution with mean 0 and variance 1. In code: `noisy(rules.sgd)`, with the hyperparameters
# `noise`, which is $\sigma$, and `seed`.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Lecture 2 showed where this ends. Along one axis of curvature $\lambda$, with $\rho = 1 - \mathrm{lr}\,\lambda$,
#
# $$x_t = \rho\, x_{t-1} - \mathrm{lr}\,\sigma\,\xi_t$$
#
# so the variance $V$ of $x$ settles where $V = \rho^2 V + \mathrm{lr}^2 \sigma^2$. That is the *noise ball*:
#
# $$V = \frac{\mathrm{lr}^2\,\sigma^2}{1 - \rho^2} = \frac{\mathrm{lr}\,\sigma^2}{\lambda\,(2 - \mathrm{lr}\,\lambda)}$$
#
# The last point is one draw from this ball. It is no better than the one before it, or the hundredth before it. But they
# lie on all sides of the minimum. Their average should lie nearer.

# %% [markdown] slideshow={"slide_type": "notes"}
# (`asgd` with `lambd=0` is SGD that also keeps the average of its points, as `ax`. Its card comes next.)

# %% [markdown]
# **Predict.** We average all its points up to step $n$. How does the distance of the average from the minimum fall with
# $n$?

# %% slideshow={"slide_type": "skip"}
seeds = list(range(100))
lrs = [0.1, 0.4]
runs = descend(
    "quadratic", noisy("asgd"), lr=lrs, seed=seeds, lambd=0, t0=0, noise=2.0, steps=1000
)
last, average = runs.loss.mean(2), runs.follow("ax").loss.mean(2)  # over the seeds

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
n = np.unique(np.geomspace(1, 1000, 60).astype(int))  # steps to draw
plotting.plot_curves(
    {
        "last point, lr 0.1": (n, last[n, 0]),
        "average, lr 0.1": (n, average[n, 0]),
        "last point, lr 0.4": (n, last[n, 1]),
        "average, lr 0.4": (n, average[n, 1]),
    },
    title="The last point stays in its ball, the average goes on falling",
    xlabel="step",
    ylabel="loss, mean of 100 runs",
    log="xy",
)

# %% slideshow={"slide_type": "skip"}
for i, lr in enumerate(lrs):
    ratio = last[800:, i].mean() / average[1000, i]
    print(
        f"lr {lr}: the loss of the last point ends above ten times that of the average: {ratio > 10}"
    )
print(
    "the larger lr has the larger ball:", (last[800:, 1].mean() > last[800:, 0].mean()).item()
)
print("and the better average:", (average[1000, 1] < average[1000, 0]).item())
falls = average[100] / average[1000]
print("from step 100 to 1,000, the averages fall at least eightfold:", falls.gt(8).all().item())

# %% [markdown]
# The walker stops getting better, its average does not: with ten times the steps, it has about a tenth of the loss, or
# less. The loss is a square. So the distance falls like $1/\sqrt n$.

# %% [markdown] slideshow={"slide_type": "fragment"}
# And look at the two learning rates. The larger one has the larger ball, as we knew. But its average is *better*. That
# calls for an explanation. First the rule.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The rule: averaged SGD
#
# This is *Polyak-Ruppert averaging*: take large steps, average the points. The walker knows nothing of it.
#
# An average needs no list of all points. It can be kept up to date: $a_t = a_{t-1} + \frac1t (x_t - a_{t-1})$.

# %% tags=["formulas"]
show_rule(rules.asgd)

# %% [markdown] slideshow={"slide_type": "notes"}
# The card has three things more than the idea.
#
# - `t0`: the average begins after this step. (torch counts a little late: the first point in the average is that of step t0 + 2.) The default, a million, is a trap: see *What can go wrong*.
# - `alpha`: the learning rate $\eta_t$ decays, slowly.
# - `lambd`: decides how fast, and is at the same time a weight decay. With `lambd=0` there is neither: then this is SGD with a
#   constant lr, and its average. That is what we use here.
#
# ### The same as torch.optim.ASGD
#
# torch keeps $\eta_t$ and $\mu_t$ in its default precision, which is single: 7 digits. For the comparison we make that double.

# %%
x0 = torch.tensor(surfaces.quadratic.start, dtype=torch.float64)
w = x0.clone().requires_grad_()
torch.set_default_dtype(torch.float64)
theirs, torch_asgd = [x0], torch.optim.ASGD([w], lr=0.3, lambd=0.01, t0=10)
for _ in range(60):
    torch_asgd.zero_grad()
    surfaces.quadratic(w).backward()
    torch_asgd.step()
    theirs.append(torch_asgd.state[w]["ax"].clone())
torch.set_default_dtype(torch.float32)
ours = descend("quadratic", "asgd", lr=0.3, lambd=0.01, t0=10, steps=60)
same = relative_error(torch.stack(theirs), ours.follow("ax").x) < 1e-12
print("the averages are those of torch.optim.ASGD, to 12 digits:", same)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## When to begin
#
# Below, blue (●) is the walker and red (■) its average, `ax`. The noise is σ = 2.
#
# **Predict.** With t0 = 0 the average begins at the very start, far away. How long will it remember that? And what if lr is
# small?

# %% slideshow={"slide_type": "subslide"}
explore(
    "quadratic",
    noisy(rules.asgd, seed=6),
    follow="ax",
    lr=(0.05, 0.15, 0.45),
    t0=(0, 0, 36),
    noise=2.0,
    lambd=0,
    steps=60,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "notes"}
# 1. At lr 0.15 and t0 = 0, the average drags the whole way down along with it. When the walker is at the star, it is far
#    behind.
# 2. Move t0 to the right: the average begins when the walker has arrived, and is soon in the middle of its points.
# 3. Before that, the average is the walker itself. The later it begins, the fewer points it has.
# 4. At lr 0.05, the walker itself is still on its way at the end. No t0 helps: an average of points on the way is a point
#    on the way.
# 5. At lr 0.45, the walker is all over the valley, and the average does not mind, if it has points enough.

# %% [markdown] slideshow={"slide_type": "subslide"}
# That was one run. Here is the same question for a hundred, and 300 steps.

# %%
t0s = [0, 10, 20, 40, 80, 120, 150, 200, 240, 270, 290]
begin = descend(
    "quadratic", noisy("asgd"), lr=[0.1, 0.4], t0=t0s, seed=seeds, lambd=0, noise=2.0, steps=300
)
at_the_end = begin.follow("ax").loss[-1].mean(2)
plotting.plot_curves(
    {"lr 0.1": (t0s, at_the_end[0]), "lr 0.4": (t0s, at_the_end[1])},
    title="Too early drags the start along, too late averages too little",
    xlabel="t0",
    ylabel="loss of the average after 300\nsteps, mean of 100 runs",
    log="y",
)

# %%
half = at_the_end[:, t0s.index(150)] / at_the_end.amin(1)
print("begun at half-time, its loss is at most twice the best:", half.lt(2).all().item())

# %% [markdown]
# Begin when the walker has arrived. If you cannot know when that is, begin at half-time: it is never far from the best.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How good can an average be?
#
# Why was the average at the larger lr the better one? Take an axis with λ = 1, and start at the minimum.
#
# **Predict.** The variance of the average, at lr 0.05, 0.2 and 0.8: three lines, or one?

# %% slideshow={"slide_type": "skip"}
lrs3 = [0.05, 0.2, 0.8]
bowl = descend(
    surfaces.bowl(1, 1),
    noisy("asgd"),
    start=(0, 0),
    lr=lrs3,
    seed=seeds,
    lambd=0,
    t0=0,
    noise=1.0,
    steps=1000,
)
ball = bowl.x[200:].square().mean((0, 2, 3))  # both axes, all seeds
variance = bowl.follow("ax").x.square().mean((2, 3))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {f"average, lr {lr}": (n, variance[n, i]) for i, lr in enumerate(lrs3)},
    title="Three balls, but their averages end on one line",
    xlabel="points averaged, n",
    ylabel="variance",
    log="xy",
)
ax = figure.axes[0]
ax.plot(n, 1 / n, "k--", label=r"$\sigma^2 / (\lambda^2 n)$")
for v, lr, style in zip(ball, lrs3, plotting.STYLES, strict=False):
    ax.axhline(v, color=style["color"], linewidth=1)
    ax.text(1000, 1.1 * v, f"ball, lr {lr}", ha="right", fontsize=11)
ax.set_ylim(5e-4, 30)
ax.legend(loc="upper right", ncols=2)
figure

# %%
for i, lr in enumerate(lrs3):
    rho = 1 - lr
    v, tau = lr**2 / (1 - rho**2), (1 + rho) / (1 - rho)
    print(f"lr {lr:4}: ball {ball[i]:.2f} (theory {v:.2f}), correlation time {tau:4.1f} steps,")
    print(f"  1,000 points are worth {1000 / tau:3.0f} independent ones; V τ = {v * tau:.3g}")
ratio = 1000 * variance[1000]  # variance × n, to be compared with σ² / λ² = 1
print("variance of the average × n within a fifth of 1:", (ratio - 1).abs().lt(0.2).tolist())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Along one axis, add up the steps $x_t - x_{t-1} = -\mathrm{lr}\,(\lambda\,x_{t-1} + \sigma\,\xi_t)$ for $t = 1, …, n$.
# On the left everything cancels but the two ends. Divide by $\mathrm{lr}\,\lambda\,n$, and the average of the points
# comes out:
#
# $$\frac1n \sum_{t=1}^{n} x_{t-1} \;=\; \underbrace{\frac{x_0 - x_n}{\mathrm{lr}\,\lambda\,n}}_{\text{the start, dragged along}}
# \;-\; \underbrace{\frac{\sigma}{\lambda}\cdot\frac1n\sum_{t=1}^{n} \xi_t}_{\text{the noise}}$$
#
# - The *start* falls like $1/n$. A larger lr makes it smaller.
# - The *noise* is a mean of $n$ independent draws, so its variance is $\sigma^2 / (\lambda^2 n)$. **There is no lr in
#   it**, once $n$ is far above $2 / (\mathrm{lr}\,\lambda)$.

# %% [markdown] slideshow={"slide_type": "notes"}
# With normal noise, one cannot hope for more in the long run. From $n$ noisy gradients you learn a slope up to $\sigma / \sqrt n$. So you learn where the
# slope is zero up to $\sigma / (\lambda \sqrt n)$, even if someone tells you λ. The average gets there without being
# told. Polyak and Juditsky proved this for many more functions, in the long run, with learning rates that decay, but more
# slowly than $1/t$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# *How does that go with the ball?* Points near each other in time are alike: they are not independent draws from the
# ball. Their *correlation time* is $\tau = (1+\rho)/(1-\rho) \approx 2 / (\mathrm{lr}\,\lambda)$ steps, and $n$ of them
# are worth only $n / \tau$ independent ones. Twice the lr makes the ball larger, and makes the walker cross it faster.
# The two cancel: $V\,\tau / n = \sigma^2 / (\lambda^2 n)$.

# %% [markdown] slideshow={"slide_type": "notes"}
# The lines start apart: we started at the minimum here, and a slow walker takes its time to leave it. They all end on the
# dashed line.

# %% [markdown] slideshow={"slide_type": "subslide"}
# So the opening question is answered. The follower was the average of the walker's points, begun after the first few
# steps. Is it the better bet?

# %% slideshow={"slide_type": "fragment"}
again = descend(
    "quadratic", noisy("asgd"), lr=0.4, lambd=0, t0=4, noise=1.5, seed=seeds, steps=400
)
follower = again.follow("ax")
for step in (40, 100, 400):
    nearer = (follower.loss[step] < again.loss[step]).double().mean()
    print(f"after {step} steps, the follower is lower in {100 * nearer:.0f} of 100 runs")

# %% [markdown] slideshow={"slide_type": "fragment"}
# It is a good bet, and the longer the walk, the better.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A decay in disguise
#
# Lecture 2 shrinks the ball with a decaying learning rate. Is averaging something else?
#
# Write each point as the sum of its steps, $x_t = x_0 - \mathrm{lr} \sum_{s \le t} g_s$, and average $x_1, …, x_n$. The
# gradient $g_s$ is in all points from $s$ on, in $n - s + 1$ of $n$:
#
# $$\frac1n \sum_{t=1}^{n} x_t = x_0 - \sum_{s=1}^{n} \mathrm{lr}\,\Big(1 - \frac{s-1}{n}\Big)\, g_s$$
#
# **Predict.** Have you seen the factor before $g_s$?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
walk = descend("quadratic", noisy("sgd"), lr=0.4, noise=2.0, steps=50)
gradients = (walk.x[:-1] - walk.x[1:]) / 0.4  # those that it saw
decay = Linear(0.4, steps=50)
sums = sum(decay(s) * gradients[s - 1] for s in range(1, 51))
print(
    "average of the points = start - linearly decaying lr × gradients, to 12 digits:",
    relative_error(walk.x[1:].mean(0), walk.x[0] - sums) < 1e-12,
)

# %% [markdown]
# It is the linear decay of lecture 2, down to 0, to the letter. So an average weighs the gradients as a decaying learning
# rate would.
#
# Two things differ.
#
# - The decay must know $n$ in advance. The average is ready at any moment.
# - The gradients are not the same ones. With the decay they are taken at the calm point that you hand in; with the
#   average, at the walker, far out in its ball. On a bowl that does no harm. On a network it may.

# %% [markdown] slideshow={"slide_type": "notes"}
# (The average of the *second half*, which we use below, weighs them like warm-up, stable, decay: constant, then a line down to 0. Lecture 2, exercise 2.)

# %% [markdown]
# Can one have both? *Schedule-Free*, below, tries.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Averages in practice
#
# A network's walker is on its way for most of the training. So early points should be forgotten. Many trainings, above
# all those of models that make pictures, therefore keep an *exponential moving average* (EMA) of the weights:
# $a_t = \beta\,a_{t-1} + (1-\beta)\,x_t$, with a memory of about $1/(1-\beta)$ steps. It costs one copy of the weights,
# and it works with any optimizer.

# %% [markdown] slideshow={"slide_type": "subslide"}
# In torch it is `AveragedModel`, fed after each step. (Without the second argument it is
# a plain average: *stochastic weight averaging*, SWA.) We hang it on the optimizer:

# %% tags=["code"]
digits = data.load("mnist-5k", validation=0.2)
print(digits)
model = models.mlp_small().to("cuda" if torch.cuda.is_available() else "cpu")
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.98))  # 50 steps
optimizer = optimizers.SGD(model.parameters(), lr=0.8)
hook = optimizer.register_step_post_hook(lambda *_: ema.update_parameters(model))

# %% slideshow={"slide_type": "skip"}
accuracies = []
for epoch in range(12):
    fit(model, optimizer, digits, epochs=1, seed=epoch, progress=False, norms=False)
    accuracies.append([evaluate(m, *digits.held_out[1:])[1] for m in (model, ema)])
accuracies = 100 * np.array(accuracies)

# %% slideshow={"slide_type": "subslide"}
plotting.plot_curves(
    {
        "last weights": (np.arange(1, 13), accuracies[:, 0]),
        "average (EMA) of the weights": (np.arange(1, 13), accuracies[:, 1]),
    },
    title="One training: the average is calmer, and ahead half-way",
    xlabel="epoch",
    ylabel="validation accuracy, %",
)

# %% [markdown]
# The average is calmer. Half-way it is ahead. (In the very first epochs it may drag behind: that depends on the seed.) In the end there is little between
# them. Why?

# %% slideshow={"slide_type": "subslide"}
right = evaluate(model, digits.x_train, digits.y_train)[1]
print("at the end, the last weights read more than 99 % of the training digits:", right > 0.99)

# %% [markdown]
# A network that fits every picture has hardly any noise left: each batch agrees that the gradient is nearly zero. So the
# ball has shrunk by itself, and there is nothing to average away. Averages pay where noise is left: in short trainings,
# on data that are too many or too hard to be learnt by heart. (One run; more come below.)

# %% [markdown] slideshow={"slide_type": "notes"}
# If a network has batch norm, its running statistics belong to the last weights, not to the average: recompute them with
# `torch.optim.swa_utils.update_bn`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Lookahead
#
# So far the walker learns nothing from its average. It stays in its ball. *Lookahead* calls it back.
#
# There are two points. The *fast* weights walk, by any rule you like. Every $k$ steps the *slow* weights $\phi$ go a part
# $\alpha$ of the way to where the fast ones are. Then the fast weights are set back to them. "k steps forward, 1 step
# back."

# %% tags=["formulas"]
show_rule(rules.lookahead)

# %% [markdown] slideshow={"slide_type": "notes"}
# (Read four lines of the code: from `slow = x if t == 1` to `slow, fast = pull(…)`. The rest passes the hyperparameters on. This α is a part, and not
# the power of ASGD.)

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
# Fast and slow weights (open to see the code)
ahead = noisy(rules.lookahead(rules.sgd))
pair = descend("quadratic", ahead, lr=0.4, k=5, alpha=0.5, noise=1.0, seed=6, steps=40)
Animation(
    {"fast": pair, "slow": pair.follow("slow")},
    title="Five steps forward, and half of the way back",
)

# %% [markdown]
# **Predict.** What do the slow weights do at α = 1? And what is k = 1?

# %% slideshow={"slide_type": "subslide"}
explore(
    "quadratic",
    ahead,
    follow="slow",
    lr=0.4,
    k=(1, 5, 12),
    alpha=(0.1, 0.5, 1.0),
    noise=2.0,
    steps=40,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. α = 1: the slow weights jump to the fast ones, so nothing is ever undone. The fast path is that of the rule alone.
# 2. k = 1: each step is cut to the part α. For SGD that is SGD with the learning rate $\alpha\,\mathrm{lr}$.
# 3. α = 0.1: the slow weights are calm, and late.
# 4. Large k: the fast weights roam through their whole ball before they are called back.

# %%
plain = descend("quadratic", noisy("sgd"), lr=[0.2, 0.4], noise=2.0, steps=60)
one = descend("quadratic", ahead, lr=0.4, k=1, alpha=0.5, noise=2.0, steps=60)
whole = descend("quadratic", ahead, lr=0.4, k=5, alpha=1.0, noise=2.0, steps=60)
print("k = 1, α = 0.5 at lr 0.4 is SGD at lr 0.2:", relative_error(one.x, plain[0].x) < 1e-12)
print("α = 1 at lr 0.4 is SGD at lr 0.4:", relative_error(whole.x, plain[1].x) < 1e-12)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### On one axis
#
# *(For home.)*
#
# Without noise, $k$ steps of SGD multiply the distance by $\rho^k$. The slow weights keep $1 - \alpha$ of where they were
# and take $\alpha$ of that:
#
# $$\phi \leftarrow \big(1 - \alpha + \alpha\,\rho^k\big)\, \phi$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# With noise, the fast weights also bring back some of their ball: $(1 - \rho^{2k})\,V$ of variance after $k$ steps,
# nearly all of it if $k$ is large. The slow weights take $\alpha$ of the noise, so $\alpha^2$ of its variance. Theirs
# settles where $V_\phi = (1 - \alpha + \alpha\rho^k)^2\, V_\phi + \alpha^2 (1 - \rho^{2k})\,V$. Solved for $V_\phi$:
#
# $$\frac{V_\phi}{V} \;=\; \frac{\alpha^2 (1 - \rho^{2k})}{\alpha^2 (1 - \rho^{2k}) + 2\alpha(1-\alpha)(1 - \rho^k)}
# \;=\; \frac{\alpha\,(1 + \rho^k)}{2 - \alpha\,(1 - \rho^k)}$$

# %% [markdown] slideshow={"slide_type": "notes"}
# The middle is the form of the paper's proposition on its noisy quadratic, the right side is shorter.

# %% [markdown]
# For
# $0 \le \rho^k \le 1$ it lies between $\alpha / (2 - \alpha)$ and $\alpha$.

# %% [markdown]
# **Predict.** With α = ½, between which two numbers is that?

# %% slideshow={"slide_type": "skip"}
alpha, ks = 0.5, [1, 5, 20]
fractions = np.geomspace(0.03, 1.0, 8)  # lr, on axes with curvature 1
hyper = {"lr": fractions, "k": ks, "seed": list(range(60)), "noise": 1.0, "alpha": alpha}
slow = descend(surfaces.bowl(1, 1), ahead, start=(0, 0), steps=1600, **hyper).follow("slow")
measured = slow.x[400::20].square().mean((0, 3, 4)).numpy()  # (lr, k)


def formula(lr, k):
    q = (1 - lr) ** k
    return alpha * (1 + q) / (2 - alpha * (1 - q))


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
# Measured and formula, for k = 1, 5, 20 (open to see the code)
V = fractions / (2 - fractions)
figure = plotting.plot_curves(
    {f"k = {k}": (fractions, measured[:, i] / V) for i, k in enumerate(ks)},
    title="The slow weights' ball has a third to a half of the variance",
    xlabel=r"lr × curvature",
    ylabel="variance of the slow weights /\nvariance of plain SGD",
    log="x",
)
ax, fine = figure.axes[0], np.geomspace(0.03, 1.0, 200)
for k, line in zip(ks, list(ax.lines), strict=True):
    ax.plot(fine, formula(fine, k), color=line.get_color(), linestyle=line.get_linestyle())
    line.set_linestyle("none")
ax.set_ylim(0.25, 0.6)
figure

# %%
expected = formula(fractions[:, None], np.array(ks))
error = np.abs(measured / V[:, None] / expected - 1).max()
print("marks (measured) and lines (formula) differ by less than a tenth:", error < 0.1)
# All settings meet the same noise: they are off together.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What is left of it
#
# Half the variance sounds good. But half the learning rate gives half the variance, too. If $\mathrm{lr}\,\lambda\,k$ is
# small, $1 - \alpha + \alpha\rho^k \approx 1 - \alpha\,k\,\mathrm{lr}\,\lambda$: per step, that is SGD with the learning
# rate $\alpha\,\mathrm{lr}$, in speed as in noise.
#
# **Predict.** We try both with many learning rates: plain SGD, and Lookahead around SGD with k = 5 and α = 0.5. After 300
# steps, who has the lower loss, each at its best?

# %% slideshow={"slide_type": "skip"}
many = np.geomspace(0.005, 0.55, 21)
hyper = {"lr": many, "seed": seeds, "noise": 2.0, "steps": 300}
with_sgd = descend("quadratic", noisy("sgd"), **hyper).loss[-1].mean(1)
with_ahead = descend("quadratic", ahead, **hyper).follow("slow").loss[-1].mean(1)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {"SGD": (many, with_sgd), "Lookahead(SGD), slow weights": (many, with_ahead)},
    title="Lookahead moves the best lr and hardly lowers the best loss",
    xlabel="lr",
    ylabel="loss after 300 steps,\nmean of 100 runs",
    log="xy",
)
figure.axes[0].set_ylim(0.05, 10)
figure

# %%
a, b = with_sgd.argmin(), with_ahead.argmin()
ratio = with_ahead[b] / with_sgd[a]
print("the best losses are within a fifth of each other:", 0.8 < ratio.item() < 1.2)
print(f"Lookahead's best lr is about {many[b] / many[a]:.0f} times that of SGD")

# %% [markdown]
# On a bowl, Lookahead around SGD is, nearly, a way to write a smaller learning rate.

# %% [markdown] slideshow={"slide_type": "notes"}
# At *one* lr for both, at the right
# of the picture, Lookahead would have won; at the left, SGD. Neither says anything about the rules. (The little that it gains, it gains along the
# steep axis. There, $\mathrm{lr}\,\lambda\,k$ is not small.)
#
# The paper reports gains on large networks, around SGD and around Adam. A network is no bowl. So we ask again on digits,
# below.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Beyond the edge
#
# *(Short of time? Leave this section for home.)*
#
# **Predict.** At lr 0.52 plain SGD diverges on our valley: the edge is 0.5. With Lookahead, k = 5: does it? With k = 4?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
for lr in (0.49, 0.52, 0.55, 0.57):
    told = []
    for k in (4, 5):
        run = descend("quadratic", rules.lookahead(rules.sgd), lr=lr, k=k, alpha=0.5, steps=500)
        told.append(f"k = {k} {run.outcome}")
    print(f"lr {lr}: {'; '.join(told)}")
print(f"theory, k = 5: the edge is at lr = {(1 + 3 ** (1 / 5)) / 4:.3f}")

# %% [markdown]
# Just beyond the edge, $\rho$ is a little below −1: the walker jumps from wall to wall, higher each time. After an *odd*
# number of jumps it is on the other side, and half of the way back is near the middle. After an even number it is on the
# same side, only higher, and half of the way back is still higher than before. The slow weights settle if
# $-1 < 1 - \alpha + \alpha\rho^k < 1$. With $\alpha = \frac12$ and odd $k$, that is $|\rho|^k < 3$. With even $k$ it is
# $|\rho| < 1$, as for SGD.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Two plain loops
#
# *(For home.)*
#
# Lookahead is not in torch.optim. `optimizers.Lookahead` wraps any optimizer that is. To check it, here is Algorithm 1 of the
# paper, as two loops around torch's own optimizers.


# %% tags=["code"]
def algorithm_1(make, loops, k, alpha):
    phi = start.clone()
    theta = start.clone().requires_grad_()
    inner = make([theta])
    for _ in range(loops):
        for _ in range(k):
            inner.zero_grad()
            surfaces.rosenbrock(theta).backward()
            inner.step()
        phi = phi + alpha * (theta.detach() - phi)
        theta.data.copy_(phi)
    return phi


# %%
start = torch.tensor(surfaces.rosenbrock.start, dtype=torch.float64)
makers = {
    "SGD": lambda ps: torch.optim.SGD(ps, lr=1e-3, momentum=0.5),
    "Adam": lambda ps: torch.optim.Adam(ps, lr=0.01),
}
for name, make in makers.items():
    w = start.clone().requires_grad_()
    wrapped = optimizers.Lookahead(make([w]), k=5, alpha=0.5)
    for _ in range(200):
        wrapped.zero_grad()
        surfaces.rosenbrock(w).backward()
        wrapped.step()
    same = relative_error(w.detach(), algorithm_1(make, 40, k=5, alpha=0.5)) < 1e-12
    print(f"around torch.optim.{name}, the same as Algorithm 1 to 12 digits: {same}")

# %% [markdown] slideshow={"slide_type": "notes"}
# (k = 5 and α = 0.5 are our defaults. The authors' code has k = 5 and α = 0.8.) What the inner optimizer remembers (its
# momentum, Adam's averages) is kept through the pull, here as in `algorithm_1`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Around Adam
#
# A teaching notebook (B, which lecture 10 runs again) puts Lookahead around Adam at lr 0.01, with k = 5 and α = 0.5,
# where its own Adam has lr 0.001. It prints 97.48 % and 97.10 %. Is that Lookahead, or the learning rate?
#
# **Predict.** We run Adam at 0.001, 0.005 and 0.01, and Lookahead around Adam at 0.01, on our 3,200 digits, with five
# seeds. Where is the largest gap?


# %% slideshow={"slide_type": "skip"}
def adam_run(lr, seed, ahead):
    model = models.mlp_small(seed=seed)
    optimizer = optimizers.Adam(model.parameters(), lr=lr)
    if ahead:
        optimizer = optimizers.Lookahead(optimizer, k=5, alpha=0.5)
    five = {"epochs": 5, "batch_size": 100, "seed": seed}
    run = fit(model, optimizer, digits, **five, progress=False, norms=False)
    if run.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    return 100 * evaluate(model, *digits.held_out[1:])[1]


# %% slideshow={"slide_type": "skip"}
cases = [(0.001, False), (0.005, False), (0.01, False), (0.01, True)]
found = {
    case: [adam_run(case[0], s, case[1]) for s in range(5)] for case in progress_bar(cases)
}

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look


# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# A dot a run, a bar at the mean (open to see the code)
def dots(runs, title, xlabel):
    figure = plotting.Figure((9, 1.4 + 0.45 * len(runs)))
    ax = figure.add_subplot(title=title, xlabel=xlabel)
    for row, values in enumerate(runs.values()):
        ax.plot(values, np.full(len(values), row), "o", color=plotting.BLUE, alpha=0.6)
        ax.plot(np.mean(values), row, "k|", markersize=20, markeredgewidth=3)
    ax.set_yticks(range(len(runs)), list(runs))
    ax.set_ylim(len(runs) - 0.5, -0.5)
    means = ", ".join(f"{name} {np.mean(values):.1f}" for name, values in runs.items())
    figure.alt = f"{title}. A dot a run; means: {means}."
    return figure


# %% slideshow={"slide_type": "subslide"}
labels = [f"{'Lookahead(Adam)' if ahead_ else 'Adam'}, lr {lr}" for lr, ahead_ in cases]
dots(
    dict(zip(labels, found.values(), strict=True)),
    "After 160 steps, a larger lr brings most of the gain",
    "validation accuracy after five epochs, %",
)

# %%
means = [np.mean(values) for values in found.values()]
print("Adam gains more than half a point by lr 0.01 alone:", means[2] - means[0] > 0.5)
print("the largest gap is that between lr 0.001 and 0.005:", np.diff(means).argmax() == 0)

# %% [markdown] slideshow={"slide_type": "subslide"}
# After 160 steps, a larger lr alone brings most of the gain. But B trains for 3,000. What about a training of that length? Lecture 10 has recorded one of
# 2,500 steps, with the same network and batch size:

# %%
from course_utils import benchmark, comparing

comparing.plot_sensitivity(
    benchmark.results(),
    ["Adam", "Lookahead(Adam)"],
    title="Lookahead allows the larger lr; the tops are level",
)

# %% [markdown]
# There, 0.01 is *too large* for plain Adam, and right for Lookahead. So B compares one rule near its best with another near its best: the two numbers are
# of one size, and one run each cannot tell them apart (*The recorded benchmark*, below).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ranger
#
# Ranger is RAdam (lecture 5) inside Lookahead: a careful start and a calm end.

# %%
show_rule(rules.ranger)

# %%
ranger = descend("rosenbrock", "ranger", lr=0.02, steps=200)
nested = descend("rosenbrock", rules.lookahead(rules.radam), lr=0.02, steps=200)
w = start.clone().requires_grad_()
built = optimizers.Lookahead(torch.optim.RAdam([w], lr=0.02))
for _ in range(200):
    built.zero_grad()
    surfaces.rosenbrock(w).backward()
    built.step()
print("ranger walks the path of lookahead(radam):", torch.equal(ranger.x, nested.x))
print(
    "and ends where Lookahead(torch.optim.RAdam) does:",
    relative_error(w.detach(), ranger.x[-1]) < 1e-12,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Schedule-Free
#
# Back to the question that was left open. The average weighs gradients as a linear decay does, at any moment, without
# knowing the end. But its gradients are taken out in the ball. A decay takes them at the calm point. *Schedule-Free*
# takes them in between.

# %% tags=["formulas"]
show_rule(rules.schedule_free)

# %% slideshow={"slide_type": "subslide"}
free = descend("quadratic", noisy("schedule_free"), lr=0.3, beta=0.6, seed=3, steps=30)
z, a = free.follow("z"), free.follow("a")
figure = plotting.plot_paths(
    {"z: walks": z, "x: asks": free, "a: the answer": a},
    title="z walks, a averages z, and x lies between the two",
)
figure.set_size_inches(7.5, 4.5)
ax = figure.axes[0]
for t in (5, 10, 15, 20, 25, 30):  # the three points of one step lie on one line
    ax.plot(*torch.stack([z.x[t], a.x[t]]).T, color="black", linewidth=1.5)
ax.set(xlim=(-5.5, 1.5), ylim=(-2.2, 1.2))
figure

# %% [markdown]
# (The black lines join the three points of every fifth step.)
#
# **Predict.** β says where between z and a the gradient is taken. What is β = 0? And what does the path of x look like as
# β goes to 1?

# %% slideshow={"slide_type": "subslide"}
explore(
    "quadratic",
    noisy("schedule_free", seed=5),
    follow="a",
    lr=0.4,
    beta=(0, 0.5, 0.9),
    noise=1.0,
    steps=45,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. β = 0: the gradient is taken at z, and x, blue (●), *is* z: plain SGD. The answer, red (■), is the average of its points:
#    Polyak and Ruppert.
# 2. With larger β, x moves towards the average, and gets calm.
#
# And without noise: how far from the minimum is the average after 45 steps?

# %%
zero = descend("quadratic", noisy("schedule_free"), lr=0.4, beta=0, noise=2.0, steps=60)
print("β = 0: z is SGD:", relative_error(zero.follow("z").x, plain[1].x) < 1e-12)
mean = plain[1].x[1:].mean(0)
print("β = 0: a is its average:", relative_error(zero.follow("a").x[-1], mean) < 1e-12)
for beta in (0, 0.5, 0.9):
    exact = descend("quadratic", "schedule_free", lr=0.4, beta=beta, steps=45)
    print(f"no noise, β = {beta}: the average is {exact.follow('a').outcome}")

# %% [markdown]
# The plain average remembers the start longest. β is a way to forget it. (Not for ever the better, the larger: with 0.9 it swings, and it pays with
# noise, as we shall see.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *Formula = code.* Schedule-Free is not in torch.optim either. So here are the three lines of the paper's section 1, in
# its own letters ($y$ asks, $x$ is the answer), against our optimizer.

# %% slideshow={"slide_type": "notes"}
x = z = start.clone()
w = start.clone().requires_grad_()
ours = optimizers.ScheduleFree([w], lr=2e-3, beta=0.9)
for t in range(1, 201):
    y = (0.1 * z + 0.9 * x).requires_grad_()
    z = z - 2e-3 * torch.autograd.grad(surfaces.rosenbrock(y), y)[0]
    x = (1 - 1 / t) * x + 1 / t * z
    ours.zero_grad()
    surfaces.rosenbrock(w).backward()
    ours.step()
ours.eval()  # puts the answer into w
print(
    "the same as the paper's three lines to 12 digits:",
    relative_error(w.detach(), x.detach()) < 1e-12,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What β does
#
# *(A rough derivation; leave it for home if time is short.)* After many steps, $a$ hardly moves, and $z$ wanders around
# the point where the gradient at $x$ vanishes: $(1-\beta)\, z + \beta\, a = 0$. With $\kappa = 1 / (1 - \beta)$, that is
# $z - a = -\kappa\,a$. Its noise, averaged, is that of a walker on an axis of curvature $\lambda / \kappa$. The average goes
# $\frac1t$ of the way to $z$, so
#
# $$a_t \approx \Big(1 - \frac{\kappa}{t}\Big)\, a_{t-1} - \frac1t \cdot \frac{\kappa\,\sigma}{\lambda}\,\xi_t
# \quad\Rightarrow\quad \text{start} \sim \frac{1}{t^{\kappa}}, \quad
# \text{variance} \approx \frac{\kappa^2}{2\kappa - 1} \cdot \frac{\sigma^2}{\lambda^2\, t}$$

# %% [markdown] slideshow={"slide_type": "notes"}
# (For the second: square the first, $V_t \approx (1 - 2\kappa/t)\,V_{t-1} + \kappa^2\sigma^2/(\lambda t)^2$, and try $V_t = K/t$.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# For β = 0 this is the plain average: the start fades like $1/t$, and the variance is the best possible. A larger β
# forgets the start much faster, and pays with noise. It is the question of t0 again, as one dial.
#
# Is it so? The variance, times $\lambda^2 t / \sigma^2$, after 600 steps:

# %%
betas = [0.0, 0.5, 0.9]
hyper = {"beta": betas, "lr": 0.5, "seed": list(range(200)), "noise": 1.0, "steps": 600}
many_runs = descend(surfaces.bowl(1, 1), noisy("schedule_free"), start=(0, 0), **hyper)
ends = 600 * many_runs.follow("a").x[-1].square().mean((1, 2))
for beta, end in zip(betas, ends.tolist(), strict=True):
    c = 1 / (1 - beta)
    theory = c**2 / (2 * c - 1)
    print(
        f"β = {beta}: theory {theory:.2f}, measured within a fifth: {abs(end / theory - 1) < 0.2}"
    )

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Without knowing the end
#
# Now the race. You do not know when you will be stopped: after 30, 100, 300 or 1,000 steps.
#
# - *SGD, decay planned for 1,000 steps*: good if nobody stops it.
# - *SGD, decay that knew the end*: four different trainings, one for each stop, each with its own best lr. It cheats.
# - *Schedule-Free*: one training, one lr for all stops, which is tuned, too.
#
# **Predict.** How much worse than the cheat will Schedule-Free be?

# %% slideshow={"slide_type": "skip"}
stops = [30, 100, 300, 1000]
flrs = np.geomspace(0.1, 0.9, 9)
hyper = {"seed": seeds, "noise": 2.0, "steps": 1000}
free = descend("quadratic", noisy("schedule_free"), lr=flrs, beta=0.5, **hyper)
free_loss = free.follow("a").loss.mean(2)
knew = []
for t in stops:
    plans = [Linear(lr, t) for lr in np.geomspace(0.02, 0.7, 12)]
    hyper["steps"] = t
    knew.append(descend("quadratic", noisy("sgd"), lr=plans, **hyper).loss.mean(2))
best = [end[-1].min().item() for end in knew]
planned = knew[-1][:, knew[-1][-1].argmin()]

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
mine = (free_loss[stops] / torch.tensor(best)[:, None]).amax(0).argmin()
figure = plotting.plot_curves(
    {
        "Schedule-Free, β = 0.5": (n, free_loss[n, mine]),
        "SGD, decay planned for 1,000": (n, planned[n]),
        "average of SGD, lr 0.4": (n, average[n, 1]),
    },
    title="With β = 0.5, below the decay at every stop",
    xlabel="step at which the training is stopped",
    ylabel="loss, mean of 100 runs",
    log="xy",
)
figure.axes[0].plot(stops, best, "k*", markersize=16, label="SGD, decay that knew the end")
figure.axes[0].legend()
figure

# %% slideshow={"slide_type": "skip"}
ratios = free_loss[stops, mine] / torch.tensor(best)
print("Schedule-Free is below the decay that knew, at every stop:", (ratios < 1).all().item())
print(
    "the planned decay, stopped after 100 steps, is more than twice as high:",
    (planned[100] > 2 * best[1]).item(),
)
print(
    "the plain average is the lowest after 1,000:",
    average[1000, 1].item() < min(best[3], free_loss[1000, mine].item()),
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - The planned decay is only good at the end that it was planned for.
# - Schedule-Free needs no plan, and is at no stop above a decay made for it. But its β had to be tuned, too: with the default, 0.9, it is up to 2.6 times
#   above (try it).
# - The plain average we should not forget: on a bowl, it is the lowest of all in the long run. On a bowl it does no
#   harm to ask for gradients far out. The case for Schedule-Free has to be made on networks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## On digits
#
# Everything once more, on the network. Each method is tuned with the same effort: five learning rates, three seeds, judged
# on the validation digits. Then its best one runs five times with fresh seeds, judged on the test digits.


# %% [markdown] slideshow={"slide_type": "notes"}
# Five epochs
# each: the noise is still there. All other hyperparameters have their defaults; the average begins at half-time.


# %% [markdown]
# **Predict.** Put the five in order: SGD with a constant lr, its average, Lookahead around SGD, Schedule-Free, SGD with a
# linear decay.


# %% slideshow={"slide_type": "skip"}
def make(name, parameters, lr, steps):
    if name == "average":  # of the second half
        return optimizers.ASGD(parameters, lr=lr, lambd=0, t0=steps // 2)
    if name == "Schedule-Free":
        return optimizers.ScheduleFree(parameters, lr=lr)
    if name == "linear decay":
        return optimizers.SGD(parameters, lr=Linear(lr, steps))
    sgd = optimizers.SGD(parameters, lr=lr)
    return optimizers.Lookahead(sgd) if name == "Lookahead" else sgd


# %% slideshow={"slide_type": "skip"}
def train(name, lr, seed):
    model = models.mlp_small(seed=seed)
    optimizer = make(name, list(model.parameters()), lr, steps=250)
    run = fit(model, optimizer, digits, epochs=5, seed=seed, progress=False, norms=False)
    if run.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    # The model holds what the method answers for: fit has called optimizer.eval(), if there is one.
    parts = digits.held_out[1:], (digits.x_test, digits.y_test)
    return [100 * evaluate(model, *part)[1] for part in parts]


# %% slideshow={"slide_type": "skip"}
net_lrs = [0.2, 0.4, 0.8, 1.6, 3.2]
names = ["SGD", "average", "Lookahead", "Schedule-Free", "linear decay"]
tuning, final = {}, {}
for name in progress_bar(names):
    tuning[name] = [np.mean([train(name, lr, s)[0] for s in range(3)]) for lr in net_lrs]
    best_lr = net_lrs[np.argmax(tuning[name])]
    final[name] = np.array([train(name, best_lr, s)[1] for s in range(100, 105)])

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
labels = [f"{name}, lr {net_lrs[np.argmax(tuning[name])]}" for name in names]
dots(
    dict(zip(labels, final.values(), strict=True)),
    "What calms the noise gains",
    "test accuracy after five epochs, %",
)

# %% slideshow={"slide_type": "skip"}
mean = {name: values.mean() for name, values in final.items()}
print("the average is more than half a point above SGD:", mean["average"] - mean["SGD"] > 0.5)
all_above = final["average"].min() > mean["SGD"]
print("every run of the average is above the mean of SGD:", all_above)
spread = np.ptp(final["SGD"]) > 1.5 * np.ptp(final["average"])
print("the runs of SGD are spread more than 1.5 times as widely:", spread)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - A constant lr ends where luck has it: its five runs are far apart. The average's are close together, and higher.
# - Schedule-Free and the linear decay are calm, too. Five seeds do not settle which of the two is ahead.

# %% [markdown] slideshow={"slide_type": "notes"}
# (In lecture 2, after one epoch more, a constant lr
#   had caught up with the decay: this early, it is at its most unsteady.)

# %% [markdown]
# - Lookahead around SGD is as unsteady as SGD: five runs show no difference, as on the bowl.
#
# And who had to be told the end? The decay, and our average, too: "half-time" means that you know it. Schedule-Free did not.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The recorded benchmark
#
# All of MNIST, 2,500 steps, each optimizer tuned with the same effort, then repeated with fresh seeds: the fair
# comparison of lecture
# 10. Its learning rates are constant.
#
# **Predict.** Lookahead(Adam) against Adam: better, worse, or no difference found? Schedule-Free against SGD?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
results = benchmark.results()
chosen = ["ScheduleFree", "Lookahead(Adam)", "Adam", "SGD"]
ends = benchmark.ends(results[results.stage == "final"])
table = 100 * ends.pivot(index="seed", columns="optimizer", values="accuracy")
tuned = benchmark.best(results)
dots(
    {f"{name}, lr {tuned[name][0]:.2g}": table[name] for name in chosen},
    "Schedule-Free leads by a few tenths of a point",
    "test accuracy after 2,500 steps, %",
)

# %%
pairs = [("Lookahead(Adam)", "Adam"), ("ScheduleFree", "SGD")]
differences = pd.DataFrame({f"{a} - {b}": table[a] - table[b] for a, b in pairs})
for name, low, high in zip(differences, *intervals(differences), strict=True):
    print(f"{name}: between {low:.2f} and {high:.2f} points ({len(table)} seeds)")
print(f"Schedule-Free was tuned to β = {tuned['ScheduleFree'][1]:g}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# - Lookahead around Adam: the interval holds 0. No difference found. Its best lr is larger than Adam's.
# - Schedule-Free: above SGD with a constant lr. One bad run of SGD makes most of the interval: the median of the differences is a third of a point. (Lecture 10 asks about all pairs at once, and has
#   to be more careful: there, one bad run of SGD is enough for "no difference found".) A decaying lr, the true rival, did
#   not take part.
# - β = 0.5, and not the default, 0.9.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# ### An average that never begins
#
# `torch.optim.ASGD` averages from step t0 = 1,000,000 on. Most trainings are over by then. (One of our sources, a
# comparison on CIFAR-10, runs it so, for five epochs.) You get no average, no warning, and plain SGD with a slowly
# decaying lr. Always give t0.

# %% [markdown] slideshow={"slide_type": "notes"}
# And when the average has begun, torch does not put it into the model. It lies in `state[p]["ax"]`, and swapping it in is
# your work: `p.copy_(optimizer.state[p]["ax"])` under `torch.no_grad()`. (The `ASGD` of this course has an `eval()` that
# does it, and a `train()` that undoes it. `fit` calls them.)

# %%
for t0 in (1e6, 100):
    model = models.mlp_small()
    optimizer = torch.optim.ASGD(model.parameters(), lr=0.8, t0=t0)
    fit(model, optimizer, digits, epochs=5, progress=False, norms=False)
    equal = all(torch.equal(p, optimizer.state[p]["ax"]) for p in model.parameters())
    print(f"t0 = {t0:9,.0f}: what torch calls the average is just the last weights: {equal}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Between two pulls
#
# *(For home.)*
#
# The model holds the fast weights. Right after a pull, they are the slow ones. Just before the next, they have walked
# most of the way out into their ball: evaluate there, and you evaluate nearly SGD. Stop at a multiple of k, or read
# `state[p]["slow"]`.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Or call our `Lookahead`'s `eval()`, as `fit` does. Notebook B tests every 500 steps. 500 is a multiple of its k.)

# %%
for steps in (250, 252):
    w = start.clone().requires_grad_()
    wrapped = optimizers.Lookahead(torch.optim.Adam([w], lr=0.01))
    for _ in range(steps):
        wrapped.zero_grad()
        surfaces.rosenbrock(w).backward()
        wrapped.step()
    slow = torch.equal(w.detach(), wrapped.state[w]["slow"])
    print(f"after {steps} steps, the model holds the slow weights: {slow}")

# %%
hyper = {"lr": 0.4, "k": 10, "alpha": 0.5, "noise": 2.0, "seed": seeds, "steps": 1000}
fast = descend("quadratic", ahead, **hyper).loss[201:].mean(1)
cycle = fast.reshape(-1, 10).mean(0)  # 1, 2, …, 9 steps after a pull, and 10: pulled again
sgd_ball = last[800:, 1].mean()  # plain SGD at the same lr
for steps in (10, 1, 5, 9):
    print(
        f"{steps % 10} steps after a pull, the loss is {cycle[steps - 1] / sgd_ball:.1f} of SGD's"
    )

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Forgot to call eval
#
# Schedule-Free's answer is $a$, but while it trains the model holds $x$. `optimizer.eval()` puts $a$ into the model,
# `optimizer.train()` puts $x$ back. (`fit` does both.) Forget `train()`, and our `step` refuses. Forget `eval()`, and
# nothing tells you:

# %%
asked = free.loss.mean(2)[1000, mine]
print(f"on the bowl, the loss at x is {asked / free_loss[1000, mine]:.0f} times that at a")
a_losses, x_losses = [], []
for seed in range(4):
    model = models.mlp_small(seed=seed)
    optimizer = optimizers.ScheduleFree(model.parameters(), lr=1.6, beta=0.5)
    fit(model, optimizer, digits, epochs=5, seed=seed, progress=False, norms=False)
    a_losses.append(evaluate(model, digits.x_test, digits.y_test)[0])
    optimizer.train()
    x_losses.append(evaluate(model, digits.x_test, digits.y_test)[0])
print("on digits, mean of four runs, it is higher at x:", np.mean(x_losses) > np.mean(a_losses))

# %%
optimizer.eval()
try:
    optimizer.step()
except RuntimeError as error:
    print(error)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The middle of two valleys
#
# Two networks, each trained from first weights of its own:
#
# **Predict.** Each reads more than nine digits in ten. What does the average of their weights read?

# %% slideshow={"slide_type": "skip"}
trained = []
for seed in (0, 1):
    model = models.mlp_small(seed=seed)
    optimizer = optimizers.SGD(model.parameters(), lr=0.4)
    fit(model, optimizer, digits, epochs=20, progress=False, norms=False)
    trained.append(model)
middle = models.mlp_small()
with torch.no_grad():
    for p, a, b in zip(middle.parameters(), *(m.parameters() for m in trained), strict=True):
        p.copy_((a + b) / 2)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
wrong = [1 - evaluate(m, digits.x_test, digits.y_test)[1] for m in (*trained, middle)]
print("each misreads fewer than 1 digit in 10:", max(wrong[:2]) < 0.1)
print("the average makes more than twice as many mistakes:", wrong[2] > 2 * max(wrong[:2]))

# %% [markdown] slideshow={"slide_type": "fragment"}
# There is a hill between the two. Both networks read alike, but their hidden units have different jobs: unit 7 of the one and unit 7 of the other do not
# belong together, and we average them. An average belongs to *one* walk, and to the part of it that is in one valley.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A lopsided valley
#
# *(For home.)*
#
# A bowl is the same to the left and to the right. Take $f = e^{x_1} - x_1 + \tfrac12 x_2^2$ instead: its minimum is at
# $(0, 0)$, steep on the right, gentle on the left.
#
# **Predict.** Does the average of the noisy walker arrive at 0? Does a decaying lr?

# %% slideshow={"slide_type": "skip"}
lopsided = surfaces.Surface(
    name="lopsided",
    f=lambda x1, x2: torch.exp(x1) - x1 + x2**2 / 2,
    start=(0.0, 0.0),
    minima=((0.0, 0.0),),
    xlim=(-3.0, 2.0),
    ylim=(-2.0, 2.0),
)
hyper = {"seed": seeds, "noise": 1.0, "steps": 1000}
walks = descend(lopsided, noisy("asgd"), lr=[0.1, 0.2, 0.4], lambd=0, t0=0, **hyper)
centre = walks.follow("ax").x[..., 0].mean(2)  # over the seeds
decayed = descend(lopsided, noisy("sgd"), lr=Linear(0.4, 1000), **hyper).x[-1, :, 0].mean()

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {f"average, lr {lr}": (n, centre[n, i]) for i, lr in enumerate((0.1, 0.2, 0.4))},
    title="Beside the minimum for good: the larger lr, the further",
    xlabel="points averaged, n",
    ylabel="$x_1$, mean of 100 runs",
    log="x",
)
figure.axes[0].plot(
    1000, decayed, "k*", markersize=16, label="linear decay from 0.4, last point"
)
figure.axes[0].axhline(0, color="black", linewidth=1)
figure.axes[0].legend(loc="upper right")
figure.axes[0].set_ylim(-0.15, 0.12)
figure

# %%
offset = -centre[1000]
spread = walks.x[200:, ..., 0].var(dim=(0, 2))
print("the averages stop at x₁ =", ", ".join(f"{-v:.2f}" for v in offset.tolist()))
print("minus half the variance:", ", ".join(f"{-v / 2:.2f}" for v in spread.tolist()))
print("that of the decay is nearer than all of them:", (decayed.abs() < offset.min()).item())

# %% [markdown]
# The walker settles where the *mean gradient* is zero: the mean of $e^{x_1}$ is 1. As $e^x$ is curved upwards, the mean
# of $x_1$ is then below 0, by about half the variance, and that grows with lr. No number of points cures it.

# %% [markdown] slideshow={"slide_type": "notes"}
# That is the
# price of a constant lr away from bowls. A smaller lr, or a decay, does. (These are means over 100 runs. One run of the decay is still scattered, by more
# than the average at lr 0.1 is off.) Polyak and Juditsky let lr decay, slowly, *and* average:
# this is what `alpha` in ASGD is for.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# Each keeps copies of the weights. We train for a few steps and count. (For Lookahead, the inner optimizer's memory, too.)


# %% slideshow={"slide_type": "skip"}
def cost(make):
    model = models.mlp_small()
    optimizer = make(model.parameters())
    fit(model, optimizer, digits, epochs=1, progress=False, norms=False)  # to warm up
    history = fit(model, optimizer, digits, epochs=2, progress=False, norms=False)
    seconds = history.steps.seconds.diff().median()
    return optimizers.kept_per_weight(optimizer), 1000 * seconds


# %%
o = optimizers
costs = {
    "SGD": cost(lambda ps: o.SGD(ps, lr=0.1)),
    "ASGD": cost(lambda ps: o.ASGD(ps, lr=0.1)),
    "Lookahead(SGD)": cost(lambda ps: o.Lookahead(o.SGD(ps, lr=0.1))),
    "ScheduleFree": cost(lambda ps: o.ScheduleFree(ps, lr=0.1)),
    "Adam": cost(lambda ps: o.Adam(ps)),
    "Lookahead(Adam)": cost(lambda ps: o.Lookahead(o.Adam(ps))),
    "Ranger": cost(lambda ps: o.Ranger(ps)),
}
for name, (numbers, _) in costs.items():
    print(f"{name:16} {numbers:g} numbers per weight")

# %% tags=["nbval-ignore-output"]
for name, (_, milliseconds) in costs.items():
    print(f"{name:16} {milliseconds:.2f} ms a step, gradient and all, on this machine")

# %% [markdown] slideshow={"slide_type": "notes"}
# On so small a network, the clock hardly tells them apart. An `AveragedModel` is one more copy, beside any optimizer. (The authors' Schedule-Free keeps one number less: it
# computes $a$ from $x$ and $z$.) The time is a few sums per weight and step, and for Lookahead only at every $k$-th.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | is the last point the best? | no: with a constant lr it is one draw from the noise ball |
# | the average of $n$ points | variance $\sigma^2 / (\lambda^2 n)$ on a bowl, whatever lr is, in the long run; the start fades like $1/n$ |
# | when to begin (t0) | when the walker has arrived; without knowing, at half-time |
# | average and decay | the average weighs the gradients as a linear decay to 0 would, but needs no plan |
# | Lookahead | $\phi \leftarrow \phi + \alpha\,(x - \phi)$ every $k$ steps; variance between $\alpha / (2 - \alpha)$ and $\alpha$ of the ball |
# | Lookahead around SGD | on a bowl, nearly SGD with $\alpha\,\mathrm{lr}$; for k = 1, exactly |

# %% [markdown] slideshow={"slide_type": "subslide"}
# | question | answer |
# | --- | --- |
# | Ranger | Lookahead around RAdam |
# | Schedule-Free | asks for the gradient between walker and average; good at any stop, no end to be known |
# | memory beside the weights | ASGD 1, Lookahead 1 more than its inner rule, Schedule-Free 2 numbers per weight |
# | what to hand in | `state["ax"]`, `state["slow"]`, or the weights after `eval()`: not whatever the model happens to hold |
# | what is wrong with them | an average beside the minimum in a lopsided valley; no good across valleys; little gain where the noise dies by itself |

# %% [markdown]
# **Next.** Rules that throw away the size of the gradient, or look at whole matrices: Lion and Muon, in lecture 7.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/06_averages.ipynb) try what you write, and say which
# mistake it is. Three more to think about; add a cell below each and try.

# %% [markdown] slideshow={"slide_type": "notes"}
# **1.** Lookahead around SGD, k = 10, α = 0.2, on an axis with λ = 1 and lr = 0.5. Which part of the ball of SGD is the variance of the slow weights? Compute it, then measure it, as under *On one axis*.
#
# <details><summary>Answer</summary>ρ = 0.5, and ρ¹⁰ is about 0.001. So V<sub>φ</sub> / V ≈ α / (2 - α) = 0.2 / 1.8 ≈ 0.11.</details>
#
# **2.** An exponential average with β = 0.9 follows a walker. How many of its last points count, roughly? On an axis with
# lr·λ = 0.01, how many independent points of the ball is that worth, and what does the EMA gain?
#
# <details><summary>Answer</summary>About 1 / (1 - β) = 10 points. The correlation time is about 2 / 0.01 = 200 steps: 10 neighbours
# are much less than one independent point, so it gains next to nothing there. The memory has to be longer than the correlation time. Along
# steep axes, with lr·λ near 1, it does gain.</details>
#
# **3.** Under *The middle of two valleys*, give both networks the same first weights (`models.mlp_small(seed=0)`), and
# only another order of the digits (`fit(..., seed=0)` and `seed=1`). Is there still a hill?
#
# <details><summary>What to compare</summary>The mistakes of the average with those of its two networks. They began in the same valley, and
# stay in it or near it: the average should be about as good as they are.</details>

# %% [markdown] slideshow={"slide_type": "notes"}
# ## References
#
# - B. T. Polyak, A. B. Juditsky, [Acceleration of Stochastic Approximation by
#   Averaging](https://doi.org/10.1137/0330046), SIAM J. Control Optim. 30, 1992: the average is as good as it can be,
#   without knowing the curvature.
# - D. Ruppert, [Efficient Estimations from a Slowly Convergent Robbins-Monro Process](https://hdl.handle.net/1813/8664),
#   Cornell, 1988: the same idea, independently.
# - L. Bottou, [Stochastic Gradient Descent Tricks](https://doi.org/10.1007/978-3-642-35289-8_25), 2012: ASGD in practice,
#   with the learning rate that torch uses.
# - P. Izmailov and others, [Averaging Weights Leads to Wider Optima and Better
#   Generalization](https://arxiv.org/abs/1803.05407), UAI 2018: SWA, the average of a network's weights.
# - M. R. Zhang, J. Lucas, G. Hinton, J. Ba, [Lookahead Optimizer: k steps forward, 1 step
#   back](https://arxiv.org/abs/1907.08610), NeurIPS 2019: Algorithm 1, and the noisy quadratic.
# - L. Wright, [Ranger](https://github.com/lessw2020/Ranger-Deep-Learning-Optimizer), 2019: RAdam and Lookahead together.
# - A. Defazio and others, [The Road Less Scheduled](https://arxiv.org/abs/2405.15682), NeurIPS 2024: Schedule-Free.
# - A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko, [Optimal Linear Decay Learning Rate Schedules and Further
#   Refinements](https://arxiv.org/abs/2310.07831), 2023: why a linear decay, and what it has to do with averages.
