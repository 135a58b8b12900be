"""A channel that the DIP serves says what it answers with, and that has to fit together."""

from pathlib import Path

import pytest

from dip.channels.differences import differences
from dip.channels.errors import CatalogueRefused
from dip.channels.registry import Registry, build, read
from dip.channels.service import Service
from dip.channels.summary import summary
from dip.ground.assets import asset
from dip.messages.identifiers import EventCode, InterfaceId

CHANNELS = Path(asset("channels"))
IF_015 = "interfaces/IF-015.yaml"


def changed(old: str, new: str) -> Registry:
    """The shipped catalogue with a change in the channel that the DIP serves."""
    texts = read(CHANNELS)
    assert old in texts[IF_015]
    return build({**texts, IF_015: texts[IF_015].replace(old, new)}, CHANNELS, specification_items=True)


def test_the_shipped_catalogue_has_one(registry: Registry) -> None:
    served = {channel.id: channel.service for channel in registry.channels.values() if channel.service is not None}
    assert served == {
        "IF-015": Service(
            InterfaceId("IF-016"),
            EventCode("[ConsumptionRequestRejected]"),
            (
                (InterfaceId("IF-021"), EventCode("[ActivePower]")),
                (InterfaceId("IF-021"), EventCode("[ReactivePower]")),
                (InterfaceId("IF-013"), EventCode("[ActivePowerDefaulted]")),
                (InterfaceId("IF-014"), EventCode("[ActivePowerRejected]")),
            ),
        )
    }
    assert "IF-021 [ActivePower]" in summary(registry.channels[InterfaceId("IF-015")])["servedByDip"]


def test_a_change_of_it_is_a_difference(registry: Registry) -> None:
    (found,) = differences(registry, changed("    IF-014: [ActivePowerRejected]\n", ""))
    assert found.place == "IF-015 servedByDip"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("answered_on: IF-016", "answered_on: IF-999", "no channel 'IF-999'"),
        ("refused_by: Con", "refused_by: No", "IF-016 has no event [NosumptionRequestRejected]"),
        ("IF-013: [ActivePowerDefaulted]", "IF-013: [Other]", "IF-013 has no event [Other]"),
        ("IF-013: [ActivePowerDefaulted]", "IF-031: [DSApp]", "IF-016 has no event [DSApp]"),
        (
            "IF-021: [ActivePower, ReactivePower]",
            "IF-014: [ConsumptionOnDeEnergisedMPAN]",
            "the key 'IF-014' comes twice",
        ),
        ("refused_by", "refuses_by", "the key 'refused_by' is missing"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(old: str, new: str, reason: str) -> None:
    with pytest.raises(CatalogueRefused) as refused:
        changed(old, new)
    assert any(reason in fault.reason and fault.file.endswith("IF-015.yaml") for fault in refused.value.faults)


def test_a_message_of_another_form_can_not_be_the_answer() -> None:
    with pytest.raises(CatalogueRefused) as refused:
        texts = read(CHANNELS)
        texts["interfaces/IF-013.yaml"] = texts["interfaces/IF-013.yaml"].replace("B049, ", "")
        build(texts, CHANNELS, specification_items=True)
    (fault,) = refused.value.faults
    assert fault.reason.endswith("its CustomBlock is another one")
