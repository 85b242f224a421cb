"""Runs the program of this start. Whatever goes wrong in it ends in a fresh start, and a trial that fails in time."""

import gc

gc.threshold(2048)

import sys  # noqa: E402
import time  # noqa: E402

import machine  # noqa: E402


def main() -> None:
    """Choose, and run."""
    import json  # noqa: PLC0415

    from update.files import Files  # noqa: PLC0415
    from update.slots import Slots  # noqa: PLC0415

    with open("/board.json") as file:  # noqa: PTH123
        given = json.load(file)
    slots = Slots(Files("/"), int(given["key"], 16))
    sys.path.insert(0, "/" + slots.choose())
    running = __import__("boards.running").running
    board = getattr(__import__("boards." + given["board"]), given["board"])
    running.run(board.make, slots)


try:
    main()
except KeyboardInterrupt:
    # Somebody at the USB line wants the prompt.
    raise
except BaseException as error:  # noqa: BLE001
    sys.print_exception(error)
    # Time to press Ctrl-C for whoever wants to look.
    time.sleep(10)
    machine.reset()
