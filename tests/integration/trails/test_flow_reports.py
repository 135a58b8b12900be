"""Flow reports: a run is a row, its stages are columns (FS-53)."""

from urllib.parse import quote

import pytest

from tests.conftest import Serve
from tests.integration.trails.stage import MPAN, SUPPLIER, Office, answered, played, reached, requested, states


@pytest.mark.requirement("FS-53")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_an_appointment_is_one_row_with_its_stages(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        await played(platform)
        office = Office(platform)
        (row,) = (await office.ask("flows/change-of-service"))["items"]
        assert reached(row) == [
            "Service appointment requested",
            "Service appointment accepted",
            "Service appointment sent to agent",
            "Approved appointment",
            "Successful appointment",
        ]
        assert row["state"] == "open" and len(row["correlationIds"]) == 1
        assert {cell["lane"] for cell in row["cells"]} == {"data", None}
        found = states(row)
        assert found["Service appointment request rejected"] == found["Rejected appointment request"] == "skipped"
        assert found["First HH submission"] == "open"
        (first, *_) = row["cells"]
        assert first["message"]["by"] == SUPPLIER and first["message"]["transactionId"]
        for query in (
            f"mpan={MPAN}",
            f"correlation={row['correlationIds'][0]}",
            "participant=1400000002",
            "participant=2300000001&state=open",
            "from=2026-01-01&to=2100-01-01",
        ):
            assert len((await office.ask(f"flows/change-of-service?{query}"))["items"]) == 1, query
        for query in (
            "mpan=2000000000009",
            "correlation=CI-1",
            "participant=2300000002",
            "state=complete",
            "to=2026-01-01",
        ):
            assert (await office.ask(f"flows/change-of-service?{query}"))["items"] == [], query
        assert (await office.ask("flows/acquisition"))["items"] == []
        _, text = await office.get("flows/change-of-service?form=csv")
        lines = text.splitlines()
        assert lines[0].startswith("run,started,state,lane,stage,stageState")
        assert len([line for line in lines if ",reached," in line]) == 5


@pytest.mark.requirement("FS-53")
@pytest.mark.parametrize(
    ("response", "stage"),
    [("R", "Service appointment request rejected"), ("L", "Service appointment request lapsed")],
)
async def test_a_rejected_or_lapsed_request_stops_its_run(serve: Serve, response: str, stage: str) -> None:
    async with serve() as platform:
        correlation = await requested(platform)
        await answered(platform, correlation, response)
        office = Office(platform)
        (row,) = (await office.ask("flows/change-of-service"))["items"]
        assert reached(row) == ["Service appointment requested", stage]
        assert row["state"] == "stopped"
        assert {cell["state"] for cell in row["cells"]} == {"reached", "skipped"}
        (cell,) = [one for one in row["cells"] if one["stage"] == stage]
        assert cell["ends"] and cell["message"]["response"] == response


@pytest.mark.requirement("FS-53")
async def test_runs_of_one_mpan_stay_apart_and_are_paged(serve: Serve) -> None:
    async with serve() as platform:
        first, second = await requested(platform), await requested(platform)
        await answered(platform, first, "R")
        office = Office(platform)
        newest = await office.ask("flows/change-of-service?limit=1")
        assert newest["items"][0]["correlationIds"] == [second] and newest["items"][0]["state"] == "open"
        older = await office.ask(f"flows/change-of-service?limit=1&next={newest['next']}")
        assert older["items"][0]["correlationIds"] == [first] and older["items"][0]["state"] == "stopped"


@pytest.mark.requirement("FS-53")
async def test_somebody_puts_a_report_of_their_own_together(serve: Serve) -> None:
    async with serve() as platform:
        correlation = await requested(platform)
        await answered(platform, correlation, "A")
        office = Office(platform)
        stages = "&".join(
            f"message={quote(message)}&response={response}&stage={quote(stage)}"
            for message, response, stage in (
                ("IF-031 DSApp", "", "Asked"),
                ("IF-032 DSAppInitialResp", "R", "Refused"),
                ("IF-032", "A", ""),
                ("", "", ""),
            )
        )
        for link in ("correlation", "mpan"):
            (row,) = (await office.ask(f"flows/own?link={link}&{stages}"))["items"]
            assert reached(row) == ["Asked", "IF-032 A"] and states(row)["Refused"] == "skipped"
        (row,) = (await office.ask(f"flows/own?link=transaction&{stages}"))["items"]
        assert reached(row) == ["Asked"]


async def test_what_cannot_be_asked_is_refused(serve: Serve) -> None:
    async with serve() as platform:
        office = Office(platform)
        await office.ask("flows/nothing", 404)
        for path in (
            "flows/own",
            "flows/own?message=IF-999",
            "flows/own?message=IF-031%20Nothing",
            "flows/own?message=IF-031&link=name",
            "flows/own?message=IF-031&response=Q",
            "flows/own?" + "&".join(["message=IF-031"] * 13),
            "flows/acquisition?state=done",
            "flows/acquisition?from=yesterday",
            "flows/acquisition?mpan=12",
            "flows/acquisition?form=xml",
        ):
            await office.ask(path, 400)
