"""The explorers: what the lectures call to put sliders into a cell."""

from course_utils.widgets.deep import explore_layers, explore_switches
from course_utils.widgets.looking_ahead import look_ahead
from course_utils.widgets.one_rule import explore
from course_utils.widgets.racing import race
from course_utils.widgets.replaying import replay
from course_utils.widgets.scheduling import explore_schedule
from course_utils.widgets.stability import stability_map

__all__ = [
    "explore",
    "explore_layers",
    "explore_schedule",
    "explore_switches",
    "look_ahead",
    "race",
    "replay",
    "stability_map",
]
