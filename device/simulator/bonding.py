"""How the two ends of a simulated link pair: LE Secure Connections, bonding, with a passkey where there is one."""

from bumble.pairing import PairingConfig, PairingDelegate


class _Passkey(PairingDelegate):
    """One end of a passkey entry: the band has the number printed on it, whoever holds the computer types it."""

    def __init__(self, passkey: int, *, shows_it: bool) -> None:
        kinds = PairingDelegate.IoCapability
        super().__init__(kinds.DISPLAY_OUTPUT_ONLY if shows_it else kinds.KEYBOARD_INPUT_ONLY)
        self.passkey = passkey

    async def generate_passkey(self) -> int:
        """Return the number that is printed on the band."""
        return self.passkey

    async def confirm(self, auto: bool = False) -> bool:  # noqa: ARG002 - as Bumble calls it
        """Refuse a pairing that asks for no number: it proves nothing."""
        return False

    async def get_number(self) -> int | None:
        """Return the number that was typed."""
        return self.passkey


def pairing_config(passkey: int | None, *, shows_it: bool) -> PairingConfig:
    """Return how one end pairs; without a passkey the link is encrypted, but nobody knows with whom."""
    delegate = PairingDelegate() if passkey is None else _Passkey(passkey, shows_it=shows_it)
    return PairingConfig(sc=True, mitm=passkey is not None, bonding=True, delegate=delegate)
