"""After five failed log-ins the door stays shut for a while, for that name from that address alone (8.3)."""

import pytest

from dip.ground.clock import Clock
from dip.http.portal.lock_out import LockOut
from tests.integration.portal.conftest import NAME, PASSWORD, Portal


async def log_in(portal: Portal, name: str, password: str) -> tuple[int, str, str | None]:
    """Status, page and Retry-After of a log-in."""
    answer = await portal.client.post("/login", data={"name": name, "password": password}, allow_redirects=False)
    return answer.status, await answer.text(), answer.headers.get("Retry-After")


@pytest.mark.requirement("FS-67")
async def test_the_door_is_shut_after_five_failures_even_for_the_right_password(portal: Portal) -> None:
    assert [(await log_in(portal, NAME, "wrong"))[0] for _ in range(5)] == [403] * 5
    status, page, after = await log_in(portal, NAME, PASSWORD)
    assert status == 429
    assert "Try again in 15 minutes" in page
    assert after is not None
    assert 890 < int(after) <= 900
    assert (await log_in(portal, "somebody", "wrong"))[0] == 403
    assert PASSWORD not in portal.log.getvalue()


@pytest.mark.requirement("FS-67")
async def test_a_log_in_forgets_earlier_failures(portal: Portal) -> None:
    for _ in range(3):
        assert [(await log_in(portal, NAME, "wrong"))[0] for _ in range(4)] == [403] * 4
        assert (await log_in(portal, NAME, PASSWORD))[0] == 303


class Moved(Clock):
    """A clock whose monotonic time a test moves."""

    at = 1000.0

    def monotonic(self) -> float:
        return self.at


def test_the_door_opens_when_its_time_is_over_and_not_before() -> None:
    clock = Moved()
    lock_out = LockOut(clock, attempts=2, lasts_s=60)
    lock_out.failed("anna", "here")
    assert lock_out.left_s("anna", "here") == 0
    clock.at += 30
    lock_out.failed("anna", "here")
    assert lock_out.left_s("anna", "here") == 60
    assert lock_out.left_s("anna", "elsewhere") == 0
    clock.at += 59.5
    assert lock_out.left_s("anna", "here") == 1
    clock.at += 0.5
    assert lock_out.left_s("anna", "here") == 0
    lock_out.failed("anna", "here")
    assert lock_out.left_s("anna", "here") == 0
