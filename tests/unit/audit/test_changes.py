"""What differs is told with what was and what is, however long both are."""

from portal.core.audit.rules.changes import changes_in_words

STREET = "Main Road " * 30


def test_texts_that_differ_behind_what_is_shown_are_told_from_where_they_do() -> None:
    told = changes_in_words({"address": f"{STREET}1, Old Town"}, {"address": f"{STREET}2, New Town"})
    was, now = told.removeprefix("address: ").split(" → ")
    assert was.endswith("1, Old Town")
    assert now.endswith("2, New Town")
    assert was.startswith("…")
    assert len(was) <= 120


def test_texts_that_differ_at_once_are_told_from_their_beginning() -> None:
    assert changes_in_words({"address": "1 Main Road"}, {"address": ""}) == "address: 1 Main Road → none"
    assert changes_in_words({"address": "A" * 500}, {"address": "B"}) == f"address: {'A' * 119}… → B"
