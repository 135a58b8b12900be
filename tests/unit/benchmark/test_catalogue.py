"""What the benchmark of the catalogue measures: every channel loaded, a whole message checked."""

from dip.benchmark.catalogue import measure_catalogue
from dip.ground.assets import asset


def test_every_channel_is_loaded_and_a_whole_message_is_checked() -> None:
    sample = asset("data/seed") / "samples" / "if-021-activepower.json"
    found = measure_catalogue(asset("channels"), sample, loads=3, checks=2000)
    assert (found.channels, found.events) == (66, 155)
    assert 4500 <= found.message_bytes <= 4700
    assert list(found.load_ms) == list(found.check_us) == ["p50", "p90", "p99", "max"]
