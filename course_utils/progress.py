"""A progress bar that is at home in a terminal, in a notebook, and in a notebook that is tested."""

import io

from IPython import get_ipython
from IPython.display import Pretty, display
from tqdm import tqdm


class NotebookBar(tqdm):
    """tqdm as text that is updated in place and gone at the end.

    tqdm's own notebook bar is a widget: it needs a live kernel to be seen, and leaves a dead one in a saved notebook.
    This one leaves an empty text, so a notebook's stored output does not depend on how fast the machine was.
    """

    def __init__(self, **kwargs):
        self.handle = display(Pretty(""), display_id=True)
        super().__init__(**kwargs, file=io.StringIO())

    def display(self, msg=None, pos=None):
        self.handle.update(Pretty(str(self) if msg is None else msg))

    def close(self):
        super().close()
        self.handle.update(Pretty(""))


def progress_bar(total: int, enabled: bool = True) -> tqdm:
    """A bar of ``total`` steps; it vanishes when closed."""
    if not enabled:
        return tqdm(total=total, disable=True)
    in_notebook = hasattr(get_ipython(), "kernel")
    return (NotebookBar if in_notebook else tqdm)(total=total, leave=False, mininterval=0.2)
