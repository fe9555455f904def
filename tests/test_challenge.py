"""The race against Adam, and its leaderboard."""

from course_utils import exercises, rules, surfaces
from course_utils.descent import descend
from course_utils.exercises import attempts, challenge

import pandas as pd
import pytest
import torch

CHALLENGE = exercises.beat_adam


def adam(x, g, s, t):
    return rules.adam(x, g, s, t, lr=CHALLENGE.lr)


def better(x, g, s, t):
    return rules.adam(x, g, s, t, lr=0.4 * 0.97**t, beta1=0.8, beta2=0.8)


def knows_the_minimum(x, g, s, t):
    return torch.tensor(surfaces.beale.minima[0], dtype=torch.float64), s


def explodes(x, g, s, t):
    return x - 100 * g, s


def judged(rule, seed=0):
    return CHALLENGE.judge(attempts.run_here(CHALLENGE.trial.seeded(seed), rule), seed)


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_a_better_rule_passes(seed):
    verdict = judged(better, seed)
    assert verdict.passed
    assert "You beat Adam" in verdict.text


@pytest.mark.parametrize("seed", [0, 1])
def test_adam_does_not_beat_itself(seed):
    told = attempts.run_here(CHALLENGE.trial.seeded(seed), adam)
    x = torch.stack([record.values for record in told.records], dim=1)
    assert (
        CHALLENGE.trial.arrivals(x).tolist() == CHALLENGE.rivals(seed).tolist()
    )  # that the map was moved changes nothing
    assert not judged(adam, seed).passed


@pytest.mark.parametrize("rule", [knows_the_minimum, explodes])
def test_neither_cheating_nor_diverging_arrives(rule):
    verdict = judged(rule)
    assert not verdict.passed
    assert "200.0 steps on average, arrived from 0 of 16" in verdict.text
    assert verdict.figure is not None


def test_the_rival_has_its_best_lr():
    trial = CHALLENGE.trial
    lr = CHALLENGE.lr
    paths = descend(trial.surface, rules.adam, start=trial.all_starts(), steps=trial.steps, lr=challenge.LRS)
    means = trial.arrivals(paths.x).mean(dim=0)
    assert means[challenge.LRS.index(lr)] == means.min()
    assert challenge.LRS[0] < lr < challenge.LRS[-1]


def test_the_seeds_have_other_starts():
    assert not torch.equal(CHALLENGE.trial.seeded(0).all_starts(), CHALLENGE.trial.seeded(1).all_starts())


def test_the_leaderboard_keeps_the_last_of_each_and_the_rival_is_one(tmp_path):
    file = tmp_path / "class.csv"
    CHALLENGE.enter(explodes, "Ada", file)
    CHALLENGE.enter(adam, "Bo, of 9b | *Adam*", file)
    board = CHALLENGE.enter(better, "Ada", file).data
    rows = pd.read_csv(file, names=challenge.COLUMNS)
    assert rows.name.tolist() == ["Ada", "Bo, of 9b | *Adam*", "Ada"]
    assert rows.part[1] == 1  # Adam against itself, from whatever starts
    assert rows.part[2] < 0.9 < 1.2 < rows.part[0]
    assert board.count("| Ada |") == 1
    assert board.index("| Ada |") < board.index("| *Adam* |")
    assert "9b \\| *Adam*" in board
    assert board == CHALLENGE.board(file).data


def test_names_are_kept_as_they_are(tmp_path):
    file = tmp_path / "class.csv"
    file.write_text("007,0.5,24\nNA,0.6,24\nnull,0.7,39\n*Adam*,0.8,39\n", encoding="utf-8")
    board = CHALLENGE.board(file).data
    assert all(f"| {name} | {part}" in board for name, part in (("007", 0.5), ("NA", 0.6), ("null", 0.7)))
    assert board.count("*Adam*") == 2


def test_each_entry_is_judged_from_new_starts(tmp_path):
    for _ in range(2):
        CHALLENGE.enter(better, "Ada", tmp_path / "class.csv")
    first, second = pd.read_csv(tmp_path / "class.csv", names=challenge.COLUMNS).part
    assert first != second


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a\rb", None, 3])
def test_a_bad_name_is_refused_before_the_file_is_touched(tmp_path, name):
    with pytest.raises(ValueError, match="name must be"):
        CHALLENGE.enter(better, name, tmp_path / "class.csv")
    assert not (tmp_path / "class.csv").exists()


def test_a_rule_that_raises_is_not_entered(tmp_path):
    with pytest.raises(ValueError, match="cannot be entered"):
        CHALLENGE.enter(lambda x, g, s, t: x / 0 + undefined, "Ada", tmp_path / "class.csv")  # noqa: F821
    assert not (tmp_path / "class.csv").exists()


def test_a_stub_gets_a_hint():
    def stub(x, g, s, t):
        raise NotImplementedError

    assert CHALLENGE.hints[0] in judged(stub).text
