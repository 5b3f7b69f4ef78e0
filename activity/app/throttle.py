"""How often something may be tried: a sliding window for each key, with a bound on what is remembered."""

from collections import OrderedDict, deque
from threading import Lock


class Throttle:
    """At most ``most`` tries of a key in ``window_s`` seconds."""

    def __init__(self, most: int, window_s: float, most_keys: int = 10_000) -> None:
        self._most, self._window_s, self._most_keys = most, window_s, most_keys
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, key: str, now_s: float) -> bool:
        """Count a try and return whether it may go on; a refused one doesn't lengthen the wait."""
        with self._lock:
            tries = self._tries.setdefault(key, deque())
            self._tries.move_to_end(key)
            while len(self._tries) > self._most_keys:
                self._tries.popitem(last=False)
            while tries and tries[0] <= now_s - self._window_s:
                tries.popleft()
            if len(tries) >= self._most:
                return False
            tries.append(now_s)
            return True

    def forget(self, key: str) -> None:
        """Let a key begin anew, as after the right answer."""
        with self._lock:
            self._tries.pop(key, None)
