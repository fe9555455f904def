"""Lecture 9: when has a path arrived? And a race against Adam."""

from course_utils import surfaces
from course_utils.exercises.challenge import Challenge, Race
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.trials import FunctionTrial
from course_utils.exercises.verdicts import Misconception

import torch
from torch import Tensor


def arrival(distance, part):
    outside = (distance > part * distance[0]).nonzero()
    last = outside[-1].item()
    return last + 1 if last + 1 < len(distance) else -1


def distances(seed: int) -> dict:
    """Paths that come in and stay, pass through, never come in, come in with the last step, or touch the line."""
    dice = torch.Generator().manual_seed(seed)
    scale = 10.0 if seed == 0 else (5 + 10 * torch.rand(1, generator=dice, dtype=torch.float64)).item()
    straight = scale * 0.7 ** torch.arange(21.0, dtype=torch.float64)
    passing = straight.clone()
    passing[int(torch.randint(16, 19, (1,), generator=dice))] = 0.5 * scale
    slow = scale * 0.9 ** torch.arange(21.0, dtype=torch.float64)
    late = slow.clone()
    late[-1] = 0.001 * scale
    paths = {"a path that comes in and stays": straight, "one that goes out again, and comes back": passing}
    paths |= {"one that does not get there": slow, "one that arrives with its last step": late}
    return {
        f"part = {part:g}": {
            name: {"distance": path, "part": part}
            for name, path in {**paths, "one that comes just to the line": touching(part)}.items()
        }
        for part in (0.01, 0.05)
    }


def touching(part: float) -> Tensor:
    """A path that comes just to the line, and in with the next step. From a power of 2, so that nothing is rounded."""
    path = 8 * 0.7 ** torch.arange(21.0, dtype=torch.float64)
    path[arrival(path, part) - 1] = part * path[0]
    return path


def first_inside(distance, part):
    inside = (distance <= part * distance[0]).nonzero()
    return inside[0].item() if len(inside) else -1


def in_units(distance, part):
    outside = (distance > part).nonzero()
    last = outside[-1].item()
    return last + 1 if last + 1 < len(distance) else -1


def never_is_the_end(distance, part):
    return (distance > part * distance[0]).nonzero()[-1].item() + 1


def last_outside(distance, part):
    return (distance > part * distance[0]).nonzero()[-1].item()


def last_outside_if_any(distance, part):
    found = arrival(distance, part)
    return found - 1 if found > 0 else found


def first_inside_from_1(distance, part):
    found = first_inside(distance, part)
    return found + 1 if found > 0 else found


def less_than(distance, part):
    outside = (distance >= part * distance[0]).nonzero()
    last = outside[-1].item()
    return last + 1 if last + 1 < len(distance) else -1


def in_steps_to_go(distance, part):
    found = arrival(distance, part)
    return len(distance) - 1 - found if found > 0 else found


def from_one(distance, part):
    found = arrival(distance, part)
    return found + 1 if found > 0 else found


arrival_exercise = Exercise(
    name="arrival",
    lecture=9,
    task="When has a path arrived? `arrival(distance, part)` gets the distances from the minimum, the start's first, "
    "and returns the step from which the path is within the part `part` of its first distance **and stays there**; "
    "-1 if there is none. (The start is step 0.)",
    formula=r"\min\,\{\, t : d_s \le \mathrm{part} \cdot d_0 \ \text{ for all } s \ge t \,\}",
    trial=FunctionTrial(reference=arrival, cases=distances),
    misconceptions=[
        Misconception(
            "passing through counts",
            "You take the first step inside. A path that swings is inside for a moment, and out again.",
            r"$\text{for all } s \ge t$.",
            first_inside,
        ),
        Misconception(
            "the distance is not relative",
            "You compare the distance itself with `part`. It is a part of the first distance.",
            r"$\mathrm{part} \cdot d_0$.",
            in_units,
        ),
        Misconception(
            "one that never arrives gets a number",
            "A path that is outside at its end has not arrived: -1, and not the number of its steps.",
            "what is returned if there is no such step.",
            never_is_the_end,
        ),
        Misconception(
            "passing through, counted from 1",
            "Two things: you take the first step inside, though the path may go out again; and you count the start as "
            "step 1.",
            r"$\text{for all } s \ge t$, and the index of $d$: it begins with 0.",
            first_inside_from_1,
        ),
        Misconception(
            "the last step outside",
            "You return the last step that is still outside. The next one is wanted; if there is none, -1.",
            r"$d_s \le \mathrm{part} \cdot d_0$ holds at $t$ itself.",
            last_outside,
        ),
        Misconception(
            "the last step outside",
            "You return the last step that is still outside. The next one is wanted.",
            r"$d_s \le \mathrm{part} \cdot d_0$ holds at $t$ itself.",
            last_outside_if_any,
        ),
        Misconception(
            "just at the line is outside",
            "You count a step as outside that is just at the line. It is inside: at most this far, not less.",
            r"the sign: $\le$.",
            less_than,
        ),
        Misconception(
            "steps are counted from 1",
            "You count the start as step 1. It is step 0: `distance[t]` is the distance after t steps.",
            "the index of $d$: it begins with 0.",
            from_one,
        ),
        Misconception(
            "the steps that are left",
            "You count from the end: how long the path has been inside. Wanted is when it came in.",
            r"$\min\,\{t\}$.",
            in_steps_to_go,
        ),
    ],
    hints=[
        "Turn it round: which is the last step that is outside? The next one is what you look for.",
        "`(distance > part * distance[0]).nonzero()` has the steps outside; the start is always one of them.",
        "If the last one outside is the last step of all, return -1.",
    ],
)

beat_adam = Challenge(
    name="beat_adam",
    lecture=9,
    trial=Race(surface=surfaces.beale),
    hints=[
        "Begin with the rule that you like best, and look from which starts it does not arrive.",
        "Beale's walls are steep, its valley is flat: a step that does not depend on the size of the gradient helps.",
        "Adam remembers the walls for long. What if it forgot faster?",
        "The budget is known: the step may fall towards its end.",
    ],
)

EXERCISES = [arrival_exercise, beat_adam]
