"""Shows a rule in a notebook as the package has it: its formula, its card and its source."""

import ast
import inspect
import textwrap
from collections.abc import Callable

from IPython.display import Markdown


def show_rule(rule: Callable) -> Markdown:
    """The rule's docstring, formula first, then the very lines that run, without the docstring.

    Raises TypeError for what is not a function with a docstring.
    """
    if not inspect.isfunction(rule) or not rule.__doc__:
        raise TypeError(f"rule must be a function with a docstring, such as rules.sgd, got {rule!r}.")
    lines, _ = inspect.getsourcelines(rule)
    docstring = ast.parse(textwrap.dedent("".join(lines))).body[0].body[0]
    del lines[docstring.lineno - 1 : docstring.end_lineno]
    return Markdown(f"{inspect.getdoc(rule)}\n\n```python\n{''.join(lines).rstrip()}\n```")
