"""``selfback report``: pages of what was processed, one of each recording and one that lists them."""

import webbrowser
from pathlib import Path

import click

from activity.cli import console


@click.command(
    short_help="Make pages of processed recordings: days, figures, quality.",
    epilog="Writes report.html into the folder of each recording, and one into OUTPUT that lists them all and what "
    "could not be read. Each page is one file that needs no network.",
)
@click.argument("output", metavar="OUTPUT", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, metavar="[RECORDING...]")
@click.option("--open", "open_page", is_flag=True, help="Open the list, or the page of the one named, in a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a page.")
def command(output: Path, recordings: tuple[str, ...], *, open_page: bool, as_json: bool) -> None:
    """Make pages of the recordings in OUTPUT, the folder that `selfback process` wrote; of all, or of those named."""
    from activity.cli.main import INTENDED_USE
    from activity.report.overview_page import PAGE_NAME, render_overview
    from activity.report.recording_page import RecordingData, render_recording
    from activity.reprocess.output import read_failures, write_page
    from activity.reprocess.plan import read_infos
    from activity.reprocess.quality import overlaps
    from activity.reprocess.results import infos_named, read_result

    infos = infos_named(output, recordings)
    pages = []
    with console.progress("pages") as display:
        task = display.add_task("pages", total=len(infos))
        for name, info in infos.items():
            result = read_result(output, name, info)
            page = render_recording(
                RecordingData(
                    name, info, result.days, result.rows, result.epochs, result.step_times_ns, result.bouts,
                    result.profile, INTENDED_USE, f"../{PAGE_NAME}",
                )
            )  # fmt: skip
            pages.append(output / name / PAGE_NAME)
            write_page(pages[-1], page)
            _say(name, pages[-1], as_json=as_json)
            display.update(task, advance=1)
    overview = output / PAGE_NAME
    known = read_infos(output)
    write_page(overview, render_overview(known, read_failures(output), overlaps(known), INTENDED_USE))
    _say("", overview, as_json=as_json)
    if open_page:
        webbrowser.open((pages[0] if len(recordings) == 1 else overview).resolve().as_uri())


def _say(name: str, page: Path, *, as_json: bool) -> None:
    if as_json:
        console.emit_json({"recording": name or None, "page": str(page)})
    else:
        console.emit(str(page))
