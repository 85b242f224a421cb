"""What the tests of the node share under both Pythons: there is no pytest on the board's."""


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
