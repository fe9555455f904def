# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 11 · CIFAR-10 with ResNet-18
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/11_cifar10_with_resnet18.ipynb)
#
# Photographs instead of digits, a residual network instead of two layers, and twelve optimizers. This lecture is
# about a published benchmark: what it takes to run it, to mend it, and to believe it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *How to read it.* Run all cells (menu **Run → Run All Cells**), then go through them from the top. Where it says
# **Predict**, stop and commit to an answer. In JupyterLab, most answers are folded: click on **cells hidden** to see
# them.
#
# *For lecturers.* Without what is marked *(For home)*, about 45 minutes aloud: the race, the pictures, the network,
# the benchmark, tuned; averages; the mistakes *The model that never trains again*, *Training accuracies under the
# name of test accuracies* and *One run each*; the last page.

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
import tempfile
from dataclasses import replace
from pathlib import Path

from course_utils import benchmark, cifar10, comparing, data, models, optimizers, plotting
from course_utils.augment import random_crop, random_flip
from course_utils.progress import progress_bar
from course_utils.show import show_rule
from course_utils.training import evaluate, fit, fresh_statistics, take_statistics
from course_utils.widgets import explore, replay

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

torch.set_num_threads(1)  # for networks as small as these, more threads are no faster

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who wins, on a real network?
#
# Lecture 10 began with a race in a bowl. Whoever set the learning rates decided who won. On a surface of two
# variables, everyone could see that.
#
# Here is the same race on a residual network and on photographs. Nothing is computed while you drag. Each optimizer
# was trained at five learning rates, and all of that was recorded.

# %% [markdown] slideshow={"slide_type": "notes"}
# (One *step* of the lowest slider is an epoch: once
# through all pictures.)

# %% [markdown]
# **Predict.** As they are set, each stands as near to its default as was tried. Can you make each of the others win?
# Can you make the winner come last?

# %% slideshow={"slide_type": "subslide"}
results = cifar10.results()
group = ["SGD", "Nesterov", "Adadelta", "Adagrad", "ASGD", "Muon"]
relatives = ["AdamW", "Adam", "Lion", "AdaMax", "NAdam", "RAdam"]
# In all figures of this lecture, each optimizer has its own colour.
looks = dict(zip(group + relatives, 2 * plotting.STYLES, strict=True))
shown = ["SGD", "Adam", "Adagrad", "Lion", "ASGD"]
replay(results, {name: looks[name] for name in shown})

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "skip"}
trials = benchmark.ends(results[results.stage == "lr"])
by_lr = {  # the accuracies of each, from the smallest learning rate to the largest
    name: 100 * rows.sort_values("lr").accuracy.to_numpy()
    for name, rows in trials.groupby("optimizer")
}


def who(choices):
    """Who can be first and who can be last, if each takes one of its choices."""
    high = {name: max(c) for name, c in choices.items()}
    low = {name: min(c) for name, c in choices.items()}
    first = [n for n in choices if high[n] > max(low[m] for m in choices if m != n)]
    return first, [n for n in choices if low[n] < min(high[m] for m in choices if m != n)]


# %% slideshow={"slide_type": "subslide"}
first, last = who(by_lr)
print(f"five learning rates each: {len(first)} of {len(by_lr)} can win, {len(last)} come last")
notch = {name: a[max(0, a.argmax() - 1) : a.argmax() + 2] for name, a in by_lr.items()}
first, last = who(notch)
print("each at most one notch from its best:")
print("  these can win:", ", ".join(first))
print("  these can come last:", ", ".join(last))

# %% [markdown]
# So it is as it was in the bowl: anyone can win, anyone can come last. But that is cheap. One has its best learning
# rate, and all eleven others their worst of two decades. Look closer: let each be at most *one notch* from its own
# best (half a decade). Then three can win. And still six can come last.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Which one would you take?
#
# Somebody has to choose an optimizer for *your* network: you. **Which one would you take, and how would you know?**
# We come back to that on the last page.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The pictures
#
# CIFAR-10 has 60,000 colour photographs of 32 × 32 pixels, 6,000 of each of ten things: airplane, automobile, bird,
# cat, deer, dog, frog, horse, ship, truck. 50,000 are for training; the other 10,000, a thousand of each, for
# testing. Since 2009 people have tried their networks on it: it is small enough for one evening, and hard enough to
# be of interest.

# %% [markdown] slideshow={"slide_type": "notes"}
# It is too large to come with this course. `data.load("cifar10")` finds it in the folder `COURSE_DATA`, or downloads
# it. (If it is not here, look at [ten of each](https://www.cs.toronto.edu/~kriz/cifar.html) on its own page.)

# %% slideshow={"slide_type": "skip"} tags=["nbval-ignore-output"]
if data.present("cifar10"):
    photos = data.load("cifar10", fraction=0.01)
    six = [(photos.y_train == i).nonzero()[0].item() for i in (0, 2, 3, 6, 8, 9)]
    names = [photos.classes[photos.y_train[i]] for i in six]
    figure = plotting.plot_pictures(
        photos.x_train[six], names, title="Photographs of 32 × 32 pixels"
    )
else:
    figure = "CIFAR-10 is not here: no picture."
figure

# %% [markdown] slideshow={"slide_type": "subslide"}
# What was *recorded* for this lecture was recorded on these photographs. What runs *live* below runs on a thousand
# digits, whether CIFAR-10 is here or not. So it takes a minute.

# %%
few = data.load("mnist-5k", fraction=0.25)
few = replace(few, x_test=few.x_test[:500], y_test=few.y_test[:500])
x_few, y_few = few.x_train, few.y_train
print(few)
labels = [few.classes[i] for i in y_few[:8]]
plotting.plot_pictures(x_few[:8], labels, title="Digits stand in for photographs")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More pictures than there are
#
# A cat that is moved by three pixels is a cat. So is a cat in a mirror. *Augmentation* changes each picture at
# random, each time that it is seen, in ways that do not change what it is. The network never sees quite the same
# picture twice, and cannot learn the pictures by heart.
#
# The benchmark that we rebuild does two things: it moves each picture by up to 4 pixels, and it mirrors half of them,
# left to right.

# %%
torch.manual_seed(0)
same = x_few[3:4].expand(8, -1, -1, -1)
plotting.plot_pictures(
    random_crop(same), [few.classes[y_few[3]]] * 8, title="One picture, moved eight times"
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** We train on plain digits and test on mirrored ones. Which digits will still be read, which never? And
# if digits are mirrored at random *in training*: will the accuracy on plain digits rise or fall?

# %% slideshow={"slide_type": "skip"}
digits, nets = data.load("mnist-5k"), {}
for name, augmentation in {"plain": None, "mirrored at random": random_flip}.items():
    nets[name] = models.mlp_small()
    optimizer = optimizers.SGD(nets[name].parameters(), lr=0.3)
    settings = {"epochs": 10, "norms": False, "progress": False, "augment": augmentation}
    fit(nets[name], optimizer, digits, **settings)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
mirrored, y = digits.x_test.flip(-1), digits.y_test
read = nets["plain"](mirrored).argmax(1)
usual = [read[y == d].mode().values.item() for d in range(10)]  # what each is mostly read as
chosen = [((y == d) & (read == usual[d])).nonzero()[0].item() for d in range(10)]
told = [
    f"{d} as {usual[d]}\n{(read[y == d] == usual[d]).float().mean():.0%}" for d in range(10)
]
plotting.plot_pictures(mirrored[chosen], told, title="Mirrored digits, as they are mostly read")

# %% tags=["nbval-ignore-output"]
share = [(read == y)[y == d].float().mean().item() for d in range(10)]
print("the part that is read right:", *(f"{d}: {s:.2f} " for d, s in enumerate(share)))

# %%
print("read best in the mirror:", int(np.argmax(share)))
print("read less than one time in ten:", [d for d in range(10) if share[d] < 0.1])
print("0 and 1 are read less than half the time:", max(share[:2]) < 0.5)
plain = {name: evaluate(net, digits.x_test, y)[1] for name, net in nets.items()}
fall = 100 * (plain["plain"] - plain["mirrored at random"])
print("on plain digits, learned from mirrored ones, too: worse by 2 points or more:", fall > 2)

# %% [markdown] slideshow={"slide_type": "subslide"}
# An 8 is an 8 in the mirror. But why not a 0 or a 1? Handwriting slants, and in the mirror it slants the other way. A
# mirrored 3 is no digit at all, and a mirrored 5 is more of a 2. The network has to make room for shapes that nobody
# writes, and pays for it.

# %% [markdown] slideshow={"slide_type": "fragment"}
# For cats and ships, the same line of code is right, and customary. **An augmentation says what does not matter.**
# Only you can know that; no optimizer will find out.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The network
#
# Lecture 8 added what enters a layer to what leaves it. A *residual* network (He and others, 2016) does that with
# *blocks* of layers:
#
# $$\text{block}(x) = \mathrm{relu}\big(x + f(x)\big)$$
#
# (Here alone, $x$ is a picture on its way through the network, not the weights.) $f$ is two convolutions of 3 × 3,
# each followed by *batch normalisation*.

# %% [markdown] slideshow={"slide_type": "subslide"}
# A block that has nothing to say sets the scale of its last normalisation to
# nearly 0, and the picture goes through. So does the gradient, on its way back: lecture 8 shows what that is worth.
# Here is the block, as the package has it:

# %%
print(inspect.getsource(models.Residual.forward))
print("f:", [type(layer).__name__ for layer in models.Residual(16, 16, 1).f])

# %% [markdown] slideshow={"slide_type": "subslide"}
# The smallest such network has three blocks: with the first convolution and the last layer that makes eight layers,
# `resnet8`. We can train it without a GPU. Follow one picture of 32 × 32 in three colours through it:

# %%
small = models.resnet8()
x = torch.rand(1, 3, 32, 32)
for layer in small:
    x = layer(x)
    weights = sum(p.numel() for p in layer.parameters())
    print(f"{type(layer).__name__:17} {'x'.join(map(str, x.shape[1:])):9} {weights:6,} weights")
print(f"{sum(p.numel() for p in small.parameters()):,} in all")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A network for larger pictures
#
# ResNet-18 is the standard one: eight blocks, eighteen layers. It is no network for CIFAR-10. It was made for
# ImageNet's photographs of 224 × 224, and its first two layers shrink these to a quarter of their width.
#
# **Predict.** The published benchmark gives it pictures of 32 × 32. How large is what arrives at the last blocks? How
# many of the eleven million weights never learn anything?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
from torch.utils.flop_counter import FlopCounterMode

for small_images in (False, True):
    model = models.resnet18(small_images=small_images).eval()
    x, net, sizes = torch.rand(1, 3, 32, 32), model[1], [32]
    with FlopCounterMode(display=False) as work, torch.no_grad():
        for name in ("conv1", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            x = getattr(net, name)(x)
            sizes.append(x.shape[-1])
    print(f"small_images={small_images}: {' → '.join(map(str, sizes))} pixels wide,")
    n = sum(p.numel() for p in model.parameters())
    print(f"  {n:,} weights, {work.get_total_flops() / 1e6:,.0f} million operations a picture")
print(f"E's last two layers: {513 * 1000 + 1001 * 10 - 513 * 10:,} weights more")

# %% [markdown]
# One pixel. A convolution of 3 × 3 around one pixel has eight weights that see padding and nothing else. They do
# nothing, and have no gradient. (The one that makes one pixel out of four has five.) Let us count them, in every
# filter:

# %% slideshow={"slide_type": "subslide"}
for small_images, pictures in ((False, 64), (True, 4)):
    model = models.resnet18(small_images=small_images)
    labels = torch.arange(pictures) % 10
    F.cross_entropy(model(torch.rand(pictures, 3, 32, 32)), labels).backward()
    filters = [p for p in model.parameters() if p.shape[2:] == (3, 3)]
    unseen = [(p.grad == 0).flatten(0, 1).all(0).sum().item() for p in filters]  # of the nine
    idle = sum(p.numel() // 9 * u for p, u in zip(filters, unseen, strict=True))
    n = sum(p.numel() for p in model.parameters())
    print(f"small_images={small_images}: in the last four, {unseen[-4:]} of nine are idle,")
    print(f"  in all {idle:,} weights, {idle / n:.0%}")

# %% [markdown]
# More than half of the network is idle. `small_images=True` changes the first two layers: a convolution of 3 × 3 that
# keeps the size, and no pooling. Nearly as many weights, all at work, for about fifteen times the operations.
# Networks with good results on CIFAR-10 do something like it. The published benchmark does not.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Why the network normalises
#
# *(For home.)* Pictures go into our networks with values from 0 to 1. The first layer, `Normalise`, takes off a mean
# and divides by a standard deviation, of each channel. It is a part of the network for two reasons. Augmentation sees
# plain pictures, whose black is 0. And weights that were trained elsewhere bring the numbers that they were trained
# with.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which standard deviation? For CIFAR-10, many programs have 0.2023, 0.1994, 0.2010. Ours are 0.2470, 0.2435, 0.2616.
# Both come from the same pictures. One is the deviation of all pixels. The other is taken in each picture by itself,
# and then averaged over the pictures.
#
# **Predict.** Which is which? Can it be the other way round for other pictures? And what does it do to our network if
# the wrong one is used?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
pixels = digits.x_train.flatten(1).double()
of_all, of_each = pixels.std(correction=0), pixels.std(dim=1, correction=0)
between = pixels.mean(dim=1).var(correction=0)
print(f"digits: {of_all:.4f} over all pixels, {of_each.mean():.4f} on average over pictures")
parts = of_each.square().mean() + between
print("variance of all = mean variance within + variance between pictures:", end=" ")
print(torch.isclose(of_all.square(), parts).item())

# %% [markdown]
# The variance of all pixels is that *within* pictures, on average, plus that *between* the means of pictures (dark
# ones, bright ones). So the mean deviation within is always the smaller of the two: it knows nothing of dark and
# bright pictures.

# %% [markdown] slideshow={"slide_type": "notes"}
# (Taking the root before the mean makes it smaller still.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Does it matter? The first convolution has no bias and is followed by batch normalisation, which divides any scale
# away:

# %%
torch.manual_seed(0)
net, x = models.resnet8().double(), torch.rand(16, 3, 32, 32, dtype=torch.float64)
right = net(x)
copied = torch.tensor([0.2023, 0.1994, 0.2010])[:, None, None]
stds = {"all three a fifth too small": 0.8 * net[0].std, "the copied numbers": copied}
for name, std in stds.items():
    net[0].std = std
    change = (net(x) - right).norm() / right.norm()
    print(f"{name}: scores change by {change:.1%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A wrong scale of all channels alike changes nothing. What is left is that the copied numbers weigh the three colours
# a little differently. The mistake has lived for years because nobody was ever hurt by it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Weights that were trained elsewhere
#
# *(For home.)* The published benchmark begins with weights that were trained on ImageNet, and puts one more layer
# behind their thousand outputs, 1000 → 10.

# %% [markdown] slideshow={"slide_type": "notes"}
# `models.resnet18(pretrained=True)` takes them, 45 MB, but for the last
# layer, which becomes one of ten outputs (and for the first, with `small_images`). It looks in your data folder, then
# where torch keeps its downloads, then it asks the network.

# %% [markdown]
# And where there is none? We cut the network off, to see:

# %%
import io
import os
from contextlib import redirect_stdout
from unittest.mock import patch
from urllib.error import URLError

with tempfile.TemporaryDirectory() as empty:
    cut = patch("torch.hub.urlopen", side_effect=URLError("there is no network"))
    try:
        with cut, patch.dict(os.environ, TORCH_HOME=empty), redirect_stdout(io.StringIO()):
            models.resnet18(pretrained=True, root=empty)
    except OSError as error:
        print(str(error).replace(str(Path(empty)), "YOUR FOLDER"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# One sentence, at once, before anything is trained. There was no network where this course was made, so **all that
# you see below begins with random weights**. With pretrained ones, all optimizers would begin nearer to the end, and
# want other learning rates. That is another comparison.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## Twelve optimizers
#
# The benchmark is the second half of a teaching notebook. We call it E. (Its first half is about test functions:
# lecture 9.) It takes seven optimizers from torch: SGD with momentum, Adam, Adadelta, Adagrad, AdamW, AdaMax and
# ASGD. Batches of 32 pictures, mirrored and moved, 5 epochs ("50 is better"), a line a epoch, four plots. It prints
# no results: it was published unrun.
#
# We add Nesterov, NAdam, RAdam, Lion (lecture 7), and Muon.

# %%
for name, (_, lr, (lowest, highest)) in cifar10.DEFAULTS.items():
    whose = "E" if name in cifar10.OF_E else "we"
    print(f"{whose}: {name:9} lr {lr:<7g} tuned later: {lowest:g} to {highest:g}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Muon for filters
#
# *(For home.)* Muon moves *matrices* (lecture 7). Here are its card and the lines that run.

# %% tags=["formulas"]
show_rule("muon")

# %% [markdown] slideshow={"slide_type": "subslide"}
# A convolution's weights are no matrix: they are filters, (filters, channels, height, width). Muon takes each filter
# as one row. Everything that is not a filter goes to AdamW:

# %%
print(inspect.getsource(cifar10.muon_and_adamw))
shapes = [tuple(p.shape) for p in small.parameters() if p.ndim == 4]
moved = sum(p.numel() for p in small.parameters() if p.ndim == 4)
print(f"{shapes[3]} becomes {small[5].f[0].weight.flatten(1).shape[0]} rows", end=" ")
print(f"of {small[5].f[0].weight[0].numel()} numbers;", end=" ")
print(f"{moved / sum(p.numel() for p in small.parameters()):.0%} of the weights are filters")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The same as torch.optim, on this network
#
# *(For home.)* E takes torch's optimizers, we take our own. Does that matter? Both train `resnet8` for five steps, in
# double precision, from the same weights, on the same pictures.

# %% slideshow={"slide_type": "skip"}
x64, y64 = few.x_train[:16].double(), few.y_train[:16]


def moved_by(make, **hyper):
    model = models.resnet8(channels=1, width=8).double()
    start = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    optimizer = make(model.parameters(), **hyper)
    for _ in range(5):
        optimizer.zero_grad()
        F.cross_entropy(model(x64), y64).backward()
        optimizer.step()
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach() - start


# %%
for name in cifar10.OF_E:
    make, lr, _ = cifar10.DEFAULTS[name]
    theirs = getattr(torch.optim, {"AdaMax": "Adamax"}.get(name, name))
    theirs = moved_by(theirs, **({"lr": lr, "momentum": 0.9} if name == "SGD" else {}))
    error = (moved_by(make, lr=lr) - theirs).norm() / theirs.norm()
    print(f"{name:9} as torch's to 12 digits: {error < 1e-12}, to 6: {error < 1e-6}")

# %% [markdown]
# (torch's ASGD keeps one of its numbers in single precision: lecture 6.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### On this machine, now
#
# *(For home.)* `make cifar10` trains all twelve on some 2,000 photographs, in about two minutes on a laptop. Here are
# the same lines, on digits (neither moved nor mirrored), for two epochs:

# %% slideshow={"slide_type": "skip"}
live = cifar10.SCALES["small"]
grey = {"width": 8, "channels": 1}
setting = replace(live.setting, data="mnist-5k", fraction=0.2, options=grey, augment=())
live = replace(live, setting=replace(setting, epochs=2))
folder = tempfile.mkdtemp()  # name a folder of your own to keep the results
found = cifar10.run(live, folder, workers=1)

# %% [markdown]
# **Predict.** After two epochs, at E's learning rates: how far apart are the first and the last?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
cifar10.table(found).xs(2, level="epoch").drop(columns="diverged").round(3)

# %% slideshow={"slide_type": "notes"}
ends = 100 * benchmark.ends(found).set_index("optimizer").accuracy
print(f"{len(ends)} optimizers; more than 20 points from first to last: {np.ptp(ends) > 20}")

# %% [markdown] slideshow={"slide_type": "notes"}
# That is what E prints at the end: accuracy and loss in training, the same on test pictures, and seconds. It looks
# like a ranking. Keep it in mind.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The benchmark, recorded
#
# Now on photographs. `make cifar10 SCALE=medium` takes a fifth of the training pictures of CIFAR-10 (and keeps a
# tenth of these to tune on), and all 10,000 test pictures. It takes about two hours on two cores. Where and when it
# ran, and what:

# %%
about = cifar10.RESULTS.read_text(encoding="utf-8").splitlines()
print("\n".join(line[2:] for line in about[:3]))
setting = cifar10.SCALES["medium"].setting
print(f"{setting.model}, {setting.epochs} epochs, batches of {setting.batch_size},", end=" ")
print(" and ".join(setting.augment))

# %% slideshow={"slide_type": "subslide"}
defaults = results[results.stage == "default"]
lines = cifar10.table(defaults)
lines.loc["SGD"].round(3)

# %% [markdown]
# A line an epoch, as E has it; here those of SGD, means over three seeds. `lines` has all sixty.

# %% [markdown] slideshow={"slide_type": "notes"}
# (The seconds are
# those of a machine that had other work to do. Do not compare them.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** E gives each optimizer its usual learning rate, and no other. Draw the twelve curves of the test
# accuracy. Who is on top, who at the bottom, how far apart are they?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
some = {name: looks[name] for name in group}
comparing.plot_epochs(defaults, some, title="At E's learning rates, ASGD ends far behind")

# %% slideshow={"slide_type": "subslide"}
others = {name: looks[name] for name in relatives}
comparing.plot_epochs(defaults, others, title="The other eleven end within six points")

# %% slideshow={"slide_type": "subslide"}
ends = benchmark.ends(defaults).assign(points=lambda t: 100 * t.accuracy)
by_mean = ends.groupby("optimizer").points.mean().sort_values(ascending=False)
print(", ".join(f"{i}. {name}" for i, name in enumerate(by_mean.index, 1)))
print(f"ASGD is {by_mean.iloc[-2] - by_mean.iloc[-1]:.1f} points behind the next", end=", ")
print(f"the others are within {np.ptp(by_mean[:-1]):.1f}")
spread = ends.groupby("optimizer").points.agg(np.ptp)
gaps = -np.diff(by_mean)
print(f"three seeds of one optimizer: {spread.median():.1f} points apart, typically;", end=" ")
print(f"{spread.idxmax()}: {spread.max():.1f}")
print(f"neighbours: {(gaps < spread.median()).sum()} of {len(gaps)} gaps are smaller than that")

# %% [markdown]
# These are the four plots of E, with three runs each instead of one. E would have ended here: *this one is best, that
# one is worst.*

# %% [markdown] slideshow={"slide_type": "fragment"}
# Why is ASGD last? Its average begins at step t0, and torch's default is 1,000,000 (lecture 6). In all these runs it
# never begins. What is left is gradient descent without momentum, at lr 0.01. "ASGD is bad" would be a statement
# about two defaults.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Then tuned
#
# Now each gets the same effort: five learning rates over two decades, each tried once, judged by 1,000 validation
# pictures. Then the best of them is trained three times, and judged by the test pictures.

# %% [markdown] slideshow={"slide_type": "notes"}
# The seeds are those of the
# defaults, so that both can be compared. No tuning has seen them.

# %% [markdown]
# Only lr is tuned. All else stays as it was: momentum, weight decay, ASGD's t0; and of Muon only the learning rate
# for its filters moves.
#
# **Predict.** Write it down, for SGD, Adam, ASGD and Muon: who gains most? Does the order stay?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
comparing.plot_tuning(results, title="Tuned, Lion and Muon pass Adam")

# %% slideshow={"slide_type": "subslide"}
from itertools import combinations, permutations

stages = {
    stage: 100
    * benchmark.ends(rows).pivot(index="seed", columns="optimizer", values="accuracy")
    for stage, rows in results[results.stage != "lr"].groupby("stage")
}
before, after = stages["default"], stages["final"]  # a row for each seed
gain = (after.mean() - before.mean()).sort_values(ascending=False)
print("gains:", ", ".join(f"{name} {points:.1f}" for name, points in gain.items()))
print(f"from first to last: {np.ptp(before.mean()):.1f} points,", end=" ")
print(f"tuned {np.ptp(after.mean()):.1f}")
eleven = [before.drop(columns="ASGD").mean(), after.drop(columns="ASGD").mean()]
print(f"without ASGD: {np.ptp(eleven[0]):.1f} points, tuned {np.ptp(eleven[1]):.1f}")


# %%
def swapped(a, b):
    """How many pairs of optimizers are in one order in a, in the other in b."""
    return sum((a[x] - a[y]) * (b[x] - b[y]) < 0 for x, y in combinations(a.index, 2))


def above(runs, x, y):
    """Whether all runs of x are above all of y."""
    return runs[x].min() > runs[y].max()


n = sum(1 for _ in combinations(before, 2))
print(f"pairs that change places: {swapped(before.mean(), after.mean())} of {n}")
twice = [swapped(before.loc[a], before.loc[b]) for a, b in combinations(before.index, 2)]
print("between two single runs at the same defaults:", ", ".join(map(str, twice)))

# %%
pairs = permutations(before, 2)
passed = [(y, x) for x, y in pairs if above(before, x, y) and above(after, y, x)]
print(f"three runs below three, then three above three: {len(passed)} pairs")
for name in dict.fromkeys(y for y, _ in passed):
    print(f"  {name} passes", ", ".join(x for y, x in passed if y == name))
same_runs = [name for name in before if (before[name] == after[name]).all()]
print("the best lr is the default, so the three runs are the same:", ", ".join(same_runs))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Nearly one in three pairs changes places. That sounds like much. But two runs at the *same* learning rates, with
# other seeds, swap not many fewer. (Those are single runs. The 19 are of means of three, which owe less to luck: a
# part of them is real.) Clearly beyond luck are the pairs of the last lines: tuned, Lion and Muon are above Adam, in
# each run.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Do the gaps shrink? ASGD's does, from a bad default. Among the other eleven they *grow*: the defaults had hidden
# that Lion and Muon can do more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What a table of defaults ranks
#
# That is the heart of this lecture. A table of defaults ranks, *also*, how well somebody's guess of a learning rate,
# made for other networks and other pictures, happens to suit yours. Go back to the sliders at the top: there you can
# see it happen. How much is in the learning rate, how much in the name? All the 60 trials of the tuning:

# %% slideshow={"slide_type": "fragment"}
grid = np.array(list(by_lr.values()))  # (12 optimizers, 5 learning rates)
names_apart = grid.mean(axis=1).std(ddof=1)
rates_apart = np.sqrt(grid.var(axis=1, ddof=1).mean())
print("standard deviation, in points of accuracy:")
print(f"  one optimizer, its five learning rates: {rates_apart:.0f}")
print(f"  twelve optimizers, each the mean of its five: {names_apart:.0f}")
lost = [max(a) - np.mean([v for v in notch[name] if v < max(a)]) for name, a in by_lr.items()]
print(f"one notch from the best lr costs {np.mean(lost):.0f} points, on average")

# %% slideshow={"slide_type": "subslide"}
chance = 200 * np.sqrt(0.25 / 1000)  # two standard errors
close = np.diff(np.sort(grid)[:, -2:]) < chance
print(f"by the luck of 1,000 pictures alone, plus or minus {chance:.0f} points;", end=" ")
print(f"the second best lr is as near as that: {close.sum()} of {len(close)}")
at = trials[(trials.optimizer == "Adam") & (trials.lr == 0.001)].accuracy.item()
print(f"Adam at lr 0.001: {100 * at:.1f} % as the best of five,", end=" ")
print(f"{after.Adam.mean():.1f} % in three other runs")
print(f"steps of a run: {defaults.step.max():,}")

# %% [markdown]
# The learning rate moves a run much further than the name does. And the tuning is a measurement, with noise of its
# own. For most of the twelve, another learning rate may be the better one. The winner of a tuning has had luck, on
# average: tested anew, Adam has fewer points at the *same* learning rate. That is why the finals are other runs on
# other pictures.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ASGD gains most and is still last. Is it bad, after all? Only lr was tuned. Its average would still begin at step
# 1,000,000, hundreds of times further than any run goes. What came last is gradient descent without momentum.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What can three seeds say?
#
# **Predict.** Two optimizers are exactly equal, three runs each. How often do all three runs of the one lie above all
# three of the other?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
from math import comb

apart = sum(above(after, x, y) for x, y in permutations(after, 2))
luck = 2 / comb(6, 3)  # of the 20 ways to divide six runs in two threes, two are so
print(f"three above three, by luck alone: {luck:.0%}, or {luck * n:.1f} of {n} pairs")
print(f"here: {apart} of {n} pairs")
tuned = results[results.stage != "default"]
standings = benchmark.standings(tuned)
at_edge = ", ".join(standings.index[standings.lr_at_edge]) or "none"
print("the best lr is the last one that was tried:", at_edge)
for name in ("AdamW", "ASGD"):
    points = ", ".join(f"{d:.1f}" for d in after.Lion - after[name])
    print(f"Lion is above {name} by {points} points; lecture 10's verdict on {name}:", end=" ")
    print(standings.verdict[name])

# %% [markdown] slideshow={"slide_type": "fragment"}
# For *one* pair, chosen before the runs, three above three is a good hint. Among 66 pairs, luck makes several of
# them. Here are many more: most are real, but you do not know which.

# %% [markdown] slideshow={"slide_type": "fragment"}
# The last two lines are absurd. *Behind*, with four points; *no difference found*, with ten? The verdict rests on how
# far the three differences scatter. Three numbers that happen to agree look certain. It was made for twenty seeds;
# from three it cannot know. To know, run more.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three reservations remain:
#
# - **The distance between neighbours** is small. Do not read an order into the top of the figure.
# - **The edge.** For Lion and RAdam the best learning rate was the last one tried. A better one may lie beyond.
# - **Five epochs.** Nobody has arrived. It is a race over the first hundred metres of a marathon. Who is ahead after
#   fifty epochs, with a schedule, on all pictures and ResNet-18? We have not run that: it takes a GPU, and we had
#   none. The command is ready: *The full run*, below.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## An average has no statistics
#
# Lecture 6 was about optimizers that *answer* with an average of their points: ASGD, Lookahead, Schedule-Free. Its
# networks had no batch normalisation. This one has, and with it comes a trap.
#
# In training, batch normalisation takes mean and variance from the batch. It also keeps a *running* mean and
# variance, for tests. These are statistics of what the network computed **with the weights that it had** in the last
# steps: those of the walker. The average is another point.

# %% slideshow={"slide_type": "subslide"}
from course_utils.noise import noisy

bowl = {"noise": 2.0, "t0": 10, "lambd": 0}
explore("quadratic", noisy("asgd", seed=6), follow="ax", lr=(0.15, 0.3, 0.45), **bowl)

# %% [markdown] slideshow={"slide_type": "notes"}
# Blue (●) is the walker in a noisy bowl; orange (■), `ax`, the average of its points since step 12. Drag lr: the larger the
# steps, the further is the walker from its average.

# %% [markdown]
# The walker's statistics are those of the blue points. The network
# that is tested stands at the orange one.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict.** We train, put the average into the network, and test it. What do the old statistics do to it: a little,
# a lot, nothing? For which of the three averages is it worst: for all points so far (ASGD), for the slow weights,
# updated every five steps (Lookahead), or for Schedule-Free, which takes its gradients near its average? And the
# walker itself: are its own statistics right?

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# A training loop in short: E's loop, mended (open to see the code)


def train(model, optimizer, epochs=3, seed=0, mended=True):
    """E's loop: batches of 32, then a test. If not ``mended``, it never goes back to train mode."""
    order, accuracies = torch.Generator().manual_seed(seed), []
    model.train()
    for _ in range(epochs):
        for i in torch.randperm(len(y_few), generator=order).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(x_few[i]), y_few[i]).backward()
            optimizer.step()
        model.eval()
        accuracies.append(accuracy(model))
        model.train(mended)
    return accuracies


# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# Tests with remembered and with fresh statistics (open to see the code)
def accuracy(model):
    return 100 * evaluate(model, few.x_test, few.y_test)[1]


def fresh_accuracy(model):
    """The same, with statistics of the weights that are in the model now."""
    with fresh_statistics(model, x_few):
        return accuracy(model)


def norms(model):
    return [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]


# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# What a network remembers, and what is true of its present weights (open to see the code)
def drift(model):
    """Of each batch normalisation, medians over its filters: the true variance as a multiple of the
    remembered one; the distance of the means, in remembered deviations."""
    old = [(m.running_mean.clone(), m.running_var.clone()) for m in norms(model)]
    with fresh_statistics(model, x_few):
        new = [(m.running_mean.clone(), m.running_var.clone()) for m in norms(model)]
    pairs = [(*a, *b) for a, b in zip(old, new, strict=True)]
    variances = [(v / old_v).median().item() for _, old_v, _, v in pairs]
    means = [((m - o).abs() / v.sqrt()).median().item() for o, v, m, _ in pairs]
    return np.array(variances), np.array(means)


# %% slideshow={"slide_type": "skip"}
averaging = {
    "ASGD": lambda p: optimizers.ASGD(p, lr=0.3, t0=30),
    "Lookahead": lambda p: optimizers.Lookahead(optimizers.Adam(p, lr=0.01)),
    "ScheduleFree": lambda p: optimizers.ScheduleFree(p, lr=3.0),
}

# %% slideshow={"slide_type": "skip"}
measured, drifts, means_alone = {}, {}, {}
for name, make in progress_bar(averaging.items()):
    for seed in (0, 1):
        net = models.resnet8(channels=1, width=8, seed=seed)
        optimizer = make(net.parameters())
        marks = [train(net, optimizer, seed=seed)[-1], fresh_accuracy(net)]  # the walker
        optimizer.eval()  # now the average is in the network
        marks += [accuracy(net), fresh_accuracy(net)]
        measured[name, seed], drifts[name, seed] = marks, drift(net)[0]
        old = [m.running_var.clone() for m in norms(net)]
        take_statistics(net, x_few)
        for norm, variance in zip(norms(net), old, strict=True):
            norm.running_var.copy_(variance)
        means_alone[name, seed] = accuracy(net)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
# Four marks a run (open to see the code)
alt = "Old statistics spoil ASGD's average, and the walker, too: with fresh ones nearly all test accuracies are higher."
figure = plotting.Figure((9, 4.7), alt)
ax = figure.add_subplot(title="Old statistics spoil ASGD's average, and the walker, too")
for i, word in enumerate(("the walker", "the average")):
    looks_of = {**plotting.STYLES[i], "linestyle": "none", "markersize": 10}
    for row, marks in enumerate(measured.values()):
        old, fresh, y, first = *marks[2 * i :][:2], row + 0.26 * i - 0.13, row == 0
        ax.plot([old, fresh], [y, y], color="#888888", linewidth=1.2)
        ax.plot(old, y, label=f"{word}, old statistics" * first, **looks_of, mfc="white", mew=2)
        ax.plot(fresh, y, label=f"{word}, fresh statistics" * first, **looks_of)
ax.set_yticks(range(6), [f"{name}, seed {seed}" for name, seed in measured])
ax.set(xlim=(0, 100), ylim=(5.5, -0.5), xlabel="test accuracy, %")
figure.legend(loc="outside lower center", ncols=2)
figure

# %% slideshow={"slide_type": "notes"}
from course_utils.descent import descend

lrs = [0.15, 0.3, 0.45]
walk = descend("quadratic", noisy("asgd"), lr=lrs, seed=list(range(20)), steps=400, **bowl)
away = (walk.x - walk.follow("ax").x)[-20:].norm(dim=-1).mean(dim=(0, 2))
told = ", ".join(f"{a:.1f} at lr {lr}" for a, lr in zip(away, lrs, strict=True))
print("in the bowl, walker to average:", told)

# %% slideshow={"slide_type": "notes"}
for name in averaging:
    table = np.array([measured[name, seed] for seed in (0, 1)]).T  # (4 marks, 2 seeds)
    walker, walker_fresh, average, average_fresh = table
    print(f"{name}: fresh statistics gain 20 points or more")
    print(f"  for the average, in both runs: {min(average_fresh - average) > 20}")
    print(f"  for the walker, in one run at least: {max(walker_fresh - walker) > 20}")
    ahead = average_fresh - walker_fresh
    print(
        f"  both fresh, the average is above the walker by 6 or more, in one: {max(ahead) > 6}"
    )
    print(f"  and below it by 3 or more, in one: {min(ahead) < -3}")

# %% slideshow={"slide_type": "subslide"}
off = {name: max(abs(drifts[name, seed] - 1).max() for seed in (0, 1)) for name in averaging}
print("a variance is off by more than 15 %:", [name for name in off if off[name] > 0.15])
less = [(drifts["ASGD", seed] < 1).mean() for seed in (0, 1)]
print(
    "ASGD: the average varies less than remembered in most layers, both runs:", min(less) > 0.5
)
gains = [means_alone["ASGD", seed] - measured["ASGD", seed][2] for seed in (0, 1)]
print("ASGD, fresh means, but old variances: gains 10 points or more:", max(gains) > 10)

# %% [markdown]
# - **ASGD** averages points that are far apart. In most layers, what the average computes varies *less* than what the
#   walker computed. So the walker's divisors are too large, in one layer after the other, and with them the average
#   is a bad network. It is the variances: fresh means alone do not help.

# %% [markdown] slideshow={"slide_type": "notes"}
# (In the first layer this is nearly a
#   theorem. The variance of $w^\top p$ over pictures $p$ is a convex function of $w$, so at an average of points it
#   is at most the average of their variances. Nearly, because the network remembers the last steps only.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **The walker**, too, stands elsewhere than its statistics: they are a running average over some ten steps. With
#   large steps it has long left. For Schedule-Free, that is where the trap is: at the point where it takes its
#   gradients. Its average lies in the middle of the steps, and there the old statistics fit.
# - **Lookahead**'s slow weights are a few steps away. Old statistics cost them little in these two runs. With another
#   seed, or on another network, it may be more.

# %% [markdown] slideshow={"slide_type": "subslide"}
# So compare fairly: both with fresh statistics. Then an average is not worse than the walker, and sometimes much
# better. Whoever tests it as it is will never find out.
#
# The cure is one pass over some training pictures, without gradients (Izmailov and others, 2018): `take_statistics`.
# `training.fit` does it by itself before each test, for every optimizer that answers with an average. Weights that
# were averaged are not finished until that is done.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# E's benchmark has seven mistakes. None of them stops it. Each is run here, on digits.

# %% [markdown]
# ### The model that never trains again
#
# Batch normalisation has two modes: in `train()` it uses the batch, in `eval()` what it remembers. E calls
# `model.eval()` before the first validation, and never `model.train()` again. From the second epoch on, it trains in
# evaluation mode. No error is raised. The loss has a gradient in either mode.
#
# **Predict.** Adagrad and Adam, at E's learning rates, three epochs. Mended, which one is ahead? And with the
# mistake?

# %% slideshow={"slide_type": "skip"}
who_wins = {}
for name in progress_bar(("Adagrad", "Adam")):
    make, lr, _ = cifar10.DEFAULTS[name]
    for mended in (True, False):
        runs = []
        for seed in (0, 1):
            net = models.resnet8(channels=1, width=8, seed=seed)
            runs.append(train(net, make(net.parameters(), lr=lr), seed=seed, mended=mended))
        who_wins[name, mended] = np.array(runs)  # (2 seeds, 3 epochs)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "subslide"}
# Two panels: mended, and with the mistake (open to see the code)
alt = "As it should be, Adagrad ends above Adam; without train(), Adam ends above Adagrad: test accuracy by epoch."
figure = plotting.Figure((9, 4.2), alt)
figure.suptitle("Without train(), the other one wins", fontsize=14)
for ax, mended in zip(figure.subplots(1, 2, sharey=True), (True, False), strict=True):
    for name in ("Adagrad", "Adam"):
        runs, color = who_wins[name, mended], looks[name]["color"]
        ax.plot([1, 2, 3], runs.mean(axis=0), label=name, **looks[name])
        ax.fill_between([1, 2, 3], *np.sort(runs, axis=0), color=color, alpha=0.2, linewidth=0)
    ax.set(xlabel="epoch", xticks=[1, 2, 3], ylim=(0, 100))
    ax.set_title("as it should be" if mended else "never train() again")
figure.axes[0].set_ylabel("test accuracy, %")
figure.axes[0].legend()
figure

# %% slideshow={"slide_type": "notes"}
for mended in (True, False):
    ahead = who_wins["Adagrad", mended][:, -1] - who_wins["Adam", mended][:, -1]
    print("as it should be:" if mended else "never train() again:")
    print(f"  Adagrad leads by 5 points or more, both seeds: {min(ahead) > 5}")
    print(f"  Adam leads by 5 points or more, both seeds: {max(ahead) < -5}")

# %% [markdown]
# So the mistake is no detail. Adam does not mind, in these runs. Adagrad loses what it had won. **A bug that is the
# same for all changes who wins.**

# %% [markdown] slideshow={"slide_type": "slide"}
# #### What breaks
#
# SGD with momentum, trained for one epoch as it should be. Then `eval()`, and five more steps. After each step we
# test the same weights twice: with the statistics that the network remembers, and with fresh ones.
#
# **Predict.** At lr 0.01 and at lr 0.1: after how many steps is there a difference?


# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# The same weights, tested twice (open to see the code)
def losses(model):
    """The test loss with the statistics that the network remembers, and with fresh ones."""
    with fresh_statistics(model, x_few[:500]):
        fresh = evaluate(model, few.x_test, few.y_test)[0]
    return evaluate(model, few.x_test, few.y_test)[0], fresh


# %% slideshow={"slide_type": "skip"}
frozen, walked = {}, {}
for lr in progress_bar((0.01, 0.1)):
    for seed in (0, 1):
        net = models.resnet8(channels=1, width=8, seed=seed)
        sgd = optimizers.SGD(net.parameters(), lr=lr, momentum=0.9)
        train(net, sgd, epochs=1, seed=seed)
        net.eval()
        tests = [losses(net)]
        for i in torch.randperm(160, generator=torch.Generator().manual_seed(9)).split(32):
            sgd.zero_grad()
            F.cross_entropy(net(x_few[i]), y_few[i]).backward()
            sgd.step()
            tests.append(losses(net))
        frozen[lr, seed], walked[lr, seed] = np.array(tests), drift(net)[1].max()

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
steps, curves = range(6), {}
for lr in (0.1, 0.01):
    remembered, fresh = np.mean([frozen[lr, seed] for seed in (0, 1)], axis=0).T
    curves[f"lr {lr}, remembered statistics"] = steps, remembered
    curves[f"lr {lr}, fresh statistics"] = steps, fresh
plotting.plot_curves(
    curves,
    title="At lr 0.1, one step in eval mode is enough",
    xlabel="steps in eval mode",
    ylabel="test loss, mean of two seeds",
)

# %% slideshow={"slide_type": "notes"}
for lr in (0.01, 0.1):
    rises = np.array([frozen[lr, seed][1] - frozen[lr, seed][0] for seed in (0, 1)])
    remembered, fresh = rises.T
    print(
        f"lr {lr}: one step raises the loss, as remembered, by 1 or more: {min(remembered) > 1},"
    )
    print(f"  with fresh statistics: {max(fresh) > 1};", end=" ")
    far = np.nan_to_num([walked[lr, seed] for seed in (0, 1)], nan=np.inf)
    print(f"after five, means are off by 0.3 deviations or more: {min(far) > 0.3}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# In train mode, each batch is centred and scaled anew. Shift or stretch what enters a normalisation, and what leaves
# it is the same: the loss is flat in these directions, and a large step along them does no harm. In eval mode nothing
# takes it back. At lr 0.1, one step is enough.

# %% [markdown] slideshow={"slide_type": "notes"}
# Most of its damage is in the statistics: with fresh ones, the same
# weights lose much less. But the next gradients come from the wreck. The means walk off further with each step, and
# soon fresh statistics do not help either.
#
# (The end, a loss of $\ln 10 \approx 2.3$ or more, is guessing.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# At lr 0.01 the statistics still fit. So the mistake is harmless or deadly. It depends on the step, and so on the
# learning rate and **on the optimizer**.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Training accuracies under the name of test accuracies
#
# E keeps lists for its four plots, and stores the training accuracies in the place of the test accuracies. So its
# plot of the *test* accuracy shows how well the network knows the pictures that it has learned.
#
# **Predict.** 200 digits, 12 epochs. How far apart are the two?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
part = replace(few, x_train=x_few[:200], y_train=y_few[:200])
net = models.resnet8(channels=1, width=8)
adam = optimizers.Adam(net.parameters(), lr=0.01)
learned = fit(net, adam, part, epochs=12, batch_size=32, progress=False).epochs
plotting.plot_curves(
    {
        "what E shows as the test": (learned.index, 100 * learned.train_accuracy),
        "the test": (learned.index, 100 * learned.test_accuracy),
    },
    title="Learned by heart: it looks like a success",
    xlabel="epoch",
    ylabel="accuracy, %",
)

# %% slideshow={"slide_type": "notes"}
last = 100 * learned.iloc[-3:].mean()
print("flattered by 15 points or more:", last.train_accuracy - last.test_accuracy > 15)

# %% slideshow={"slide_type": "subslide"}
by_train = 100 * defaults[defaults.status != ""].groupby("optimizer").train_accuracy.mean()
lower = (by_train < by_mean[by_train.index]).sum()
print(f"recorded, on photographs: {lower} of {len(by_train)} have a lower accuracy in training")
places = pd.DataFrame({"by training": by_train, "by test": by_mean}).rank(ascending=False)
moved = places.diff(axis=1)["by test"]
print(f"{(moved != 0).sum()} of {len(moved)} get another place if ranked by it; the farthest:")
print(places.loc[[moved.abs().idxmax()]].astype(int).to_string())

# %% [markdown]
# On photographs it is not even flattery. Augmentation makes the training pictures the harder ones, and for many the
# training accuracy is the *lower* of the two. But it reorders the table. A number that is too good looks suspicious.
# A wrong order does not.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A validation that builds graphs
#
# *(For home.)* `eval()` changes what layers do. It does not stop torch from keeping everything that a gradient would
# need. E validates without `torch.no_grad()`.
#
# **Predict.** One batch of 32 pictures through ResNet-18 with `small_images`: how many megabytes are kept for a
# gradient that nobody asks for?


# %% slideshow={"slide_type": "skip"}
def kept(model, x, grad):
    """Megabytes that torch keeps, besides the weights, while scores of x exist; and whether these want a gradient."""
    weights = {p.data_ptr() for p in [*model.parameters(), *model.buffers()]}
    held = {}

    def pack(tensor):
        if tensor.data_ptr() not in weights:
            held[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t),
        torch.set_grad_enabled(grad),
    ):
        scores = model.eval()(x)
    return sum(held.values()) / 1e6, scores.requires_grad


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
three = {"resnet8": models.resnet8(), "ResNet-18": models.resnet18(small_images=False)}
for name, model in {**three, "ResNet-18, small_images": models.resnet18()}.items():
    for grad in (True, False):
        megabytes, wants = kept(model, torch.rand(2, 3, 32, 32), grad)
        print(
            f"{name:23} grad {grad!s:5}: {16 * megabytes:4.0f} MB a batch, requires_grad {wants}"
        )

# %% [markdown]
# One batch is let go when the next one comes. But who adds up the losses as tensors (`total += loss`) keeps *all* of
# them. In a test of 10,000 pictures:

# %%
each, _ = kept(models.resnet18(), torch.rand(2, 3, 32, 32), True)
print(f"ResNet-18, small_images, 10,000 pictures: {5000 * each / 1000:.0f} GB")

# %% [markdown]
# (E's own ResNet-18, which shrinks its pictures at once, keeps less.) That is one way to "CUDA out of memory". `with
# torch.no_grad():` around it, and `.item()` for what is recorded.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Optimizers out of strings
#
# *(For home.)* E lists its optimizers as texts, and makes each of them by `eval` when its turn comes. We have made a
# typing error in the last. (Each training here is five steps. In E it is five epochs of 50,000 pictures.)

# %% slideshow={"slide_type": "subslide"} tags=["code"]
wanted = ["SGD(p, lr=0.01, momentum=0.9)", "Adam(p)", "Adadelta(p)", "AdamWW(p)"]
done = 0
try:
    for text in wanted:
        net = models.resnet8(channels=1, width=8)
        p = net.parameters()
        optimizer = eval(f"torch.optim.{text}")
        for i in range(5):
            optimizer.zero_grad()
            F.cross_entropy(net(x_few[32 * i :][:32]), y_few[32 * i :][:32]).backward()
            optimizer.step()
        done += 1
except AttributeError as error:
    print(f"after {done} trainings: {error}")

# %% slideshow={"slide_type": "subslide"}
try:
    benchmark.compare(live.setting, ["Adam", "Adadelta", "AdamWW"], folder)
except ValueError as error:
    print("ours, before anything is trained:", error)
eval("print('A text that is evaluated is a program: this line was one.')")

# %% [markdown]
# An optimizer is an object like any other. Put the *class* into the list, `(torch.optim.Adam, {"lr": 1e-3})`: then
# Python finds the error in the first second, and a file of settings can do nothing but set.

# %% [markdown] slideshow={"slide_type": "notes"}
# (And write each result
# when it is there. What is written when all is done is lost here.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Results as pickles
#
# *(For home.)* E keeps its lists as pickles. A pickle is no data. It is a small program that builds the data again,
# and it may call any function.


# %% slideshow={"slide_type": "fragment"}
import pickle


class Results:
    """What somebody sends you."""

    def __reduce__(self):
        return print, ("Loading these results ran a function. It could have been any.",)


buffer = io.BytesIO()
torch.save({"accuracy": Results()}, buffer)
for weights_only in (True, False):
    buffer.seek(0)
    try:
        torch.load(buffer, weights_only=weights_only)
    except pickle.UnpicklingError as error:
        print(f"weights_only={weights_only}: {type(error).__name__}, refused")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Besides, a pickle cannot be read by eye or compared by git, and may not open in ten years. Ours are text, one file
# for each run, written as soon as the run is done, whole or not at all. Weights go through `torch.load(...,
# weights_only=True)`.

# %% slideshow={"slide_type": "notes"}
file = sorted(Path(folder).glob("adam-*.csv"))[0]
print(file.name[:18] + "…")
print(file.read_text(encoding="utf-8").splitlines()[0])

# %% [markdown] slideshow={"slide_type": "slide"}
# ### No seed before each model
#
# *(For home.)* E makes a new model for each optimizer, without a seed. Its weights are pretrained, and the same. But
# the last layer, the order of the pictures and every augmentation are others for each optimizer. A good start is
# booked to its account. (Here nothing is pretrained: more is left to luck.)
#
# **Predict.** One optimizer, the same pictures in the same order, five starts. How far apart do they end? As far as
# the twelve optimizers did?

# %% slideshow={"slide_type": "skip"}
starts = []
for seed in progress_bar(range(5)):
    net = models.resnet8(channels=1, width=8, seed=seed)
    starts.append(train(net, optimizers.Adam(net.parameters()), epochs=2, seed=0)[-1])

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
print("five starts, test accuracy:", ", ".join(f"{a:.0f} %" for a in sorted(starts)))
among = 100 * benchmark.ends(found).set_index("optimizer").accuracy.sort_values()
print("the twelve optimizers, live, above:", ", ".join(f"{a:.0f} %" for a in among))

# %%
print("the starts differ by more than 3 points:", np.ptp(starts) > 3)
print("but by less than half of what the optimizers do:", np.ptp(starts) < np.ptp(among) / 2)

# %% [markdown]
# Luck does not make a ranking here. But it makes a place or two, and one run does not tell which. With
# `models.resnet8(seed=seed)` every optimizer starts from the same five points. That does not make the luck go away.
# It makes it the *same* luck for all, and several seeds show how large it is.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### One run each, read as a ranking
#
# The last mistake is in no line of the program. Seven optimizers, one run each, at whatever learning rate torch has
# for a default. *Then tuned*, above, is what it costs.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The full run
#
# *(For home.)* ResNet-18, all pictures (45,000 to train on, 5,000 to tune on), twelve optimizers, tuned, three seeds
# each: 132 trainings. Where does the time of E's loop go?
#
# First, into the pictures. E opens them one by one, changes each by itself, and puts 32 of them together. The same
# for a whole batch at once is a few lines (lecture 1: a processor is built to do the same to many numbers). On this
# machine, now:

# %% slideshow={"slide_type": "skip"}
import time

from torchvision import transforms

size = few.x_train.shape[-1]
steps = [transforms.RandomHorizontalFlip(), transforms.RandomCrop(size, padding=4)]
one_by_one = transforms.Compose([*steps, transforms.ToTensor()])
opened = [transforms.functional.to_pil_image(p) for p in x_few]
started = time.perf_counter()
for i in range(0, len(opened), 32):
    torch.stack([one_by_one(picture) for picture in opened[i : i + 32]])
singly = time.perf_counter() - started
started = time.perf_counter()
for batch in x_few.split(32):
    random_crop(random_flip(batch))
at_once = time.perf_counter() - started

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
print(f"a batch of 32: {32 * singly:.2f} ms one by one, {32 * at_once:.2f} ms at once")

# %% slideshow={"slide_type": "notes"}
print("at once is faster:", at_once < singly)

# %% [markdown] slideshow={"slide_type": "subslide"}
# (It must be our own lines. torchvision's transforms take a batch, too, but draw *one* random number for all of it:)

# %%
from torchvision.transforms import v2

torch.manual_seed(0)
for name, flip in (("torchvision's", v2.RandomHorizontalFlip()), ("ours", random_flip)):
    changed = [(flip(x_few) != x_few).flatten(1).any(1).float().mean().item() for _ in range(8)]
    print(
        f"{name}: the part that was mirrored, in eight batches:", *(f"{c:.1f}" for c in changed)
    )

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Where the time goes
#
# On a GPU, the rest is decided by how well the card is fed. **We had no GPU. Nothing in this table was measured by
# us.** `make bench-cifar10` measures it, on yours: seconds an epoch, E's way beside ours, by turns.
#
# | E's way | ours | what it is for |
# | --- | --- | --- |
# | pictures one by one, by workers | all on the card; augmented there, in batches | workers cannot feed a fast card |
# | batches of 32 | 128 | more work for each launch; the learning rate has to be tuned again |
# | float32 | bfloat16 where it is safe (`torch.autocast`) | tensor cores; half the memory traffic |
# | channels first | channels last | the layout that these cores want; worth little without the line above |
# | operation by operation | `model.compile()`, in the bench | fuses small operations; pays for long runs |

# %% [markdown] slideshow={"slide_type": "notes"}
# (Others have measured. On an A100, a small network trained to 94 % took 21.2 s in float32 and 9.8 s in bfloat16, its
# author reports: hlb-CIFAR10, below. A whole training that takes ResNet-18 to 96 % took 7 minutes: airbench.)

# %% [markdown] slideshow={"slide_type": "notes"}
# Two warnings go with it. bfloat16 keeps two to three digits, so never compare such a run with another one bit by
# bit. Compare means over seeds. And a larger batch is another experiment, not a faster one.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Stop it, and go on
#
# The full run is one command, `make cifar10 SCALE=full`. It takes the same path through the code as the twelve small
# trainings above. It may be stopped at any time. Each run is a file. What is there is not run again. We throw two
# results away, and call it once more:

# %%
for file in sorted(Path(folder).glob("*.csv"))[:2]:
    file.unlink()
again = cifar10.run(live, folder, workers=1)
numbers = ["train_loss", "train_accuracy", "loss", "accuracy"]
print(
    "two were run again, ten were read; all numbers are as before:",
    again[numbers].equals(found[numbers]),
)

# %% [markdown] slideshow={"slide_type": "notes"}
# (*Within* a run, `fit(..., checkpoint="file")` saves after each epoch and every minute, and goes on to the same
# numbers.)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## What it costs
#
# *(For home.)* What do the twelve keep, beside weights and gradient? Counted on ResNet-18, in float32:

# %%
net = models.resnet18()
n = sum(p.numel() for p in net.parameters())
F.cross_entropy(net(torch.rand(2, 3, 32, 32)), torch.tensor([0, 1])).backward()
for name, (make, lr, _) in cifar10.DEFAULTS.items():
    optimizer = make(net.parameters(), lr=lr)
    optimizer.step()
    kept_numbers = optimizers.kept_per_weight(optimizer)
    print(f"{name:9} {kept_numbers:.2f} a weight, {4 * n * kept_numbers / 1e6:3.0f} MB")

# %% [markdown]
# (Muon keeps one number for a filter's weight, AdamW two for the few others.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the benchmark itself:

# %%
spent = (
    benchmark.ends(results)
    .groupby("stage", sort=False)
    .agg(runs=("seconds", "size"), minutes=("seconds", lambda s: round(s.sum() / 60)))
)
print(spent.to_string())
fair = spent.runs["lr"] + spent.runs["final"]
print(f"of the fair comparison, {spent.runs['lr']} of {fair} runs are for tuning")
print(f"runs that were there before, at the defaults: {3 * len(same_runs)}")

# %% [markdown]
# Nearly two thirds of the runs are for tuning. A comparison without it is not a cheaper one. It is another one, that
# nobody asked for.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it all adds up to
#
# This is the last lecture. You have a network of your own, and have to choose. Here is the course on one page.
#
# **Before you compare anything**
#
# 1. *Is it right?* Check a hand-written gradient or rule against a reference, in float64 (lectures 1, 5). A good
#    accuracy proves nothing (lecture 10).
# 2. *Is the loop right?* Shuffle; `zero_grad`; mean, not sum; `train()` after every `eval()`; `no_grad` in tests; the
#    test pictures for nothing but the test (lectures 1, 11).
# 3. *Do gradients arrive?* Look at their norm in each layer. If not: initialisation, ReLU, normalisation, shortcuts,
#    in the network and not in the optimizer (lecture 8).

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Choose**
#
# 4. Begin with *AdamW*, or with *SGD and momentum 0.9* if people with such a network do (lectures 3, 5).

# %% [markdown] slideshow={"slide_type": "notes"}
# Here Lion
#    and Muon were ahead of AdamW by four points, after five epochs of a small network, with lr alone tuned. That is
#    not enough to change a habit. It is enough to try one of them. (Lion keeps less; Muon is for matrices: lecture
#    7.)

# %% [markdown]
# 5. *Tune the learning rate first*, over decades, on validation data: three times more until it breaks, then one step
#    back (lecture 1). It moves a run further than the name of the rule does: a notch beside the best costs five
#    points (*What a table of defaults ranks*).

# %% [markdown] slideshow={"slide_type": "subslide"}
# 6. *Let it fall*, or average the end (lectures 2, 6). With batch normalisation, take fresh statistics for an average
#    (this lecture). With Adam and its relatives, warm up (lectures 2, 5).
# 7. Then, if there is time: weight decay, then momentum or the betas. One at a time.
# 8. The batch as large as it still pays; and after any change of the batch, lr again (lecture 1).

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Before you believe it**
#
# 9. *The same effort for each.* Fresh seeds, three at least. Say how far they are apart, and *no difference found*
#    where that is so (lecture 10).
# 10. *Keep the results* as text, with the seed, the versions and the command that makes them again.

# %% [markdown] slideshow={"slide_type": "fragment"}
# No rule wins everywhere (lecture 9). So the question of the beginning, *which one would you take?*, has an honest
# answer: **one of two or three good ones, the one that you have time to tune.** And *how would you know?* By points 9
# and 10.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | what is augmentation for? | it says what does not matter; that depends on the pictures |
# | what is a residual block? | $\mathrm{relu}(x + f(x))$: it changes what comes in, instead of replacing it |
# | ResNet-18 on 32 × 32? | one pixel is left, half the weights idle; `small_images` mends it, for 15 times the work |
# | who wins at default learning rates? | also: whose default happens to suit |
# | and tuned? | Lion and Muon pass Adam; ASGD's gap shrinks, the gaps among the other eleven grow |

# %% [markdown] slideshow={"slide_type": "subslide"}
# | question | answer |
# | --- | --- |
# | what can three seeds say? | a hint for one pair, chosen before; no ranking |
# | an average, and batch normalisation | the remembered statistics are those of the last steps: take fresh ones |
# | `eval()` and never `train()` again | harmless or deadly, depending on the optimizer: it changes who wins |
# | a validation without `no_grad` | keeps megabytes a picture for nothing |
# | a fast full run (not measured by us) | data on the card, larger batches, bfloat16, channels last; resumable |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/11_cifar10_with_resnet18.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** Use the sliders at the top: find settings at which ASGD wins. How far do you have to go? Which of the others
# can win without touching the others' sliders?
#
# <details><summary>Answer</summary>Look at the right panel. ASGD's best is lr 0.3, with 46.9 %. All four others stand
# above that, so all four have to be moved: Adam to 0.0003 or less, Lion to 3.2e-05 or less, SGD to 0.003, 0.095 or
# 0.3, Adagrad to 0.001, 0.0032 or 0.1. Who wins alone? One whose best is above the others' first marks. Lion's is.
# Adam wins as it is set. SGD and Adagrad cannot: their best is below Adam's mark.</details>
#
# **2.** Does the average need fresh statistics if the walker is calm? Train ASGD with `lr=0.03` instead of 0.3, three
# epochs, and compare as in *An average has no statistics*.
#
# <details><summary>Answer</summary>Hardly. Our four marks were all at about 30 %, within five points. The walker
# moves less, so that walker and average, and their statistics, are nearer to each other. (It also learns less in
# three epochs. Look at both.)</details>
#
# **3.** Write `random_brightness(x)`: each picture times a number of its own, between 0.7 and 1.3. Train on digits
# with it: `fit(..., augment=random_brightness)`. Is it right for digits? For photographs?
#
# <details><summary>Answer</summary><code>return (x * (0.7 + 0.6 * torch.rand(len(x), 1, 1, 1))).clamp(0, 1)</code>.
# It does not change what a digit or a cat is, so it is right for both. (One number for the whole batch would be
# something else: see <i>The full run</i>.)</details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - A. Krizhevsky, [Learning Multiple Layers of Features from Tiny
#   Images](https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf), 2009: CIFAR-10.
# - K. He, X. Zhang, S. Ren, J. Sun, [Deep Residual Learning for Image Recognition](https://arxiv.org/abs/1512.03385),
#   CVPR 2016: residual networks, for ImageNet and for CIFAR-10.
# - S. Ioffe, C. Szegedy, [Batch Normalization](https://arxiv.org/abs/1502.03167), ICML 2015.
# - P. Izmailov and others, [Averaging Weights Leads to Wider Optima and Better
#   Generalization](https://arxiv.org/abs/1803.05407), UAI 2018: averages, and their statistics (section 3.2).
# - A. Defazio and others, [Schedule-Free](https://github.com/facebookresearch/schedule_free): its page has a
#   paragraph on batch normalisation.
# - D. Page, [How to Train Your ResNet](https://myrtle.ai/learn/how-to-train-your-resnet/): where the time goes, step
#   by step.
# - K. Jordan, [94% on CIFAR-10 in 3.29 Seconds on a Single GPU](https://arxiv.org/abs/2404.00498), 2024, and
#   [airbench](https://github.com/KellerJordan/cifar10-airbench).
# - T. Balsam, [hlb-CIFAR10](https://github.com/tysam-code/hlb-CIFAR10): the seconds in float32 and in bfloat16.
# - The copied standard deviation: [how it came about](https://github.com/kuangliu/pytorch-cifar/issues/16), and [what
#   it is](https://github.com/chenyaofo/image-classification-codebase/issues/5).
# - The Python documentation, [pickle](https://docs.python.org/3/library/pickle.html): "Only unpickle data you trust."
