"""Exercises: every misconception is named, none falsely; right answers pass, however they are written."""

import importlib

from course_utils import exercises
from course_utils.exercises import attempts
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial, numbers
from course_utils.exercises.verdicts import CLOSE, same
from course_utils.rules import State

import numpy as np
import pytest
import torch
from conftest import ROOT

SEEDS = (0, 1, 7)
WRITTEN = [task for task in exercises.ALL.values() if isinstance(task, Exercise)]
QUESTIONS = [task for task in exercises.ALL.values() if isinstance(task, Question)]
RIGHT = {}
for file in sorted((ROOT / "tests" / "right").glob("lecture*.py")):
    RIGHT |= importlib.import_module(f"right.{file.stem}").RIGHT

MATRIX = [
    pytest.param(task, wrong, id=f"{task.name}-{wrong.name}") for task in WRITTEN for wrong in task.misconceptions
]


def judged(task, attempt, seed=0):
    """As ``check`` does, in this process: the other one is tested below."""
    return task.judge(attempts.run_here(task.trial.seeded(seed), attempt), seed)


def test_there_are_exercises_for_the_matrix():
    assert len(MATRIX) >= 60


@pytest.mark.parametrize(("task", "wrong"), MATRIX)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_misconception_is_named(task, wrong, seed):
    verdict = judged(task, wrong.variant(), seed)
    assert not verdict.passed
    assert verdict.misconception == wrong.name
    assert wrong.says in verdict.text


@pytest.mark.parametrize("task", WRITTEN, ids=lambda task: task.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_misconceptions_give_the_same(task, seed):
    known = [(wrong.name, told) for wrong, told in task.known(seed)]
    for i, (name, told) in enumerate(known):
        for other, its in known[:i]:
            assert not same(told.records, its.records), f"{name} and {other} cannot be told apart"


def test_the_right_answers_are_those_of_exercises():
    assert set(RIGHT) == {task.name for task in WRITTEN}


@pytest.mark.parametrize("task", WRITTEN, ids=lambda task: task.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_pass_however_they_are_written(task, seed):
    assert len(RIGHT[task.name]) >= 5
    for attempt in [task.trial.reference, *RIGHT[task.name]]:
        verdict = judged(task, attempt, seed)
        assert verdict.passed, f"{attempt}: {verdict}"


each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda task: task.name)


@each_question
def test_the_right_answer_is_right_and_each_wrong_one_is_named(question):
    for seed in range(30 if question.choices else 8):
        assert question.check(question.right(seed), seed).passed
        if question.choices:
            options = question.options(seed)
            assert len(options) >= 3, seed
            assert sum(wrong is None for _, wrong in options.values()) == 1
            named = {letter: wrong for letter, (_, wrong) in options.items() if wrong}
        else:
            made = {wrong.attempt(**question.drawn(seed)): wrong for wrong in question.misconceptions}
            right, unit = np.atleast_1d(question.right(seed)), 10.0**-question.digits
            named = {a: wrong for a, wrong in made.items() if np.abs(np.atleast_1d(a) - right).max() > 0.6 * unit}
            assert len(named) >= 2, seed  # some mistakes make no difference with some numbers, such as β = ½
        for answer, wrong in named.items():
            verdict = question.check(answer, seed)
            assert not verdict.passed
            assert verdict.misconception == wrong.name, seed
            assert wrong.says in verdict.text


@each_question
def test_a_class_has_different_numbers(question):
    asked = {question.ask(seed).data for seed in range(30)}
    assert len(asked) >= 3
    assert question.ask(0).data == question.ask().data
    if question.choices:
        assert len({question.right(seed) for seed in range(30)}) >= 3  # letters
    assert "<" not in question.ask().data.replace("<br>", "").replace(" < ", ""), "a number that was not filled in"


@each_question
@pytest.mark.parametrize("answer", [None, ..., "", " "])
def test_no_answer_gets_a_hint(question, answer):
    verdict = question.check(answer)
    assert verdict.misconception == "stub"
    assert question.hints[0] in verdict.text


@each_question
@pytest.mark.parametrize(
    "answer", ["Z", "AB", object(), [[]], {"a": 1}, float("nan"), 10**400, (1, 2, 3, 4, 5), lambda: 0]
)
def test_what_is_no_answer_is_told_so(question, answer):
    verdict = question.check(answer)
    assert not verdict.passed
    assert len(verdict.text) > 20


def test_a_tensor_that_wants_gradients_is_an_answer():
    question = exercises.thirty_steps_of_momentum
    assert question.check(torch.tensor(question.right(), requires_grad=True, dtype=torch.float64)).passed


def test_a_fraction_is_no_whole_number():
    question = exercises.below_the_limit
    verdict = question.check(question.right() - 0.4)
    assert not verdict.passed
    assert question.check(question.right()).passed


def test_the_letters_of_a_choice_may_be_small_and_have_spaces():
    question = exercises.two_steps_of_momentum
    assert question.check(f" {question.right().lower()} ").passed


def test_source_c_s_answers():
    """As it prints them: two steps of momentum, lr 0.6, β 0.5, from (-5, -2)."""
    question = exercises.two_steps_of_momentum
    assert question.options()[question.right()][0] == "(-4.268, 1.12)"
    question = exercises.two_steps_of_rmsprop
    assert question.answer(**question.drawn(0)) == pytest.approx((-3.43519754, -0.59152343), abs=1e-8)


def test_source_c_s_adam_has_epsilon_on_the_ratio():
    question = exercises.two_steps_of_adam
    shown = {text: wrong for text, wrong in question.options().values()}
    assert shown["(-4.60025478, -1.60082485)"].name == "ε is added to the ratio"
    verdict = exercises.thirty_steps_of_adam.check([x + 5e-7 for x in exercises.thirty_steps_of_adam.right()])
    assert "Near, but not the same to 7 decimals" in verdict.text


@pytest.mark.parametrize("task", exercises.ALL.values(), ids=lambda task: task.name)
def test_each_hint_says_more_and_the_last_stays(task):
    task.given = 0
    told = [task.hint().data for _ in range(len(task.hints) + 1)]
    assert len(task.hints) >= 2
    assert all(hint in text for hint, text in zip(task.hints, told, strict=False))
    assert told[-1] == told[-2]
    assert ".solution()" in told[-1]


@pytest.mark.parametrize("task", exercises.ALL.values(), ids=lambda task: task.name)
def test_each_exercise_asks_and_has_a_solution(task):
    assert len(task.ask().data) > 40
    assert len(task.solution().data) > 20


@pytest.mark.parametrize("task", WRITTEN, ids=lambda task: task.name)
def test_a_stub_gets_the_first_hint(task):
    def stub(*args, **kwargs):
        raise NotImplementedError

    verdict = judged(task, stub)
    assert verdict.misconception == "stub"
    assert task.hints[0] in verdict.text


def test_where_it_departs_is_told_and_drawn():
    def late(x, g, s, t, lr, momentum):  # right for two steps
        v = momentum * s.v + (g if t < 3 else 1.1 * g)
        return x - lr * v, State(v=v)

    verdict = judged(exercises.momentum, late)
    assert verdict.misconception is None
    assert "At step 3, x[0] should be" in verdict.text
    assert "(lr = 0.1, momentum = 0.5)" in verdict.text
    assert exercises.momentum.formula in verdict.text
    expected = exercises.momentum.expected(0)[0].values
    drawn = [line.get_xydata() for line in verdict.figure.axes[0].lines if line.get_label() == "as it should be"]
    assert drawn[0].tolist() == expected[:, :2].tolist()
    assert "part at step 3" in verdict.figure.alt


def test_the_picture_is_of_x_wherever_another_parameter_departs_first():
    wrong = next(wrong for wrong in exercises.lion.misconceptions if wrong.name == "the mix of the step is kept")
    verdict = judged(exercises.lion, wrong.variant())
    assert "At step 3, y[1]" in verdict.text
    assert "part at step 10" in verdict.figure.alt

    def other_y(x, g, s, t, lr):
        return (x - lr * g, s) if x.shape == (2, 3) else exercises.sign_sgd.trial.reference(x, g, s, t, lr)

    assert judged(exercises.sign_sgd, other_y).figure is None


def test_an_entry_of_a_matrix_has_its_two_indices():
    verdict = judged(exercises.orthogonal, lambda d: d)
    assert "value[0, 0]" in verdict.text


def test_a_step_of_another_length_is_told():
    verdict = judged(exercises.momentum, lambda x, g, s, t, lr, momentum: (x - 3 * lr * g, s))
    assert "Your step is 3 times as long as it should be" in verdict.text


def test_a_number_in_the_place_of_a_letter_is_told():
    def hard_coded(x, g, s, t, lr, momentum):
        v = 0.5 * s.v + g
        return x - lr * v, State(v=v)

    verdict = judged(exercises.momentum, hard_coded)
    assert "Is there a number where the formula has a letter?" in verdict.text


def test_a_step_to_where_no_number_is_is_told_and_does_not_end_the_trial():
    def no_number(x, g, s, t, lr, momentum):
        v = momentum * s.v + g
        return (x - lr * v if t != 3 else x / 0), State(v=v)

    verdict = judged(exercises.momentum, no_number)
    assert verdict.misconception == "no finite number"
    assert "At step 3 x has become" in verdict.text
    assert "Is there a division by 0" in verdict.text
    drawn = [line.get_xydata() for line in verdict.figure.axes[0].lines if line.get_label() == "yours"]
    assert np.isfinite(drawn[0]).all()
    assert len(drawn[0]) == len(exercises.momentum.expected(0)[0].values) - 1


@pytest.mark.parametrize("task", WRITTEN, ids=lambda task: task.name)
def test_another_seed_has_other_numbers(task):
    first, second = ([r.case for r in task.expected(seed)] for seed in (0, 1))
    assert first != second or not same(task.expected(0), task.expected(1))


def test_asking_makes_the_first_check_quick():
    exercises.momentum.ask()
    before = exercises.momentum.known.cache_info().misses
    judged(exercises.momentum, exercises.momentum.misconceptions[0].variant())
    assert exercises.momentum.known.cache_info().misses == before


def test_gradients_are_those_of_the_right_path():
    """However far the attempt is away: it is given the gradients that the rule would meet."""
    seen = []

    def runs_away(x, g, s, t, lr, momentum):
        seen.append(g)
        return x + 100, s

    judged(exercises.momentum, runs_away)
    right = exercises.momentum.expected(0)[0].values
    assert torch.allclose(torch.stack(seen[:24:2]), right[:-1, :2] * torch.tensor([0.2, 4.0]).double())


def test_two_mistakes_at_once_are_not_named_falsely():
    def both(x, g, s, t, lr, momentum):
        v = momentum * s.v + (1 - momentum) * g
        return x + lr * v, State(v=v)

    assert judged(exercises.momentum, both).misconception is None


class OfAnOptimizer(torch.optim.Optimizer):
    """Right, but for what the subclasses do."""

    def __init__(self, params, lr, momentum, weight_decay):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def decayed(self, p, group):
        return p.grad + group["weight_decay"] * p

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = closure() if closure else None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None or self.blind:
                    d = self.decayed(p, group)
                    v = self.state[p]["v"] = group["momentum"] * self.state[p].get("v", 0) + d
                    self.move(p, group["lr"] * (d + group["momentum"] * v))
        return loss

    blind = False

    def move(self, p, step):
        p.sub_(step)


class EditsTheGradient(OfAnOptimizer):
    def decayed(self, p, group):
        return p.grad.add_(p, alpha=group["weight_decay"])


class TakesEveryParameter(OfAnOptimizer):
    blind = True


class LosesTheLoss(OfAnOptimizer):
    def step(self, closure=None):
        super().step(closure)
        return float("nan")


class NeedsNoGroups(OfAnOptimizer):
    def __init__(self, params, lr, momentum, weight_decay):
        ps = list(params)
        ps[0].shape  # noqa: B018  (a dictionary has none)
        super().__init__(ps, lr, momentum, weight_decay)


class CallsWithoutGraph(OfAnOptimizer):
    @torch.no_grad()
    def step(self, closure=None):
        loss = closure() if closure else None
        super().step()
        return loss


class BuildsAGraph(OfAnOptimizer):
    def move(self, p, step):
        with torch.enable_grad():
            p -= step


class Rebinds(OfAnOptimizer):
    def move(self, p, step):
        p = p - step


@pytest.mark.parametrize(
    ("attempt", "name", "told"),
    [
        (EditsTheGradient, "p.grad edited", "would count twice"),
        (TakesEveryParameter, "a parameter without gradient", "p.grad None"),
        (LosesTheLoss, "the closure's loss", "Yours returns something else"),
        (NeedsNoGroups, "raised", "'dict' object has no attribute 'shape'"),
        (CallsWithoutGraph, "the closure needs a graph", "torch.enable_grad()"),
        (BuildsAGraph, "the step needs no graph", "torch.no_grad()"),
        (Rebinds, "the parameter itself is not changed", "Your x does not move"),
    ],
)
def test_what_optimizers_do_wrong(attempt, name, told):
    assert judged(exercises.nesterov_sgd, OfAnOptimizer).passed
    verdict = judged(exercises.nesterov_sgd, attempt)
    assert verdict.misconception == name
    assert told in verdict.text


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'nesterov'"):
        exercises.nesterof  # noqa: B018


@pytest.mark.parametrize("lecture", [0, 99, "momentum", None])
def test_a_lecture_without_exercises_is_refused(lecture):
    with pytest.raises(ValueError, match="lecture must be one of"):
        exercises.of(lecture)


def test_the_solution_of_an_optimizer_is_its_class():
    assert "class NesterovSGD(torch.optim.Optimizer):" in exercises.nesterov_sgd.solution().data


def test_close_is_between_float32_and_the_smallest_mistake():
    assert 1e-6 < CLOSE < 1e-4


def test_a_path_without_its_end_departs_nowhere_and_is_told_what_to_read():
    verdict = judged(exercises.descent, lambda *start, **hyper: exercises.descent.trial.reference(*start, **hyper)[:-1])
    assert verdict.misconception == "the last point is missing"
    assert "Read again" in verdict.text


def test_a_path_of_another_width_is_told_the_shape():
    verdict = judged(exercises.descent, lambda gradient, start, lr, steps: start.new_zeros(steps + 1, 5))
    assert verdict.misconception == "wrong shape"
    assert "(13, 2)" in verdict.text
    assert "(13, 5)" in verdict.text


def test_a_path_that_departs_at_its_start_has_no_step_to_speak_of():
    verdict = judged(exercises.descent, lambda gradient, start, lr, steps: start.new_ones(steps + 1, len(start)))
    assert "At start, x[0]" in verdict.text
    assert "Your" not in verdict.text


def test_a_start_edited_in_place_is_noticed():
    def attempt(gradient, start, lr, steps):
        points = exercises.descent.trial.reference(gradient, start.clone(), lr, steps)
        start -= lr * gradient(start)
        return points

    assert judged(exercises.descent, attempt).misconception == "start edited in place"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("thirty_steps_of_sgd", "2 numbers, as in (1.5, 2.5), to 3 digits after the point"),
        ("below_the_limit", "a whole number"),
    ],
)
def test_a_question_for_numbers_says_how_many_and_how_exact(name, said):
    assert said in exercises.ALL[name].ask().data


def test_a_whole_number_keeps_its_zeros():
    question = exercises.filter_weights
    assert question.digits == 0
    assert question._shown(1200.0) == "1200"
    assert question._shown(0.2) == "0"


def test_an_argument_may_hold_nan_and_is_not_taken_for_edited():
    assert judged(exercises.choose_lr, exercises.choose_lr.trial.reference).passed

    def attempt(lrs, training, validation, test):
        validation[validation.isnan()] = 0.0
        return lrs[validation.mean(1).argmax()], test[validation.mean(1).argmax()].mean()

    assert judged(exercises.choose_lr, attempt).misconception == "validation edited in place"


def test_the_numbers_of_a_value_have_names():
    verdict = judged(exercises.paired_interval, lambda a, b, c: (a.mean() - b.mean(), 0.0))
    assert "the low end should be" in verdict.text


def test_an_evaluation_is_judged_by_what_it_leaves_behind():
    def attempt(model, x, y, batch_size):
        model.eval()
        return exercises.evaluate.trial.reference(model, x, y, batch_size)

    verdict = judged(exercises.evaluate, attempt)
    assert verdict.misconception == "never back to train mode"
    assert "the mode afterwards (1 is train, 0 is eval) should be **1**, and yours is **0**" in verdict.text


@pytest.mark.parametrize("seed", SEEDS)
def test_an_evaluation_that_knows_the_number_is_found_out(seed):
    number = exercises.evaluate.expected(seed)[0].values[0, 0].item()
    assert not judged(exercises.evaluate, lambda model, x, y, batch_size: number, seed).passed


def test_arguments_are_copied_deep_down():
    """A list of tensors is the course's as much as a tensor is."""
    trial = FunctionTrial(
        reference=lambda ws: ws[0].sum(),
        cases=lambda seed: {"one case": {"a": {"ws": [torch.ones(2)]}, "b": {"ws": [torch.ones(3)]}}},
    )
    told = attempts.run_here(trial, lambda ws: ws[0].mul_(1).sum())
    assert told.trouble is None
    assert attempts.run_here(trial, lambda ws: ws.pop().sum()).trouble.name == "ws edited in place"
    assert attempts.run_here(trial, lambda ws: ws[0].add_(1).sum() - len(ws[0])).trouble.name == "ws edited in place"


def test_a_list_of_tensors_is_a_list_of_numbers():
    w = torch.tensor(2.0, requires_grad=True)
    assert numbers([w, 2 * w], (2,), "the value").tolist() == [2, 4]


def test_nan_that_got_through_is_told():
    trial = FunctionTrial(
        reference=lambda x: x.nan_to_num(0).sum(),
        cases=lambda seed: {"a": {"b": {"x": torch.tensor([1, float("nan")])}}},
    )
    assert "a NaN among the arguments got through" in attempts.run_here(trial, torch.sum).trouble.sentence
