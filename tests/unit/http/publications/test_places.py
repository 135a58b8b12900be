"""Places for downloads, altogether and for one address."""

from contextlib import ExitStack

import pytest

from dip.http.portal.publications.places import NoPlace, Places, TooManyDownloads

pytestmark = pytest.mark.requirement("FS-37")


def test_an_address_has_its_share_and_others_have_theirs() -> None:
    places = Places(most=3, most_of_one=2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(places.taking("192.0.2.1"))
        with pytest.raises(TooManyDownloads, match="this address"), places.taking("192.0.2.1"):
            pass
        stack.enter_context(places.taking("192.0.2.2"))
        with pytest.raises(NoPlace, match="ask again") as refused, places.taking("192.0.2.3"):
            pass
        assert not isinstance(refused.value, TooManyDownloads)
        assert places.taken == 3
    assert places.taken == 0
    with places.taking("192.0.2.1"):
        assert places.taken == 1


def test_neighbours_in_one_network_of_ipv6_share_their_places() -> None:
    places = Places(most=3, most_of_one=1)
    with places.taking("2001:db8::1"), pytest.raises(TooManyDownloads), places.taking("2001:db8::2"):
        pass
