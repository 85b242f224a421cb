"""Which requests count as ours, and where a login may lead."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.http.origin import is_same_origin, local_path

_HOST = {"host": "portal.example:8000"}


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"origin": "https://portal.example:8000"}, True),
        ({"origin": "http://PORTAL.example:8000"}, True),
        ({"origin": "https://portal.example"}, False),
        ({"origin": "https://portal.example:8001"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://portal.example:8000.evil.example"}, False),
        ({"origin": "https://portal.example:8000@evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_the_browser_says_whose_page_a_request_comes_from(headers: dict[str, str], *, ours: bool) -> None:
    assert is_same_origin(_HOST | headers) is ours


def test_the_public_address_counts_where_a_proxy_rewrites_the_host() -> None:
    headers = {"host": "stack-7:8000", "origin": "https://energy.acme.example"}
    assert is_same_origin(headers, "https://energy.acme.example")
    assert not is_same_origin(headers, "")


def test_the_development_server_may_be_on_another_port_but_not_on_another_host() -> None:
    assert is_same_origin(_HOST | {"origin": "http://portal.example:3000"}, any_port=True)
    assert not is_same_origin(_HOST | {"origin": "http://evil.example:8000"}, any_port=True)


@pytest.mark.parametrize("path", ["/", "/customers/5?tab=cost", "/a/b", "/?x=//y"])
def test_paths_of_this_site_are_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/login",
        "/auth/logout",
    ],
)
def test_other_addresses_become_the_first_page(path: str | None) -> None:
    assert local_path(path) == "/"


@given(st.text(alphabet=st.sampled_from("/\\.:?#@ab\t\n %"), max_size=12))
def test_whatever_is_asked_for_stays_on_this_site(path: str) -> None:
    target = urlsplit(urljoin("https://portal.example/login", local_path(path)))
    assert (target.scheme, target.netloc) == ("https", "portal.example")
