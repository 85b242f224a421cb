"""The code that a board shows until it has a token: whoever types it in at a device gives it that device's.

A board makes up a secret of 32 bytes once, and its code is the beginning of the secret's SHA-256. So the code can be
printed on its case: it is of no use without the secret. Sixty bits, in letters and digits that are not mistaken for
each other (Douglas Crockford's base 32).
"""

from hashlib import sha256

from portal.core.errors import Invalid
from portal.core.words import noted

SECRET_BYTES = 32
CODE_CHARACTERS = 12
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011", "- ")


def code_of(secret: bytes) -> str:
    """Return the code of a board with this secret."""
    number = int.from_bytes(sha256(secret).digest()[:8], "big") >> 4
    return "".join(_ALPHABET[number >> 5 * left & 31] for left in reversed(range(CODE_CHARACTERS)))


def sound_code(typed: str) -> str:
    """Return a code as it is kept, of what a person has typed or scanned. Raises `Invalid`."""
    code = typed.strip().upper().translate(_MISREAD)
    if len(code) != CODE_CHARACTERS or any(each not in _ALPHABET for each in code):
        message = noted("A board's code has twelve letters and digits, like 7XK4-9MTC-02QF")
        raise Invalid(message)
    return code


def shown_code(code: str) -> str:
    """Return a code as a board shows it."""
    return "-".join(code[at : at + 4] for at in range(0, CODE_CHARACTERS, 4))
