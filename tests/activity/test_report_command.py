"""``selfback report``: pages of results whose every figure is that of the tables."""

import html
import itertools
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import processed_folder
import pytest

from activity.cli.main import run
from activity.day.intensity import CUT_POINTS
from activity.report.wording import count, duration
from activity.reprocess.results import day_rows


class Text(HTMLParser):
    """What a page says, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return plain(" ".join(self.said))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def folder(processed: Path, tmp_path_factory) -> Path:
    """A copy of the results with their pages."""
    out = tmp_path_factory.mktemp("reported") / "out"
    shutil.copytree(processed, out)
    assert run(["report", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def name(folder: Path) -> str:
    return next(path.parent.name for path in folder.glob("*/info.json"))


def test_there_is_a_page_of_each_recording_and_one_that_leads_to_them(folder: Path, name: str) -> None:
    overview = Text((folder / "report.html").read_text())
    links = [attributes["href"] for tag, attributes in overview.tags if tag == "a"]
    assert links == [f"{name}/report.html"]
    page = Text((folder / name / "report.html").read_text())
    assert "../report.html" in [attributes.get("href") for _, attributes in page.tags]
    assert "broken.cwa" in overview.text
    assert "file-damaged" in overview.text


def test_every_figure_of_every_day_is_that_of_the_table(folder: Path, name: str) -> None:
    text = Text((folder / name / "report.html").read_text()).text
    for row in day_rows(folder, name):
        for key in ("steps", "steps_adjusted", "peak_1min_spm", "peak_30min_spm", "inactivity_breaks"):
            if row[key] is not None:
                assert plain(count(row[key])) in text, key
        for key in ("wear_minutes", "walking_minutes", "longest_still_minutes"):
            assert plain(duration(row[key])) in text, key
        for key in ("l5", "m10"):
            if row[f"{key}_start"]:
                assert f"{row[f'{key}_enmo_mg']:.1f}, {row[f'{key}_start']}" in text, key


def test_crude_and_adjusted_values_are_told_apart_and_cut_points_named(folder: Path, name: str) -> None:
    text = Text((folder / name / "report.html").read_text()).text
    assert "Steps, recorded" in text
    assert "Steps, adjusted" in text
    for cut in CUT_POINTS:
        assert cut.source in text
        assert f"{cut.least:g}" in text


def test_the_quality_box_says_damage_gaps_and_the_changed_clock(folder: Path, name: str) -> None:
    text = Text((folder / name / "report.html").read_text()).text
    assert "block with a bad checksum 3 left out byte 1,024" in text
    assert "Sun 25 Oct has 25 hours: the clock was changed." in text
    assert "interruptions inside the recording" in text
    assert "not counted as rest" in text


def test_each_day_has_a_strip_over_a_line_for_each_minute_with_steps(folder: Path, name: str) -> None:
    content = (folder / name / "report.html").read_text()
    rows = day_rows(folder, name)
    drawn = re.findall(r'class="minute" d="([^"]*)"', content)
    assert len(drawn) == len(rows) == 3
    assert [bool(path) for path in drawn] == [bool(row["steps"]) for row in rows]
    for path, row in zip(drawn, rows, strict=True):
        places = [int(at) for at in re.findall(r"M(\d+)\.5", path)]
        assert places == sorted(set(places))
        assert max(places, default=0) < row["length_minutes"]
        assert len(places) <= row["steps"]
    assert content.count('viewBox="0 0 90000 34"') == 1
    assert content.count(">03:00<") >= 3


def test_a_page_needs_nothing_else_and_runs_nothing(folder: Path, name: str) -> None:
    for page in (folder / "report.html", folder / name / "report.html"):
        content = html.unescape(page.read_text())
        for tag, attributes in Text(page.read_text()).tags:
            assert tag not in {"script", "img", "link", "iframe", "object", "form", "base"}
            assert not {"style", "src"} & attributes.keys()
        assert "default-src 'none'" in content
        assert processed_folder.NAME not in content
        assert str(folder) not in content


def test_headings_go_down_one_step_at_a_time(folder: Path, name: str) -> None:
    for page in (folder / "report.html", folder / name / "report.html"):
        levels = [int(tag[1]) for tag, _ in Text(page.read_text()).tags if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_the_same_results_give_the_same_page(folder: Path, name: str) -> None:
    before = (folder / name / "report.html").read_bytes()
    assert run(["report", str(folder), name]) == 0
    assert (folder / name / "report.html").read_bytes() == before


def test_json_names_each_page(folder: Path, name: str, capsys) -> None:
    assert run(["report", str(folder), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["recording"] for row in found] == [name, None]
    assert all(Path(row["page"]).is_file() for row in found)


def test_a_page_that_cannot_be_written_is_a_fault(folder: Path, name: str, capsys, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("activity.reprocess.output._replace_text", full)
    assert run(["report", str(folder), name]) == 4
    assert "No space left" in capsys.readouterr().err


def test_a_page_in_a_folder_of_results_does_not_make_them_stale(
    folder: Path, name: str, processed: Path, capsys
) -> None:
    inputs = processed.parent / "in"
    capsys.readouterr()
    assert run(["process", str(inputs), "-o", str(folder), "--zone", processed_folder.ZONE]) == 1
    assert "(current)" in capsys.readouterr().out
    assert (folder / name / "report.html").is_file()
