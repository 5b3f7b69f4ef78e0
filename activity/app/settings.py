"""Where the app is reached, and what follows from it for its cookies."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from activity.errors import AnswerError

#: Hosts that a page may be reached at without TLS: what is sent there doesn't leave the machine.
LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the app is reached."""

    origin: str  #: scheme, host and port, e.g. ``https://back.example.org``

    def __post_init__(self) -> None:
        parts = urlsplit(self.origin)
        plain = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in {"http", "https"} or not parts.hostname or plain != self.origin:
            raise AnswerError(f"{self.origin!r} is no origin", expected="https://HOST or http://127.0.0.1:PORT")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise AnswerError(
                f"{self.origin} would send what people answer unencrypted", expected="https://HOST",
                remedy="put a proxy with a certificate in front, and name its address with --origin",
            )  # fmt: skip

    @property
    def host(self) -> str:
        """Host and port, as a browser names them."""
        return urlsplit(self.origin).netloc

    @property
    def is_secure(self) -> bool:
        """Whether pages come by TLS."""
        return self.origin.startswith("https:")

    @property
    def cookie(self) -> str:
        """Name of the cookie. ``__Host-`` needs TLS (RFC 6265bis, 4.1.3.2), which the loopback address hasn't."""
        return "__Host-selfback" if self.is_secure else "selfback"
