"""What the course is built from: what is in its five sources has its place in a lecture, as the index says."""

import functools
import re

import nbformat
import pytest
from conftest import ROOT

# Of each source: its sections, experiments, figures, formulas and mistakes, and what the cells of its place must hold.
WANTED = [
    ("A", "gradient descent, by hand", "show_rule\\(rules\\.sgd\\)"),
    ("A", "lr decayed linearly, its two formulas", "of_a = schedules\\.Linear\\(lr=0\\.005"),
    ("A", "MNIST restricted to 0 and 1", "classes=\\[0, 1\\]"),
    ("A", "momentum", "def polyak"),
    ("A", "Nesterov, the gradient at w + αv", "def textbook"),
    ("A", "Adagrad, δ inside the root", "np\\.sqrt\\(g\\*\\*2 \\+ 1e-6\\)"),
    ("A", "RMSProp", "show_rule\\(rules\\.rmsprop\\)"),
    ("A", "RMSProp with Nesterov's momentum", "show_rule\\(rules\\.rmsprop_nesterov\\)"),
    ("A", "Adam", "show_rule\\(rules\\.adam\\)"),
    ("A", "its table of accuracies, run again", "plot_reproduction"),
    ("A", "mistake: α is missing before v", "def forgot_momentum"),
    ("A", "mistake: Adam's t, once per tensor", "AdamHasty"),
    ("A", "mistake: a velocity left over", "with_leftover"),
    ("A", "mistake: a sum of 64, never averaged", 'reduction="sum"'),
    ("A", "mistake: lr and its decay, changed at once", "constant 0\\.005"),
    ("A", "mistake: eight copies of one loop", "def train\\(rule, seed=0"),
    ("A, B", "mistake: one untuned run each, read as a ranking", "one run each"),
    ("B", "batch, single-sample, mini-batch", "Mini-batch"),
    ("B", "all against SGD: long valley, Beale, saddle", "surfaces\\.saddle"),
    ("B", "oscillation across a ravine", "across the valley"),
    ("B", "out of a local minimum", "local_minimum"),
    ("B", "look first, then correct", "look_ahead\\("),
    ("B", "Adagrad's step dies out", "dying = step_lengths\\(rules\\.adagrad"),
    ("B", "the exponential average", "\\(1 - rho\\) \\* rho\\*\\*age"),
    ("B", "Adam's start-up bias", "uncorrected = "),
    ("B", "Adadelta's step without units", "metres² per euro"),
    ("B", "AdaMax", "show_rule\\(rules\\.adamax\\)"),
    ("B", "the first ten steps of Adam, and warm-up", "erratic in its first ten steps"),
    ("B", "RAdam's rectification", "show_rule\\(rules\\.radam\\)"),
    ("B", "Lookahead, slow and fast weights", "pair\\.follow"),
    ("B", "Lookahead around Adam at lr 0.01", "def adam_run"),
    ("B", "Ranger", "show_rule\\(rules\\.ranger\\)"),
    ("B", "memory beside the parameters", "velocity left over"),
    ("B", "the family tree", "family_tree\\(\\)"),
    ("B", "its table of accuracies, run again", "plot_reproduction"),
    ("B", "mistake: m / (1 - β)", "The clock says 1|the clock says 1"),
    ("B", "mistake: RAdam's section runs another class", "their_radam"),
    (
        "B",
        "mistake: batch and one-sample descent that are mini-batch",
        "programs that announce batch or single",
    ),
    ("B", "mistake: one program eleven times", "eleven times"),
    ("C", "question: gradient descent, 2 and 30 steps", "-4\\.232"),
    ("C", "question: momentum as an average, 2 and 30 steps", "-4\\.268"),
    ("C", "question: RMSProp, 2 and 30 steps", "-3\\.435"),
    ("C", "question: Adam, 2 and 30 steps", "-4\\.600"),
    ("C", "mistake: ε beside the ratio", "class Misplaced"),
    ("C", "a deep network that stays at chance", "vanishing\\.results\\(\\)"),
    ("C", "its 300 epochs", "none, 300 epochs"),
    ("C", "mistake: no cause", "odot W_"),
    ("C", "mistake: no cure", "vanishing\\.table\\(results\\)"),
    ("D", "param_groups, frozen layers", "class Version1"),
    ("D", "dampening", "dampening=0\\.9"),
    ("D", "state, in-place arithmetic", "self\\.state\\[p\\]"),
    ("D", "the check by hand", "3 \\* a\\*\\*3 - b\\*\\*2"),
    ("D", "closures, the finished class", "closure\\(\\) if closure"),
    ("D", "its training: split, 0 to 255, validated, with a bar", "255 \\* split"),
    ("D", "final project: nesterov", "D's final project"),
    ("D", "mistake: weight decay edits p.grad", "g\\.add_\\(p"),
    ("D", "mistake: return loss names nothing", "NameError"),
    ("D", "mistake: nesterov=True is ignored", "nesterov=True"),
    ("D", "mistake: dropout declared, never applied", "Dropout"),
    ("D", "mistake: all warnings silenced", "simplefilter"),
    ("E", "four views of Ackley's function", "plot_surface"),
    ("E", "descent from (-2, -2), with and without momentum", "def as_published"),
    ("E", "the numerical gradient", "central_difference\\(ackley"),
    ("E", "mistake: a difference that divides only its second term", "wrong, right = published_difference"),
    ("E", "mistake: a velocity as a mutable default", "velocity=\\[0\\.0, 0\\.0\\]"),
    ("E", "mistake: the Nesterov that it announces is missing", "show_rule\\(rules\\.nesterov\\)"),
    ("E", "mistake: a step shorter than h, taken for arrival", "t, walk = stops"),
    ("E", "mistake: ASGD whose average never begins", "for t0 in \\(1e6"),
    ("E", "random flip, padded crop", "random_crop\\(same\\)"),
    ("E", "normalisation of each channel", "of_all, of_each"),
    ("E", "ResNet-18 of torchvision", "FlopCounterMode"),
    ("E", "weights pretrained on ImageNet", "pretrained=True"),
    ("E", "seven optimizers", "cifar10\\.OF_E"),
    ("E", "a line for each epoch", "cifar10\\.table\\(defaults\\)"),
    ("E", "four curve plots", "plot_epochs\\(defaults"),
    ("E", "results kept on disk", "file\\.unlink"),
    ("E", "mistake: the model never trains again", "never train\\(\\) again"),
    ("E", "mistake: training accuracies stored as test accuracies", "what E shows as the test"),
    ("E", "mistake: validation builds graphs", "saved_tensors_hooks"),
    ("E", "mistake: optimizers by eval of strings", "AdamWW"),
    ("E", "mistake: results are pickles", "__reduce__"),
    ("E", "mistake: no seed before each model", "five starts"),
]

ROW = re.compile(r"^# \| ([A-E](?:, [A-E])*) \| (.+?) \| (.+?) \|$", flags=re.M)
LINK = re.compile(r"\[([^\]]+)\]\(([\w.]*)#([^)]+)\)")
TABLE = {(s, what): place for s, what, place in ROW.findall((ROOT / "notebooks" / "index.py").read_text("utf-8"))}


@functools.cache
def cells_of(file: str) -> list:
    return nbformat.read(ROOT / "notebooks" / file, as_version=4).cells


def section(file: str, anchor: str) -> str:
    """The cells of a notebook from a heading on, up to the next that is not below it."""
    text, level = [], 0
    for cell in cells_of(file):
        parts = re.split(r"(?m)^(?=#{1,6} )", cell.source) if cell.cell_type == "markdown" else [cell.source]
        for part in parts:
            heading = re.match(r"(#{1,6}) (.+)", part) if cell.cell_type == "markdown" else None
            if level and heading and len(heading[1]) <= level and heading[2] != "Then look":
                return "\n".join(text)
            if not level and heading and heading[2].strip().replace(" ", "-") == anchor:
                level = len(heading[1])
            if level:
                text.append(part)
    return "\n".join(text)


def test_the_table_has_a_line_for_everything_and_for_nothing_else():
    assert set(TABLE) == {(source, what) for source, what, _ in WANTED}


@pytest.mark.parametrize(("source", "what", "evidence"), WANTED, ids=lambda v: v.replace(" ", "-")[:40])
def test_everything_in_the_sources_is_where_the_index_says(source, what, evidence):
    ((_, file, anchor),) = LINK.findall(TABLE[source, what])
    cells = section(file or "index.ipynb", anchor)
    assert cells, f"{file} has no heading {anchor}"
    assert re.search(evidence, cells), f"{evidence} is not under {anchor} of {file}"


def test_what_is_looked_for_is_in_few_places():
    """Or it would be found under any heading."""
    sections = []
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        sections += re.split(r"(?m)^(?=## )", "\n".join(cell.source for cell in cells_of(file.name)))
    for source, what, evidence in WANTED:
        assert sum(bool(re.search(evidence, text)) for text in sections) <= 6, (source, what)


def test_a_section_ends_where_the_next_begins():
    whole = section("01_gradient_descent.ipynb", "What-can-go-wrong")
    assert "A sum is not a mean" in whole
    assert "forgot_zero_grad" in whole  # of its second part
    assert "What it costs" not in whole
    assert "forgot_zero_grad" not in section("01_gradient_descent.ipynb", "A-sum-is-not-a-mean")
    assert section("01_gradient_descent.ipynb", "No-such-heading") == ""
