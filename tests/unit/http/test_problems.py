"""Every error has a code, a sentence and a status."""

import pytest
from aiohttp import web

from dip.ground.errors import DipError, NotPermitted, StoreUnavailable
from dip.http.problems import STATUSES, framework_problem, problem, problem_response, status_of
from tools.errors import sentence, shipped


class Unknown(DipError):
    """An error that no table knows."""

    code = "of_a_test"


@pytest.mark.parametrize("kind", shipped(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_a_sentence_and_a_status(kind: type[DipError]) -> None:
    assert "code" in vars(kind)
    assert sentence(kind).endswith(".")
    assert kind.code in STATUSES


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in shipped()]
    assert sorted(set(codes)) == codes


def test_every_status_belongs_to_an_error_or_to_the_http_library() -> None:
    assert set(STATUSES) - {kind.code for kind in shipped()} == {"method_not_allowed"}


@pytest.mark.parametrize(("error", "status"), [(NotPermitted(), 403), (StoreUnavailable(), 503), (Unknown(), 500)])
def test_an_error_becomes_a_problem_with_its_own_words(error: DipError, status: int) -> None:
    found = problem(error)
    assert (found.status, found.code, found.detail) == (status, error.code, error.message)
    assert status_of(error) == status


def test_a_refusal_by_the_http_library_has_the_same_shape() -> None:
    assert framework_problem(web.HTTPNotFound()).code == "not_found"
    assert framework_problem(web.HTTPMethodNotAllowed("PUT", ["GET"])).code == "method_not_allowed"
    assert framework_problem(web.HTTPUnsupportedMediaType()).code == "bad_request"


def test_a_problem_document_says_title_status_code_and_detail() -> None:
    response = problem_response(problem(NotPermitted("You may not read this.")))
    assert response.content_type == "application/problem+json"
    assert response.body == (
        b'{"title":"Not permitted","status":403,"code":"not_permitted","detail":"You may not read this."}'
    )
