"""The master key is changed on a page that says what it does (FS-57)."""

import pytest

from tests.integration.portal.conftest import Portal
from tests.integration.portal.test_channel_pages import Visit

pytestmark = pytest.mark.requirement("FS-57")


@pytest.fixture
async def visit(portal: Portal) -> Visit:
    await portal.log_in()
    return Visit(portal)


async def test_it_is_changed_when_somebody_is_sure(visit: Visit) -> None:
    page = await visit.open("/master-key")
    assert "master.key" in page and "no stored message is touched" in page
    assert "type change to confirm" in await visit.send("/master-key", 400, confirm="yes")
    there = await visit.send("/master-key", 303, confirm="change")
    assert there == "/master-key?done=0"
    page = await visit.portal.page(there)
    assert 'role="status"' in page and "keep a new backup" in page


async def test_a_key_of_ones_own_has_to_have_its_form_and_is_never_shown(visit: Visit) -> None:
    await visit.open("/master-key")
    page = await visit.send("/master-key", 400, confirm="change", key="12ab")
    assert 'id="wrong-key"' in page and "12ab" not in page
    await visit.send("/master-key", 303, confirm="change", key="12ab" * 16)
