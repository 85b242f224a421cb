"""A release is tried and stays, or the one before runs again: with a bad signature, cut anywhere, or crashing."""

from tests.firmware.checks import raises
from tests.firmware.release import BUNDLE, MODULUS, OTHER_MODULUS, VERSION
from tests.firmware.simulated_files import SimulatedFiles
from tests.firmware.simulated_flash import PowerCut
from update.bundle import Bundle
from update.slots import Slots

OLD = "1.0.0"


def board() -> SimulatedFiles:
    files = SimulatedFiles()
    files.files = {"a/version": OLD.encode(), "a/node/node.mpy": b"old"}
    return files


def started(files: SimulatedFiles, key: int = MODULUS) -> Slots:
    slots = Slots(files, key)
    slots.choose()
    return slots


def fetched(slots: Slots, bundle: bytes = BUNDLE) -> None:
    slots.begin(VERSION)
    for at in range(0, len(bundle), 100):
        slots.write(bundle[at : at + 100])
    slots.finish()


def test_a_release_is_tried_and_stays_once_it_is_confirmed() -> None:
    files = board()
    slots = started(files)
    assert (slots.slot, slots.running, slots.is_trial()) == ("a", OLD, False)
    fetched(slots)
    slots = started(files)
    assert (slots.slot, slots.running, slots.is_trial()) == ("b", VERSION, True)
    assert files.files["b/node/node.mpy"] == b"new program"
    slots.confirm()
    for _ in range(5):
        slots = started(files)
        assert (slots.slot, slots.is_trial()) == ("b", False)


def test_a_release_that_never_gets_through_gives_way_to_the_one_before() -> None:
    files = board()
    fetched(started(files))
    assert [started(files).slot for _ in range(5)] == ["b", "b", "a", "a", "a"]
    slots = started(files)
    assert (slots.running, slots.failed) == (OLD, VERSION)
    fetched(slots)
    assert started(files).slot == "b", "another try, if somebody asks for it"


def test_fetching_goes_on_where_it_was_cut_off_and_what_was_refused_stays_refused() -> None:
    files = board()
    slots = started(files)
    assert slots.begin(VERSION) == 0
    slots.write(BUNDLE[:700])
    assert slots.begin(VERSION) == 700
    slots.write(BUNDLE[700:])
    slots.finish()
    assert started(files).running == VERSION
    files = board()
    slots = started(files)
    slots.begin("1.2.0")
    slots.refuse("1.2.0")
    assert (started(files).failed, started(files).running) == ("1.2.0", OLD)


def test_what_is_on_trial_is_not_written_over_what_is_proven() -> None:
    files = board()
    fetched(started(files))
    assert raises(ValueError, fetched, started(files))
    assert [started(files).slot for _ in range(2)] == ["b", "a"]


def test_what_is_not_signed_with_the_key_is_not_taken() -> None:
    for wrong in (
        BUNDLE[:40] + b"\x01" + BUNDLE[41:],
        BUNDLE[:-1] + b"\x00",
        BUNDLE[:-200],
        b"nfw1",
        b"",
        BUNDLE + b"x",
    ):
        files = board()
        assert raises(ValueError, fetched, started(files), wrong)
        assert started(files).slot == "a"
    assert raises(ValueError, fetched, started(board(), OTHER_MODULUS))


def test_a_bundle_that_ends_anywhere_is_not_taken() -> None:
    for end in range(0, len(BUNDLE), 7):
        part = BUNDLE[:end]
        bundle = Bundle(lambda offset, most, part=part: part[offset : offset + most])
        assert raises(ValueError, bundle.check, MODULUS)


def test_names_that_lead_elsewhere_are_refused() -> None:
    for name in (b"/boot.py", b"../boot.py", b"a\\b"):
        made = b"nfw1\x051.1.0" + bytes((len(name),)) + name + b"\x00\x00\x00\x00"
        assert raises(ValueError, Bundle(lambda offset, most, made=made: made[offset : offset + most]).files)


def test_the_power_goes_at_every_step_of_an_update() -> None:
    whole = board()
    fetched(started(whole))
    ended: set[str] = set()
    for cut in range(whole.steps + 8):
        files = board()
        files.cut_after = cut
        try:
            slots = started(files)
            fetched(slots)
            slots = started(files)
            slots.confirm()
        except PowerCut:
            pass
        files.cut_after = None
        slots = started(files)
        assert slots.running in (OLD, VERSION), cut
        program = files.files[slots.slot + "/node/node.mpy"]
        assert program == (b"old" if slots.running == OLD else b"new program"), cut
        ended.add(slots.running)
        if slots.running == OLD:
            # Whatever was left behind is not in the way of the next try.
            fetched(slots)
            assert started(files).running == VERSION
    assert ended == {OLD, VERSION}
