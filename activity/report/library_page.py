"""The page of the exercise library: each exercise with its drawing, its steps, and who it isn't for."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from activity.coach.content import Exercise, Group
from activity.coach.progress import ladder
from activity.coach.rules import Rules
from activity.report.drawing.exercise import POSITION_WORDS, exercise_drawing
from activity.report.frame import environment, style


@dataclass(frozen=True, slots=True)
class LibraryCard:
    """One exercise as the page shows it."""

    exercise: Exercise
    drawing: Markup
    facts: str
    doses: str


@dataclass(frozen=True, slots=True)
class LibraryGroup:
    """The exercises of one group, in the order of the content."""

    id: str
    title: str
    cards: tuple[LibraryCard, ...]


def render_library(exercises: Sequence[Exercise], rules: Rules, intended_use: str) -> str:
    """Return the page as HTML; it loads nothing from elsewhere."""
    look = style("page.css", "library.css")
    groups = [
        LibraryGroup(group.value.replace(" ", "-"), group.value.capitalize(), cards)
        for group in Group
        if (cards := tuple(library_card(one, rules) for one in exercises if one.group is group))
    ]
    html: str = (
        environment()
        .get_template("library.html")
        .render(
            groups=groups,
            count=len(exercises),
            intended_use=intended_use,
            style=look.sheet,
            policy=look.policy,
        )
    )
    return html


def library_card(exercise: Exercise, rules: Rules) -> LibraryCard:
    """Return what the page says of one exercise."""
    return LibraryCard(
        exercise=exercise,
        drawing=Markup(exercise_drawing(exercise)),  # noqa: S704 - drawn here; its texts are escaped
        facts=", ".join(exercise_facts(exercise)),
        doses=", then ".join(ladder(exercise, rules)),
    )


def exercise_facts(exercise: Exercise) -> tuple[str, str, str]:
    """Return level, position and needs in words."""
    needs = " and ".join(thing.value.replace("-", " ") for thing in exercise.equipment)
    return f"level {exercise.level}", POSITION_WORDS[exercise.position], f"needs {needs or 'only the floor'}"
