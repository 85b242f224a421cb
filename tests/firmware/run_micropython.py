"""Runs the test functions of one file under MicroPython: `micropython run_micropython.py tests/firmware/test_ring.py`.

From the project's directory, with `firmware` on the path. Prints what failed, and ends with how many there were.
"""

import sys


def main() -> None:
    name = sys.argv[1][: -len(".py")].replace("/", ".")
    module = __import__(name)
    for part in name.split(".")[1:]:
        module = getattr(module, part)
    tests = [each for each in sorted(dir(module)) if each.startswith("test_")]
    failed = 0
    for each in tests:
        try:
            getattr(module, each)()
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are run too
            failed += 1
            print("FAILED", each)
            sys.print_exception(error)
    print(len(tests) - failed, "passed,", failed, "failed")
    sys.exit(1 if failed else 0)


main()
