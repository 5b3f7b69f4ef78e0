"""``selfback watch``: what the wearer of a band does, while it is done."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from activity.live import LiveRecogniser, LiveWindow

#: Below this a window's activity is said with a doubt.
UNSURE: Final = 0.5


@click.command(short_help="See live what the wearer of a band does.")
@click.option("--band", default="", help="Name, last four letters of the name, or address; default: the first heard.")
@click.option(
    "--radio",
    default="system",
    metavar="RADIO",
    help="`system`, or `bumble:TRANSPORT` for a simulated band or a dongle of its own.",
)
@click.option("--seconds", type=click.FloatRange(1, 86_400), default=3600.0, help="How long to watch.")
@click.option(
    "--rate", type=click.Choice(["25", "50", "100"]), default="50", help="Samples a second, where the band can choose."
)
@click.option("--timeout", type=click.FloatRange(1, 600), default=10.0, help="Seconds to wait until the band is heard.")
@click.option("--zone", default="UTC", help="Time zone of the times that are printed, e.g. Europe/Oslo.")
@click.option(
    "--model", default=None, help="Name of a shipped model, or folder of another.  [default: the shipped one]"
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder to keep the capture in; default: none."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document a window.")
def command(
    *,
    band: str,
    radio: str,
    seconds: float,
    rate: str,
    timeout: float,
    zone: str,
    model: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Print a line for every ten seconds: time, activity, how sure that is, steps, cadence, and steps so far.

    A line comes about two seconds after its window. It is what `process` says of the same samples without smoothing
    over neighbours. Any band that `scan` names can be watched, and what its link can't protect is said.
    Ctrl-C ends it.
    """
    import asyncio
    import tempfile

    from activity.classify.artefact import DEFAULT_MODEL, load_model
    from activity.cli import console
    from activity.live import LiveRecogniser
    from device.link import radio as radios
    from device.readers.clock import zone_named

    where = radios.radio(radio)
    console.note("getting ready ...")
    loaded = load_model(model or DEFAULT_MODEL)
    printer = _Printer(zone_named(zone), as_json, loaded.width_s)
    _warm_up(LiveRecogniser(loaded))
    live = LiveRecogniser(loaded)
    with tempfile.TemporaryDirectory(prefix="selfback-") as scratch:
        work = _watch(
            live, printer, output or Path(scratch), where=where, band=band, seconds=seconds, rate_hz=float(rate),
            timeout_s=timeout,
        )  # fmt: skip
        try:
            asyncio.run(work)
        finally:
            console.note(f"{printer.windows} windows, {printer.steps:,} steps")


async def _watch(
    live: "LiveRecogniser",
    printer: "_Printer",
    folder: Path,
    *,
    where: Any,
    band: str,
    seconds: float,
    rate_hz: float,
    timeout_s: float,
) -> None:
    import time

    from activity.cli import console
    from device.capture.follow_profile import Following, follower
    from device.link import radio as radios
    from device.link.collect import LiveCapture, record_live
    from device.link.connect import BandLink, Timeouts

    followers: list[Following] = []

    def found(link: BandLink) -> None:
        if not followers:
            console.note(f"{link.name} ({link.address}), profile {link.profile.name}: {link.profile.unprotected}")
            followers.append(follower(link.profile))
        followers[0].begin_link()

    def heard(utc_ns: int, payload: bytes) -> None:
        samples = followers[0].feed(utc_ns, payload)
        for window in live.push(samples.accel_g, samples.time_ns):
            printer.say(window)

    began = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    capture = LiveCapture(folder / "captures" / f"watch-{began}")
    console.note(f"looking for {band or 'a band'} ...")
    async with radios.open_adapter(where) as adapter:
        timeouts = Timeouts(find_s=timeout_s)
        await record_live(
            adapter, capture, seconds=seconds, rate_hz=rate_hz, wanted=band, timeouts=timeouts, heard=heard, found=found
        )
    for window in live.finish():
        printer.say(window)
    if damaged := sum(one.damaged for one in followers):
        console.note(f"{damaged} notifications were damaged and left out")


class _Printer:
    """Prints windows, and knows what they sum to."""

    def __init__(self, zone: "ZoneInfo", as_json: bool, width_s: float) -> None:
        self.zone = zone
        self.as_json = as_json
        self.width_s = width_s
        self.due_ns: int | None = None  #: when the next window starts if nothing is lost
        self.windows = 0
        self.steps = 0

    def say(self, window: "LiveWindow") -> None:
        """Print one window."""
        from activity.cli import console
        from device.recording import NS_PER_S

        self.windows += 1
        self.steps += window.step_times_ns.size
        due_ns, self.due_ns = self.due_ns, window.time_ns + round(self.width_s * NS_PER_S)
        if self.as_json:
            console.emit_json(window_json(window, self.steps))
        else:
            if due_ns is not None and window.time_ns > due_ns:
                console.emit(gap_line(due_ns, window.time_ns, self.zone))
            console.emit(window_line(window, self.steps, self.zone))


def window_json(window: "LiveWindow", steps_so_far: int) -> dict[str, Any]:
    """Return a window as a JSON document; what isn't known is null."""
    from activity.labels import ACTIVITIES
    from device.readers.clock import text_of

    known = window.activity >= 0
    return {
        "time": text_of(window.time_ns),
        "activity": str(ACTIVITIES[window.activity]) if known else None,
        "confidence": window.confidence if known else None,
        "probability": {
            str(activity): float(p)
            for activity, p in zip(ACTIVITIES, window.probability, strict=True)
            if not math.isnan(p)
        },
        "steps": int(window.step_times_ns.size) if known else None,
        "step_times": [text_of(int(time_ns)) for time_ns in window.step_times_ns],
        "cadence_spm": None if math.isnan(window.cadence_spm) else window.cadence_spm,
        "coverage": window.coverage,
        "steps_so_far": steps_so_far,
    }


def gap_line(start_ns: int, stop_ns: int, zone: "ZoneInfo") -> str:
    """Return a line for the time in which nothing came."""
    from datetime import UTC, datetime

    from device.recording import NS_PER_S

    at = datetime.fromtimestamp(start_ns // NS_PER_S, UTC).astimezone(zone)
    return f"{at:%H:%M:%S}  nothing came for {(stop_ns - start_ns) / NS_PER_S:.0f} s"


def window_line(window: "LiveWindow", steps_so_far: int, zone: "ZoneInfo") -> str:
    """Return a window as a line of fixed columns."""
    from datetime import UTC, datetime

    from activity.labels import ACTIVITIES
    from device.recording import NS_PER_S

    at = datetime.fromtimestamp(window.time_ns // NS_PER_S, UTC).astimezone(zone)
    if window.activity < 0:
        said = "not known"
    else:
        name, sure = str(ACTIVITIES[window.activity]), f"{100 * window.confidence:3.0f} %"
        said = f"{name:<9}{sure}" if window.confidence >= UNSURE else f"{name:<9}{sure}  unsure"
    steps = "" if window.activity < 0 else f"{window.step_times_ns.size:>3} steps"
    pace = "" if math.isnan(window.cadence_spm) else f"{window.cadence_spm:4.0f}/min"
    return f"{at:%H:%M:%S}  {said:<23}{steps:<11}{pace:<9}{steps_so_far:>7,} so far".rstrip()


def _warm_up(live: "LiveRecogniser") -> None:
    """Compile what isn't compiled yet, before the band waits for us: half a minute of nothing in particular."""
    import numpy as np

    from device.recording import NS_PER_S

    time_s = np.arange(0.0, 30.0, 0.02)
    swing = np.sin(2.0 * np.pi * 1.8 * time_s)
    accel_g = np.column_stack([0.3 * swing, -1.0 + 0.2 * swing, 0.1 * np.cos(5.0 * time_s)]).astype(np.float32)
    live.push(accel_g, np.rint(time_s * NS_PER_S).astype(np.int64))
