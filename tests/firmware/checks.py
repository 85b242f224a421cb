"""What the tests of the node share under both Pythons: there is no pytest on the board's."""

from node.quantities import ALL, FIRST_REGISTER, KEYS, PAST_REGISTERS, fits


def raises(kind: type, call: object, *arguments: object) -> bool:
    """Return whether a call raises an exception of a kind; any other goes on its way."""
    try:
        call(*arguments)
    except kind:
        return True
    return False


def unpacked(data: "bytes | memoryview") -> bytes:
    """Return what is in gzip bytes, with the library of whichever Python this is."""
    try:
        import gzip  # noqa: PLC0415 - CPython's
    except ImportError:
        import io  # noqa: PLC0415

        import deflate  # noqa: PLC0415 - MicroPython's

        return deflate.DeflateIO(io.BytesIO(bytes(data)), deflate.GZIP).read()
    return gzip.decompress(data)


NAMES = tuple([key[2:-2] for key in KEYS])
"""The quantities' names in JSON, in their order."""
MOST_STEPS = [
    1 << 51
    if FIRST_REGISTER <= each < PAST_REGISTERS
    else (1 << 15) - 1
    if not fits(each, 1 << 20)
    else (1 << 31) - 1
    for each in ALL
]
"""The most steps that the portal takes of each."""
