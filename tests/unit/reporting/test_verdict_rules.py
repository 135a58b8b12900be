"""Every rule has a case, the page of verdicts lists every rule, and the first that holds decides."""

import re
from pathlib import Path

import pytest

from dip.reporting.verdict_rules import Failure, Side, What, fault_in
from dip.reporting.verdicts import RULES, rule_for

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "verdicts.md"


def call(status: int | None = 400, code: str = "", note: str = "") -> Failure:
    return Failure(what=What.CALL, status=status, code=code, note=note)


def out(note: str = "", status: int | None = None, *, tried: bool = True) -> Failure:
    return Failure(what=What.DELIVERY, status=status, note=note, tried=tried)


def rejected(code: str) -> Failure:
    return Failure(what=What.REJECTION, status=207, code=code)


CASES = [
    ("V01", Failure(what=What.REJECTION, code="RCP1001", fault="schema_broken")),
    ("V01", Failure(what=What.CALL, status=500, fault="server_error")),
    ("V02", call(None, note="connection_closed")),
    ("V03", call(400, note="unreadable_request")),
    ("V04", call(503, "MSG1000")),
    ("V04", call(507, "no_room")),
    ("V05", call(500, "dip_error")),
    ("V05", call(None, note="ValueError")),
    ("V06", call(401, "signature_refused")),
    ("V06", call(400, "undecryptable_block")),
    ("V07", call(207, "MSG1037")),
    ("V07", Failure(what=What.ADDRESSING, code="MSG1038")),
    ("V08", call(400, "MSG1031")),
    ("V09", call(403, "MSG1010")),
    ("V10", call(409, "MSG1006")),
    ("V11", call(400, "MSG1001")),
    ("V12", call(403, "not_permitted")),
    ("V12", call(403, "MSG1000")),
    ("V13", call(408, "upload_stalled")),
    ("V14", call(429, "rate_exceeded")),
    ("V15", call(404, "unknown_channel")),
    ("V15", call(413, "MSG1000")),
    ("V16", Failure(what=What.ADDRESSING)),
    ("V17", Failure(what=What.TABLE, note="overlaps")),
    ("V18", rejected("RCP1061")),
    ("V18", rejected("REG1002")),
    ("V19", rejected("RCP1022")),
    ("V19", rejected("RCP1064")),
    ("V19", rejected("REG1021")),
    ("V20", rejected("RCP9999")),
    ("V20", rejected("RCP1004")),
    ("V20", rejected("RCP1047")),
    ("V21", rejected("RCP1000")),
    ("V21", rejected("")),
    ("V22", out("its content is gone or can't be opened")),
    ("V23", out("not acknowledged within 60 s")),
    ("V23", out("handed out again: its stream was resumed")),
    ("V24", out("not delivered within 14 days", tried=False)),
    ("V25", out("A webhook starts with https://.")),
    ("V25", out("10.1.2.3 is a private address; a webhook needs a public address, or a setting that lists it.")),
    ("V25", out("127.0.0.1 is this machine itself, which is refused in PRD.")),
    ("V26", out("connection failed: Name or service not known")),
    ("V26", out("connection failed: Temporary failure in name resolution")),
    ("V27", out("connection failed: Connect call failed ('127.0.0.1', 9)")),
    ("V27", out("connection failed: Connection refused")),
    ("V28", out("connection failed: No route to host")),
    ("V29", out("TLS failed: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")),
    ("V30", out("TLS failed: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")),
    ("V31", out("TLS failed: [SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca")),
    ("V32", out("withdrawn by hand")),
    ("V33", out("2200000001 does not receive IF-031 any more")),
    ("V34", out("no answer: ClientOSError")),
    ("V35", out("no answer within 30 s")),
    ("V35", out("no answer: ServerDisconnectedError")),
    ("V36", out("answered 404, which is not retried", 404)),
    ("V36", out("answered 302, which is not retried", 302)),
    ("V37", out("answered 403, which is not retried", 403)),
    ("V38", out("answered 503", 503)),
    ("V38", out("answered 429", 429)),
    ("V39", out("the answer has no entry for it", 207)),
    ("V39", out("its answer has more than 1024 bytes")),
    ("V39", out("answered 400, which is not retried", 400)),
    ("V40", out("something else")),
]


@pytest.mark.requirement("FS-55")
@pytest.mark.parametrize(
    ("number", "failure"), CASES, ids=[f"{number}-{place}" for place, (number, _) in enumerate(CASES)]
)
def test_a_failure_is_judged_by_its_rule(number: str, failure: Failure) -> None:
    assert rule_for(failure).number == number


@pytest.mark.requirement("FS-55")
def test_every_rule_has_a_case_and_every_side_a_rule() -> None:
    assert {number for number, _ in CASES} == set(RULES)
    assert {one.side for one in RULES.values()} == set(Side)
    assert {one.number for one in RULES.values() if one.on_purpose} == {"V01", "V32"}


@pytest.mark.requirement("FS-55")
def test_the_page_of_verdicts_lists_every_rule_as_it_is() -> None:
    rows = re.findall(r"^\| (V\d\d) \| ([^|]+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(one.number, one.condition, one.side.value) for one in RULES.values()]


@pytest.mark.requirement("FS-55")
def test_a_fault_on_demand_is_found_in_what_was_written_down() -> None:
    assert fault_in(None, "requeue R-1, fault: wrong_version") == "wrong_version"
    assert fault_in("fault drop_delivery: the request broke off after half of it") == "drop_delivery"
    assert fault_in(None, "answered 503", "") == ""
