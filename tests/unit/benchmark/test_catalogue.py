"""The catalogue loads, and a message is checked, within the times that it is meant to."""

from dip.benchmark.catalogue import measure_catalogue
from dip.ground.assets import asset


def test_the_catalogue_loads_within_a_second_and_a_message_is_checked_in_sixty_microseconds() -> None:
    sample = asset("data/seed") / "samples" / "if-021-activepower.json"
    found = measure_catalogue(asset("channels"), sample, loads=3, checks=2000)
    assert (found.channels, found.events) == (66, 155)
    assert 4500 <= found.message_bytes <= 4700
    assert found.load_ms["p50"] < 1000
    assert found.check_us["p50"] < 60
    assert found.load_ms["p50"] <= found.load_and_compile_ms["p50"]
