"""What an operation is: one method of one path, with all that the router and the OpenAPI document need of it."""

# Any: schemas and examples are JSON; an answer or a body is any type that msgspec or pydantic can describe.

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from portal.core.exchange.batches import TOKEN_HEADER

if TYPE_CHECKING:
    from fleet_ingest.answers import Endpoint

PREFIXES = ("/api", "/api/v1")
JSON = "application/json"


class AccessRule(StrEnum):
    """Whose credentials a route takes."""

    ANYONE = "anyone"
    DEVICE = "device"
    CUSTOMER = "customer"
    ADMIN = "admin"
    LOCAL = "local"


CHALLENGES = {AccessRule.CUSTOMER: TOKEN_HEADER}
"""What `WWW-Authenticate` names where a credential is refused; everywhere else it is a bearer token."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or header; `schema` is JSON Schema, which may carry an example."""

    name: str
    location: str
    description: str
    required: bool = True
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `path` is relative to `/api` unless `is_rooted`; `body` lists the alternatives.

    `example` and `answer_example` are a body and an answer as they travel. `answer` is ignored where `media_type` is
    not JSON. `name` is the document's name of it where one handler serves several paths. `headers` are those of a
    success that the document describes. A parameter of the query that is not in `parameters` is refused, except where
    `is_lenient`.
    """

    method: str
    path: str
    handler: Endpoint
    answer: Any
    access: AccessRule = AccessRule.ADMIN
    body: tuple[Any, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()
    success: int = 200
    is_rooted: bool = False
    example: Any = None
    answer_example: Any = None
    media_type: str = JSON
    tag: str = ""
    name: str = ""
    is_lenient: bool = False
    headers: tuple[str, ...] = ()

    @property
    def challenge(self) -> str:
        """The scheme of the credential, as `WWW-Authenticate` names it."""
        return CHALLENGES.get(self.access, "Bearer")

    @property
    def query_names(self) -> tuple[str, ...]:
        """The parameters of the query there are."""
        return tuple(parameter.name for parameter in self.parameters if parameter.location == "query")
