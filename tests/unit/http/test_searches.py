"""What a search for messages means."""

import pytest

from dip.ground.errors import BadRequest
from dip.http.portal.searches import Search, read_search


def test_an_mpan_is_searched_by_its_digest_and_may_have_spaces() -> None:
    search = read_search({"mpan": " 20 0005 6535 971 "}, limit=50)
    wanted = search.filter(lambda text: text.encode(), None)
    assert wanted.mpan_digest == b"2000056535971"


def test_one_more_than_the_page_is_asked_for() -> None:
    assert read_search({"limit": "1000"}, limit=50).filter(str.encode, None).limit == 1001
    assert read_search({}, limit=50).filter(str.encode, None).limit == 51


def test_empty_fields_are_no_condition() -> None:
    search = read_search({"channel": "", "sender": " 2300000001 "}, limit=50)
    assert search.conditions() == {"sender": "2300000001"}
    assert search == Search(sender="2300000001", limit=50)


@pytest.mark.parametrize(
    "query",
    [
        {"mpan": "200005653597"},
        {"mpan": "20000565359七1"},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "-1"},
        {"next": "²"},
        {"next": "9" * 40},
    ],
)
def test_a_value_that_cannot_be_one_is_refused_and_not_repeated(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as refused:
        read_search(query, limit=50)
    assert query.get("mpan", "none") not in refused.value.message
