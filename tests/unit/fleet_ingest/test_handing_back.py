"""Whatever an answer says can be handed back: a field that is added to one is known to the body beside it."""

import msgspec
import pytest

from fleet_ingest import payloads, requests

PAIRS = [
    (payloads.CustomerAnswer, requests.NewCustomer),
    (payloads.SiteAnswer, requests.NewSite),
    (payloads.SiteAnswer, requests.SiteChange),
    (payloads.SiteDeviceAnswer, requests.NewDevice),
    (payloads.SiteDeviceAnswer, requests.DeviceChange),
    (payloads.MunicipalityAnswer, requests.NewMunicipality),
    (payloads.MunicipalityAnswer, requests.MunicipalityChange),
]


def _fields(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


@pytest.mark.parametrize(("answer", "body"), PAIRS)
def test_a_body_knows_every_field_of_the_answer(
    answer: type[msgspec.Struct], body: type[requests.Body]
) -> None:
    assert _fields(answer) <= _fields(body)
