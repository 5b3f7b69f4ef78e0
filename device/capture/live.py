"""Segments of a live stream, of whatever profile, made into a recording by the way that its row of the table names."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from device.capture.assemble import assemble_stream, decode_segments
from device.capture.runs import join
from device.capture.segments import Segment
from device.capture.timed import Came, Placed, by_changes, by_counter, by_index, by_last_sample
from device.errors import FrameError
from device.profiles.known import Profile, TimeForm, profile_named
from device.profiles.lines import Lines
from device.recording import BandInfo, Damage, Recording

Way = Callable[[Profile, Sequence[Sequence[Came]]], Placed]

#: Our own profile carries rate, sequence and start of the band in each message: `device.capture.assemble` reads all.
WAYS: Final[dict[TimeForm, Way]] = {
    TimeForm.COUNTER: by_counter,
    TimeForm.LAST_SAMPLE: by_last_sample,
    TimeForm.INDEX: by_index,
    TimeForm.CHANGES: by_changes,
}


def assembled_live(
    segments: Iterable[Segment],
    *,
    band: BandInfo | None = None,
    zone: str = "UTC",
    damage: Sequence[Damage] = (),
) -> Recording:
    """Return what the segments of one band's stream hold; RecordingError where that is nothing.

    CaptureError where they are of a profile that this program doesn't know.
    """
    whole = sorted(segments, key=lambda segment: segment.head.utc_ns)
    profile = profile_named(whole[0].head.profile if whole else "openband")
    way = WAYS.get(profile.time)
    if way is None:
        found = decode_segments(whole)
        return assemble_stream(found.notifications, band=band, zone=zone, damage=(*damage, *found.damage))
    links, bad = decoded(whole, profile)
    placed = way(profile, links)
    return join(placed.runs, placed.with_settings(band), zone, (*damage, *bad, *placed.damage), "messages")


def decoded(segments: Iterable[Segment], profile: Profile) -> tuple[list[list[Came]], tuple[Damage, ...]]:
    """Return the messages of each connection with their UTC of arrival, and what was not a message."""
    links: list[list[Came]] = []
    seen: set[tuple[int, bytes]] = set()
    damaged = not_frames = 0
    for segment in segments:
        damaged += segment.damaged_packets
        reader = Messages(profile)
        link: list[Came] = []
        for packet in segment.packets:
            utc_ns = segment.head.utc_of(packet.arrival_ns)
            if packet.characteristic == profile.stream_uuid and (utc_ns, packet.payload) not in seen:
                seen.add((utc_ns, packet.payload))
                link += reader.feed(utc_ns, packet.payload)
        not_frames += reader.damaged
        links.append(link)
    rows = (
        Damage("captured packet with a bad checksum", damaged, "left out"),
        Damage("notification that is not a frame", not_frames, "left out"),
    )
    return [link for link in links if link], tuple(row for row in rows if row.count)


class Messages:
    """Reads the notifications of one connection; what is no message is counted, and the next one is read."""

    def __init__(self, profile: Profile) -> None:
        self.damaged = 0
        self._profile = profile
        self._rest = b""

    def begin_link(self) -> None:
        """Forget the half of a message that a link that broke has left."""
        self._rest = b""

    def feed(self, utc_ns: int, payload: bytes) -> list[Came]:
        """Return the messages that a notification completes."""
        try:
            lines = self._profile.split(self._rest, payload)
        except FrameError:
            self.damaged += 1
            lines = Lines()
        self._rest = lines.rest
        came = []
        for message in lines.whole:
            try:
                came.append(Came(utc_ns, self._profile.decode(message)))
            except FrameError:
                self.damaged += 1
        return came
