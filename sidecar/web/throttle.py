"""Slows down who tries passwords: after a few failed logins an account and an address have to wait.

It is kept in memory: a restart forgets it, and each of several programs counts by itself. Paperless counts as well.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from datetime import datetime, timedelta

#: Failures that cost nothing, of an account and of an address.
FREE = 5
#: The first wait after that; doubles with every failure up to the longest.
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
#: So many accounts and addresses are remembered; the oldest is forgotten first.
REMEMBERED = 10_000


class Throttle:
    """Counts failed logins by account and by address."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def wait(self, account: str, address: str, now: datetime) -> timedelta:
        """Return how long this person has to wait before another try; zero if they need not."""
        return max(self._wait(key, now) for key in _keys(account, address))

    def failed(self, account: str, address: str, now: datetime) -> None:
        """Count a failed login."""
        for key in _keys(account, address):
            number, _ = self._failures.pop(key, (0, now))
            self._failures[key] = (number + 1, now)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget what was counted of this person."""
        for key in _keys(account, address):
            self._failures.pop(key, None)

    def _wait(self, key: str, now: datetime) -> timedelta:
        number, last = self._failures.get(key, (0, now))
        if now - last > LONGEST_WAIT:
            self._failures.pop(key, None)
            return timedelta(0)
        if number < FREE:
            return timedelta(0)
        due = last + min(FIRST_WAIT * (1 << min(number - FREE, 10)), LONGEST_WAIT)
        return max(due - now, timedelta(0))


def _keys(account: str, address: str) -> tuple[str, str]:
    return f"account {account.strip().casefold()[:200]}", f"address {_network(address)}"


def _network(address: str) -> str:
    """Return what one household has: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
