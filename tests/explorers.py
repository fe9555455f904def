"""One explorer of each kind, as small as shows all that it can, and a page of them."""

from course_utils import data, rules, schedules, vanishing
from course_utils.noise import noisy
from course_utils.widgets import (
    explore,
    explore_layers,
    explore_schedule,
    explore_switches,
    look_ahead,
    race,
    replay,
    stability_map,
)

from test_replaying import made

SIX = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"]
KINDS = {
    "explore": lambda: explore("quadratic", "momentum", lr=(0.01, 0.1, 1.0), momentum=(0.0, 0.9, 0.99)),
    "explore one, to follow": lambda: explore("quadratic", noisy(rules.lookahead(rules.sgd)), follow="slow"),
    "race": lambda: race("quadratic", SIX, lr=(0.01, 0.1, 2.0)),
    "stability_map": stability_map,
    "look_ahead": lambda: look_ahead("quadratic", steps=6),
    "explore_schedule": lambda: explore_schedule(
        lambda lr_0, τ: schedules.Linear(lr_0, steps=round(τ)), lr_0=(0.1, 0.3, 0.6), τ=(5, 40, 60)
    ),
    "explore_layers": lambda: explore_layers(data.load(), depths=(1, 3), depth=3, width=32, pictures=64),
    "explore_switches": lambda: explore_switches(vanishing.switched(), vanishing.SWITCHES),
    "replay": lambda: replay(made(), ["b", "a"]),
}


def page_of(html: str, dark: bool = False) -> str:
    """A page as a site would hold it, light or dark."""
    colours = "color: #e8e8e8; background: #111111" if dark else "color: #1b1b1b; background: white"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>An explorer</title>"
        f"<body style='{colours}'><main><h1>An explorer</h1><button>before</button>{html}<button>after</button></main>"
    )
