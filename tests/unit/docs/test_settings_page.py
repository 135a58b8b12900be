"""The page of the settings says what each of them takes."""

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from dip.ground.profiles import Profile
from dip.ground.settings import Settings
from tools import settings


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Annotated[int, Meta(ge=1, le=5)], "whole number from 1 to 5"),
        (Annotated[float, Meta(gt=0)], "number above 0"),
        (Annotated[Literal["a", "b"], Meta(description="x")], "`a`, `b`"),
        (str, "text"),
        (bool, "true or false"),
    ],
)
def test_the_values_of_a_setting_are_told_in_words(hint: Any, words: str) -> None:
    assert settings.values(hint) == words


def test_a_setting_without_description_is_refused() -> None:
    with pytest.raises(ValueError, match="no description"):
        settings.description(Annotated[int, Meta(ge=1)])


def test_the_page_has_a_line_for_each_setting_and_each_switch() -> None:
    page = settings.page()
    for name in (*Settings.__struct_fields__, *(set(Profile.__struct_fields__) - {"name"})):
        assert f"\n| `{name}` | " in page
