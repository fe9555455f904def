# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Downhill
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/downhill/blob/main/notebooks/index.ipynb)
#
# **A course on how neural networks are optimised, to be played with.**
#
# Click on lecture 1, then choose **Run → Run All Cells** in the menu. Drag a slider. Everything else follows from there.
#
# | | lecture | the question it answers |
# | --- | --- | --- |
# | 1 | [Gradient descent](01_gradient_descent.ipynb) | How long may a step be, and what is a gradient worth? |
# | 2 | [Learning-rate schedules](02_learning_rate_schedules.ipynb) | Why does a constant learning rate never quite arrive when the gradient is noisy? |
# | 3 | [Momentum and Nesterov](03_momentum.ipynb) | How does one stop zigzagging? |
# | 4 | [Adagrad, RMSProp, Adadelta](04_steps_of_their_own.ipynb) | Should each weight have a step of its own? |
# | 5 | [Adam and its family](05_adam.ipynb) | What does everyone use, and why does it need a warm-up? |
# | 6 | [Averages and look-ahead](06_averages.ipynb) | Is the last point the best one? |
# | 7 | [After Adam](07_after_adam.ipynb) | What came after Adam, and which rule should *you* train with? |
# | 8 | [Why a deep network does not learn](08_why_a_deep_network_does_not_learn.ipynb) | Where does the gradient go? |
# | 9 | [The race](09_the_race.ipynb) | Who wins, and why does nobody win everywhere? |
# | 10 | [A benchmark you can believe](10_a_benchmark_you_can_believe.ipynb) | How does one compare optimizers fairly? |
# | 11 | [CIFAR-10 with ResNet-18](11_cifar10_with_resnet18.ipynb) | Does it hold on a real network? |
#
# Each one reads well alone. As a talk, each takes an hour or so: see [the plan](#A-plan-for-the-lecturer) below.
#
# To each belongs a notebook of exercises that answer back: write a rule, and a second later you know which mistake it is. They are in the
# folder [exercises/student](exercises/student/01_gradient_descent.ipynb), and linked at the end of each lecture.

# %% jupyter={"source_hidden": true} slideshow={"slide_type": "skip"} tags=["colab"]
# On Google Colab, this installs the course's package. Colab's own torch, numpy and ipywidgets stay as they are.
# Anywhere else, it does nothing.
import sys
from importlib.util import find_spec

from IPython import get_ipython

if "google.colab" in sys.modules and find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/downhill")

# %% [markdown]
# Is everything installed? Run the next cell: it loads the digits that the lectures learn from, which come with the course.

# %%
from course_utils import data

data.load("mnist-5k")

# %% [markdown]
# ## How the lectures work
#
# - **Predict** means: stop, and commit to an answer before you look.
# - Every update rule is shown with the line of code that runs, from the package `course_utils`. No second version exists.
# - Every result in the text comes from a cell that you can run.
# - Change anything. `Run → Restart Kernel and Run All Cells` brings it back to order.
#
# ## Where the rules come from
#
# The rules of lectures 1 to 7. What each adds to the one before it is in its box. The years are those of the papers that the cards in the
# lectures name. Much was found more than once, and not every inventor knew the older rule. (Descent along *noisy* gradients is from 1951.)

# %%
from course_utils.family import family_tree

family_tree()

# %% [markdown]
# ## A plan for the lecturer
#
# `make slides` makes slides of each lecture, with presenter's notes. From them, the table estimates how long a lecture takes: 130 words a
# minute, a minute for each question that the room thinks about, and a minute for each explorer that is played with. (An estimate: it was not
# timed in a room.) What the lectures mark *(For home)* can be left out; the last columns say in which section you then are.
#
# <!-- made by make plan -->
#
# | lecture | slides | minutes | without what is for home | at 15 min | at 30 min | at 45 min |
# | --- | --- | --- | --- | --- | --- | --- |
# | 1 · Gradient descent | 51 | 41 | 38 | The price of a wrong guess | The learning rate, in 79,510 dimensions |  |
# | 2 · Learning-rate schedules | 43 | 40 | 39 | Three sliders | With each its best |  |
# | 3 · Momentum and Nesterov | 60 | 57 | 57 | Three ways to write it | Look first, then correct | Version 2: in place, with a memory |
# | 4 · Steps of their own: Adagrad, RMSProp, Adadelta | 65 | 65 | 61 | A valley that is turned | RMSProp with two sliders | Adadelta's slow start |
# | 5 · Adam and its family | 63 | 59 | 56 | How long to remember | The first steps | ε in the wrong place |
# | 6 · Averages and look-ahead | 61 | 56 | 47 | A decay in disguise | Schedule-Free | Exercises |
# | 7 · After Adam | 70 | 65 | 48 | Lion on the digits | All of them on the digits | Special cases |
# | 8 · Why a deep network does not learn | 58 | 54 | 49 | Cure 1: better first weights | Cure 5: a better optimizer | Summary |
# | 9 · The race | 70 | 76 | 46 | The rules of the race | The price of an angle | Exercises |
# | 10 · A benchmark you can believe | 37 | 30 | 30 | The learning rate, again | Exercises |  |
# | 11 · CIFAR-10 with ResNet-18 | 80 | 57 | 42 | Then tuned | What breaks |  |
#
# <!-- end -->

# %% [markdown]
# ## What the course is built from
#
# Five public teaching notebooks were the beginning: A, every rule written by hand; B, twelve optimizers of torch; C, a quiz in NumPy, and a network
# that does not learn; D, how to write an optimizer; E, Ackley's function, and seven optimizers on CIFAR-10. This course teaches all that they teach, and shows their mistakes at
# work. Where each of their parts is now:
#
# | | what it has | where it is |
# | --- | --- | --- |
# | A | gradient descent, by hand | [1 · The rule](01_gradient_descent.ipynb#The-rule) |
# | A | lr decayed linearly, its two formulas | [2 · Linear decay](02_learning_rate_schedules.ipynb#Linear-decay) |
# | A | MNIST restricted to 0 and 1 | [1 · Real digits](01_gradient_descent.ipynb#Real-digits) |
# | A | momentum | [3 · Three ways to write it](03_momentum.ipynb#Three-ways-to-write-it) |
# | A | Nesterov, the gradient at w + αv | [3 · Nesterov's rule](03_momentum.ipynb#Nesterov's-rule) |
# | A | Adagrad, δ inside the root | [4 · Inside or outside the root](04_steps_of_their_own.ipynb#Inside-or-outside-the-root) |
# | A | RMSProp | [4 · RMSProp](04_steps_of_their_own.ipynb#RMSProp) |
# | A | RMSProp with Nesterov's momentum | [4 · RMSProp with Nesterov's momentum](04_steps_of_their_own.ipynb#RMSProp-with-Nesterov's-momentum) |
# | A | Adam | [5 · The rule](05_adam.ipynb#The-rule) |
# | A | its table of accuracies, run again | [10 · The other notebook](10_a_benchmark_you_can_believe.ipynb#The-other-notebook) |
# | A | mistake: α is missing before v | [4 · The forgotten momentum](04_steps_of_their_own.ipynb#The-forgotten-momentum) |
# | A | mistake: Adam's t, once per tensor | [10 · A mistake in the program: does it show?](10_a_benchmark_you_can_believe.ipynb#A-mistake-in-the-program:-does-it-show?) |
# | A | mistake: a velocity left over | [5 · A velocity left over](05_adam.ipynb#A-velocity-left-over) |
# | A | mistake: a sum of 64, never averaged | [1 · A sum is not a mean](01_gradient_descent.ipynb#A-sum-is-not-a-mean) |
# | A | mistake: lr and its decay, changed at once | [2 · Two changes at once](02_learning_rate_schedules.ipynb#Two-changes-at-once) |
# | A | mistake: eight copies of one loop | [4 · Eight rules, one loop](04_steps_of_their_own.ipynb#Eight-rules,-one-loop) |
# | A, B | mistake: one untuned run each, read as a ranking | [10 · A table, as published](10_a_benchmark_you_can_believe.ipynb#A-table,-as-published) |
# | B | batch, single-sample, mini-batch | [1 · How many pictures for one step?](01_gradient_descent.ipynb#How-many-pictures-for-one-step?) |
# | B | all against SGD: long valley, Beale, saddle | [7 · Three landscapes](07_after_adam.ipynb#Three-landscapes) |
# | B | oscillation across a ravine | [3 · What the slopes have in common](03_momentum.ipynb#What-the-slopes-have-in-common) |
# | B | out of a local minimum | [3 · Out of a hollow](03_momentum.ipynb#Out-of-a-hollow) |
# | B | look first, then correct | [3 · Look first, then correct](03_momentum.ipynb#Look-first,-then-correct) |
# | B | Adagrad's step dies out | [4 · The dying step](04_steps_of_their_own.ipynb#The-dying-step) |
# | B | the exponential average | [4 · An average that forgets](04_steps_of_their_own.ipynb#An-average-that-forgets) |
# | B | Adam's start-up bias | [5 · The bias of the start](05_adam.ipynb#The-bias-of-the-start) |
# | B | Adadelta's step without units | [4 · Units](04_steps_of_their_own.ipynb#Units) |
# | B | AdaMax | [5 · AdaMax: the largest instead of the mean](05_adam.ipynb#AdaMax:-the-largest-instead-of-the-mean) |
# | B | the first ten steps of Adam, and warm-up | [5 · The first steps](05_adam.ipynb#The-first-steps) |
# | B | RAdam's rectification | [5 · RAdam: a warm-up that is computed](05_adam.ipynb#RAdam:-a-warm-up-that-is-computed) |
# | B | Lookahead, slow and fast weights | [6 · Lookahead](06_averages.ipynb#Lookahead) |
# | B | Lookahead around Adam at lr 0.01 | [6 · Around Adam](06_averages.ipynb#Around-Adam) |
# | B | Ranger | [6 · Ranger](06_averages.ipynb#Ranger) |
# | B | memory beside the parameters | [5 · What it costs](05_adam.ipynb#What-it-costs) |
# | B | the family tree | [Where the rules come from](#Where-the-rules-come-from) |
# | B | its table of accuracies, run again | [10 · Once more, with other random numbers](10_a_benchmark_you_can_believe.ipynb#Once-more,-with-other-random-numbers) |
# | B | mistake: m / (1 - β) | [5 · A clock that stands still, a clock that runs](05_adam.ipynb#A-clock-that-stands-still,-a-clock-that-runs) |
# | B | mistake: RAdam's section runs another class | [5 · A class under another name](05_adam.ipynb#A-class-under-another-name) |
# | B | mistake: batch and one-sample descent that are mini-batch | [1 · By the picture](01_gradient_descent.ipynb#By-the-picture) |
# | B | mistake: one program eleven times | [4 · Eight rules, one loop](04_steps_of_their_own.ipynb#Eight-rules,-one-loop) |
# | C | question: gradient descent, 2 and 30 steps | [1 · By hand](01_gradient_descent.ipynb#By-hand) |
# | C | question: momentum as an average, 2 and 30 steps | [3 · Momentum by hand](03_momentum.ipynb#Momentum-by-hand) |
# | C | question: RMSProp, 2 and 30 steps | [4 · RMSProp by hand](04_steps_of_their_own.ipynb#RMSProp-by-hand) |
# | C | question: Adam, 2 and 30 steps | [5 · Two steps by hand](05_adam.ipynb#Two-steps-by-hand) |
# | C | mistake: ε beside the ratio | [5 · ε in the wrong place](05_adam.ipynb#ε-in-the-wrong-place) |
# | C | a deep network that stays at chance | [8 · A published network that does not learn](08_why_a_deep_network_does_not_learn.ipynb#A-published-network-that-does-not-learn) |
# | C | its 300 epochs | [8 · Cure 6: patience](08_why_a_deep_network_does_not_learn.ipynb#Cure-6:-patience) |
# | C | mistake: no cause | [8 · Why: a product](08_why_a_deep_network_does_not_learn.ipynb#Why:-a-product) |
# | C | mistake: no cure | [8 · After each cure](08_why_a_deep_network_does_not_learn.ipynb#After-each-cure) |
# | D | param_groups, frozen layers | [3 · Version 1: parameters in groups](03_momentum.ipynb#Version-1:-parameters-in-groups) |
# | D | dampening | [3 · Three ways to write it](03_momentum.ipynb#Three-ways-to-write-it) |
# | D | state, in-place arithmetic | [3 · Version 2: in place, with a memory](03_momentum.ipynb#Version-2:-in-place,-with-a-memory) |
# | D | the check by hand | [3 · A test by hand comes first](03_momentum.ipynb#A-test-by-hand-comes-first) |
# | D | closures, the finished class | [3 · Version 4: complete](03_momentum.ipynb#Version-4:-complete) |
# | D | its training: split, 0 to 255, validated, with a bar | [3 · D's training, with a progress bar](03_momentum.ipynb#D's-training,-with-a-progress-bar) |
# | D | final project: nesterov | [3 · Exercises](03_momentum.ipynb#Exercises) |
# | D | mistake: weight decay edits p.grad | [3 · Version 2: in place, with a memory](03_momentum.ipynb#Version-2:-in-place,-with-a-memory) |
# | D | mistake: return loss names nothing | [3 · Version 3: what step returns](03_momentum.ipynb#Version-3:-what-step-returns) |
# | D | mistake: nesterov=True is ignored | [3 · Version 2: in place, with a memory](03_momentum.ipynb#Version-2:-in-place,-with-a-memory) |
# | D | mistake: dropout declared, never applied | [3 · Declared, and never applied](03_momentum.ipynb#Declared,-and-never-applied) |
# | D | mistake: all warnings silenced | [3 · All warnings silenced](03_momentum.ipynb#All-warnings-silenced) |
# | E | four views of Ackley's function | [9 · One landscape, four views](09_the_race.ipynb#One-landscape,-four-views) |
# | E | descent from (-2, -2), with and without momentum | [9 · E's descent](09_the_race.ipynb#E's-descent) |
# | E | the numerical gradient | [9 · Numerical against exact](09_the_race.ipynb#Numerical-against-exact) |
# | E | mistake: a difference that divides only its second term | [9 · From elsewhere](09_the_race.ipynb#From-elsewhere) |
# | E | mistake: a velocity as a mutable default | [9 · A velocity that outlives its run](09_the_race.ipynb#A-velocity-that-outlives-its-run) |
# | E | mistake: the Nesterov that it announces is missing | [9 · With more momentum](09_the_race.ipynb#With-more-momentum) |
# | E | mistake: a step shorter than h, taken for arrival | [9 · A short step is no arrival](09_the_race.ipynb#A-short-step-is-no-arrival) |
# | E | mistake: ASGD whose average never begins | [6 · An average that never begins](06_averages.ipynb#An-average-that-never-begins) |
# | E | random flip, padded crop | [11 · More pictures than there are](11_cifar10_with_resnet18.ipynb#More-pictures-than-there-are) |
# | E | normalisation of each channel | [11 · Why the network normalises](11_cifar10_with_resnet18.ipynb#Why-the-network-normalises) |
# | E | ResNet-18 of torchvision | [11 · A network for larger pictures](11_cifar10_with_resnet18.ipynb#A-network-for-larger-pictures) |
# | E | weights pretrained on ImageNet | [11 · Weights that were trained elsewhere](11_cifar10_with_resnet18.ipynb#Weights-that-were-trained-elsewhere) |
# | E | seven optimizers | [11 · Twelve optimizers](11_cifar10_with_resnet18.ipynb#Twelve-optimizers) |
# | E | a line for each epoch | [11 · The benchmark, recorded](11_cifar10_with_resnet18.ipynb#The-benchmark,-recorded) |
# | E | four curve plots | [11 · The benchmark, recorded](11_cifar10_with_resnet18.ipynb#The-benchmark,-recorded) |
# | E | results kept on disk | [11 · Stop it, and go on](11_cifar10_with_resnet18.ipynb#Stop-it,-and-go-on) |
# | E | mistake: the model never trains again | [11 · The model that never trains again](11_cifar10_with_resnet18.ipynb#The-model-that-never-trains-again) |
# | E | mistake: training accuracies stored as test accuracies | [11 · Training accuracies under the name of test accuracies](11_cifar10_with_resnet18.ipynb#Training-accuracies-under-the-name-of-test-accuracies) |
# | E | mistake: validation builds graphs | [11 · A validation that builds graphs](11_cifar10_with_resnet18.ipynb#A-validation-that-builds-graphs) |
# | E | mistake: optimizers by eval of strings | [11 · Optimizers out of strings](11_cifar10_with_resnet18.ipynb#Optimizers-out-of-strings) |
# | E | mistake: results are pickles | [11 · Results as pickles](11_cifar10_with_resnet18.ipynb#Results-as-pickles) |
# | E | mistake: no seed before each model | [11 · No seed before each model](11_cifar10_with_resnet18.ipynb#No-seed-before-each-model) |
#
# Code: MIT licence. Texts and figures: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).
