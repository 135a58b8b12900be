import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dip.cli.demo import demo
from dip.cli.listen import listen, received_channels
from dip.cli.send import MESSAGES_IN_A_CALL, calls, chosen_server, send
from dip.cli.transcript import Transcript
from dip.client import CatalogueEntry, Message, Received, ServerNotReached, load_messages
from dip.ground.assets import asset
from dip.messages.identifiers import InterfaceId, RoleCode
from dip.messages.standard_response import Entry
from tests.unit.client.conftest import SUPPLIER, laid_out

NOW = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
SAMPLE = asset("data/seed") / "samples" / "if-031-dsapp.json"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_out(tmp_path_factory.mktemp("state")).directory


@pytest.fixture
def runner() -> Iterator[CliRunner]:
    yield CliRunner()


@pytest.fixture(scope="module")
def application() -> typer.Typer:
    application = typer.Typer()
    for command in (send, listen, demo):
        application.command()(command)
    return application


def sample(interface: str = "IF-031") -> Message:
    [message] = load_messages(SAMPLE)
    message["payload"]["CommonBlock"]["S0"]["interfaceID"] = interface
    return message


@pytest.mark.parametrize("command", ["send", "listen", "demo"])
def test_every_command_explains_itself(runner: CliRunner, application: typer.Typer, command: str) -> None:
    result = runner.invoke(application, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["send", "--as", "9900000001", str(SAMPLE)], SUPPLIER),
        (["listen", "--as", "9900000001"], SUPPLIER),
        (["send", "--as", SUPPLIER, str(SAMPLE)], "python run.py --data"),
        (["listen", "--as", SUPPLIER], "python run.py --data"),
        (["send", "--as", SUPPLIER, "--url", "https://127.0.0.1:9", str(SAMPLE)], "--no-encrypt"),
        (
            ["send", "--as", SUPPLIER, "--url", "https://127.0.0.1:9", "--no-encrypt", str(SAMPLE)],
            "Start the server with `python run.py`",
        ),
        (["send", "--as", SUPPLIER, "--url", "https://127.0.0.1:9", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_can_not_be_done_is_said_with_the_next_step(
    runner: CliRunner, application: typer.Typer, data: Path, arguments: list[str], said: str
) -> None:
    result = runner.invoke(application, arguments, env={"DIP_DATA": str(data)})
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_profile_that_nobody_knows_is_refused(runner: CliRunner, application: typer.Typer, data: Path) -> None:
    result = runner.invoke(
        application, ["send", "--as", SUPPLIER, "--data", str(data), "--profile", "dead", str(SAMPLE)]
    )
    assert result.exit_code == 2
    assert "profile" in result.stderr


def test_a_call_holds_one_channel_and_a_bounded_number_of_messages() -> None:
    messages = [sample("IF-031")] * (MESSAGES_IN_A_CALL + 1) + [sample("IF-021")]
    assert [(channel, len(batch)) for channel, batch in calls(messages)] == [
        ("IF-031", MESSAGES_IN_A_CALL),
        ("IF-031", 1),
        ("IF-021", 1),
    ]


def test_the_command_line_goes_before_what_the_server_wrote(tmp_path: Path) -> None:
    with pytest.raises(ServerNotReached):
        chosen_server(tmp_path, None, None)
    (tmp_path / "server.json").write_text(
        '{"api": "https://a", "portal": "http://p", "profile": "spec", "environment": "DEV"}'
    )
    server = chosen_server(tmp_path, "https://b", "live")
    assert (server.api, server.portal, server.profile) == ("https://b", "http://p", "live")


def test_a_role_listens_to_the_channels_that_it_can_receive() -> None:
    catalogue = {
        InterfaceId("IF-036"): CatalogueEntry(recipients=[RoleCode("SUP"), RoleCode("MDS")]),
        InterfaceId("IF-033"): CatalogueEntry(recipients=[RoleCode("SDS")]),
        InterfaceId("REP-002"): CatalogueEntry(recipients=[RoleCode("*")]),
    }
    assert received_channels(catalogue, RoleCode("SUP")) == ["IF-036", "REP-002", "statusmessage"]


def test_a_pipe_gets_one_json_object_a_line() -> None:
    stream = io.StringIO()
    transcript = Transcript(stream)
    entry = Entry(transaction_id="T-1", correlation_id="CI-1", message="MSG0000 - Success")
    transcript.sent(sample(), entry, accepted=True, status=202, at=NOW)
    transcript.received(Received(sample(), NOW))
    transcript.note("listening", "for a person", url="https://127.0.0.1:1/")
    sent, received, note = map(json.loads, stream.getvalue().splitlines())
    assert (sent["event"], sent["interface"], sent["transactionID"]) == ("accepted", "IF-031", "T-1")
    assert (received["event"], received["eventCode"]) == ("received", "[DSApp]")
    assert received["payload"] == sample()["payload"]
    assert note == {"event": "listening", "url": "https://127.0.0.1:1/"}


def test_a_terminal_gets_text_that_can_not_steer_it() -> None:
    stream = Terminal()
    transcript = Transcript(stream)
    entry = Entry(message="MSG1001 - Schema Failure", help="found \x1b[2J[red]x[/red]")
    transcript.sent(sample(), entry, accepted=False, status=400, at=NOW)
    received = sample()
    received["payload"]["CustomBlock"]["B013"]["CSSRegistrationID"] = "\x1b[2J"
    transcript.received(Received(received, NOW))
    printed = stream.getvalue()
    assert "MSG1001 - Schema Failure" in printed
    assert "[red]x[/red]" in printed
    assert "2000056535971" in printed
    assert "\x1b[2J" not in printed
