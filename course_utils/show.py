"""Shows a rule in a notebook as the package has it: its formula, its card and its source."""

import ast
import inspect
import textwrap
from collections.abc import Callable

from course_utils import checks, rules

from IPython.display import Markdown

SHAPE = (
    "`x`: the parameters. `g`: the gradient at `x`. `s`: what the rule remembers; what it has not set yet is 0. `t`: "
    "the number of the step, from 1. The new parameters and the new memory are returned."
)
HELPERS = ("larger", "where", "newton_schulz", "pull")  # words of ``rules`` that are not torch's


def show_rule(rule: Callable | str) -> Markdown:
    """The rule's docstring, formula first, then the very lines that run, without type hints and docstrings.

    ``rule`` is a function or the name of one in ``rules``. Raises ValueError for an unknown name, TypeError for what is
    not a function with a docstring.
    """
    rule = checks.named("rule", rule, rules)
    if not inspect.isfunction(inspect.unwrap(rule)) or not rule.__doc__:
        raise TypeError(f"rule must be a function with a docstring, such as rules.sgd, got {rule!r}.")
    source = source_of(rule)
    used = [source_of(getattr(rules, name)) for name in HELPERS if f"{name}(" in source]
    code = "\n\n\n".join([source, *used])
    return Markdown(f"{inspect.getdoc(rule)}\n\n```python\n{code}\n```\n\n{SHAPE}")


def source_of(function: Callable) -> str:
    """The lines of a function, below a signature without type hints, without its docstring; of a class, as it is."""
    source = textwrap.dedent(inspect.getsource(function))
    if inspect.isclass(function):
        return source.rstrip()
    definition = ast.parse(source).body[0]
    body = definition.body[1:] if ast.get_docstring(definition) else definition.body
    lines = source.splitlines()[body[0].lineno - 1 :]
    bare = [p.replace(annotation=p.empty) for p in inspect.signature(inspect.unwrap(function)).parameters.values()]
    signature = textwrap.fill(f"def {definition.name}{inspect.Signature(bare)}:", 90, subsequent_indent=" " * 8)
    return "\n".join([signature, *lines])
