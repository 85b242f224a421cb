"""Who acts, and what a role allows."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

SESSION_IDLE = timedelta(hours=12)
SESSION_LIFETIME = timedelta(days=30)


class Role(StrEnum):
    """The two roles of a stack; the value is what the database and the command line use."""

    USER = "user"
    ADMIN = "admin"

    def covers(self, required: "Role") -> bool:
        """Whether this role may do what `required` may do (an admin may do everything a user may)."""
        return self is Role.ADMIN or required is Role.USER


class Scope(StrEnum):
    """What a machine's key may be used for; a person's role alone decides for people."""

    READ = "read"
    MANAGE = "manage"

    def covers(self, required: "Scope") -> bool:
        """Whether this scope may do what `required` may do (who manages may read)."""
        return self is Scope.MANAGE or required is Scope.READ


@dataclass(frozen=True, slots=True)
class Actor:
    """The proven identity behind a request. `kind` is "user" for a person, "api_key" for a machine.

    A limited one sees some customers of an Admin alone; which, the database knows. What language a person reads and how
    they want numbers written are of `portal.core.languages`.
    """

    id: UUID
    email: str
    role: Role
    kind: str = "user"
    scope: Scope = Scope.MANAGE
    is_limited: bool = False
    language: str = "en"
    locale: str = "en-ZA"


_limited: ContextVar[UUID | None] = ContextVar("limited", default=None)


def limited_person() -> UUID | None:
    """Return the operator to whose customers the present task is limited; None where it may see everything."""
    return _limited.get()


def limit_to_person(person: UUID | None) -> None:
    """Limit the rest of this task to what a limited operator sees; None: it sees everything."""
    _limited.set(person)
