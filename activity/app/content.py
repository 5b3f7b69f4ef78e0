"""The content and the forms that pages are made from, read once: a process shows what it began with."""

from functools import cache

from activity.coach.content import Content, load_content
from activity.questionnaires.definition import Questionnaire, load_questionnaire


@cache
def shown_content() -> Content:
    """Return the shipped content."""
    return load_content()


@cache
def shown_form(name: str) -> Questionnaire:
    """Return the shipped questionnaire of that name."""
    return load_questionnaire(name)
