"""The address that a signature covers (contract, Messages): with and without scheme and host, and behind a gateway."""

import pytest

from tests.conftest import Serve
from tests.integration.intake.calls import Call, array, calls_to

PATH = "/dip-channel/IF-031"


@pytest.mark.requirement("FS-07")
async def test_a_signature_may_leave_out_scheme_and_host(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        full = platform.dip.api_url + PATH
        for signed in (full, full.upper(), full.removeprefix("https://"), PATH):
            reply = await calls.make(Call(body=array(calls.good()), signed_url=signed))
            assert reply.status == 202, (signed, reply.help)


@pytest.mark.requirement("FS-07")
async def test_a_signature_covers_the_query(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        assert (await calls.make(Call(body=array(calls.good()), path=f"{PATH}?note=A%20b&x="))).status == 202


@pytest.mark.requirement("FS-61")
async def test_a_signature_may_cover_the_public_address_of_a_gateway(serve: Serve) -> None:
    public = "https://dip.example/api/"
    async with serve(public_url=public) as platform, calls_to(platform) as calls:
        for signed in (f"https://dip.example/api{PATH}", f"dip.example/api{PATH}", platform.dip.api_url + PATH):
            reply = await calls.make(Call(body=array(calls.good()), signed_url=signed))
            assert reply.status == 202, (signed, reply.help)
        reply = await calls.make(Call(body=array(calls.good()), signed_url=f"https://other.example{PATH}"))
        assert reply.status == 401
        assert "POST;https://dip.example/api/dip-channel/if-031;" in reply.help


@pytest.mark.requirement("FS-07")
async def test_a_refused_signature_is_explained(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        body = array(calls.good())
        reply = await calls.make(Call(body=body, signed_url="https://elsewhere/dip-channel/IF-031"))
        assert reply.status == 401
        assert f"POST;{platform.dip.api_url}/dip-channel/if-031;" in reply.help
        assert "another string" in reply.help
