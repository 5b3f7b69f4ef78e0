"""Stratified permuted blocks from a key: whoever has the key can work out every arm, and nobody else the next one.

The size of each block and the order in it are drawn from HMAC-SHA-256 (RFC 2104, FIPS 180-4) over the study, the
stratum and the number of the block, so that the same key gives the same sequence, and no stratum knows of another.
Blocks of varying size: ICH E9, section 2.3.2. Each place that was used is sealed over the place before it.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from activity.trial.protocol import Protocol, spelt

KEY_BYTES: Final = 32
#: The seal before the first place.
ROOT: Final = "0" * 64
_WORD_BYTES: Final = 8

Stratum = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a sequence that somebody took; places are sealed in the order in which they were taken."""

    stratum: str  #: as `stratum_name` spells it
    position: int  #: from 0, within the stratum
    arm: str
    protocol: str  #: digest of the protocol at that time
    seal: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who took a place, as long as they aren't erased."""

    participant: str
    arm: str
    place: int  #: index of the place, in the order in which they were taken
    seal: str


def stratum_name(stratum: Stratum) -> str:
    """Return a stratum in one spelling, which no other one has."""
    return spelt([list(factor) for factor in stratum])


def key_check(key: bytes, study: str) -> str:
    """Return what tells the key of a study from any other, and nothing else about it."""
    return _mac(key, "check", study)


def first_arms(key: bytes, protocol: Protocol, stratum: str, number: int) -> list[str]:
    """Return the arms of the first ``number`` places of a stratum."""
    arms: list[str] = []
    for block in count():
        if len(arms) >= number:
            break
        arms += _block(key, protocol, stratum, block)
    return arms[:number]


def take(key: bytes, protocol: Protocol, stratum: str, position: int, previous: str) -> Place:
    """Return the next place of a stratum, sealed over the one that was taken before it in any stratum."""
    arm = first_arms(key, protocol, stratum, position + 1)[position]
    seal = _place_seal(key, protocol, (stratum, position, arm), protocol.digest, previous)
    return Place(stratum, position, arm, protocol.digest, seal)


def hold(key: bytes, protocol: Protocol, place: Place, participant: str) -> str:
    """Return the seal of who took a place."""
    return _mac(key, "holder", protocol.id, place.seal, place.arm, participant)


def faults(key: bytes, protocol: Protocol, places: Sequence[Place], holders: Sequence[Holder]) -> Iterator[str]:
    """Yield what of the places that were taken isn't what the key makes of it; ``places`` in the order of taking."""
    taken = Counter(place.stratum for place in places)
    drawn = {stratum: first_arms(key, protocol, stratum, number) for stratum, number in taken.items()}
    following = dict.fromkeys(taken, 0)
    previous = ROOT
    for number, place in enumerate(places, 1):
        said = (place.stratum, place.position, place.arm)
        if place.seal != _place_seal(key, protocol, said, place.protocol, previous):
            yield f"place {number} was changed, or isn't the one that was taken after the one before it"
        if place.position != following[place.stratum]:
            yield f"place {number}: a place of its stratum was left out, or taken twice"
        elif place.arm != drawn[place.stratum][place.position]:
            yield f"place {number}: the sequence has another arm there"
        following[place.stratum] += 1
        previous = place.seal
    yield from _holder_faults(key, protocol, places, holders)


def _holder_faults(key: bytes, protocol: Protocol, places: Sequence[Place], holders: Sequence[Holder]) -> Iterator[str]:
    seen: set[int] = set()
    for holder in holders:
        if not 0 <= holder.place < len(places):
            yield f"{holder.participant} holds a place that isn't there"
            continue
        place = places[holder.place]
        if holder.place in seen:
            yield f"place {holder.place + 1} is held twice"
        if holder.arm != place.arm or holder.seal != hold(key, protocol, place, holder.participant):
            yield f"{holder.participant} isn't who took place {holder.place + 1}"
        seen.add(holder.place)


def _block(key: bytes, protocol: Protocol, stratum: str, number: int) -> list[str]:
    """Return the arms of one block, in order."""
    words = _words(key, "block", protocol.id, stratum, number)
    sizes = protocol.randomisation.blocks
    size = sizes[_below(words, len(sizes))]
    rounds = size // sum(one.share for one in protocol.arm)
    arms = [one.id for one in protocol.arm for _ in range(one.share * rounds)]
    for last in range(size - 1, 0, -1):  # Durstenfeld, Algorithm 235, CACM 1964
        other = _below(words, last + 1)
        arms[last], arms[other] = arms[other], arms[last]
    return arms


def _below(words: Iterator[int], bound: int) -> int:
    """Return a number from 0 to ``bound`` - 1, each as likely; words at the end that would favour some are left out."""
    whole = 1 << (8 * _WORD_BYTES)
    limit = whole - whole % bound
    return next(word for word in words if word < limit) % bound


def _words(key: bytes, *label: str | int) -> Iterator[int]:
    for number in count():
        drawn = bytes.fromhex(_mac(key, *label, number))
        for start in range(0, len(drawn), _WORD_BYTES):
            yield int.from_bytes(drawn[start : start + _WORD_BYTES], "big")


def _place_seal(key: bytes, protocol: Protocol, place: tuple[str, int, str], digest: str, previous: str) -> str:
    return _mac(key, "place", protocol.id, *place, digest, previous)


def _mac(key: bytes, *said: str | int) -> str:
    """Return the HMAC of a list in one spelling, whose first word says what it is for."""
    return hmac.new(key, spelt(list(said)).encode(), hashlib.sha256).hexdigest()
