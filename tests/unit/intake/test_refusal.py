"""The help of a refusal: as many whole faults as 500 characters hold."""

from hypothesis import example, given
from hypothesis import strategies as st

from dip.channels.dictionary import DataItem
from dip.channels.item_names import ItemNames
from dip.intake.refusal import Refusal, help_text, one, several, with_items
from dip.messages.faults import Fault


def test_a_fault_names_the_place_in_the_body_what_was_expected_and_what_was_found() -> None:
    assert help_text(one("MSG1001", "/payload/X", "a number", '"a"'), 3) == '/3/payload/X: expected a number, found "a"'


def test_a_note_goes_before_the_faults() -> None:
    refusal = Refusal("MSG1000", (Fault("/payload", "a JWE"),), "It does not open.")
    assert help_text(refusal, 0) == "It does not open.; /0/payload: expected a JWE"


def test_ten_faults_at_most_are_kept() -> None:
    refusal = several("MSG1001", [Fault(f"/{number}", "x") for number in range(15)])
    assert len(refusal.faults) == 10


@given(st.lists(st.integers(1, 700), min_size=1, max_size=14))
@example([474, 1])
def test_help_is_never_longer_than_500_and_says_how_many_are_left_out(lengths: list[int]) -> None:
    refusal = several("MSG1001", [Fault(f"/{number}", "x" * length) for number, length in enumerate(lengths)])
    text = help_text(refusal, 0)
    assert 0 < len(text) <= 500
    whole = [str(Fault(f"/0/{number}", "x" * length)) for number, length in enumerate(lengths[:10])]
    shown = sum(fault in text.split("; ") for fault in whole)
    if shown < len(whole) and shown:
        assert text.endswith(f"and {len(whole) - shown} more")


def test_a_fault_names_the_data_item_after_its_place() -> None:
    names = ItemNames({"DI-997": DataItem("DI-997", "Sender DIP ID", "senderDIPID", ("S1",), {}, False, {})})
    known, other = (f"/payload/CommonBlock/S1/{key}" for key in ("senderDIPID", "mood"))
    refusal = with_items(several("MSG1001", [Fault(known, "text"), Fault(other, "no key of this name")]), names)
    assert help_text(refusal, 0) == (
        f"/0{known} (DI-997 Sender DIP ID): expected text; /0{other}: expected no key of this name"
    )
