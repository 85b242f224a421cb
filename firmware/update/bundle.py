"""A release as one file: compiled modules, and a signature over all of it.

    "nfw1", length and text of the version
    length and text of a name, length of its contents (3, little-endian), contents; again for each file
    0, signature: RSA with PKCS #1 v1.5 over SHA-256 (RFC 8017, 8.2), as long as the key

The board has the public half of the key, so what is read out of one board signs nothing for another.
"""

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"nfw1"
_EXPONENT = 65_537
_CHUNK = 512
# The DER of "this is a SHA-256", before the hash.
_IS_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


def is_signed(digest: bytes, signature: bytes, modulus: int) -> bool:
    """Return whether a signature is that of a hash by the key of this modulus."""
    length = 0
    while modulus >> 8 * length:
        length += 1
    number = int.from_bytes(signature, "big")
    if len(signature) != length or number >= modulus:
        return False
    tail = _IS_SHA256 + digest
    wanted = b"\x00\x01" + b"\xff" * (length - 3 - len(tail)) + b"\x00" + tail
    return pow(number, _EXPONENT, modulus).to_bytes(length, "big") == wanted


class Bundle:
    """Goes through the bytes of a bundle; `read` gives up to so many of them from an offset on."""

    def __init__(self, read: "Callable[[int, int], bytes]") -> None:
        self._read = read
        self._at = 0

    def version(self) -> str:
        """Return the version at its beginning. Raises ValueError for what is no bundle."""
        self._at = 0
        if self._take(len(MAGIC)) != MAGIC:
            raise ValueError("no bundle")
        return self._text()

    def check(self, modulus: int) -> str:
        """Return the version of a bundle that is whole and signed. Raises ValueError for any other."""
        version = self.version()
        self.files()
        end = self._at
        digest, at = sha256(), 0
        while at < end:
            part = self._read(at, min(_CHUNK, end - at))
            if not part:
                raise ValueError("cut off")
            digest.update(part)
            at += len(part)
        if not is_signed(digest.digest(), self._read(end, _CHUNK), modulus):
            raise ValueError("not signed")
        return version

    def files(self) -> "list[tuple[str, int, int]]":
        """Return name, offset and size of each file. Raises ValueError where it is cut off or a name is unsound."""
        self.version()
        found: list[tuple[str, int, int]] = []
        while True:
            name = self._text()
            if not name:
                return found
            if name[0] == "/" or ".." in name or "\\" in name:
                raise ValueError("a name leads elsewhere")
            size = int.from_bytes(self._take(3), "little")
            found.append((name, self._at, size))
            self._at += size

    def _text(self) -> str:
        length = self._take(1)[0]
        return str(self._take(length), "ascii") if length else ""

    def _take(self, count: int) -> bytes:
        part = self._read(self._at, count)
        if len(part) != count:
            raise ValueError("cut off")
        self._at += count
        return part
