# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 8 · Why a deep network does not learn
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/08_why_a_deep_network_does_not_learn.ipynb)
#
# A network with five hidden layers is trained on pictures, and stays at guessing.
# This lecture finds the cause, layer by layer. Then it tries the cures, one at a time.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top.
# Where it says **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells
# hidden** to see them.
#
# *For lecturers.* Aloud, it takes 45 minutes without the sections marked *(For home.)*: *Ten numbers that see no picture*, *The same as torch.optim*,
# *Where ε bites*, *What can go wrong* and *What it costs*.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %% slideshow={"slide_type": "skip"}
from course_utils import data, layers, models, optimizers, plotting, rules, vanishing
from course_utils.descent import descend
from course_utils.gradients import relative_error
from course_utils.moving import Animation
from course_utils.show import show_rule
from course_utils.surfaces import Surface
from course_utils.training import fit
from course_utils.watching import watch
from course_utils.widgets import explore_layers, explore_switches, race

import numpy as np
import torch

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Six layers, two numbers
#
# The smallest deep network: six layers of one unit each, no activation, the picture is the number 1, and the answer should be 1. Three layers have
# the weight $x_1$, three have $x_2$. So the network says $x_1^3 x_2^3$, and the loss is
#
# $$f(x_1, x_2) = \tfrac12 \left(1 - x_1^3\,x_2^3\right)^2$$
#
# P and Q start with weights of 0.3, with the same learning rate. P is gradient descent.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
# The code of this picture gives the answer away: open it later.
chain = Surface(
    name="chain",
    f=lambda x1, x2: (1 - (x1 * x2) ** 3) ** 2 / 2,
    start=(0.3, 0.3),
    minima=((1.0, 1.0), (3 / 4, 4 / 3), (4 / 3, 3 / 4)),
    xlim=(0.0, 1.5),
    ylim=(0.0, 1.5),
    about="A plateau, a curved valley of minima, x1 x2 = 1, and a cliff behind it.",
)
P, Q = (descend(chain, rule, lr=0.05, steps=70) for rule in ("sgd", "adam"))
Animation({"P": P, "Q": Q}, title="The same start, the same lr: one hardly moves")

# %% [markdown] slideshow={"slide_type": "notes"}
# The minima are a curve, $x_1 x_2 = 1$, the bottom of a valley; three of them have a star. Behind it is a cliff.

# %% [markdown]
# **Predict.** P is far from the valley, and its gradient is right. Why does it hardly move? What might Q do? Where in this picture is the *most*
# dangerous place to start?

# %% [markdown] slideshow={"slide_type": "notes"}
# We come back to each question.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A published network that does not learn
#
# Now a real one. Notebook C, one of those from which this course is built (see the index), trains on Fashion-MNIST: 60,000 pictures of clothes, ten
# classes. Its network has five hidden layers of 128 units, with a *sigmoid*, $\sigma(z) = 1 / (1 + e^{-z})$, after each. It takes steps of
# plain gradient descent with lr 0.01, 512 pictures at a time.

# %% [markdown] slideshow={"slide_type": "subslide"}
# C prints the same after every epoch: a training loss of 2.3027 or 2.3028, and an accuracy of 0.10. We ran it again on all of
# Fashion-MNIST, with five seeds (`make vanishing`):

# %% slideshow={"slide_type": "skip"}
results = vanishing.results()
print("".join(vanishing.RESULTS.open(encoding="utf-8").readlines()[:4]))

# %%
for epoch, runs in results[results.cure == "none"].groupby("epochs"):
    ends = [(part.min(), part.max()) for part in (runs.train_loss, runs.loss, runs.accuracy)]
    training, test, accuracy = (f"{low:.4f} to {high:.4f}" for low, high in ends)
    print(f"{epoch:2.0f}: training loss {training}; test loss {test}, accuracy {accuracy}")

# %% [markdown] slideshow={"slide_type": "notes"}
# From the second epoch on, our training loss is C's to a unit of the fourth decimal, with every seed. (In the first, it is a mean over steps in which the scores
# still settle; the test loss after it is there already.) The accuracy is chance. C shows neither a cause nor a cure.

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** There are ten classes. What is 2.3026? And what has a network learnt whose loss is that?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
print(f"guessing: -ln(1/10) = ln 10 = {np.log(10):.4f}")

# %% [markdown]
# If the scores do not depend on the picture, the network gives every picture the same probabilities $p$. With classes as frequent as $q$, the loss is
# $-\sum_k q_k \ln p_k$, and it is lowest for $p = q$. With ten equally frequent classes that is $\ln 10$. So $\ln K$ is the best
# loss of scores that have nothing to do with the pictures. Whether these have, the loss alone does not tell: we must look inside.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ten numbers that see no picture
#
# *(For home.)* But C prints 2.3028, not 2.3026. Can we explain two units in the fourth decimal?
#
# Take away the whole network and keep ten numbers, the scores, the same for every picture. What enters C's last layer is about 128 times ½. So one
# step of lr 0.01 on its weights and biases moves a score like a step of $0.01\,(128 \cdot \tfrac14 + 1) = 0.33$ on the score itself.

# %% slideshow={"slide_type": "fragment"}
labels = torch.arange(10).repeat(6000)  # 6,000 of each class, and no picture anywhere
generator, scores = torch.Generator().manual_seed(0), torch.zeros(10, dtype=torch.float64)
for epoch in range(1, 6):
    losses = []
    for batch in labels[torch.randperm(60_000, generator=generator)].split(512):
        often = torch.bincount(batch, minlength=10) / len(batch)
        losses.append(-(often * scores.log_softmax(0)).sum())
        scores = scores - 0.01 * (128 / 4 + 1) * (scores.softmax(0) - often)
    print(f"epoch {epoch}: loss {torch.stack(losses).mean():.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same decimals, without a single pixel. The scores chase the classes of the last batches. The next batch has others, so each step pays a little. C's
# network does no better than that: it learns which classes came last.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Watch it
#
# We want to see the gradient of *each layer* while the network is trained. torch calls a *hook* before each step of an optimizer. `watch` uses it:
# it notes the norm of each layer's gradient, and draws it anew every second. The training does not change.

# %% [markdown] slideshow={"slide_type": "notes"}
# From here on we train on Fashion-MNIST where it is present, on the digits of lecture 1 where it is not. Either way: 4,000 pictures, 8 steps an
# epoch, 320 steps. The words under the title tell how it ended.

# %% slideshow={"slide_type": "skip"}
digits = data.load()
fashion = data.present("fashion-mnist")
pictures = data.load("fashion-mnist", fraction=1 / 15) if fashion else digits


# %% slideshow={"slide_type": "skip"}
def learn(model, title, optimizer=optimizers.SGD, lr=0.01, epochs=40):
    rule = optimizer(model.parameters(), lr=lr)
    settings = {"epochs": epochs, "batch_size": 512, "norms": False, "progress": False}
    with watch(model, rule, pictures.x_train[:512], title=title) as seen:
        history = fit(model, rule, pictures, **settings)
        ends = history.epochs.reindex([epochs])  # none, if it ended before
        loss, accuracy = ends.train_loss.item(), ends.test_accuracy.item()
        seen.tell(f"at the end: training loss {loss:.1f}, test accuracy {100 * accuracy:.0f} %")
    if history.status == "interrupted":  # let the stop button stop the whole cell
        raise KeyboardInterrupt
    model.cpu()  # if it was on a GPU
    told = "learns" if loss < 2.25 else "stays at ln 10" if loss < 2.35 else "above ln 10"
    print(f"{len(seen.norms)} steps, lr {lr:g}: {told}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Layer 1 sees the pixels, layer 6 gives the scores. Which has the smallest gradient? By how much: half, a tenth, a thousandth?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
stuck = models.mlp_deep()
learn(stuck, "From the last layer to the first, the gradient falls thousandfold")
first, start = (model[1].weight.detach() for model in (stuck, models.mlp_deep()))
print("first layer moved by less than 1/10,000:", relative_error(first, start) < 1e-4)

# %% [markdown] slideshow={"slide_type": "notes"}
# The axis is logarithmic. From layer 6 back to layer 2 the points lie on a straight line: each layer gets the same *fraction* of what the next one gets.
# The first layer gets thousands of times less than the last. It hardly moves: it hands on a random mixture of pixels for ever.

# %% [markdown] slideshow={"slide_type": "fragment"}
# The dotted line is a bound: with these weights and pictures, no labels whatever could give a larger gradient. Where do the line and the bound come
# from?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why: a product
#
# Let $h_0$ be the picture. Layer $l$ computes $z_l = W_l h_{l-1} + b_l$ and hands on $h_l = \sigma(z_l)$. Backpropagation asks how much the loss changes
# with each $z_l$, the *error* $\delta_l = \partial f / \partial z_l$. At the scores it is $\delta_6 = p - y$: probabilities minus truth. One layer further
# back, by the chain rule:
#
# $$\delta_l = \sigma'(z_l) \odot W_{l+1}^{\mathsf T}\, \delta_{l+1}
# \qquad\qquad \frac{\partial f}{\partial W_l} = \delta_l\, h_{l-1}^{\mathsf T}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# So the first layer's error is a product of all the layers behind it. The chain at the top is the same: its slope is
# $3\,x_1^2 x_2^3\,(x_1^3 x_2^3 - 1)$, a product of the *other* five weights. With 0.3 for each, it is nearly nothing. That is
# why P hardly moves: the first question of the opening.

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** How large can $\sigma'$ be?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
z = torch.linspace(-6, 6, 241, dtype=torch.float64, requires_grad=True)
slopes = {}
for name, activation in (
    ("sigmoid", torch.sigmoid),
    ("tanh", torch.tanh),
    ("ReLU", torch.relu),
):
    (slope,) = torch.autograd.grad(activation(z).sum(), z)
    slopes[name] = z.detach(), slope
plotting.plot_curves(
    slopes,
    title="The slope of a sigmoid is 1/4 at most",
    xlabel="z",
    ylabel="derivative of the activation",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The bound, and what is typical
#
# $\sigma' = \sigma\,(1 - \sigma) \le \tfrac14$, and $W^{\mathsf T}$ stretches a vector by at most $\|W\|$, its largest singular value. So, for every picture:
#
# $$\boxed{\;\|\delta_l\| \;\le\; \tfrac14\, \|W_{l+1}\|\; \|\delta_{l+1}\|\;}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# That is the worst case. The typical case is worse still. torch draws the weights of a layer with $n$ inputs uniformly from $\pm 1/\sqrt n$: a variance of $v = \frac1{3n}$. Such a
# $W^{\mathsf T}$ turns $\delta$ into $n$ numbers of variance $v\,\|\delta\|^2$ each. So, in the mean square,
#
# $$\|W^{\mathsf T} \delta\|^2 \approx n\,v\,\|\delta\|^2 = \tfrac13\,\|\delta\|^2
# \qquad\Rightarrow\qquad \text{factor} \approx \tfrac14 \cdot \tfrac1{\sqrt3} = 0.144$$
#
# About a seventh a layer, whatever the width.

# %%
untrained = models.mlp_deep()
x, y = digits.x_train[:2000], digits.y_train[:2000]
norms = layers.gradients(untrained, x, y)
matrices = [layer.weight for layer in layers.layers_of(untrained)]
for back in range(4, 0, -1):  # what enters layers 2 to 6 has the same length: compare these
    largest = torch.linalg.matrix_norm(matrices[back + 1], 2) / 4
    print(
        f"layer {back + 2} to {back + 1}: factor {norms[back] / norms[back + 1]:.2f}", end=", "
    )
    print(f"at most {largest:.2f}, typical 0.144")
print("no gradient above its bound:", bool((norms <= layers.bounds(untrained, x)).all()))

# %% [markdown] slideshow={"slide_type": "notes"}
# ("At most" is for the error of a single picture. The step to layer 1 is another: what enters there is a picture, not 128 numbers near ½.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The second illness
#
# The last layer's gradient is large. Then let it learn alone, on top of five frozen layers! Why does it not?
#
# **Predict.** Two different pictures enter the network. How different is what arrives at layer 6?

# %% [markdown] slideshow={"slide_type": "notes"}
# In the explorer, the upper panel goes forward: how much the pictures differ on entering each layer (standard deviation over the pictures). The lower one goes
# back: the gradient, and its bound. Its words compare the ends: of the signal, and of the *error* (the gradient without what enters the layer). Press *play* to go
# layer by layer. Then move *depth*, and set *activation* to tanh. (The axes are the same for all depths, and have room for 17 layers.)

# %% slideshow={"slide_type": "subslide"}
explore_layers(digits, depths=(1, 3, 5, 8, 16))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
differ = layers.signals(untrained, x)
print("pictures differ, on entering layer 1 … 6:", " ".join(f"{d:.0e}" for d in differ))
with torch.no_grad():
    h5 = untrained[:-1](x)
print(f"mean of what enters layer 6: {h5.mean():.2f}")

# %% [markdown]
# 1. *As it stands.* Going forward, the differences shrink by the same factor: the slope and the weights are the same. At layer 6 all pictures look
#    alike: they differ by about 0.00001. The last layer cannot tell them apart, however well it learns. All that arrives is the *mean*: ½ everywhere, because a
#    sigmoid is never negative. Its large gradient is about that mean. It says which classes came last.

# %% [markdown] slideshow={"slide_type": "notes"}
# 2. *depth.* Each further layer costs the same factor, in both directions. At 16, the gradient of the first layer is some $10^{-14}$. (The signal stops at
#    $10^{-8}$: that is the rounding of 32-bit numbers.)
# 3. *activation* tanh: both lines still fall, but by far less. The slope is 1 now, near zero; it is the weights that are too small.

# %% [markdown] slideshow={"slide_type": "fragment"}
# The other positions are cures. We take them one by one, with the reason, and then set them here.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Cure 1: better first weights
#
# Ask that neither direction shrinks. Near $z = 0$ an activation of slope $a$ multiplies differences by $a$. A layer has $n_{in}$ inputs, $n_{out}$ outputs and
# weights of variance $v$. Above we followed the *length* of an error. Now take the variance of a single unit: each $z$ is a sum over $n_{in}$ inputs, each error one
# over $n_{out}$ outputs.
#
# $$\text{forward: } a^2\, n_{in}\, v = 1 \qquad\qquad \text{back: } a^2\, n_{out}\, v = 1$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# | | slope | asks for | |
# | --- | --- | --- | --- |
# | Xavier (Glorot and Bengio 2010) | $a = 1$, tanh | $v = 2 / (n_{in} + n_{out})$ | a compromise between the two |
# | He and others 2015 | ReLU: half of the units are off, so $a^2 = \tfrac12$ in the mean | $v = 2 / n_{in}$ | the factor 2 makes up for the half |
# | torch's default | | $v = 1 / (3\,n_{in})$ | shrinks, whatever follows |
# | sigmoid | $a = \tfrac14$ | $v = 16 / n$: a standard deviation of $4/\sqrt n$ | large: then it saturates |

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The norm of the *first* layer's gradient, for three activations, four kinds of weights, seven depths. Where is it healthy? Where does it vanish,
# where does it explode?

# %% slideshow={"slide_type": "skip"}
depths = (1, 2, 3, 5, 8, 16, 32)
kinds = {"torch's": "default", "Xavier": "xavier", "He": "he", "4/√n": 4.0}
maps = {}
for activation in ("sigmoid", "tanh", "relu"):
    maps[activation] = np.zeros((len(depths), len(kinds)))
    for i, j in np.ndindex(*maps[activation].shape):
        options = {"activation": activation, "init": list(kinds.values())[j]}
        model = models.mlp(784, *[128] * depths[i], 10, **options)
        maps[activation][i, j] = layers.gradients(model, x[:256], y[:256])[0]

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
plotting.plot_heat_maps(
    maps,
    rows=("hidden layers", depths),
    columns=("first weights", kinds),
    title="tanh and ReLU have weights for every depth; the sigmoid has none",
    low=1e-12,
    high=1e12,
)

# %% [markdown]
# The numbers are powers of ten, of the first layer's gradient. Pale is healthy, purple has vanished, orange explodes.

# %% [markdown] slideshow={"slide_type": "notes"}
# Down each column the powers change by nearly equal amounts for equal depths: a product again.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Only a column whose factor is near 1 survives 32 layers. Which one that is depends on the activation. For sigmoids, there is none.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### New weights, old sigmoids
#
# **Predict.** Xavier's weights, and C's network otherwise as it is. Does it learn? And with $4/\sqrt n$, which the table asks for?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
learn(models.mlp_deep(init="xavier"), "Sigmoids with Xavier's weights: still vanishing")
learn(models.mlp_deep(init=4.0), "Sigmoids with weights of 4/√n: the gradient gets through")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Xavier's weights were made for a slope of 1, and a sigmoid has ¼. Weights that are four times as large get it going. But $z$ is then seldom near 0.
# Many units sit where the sigmoid is flat: the slope is less than ¼, and some loss is left at each layer. It is better to change the activation.

# %% [markdown] slideshow={"slide_type": "notes"}
# Back to the [explorer](#The-second-illness). *First weights* of 2, 4 and 8 are $2/\sqrt n$, $4/\sqrt n$ and $8/\sqrt n$; torch's are $0.58/\sqrt n$. With sigmoids, Xavier's
# and He's are no help; with 4 the lines fall slowly, with 8 more slowly still. With tanh, Xavier's keep both nearly level, even at depth 16.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Cure 2: ReLU
#
# **Predict.** The slope of a ReLU is 1 where it is on. We change the sigmoids into ReLUs, and nothing else. Does it learn in these 320 steps?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
learn(models.mlp_deep(activation="relu"), "ReLU alone: level gradients, and small ones")
suited = models.mlp_deep(activation="relu", init="he")
learn(suited, "ReLU with He's weights: every layer gets its gradient")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ReLU alone is not enough. Half of the units are off, and torch's weights have a sixth of the variance that He's have: $\tfrac12 \cdot \tfrac13 = \tfrac16$ of the
# squared differences is left at each layer, and the same of the squared error on its way back. The gradient's line is level all the same, because a layer's gradient is
# its error *times what enters it*: the one is small in front, the other at the end. A level line can hide two illnesses. With He's weights, neither shrinks.

# %% [markdown] slideshow={"slide_type": "notes"}
# Back to the [explorer](#The-second-illness): with relu and torch's weights, its words tell both illnesses, though the gradient's line is nearly level. He's weights treat
# both, at any depth. With 8, relu explodes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Cure 3: batch normalisation
#
# Why hope that the right scale lasts? Batch normalisation *makes* it, at every step: each $z$ gets its mean $\mu$ over the batch subtracted, and is
# divided by its standard deviation $s$.
#
# $$\hat z = \gamma\, \frac{z - \mu}{\sqrt{s^2 + \varepsilon}} + \beta$$
#
# $\gamma$ and $\beta$ are weights, one of each a unit, and are learnt: they begin at 1 and 0. (Neither $\beta$ nor $\varepsilon = 10^{-5}$ is Adam's.) When the network is tested, running averages
# replace $\mu$ and $s$ (lecture 6).

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** We multiply all weights of a layer by 10. How does what comes out change? How does the gradient of these weights change?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
normed = models.mlp_deep(batch_norm=True).double()
before = layers.gradients(normed, x.double(), y)
scores = normed(x.double())
with torch.no_grad():
    layers.layers_of(normed)[2].weight.mul_(10)
after = layers.gradients(normed, x.double(), y)
changed = relative_error(normed(x.double()), scores)
print(f"scores changed by {changed:.0e}, because of ε")
print("gradients changed by the factors", " ".join(f"{f:.2f}" for f in after / before))

# %% [markdown]
# Multiply $W$ by $c$, and $z - \mu$ and $s$ are multiplied by $c$: $\hat z$ does not change (but for ε; the layer's bias is subtracted with $\mu$ anyway). And if $f(cW) = f(W)$, then the
# chain rule gives $c\,\nabla f(cW) = \nabla f(W)$: the gradient is divided by $c$. The scale of the weights does not matter any more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Both illnesses at once
#
# **Predict.** Sigmoids, torch's weights, and a batch normalisation before each sigmoid: how will the line of gradients look?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
learn(models.mlp_deep(batch_norm=True), "Sigmoids with batch normalisation: level gradients")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Going forward, $s$ *is* the difference between the pictures: dividing by it restores what the layer before has lost. Going back, the error
# is divided by the same small $s$, and that makes up for the small weights and slopes.

# %% [markdown] slideshow={"slide_type": "notes"}
# Back to the [explorer](#The-second-illness): with *batch norm*, sigmoids and torch's weights are level at any depth.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Cure 4: a way around
#
# A *residual* connection adds what enters a layer to what leaves it:
#
# $$h_l = h_{l-1} + \sigma(W_l h_{l-1} + b_l) \qquad\Rightarrow\qquad
# \frac{\partial h_l}{\partial h_{l-1}} = I + D_l W_l, \quad D_l = \operatorname{diag} \sigma'(z_l)$$
#
# Without the $I$, small matrices are multiplied. With it, matrices near the identity are. (It needs layers of the same width: the four between the hidden layers.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** $D W$ is as small as before. What happens to the gradient of the first layer? Is that enough to learn fast?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
title = "Residual: the gradient gets through; layer 6 has ten times more"
learn(models.mlp_deep(residual=True), title)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The gradient gets through, and the pictures do, too. It learns, but slowly: each layer adds about ½ to every unit, and never takes any away. The second illness,
# the mean, has got worse. The residual networks in use have a batch normalisation in each block (lecture 11).

# %% [markdown] slideshow={"slide_type": "notes"}
# Back to the [explorer](#The-second-illness), sigmoids with *residual* on: the signal is level from layer 2 on, at any depth, and the gradient within a factor of ten up to the last layer but one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Cure 5: a better optimizer
#
# If the gradient is right and merely small, we can divide by its size. That is what Adam does (lecture 5).

# %%
show_rule(rules.adam)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** All gradients are multiplied by $10^{-4}$. What happens to Adam's step? And by $10^{-9}$?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
w, g = torch.zeros(3, dtype=torch.float64), torch.tensor([3.0, -0.5, 0.02], dtype=torch.float64)
for scale in (1, 1e-4, 1e-9):
    step, _ = rules.adam(w, scale * g, rules.State(), 1, lr=0.001)
    print(f"gradient × {scale:g}: step", " ".join(f"{s:+.6f}" for s in step.tolist()))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Every weight moves by about lr, however small its gradient, until the gradient is as small as $\varepsilon = 10^{-8}$. Adam has, in effect, another learning rate for each
# layer.

# %% slideshow={"slide_type": "skip"}
moved, ratios = [], []


def adam_noted(parameters, lr):
    rule, kept = optimizers.Adam(parameters, lr=lr), []
    weights = [p for p in rule.param_groups[0]["params"] if p.ndim == 2]

    def note(*_):  # before each step: how far has each layer come since the one before?
        now = [weight.detach().clone() for weight in weights]
        if kept:
            steps = [
                (a - b).square().mean().sqrt() / lr for a, b in zip(now, kept, strict=True)
            ]
            moved.append(torch.stack(steps).cpu())
        kept[:] = now
        ratios.append(weights[-1].grad.norm() / weights[0].grad.norm())

    rule.register_step_pre_hook(note)
    return rule


# %% slideshow={"slide_type": "subslide"}
title = "Adam: the first gradients were small, and its steps are not"
learn(models.mlp_deep(), title, optimizer=adam_noted, lr=0.001)
rms = torch.stack(moved[:20])  # of a typical weight of each layer, in lr
print("20 steps, all layers, between lr/20 and lr:", bool(((rms > 0.05) & (rms < 1.01)).all()))
print(
    "gradients differ more than a thousandfold:", bool((torch.stack(ratios[:20]) > 1000).all())
)

# %% [markdown] slideshow={"slide_type": "notes"}
# The layers' gradients differ more than a thousandfold, and their steps do not: in the first 20, none is shorter than a twentieth of lr, none
# longer than lr. Look at the right panel: the first layer's gradient grows a hundredfold and more. The way for the gradient opens.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Q, at the top, was Adam: its first steps were of length lr, where P's were nearly nothing. That answers the second question of the opening.

# %% [markdown] slideshow={"slide_type": "fragment"}
# But the network itself is not cured. As long as a weight's mean gradient is small beside its noise, what Adam makes full-sized is mostly
# noise.

# %% [markdown] slideshow={"slide_type": "notes"}
# (This we argue; the picture does not show it.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The same as torch.optim, on the deep network
#
# *(For home.)* Twenty steps in float64: ours, and torch's.

# %%
ends = []
for make in (optimizers.Adam, torch.optim.Adam):
    model = models.mlp_deep().double()
    steps = make(model.parameters(), lr=0.001)
    for batch in torch.arange(640).split(32):
        steps.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x[batch].double()), y[batch])
        loss.backward()
        steps.step()
    ends.append(torch.nn.utils.parameters_to_vector(model.parameters()).detach())
print("same as torch.optim.Adam to 12 digits:", relative_error(*ends) < 1e-12)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Where ε bites
#
# *(For home.)* Each layer costs a factor of seven. How deep may the network be until the first layer's gradients are smaller than $10^{-8}$?

# %% slideshow={"slide_type": "skip"}
by_depth = range(1, 13)
sizes = []
for hidden in by_depth:
    model = models.mlp(784, *[128] * hidden, 10, activation="sigmoid")
    first = layers.gradients(model, x[:512], y[:512])[0]
    sizes.append((first / matrices[0].numel() ** 0.5).item())  # a typical single weight's

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {"first layer": (by_depth, sizes)},
    title="From seven hidden layers on, ε exceeds the first layer's gradient",
    xlabel="hidden layers",
    ylabel="gradient of one weight (rms)",
    log="y",
)
figure.axes[0].axhline(1e-8, color=plotting.RED, linestyle=":")
figure.axes[0].text(1, 1.4e-8, "Adam's ε")
figure


# %%
def deep_adam(eps):
    model = models.mlp(784, *[128] * 10, 10, activation="sigmoid")
    steps = optimizers.Adam(model.parameters(), lr=0.001, eps=eps)
    options = {"epochs": 25, "batch_size": 512, "progress": False, "norms": False}
    return fit(model, steps, pictures, **options).epochs.train_loss


for eps in (1e-8, 1e-12):
    out = deep_adam(eps).iloc[-1] < 2.25
    print(f"ten hidden layers, ε = {eps:g}: {'gets out' if out else 'stays at chance'}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A constant that is there to avoid a division by zero decides whether this network learns. It is no sharp edge: with seven and eight hidden layers and $10^{-8}$ it still
# gets out, later (try it).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Cure 6: patience
#
# A gradient that is small is not zero. On the chain, P is slow, and it gets there. So does the network, if we wait?
#
# **Predict.** C planned 300 epochs. Would it have got out? We ask smaller networks, with a faster clock: sigmoids with one, two and three hidden layers, on the
# digits, with lr 1. How much longer does each further layer take? And how much longer with lr 0.3, with 0.1?

# %% slideshow={"slide_type": "skip"}
clock, curves = {}, {}
tries = (1, 1.0, 12), (2, 1.0, 14), (3, 1.0, 60), (2, 0.3, 22), (2, 0.1, 61)
for hidden, lr, epochs in tries:
    model = models.mlp(784, *[128] * hidden, 10, activation="sigmoid")
    steps = optimizers.SGD(model.parameters(), lr=lr)
    run = fit(model, steps, digits, epochs=epochs, batch_size=512, progress=False, norms=False)
    losses = run.epochs.train_loss
    clock[hidden, lr] = int((losses > 2.2).sum()) + 1
    if lr == 1:
        curves[f"{hidden} hidden"] = losses.index, losses

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    curves,
    title="From two hidden layers on: a plateau, each several times as long",
    xlabel="epoch (8 steps)",
    ylabel="training loss",
    log="x",
)
figure.axes[0].set_xticks((1, 3, 10, 30), ("1", "3", "10", "30"))
figure

# %% slideshow={"slide_type": "subslide"}
for (hidden, lr), out in clock.items():
    print(f"{hidden} hidden, lr {lr:g}: out after epoch {out}")
print(f"edge of the last layer: lr {2 / (0.1 * (128 / 4 + 1)):.1f}")

# %%
print(f"P, with 400 steps: {descend(chain, 'sgd', lr=0.05, steps=400).outcome}")
for name in ("none, 300 epochs", "lr 1, 100 epochs"):
    runs = results[results.cure == name]
    out = runs[runs.train_loss < 2.2].groupby("seed").epochs.min()
    told = f"out after epoch {', '.join(f'{e:.0f}' for e in out)}" if len(out) else "never out"
    end = 100 * runs[runs.status != ""].accuracy  # it stands at a run's last epoch
    print(f"{name}: {told}; accuracy at the end {end.min():.0f} to {end.max():.0f} %")

# %% [markdown]
# The last two lines are C's network on all of Fashion-MNIST, with two and three seeds. It would not have got out in the 300 epochs that were planned. The loss says nothing until the
# moment when it falls: a plateau is not a minimum.

# %% [markdown] slideshow={"slide_type": "notes"}
# What would C's own lr have needed? A third of the lr takes two to three times the epochs: nearly three from 0.3 to 0.1, less from 1 to 0.3. For lr 1 is beyond the edge (lecture 1) of
# the last layer, which learns how frequent the classes are: $2/\lambda$ with $\lambda = 0.1\,(128 \cdot \tfrac14 + 1)$, curvature of the loss times squared length of what enters. Carried on from lr 1 to
# 0.01: thousands of epochs. (This is argued, not measured.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All switches at once
#
# Five switches, 48 combinations, each trained for ten epochs on *all* of Fashion-MNIST (one seed; recorded, so it is the same on every machine). Grey is C's network. (tanh, weights of
# $4/\sqrt n$ and momentum have no switch; they are in the table of the next section.)
#
# **Predict.** Which switches get the network out, each alone? With Adam, which combination fails? Is the one with everything on the best? Move the epoch slider, too: how do
# the gradients change while it learns?

# %% slideshow={"slide_type": "subslide"}
switched = vanishing.switched()
explore_switches(switched, vanishing.SWITCHES)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
last = switched[switched.epoch == switched.epoch.max()].set_index(list(vanishing.SWITCHES))
accuracy = 100 * last.test_accuracy
none = ["sigmoid", "torch's", "off", "off", "SGD"]
moves = [{}, {0: "ReLU"}, {1: "Xavier"}, {1: "He"}, {2: "on"}, {3: "on"}, {4: "Adam"}]
moves += [{0: "ReLU", 1: "Xavier"}, {0: "ReLU", 1: "He"}]
for moved in moves:
    place = tuple(moved.get(i, position) for i, position in enumerate(none))
    print(f"{', '.join(place):36} {accuracy[place]:.0f} %")

# %% slideshow={"slide_type": "notes"}
everything = accuracy["ReLU", "He", "on", "on", "Adam"]
print(
    f"best: {', '.join(accuracy.idxmax())}: {accuracy.max():.1f} %; all on: {everything:.1f} %"
)
stay = accuracy[accuracy < 15].index
print("at chance:", "; ".join(", ".join(place) for place in stay))
print(f"worst with Adam: {accuracy.xs('Adam', level='optimizer').min():.0f} %")

# %% [markdown] slideshow={"slide_type": "fragment"}
# 1. Alone: batch norm and Adam get it out; the residual connections do, halfway. ReLU hardly does in ten epochs. The first weights do not.
# 2. Two that do little alone do much together: ReLU with He's weights, and nearly as well with Xavier's. What counts is that activation and weights fit.
# 3. With Adam, none of the 24 combinations fails.
# 4. Everything on is good, and not the best. Near the top, one or two points are luck: it is one run each.
# 5. Three combinations are still at chance: sigmoids, nothing around or between them, and gradient descent. C's network is one of them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## After each cure
#
# Each cure with five seeds (fewer for the long ones), on all of Fashion-MNIST, for ten epochs unless it says otherwise: training loss, then test accuracy in percent.

# %%
told = vanishing.table(results)
print(told.round({"train_loss": 4, "mean": 1, "std": 1, "min": 1, "max": 1}).to_string())

# %% slideshow={"slide_type": "subslide"}
figure = plotting.Figure(
    size=(9, 5.5),
    alt="Test accuracy, every seed a dot: with no cure, Xavier, He or momentum alone at chance; best with all cures together, near 87 %.",
)
ax = figure.add_subplot(title="At chance, on the way out, or cured: every seed is a dot")
ends = results[results.status != ""]  # the last epoch of each run
for row, name in enumerate(reversed(told.index)):
    points = 100 * ends[ends.cure == name].accuracy
    ax.plot(points, [row] * len(points), "o", color=plotting.BLUE, alpha=0.6)
ax.axvline(10, color=plotting.BLACK, linestyle=":")
ax.set_yticks(range(len(told)), reversed(told.index))
ax.set(xlabel="test accuracy, %", xlim=(0, 100))
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# - *None, Xavier, momentum:* at chance, with every seed. Momentum 0.9 is worth ten times the lr (lecture 3), and the plateau is far longer than that.
# - *He:* only just leaving. The loss is a little below the others', and one or two seeds a little above 10 %.
# - *ReLU:* on its way out, at a time that the seed decides. So is *residual*.
# - *Weights $4/\sqrt n$:* out, slowly.
# - *ReLU + He, tanh + Xavier, batch norm, Adam:* cured. Their means lie within about two points of each other, and each has a learning rate that nobody tuned: this is no
#   ranking (lecture 10).
# - *All of them:* best in this table. It is also the only one with both a cure for the network and Adam.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## When it explodes
#
# A product of factors above 1 is no better. Back to the chain: behind the valley there is a cliff. There, the same product of five weights is huge.
#
# **Predict.** Three rules on the plateau. Who gets out first? Who goes over the cliff, and at which lr?

# %% slideshow={"slide_type": "subslide"}
race(chain, ["sgd", "momentum", "adam"], lr=(0.01, 0.05, 0.3), steps=120)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# 1. As they are set, Adam is out at once and momentum later; P's rule, sgd, hardly leaves.
# 2. Raise sgd's lr: it gets out within these 120 steps near 0.1. But there, $2/\lambda_{\max} = 2/18 = 0.11$ is also the edge at (1, 1), where it arrives (lecture 1): beyond it, it never settles. At 0.3 it is
#    over the cliff. The plateau wants a large lr, the valley behind it a small one.
# 3. Momentum arrives in the valley with speed. Beyond about 0.065 its speed carries it onto the cliff, and one gradient from there throws it out of the world.
# 4. Adam's step is about lr wherever it is. Even with 0.3 it stays in the picture.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the third question of the opening: where is the most dangerous start?

# %% slideshow={"slide_type": "fragment"}
for start in ((1.35, 1.35), (0.0, 1.0), (0.0, 0.0)):
    told = {
        name: descend(chain, rule, start=start, lr=0.05, steps=200).outcome
        for name, rule in (("P", "sgd"), ("Q", "adam"))
    }
    print(start, told)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the cliff, P is thrown out, and Q comes back. But the worst starts look harmless: where $x_1$ or $x_2$ is exactly 0. There the gradient is *exactly* 0. It cannot
# be divided by its size, and no patience helps: P and Q stay for ever. (See [All weights alike](#All-weights-alike).)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Clipping
#
# A common cure of explosion: if the gradient is longer than some length, shorten it to that. Its direction stays. P, on the cliff:


# %% tags=["code"]
def clipped(x, g, s, t, lr, longest=1.0):
    length = g.norm(dim=-1, keepdim=True)
    return x - lr * g * (longest / length).clamp(max=1), s


for rule in ("sgd", clipped):
    path = descend(chain, rule, start=(1.35, 1.35), lr=0.05, steps=100)
    print(f"{getattr(rule, '__name__', rule)}: {path.outcome}")

# %% [markdown]
# torch has it as a function, to be called between `backward` and `step`. The same numbers:

# %%
p = torch.nn.Parameter(torch.tensor([1.35, 1.35], dtype=torch.float64))
chain(p).backward()
torch.nn.utils.clip_grad_norm_([p], 1.0)
ours = descend(chain, clipped, start=(1.35, 1.35), lr=0.05, steps=1).x[1]
print("same first step:", torch.allclose(p.detach() - 0.05 * p.grad, ours, rtol=0, atol=1e-6))

# %% [markdown] slideshow={"slide_type": "subslide"}
# And a network that explodes: ReLU with weights of $8/\sqrt n$, as in the explorer, for ten epochs.


# %% slideshow={"slide_type": "fragment"}
def clipping(parameters, lr):
    rule, weights = optimizers.SGD(parameters, lr=lr), list(parameters)

    def clip(*_):  # before each step
        torch.nn.utils.clip_grad_norm_(weights, 100.0)

    rule.register_step_pre_hook(clip)
    return rule


for name, make in (("plain", optimizers.SGD), ("clipped", clipping)):
    model = models.mlp_deep(activation="relu", init=8.0)
    rule = make(list(model.parameters()), lr=0.01)
    settings = {"epochs": 10, "batch_size": 512, "progress": False, "norms": False}
    run = fit(model, rule, pictures, **settings)
    print(f"{name}: {run.status}; above 30 %: {bool((run.epochs.test_accuracy > 0.3).any())}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Clipping keeps the training alive. It does not cure the network: its scores are far too large, and a mistake costs hundreds of times $\ln 10$ at first. Suitable weights would.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# *(For home.)*
#
# ### Taking a plateau for the end
#
# C prints a loss that does not fall, and stops there. A flat loss has two very different causes, and the loss alone does not tell which: a minimum, or a
# network that hears nothing. Compare the loss with $\ln K$. Then ask for the gradients, and for the signal.

# %% slideshow={"slide_type": "fragment"}
some = pictures.x_train[:512]
differ = layers.signals(stuck, some)
with torch.no_grad():
    loss = torch.nn.functional.cross_entropy(stuck(some), pictures.y_train[:512])
print("loss within 0.01 of ln 10:", abs(loss.item() - np.log(10)) < 0.01)
print("pictures differ at the last layer by less than 1e-4 of a unit:", bool(differ[-1] < 1e-4))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### All weights alike
#
# If small weights vanish and large ones explode, why random ones at all? Start each layer with the same number everywhere.
#
# **Predict.** ReLU, every weight $1/n$: the signal keeps its size. Does it learn?

# %% slideshow={"slide_type": "skip"}
alike = models.mlp_deep(activation="relu")
with torch.no_grad():
    for layer in layers.layers_of(alike):
        layer.weight.fill_(1 / layer.in_features)
        layer.bias.zero_()
steps = optimizers.SGD(alike.parameters(), lr=0.1)
run = fit(alike, steps, pictures, epochs=10, batch_size=512, progress=False, norms=False)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
for layer in layers.layers_of(alike.cpu()):
    weights = layer.weight.detach()
    furthest = (weights - weights[0]).abs().max() / weights.abs().max()
    print(f"{len(weights)} units, all alike: {bool(furthest < 1e-4)}")
loss, accuracy = run.epochs[["train_loss", "test_accuracy"]].iloc[-1]
print("it learns:", bool(loss < 2.25), "and more than half of the pictures:", accuracy > 0.5)

# %% [markdown] slideshow={"slide_type": "fragment"}
# All units of a layer get the same gradient, and stay equal for ever: each layer is one unit, 128 times. It learns a little, as much as one unit a layer can. Random weights are
# there to make units *different*; their variance is what the cures set. (With ReLU and 0 everywhere, the gradient of every weight is exactly 0, as at the origin of the chain.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The recipe without its condition
#
# "Use Xavier", "use He", "use momentum": each is good advice for some network, and none gets C's out in ten epochs (see the table above). A recipe comes
# with a condition: Xavier's wants a slope near 1, He's was made for ReLU. The words of the [explorer](#The-second-illness) tell whether it holds.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# *(For home.)* In weights, in memory, in time.

# %%
plain = sum(p.numel() for p in models.mlp_deep().parameters())
normed = sum(p.numel() for p in models.mlp_deep(batch_norm=True).parameters())
print(f"parameters: {plain:,}; with batch normalisation {normed - plain:,} more")
model = models.mlp_deep()
adam = optimizers.Adam(model.parameters())
fit(model, adam, digits, epochs=1, batch_size=512, progress=False)
print(f"Adam keeps {optimizers.kept_per_weight(adam):g} numbers per weight")

# %% tags=["nbval-ignore-output"]
for name, options in (
    ("plain", {}),
    ("batch norm", {"batch_norm": True}),
    ("residual", {"residual": True}),
):
    model = models.mlp_deep(**options)
    steps = optimizers.SGD(model.parameters(), lr=0.01)
    run = fit(model, steps, digits, epochs=3, batch_size=512, progress=False, norms=False)
    print(
        f"{name}: {1000 * run.steps.seconds.diff().median():.1f} ms a step on this machine, now"
    )

# %% [markdown]
# Better first weights and ReLU cost nothing at all: try these first.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | loss stays at $\ln K$ | as good as scores that have nothing to do with the pictures: look at signal and gradients |
# | why the gradient vanishes | $\delta_l = \sigma'(z_l) \odot W_{l+1}^{\mathsf T} \delta_{l+1}$: a product, one factor for each layer |
# | the factor of a sigmoid | at most $\tfrac14 \|W\|$; with torch's weights typically $\tfrac14 \cdot \tfrac1{\sqrt3}$, a seventh |
# | the second illness | forward, the differences between pictures shrink by the same factor |
# | Xavier, He | $v = 2/(n_{in} + n_{out})$ for slope 1, $v = 2/n_{in}$ for ReLU |
# | batch normalisation | restores the scale at each layer; the scale of the weights does not matter any more |
# | residual connections | $I + D W$ instead of $D W$ |
# | Adam | the same step at any scale, down to ε |
# | patience | a plateau ends; each layer makes it several times as long |
# | explosion | the same product with factors above 1: suitable weights, or a gradient that is shortened |

# %% [markdown] slideshow={"slide_type": "notes"}
# **Next.** The rules race on surfaces, plateaus and cliffs among them (lecture 9).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/08_why_a_deep_network_does_not_learn.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** A network of tanh layers has weights of variance $v = 1/(3n)$. By which factor does the *error* shrink at each layer? After how many layers is it a thousand times smaller? Check with
# `layers.errors(model, x, y)`, where `model = models.mlp(784, *[128] * 12, 10, activation="tanh")`. Then `layers.gradients(model, x, y)`: why do they fall far less?
#
# <details><summary>Answer</summary>The slope is about 1, so √(1/3) ≈ 0.58 a layer: a thousand times smaller after ln 1000 / ln √3 ≈ 12.6 layers. The gradient of the weights is the error times what enters the
# layer, and what enters the front layers is larger, by nearly as much: the ends differ by a factor between ten and twenty.</details>
#
# **2.** Residual *ReLU* layers, 16 of them, with torch's weights, Xavier's and He's: by which factor does the signal grow at each layer, and why? Try `explore_layers(digits)`, or
# `layers.signals(models.mlp(784, *[128] * 16, 10, activation="relu", residual=True, init="he"), x)`.
#
# <details><summary>Answer</summary>He's keep the squared signal through the layer, Xavier's leave a half of it, torch's a sixth. That is added to what came in: at least √2 ≈ 1.4, √1.5 ≈ 1.2 and √(7/6) ≈ 1.1 a
# layer. (More in truth, about 1.6, 1.4 and 1.1, as what is added is not independent of what came in.) To the power of the depth: He's and Xavier's explode. That is why residual networks have a
# normalisation, or begin their blocks at zero.</details>
#
# **3.** Get C's network to learn within the 320 steps by changing *lr alone* (sigmoid, torch's weights, plain gradient descent): `learn(models.mlp_deep(), "…", lr=…)`. What do you find?
#
# <details><summary>What to look for</summary>At 1, 3 and 10 it stays on the plateau for more than 320 steps. From about 0.6 on, the last layer is beyond its edge (Cure 6), and pushes the units of layer 5 towards 0; at 30
# they are off, the loss is above ln 10, and the last layer's biases jump. One lr for all layers is the trouble, and what Adam changes.</details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - S. Hochreiter, [Untersuchungen zu dynamischen neuronalen Netzen](https://people.idsia.ch/~juergen/SeppHochreiter1991ThesisAdvisorSchmidhuber.pdf), diploma thesis,
#   TU München 1991: gradients vanish, found and explained.
# - X. Glorot, Y. Bengio, [Understanding the difficulty of training deep feedforward neural networks](https://proceedings.mlr.press/v9/glorot10a.html), AISTATS 2010: the two
#   conditions, and what sigmoids do to the layers above them.
# - K. He, X. Zhang, S. Ren, J. Sun, [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), ICCV 2015: the factor 2.
# - S. Ioffe, C. Szegedy, [Batch Normalization](https://arxiv.org/abs/1502.03167), ICML 2015.
# - K. He, X. Zhang, S. Ren, J. Sun, [Deep Residual Learning for Image Recognition](https://arxiv.org/abs/1512.03385), CVPR 2016.
# - R. Pascanu, T. Mikolov, Y. Bengio, [On the difficulty of training recurrent neural networks](https://arxiv.org/abs/1211.5063), ICML 2013: explosion, cliffs, and
#   clipping.
# - D. P. Kingma, J. Ba, [Adam](https://arxiv.org/abs/1412.6980), ICLR 2015.
# - H. Xiao, K. Rasul, R. Vollgraf, [Fashion-MNIST](https://arxiv.org/abs/1708.07747), 2017: the pictures.
