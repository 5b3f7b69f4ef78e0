"""Secrets that sign somebody in: made, hashed and compared. Argon2id for passwords, TOTP (RFC 6238) for staff."""

import base64
import hashlib
import hmac
import secrets
from functools import cache
from typing import Final
from urllib.parse import quote

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from activity.errors import AnswerError

#: NIST SP 800-63B-4, 3.1.1.2, asks for 8 where a password is one of two factors; these guard the health of others.
LEAST_PASSWORD: Final = 12
MOST_PASSWORD: Final = 200
STEP_S: Final = 30  #: RFC 6238, 5.2
DIGITS: Final = 6
_SECRET_BYTES: Final = 20  #: RFC 4226, 4: 160 bits are recommended
_HASHER: Final = PasswordHasher()  # RFC 9106, second recommended option, as the library ships it


def new_secret() -> str:
    """Return a secret of 256 bits for a link or a cookie."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return what is kept of a secret. It has 256 random bits, so that a plain hash can't be searched."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(cookie: str) -> str:
    """Return what a form has to bring back; only who reads our pages or the cookie knows it."""
    return hmac.new(cookie.encode(), b"form", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Return whether two texts are the same, in a time that doesn't tell how far."""
    return hmac.compare_digest(one.encode(), other.encode())


def handle_of(cookie: str, key: str) -> str:
    """Return a name for a person that holds in one session only, so that no id stands in an address."""
    return hmac.new(cookie.encode(), f"person {key}".encode(), hashlib.sha256).hexdigest()[:24]


def hash_password(password: str) -> str:
    """Return the hash of a password; ``AnswerError`` where it is too short to keep anything behind it."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise AnswerError(
            f"a password of {len(password)} characters", expected=f"{LEAST_PASSWORD} to {MOST_PASSWORD} characters",
            remedy="a few words that don't belong together",
        )  # fmt: skip
    return _HASHER.hash(password)


def password_fits(kept: str | None, password: str) -> bool:
    """Return whether a password is the one of a hash; without one it takes as long, and is False."""
    try:
        return _HASHER.verify(kept or _nobodys_hash(), password[: MOST_PASSWORD + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def new_totp_secret() -> str:
    """Return a shared secret in base 32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def totp_address(secret: str, account: str) -> str:
    """Return the ``otpauth`` address that an authenticator app takes."""
    return f"otpauth://totp/selfback:{quote(account)}?secret={secret}&issuer=selfback"


def one_time_code(secret: str, counter: int, digits: int = DIGITS) -> str:
    """Return the code of a counter (RFC 4226, 5.3, with HMAC-SHA-1)."""
    digest = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_counter(secret: str, code: str, now_s: float) -> int | None:
    """Return the counter whose code it is, of now and one step to each side (RFC 6238, 5.2); None where it is none."""
    current = int(now_s) // STEP_S
    plain = code.replace(" ", "")
    fits = [counter for counter in (current - 1, current, current + 1) if same(one_time_code(secret, counter), plain)]
    return fits[-1] if fits else None


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))
