"""The worked example #909 (5.5.12): targeted and always recipients, items hidden by role."""

import pytest

from tests.conftest import Serve
from tests.integration.routing.traffic import REGISTRATION, SUPPLIERS, send, with_roles
from tests.support.platform import sample

HIDDEN = {"meteringServiceID", "meteringServiceEffectiveFromDate", "appointmentCode"}


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-20", "FS-22", "FS-26", "FS-33", "FS-13")
async def test_registration_gets_all_items_and_suppliers_all_but_three(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        listeners = {dip_id: await platform.listener(dip_id, "IF-909") for dip_id in (REGISTRATION, *SUPPLIERS)}
        message = sample("if-909")
        transaction_id = await send(platform, message)
        sent = message["payload"]["CustomBlock"]["B909"]
        for dip_id, listener in listeners.items():
            received = await listener.next(5)
            assert received.transaction_id == transaction_id
            expected = sent if dip_id == REGISTRATION else {key: sent[key] for key in sent.keys() - HIDDEN}
            assert received.custom == {"B909": expected}
            assert received.encrypted == (profile == "spec")
            address = received.common["A0"]
            assert address["primaryRecipients"] == [REGISTRATION]
            assert address["secondaryRecipients"] == []
            assert sorted(address["always"]) == list(SUPPLIERS)


@pytest.mark.requirement("FS-03", "FS-26")
async def test_an_item_is_hidden_only_where_every_role_hides_it(serve: Serve) -> None:
    async with serve() as platform:
        with_roles(platform, SUPPLIERS[0], "SUP", "REGS")
        message = sample("if-909")
        message["payload"]["CommonBlock"]["A0"]["primaryRecipients"] = [SUPPLIERS[0]]
        both, one = [await platform.listener(dip_id, "IF-909") for dip_id in SUPPLIERS]
        await send(platform, message)
        assert set((await both.next(5)).custom["B909"]) >= HIDDEN
        assert not set((await one.next(5)).custom["B909"]) & HIDDEN


@pytest.mark.requirement("FS-20")
async def test_only_the_registration_service_that_is_named_gets_it(serve: Serve) -> None:
    async with serve() as platform:
        named = await platform.listener("2200000002", "IF-909")
        message = sample("if-909")
        message["payload"]["CommonBlock"]["A0"]["primaryRecipients"] = ["2200000002", "2200000002", None]
        await send(platform, message)
        received = await named.next(5)
        assert received.common["A0"]["primaryRecipients"] == ["2200000002"]
