"""Recipients that the sender names (5.5.3): judged at once, in the answer."""

import pytest

from tests.conftest import Serve
from tests.integration.routing.traffic import METERING, REGISTRATION, SUPPLIERS, addressed, made_up
from tests.support.platform import changed, sample

A0 = "CommonBlock.A0"


@pytest.mark.parametrize(
    ("named", "code", "place"),
    [
        (["2299999999"], "MSG1031", "/A0/primaryRecipients/0"),
        ([REGISTRATION, "2299999999"], "MSG1031", "/A0/primaryRecipients/1"),
        ([METERING], "MSG1032", "/A0/primaryRecipients/0"),
        ([REGISTRATION, SUPPLIERS[1]], "MSG1032", "/A0/primaryRecipients/1"),
    ],
)
@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-19", "FS-20")
async def test_a_wrong_recipient_is_refused_in_the_answer(
    serve: Serve, profile: str, named: list[str], code: str, place: str
) -> None:
    async with serve(profile=profile) as platform:
        client = await platform.client(SUPPLIERS[0])
        result = await client.send("IF-031", [changed(sample("if-031"), A0, addressed(*named))])
        assert result.status == 400
        (entry,) = result.refused
        assert (entry.message or "").startswith(f"{code} - ")
        assert f"/0/payload/CommonBlock{place}" in (entry.help or "")
        assert "REGS" in (entry.help or "")


@pytest.mark.parametrize("named", [None, [], [None]])
@pytest.mark.requirement("FS-20")
async def test_a_channel_of_named_recipients_alone_wants_one(serve: Serve, named: list[str | None] | None) -> None:
    async with serve() as platform:
        common = {} if named is None else {"A0": addressed(*named)}
        message = made_up(platform, "IF-032", "[DSAppInitialResp]", REGISTRATION, "REGS", **common)
        result = await (await platform.client(REGISTRATION)).send("IF-032", [message])
        assert result.status == 400
        assert (result.refused[0].message or "").startswith("MSG1031 - ")
        assert "/0/payload/CommonBlock/A0/primaryRecipients" in (result.refused[0].help or "")


@pytest.mark.requirement("FS-20")
async def test_a_channel_without_named_recipients_refuses_one(serve: Serve) -> None:
    async with serve() as platform:
        message = changed(sample("if-021"), A0, addressed(SUPPLIERS[0]))
        result = await (await platform.client("1400000001")).send("IF-021", [message])
        assert result.status == 400
        assert (result.refused[0].message or "").startswith("MSG1032 - ")
