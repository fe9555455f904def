"""A progress bar that is at home in a terminal, in a notebook, and in a notebook that is tested."""

import io
from collections.abc import Iterable
from typing import Any

from IPython import get_ipython
from IPython.display import Pretty, display
from tqdm import tqdm


class NotebookBar(tqdm):
    """tqdm as text that is updated in place and gone at the end.

    tqdm's own notebook bar is a widget: it needs a live kernel to be seen, and leaves a dead one in a saved notebook.
    This one leaves an empty text, so a notebook's stored output does not depend on how fast the machine was.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        self.handle = display(Pretty(""), display_id=True)
        super().__init__(*args, **kwargs, file=io.StringIO())

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        self.handle.update(Pretty(str(self) if msg is None else msg))


def progress_bar(iterable: Iterable | None = None, *, total: int | None = None, enabled: bool = True) -> tqdm:
    """A bar over ``iterable``, or over ``total`` steps told by ``update()``; it vanishes when done."""
    if not enabled:
        return tqdm(iterable, total=total, disable=True)
    in_notebook = hasattr(get_ipython(), "kernel")
    return (NotebookBar if in_notebook else tqdm)(iterable, total=total, leave=False, mininterval=0.2)
