"""A header in which a name stands twice says two things; the DIP would check one and pass on both."""

import msgspec
import pytest

from tests.conftest import Serve
from tests.support.platform import sample


@pytest.mark.requirement("FS-19")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_a_name_that_stands_twice_in_the_header_is_refused(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        supplier = await platform.client("2300000001")
        body = msgspec.json.encode([sample("if-031")])
        twice = body.replace(b'"senderDIPID":', b'"senderDIPID":"2300000002","senderDIPID":')
        result = await supplier.send("IF-031", twice, encrypt=False)
        assert result.status == 400
        assert (result.entries[0].help or "").startswith("/0/payload/CommonBlock: expected each name once")


@pytest.mark.requirement("FS-19")
async def test_a_header_with_white_space_is_taken(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        supplier = await platform.client("2300000001")
        body = msgspec.json.format(msgspec.json.encode([sample("if-031")]), indent=2)
        assert (await supplier.send("IF-031", body, encrypt=False)).all_accepted
