"""Another master key while messages flow; at any crash the next start finds the key that opens (8.1)."""

import asyncio

import pytest

from dip.ground.errors import DipError
from dip.security.vault import MasterKeyRefused
from tests.conftest import Serve
from tests.integration.duties.desk import desk
from tests.support.platform import Platform, sample

OLD, NEW = "ab" * 32, "cd" * 32


async def send(platform: Platform, count: int) -> list[str]:
    """Send so many messages one after the other; their transaction ids."""
    supplier = await platform.client("2300000001")
    sent: list[str] = []
    for _ in range(count):
        result = await supplier.send("IF-031", [sample("if-031")])
        assert result.all_accepted
        sent += [entry.transaction_id or "" for entry in result.entries]
    return sent


@pytest.mark.requirement("FS-65")
async def test_messages_flow_while_the_key_changes_and_stay_readable(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        file = platform.dip.directory / "master.key"
        first = file.read_text()
        sending = asyncio.create_task(send(platform, 20))
        done = [await office.do("master-key/rotate") for _ in range(3)]
        sent = await sending
        assert [one["keptIn"] for one in done] == ["master.key"] * 3
        assert done[0]["keys"] >= 2
        second = file.read_text()
        assert second != first
        assert not file.with_name("master.key.next").exists()
    async with serve() as platform:
        registration = await platform.listener("2200000001")
        received = [(await registration.next(5)).transaction_id for _ in sent]
        assert received == sent
    file.write_text(first)
    with pytest.raises(MasterKeyRefused):
        async with serve():
            pass


@pytest.mark.requirement("FS-65")
async def test_a_change_that_was_cut_short_before_or_after_its_commit_is_settled_by_the_next_start(
    serve: Serve,
) -> None:
    async with serve() as platform:
        file = platform.dip.directory / "master.key"
        await send(platform, 1)
    before = file.read_text()
    following = file.with_name("master.key.next")
    following.write_text(NEW)
    async with serve() as platform:
        assert file.read_text() == before
        assert not following.exists()
        async with desk(platform) as office:
            await office.do("master-key/rotate")
        after = file.read_text()
    # As a crash between the commit and the change of the file leaves it.
    file.write_text(before)
    following.write_text(after)
    async with serve() as platform:
        assert file.read_text() == after
        assert not following.exists()
        await send(platform, 1)


@pytest.mark.requirement("FS-65")
async def test_a_key_from_the_environment_is_changed_for_one_that_the_call_brings(serve: Serve) -> None:
    async with serve("fresh") as platform:
        digits = (platform.dip.directory / "master.key").read_text().strip()
        (platform.dip.directory / "master.key").unlink()
    async with serve("fresh", master_key=digits) as platform, desk(platform) as office:
        refusal = await office.do("master-key/rotate", status=409)
        assert "DIP_MASTER_KEY" in refusal["detail"]
        bad = await office.do("master-key/rotate", {"key": "abc"}, status=400)
        assert "64 hexadecimal digits" in bad["detail"]
        done = await office.do("master-key/rotate", {"key": NEW})
        assert done["keptIn"] == "the environment variable DIP_MASTER_KEY"
        sent = await send(platform, 1)
        assert digits not in platform.log.getvalue()
        assert NEW not in platform.log.getvalue()
    for wrong in ({"master_key": digits}, {"master_key": OLD}):
        with pytest.raises(MasterKeyRefused):
            async with serve("fresh", **wrong):
                pass
    with pytest.raises(DipError, match="DIP_MASTER_KEY"):
        async with serve("fresh"):
            pass
    async with serve("fresh", master_key=NEW) as platform:
        registration = await platform.listener("2200000001")
        assert [(await registration.next(5)).transaction_id] == sent
