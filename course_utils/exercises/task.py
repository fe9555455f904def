"""What all exercises have: a name, a lecture, and hints that say more each time."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass

from IPython.display import Markdown


@dataclass(eq=False, kw_only=True)
class Task(abc.ABC):
    """An exercise's name, the number of its lecture, and its hints; ``given`` is how many of these were given."""

    name: str
    lecture: int
    hints: Sequence[str]
    given: int = 0

    @property
    @abc.abstractmethod
    def kind(self) -> str:
        """What it wants, in a few words."""

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()

    def hint(self) -> Markdown:
        """The next hint; after the last one, the last one again."""
        self.given = min(self.given + 1, len(self.hints))
        more = "call again for more" if self.given < len(self.hints) else "the last; there is `.solution()`"
        return Markdown(f"**Hint {self.given} of {len(self.hints)}** ({more}). {self.hints[self.given - 1]}")
