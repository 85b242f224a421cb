"""What the tests of the node share under both Pythons: there is no pytest on the board's."""


def raises(kind: type, call: object, *arguments: object) -> bool:
    """Return whether a call raises an exception of a kind; any other goes on its way."""
    try:
        call(*arguments)
    except kind:
        return True
    return False
