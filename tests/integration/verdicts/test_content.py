"""Header and payload side by side: for those entitled, each its own view, never in a log (FS-55, FS-50)."""

import pytest

from dip.http.portal.powers import Power
from tests.conftest import Serve
from tests.integration.routing.traffic import REGISTRATION, SUPPLIERS, send
from tests.integration.verdicts.desk import office, user
from tests.support.platform import sample
from tests.support.waiting import until

HIDDEN = ("meteringServiceID", "meteringServiceEffectiveFromDate", "appointmentCode")
MEANT, HELD, SEEN = 'id="meant"', 'id="held"', 'id="seen"'


def part(text: str, mark: str) -> str:
    """One of the three views."""
    return text.partition(mark)[2].partition('<section class="card sheet"')[0]


@pytest.mark.requirement("FS-55", "FS-26")
async def test_three_views_stand_side_by_side_and_a_recipient_is_chosen(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        path = f"/messages/{await send(platform, sample('if-909'))}"
        assert f"{path}/content" in await desk.page(path)
        text = await desk.page(f"{path}/content?recipient={SUPPLIERS[0]}")
        assert "D0" not in part(text, MEANT)
        assert "added by the DIP" in part(text, HELD)
        assert "transactionID" in part(text, HELD)
        for item in HIDDEN:
            assert f"&#34;{item}&#34;" in part(text, MEANT)
            assert f"&#34;{item}&#34;" not in part(text, SEEN)
        assert "items left out or replaced" in part(text, SEEN)
        whole = await desk.page(f"{path}/content?recipient={REGISTRATION}")
        assert f"&#34;{HIDDEN[0]}&#34;" in part(whole, SEEN)
        await desk.page(f"{path}/content?recipient=1800000001", 404)


@pytest.mark.requirement("FS-55", "FS-50")
async def test_a_recipients_user_sees_its_own_view_alone(serve: Serve) -> None:
    async with serve() as platform:
        message = sample("if-909")
        sender = message["payload"]["CommonBlock"]["S1"]["senderDIPID"]
        path = f"/messages/{await send(platform, message)}"
        async with user(platform, "recipient", Power.COMPANY_MESSAGES, of=SUPPLIERS[0]) as theirs:
            text = await theirs.page(f"{path}/content")
            assert (MEANT in text, HELD in text, SEEN in text) == (False, False, True)
            for item in HIDDEN:
                assert f"&#34;{item}&#34;" not in text
            assert SUPPLIERS[1] not in text.partition('class="views"')[0]
            await theirs.page(f"{path}/content?recipient={SUPPLIERS[1]}", 404)
            await theirs.page(f"{path}/content?recipient={REGISTRATION}", 404)
        async with user(platform, "sender", Power.READ_ONLY, of=sender) as ours:
            text = await ours.page(f"{path}/content?recipient={SUPPLIERS[1]}")
            assert MEANT in text
            assert SEEN in text
        async with user(platform, "stranger", Power.COMPANY_MESSAGES, of="1800000001") as stranger:
            await stranger.page(f"{path}/content", 404)
            await stranger.page(path, 404)
        async with user(platform, "looking", Power.READ_ONLY) as looking:
            assert "Header and payload" not in await looking.page(path)
            await looking.page(f"{path}/content", 403)
        async with user(platform, "support", Power.SUPPORT) as support:
            assert MEANT in await support.page(f"{path}/content")


@pytest.mark.requirement("FS-55", "FS-45")
async def test_what_was_shown_stands_in_no_log(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        message = sample("if-909")
        mark = message["payload"]["CommonBlock"]["M0"]["MPANCore"]
        path = f"/messages/{await send(platform, message)}/content"
        assert mark in await desk.page(path)
        (found,) = await until(lambda: desk.recorded(f"path={path}"))
        record = str(found["record"])
        assert mark not in record
        assert "dip.body.sha256" in record
        assert mark not in platform.log.getvalue()


@pytest.mark.requirement("FS-55")
async def test_content_that_is_gone_is_told_so(serve: Serve) -> None:
    async with serve(envelope_cache_bytes=0) as platform, office(platform) as desk:
        transaction = await send(platform, sample("if-909"))
        forget = "DELETE FROM archive WHERE message = (SELECT id FROM message WHERE transaction_id = ?)"
        await platform.dip.store.writer.ask(lambda connection: connection.execute(forget, (transaction,)))
        text = await desk.page(f"/messages/{transaction}/content")
        assert "no longer in the archive" in text
        assert MEANT not in text
        assert "content no longer kept" in await desk.page(f"/messages/{transaction}")
