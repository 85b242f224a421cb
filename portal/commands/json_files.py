"""JSON files that a verb is given."""

from pathlib import Path

from portal.core.errors import Invalid
from portal.core.values.json_text import exact_json


def json_in(file: Path) -> object:
    """Return what a UTF-8 file of JSON holds, its decimals exact. Raises `Invalid` in words for any other file."""
    try:
        return exact_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        raise Invalid(message) from None
    except ValueError as error:
        message = f"{file} is not JSON: {error}"
        raise Invalid(message) from None
