"""Every message is a row that passes the same checks: its words, its source, its quiz, its triggers."""

import re
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from coach_weeks import content
from pydantic import ValidationError
from reading_level import grade

from activity.coach.content import Message
from activity.coach.notify_rules import load_notify_rules
from activity.coach.quiz import Quiz
from activity.coach.tool_content import load_tools
from activity.errors import AnswerError
from activity.resources import shipped

MESSAGES = {message.id: message for message in content().messages}
QUIZZES = {name: message.quiz for name, message in MESSAGES.items() if message.quiz is not None}

#: What a message never says: words that frighten, that name a medicine or its amount, or that tell what someone has.
BANNED = re.compile(
    r"\b(mg|dose|tablets?|pills?|ibuprofen|paracetamol|opioids?|slipped|herniat\w*|degenerat\w*|damage\w*|danger\w*|crumbl\w*|"
    r"wear and tear|bone on bone|rupture\w*|torn|paraly\w*|crippl\w*|wheelchair|fragile|unstable|out of place|"
    r"never again|for life|incurable|cure\w*|injur\w*|you have an? \w*itis|your disc)\b",
    re.IGNORECASE,
)

#: A reference: who, when, and where it is found. Each is written in one way throughout.
REFERENCE = re.compile(
    r"^(?P<who>(?:da )?[A-Z\u00d8][\w' -]+?(?: et al\.| and [A-Z]\w+)?) (?P<year>(?:19|20)\d\d), \w.*\d"
)
GUIDELINE = re.compile(r"^(NICE guideline NG\d+|WHO guidelines? .*), (?P<year>20\d\d)")
OURS = re.compile(r"\b(ours?|a common one|our suggestion|our own|no study is claimed)\b")


def words_of(message: Message) -> str:
    """All that a person reads of a message."""
    said = [message.title, message.text]
    if message.quiz is not None:
        said += [message.quiz.question, *(f"{option.text}. {option.answer}" for option in message.quiz.options)]
    return " ".join(said)


def stems(text: str) -> set[str]:
    """The words of a text that carry meaning, cut so that "moving" and "move" are one."""
    small = {"that", "this", "with", "your", "have", "from", "what", "when", "than", "them", "they", "will", "about"}
    return {word[:4] for word in re.findall(r"[a-z]{4,}|\d+", text.lower()) if word not in small}


def test_there_are_eight_messages_on_each_of_fourteen_themes_and_a_quiz_on_one_in_four() -> None:
    themes = Counter(message.theme for message in MESSAGES.values())
    assert len(themes) == 14
    assert min(themes.values()) >= 8
    assert len(QUIZZES) * 4 >= len(MESSAGES) >= 112
    assert {MESSAGES[name].theme for name in QUIZZES} == set(themes), "a theme without a quiz"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_reads_at_about_twelve_years(name: str) -> None:
    message = MESSAGES[name]
    assert grade(message.text) <= 6.0
    assert grade(message.title + ".") <= 9.0  # two or three words: one long word among them weighs much
    assert max(len(sentence.split()) for sentence in re.split(r"[.!?:]", message.text)) <= 24


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_neither_frightens_nor_diagnoses_nor_doses(name: str) -> None:
    assert BANNED.findall(words_of(MESSAGES[name])) == []


def test_the_list_of_banned_words_catches_what_it_is_for() -> None:
    for bad in ("Your disc has slipped.", "That will damage it.", "It is dangerous.", "Take 400 mg.", "Degenerative."):
        assert BANNED.search(bad), bad


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_names_its_source_in_a_form_that_can_be_looked_up(name: str) -> None:
    source = MESSAGES[name].source
    if source.startswith("Design default: "):
        assert OURS.search(source)
        return
    first = re.sub(r"\s*\(.*?[a-z]{4}.*?\)", "", source.split(";")[0])
    assert REFERENCE.match(first) or GUIDELINE.match(first), first


def test_a_reference_is_written_in_one_way_wherever_it_is_used() -> None:
    spellings = defaultdict(set)
    for message in MESSAGES.values():
        for part in message.source.split("; "):
            bare = re.sub(r" \((?=[^()]*[a-z]{3}).*\)$", "", part)
            if found := REFERENCE.match(bare):
                spellings[found["who"], found["year"]].add(bare)
    assert len(spellings) >= 40
    assert {key: found for key, found in spellings.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", QUIZZES)
def test_a_quiz_is_answered_by_the_text_of_its_own_message(name: str) -> None:
    message, quiz = MESSAGES[name], QUIZZES[name]
    assert 2 <= len(quiz.options) <= 4
    (right,) = (option for option in quiz.options if option.right)
    # The right option, or what is said of it, is in the words of the text; a wrong one is put right with them.
    told = stems(message.text)
    asked = stems(f"{right.text} {right.answer}")
    assert len(asked & told) >= 0.5 * len(asked), sorted(asked - told)
    assert len(stems(right.text) & told) >= 1 or re.search(r"\d", right.text)
    for option in quiz.options:
        assert stems(option.answer) & told, option.answer
    assert grade(" ".join([quiz.question, *(option.answer for option in quiz.options)])) <= 6.0


def test_right_options_stand_in_no_fixed_place() -> None:
    places = Counter([option.right for option in quiz.options].index(True) for quiz in QUIZZES.values())
    assert min(places[place] for place in (0, 1)) >= 0.2 * len(QUIZZES)


def test_the_option_of_a_number_is_found_and_no_other() -> None:
    quiz = QUIZZES["keep-moving"]
    assert [quiz.chosen(number).right for number in (1, 2, 3)] == [False, True, False]
    for number in (0, 4, -1):
        with pytest.raises(AnswerError, match="from 1 to 3"):
            quiz.chosen(number)


@pytest.mark.parametrize(
    ("rights", "count", "word"),
    [((), 3, "one right"), ((0, 1), 3, "one right"), ((0,), 1, "at least 2"), ((0,), 5, "at most 4")],
)
def test_a_quiz_without_exactly_one_right_option_of_two_to_four_is_refused(rights, count, word) -> None:
    options = [{"text": f"option {i}", "answer": "Because it is so.", "right": i in rights} for i in range(count)]
    with pytest.raises(ValidationError, match=word):
        Quiz.model_validate({"question": "Which one is it?", "options": options})


def test_a_quiz_with_the_same_option_twice_is_refused() -> None:
    options = [{"text": "the same", "answer": "Because it is so.", "right": i == 0} for i in range(2)]
    with pytest.raises(ValidationError, match="twice"):
        Quiz.model_validate({"question": "Which one is it?", "options": options})


def test_titles_and_texts_stay_apart() -> None:
    for field in ("title", "text"):
        values = sorted(getattr(message, field) for message in MESSAGES.values())
        assert all(a != b for a, b in pairwise(values))


def test_every_trigger_has_messages_for_repeated_weeks_on_more_than_one_theme() -> None:
    fitting = defaultdict(list)
    for message in MESSAGES.values():
        for name in message.triggers:
            fitting[name].append(message.theme)
    assert set(fitting) == {trigger.id for trigger in content().rules.trigger}
    assert {name: len(themes) for name, themes in fitting.items() if len(themes) < 8} == {}
    assert {name for name, themes in fitting.items() if len(set(themes)) < 3} == set()


def test_first_aid_has_a_message_for_every_week_of_a_long_flare() -> None:
    on_flare = [m for m in MESSAGES.values() if m.theme == "first-aid" and "when-flare" in m.triggers]
    assert len(on_flare) >= 4


def test_the_figures_of_the_readme_are_those_of_the_content() -> None:
    readme = " ".join(shipped("data", "content", "README.md").read_text(encoding="utf-8").split())
    tools, notes = load_tools(), load_notify_rules()
    wordings = sum(len(kind.texts) for kind in notes.kind)
    *short, long = (practice.minutes for practice in tools.mindfulness.practice)
    for claim in (
        f"{len(MESSAGES)} messages, {len(MESSAGES) // 14} on each of the fourteen themes",
        f"the {len(QUIZZES)} messages with a quiz",
        f"again within {content().rules.message_gap.days} days",
        f"with {len(tools.sleep.habit)} habits",
        f"{len(short) + 1} scripted practices of {', '.join(map(str, short))} and {long} minutes",
        f"{len(tools.goal.question)} lines that make a goal",
        f"{len(notes.kind)} kinds of notification with {wordings} wordings",
        f"from {notes.quiet.start:%H:%M} to {notes.quiet.stop:%H:%M}",
        f"never more than {notes.limits.per_day} a day and {notes.limits.per_week} a week",
        f"never two within {notes.limits.least_minutes_between} minutes",
        f"left unopened {notes.back_off.halve_after} times",
        f"after {notes.back_off.stop_after} times no more",
        f"After {notes.limits.silent_after_days} days without a look",
    ):
        assert claim in readme, claim
    assert content().rules.message_quiz_again.day == 4, "the fourth day"
