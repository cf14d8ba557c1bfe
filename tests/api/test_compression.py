"""Compressed answers: for those who take them, and only where it is worth it."""

import gzip

import pytest
from django.http import HttpRequest, HttpResponse

from meters.api.compression import compressed, gzip_page

LONG = b"0123456789" * 100


def answered(content: bytes, encoding: str = "gzip", **headers: str) -> HttpResponse:
    request = HttpRequest()
    request.META["HTTP_ACCEPT_ENCODING"] = encoding

    @gzip_page
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(content, headers=headers)

    answer = view(request)
    assert isinstance(answer, HttpResponse)
    return answer


def test_a_long_answer_travels_compressed() -> None:
    answer = answered(LONG, "br, gzip;q=0.8")
    assert answer["Content-Encoding"] == "gzip"
    assert answer["Content-Length"] == str(len(answer.content))
    assert gzip.decompress(answer.content) == LONG


@pytest.mark.parametrize("encoding", ["", "identity", "br", "xgzip"])
def test_who_does_not_take_it_gets_it_as_it_is(encoding: str) -> None:
    answer = answered(LONG, encoding)
    assert (answer.content, "Content-Encoding" in answer) == (LONG, False)
    assert answer["Vary"] == "Accept-Encoding"  # for a cache between


def test_a_short_answer_stays_as_it_is() -> None:
    assert answered(LONG[:199]).content == LONG[:199]
    assert answered(LONG[:200]).content != LONG[:200]


def test_what_is_encoded_already_stays_as_it_is() -> None:
    answer = answered(LONG, **{"Content-Encoding": "br"})
    assert (answer.content, answer["Content-Encoding"]) == (LONG, "br")


def test_its_tag_promises_the_same_content_and_not_the_same_bytes() -> None:
    assert answered(LONG, ETag='"abc"')["ETag"] == 'W/"abc"'
    assert answered(LONG, ETag='W/"abc"')["ETag"] == 'W/"abc"'
    assert "ETag" not in answered(LONG)


def test_its_size_is_not_that_of_its_content() -> None:
    assert len({len(compressed(LONG)) for _ in range(50)}) > 10
