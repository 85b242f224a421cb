"""Says in the head of every run which database the tests run on."""

from hypothesis import settings

from tests.integration.databases import describe_server

# A busy machine takes its time; how long an example takes is no law of the domain.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_report_header() -> str:
    return describe_server()
