"""How a board comes by its token: it shows a code, somebody types that in at a device, and the board asks until then.

The code is the beginning of the SHA-256 of a secret that the board makes up once; the portal takes it from there.
"""

import json
from binascii import hexlify, unhexlify
from hashlib import sha256

from node.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from node.http import Answer
    from node.ports import Board

PATH = "/api/ingest/claim"
_SECRET = "claim_secret"  # noqa: S105 - the name of a setting
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SECRET_BYTES, _CHARACTERS = 32, 12
_TOKEN_CHARACTERS = 64


def secret_of(settings: Settings, board: "Board") -> str:
    """Return the board's secret in hex, made up where there is none yet."""
    secret = settings.text(_SECRET)
    if len(secret) != 2 * _SECRET_BYTES:
        secret = str(hexlify(bytes([board.random_below(256) for _ in range(_SECRET_BYTES)])), "ascii")
        settings.keep({_SECRET: secret})
    return secret


def code_of(secret: str) -> str:
    """Return the code that goes with a secret, as people read it."""
    number = int.from_bytes(sha256(unhexlify(secret)).digest()[:8], "big") >> 4
    code = "".join([_ALPHABET[number >> 5 * (_CHARACTERS - 1 - at) & 31] for at in range(_CHARACTERS)])
    return code[:4] + "-" + code[4:8] + "-" + code[8:]


def collect(settings: Settings, board: "Board", ask: "Callable[[str, str], Answer]") -> bool:
    """Ask for the token once; whether there was one. Raises OSError."""
    answer = ask(PATH, json.dumps({"secret": secret_of(settings, board)}))
    if answer.status != 200:
        return False
    try:
        token = json.loads(answer.body)["token"]
    except (ValueError, KeyError, TypeError):
        return False
    if not isinstance(token, str) or len(token) != _TOKEN_CHARACTERS:
        return False
    settings.keep({"token": token})
    return True
