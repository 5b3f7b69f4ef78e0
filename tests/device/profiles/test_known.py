"""Every profile in the table: what is encoded is decoded, and any other bytes are refused by name."""

import hashlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import BandBusyError, BandRefusedError, FrameError
from device.profiles import axle, bangle, infinitime, openband, polar, seizure_detector
from device.profiles.known import PROFILES, recognise
from device.profiles.opening import Ask, Say, Wish
from device.profiles.samples import Samples

README = Path(__file__).parents[3] / "device" / "profiles" / "README.md"
NOW_NS = polar.EPOCH_2000_NS + 762_000_000_000_000_000
HOSTILE = 2_000_000 if os.environ.get("SELFBACK_LONG_CAMPAIGN") else 2_000


def open_frame(counts: np.ndarray) -> bytes:
    return openband.encode_notification(openband.Notification(3, 9, 50.0, 8, counts.astype(np.int16)))


#: Name to decoder, encoder of counts, and how many samples it sends.
DIALECTS: dict[str, tuple[Callable[[bytes], Samples], Callable[[np.ndarray], bytes], int]] = {
    "infinitime": (infinitime.decode, infinitime.encode, 32),
    "seizure-detector": (seizure_detector.decode, seizure_detector.encode, 3),
    "polar": (polar.decode, lambda counts: polar.encode_compressed(counts, NOW_NS), 60),
    "axle": (axle.decode, lambda counts: axle.encode(counts, 7).removesuffix(b"\r\n"), 25),
    "bangle": (bangle.decode, lambda counts: bangle.encode(counts, 7, 9).removesuffix(b"\r\n"), 10),
    "openband": (openband.decode, open_frame, 38),
}


def counts_of(n: int) -> st.SearchStrategy[np.ndarray]:
    axes = st.one_of(st.sampled_from([-32768, -1, 0, 1, 32767]), st.integers(-2000, 2000))
    row = st.lists(axes, min_size=3 * n, max_size=3 * n)
    return row.map(lambda values: np.array(values, dtype=np.int32).reshape(n, 3))


def deltas_by_hand(frame: bytes) -> list[list[int]]:
    """The slow twin of the compressed decoder: one bit at a time."""
    body = frame[10:]
    rows = [[int.from_bytes(body[i : i + 2], "little", signed=True) for i in (0, 2, 4)]]
    at = 6
    while at < len(body):
        width, count = body[at], body[at + 1]
        at += 2
        place = 0
        for _ in range(count):
            row = []
            for axis in range(3):
                step = 0
                for bit in range(width):
                    value = body[at + place // 8] >> (place % 8) & 1
                    step += -(value << bit) if bit == width - 1 else value << bit
                    place += 1
                row.append(rows[-1][axis] + step)
            rows.append(row)
        at += (place + 7) // 8
    return rows


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_row_has_real_uuids_a_page_and_says_what_it_cannot_protect(profile) -> None:
    for name in (profile.service_uuid, profile.stream_uuid):
        assert str(uuid.UUID(name)) == name.lower()
    assert f"\n## {profile.name}\n" in README.read_text(encoding="utf-8")
    assert profile.unprotected
    assert recognise(profile.name_prefix, {profile.service_uuid.lower()}) is profile
    assert profile.name in DIALECTS


def test_services_tell_profiles_apart_and_strangers_are_none() -> None:
    assert len({(profile.service_uuid, profile.name_prefix) for profile in PROFILES}) == len(PROFILES)
    own = [profile.service_uuid for profile in PROFILES if not profile.service_is_shared]
    assert len(set(own)) == len(own)
    assert recognise("InfiniTime", set()) is not None
    assert recognise("Thermometer", {"0000180d-0000-1000-8000-00805f9b34fb"}) is None
    assert recognise("Thermometer", {axle.SERVICE_UUID}) is None, "Nordic's UART service is anybody's"
    for name, uuids, found in (
        ("axLE-Band", {axle.SERVICE_UUID}, "axle"),
        ("Bangle.js 1a2b", {bangle.SERVICE_UUID}, "bangle"),
        ("Bangle.js 1a2b", {bangle.SERVICE_UUID, seizure_detector.SERVICE_UUID}, "seizure-detector"),
    ):
        profile = recognise(name, uuids)
        assert profile is not None
        assert profile.name == found


@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_encoded_is_decoded_to_the_count(name: str) -> None:
    decode, encode, n = DIALECTS[name]

    @settings(max_examples=60, deadline=None)
    @given(counts_of(n))
    def holds(counts: np.ndarray) -> None:
        assert (decode(encode(counts)).counts == counts).all()

    holds()


@pytest.mark.timeout(300 if HOSTILE <= 2_000 else 0)
@pytest.mark.parametrize("name", DIALECTS)
def test_hostile_bytes_are_refused_by_name_or_give_few_samples(name: str) -> None:
    decode, encode, n = DIALECTS[name]
    good = encode(np.arange(3 * n, dtype=np.int32).reshape(n, 3))

    @settings(max_examples=HOSTILE, deadline=None)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        frame = bytearray(good)
        for _ in range(data.draw(st.integers(0, 3))):
            frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.sampled_from([0, 1, 2, 16, 17, 128, 255]))
        cut = bytes(frame[: data.draw(st.integers(0, len(frame)))]) + data.draw(st.binary(max_size=8))
        try:
            samples = decode(cut)
        except FrameError:
            return
        assert samples.counts.shape[1] == 3
        assert 1 <= len(samples.counts) <= polar.MAX_SAMPLES

    holds()


@pytest.mark.parametrize("name", DIALECTS)
def test_every_shorter_frame_is_refused_or_is_a_shorter_form(name: str) -> None:
    decode, encode, n = DIALECTS[name]
    good = encode(np.zeros((n, 3), dtype=np.int32))
    for stop in range(len(good)):
        try:
            samples = decode(good[:stop])
        except FrameError:
            continue
        assert name in ("infinitime", "polar")
        assert len(samples.counts) < n


def test_golden_bytes_of_each_layout() -> None:
    one_g = infinitime.decode(bytes.fromhex("000400fc0000"))
    assert one_g.accel_g.tolist() == [[1.0, -1.0, 0.0]]
    mg = seizure_detector.decode(bytes.fromhex("e80318fc0000") * 3)
    assert mg.accel_g.tolist() == pytest.approx(np.array([[1.0, -1.0, 0.0]] * 3))
    raw = polar.decode(bytes.fromhex("02 00ca9a3b00000000 01 e80318fc0000"))
    assert raw.counts.tolist() == [[1000, -1000, 0]]
    assert raw.last_sample_ns == polar.EPOCH_2000_NS + 1_000_000_000
    assert polar.start_acc().hex(" ") == "02 02 00 01 34 00 01 01 10 00 02 01 08 00 04 01 03"
    assert polar.decode_reply(bytes.fromhex("f002020000")) == polar.ControlReply(2, 2, 0)
    line = axle.decode(b"FFFFFF00" + b"00000000" + b"0010000000F0" * 25)
    assert line.counter == (1 << axle.COUNTER_BITS) - 1
    assert line.accel_g[0].tolist() == [1.0, 0.0, -1.0]


def test_a_polar_frame_of_blocks_of_8_and_10_bits_closes_at_227_bytes_and_58_samples() -> None:
    head = bytes.fromhex("02 00ca9a3b00000000 81 ee021ffe82ff".replace(" ", ""))
    frame = head + bytes([8, 10]) + bytes(30) + bytes([10, 47]) + bytes(177)
    assert len(frame) == 227
    assert polar.decode(frame).counts.tolist() == [[750, -481, -126]] * 58


@pytest.mark.parametrize("bits", range(1, 18))
def test_deltas_of_any_width_are_those_of_the_slow_twin(bits: int, rng: np.random.Generator) -> None:
    limit = 1 << (bits - 1)
    counts = np.array([[0, 0, 0]])
    for _ in range(9):
        step = rng.integers(-limit, limit, 3)
        counts = np.concatenate([counts, np.clip(counts[-1:] + step, -32768, 32767)])
    frame = polar.encode_compressed(counts, NOW_NS, bits)
    assert polar.decode(frame).counts.tolist() == deltas_by_hand(frame) == counts.tolist()


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_raw_polar_frames_of_each_width_come_back(kind: int) -> None:
    limit = 1 << (8 * (kind + 1) - 1)
    counts = np.array([[-limit, limit - 1, -1], [0, 1, 2]])
    assert polar.decode(polar.encode_raw(counts, NOW_NS, kind)).counts.tolist() == counts.tolist()


@pytest.mark.parametrize("kind", [0x03, 0x7F, 0x80, 0x82, 0xFF])
def test_other_polar_frame_types_are_refused(kind: int) -> None:
    with pytest.raises(FrameError, match="frame type"):
        polar.decode(bytes([2]) + bytes(8) + bytes([kind]) + bytes(12))


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x01", b"\x03\x03"])
def test_a_watch_that_sends_only_magnitudes_is_refused(value: bytes) -> None:
    seizure_detector.check_format(b"\x03")
    with pytest.raises(FrameError, match="format"):
        seizure_detector.check_format(value)


@given(st.lists(st.integers(1, 200), max_size=20))
def test_axle_lines_are_joined_however_they_are_cut(cuts: list[int]) -> None:
    line = axle.encode(np.arange(75, dtype=np.int32).reshape(25, 3), 99)
    left, rest, whole = line * 3, b"", 0
    for cut in [*cuts, len(left)]:
        lines = axle.join(rest, left[:cut])
        left, rest, whole = left[cut:], lines.rest, whole + len(lines.whole)
        assert all(one + b"\r\n" == line for one in lines.whole)
    assert (whole, rest) == (3, b"")


def test_a_line_that_never_ends_is_refused_before_it_fills_memory() -> None:
    assert len(axle.join(b"0" * 1_200, b"0" * 20).rest) == 1_220
    with pytest.raises(FrameError, match="end of line"):
        axle.join(b"0" * 1_264, b"0")


def test_the_only_text_a_javascript_watch_is_ever_sent_is_this_one() -> None:
    (step,) = bangle.opening(Wish(25.0, serial="'); reset(); ('"))
    assert step == Say(bangle.COMMAND_UUID, bangle.SNIPPET)
    pinned = "118995489fcc3f1a9055057f45378a0b8d01f508aeb03fe0561934e20b3ad536"
    assert hashlib.sha256(bangle.SNIPPET).hexdigest() == pinned, "every change of it is read by two people"
    assert bangle.SNIPPET.count(b"\n") == 1


def test_what_the_console_of_a_javascript_watch_says_is_no_frame() -> None:
    line = bangle.encode(np.arange(30, dtype=np.int32).reshape(10, 3), 99, 7)
    lines = bangle.join(b"", b"\r\n>undefined\r\n>" + line + b"Uncaught Error\r\n" + line[:9])
    assert (lines.whole, lines.rest) == ((line.removesuffix(b"\r\n"),), line[:9])
    found = bangle.decode(lines.whole[0])
    assert (found.counter, found.sequence) == (99, 7)


def test_every_bit_that_flips_in_the_one_frame_with_a_checksum_is_noticed() -> None:
    good = bangle.encode(np.arange(30, dtype=np.int32).reshape(10, 3), 7).removesuffix(b"\r\n")
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FrameError):
            bangle.decode(bytes(bad))


def test_a_control_point_says_no_in_words() -> None:
    (step,) = polar.opening(Wish(52.0))
    assert isinstance(step, Ask)
    assert step.answered(polar.encode_reply(polar.ControlReply(polar.START, 2, polar.Status.SUCCESS)))
    assert not step.answered(polar.encode_reply(polar.ControlReply(polar.STOP, 2, polar.Status.SUCCESS)))
    with pytest.raises(BandBusyError, match="charger"):
        step.answered(polar.encode_reply(polar.ControlReply(polar.START, 2, polar.Status.CHARGING)))
    with pytest.raises(BandRefusedError, match="status 5"):
        step.answered(polar.encode_reply(polar.ControlReply(polar.START, 2, polar.Status.BAD_PARAMETER)))
    with pytest.raises(BandRefusedError, match="password"):
        axle.let_in(b"!")
    assert axle.log_in("0123456789") == b"U456789\r\n"
