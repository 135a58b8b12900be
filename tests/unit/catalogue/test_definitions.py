"""Which text defines which channel."""

import pytest

from dip.catalogue.definitions import check_id, file_names, own_id, written
from dip.ground.errors import BadRequest


def test_a_text_belongs_to_the_channel_that_it_says_it_defines() -> None:
    texts = {
        "roles.yaml": "id: no\n",
        "interfaces/IF-031.yaml": "id: IF-031\n",
        "interfaces/other.yaml": "# id: IF-000\nid: 'IF-032'\n",
        "interfaces/IF-033.yaml": "{id: IF-033}",
    }
    assert file_names(texts) == {
        "IF-031": "interfaces/IF-031.yaml",
        "IF-032": "interfaces/other.yaml",
        "IF-033": "interfaces/IF-033.yaml",
    }


@pytest.mark.parametrize("text", ["", "name: x\n", "  id: IF-031\n"])
def test_a_text_may_say_no_id(text: str) -> None:
    assert own_id(text) == ""


@pytest.mark.parametrize("channel_id", ["IF-031", "REP-002A", "IF-045A", "X1-9"])
def test_an_id_of_a_channel(channel_id: str) -> None:
    assert check_id(channel_id) == channel_id


@pytest.mark.parametrize("channel_id", ["", "IF031", "if-031", "IF-031/..", "IF-" + "1" * 18, "all", "IF-03\n"])
def test_what_is_no_id_of_a_channel(channel_id: str) -> None:
    with pytest.raises(BadRequest, match="like IF-031"):
        check_id(channel_id)


def test_objects_are_written_as_yaml_in_their_order() -> None:
    text = written({"id": "IF-930", "versions": ["011"], "category": 2, "name": "é"})
    assert text == "id: IF-930\nversions: ['011']\ncategory: 2\nname: é\n"
