"""Asks for addresses, one after the other, and how long each answer took to be there whole."""

import time
from collections.abc import Callable, Sequence
from typing import Final

import aiohttp
import msgspec

from dip.benchmark.pages.addresses import Address
from dip.benchmark.pages.visitors import Visitor

FLOOR: Final = "/healthz"
_SHARES: Final = (0.5, 0.9, 1.0)


class Times(msgspec.Struct, frozen=True):
    """Milliseconds: of the first answer, and of those behind it."""

    first: float
    p50: float
    p90: float
    max: float


class Asked(msgspec.Struct, frozen=True):
    """What came of an address. times: None where an answer was amiss; over: answers behind the first over the limit.

    fault: what was amiss; size: bytes of the last answer.
    """

    visitor: str
    name: str
    limit_ms: float
    whole: bool
    size: int = 0
    over: int = 0
    times: Times | None = None
    fault: str = ""

    @property
    def met(self) -> bool:
        """Whether nine of ten answers came within the limit."""
        return self.times is not None and (self.whole or self.times.p90 < self.limit_ms)


async def ask_all(
    visitor: Visitor, addresses: Sequence[Address], asks: int, made: Callable[[int, int], None]
) -> list[Asked]:
    """Each address once, and then so often again; one that is asked whole, or never ends, once in all."""
    found = []
    for number, address in enumerate(addresses, 1):
        found.append(await _ask(visitor, address, 0 if address.whole or address.stream else asks))
        made(number, len(addresses))
    return found


async def _ask(visitor: Visitor, address: Address, asks: int) -> Asked:
    asked = Asked(visitor.name, address.name, address.limit_ms, address.whole)
    took: list[float] = []
    size = 0
    for _ in range(1 + asks):
        try:
            milliseconds, size, fault = await _once(visitor.session, address)
        except (aiohttp.ClientError, TimeoutError) as exc:
            fault, milliseconds = str(exc) or type(exc).__name__, 0.0
        if fault:
            return msgspec.structs.replace(asked, fault=fault)
        took.append(milliseconds)
    over = sum(one >= address.limit_ms for one in took[1:])
    return msgspec.structs.replace(asked, size=size, over=over, times=_times(took))


async def _once(session: aiohttp.ClientSession, address: Address) -> tuple[float, int, str]:
    """Milliseconds, bytes, and what was amiss."""
    kind = "application/json" if address.target.startswith("/admin/") else "text/html"
    began = time.perf_counter()
    async with session.get(address.target, headers={"Accept": kind}, allow_redirects=False) as response:
        body = await (response.content.readany() if address.stream else response.read())
        took = (time.perf_counter() - began) * 1000
        fault = "" if response.status == address.status else f"answered {response.status}"
        return took, len(body), fault


def _times(took: Sequence[float]) -> Times:
    ordered = sorted(took[1:] or took)
    p50, p90, most = (round(ordered[round((len(ordered) - 1) * share)], 2) for share in _SHARES)
    return Times(round(took[0], 2), p50, p90, most)
