# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 10 · A benchmark you can believe
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/10_a_benchmark_you_can_believe.ipynb)
#
# "Adam beats SGD." "SGD beats Adam." Both have been published, with numbers.
# This lecture is about what such a number is worth, and how to make one that is worth something.

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
import tempfile

from course_utils import benchmark, comparing, optimizers, plotting, reproduction, rules
from course_utils.bootstrap import intervals
from course_utils.descent import descend
from course_utils.experiments import Setting
from course_utils.show import show_rule
from course_utils.widgets import race

import numpy as np
import torch

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who wins?
#
# Three rules start from the same point. You may drag each one's learning rate.
#
# **Predict.** As they are set, momentum wins. Can you make each of the others win? Which would win if each had the
# learning rate that suits it best?

# %% slideshow={"slide_type": "subslide"}
race("quadratic", ["sgd", "momentum", "adam"], lr=(0.01, 0.05, 1.0), steps=100)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each of them can. Whoever sets the learning rates decides who wins. So let each have its best:

# %%
lrs = np.geomspace(0.01, 1, 81)
for rule in ("sgd", "momentum", "adam"):
    arrival = descend("quadratic", rule, lr=lrs, steps=100).arrival.double().numpy()
    best = np.where(arrival < 0, np.inf, arrival).argmin()  # -1: it did not arrive
    print(f"{rule}: {arrival[best]:.0f} steps at lr = {lrs[best]:.2g}")

# %% [markdown]
# On a surface of two variables everyone can see that. On a network nobody can, and so tables like the next one are taken for
# an answer.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["beside"]
# ## A table, as published
#
# A teaching notebook (we call it B) trains a network with one hidden layer on MNIST: 3,000 steps on 100 digits each. It
# runs ten optimizers, **one run each, at one learning rate each**, and prints:

# %%
results = reproduction.results()
again = reproduction.table(results)
printed = again.loc["B"].droplevel("order").printed
print(printed.sort_values(ascending=False).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Nesterov 97.62 %, Adadelta 97.53 %, Lookahead 97.48 %, momentum 97.42 %. You run the same program again, with
# other random numbers. Do you get the same winner?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Once more, with other random numbers
#
# We ran all of it five times: the same settings, all 60,000 digits, other first weights and another order of the digits
# each time. `make reproduction` does it again. The first lines of the file of results say where and when:

# %%
print("".join(reproduction.RESULTS.open(encoding="utf-8").readlines()[:4]))

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
comparing.plot_reproduction(
    again,
    results,
    "B",
    title="Five runs each: they differ by as much as the first four of the table",
)

# %% slideshow={"slide_type": "subslide"}
b = results[(results.source == "B") & (results.status != "")]
by_seed = 100 * b.pivot(index="seed", columns="rule", values="accuracy")
first_four = set(printed.nlargest(4).index)
same = sum(set(row.nlargest(4).index) == first_four for _, row in by_seed.iterrows())
print("the winner, seed by seed:", ", ".join(by_seed.idxmax(axis=1)))
print(f"the first four are those of the printed table: {same} of {len(by_seed)} times")
print(
    f"our means differ from print by at most {again.loc['B'].difference.abs().max():.2f} points"
)
print(f"the first four printed lie within {np.ptp(printed.nlargest(4)):.2f} points")
print(f"two runs of one optimizer differ by up to {np.ptp(by_seed, axis=0).max():.2f} points")

# %% [markdown]
# - The experiment *reproduces*: each of our means is within a point of the printed number.
# - Its coarse ranking does, too: nearly the same four are in front, and Adagrad and SGD are last.
# - Its *winner* does not. The first four are closer to each other than two runs of one optimizer can be.

# %% [markdown] slideshow={"slide_type": "notes"}
# (One line compares two different things. B's section on RAdam runs another class by mistake. Its accuracy,
# 96.23 %, is a little below our five: a hint, no more.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A single run is a draw from a lottery. Two draws do not tell you which lottery is better.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How often does luck alone make a winner?
#
# Let us play the lottery. Fourteen optimizers that are all *exactly* equally good, each run once. Their accuracies differ
# by luck only, with a standard deviation of 0.2 points.
#
# **Predict.** By how much does the best of the fourteen seem to beat the typical one?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "fragment"}
rng = np.random.default_rng(0)
lottery = rng.normal(97, 0.2, size=(10_000, 14))  # 10,000 benchmarks of 14 equals
lead = lottery.max(axis=1) - np.median(lottery, axis=1)
print(f"the winner's lead over the typical one: {lead.mean():.2f} points on average")
print(
    f"the winner's lead over the worst: {np.ptp(lottery, axis=1).mean():.2f} points on average"
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# There is always a winner, and it always leads. That is why a table needs to say how large the luck is.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The other notebook
#
# Notebook A trains a larger network (784-500-256-10), by rules written out by hand, with the loss *summed* over batches of
# 64. It does not say whether the digits were shuffled. So we ran it both ways: in a new order each epoch, and in the
# order of the file.
#
# **Predict.** Will the accuracies be within a point, as for B? Does the order matter?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
comparing.plot_reproduction(
    again,
    results,
    "A",
    title="Shuffled, our means are above the print; a fixed order comes nearer",
)

# %%
a = again.loc["A"].drop(index="Adam")  # A's own Adam is the one below it: see the next section
inside = (a["min"] <= a.printed) & (a.printed <= a["max"])
for order, rows in a.groupby("order", sort=False):
    off = rows.difference.abs()
    print(
        f"{order}: {inside.loc[rows.index].sum()} of {len(rows)} printed numbers lie within our five runs;"
    )
    print(
        f"  means differ by {off.median():.2f} points (median), at most {off.max():.2f} ({off.idxmax()[0]})"
    )

# %% [markdown] slideshow={"slide_type": "subslide"}
# A prints the accuracy after each of its five epochs. How many points are our means above it?

# %%
print(reproduction.by_epoch(results).round(2).to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Neither order reproduces A. A fixed order is nearer, above all after the first epoch. What explains the rest?
#
# - **The order.** Perhaps A's loader did not shuffle. A fixed order costs some rules accuracy and adds noise: compare how far
#   the triangles and the discs are spread for Adam. (A wider spread also holds a printed number more easily.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **The pixels.** A's helper is not printed, so we do not know how it scaled them (ours go from 0 to 1), nor how the weights
#   began. SGD with linear decay and Adagrad are off by a point, far outside the spread of the seeds, in either order. It must be
#   something like this.
# - **The point of the test.** A tests Nesterov's momentum at $w$, our rules stand a step ahead, at $w + \alpha v$. In runs of
#   our own this made 0.1 to 0.2 points.

# %% [markdown] slideshow={"slide_type": "notes"}
# - **RMSProp + Nesterov** jumps up and down until the end: see its rows above, and the one triangle at the left of its line. A's formula for it, as
#   printed, lacks the $\alpha$ before $v$.

# %% [markdown] slideshow={"slide_type": "fragment"}
# We cannot settle it. A result that cannot be run again from what is printed is a pity, and very common.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A mistake in the program: does it show?
#
# Here is Adam, as it should be:

# %%
show_rule(rules.adam)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Notebook A's program adds 1 to $t$ for each *tensor* of the network, not for each step. Its network has six: three
# matrices, three biases. So $t$ runs six times too fast, and the correction of the start, $1 - \beta^t$, is gone six
# times too early.
#
# **Predict.** Are the steps then too long, or too short? For how long?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look


# %% slideshow={"slide_type": "skip"}
def step_lengths(make, n=5000):
    """How far the last of six weights moves in each step, if all gradients are 1; in units of lr."""
    ps = [torch.zeros(1, dtype=torch.float64, requires_grad=True) for _ in range(6)]
    optimizer, places = make(ps, lr=0.001), [0.0]
    for _ in range(n):
        for p in ps:
            p.grad = torch.ones_like(p)
        optimizer.step()
        places.append(ps[-1].item())
    return -np.diff(places) / 0.001


# %% slideshow={"slide_type": "skip"}
lengths = {
    "Adam": step_lengths(optimizers.Adam),
    "t six times too fast": step_lengths(reproduction.AdamHasty),
}
print(
    "Adam as torch.optim has it:", np.allclose(lengths["Adam"], step_lengths(torch.optim.Adam))
)

# %% slideshow={"slide_type": "subslide"}
figure = plotting.plot_curves(
    {name: (np.arange(1, len(y) + 1), y) for name, y in lengths.items()},
    title="With t too fast, the steps are too short at first, then too long",
    xlabel="step",
    ylabel="length of the step / lr",
    log="x",
)
for line in figure.axes[0].lines:  # markers evenly on the logarithmic axis
    line.set_markevery([int(m) - 1 for m in np.geomspace(1, 5000, 15)])
figure

# %%
hasty = lengths["t six times too fast"]
print(
    f"first step: {hasty[0]:.2f} lr; longest: {hasty.max():.2f} lr, in step {hasty.argmax() + 1}"
)
print(f"more than 1.5 lr in {(hasty > 1.5).sum()} steps")
print(f"within 1 % of lr from step {np.flatnonzero(np.abs(hasty - 1) > 0.01).max() + 2} on")

# %% [markdown] slideshow={"slide_type": "notes"}
# The mean of the gradients, $m$, takes some ten steps to fill, the mean of their squares, $v$, some thousand. $\hat m$ and
# $\hat v$ make up for that. With $t$ too large they do so by too little. At first the small $\hat m$ makes the steps
# too short. Then the small $\hat v$, in the denominator, makes them too long, for many hundreds of steps. (This is the last
# of six tensors. The first is counted right in its first step.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And at the end of 4,690 steps of training?

# %% slideshow={"slide_type": "fragment"}
ends = results[(results.source == "A") & (results.status != "")]
for order in ("shuffled", "fixed"):
    adams = 100 * ends[ends.order == order].pivot(
        index="seed", columns="rule", values="accuracy"
    )
    wrong_minus_right = (
        adams[["Adam, t six times a step"]].to_numpy() - adams[["Adam"]].to_numpy()
    )
    low, high = intervals(wrong_minus_right)
    print(
        f"wrong minus right, {order}, five seeds: between {low[0]:.2f} and {high[0]:.2f} points"
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both intervals hold 0: *no difference found*. (Intervals: see *The result*, below.) So a good accuracy does not show that a program is right. Compare the steps
# with a reference, as above. (Lecture 5 has more on this correction.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The learning rate, again
#
# Luck is one half of the problem. This is the other half. We take source B's network, and train it with each optimizer at
# nine learning rates, three seeds each. (50,000 digits to train on, and 10,000 of the training digits to judge by.)
#
# **Predict.** Draw accuracy against learning rate, for SGD, momentum and Adam. Who has the widest top? Who the highest?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
tried = benchmark.results()
comparing.plot_sensitivity(
    tried,
    ["SGD", "momentum", "Adam", "Lion", "Adadelta"],
    title="Tuned, the tops are level; untuned, anyone can win",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# The bands go from the lowest to the highest of three seeds; a ring marks the best.

# %%
trials = benchmark.ends(tried[tried.stage == "lr"])
for name in ("SGD", "momentum", "Adam"):
    means = 100 * trials[trials.optimizer == name].groupby("lr").accuracy.mean()
    wide = (means > means.max() - 1).sum()
    print(
        f"{name}: best {means.max():.1f} %; {wide} of {len(means)} learning rates are within a point of it"
    )

# %% [markdown] slideshow={"slide_type": "subslide"}
# The tops are at nearly the same height. What differs is *where* they are, how wide, and how steep the cliff to the right is.
# So "the same learning rate for all, to be fair" is not fair at all. It decides the race before it has begun:

# %%
for lr in (0.0001, 0.001, 0.01, 0.1, 1.0):
    means = 100 * trials[np.isclose(trials.lr, lr)].groupby("optimizer").accuracy.mean()
    first, last = means.idxmax(), means.idxmin()
    print(
        f"lr = {lr:<6g} {first} wins with {means[first]:.1f} %, {last} is last with {means[last]:.1f} %"
        f" (of the {len(means)} that tried it)"
    )

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A fair comparison
#
# 1. **The same effort for each.** Nine learning rates over four decades. Then four values of its second
#    hyperparameter. (SGD has none: it gets four more learning rates around its best.) Three seeds for each trial.
# 2. **Choose on validation pictures.** The test pictures are not looked at.
# 3. **Run the chosen setting again, with fresh seeds,** twenty of them, on the test pictures. The best trial was chosen
#    *because* it came out high, partly by luck. Fresh seeds take the luck out.

# %% [markdown] slideshow={"slide_type": "subslide"}
# 4. **Say how sure you are.** Give an interval for each difference, and say "no difference found" where it holds 0.
# 5. **Look at the edges.** If the best value is the last one tried, a better one may lie beyond. (The table puts it in
#    parentheses.)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Fourteen optimizers, from 1847 to 2024, all tuned. How far apart are the first and the last?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The result

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"} tags=["dense"]
comparing.standings_table(tried)

# %% [markdown] slideshow={"slide_type": "notes"}
# How to read it:
#
# - *An interval*: draw twenty seeds out of the twenty, with replacement, and see how far their mean is off; again and again. That
#   tells how far our mean may be off the mean of *all* seeds. Of a hundred such intervals, about 95 hold it.
# - *Test accuracy*: the mean over twenty seeds, with such an interval: it is about *other seeds*. Other digits to train on or to
#   be tested on would move it, too, and this table knows nothing of that.
# - *Behind the leader*: an interval for the difference. All differences between any two are covered *together* with about 95 %:
#   with fourteen optimizers there are 91 pairs, and one in twenty of these would be "significant" by luck alone.

# %% [markdown]
# - *Verdict*: *behind*, if the interval excludes 0. If it does not, we found no difference. (That is not the same as "they
#   are equal": with more seeds we might find one.)

# %%
table = benchmark.standings(tried)
leaders = table[table.verdict != "behind"]
print(f"{table.index[0]} has the highest mean: {table.accuracy.iloc[0]:.2f} %")
print(f"not told apart from it: {', '.join(leaders.index[1:]) or 'none'}")
print(f"from the first to the last of {len(table)}: {np.ptp(table.accuracy):.2f} points")
print(f"best learning rates: from {table.lr.min():.2g} to {table.lr.max():.2g}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Three things to notice
#
# **SGD is tenth, and yet "no difference found".** How can that be? Look at its twenty seeds, one by one:

# %%
final = 100 * tried[tried.stage == "final"].pivot(
    index=["step", "seed"], columns="optimizer", values="accuracy"
)
for name in ("ScheduleFree", "SGD"):
    print(
        f"{name:13}", " ".join(f"{accuracy:.1f}" for accuracy in sorted(final.loc[2500, name]))
    )
worst = final.loc[2500].SGD.idxmin()
print(
    final.loc[
        [(2400, worst), (2500, worst)], ["SGD", "RMSprop", "Adadelta", "Adam", "ScheduleFree"]
    ].to_string()
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One run is far below the others. A hundred steps before the end it was not. With the same seed, RMSprop and Adadelta fall, too:
# they saw the same digits last. One unlucky batch, at the very end. We said that the *last* step counts, and so
# it counts as much as all before it. That one run makes the interval wide.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Should we leave it out, or count the mean of the last five tests? **Not now.** Whoever chooses the score after seeing the
# results can choose the winner. Write it down before: next time, the mean of the last five tests would be wiser.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The leader hands out an average of its points.** (Lecture 6 says how. Of the others, only Lookahead does a little of it.)
# The rest ran at one learning rate to the end. Averaging does much of what a *falling* learning rate does: it calms the
# noise.

# %% [markdown] slideshow={"slide_type": "notes"}
# (It is not as simple as that: Adagrad's steps shrink, too, and it is twelfth.)

# %% [markdown]
# So the table does not say "this rule is better". It may say "somebody should lower the learning rate". To find
# out, give everyone a schedule and run it again.

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Look at the parentheses.** No learning rate is at an edge, but some second hyperparameters are, the leader's among them. It
# might do better still.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### How they got there

# %%
figure = comparing.plot_bands(
    tried,
    ["SGD", "Adam", "ScheduleFree"],
    title="Single runs of SGD and Adam fall until the end; of the average, none does",
)
figure.axes[0].set_ylim(94, 98)
figure

# %% [markdown] slideshow={"slide_type": "notes"}
# Lines are means over twenty seeds, bands go from the lowest to the highest. A dip of a band is one run that falls.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who is fastest?
#
# Accuracy at the end is one question. *How soon* is another. We ask when each run first reaches 97 % on the test pictures.
#
# **Predict.** Will the order be the same in steps and in seconds?

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# #### Then look

# %% slideshow={"slide_type": "subslide"}
comparing.plot_time_to_target(
    tried, 0.97, title="The order in steps is not the order in seconds"
)

# %%
times = (
    benchmark.time_to_target(tried, 0.97).groupby("optimizer")[["steps", "seconds"]].median()
)
for unit in times:
    print(f"fastest in {unit}:", ", ".join(times[unit].nsmallest(5).index))

# %% [markdown] slideshow={"slide_type": "notes"}
# - Each dot is a run, each bar a median. The runs are tested every 100 steps, so nothing is finer than that.
# - The order changes: a step of SGD or momentum costs less than one of Adam and its family. On a network as small as this one,
#   the update is a large part of the step; on a large one with large batches, it is not.
# - They were tuned for the accuracy at the end, not for this. And a curve that jumps up and down gets over a line earlier
#   than a smooth one of the same height.
# - The seconds are those of one machine, with two runs at a time. Take them as a hint.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Run one yourself
#
# The same program, on the digits that come with the course: three optimizers, five learning rates and two values of the second
# hyperparameter, one seed a trial, five fresh seeds. It takes some ten seconds.

# %% slideshow={"slide_type": "skip"}
folder = (
    tempfile.mkdtemp()
)  # name a folder of your own, such as "my-benchmark", to keep the results

# %% [markdown] slideshow={"slide_type": "notes"}
# Each run is kept in the folder as soon as it is done. Stop the next cell, and run it again: it goes on from there. Change the
# setting and see who wins *your* benchmark.

# %% slideshow={"slide_type": "skip"}
setting = Setting("mnist-5k", epochs=6, batch_size=64)
effort = {"lrs": 5, "values": 2, "tuning_seeds": 1, "final_seeds": 5}
mine = benchmark.compare(setting, ["SGD", "momentum", "Adam"], folder, **effort)

# %% tags=["nbval-ignore-output"]
comparing.standings_table(mine)

# %% [markdown] slideshow={"slide_type": "notes"}
# Run the last two cells again: nothing is trained twice.

# %% [markdown] slideshow={"slide_type": "fragment"}
# With five seeds and 1,000 test digits the intervals are wide. Which of your verdicts are "no difference found"?

# %% [markdown] slideshow={"slide_type": "notes"}
# *More than one process.* `compare(..., workers=2)` trains two at a time. On a cluster, start
# [dask.distributed](https://distributed.dask.org) and put `joblib.parallel_config("dask")` around the call. A worker that dies is replaced.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# Each of these has been published.
#
# | mistake | what it does |
# | --- | --- |
# | one run each | ranks luck: *Luck alone*, above |
# | one learning rate for all, or each at its default | ranks who happens to suit it: *The learning rate, again* |
# | more care for one's own method | the others look worse than they are |
# | tuning on the test pictures | the best trial looks better than it is |
# | reporting the best epoch, or the best seed | the same, once more |
# | the best lr is the last one tried | nobody knows how good it could have been |
# | training and test accuracy mixed up in the records | notebook E stores the one as the other |
# | no seed is set before each model | every optimizer starts elsewhere |
# | a loss summed here and averaged there | the same lr means something else: lecture 1 |
# | "no difference found" read as "equal" | with few seeds, everything is equal |

# %% [markdown] slideshow={"slide_type": "subslide"}
# Tuning on the test pictures is the most tempting. How much does it flatter? Take the best of many trials by the pictures
# that chose it, and then the same setting on others:

# %% slideshow={"slide_type": "fragment"}
rng = np.random.default_rng(1)
# 10,000 times: 13 trials, all equally good, judged with a noise of 0.2 points, and judged anew on other pictures
chose, others = rng.normal(0, 0.2, size=(2, 10_000, 13))
best = chose.argmax(axis=1)[:, None]
for name, luck in (("the pictures that chose it", chose), ("others", others)):
    lead = round(np.take_along_axis(luck, best, axis=1).mean(), 2) + 0.0
    print(f"the best trial, on {name}: {lead:+.2f} points")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# A comparison that one can believe takes many runs. Ours:

# %%
runs = benchmark.ends(tried)
spent = runs.groupby("stage", sort=False).agg(
    runs=("seconds", "size"), minutes=("seconds", "sum")
)
print(spent.assign(minutes=(spent.minutes / 60).round(1)).to_string())

# %% [markdown]
# That is cheap, because the network is small. For a large one, do less of everything, but leave nothing out: three
# learning rates are better than one, three seeds are better than one, and an interval that is wide is better than none.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Summary
#
# | question | answer |
# | --- | --- |
# | what is one run worth? | little: two runs of one optimizer can differ more than the first four of the published table |
# | does the published experiment reproduce? | B's means do, within a point; its winner does not. A's do not quite: too little is printed |
# | what decides a race of untuned optimizers? | who happens to suit the learning rate |
# | what makes it fair? | the same effort for each, validation pictures to choose, fresh seeds and test pictures to judge |
# | when is one better? | when the interval of the difference excludes 0, with an allowance for the number of pairs |
# | and if it does not? | *no difference found* |
# | who wins on MNIST? | see the table: tuned, all fourteen are within a point; a wrong learning rate costs more than any choice |

# %% [markdown] slideshow={"slide_type": "notes"}
# **Next.** Does it hold on a real network? CIFAR-10 with ResNet-18 (lecture 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# **They answer back:** [the exercises of this lecture](exercises/student/10_a_benchmark_you_can_believe.ipynb) try what you write, and say which
# mistake it is.

# %% [markdown] slideshow={"slide_type": "notes"}
# Three more to think about; add a cell below each and try.
#
# **1.** Compare again, with the first three final seeds only: `comparing.standings_table(tried[tried.seed < 1003])`. How many
# verdicts are left?
#
# <details><summary>Answer</summary>The intervals grow so much that not one difference is found. With three seeds, 91 pairs
# cannot be told apart.</details>
#
# **2.** Give SGD a second hyperparameter, weight decay: make a
# `decay = benchmark.Contender("SGD + decay", optimizers.SGD, 1e-3, 10, "weight_decay", (1e-4, 1e-5, 1e-3, 1e-2))` and let it race
# plain SGD: `benchmark.compare(setting, [decay, "SGD"], folder, **effort)`. Is there a difference?
#
# <details><summary>What to look at</summary>The verdict. With five seeds and so few digits, an effect of a point can hide in the
# interval.</details>
#
# **3.** A friend tunes her own optimizer with 50 trials and yours with 5. How much does that flatter hers, if all trials are
# equally good and the noise is 0.2 points? Change the last lottery.
#
# <details><summary>Answer</summary>The best of 50 is about 0.45 points up, the best of 5 about 0.23: a lead of 0.2 points,
# out of nothing, on the pictures that chose.</details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - D. Choi and others, [On Empirical Comparisons of Optimizers for Deep Learning](https://arxiv.org/abs/1910.05446), 2019: the
#   tuning decides the ranking.
# - R. M. Schmidt, F. Schneider, P. Hennig, [Descending through a Crowded Valley](https://arxiv.org/abs/2007.01547), ICML 2021:
#   fifteen optimizers, more than 50,000 runs.
# - G. E. Dahl and others, [Benchmarking Neural Network Training Algorithms](https://arxiv.org/abs/2306.07179), 2023: time to target, with
#   the tuning counted.
# - X. Bouthillier and others, [Accounting for Variance in Machine Learning Benchmarks](https://arxiv.org/abs/2103.03098), MLSys 2021.
# - B. Efron, R. J. Tibshirani, *An Introduction to the Bootstrap*, Chapman & Hall, 1993: intervals by resampling.
# - J. P. Romano, M. Wolf, [Stepwise Multiple Testing as Formalized Data Snooping](https://doi.org/10.1111/j.1468-0262.2005.00615.x),
#   Econometrica 73, 2005: many comparisons at once.
