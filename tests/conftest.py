"""Says in the head of every run which database the tests run on."""

from tests.integration.databases import describe_server


def pytest_report_header() -> str:
    return describe_server()
