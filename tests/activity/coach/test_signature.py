import shutil
from datetime import date
from pathlib import Path

import pytest

from activity.cli.main import run
from activity.coach.content import load_content
from activity.coach.signature import RECORD, Status, check_signature, sign
from activity.errors import ContentError
from activity.resources import shipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped content that may be changed."""
    shutil.copytree(Path(str(shipped("data", "questionnaires"))), tmp_path / "questionnaires")
    shutil.copytree(Path(str(shipped("data", "content"))), tmp_path / "content")
    return tmp_path / "content"


def test_shipped_content_is_what_was_signed_and_says_that_nobody_reviewed_it() -> None:
    signed = check_signature(shipped("data", "content"))  # a changed file? run: selfback content sign
    assert signed.status is Status.NOT_REVIEWED
    assert {"rules.toml", "exercises.toml", "messages.toml", "activities.toml"} <= set(signed.files)
    assert {"../questionnaires/weekly-checkin.toml", "../questionnaires/eligibility.toml"} <= set(signed.files)


@pytest.mark.parametrize("name", ["rules.toml", "exercises.toml", "messages.toml", "../questionnaires/profile.toml"])
def test_a_changed_file_is_refused_by_name_with_the_command_that_signs_it(folder: Path, name: str) -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("# one more line\n")
    with pytest.raises(ContentError, match="changed since it was signed") as caught:
        load_content(folder)
    assert name in caught.value.what
    assert "selfback content sign" in caught.value.remedy
    assert load_content(folder, unsigned=True).version


def test_a_new_file_a_missing_one_and_a_missing_record_are_refused(folder: Path) -> None:
    (folder / "more.toml").write_text("version = '1'\n")
    with pytest.raises(ContentError, match=r"more\.toml is not signed"):
        check_signature(folder)
    (folder / "more.toml").unlink()
    (folder / "similarity.toml").unlink()
    with pytest.raises(ContentError, match=r"similarity\.toml was signed and is gone"):
        check_signature(folder)
    (folder / RECORD).unlink()
    with pytest.raises(ContentError, match=RECORD):
        load_content(folder)


def test_what_is_signed_anew_loads_again_and_names_who_reviewed_it(folder: Path) -> None:
    rules = (folder / "rules.toml").read_text(encoding="utf-8")
    (folder / "rules.toml").write_text(rules.replace("raise_percent = 10", "raise_percent = 5"), encoding="utf-8")
    sign(folder, "2", "Physiotherapist 1234", Status.REVIEWED, date(2026, 3, 2))
    signed = check_signature(folder)
    assert (signed.version, signed.reviewer, signed.date) == (
        "2",
        "Physiotherapist 1234",
        date(2026, 3, 2),
    )
    assert load_content(folder).rules.goal_caps.raise_percent == 5
    assert load_content(folder).version != load_content().version


@pytest.mark.parametrize(
    ("version", "reviewer", "status"),
    [
        ("2", "", Status.REVIEWED),
        ("2", "A physiotherapist", Status.NOT_REVIEWED),
        ('2"\nstatus = "reviewed by a clinician', "", Status.NOT_REVIEWED),
        ("2", 'somebody"', Status.REVIEWED),
    ],
)
def test_a_record_that_says_more_than_was_done_cannot_be_written(folder, version, reviewer, status) -> None:
    before = (folder / RECORD).read_bytes()
    with pytest.raises(ContentError):
        sign(folder, version, reviewer, status, date(2026, 3, 2))
    assert (folder / RECORD).read_bytes() == before


def test_a_record_that_claims_a_review_by_nobody_is_refused(folder: Path) -> None:
    text = (folder / RECORD).read_text(encoding="utf-8")
    (folder / RECORD).write_text(text.replace("not yet reviewed by", "reviewed by"), encoding="utf-8")
    with pytest.raises(ContentError, match="reviewed by nobody"):
        check_signature(folder)


def test_content_without_questions_beside_it_is_refused(folder: Path) -> None:
    shutil.rmtree(folder.parent / "questionnaires")
    with pytest.raises(ContentError, match="questionnaires"):
        check_signature(folder)


def test_the_commands_sign_and_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "rules.toml").write_bytes((folder / "rules.toml").read_bytes() + b"# changed\n")
    assert run(["content", "check", "--folder", str(folder)]) == 5
    assert run(["content", "sign", "--folder", str(folder), "--reviewer", "Dr N", "--version", "3"]) == 0
    assert run(["content", "check", "--folder", str(folder), "--json"]) == 0
    assert '"reviewed by a clinician"' in capsys.readouterr().out
    assert run(["content", "check", "--folder", str(folder)]) == 0
    assert "Dr N" in capsys.readouterr().out
