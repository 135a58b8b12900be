"""`python run.py market make`, from outside: its files, and a server that takes all of them (FS-35)."""

import gzip
import json
from pathlib import Path

import aiohttp
import pytest

from tests.support.platform import copied
from tests.support.process import finished, server


@pytest.mark.requirement("FS-35")
async def test_a_made_up_market_is_the_same_again_and_says_what_it_wrote(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    words = ("market", "make", "--mpans", "500", "--seed", "5", "--years", "2", "--until", "2026-07-01")
    made = await finished(*words, "--out", first, "--by-registration-service")
    assert made.code == 0, made.stderr
    (line,) = made.stdout.splitlines()
    told = json.loads(line)
    names = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    assert (told["mpans"], told["participants"], {*told["files"], "market.json"}) == (500, 66, names)
    assert (await finished(*words, "--out", second, "--by-registration-service")).code == 0
    assert {(first / name).read_bytes() == (second / name).read_bytes() for name in names} == {True}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mpans", "0"], "--mpans"),
        (["--mpans", "5", "--until", "1066-10-14"], "from 2000 to 2100"),
        (["--mpans", "5", "--out", "/dev/null/market"], "can't be written there"),
    ],
)
async def test_what_can_not_be_made_is_refused_in_words(words: list[str], said: str) -> None:
    refused = await finished("market", "make", *words)
    assert refused.code == 2
    assert said in refused.stderr


@pytest.mark.requirement("FS-35", "FS-21")
async def test_a_server_takes_the_participants_and_then_every_appointment(laid_out: Path, tmp_path: Path) -> None:
    data, market = copied(laid_out, tmp_path / "state"), tmp_path / "market"
    assert (await finished("market", "make", "--mpans", "2000", "--out", market)).code == 0
    text = gzip.decompress((market / "mpans.csv.gz").read_bytes())
    mpan, _, supplier, *_ = text.decode().splitlines()[1].split(",")
    async with server(data) as running:
        portal = (await running.ready())["portal"]
        taken = await finished("participants", "import", market / "participants.yaml", "--data", data)
        assert taken.code == 0, taken.stderr
        assert [json.loads(line)["done"] for line in taken.stdout.splitlines()] == ["added"] * 66
        headers = {"Authorization": f"Bearer {(data / 'admin.token').read_text().strip()}"}
        async with aiohttp.ClientSession(portal, headers=headers) as session:
            async with session.post("/admin/api/mpans", data=text) as answer:
                assert answer.status == 200, await answer.text()
                report = await answer.json()
            assert (report["accepted"], report["rejected"]) == (text.count(b"\n") - 1, 0), report["faults"]
            async with session.get(f"/admin/api/mpans/{mpan}", params={"at": "2024-01-01"}) as answer:
                held = (await answer.json())["appointments"]
        assert supplier in {one["dipId"] for one in held}
