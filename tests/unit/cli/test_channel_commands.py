"""`python run.py channels`: faults with their places, lists and whole channels, differences."""

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from dip.channels.checking import checked
from dip.cli import application
from dip.cli.channel_tables import tables
from dip.cli.channels import channels_app
from dip.ground.assets import asset
from dip.messages.identifiers import InterfaceId


def run(*arguments: str) -> Result:
    return CliRunner().invoke(channels_app, arguments)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A copy of the shipped catalogue."""
    return shutil.copytree(asset("channels"), tmp_path / "channels")


def edit(catalogue: Path, interface: str, old: str, new: str) -> Path:
    """Change a channel's file in the copy."""
    file = catalogue / "interfaces" / f"{interface}.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


@pytest.mark.requirement("FS-11")
def test_a_right_catalogue_is_counted() -> None:
    result = CliRunner().invoke(application(), ["channels", "check"])
    assert (result.exit_code, result.output) == (0, "66 channels with 155 events: no fault.\n")


@pytest.mark.requirement("FS-11")
def test_every_fault_of_every_file_is_reported_at_once(catalogue: Path) -> None:
    edit(catalogue, "IF-031", "category: 2", "category: 9")
    edit(catalogue, "IF-036", "senders: [REGS]", "senders: [REG]")
    result = run("check", str(catalogue))
    assert result.exit_code == 1
    files = catalogue / "interfaces"
    assert result.stderr.splitlines() == [
        f"{files / 'IF-031.yaml'}:8:11: no security category 9",
        f"{files / 'IF-036.yaml'}:8:11: no role 'REG'",
        "2 faults.",
    ]


def test_one_file_is_checked_within_the_shipped_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "IF-990.yaml"
    text = (asset("channels") / "interfaces" / "IF-031.yaml").read_text(encoding="utf-8").replace("IF-031", "IF-990")
    file.write_text(text, encoding="utf-8")
    assert run("check", str(file)).output == "67 channels with 157 events: no fault.\n"
    file.write_text(text.replace("B071", "B971"), encoding="utf-8")
    assert run("check", str(file)).stderr == f"{file}:17:21: no type or block 'B971'\n1 fault.\n"


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    result = run("check", str(tmp_path / "none.yaml"))
    assert (result.exit_code, "can't be read: No such file" in result.stderr) == (1, True)


@pytest.mark.requirement("FS-04")
def test_the_list_has_a_line_for_each_channel() -> None:
    lines = json.loads(run("list").stdout)
    assert len(lines) == 66
    (consumption,) = [line for line in lines if line["id"] == "IF-021"]
    assert consumption["senders"] == ["ADS", "SDS", "UMSDS"]
    assert consumption["events"] == 2


@pytest.mark.requirement("FS-46")
def test_a_channel_is_shown_whole() -> None:
    shown = json.loads(run("show", "if-006").stdout)
    event = shown["events"]["[MeterInstall]"]
    assert event["secondaryAndAlwaysWhen"] == "CommonBlock.R0.responseCode is A"
    assert shown["optionalRoles"] == ["MDR"]
    items = event["formats"]["011"]
    assert items["CommonBlock.R0.responseCode"]["enum"] == ["A", "R", "L", "W", "x"]
    assert items["CustomBlock.B905List[*]"]["optional"] is True


@pytest.mark.parametrize(
    ("interface", "parts"),
    [
        ("IF-909", ["hidden from SUP", "CustomBlock.B909.appointmentCode", "2 MPAN (signed, encrypted)", "B909"]),
        ("IF-027", ["[ConsumptionAmendment] addressing dates", "until CustomBlock.B902List", "ADS SDS"]),
        ("IF-910", ["reply within", "PT20S", "[Enquiry]", "create", "copy"]),
        ("IF-006", ["signed up for by", "CommonBlock.R0.responseCode is A", "B905List[]?"]),
        ("IF-047", ["1 Public (signed)", "*"]),
        ("IF-009", ["[MPANReconnection] appointments", "resume *", "B098.reconnectionEffectiveFromDate"]),
    ],
)
def test_a_terminal_gets_the_channel_as_tables(interface: str, parts: list[str]) -> None:
    registry = checked(asset("channels"), asset("channels"))
    console = Console(record=True, width=400, file=io.StringIO())
    for table in tables(registry.channels[InterfaceId(interface)], registry):
        console.print(table)
    text = console.export_text()
    assert [part for part in parts if part not in text] == []


def test_an_unknown_channel_is_told() -> None:
    result = run("show", "IF-999")
    assert (result.exit_code, result.stderr) == (1, "There is no channel IF-999; `channels list` names them.\n")


@pytest.mark.requirement("FS-61")
def test_the_difference_of_two_catalogues_is_told_item_by_item(catalogue: Path) -> None:
    shipped = str(asset("channels"))
    same = run("diff", shipped, str(catalogue))
    assert (same.exit_code, same.output) == (0, "")
    file = edit(catalogue, "IF-031", "secondary: [REGS]", "secondary: []")
    for new in (catalogue, file):
        result = run("diff", shipped, str(new))
        assert result.exit_code == 1
        assert result.stdout.splitlines() == [
            "~ IF-031 events [DSApp] routing secondary: REGS -> none",
            "~ IF-031 events [MSApp] routing secondary: REGS -> none",
        ]


def test_check_compares_the_flows_with_the_channels(catalogue: Path) -> None:
    flow = catalogue / "flows" / "acquisition.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("IF-001", "IF-777"), encoding="utf-8")
    result = run("check", str(catalogue))
    assert result.exit_code == 1
    assert "acquisition.yaml:" in result.stderr
    assert "IF-777" in result.stderr
