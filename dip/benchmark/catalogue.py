"""How long the catalogue takes to load, and a message of it to be decoded and checked."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from dip.benchmark.load import MESSAGE_BYTES
from dip.benchmark.report import Report
from dip.channels import registry as channels
from dip.ground.assets import asset
from dip.messages.identifiers import EventCode, InterfaceId

_SHARES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))


class CatalogueResult(msgspec.Struct, frozen=True):
    """Percentiles: of loading in ms, of a message in microseconds."""

    channels: int
    events: int
    message_bytes: int
    load_ms: dict[str, float]
    load_and_compile_ms: dict[str, float]
    check_us: dict[str, float]


def run_catalogue() -> Report:
    """Time the loading of the shipped catalogue, and the check of a message."""
    found = measure_catalogue(asset("channels"), asset("data/seed") / "samples" / "if-021-activepower.json")
    rows = {
        "load, ms": list(found.load_ms.values()),
        "load and compile every format, ms": list(found.load_and_compile_ms.values()),
        f"decode and check an IF-021 of {found.message_bytes} bytes, µs": list(found.check_us.values()),
    }
    title = f"{found.channels} channels with {found.events} events"
    heads = [name for name, _ in _SHARES]
    return Report(mode="catalogue", title=title, plan={}, heads=heads, rows=rows, detail=found)


def measure_catalogue(directory: Path, sample: Path, *, loads: int = 20, checks: int = 20_000) -> CatalogueResult:
    """Load the catalogue so many times, then decode and check an IF-021 so many times (live profile).

    sample: an array with one message. Compiling makes every format's two checks, which a server makes at their
    first use.
    """
    payload = msgspec.json.decode(sample.read_bytes())[0]["payload"]
    padding = MESSAGE_BYTES - len(msgspec.json.encode(payload))
    payload["CommonBlock"]["S1"]["subText"] = "x" * min(max(padding, 1), 500)
    common, custom = (msgspec.json.encode(payload[block]) for block in ("CommonBlock", "CustomBlock"))
    loading, compiling = [], []
    for _ in range(loads):
        began = time.perf_counter()
        registry = channels.load(directory, specification_items=False)
        loading.append(time.perf_counter() - began)
        registry.compile()
        compiling.append(time.perf_counter() - began)
    event = registry.channels[InterfaceId("IF-021")].events[EventCode("[ActivePower]")]

    def check() -> None:
        event.format.decode_common(common)
        event.format.decode_custom(custom)

    return CatalogueResult(
        channels=len(registry.channels),
        events=sum(len(channel.events) for channel in registry.channels.values()),
        message_bytes=len(common) + len(custom),
        load_ms=_percentiles(loading, 1e3),
        load_and_compile_ms=_percentiles(compiling, 1e3),
        check_us=_percentiles(_timed(check, checks), 1e6),
    )


def _timed(call: Callable[[], None], times: int) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found


def _percentiles(seconds: list[float], unit: float) -> dict[str, float]:
    ordered = sorted(seconds)
    return {name: round(ordered[round((len(ordered) - 1) * share)] * unit, 1) for name, share in _SHARES}
