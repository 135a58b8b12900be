"""Diagrams of messages as SVG and as Mermaid text: whatever a participant is called."""

import pytest

from dip.http.portal.diagrams.drawing import drawn, image
from dip.http.portal.diagrams.mermaid import escaped, mermaid
from dip.messages.identifiers import DipId
from dip.reporting.sequence import MessageSequence, message_sequence
from dip.store.records import DeliveryState
from tests.support.happenings import DATA_SERVICE, REGISTRATION, SUPPLIER, after, message, read_svg, sent

SVG = "{http://www.w3.org/2000/svg}"
ODD = 'Ember "A->>B: x" <script>&; #35; %%{init: {}}%% \x00\n end'
DAY = 24 * 3_600_000


def some() -> MessageSequence:
    deliveries = [
        sent(1, 40),
        sent(1, 8_000, DATA_SERVICE, DeliveryState.DEAD, attempts=4, role="SDS", status_code=503),
        sent(2, DAY, SUPPLIER, DeliveryState.WAITING, attempts=0, role="SUP"),
        sent(1, 9_000, SUPPLIER, role="SUP", code="RCP1061", origin=REGISTRATION, reported_at=after(8_900)),
    ]
    return message_sequence(
        [message(1, 0), message(2, DAY, sender=REGISTRATION, role="REGS", interface="IF-032")], deliveries
    )


def called(dip_id: str) -> str:
    return {SUPPLIER: ODD, REGISTRATION: "Registration North"}.get(DipId(dip_id), "")


def words_in(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in read_svg(svg).iter() if one.tag.endswith("text")]


@pytest.mark.requirement("FS-53")
def test_a_drawing_has_every_lifeline_every_arrow_and_its_times() -> None:
    svg = drawn("Messages", some(), called)
    words = words_in(svg)
    assert [word for word in words if word == "DIP"] == ["DIP", "DIP"], "above and below"
    for word in ("1 IF-031 [DSApp]", "1 IF-031 ✓ delivered", "1 IF-031 ✕ dead letter", "2 IF-032 ○ waiting"):
        assert word in words
    assert "1 IF-031 ↩ status message RCP1061" in words
    assert "1 IF-031 ↩ status message RCP1061," in words, "and its outcome on the next line"
    assert "retried 3 times · answer 503" in words
    assert {"19:05:00.000", "2026-03-21", "+40 ms", "2026-03-22", "reply to 1"} <= set(words)
    root = read_svg(svg)
    assert len(root.findall(".//line[@class='cross']")) == 2, "what failed has a cross, not its colour alone"
    links = [one.get("href") for one in root.iter("a")]
    assert links == ["/messages/T-1"] * 5 + ["/messages/T-2"] * 2


@pytest.mark.requirement("FS-53")
def test_a_file_stands_alone_with_its_colours_title_and_description() -> None:
    svg = image("A title <b>", "Two messages & more", some(), called)
    root = read_svg(svg)
    assert root.tag == f"{SVG}svg"
    assert [root.findtext(f"{SVG}{tag}") for tag in ("title", "desc")] == ["A title <b>", "Two messages & more"]
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")
    assert root.findall(f".//{SVG}a") == [], "links would lead nowhere"
    assert root.get("width", "rem").isdecimal()
    assert "<script" not in svg


def test_a_long_name_is_cut_to_the_head_of_its_lifeline() -> None:
    svg = drawn("Messages", some(), lambda _: "Wonderful-Incorporated-And-Sons Electricity Supply Company Limited")
    names = {"".join(one.itertext()) for one in read_svg(svg).findall(".//text[@class='name']")}
    assert names == {"Wonderful-Incorp…", "Electricity…", "DIP"}


@pytest.mark.requirement("FS-53")
def test_mermaid_text_has_one_line_for_each_arrow_and_its_kind() -> None:
    lines = mermaid("Messages", "Only some are shown.", some(), called).splitlines()
    assert lines[0] == "sequenceDiagram"
    assert lines[1] == "    title Messages"
    parties = [line.split(" as ")[1] for line in lines if " participant " in line]
    assert parties[1:] == ["DIP", "Registration North (REGS)", "1400000001 (SDS)"]
    arrows = [line.strip() for line in lines if "IF-03" in line]
    assert arrows == [
        "P1->>P2: 19:05:00.000 1 IF-031 [DSApp]",
        "P2->>P3: 19:05:00.040 1 IF-031 ✓ delivered",
        "P2-xP4: 19:05:08.000 1 IF-031 ✕ dead letter (retried 3 times · answer 503)",
        "P3-->>P2: 19:05:08.900 1 IF-031 ↩ status message RCP1061",
        "P2-->>P1: 19:05:09.000 1 IF-031 ↩ status message RCP1061, delivered",
        "P3->>P2: 2026-03-22 19:05:00.000 2 IF-032 [DSApp] (reply to 1)",
        "P2--)P1: 2026-03-22 19:05:00.000 2 IF-032 ○ waiting",
    ]
    assert "    note over P1,P4: Only some are shown." in lines


def test_no_name_ends_a_statement_or_begins_a_comment_a_directive_or_html() -> None:
    plain = escaped(ODD)
    assert plain.isprintable()
    bare = plain
    for code in (34, 35, 37, 58, 59, 60, 62, 92):
        bare = bare.replace(f"#{code};", "")
    assert not set('#;<>%":\\').intersection(bare)
    assert plain.startswith("Ember #34;A-#62;#62;B#58; x#34; #60;script#62;&#59; #35;35#59;")
    text = mermaid(ODD, ODD, some(), called)
    assert "<script" not in text
    assert "%%" not in text
    assert len([line for line in text.splitlines() if line.strip().startswith("participant")]) == 4


def test_a_diagram_without_messages_is_whole_too() -> None:
    nothing = message_sequence([], [])
    assert mermaid("None", "", nothing, called).splitlines()[-1] == "    participant P1 as DIP"
    read_svg(image("None", "", nothing, called))
