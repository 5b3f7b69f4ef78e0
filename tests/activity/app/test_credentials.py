"""Secrets that sign in: the published codes come out, hashes fit their password only, tries are bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.app.credentials import (
    form_token,
    handle_of,
    hash_of,
    hash_password,
    matching_counter,
    new_secret,
    new_totp_secret,
    one_time_code,
    password_fits,
    totp_address,
)
from activity.app.settings import Settings
from activity.app.throttle import Throttle
from activity.errors import AnswerError

#: RFC 6238, appendix B: the secret "12345678901234567890" in base 32, with SHA-1 and eight digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
#: RFC 4226, appendix D.
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.mark.parametrize(("second", "code"), RFC_6238)
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    assert one_time_code(RFC_SECRET, second // 30, digits=8) == code


def test_codes_of_counters_are_those_of_the_standard() -> None:
    assert [one_time_code(RFC_SECRET, counter) for counter in range(10)] == RFC_4226


@given(counter=st.integers(10, 10**9), off=st.integers(-5, 5))
def test_a_code_fits_its_own_step_and_one_to_each_side(counter: int, off: int) -> None:
    code = one_time_code(RFC_SECRET, counter)
    near = {one_time_code(RFC_SECRET, counter + off + step) for step in (-1, 0, 1)}
    found = matching_counter(RFC_SECRET, code, (counter + off) * 30.0)
    assert (found is not None) == (code in near)
    if abs(off) <= 1:
        assert found is not None


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567", "７５５２２４", "\x00" * 6])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert matching_counter(RFC_SECRET, code, 3015.0) is None


def test_a_password_fits_its_own_hash_only() -> None:
    kept = hash_password("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert password_fits(kept, "correct horse battery")
    assert not password_fits(kept, "correct horse batterz")
    assert not password_fits(None, "correct horse battery")
    assert not password_fits("no hash", "correct horse battery")


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_that_guards_little_is_refused(password: str) -> None:
    with pytest.raises(AnswerError) as caught:
        hash_password(password)
    assert password not in str(caught.value) or not password


def test_what_is_made_of_a_secret_differs_with_it_and_does_not_tell_it() -> None:
    one, other = new_secret(), new_secret()
    made = [f(secret) for secret in (one, other) for f in (hash_of, form_token, lambda s: handle_of(s, "KQ7-M2R-TX5"))]
    assert len(set(made)) == len(made)
    assert all(one not in text and other not in text for text in made)
    assert len(new_totp_secret()) == 32
    assert totp_address("ABC", "a b") == "otpauth://totp/selfback:a%20b?secret=ABC&issuer=selfback"


@given(gaps=st.lists(st.floats(0.0, 20.0), max_size=60), most=st.integers(1, 5))
def test_no_window_ever_holds_more_tries_than_allowed(gaps: list[float], most: int) -> None:
    throttle, now, allowed = Throttle(most, 30.0), 0.0, []
    for gap in gaps:
        now += gap
        if throttle.allows("key", now):
            allowed.append(now)
    for first in allowed:
        assert sum(first <= one < first + 30.0 for one in allowed) <= most


def test_keys_of_a_throttle_are_apart_and_bounded() -> None:
    throttle = Throttle(1, 30.0, most_keys=2)
    assert [throttle.allows(key, 0.0) for key in ("a", "b", "a", "c", "a")] == [True, True, False, True, False]
    assert throttle.allows("b", 0.0)  # the oldest was forgotten, so that nobody can fill the memory
    throttle.forget("a")
    assert throttle.allows("a", 0.0)


@pytest.mark.parametrize("origin", ["http://back.example.org", "ftp://127.0.0.1", "https://", "https://a/b", "a.org"])
def test_an_address_that_would_send_answers_in_the_clear_is_refused(origin: str) -> None:
    with pytest.raises(AnswerError):
        Settings(origin)


def test_a_cookie_is_bound_to_its_host_wherever_there_is_encryption() -> None:
    assert Settings("https://back.example.org").cookie == "__Host-selfback"
    assert Settings("http://127.0.0.1:8765").cookie == "selfback"
