"""The address of a call is kept without what may name an MPAN."""

import pytest

from dip.store.evidence import kept_url

BASE = "https://127.0.0.1:8443/dip-channel/IF-031"


@pytest.mark.parametrize("query", ["", "?wait=20", "?max=5&wait=0.5", "?"])
def test_a_query_that_the_api_knows_stays(query: str) -> None:
    assert kept_url(BASE + query) == BASE + query


@pytest.mark.requirement("FS-65")
@pytest.mark.parametrize("query", ["?mpan=1712345678914", "?wait=1712345678914", "?wait=5&x", "?%6D=%31", "?wait=5?1"])
def test_any_other_query_is_left_out(query: str) -> None:
    assert kept_url(BASE + query) == f"{BASE}?…"
