"""Exercises that answer back: ``exercises.adam.check(mine)`` says which mistake it is; ``.hint()``, ``.solution()``.

An exercise's name is an attribute of this module. Those of a lecture: ``exercises.of(3)``.
"""

from course_utils import checks
from course_utils.exercises import (
    attempts,
    lecture01,
    lecture02,
    lecture03,
    lecture04,
    lecture05,
    lecture06,
    lecture07,
    lecture08,
    lecture09,
    lecture10,
    lecture11,
)
from course_utils.exercises.task import Task

from IPython.display import Markdown

LECTURES = (
    lecture01,
    lecture02,
    lecture03,
    lecture04,
    lecture05,
    lecture06,
    lecture07,
    lecture08,
    lecture09,
    lecture10,
    lecture11,
)
ALL: dict[str, Task] = {task.name: task for lecture in LECTURES for task in lecture.EXERCISES}


def __getattr__(name: str) -> Task:
    if name not in ALL:
        raise AttributeError(f"There is no exercise {name!r}; {checks.suggestion(name, ALL)}")
    return ALL[name]


def of(lecture: int) -> Markdown:
    """The exercises of a lecture, as a table. Raises ValueError for a lecture that has none."""
    known = sorted({task.lecture for task in ALL.values()})
    if lecture not in known:
        raise ValueError(f"lecture must be one of {', '.join(map(str, known))}, got {lecture!r}.")
    attempts.warm_up()
    rows = [f"| `exercises.{task.name}` | {task.kind} |" for task in ALL.values() if task.lecture == lecture]
    return Markdown("\n".join(["| exercise | what it wants |", "| --- | --- |", *rows]))
