"""Makes `node/deflate_tables.py`: Huffman codes that suit rows of readings, and the header that tells them.

Run on a host, from `firmware`, when the names of quantities or the way rows are told change:

    python -m tools.deflate_tables > node/deflate_tables.py

Counts what `RowPacker` puts into batches of made-up readings, makes codes of at most 15 bits of it (package-merge), and
gives every character that JSON may hold a code, also where none was counted.
"""

import random
import sys

from node.quantities import ALL, EIGHT, Reading

LITERALS, DISTANCES = 286, 30
_PRINTABLE = range(32, 127)
_MOST_BITS = 15
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def made_up_readings(minutes: int) -> "list[Reading]":
    """Return so many minutes of a building: all thirty quantities, in steps."""
    chance = random.Random(1)  # noqa: S311 - figures to count, not a secret
    middle = [314_159, -52_311, 331_245, 9485, 23_012, 50_003, 381_089, 12, 91_223, 17, 399_121]
    middle += [
        23_001,
        22_987,
        23_056,
        15_234,
        14_876,
        15_501,
        1203,
        104_211,
        103_345,
        106_603,
        9480,
        9475,
        9490,
    ]
    middle += [213, 1127, 17, 205, 309_877, 327_701]
    readings = []
    for minute in range(minutes):
        values = [round(value * (1 + 0.03 * chance.gauss(0, 1))) for value in middle]
        for voltage in (4, 11, 12, 13):
            values[voltage] = middle[voltage] + round(chance.gauss(0, 40))
        values[5] = middle[5] + round(chance.gauss(0, 15))
        for register, rate in ((6, 0.52), (8, 0.09), (10, 0.55)):
            values[register] = middle[register] + int(minute * rate)
        readings.append(Reading(1_779_091_200 + 60 * minute, [*values]))
    return readings


def _counts() -> "list[int]":
    from node import packing  # noqa: PLC0415 - it imports what is made here, of which any will do
    from node.payload import row_fields  # noqa: PLC0415

    counts = [0] * (LITERALS + DISTANCES)

    class Counting(packing.RowPacker):
        def _symbol(self, symbol: int) -> None:
            counts[symbol] += 1

        def _put(self, value: int, bits: int) -> None:
            pass

    original = packing.distance_symbol

    def counted(distance: int) -> "tuple[int, int, int]":
        symbol = original(distance)
        counts[LITERALS + symbol[0]] += 1
        return symbol

    packing.distance_symbol = counted
    for wanted, size in ((EIGHT, 15), (EIGHT, 60), (ALL, 15)):
        readings = made_up_readings(1000)
        for start in range(0, len(readings), size):
            packer = Counting(bytearray(1 << 20))
            for reading in readings[start : start + size]:
                packer.add(row_fields(reading, reading.at, wanted, "acuvim-ii 3LN/3CT SN1234567"))
            packer.finish()
    return counts


def _lengths(counts: "dict[int, int]", size: int) -> bytearray:
    """Package-merge: the best lengths of at most 15 bits."""
    leaves = sorted((count, (symbol,)) for symbol, count in counts.items())
    packages = list(leaves)
    for _ in range(_MOST_BITS - 1):
        pairs = [
            (packages[at][0] + packages[at + 1][0], packages[at][1] + packages[at + 1][1])
            for at in range(0, len(packages) - 1, 2)
        ]
        packages = sorted(leaves + pairs)
    lengths = bytearray(size)
    for _, symbols in packages[: 2 * len(leaves) - 2]:
        for symbol in symbols:
            lengths[symbol] += 1
    return lengths


def _run_length(lengths: bytes) -> "list[tuple[int, int, int]]":
    """Tell lengths as symbols 0 to 18 of deflate, each with its extra bits."""
    out, at = [], 0
    while at < len(lengths):
        run = 1
        while at + run < len(lengths) and lengths[at + run] == lengths[at]:
            run += 1
        at += run
        if lengths[at - 1]:
            out.append((lengths[at - 1], 0, 0))
            run -= 1
        while run:
            if lengths[at - 1] == 0 and run >= 11:
                part, symbol, bits = min(run, 138), 18, 7
                out.append((symbol, bits, part - 11))
            elif run >= 3:
                zero = lengths[at - 1] == 0
                part = min(run, 10 if zero else 6)
                out.append((17, 3, part - 3) if zero else (16, 2, part - 3))
            else:
                part = 1
                out.append((lengths[at - 1], 0, 0))
            run -= part
    return out


def _header(lengths: bytes) -> "tuple[bytes, int]":
    from node.packing import canonical_codes  # noqa: PLC0415

    told = _run_length(lengths)
    counts: dict[int, int] = {}
    for symbol, _, _ in told:
        counts[symbol] = counts.get(symbol, 0) + 1
    code_lengths = _lengths(counts, 19)
    while max(code_lengths) > 7:  # three bits tell each
        counts = {symbol: count + max(counts.values()) // 16 for symbol, count in counts.items()}
        code_lengths = _lengths(counts, 19)
    codes = canonical_codes(bytes(code_lengths))
    used = max(at for at, symbol in enumerate(_ORDER) if code_lengths[symbol]) + 1
    bits: list[tuple[int, int]] = [(1, 1), (2, 2), (LITERALS - 257, 5), (DISTANCES - 1, 5), (used - 4, 4)]
    bits += [(code_lengths[symbol], 3) for symbol in _ORDER[:used]]
    for symbol, extra, value in told:
        bits += [(codes[symbol], code_lengths[symbol]), (value, extra)]
    number = count = 0
    for value, width in bits:
        number |= value << count
        count += width
    return number.to_bytes((count + 7) // 8, "little"), count


def main() -> None:
    """Print the module."""
    counted = _counts()
    literals = {symbol: count for symbol, count in enumerate(counted[:LITERALS]) if count}
    for symbol in (*_PRINTABLE, 256, *range(257, LITERALS)):
        literals[symbol] = literals.get(symbol, 0) or 1
    distances = {symbol: counted[LITERALS + symbol] + 1 for symbol in range(DISTANCES)}
    lengths = bytes(_lengths(literals, LITERALS) + _lengths(distances, DISTANCES))
    header, bits = _header(lengths)
    out = ['"""Huffman codes for rows of readings; made by `tools/deflate_tables.py`."""', ""]
    out += [f"LITERALS = {LITERALS}", f"HEADER_BITS = {bits}"]
    for name, data in (("LENGTHS", lengths), ("HEADER", header)):
        # Not in hex: a board would keep that text beside the bytes it stands for.
        out += [
            f"{name} = (",
            *[f'    b"{_escaped(data[at : at + 24])}"' for at in range(0, len(data), 24)],
            ")",
        ]
    sys.stdout.write("\n".join(out) + "\n")


def _escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


if __name__ == "__main__":
    main()
