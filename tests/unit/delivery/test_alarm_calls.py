"""Calls about alarms: in order, a few times, without bound in nothing."""

import asyncio
import io

import pytest

from dip.delivery.alarm_calls import AlarmCalls
from dip.delivery.answers import Call
from dip.ground.log import make_log
from tests.support.waiting import until


class Webhooks:
    """Answers by what stands in its list, and keeps what was called."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers)
        self.called: list[tuple[str, bytes]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def post(self, url: str, body: bytes) -> Call:
        self.called.append((url, body))
        if "slow" in url:
            await self.open.wait()
        return Call(self.answers.pop(0) if self.answers else 204)


@pytest.mark.requirement("FS-56")
async def test_a_call_is_made_again_until_it_is_taken_and_the_next_waits_for_it() -> None:
    webhooks, log = Webhooks(None, 503), io.StringIO()
    calls = AlarmCalls(post=webhooks.post, first_wait_s=0.001, log=make_log(log))
    calls.send("https://a.example/secret", b"1")
    calls.send("https://a.example/secret", b"2")
    await until(lambda: len(webhooks.called) == 4)
    assert [body for _, body in webhooks.called] == [b"1", b"1", b"1", b"2"]
    assert "secret" not in log.getvalue()
    await calls.close()


async def test_a_call_that_nobody_takes_is_given_up() -> None:
    webhooks = Webhooks(500, 500, 500, 500)
    calls = AlarmCalls(post=webhooks.post, first_wait_s=0.0001, log=make_log(io.StringIO()))
    calls.send("https://a.example/", b"1")
    calls.send("https://a.example/", b"2")
    await until(lambda: len(webhooks.called) == 5)
    assert [body for _, body in webhooks.called] == [b"1"] * 4 + [b"2"]
    await calls.close()


async def test_a_slow_address_holds_up_no_other_and_not_more_than_its_share_waits() -> None:
    webhooks, log = Webhooks(), io.StringIO()
    webhooks.open.clear()
    calls = AlarmCalls(post=webhooks.post, first_wait_s=0.001, log=make_log(log))
    for _ in range(100):
        calls.send("https://slow.example/", b"1")
    calls.send("https://quick.example/", b"2")
    await until(lambda: ("https://quick.example/", b"2") in webhooks.called)
    assert '"alarm_call_left_out"' in log.getvalue()
    webhooks.open.set()
    await until(lambda: len(webhooks.called) == 51)
    await calls.close()
