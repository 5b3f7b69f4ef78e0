"""The open band profile: what is sent is what is read, and nothing else is read at all."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import FrameError
from device.profiles import openband
from device.profiles.openband import (
    BlockCount,
    ClockNow,
    EraseLog,
    GetClock,
    ListLogs,
    LogBlock,
    LogEntry,
    LogPage,
    Notification,
    Opcode,
    ReadLog,
    Reply,
    StartStream,
    Status,
    StopRead,
    StopStream,
    StreamSettings,
)
from device.profiles.pieces import BlockAssembler, PieceJoiner, split_block, split_message

GOLDEN = Path(__file__).parents[3] / "data" / "wire" / "openband.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text().splitlines()]

u8, u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
rates_hz = st.integers(1, 0xFFFF).map(lambda code: code / 64)
ranges_g = st.integers(1, 255)


def samples(most: int) -> st.SearchStrategy[np.ndarray]:
    rows = st.tuples(*[st.integers(-32768, 32767)] * 3)
    return st.lists(rows, min_size=1, max_size=most).map(lambda values: np.array(values, dtype=np.int16))


notifications = st.builds(
    Notification, seq=u16, ticks=u32, rate_hz=rates_hz, range_g=ranges_g, samples=samples(83), flags=u8, boot=u16
)
blocks = st.builds(
    LogBlock,
    log_id=u32,
    index=u32,
    ticks=u64,
    rate_hz=rates_hz,
    range_g=ranges_g,
    samples=samples(80),
    flags=u8,
    boot=u16,
)
requests = st.one_of(
    st.sampled_from([GetClock(), StopRead(), StopStream()]),
    st.builds(ListLogs, u8),
    st.builds(ReadLog, u32, u32, u32),
    st.builds(StartStream, rates_hz, u8),
    st.just(openband.GetConfig()),
    st.builds(openband.SetConfig, rates_hz, u8),
    st.builds(EraseLog, u32, u32),
)
entries = st.builds(LogEntry, u32, u32, u32, u64, u32, rates_hz, ranges_g, u16, u8)
bodies = st.one_of(
    st.tuples(st.just(Opcode.GET_CLOCK), st.builds(ClockNow, u64, u16, u32)),
    st.tuples(st.just(Opcode.LIST_LOGS), st.builds(LogPage, u8, u8, st.lists(entries, max_size=16).map(tuple))),
    st.tuples(st.sampled_from([Opcode.READ_LOG, Opcode.ERASE_LOG]), st.builds(BlockCount, u32)),
    st.tuples(
        st.sampled_from([Opcode.START_STREAM, Opcode.GET_CONFIG, Opcode.SET_CONFIG]),
        st.builds(StreamSettings, rates_hz, u8),
    ),
    st.tuples(st.sampled_from([Opcode.STOP_READ, Opcode.STOP_STREAM]), st.none()),
)
replies = st.one_of(
    st.builds(lambda ob, t, s: Reply(ob[0], t, s, ob[1]), bodies, u8, st.sampled_from([Status.OK, Status.DONE])),
    st.builds(Reply, st.sampled_from(Opcode), u8, st.sampled_from([Status.BUSY, Status.BAD_REQUEST])),
)
#: Bytes that an inattentive decoder takes for a frame: magics, versions, opcodes, small counts.
noise = st.lists(st.sampled_from([0x53, 0x42, 0x70, 0, 1, 2, 3, 4, 7, 255]), max_size=60).map(bytes)


def fields(value: Notification | LogBlock) -> dict[str, object]:
    found = {name: getattr(value, name) for name in type(value).__dataclass_fields__}
    return found | {"samples": value.samples.tolist()}


@given(notifications)
def test_a_notification_comes_back_as_it_went(sent: Notification) -> None:
    assert fields(openband.decode_notification(openband.encode_notification(sent))) == fields(sent)


@given(blocks)
def test_a_block_comes_back_as_it_went(sent: LogBlock) -> None:
    assert fields(openband.decode_block(openband.encode_block(sent))) == fields(sent)


@given(requests, u8)
def test_a_request_comes_back_with_its_token(sent: openband.Request, token: int) -> None:
    assert openband.decode_request(openband.encode_request(sent, token)) == (token, sent)


@given(replies)
def test_a_reply_comes_back_as_it_went(sent: Reply) -> None:
    data = openband.encode_reply(sent)
    assert len(data) <= 512
    assert openband.decode_reply(data) == sent


@given(noise)
def test_noise_is_a_frame_error_or_a_frame_that_encodes_to_the_same_bytes(data: bytes) -> None:
    pairs = (
        (openband.decode_notification, openband.encode_notification),
        (openband.decode_block, openband.encode_block),
        (openband.decode_request, lambda found: openband.encode_request(found[1], found[0])),
        (openband.decode_reply, openband.encode_reply),
    )
    for decode, encode in pairs:
        try:
            found = decode(data)
        except FrameError:
            continue
        try:
            assert encode(found) == data
        except ValueError:  # a rate of 0 is the receiver's to refuse
            assert decode in (openband.decode_request, openband.decode_reply)


@given(blocks, st.data())
def test_one_flipped_bit_in_a_block_is_always_seen(block: LogBlock, data: st.DataObject) -> None:
    whole = bytearray(openband.encode_block(block))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FrameError):
        openband.decode_block(bytes(whole))


@given(st.one_of(notifications, blocks), st.integers(1, 20))
def test_a_frame_cut_short_or_with_bytes_after_it_is_refused(frame: Notification | LogBlock, n: int) -> None:
    if isinstance(frame, LogBlock):
        data, decode = openband.encode_block(frame), openband.decode_block
    else:
        data, decode = openband.encode_notification(frame), openband.decode_notification
    for wrong in (data[:-n], data + bytes(n)):
        with pytest.raises(FrameError):
            decode(wrong)


@pytest.mark.parametrize("row", [row for row in ROWS if "samples" in row], ids=lambda row: row["kind"])
def test_golden_frames_are_read_and_written_byte_for_byte(row: dict[str, object]) -> None:
    data = bytes.fromhex(str(row["hex"]))
    if row["kind"] == "block":
        found: Notification | LogBlock = openband.decode_block(data)
        assert openband.encode_block(found) == data
    else:
        found = openband.decode_notification(data)
        assert openband.encode_notification(found) == data
    assert {name: value for name, value in fields(found).items() if name in row} == {
        name: row[name] for name in fields(found) if name in row
    }


@pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] == "request"], ids=lambda row: row["repr"])
def test_golden_requests_are_read_and_written_byte_for_byte(row: dict[str, object]) -> None:
    token, request = openband.decode_request(bytes.fromhex(str(row["hex"])))
    assert (token, repr(request)) == (row["token"], row["repr"])
    assert openband.encode_request(request, token).hex() == row["hex"]


def test_frames_fit_the_sizes_that_links_have() -> None:
    still = np.zeros((80, 3), dtype=np.int16)
    frame = Notification(0, 0, 25.0, 8, still[:38])
    assert len(openband.encode_notification(frame)) <= 247 - 3
    assert len(openband.encode_notification(replace(frame, samples=still[:1]))) <= 23 - 3
    assert len(openband.encode_block(LogBlock(0, 0, 0, 25.0, 8, still))) == 512


@pytest.mark.parametrize("rate_hz", [12.5, 25.0, 26.0, 31.25, 50.0, 52.0, 100.0, 104.0, 416.0])
def test_the_rates_of_real_sensors_are_exact(rate_hz: float) -> None:
    frame = Notification(0, 0, rate_hz, 8, np.zeros((1, 3), dtype=np.int16))
    assert openband.decode_notification(openband.encode_notification(frame)).rate_hz == rate_hz


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, 33.3, 1024.0, float("nan"), float("inf")])
def test_a_rate_that_the_wire_cannot_carry_is_refused(rate_hz: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        openband.encode_request(StartStream(rate_hz, 8), 0)


@given(blocks, st.integers(7, 514))
def test_a_block_in_pieces_is_whole_again(block: LogBlock, max_payload: int) -> None:
    pieces = split_block(openband.encode_block(block), max_payload)
    assert all(len(piece) <= max_payload for piece in pieces)
    assembler = BlockAssembler()
    found = [assembler.feed(piece) for piece in pieces]
    assert found[:-1] == [None] * (len(pieces) - 1)
    assert found[-1] is not None
    assert fields(found[-1]) == fields(block)
    assert (assembler.blocks, assembler.damaged, assembler.broken, assembler.stray) == (1, 0, 0, 0)


@given(st.lists(blocks, min_size=1, max_size=4), st.sampled_from([20, 182, 244, 514]), st.data())
def test_only_verified_blocks_come_out_of_pieces_that_were_dropped_or_changed(
    sent: list[LogBlock], max_payload: int, data: st.DataObject
) -> None:
    pieces = [piece for block in sent for piece in split_block(openband.encode_block(block), max_payload)]
    drop = data.draw(st.sets(st.integers(0, len(pieces) - 1), max_size=3))
    flip = data.draw(st.sets(st.integers(0, len(pieces) - 1), max_size=2))
    known = {openband.encode_block(block) for block in sent}
    assembler = BlockAssembler()
    for number, piece in enumerate(pieces):
        if number not in drop:
            found = assembler.feed(bytes((*piece[:-1], piece[-1] ^ 0x10)) if number in flip else piece)
            assert found is None or openband.encode_block(found) in known
    assembler.flush()
    assert assembler.blocks <= len(sent)
    if not drop and flip:
        assert assembler.blocks < len(sent)
        assert assembler.damaged + assembler.broken + assembler.stray > 0


@given(st.lists(noise, max_size=20))
def test_an_assembler_takes_any_bytes(payloads: list[bytes]) -> None:
    assembler = BlockAssembler()
    for payload in payloads:
        assembler.feed(payload)
    assert assembler.blocks == 0


def test_blocks_that_are_not_the_next_are_counted() -> None:
    assembler = BlockAssembler()
    for index in (4, 5, 7, 8, 8):
        block = LogBlock(1, index, 0, 25.0, 8, np.zeros((1, 3), dtype=np.int16))
        assembler.feed(openband.encode_block(block))
    assert (assembler.blocks, assembler.out_of_order) == (5, 2)


@given(replies, u8)
def test_a_reply_in_pieces_is_whole_again(reply: Reply, token: int) -> None:
    message = openband.encode_reply(reply)
    joiner = PieceJoiner()
    assert [joiner.feed(piece) for piece in split_message(message, token, 20)][-1] == message


def test_a_message_that_no_number_of_pieces_holds_is_refused() -> None:
    for max_payload in (0, 4, 5):
        with pytest.raises(ValueError, match="pieces"):
            split_message(bytes(512), 0, max_payload)
