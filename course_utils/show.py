"""Shows a rule in a notebook as the package has it: its formula, its card and its source."""

import ast
import inspect
import textwrap
from collections.abc import Callable

from IPython.display import Markdown


def show_rule(rule: Callable) -> Markdown:
    """The rule's docstring, formula first, then the very lines that run, below a signature without type hints.

    Raises TypeError for what is not a function with a docstring.
    """
    if not inspect.isfunction(inspect.unwrap(rule)) or not rule.__doc__:
        raise TypeError(f"rule must be a function with a docstring, such as rules.sgd, got {rule!r}.")
    lines, _ = inspect.getsourcelines(rule)
    definition = ast.parse(textwrap.dedent("".join(lines))).body[0]
    body = lines[definition.body[0].end_lineno :]  # after the docstring
    bare = inspect.Signature(
        [p.replace(annotation=p.empty) for p in inspect.signature(rule).parameters.values()],
    )
    signature = textwrap.fill(f"def {definition.name}{bare}:", 90, subsequent_indent=" " * 8)
    source = f"{signature}\n{''.join(body).rstrip()}"
    return Markdown(f"{inspect.getdoc(rule)}\n\n```python\n{source}\n```")
