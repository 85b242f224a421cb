"""Where boxes and lines of a picture go: subjects below each other as lanes, references from right to left in them.

All measures are pixels. Between two columns of boxes is a gutter, between two lanes a channel: lines run there only,
so that none is behind a box. All lines to one table share their way, and end in one arrow.
"""

from dataclasses import dataclass, field

from tests.documents.data_model.facts import Reference, TableFacts
from tests.documents.data_model.sections import Lane, Part

WIDTH, GUTTER, ROW, HEAD = 230, 38, 18, 26
COLUMNS = 4
MARGIN, TRUNK, PAD, TITLE, GAP, STEP = 12, 16, 22, 30, 16, 6
LANE_WIDTH = 2 * PAD + COLUMNS * WIDTH + (COLUMNS - 1) * GUTTER
Line = tuple[list[tuple[float, float]], bool]


@dataclass
class Box:
    """A table in its place. `rows` are the columns that are shown: keys and references."""

    table: TableFacts
    column: int
    rows: list[str]
    x: float
    y: float

    @property
    def rest(self) -> str:
        """What is not shown: how many columns more, and the engine where only one has the table."""
        if not self.table.columns:
            return "no columns"
        others = len(self.table.columns) - len(self.rows)
        counted = f"{others} more" if self.rows else f"{others} column{'' if others == 1 else 's'}"
        engine = self.table.engine.removesuffix(" only")
        return " · ".join(said for said in (counted if others else "", engine) if said)

    @property
    def height(self) -> float:
        return HEAD + ROW * (len(self.rows) + bool(self.rest)) + 4

    def middle(self, row: str) -> float:
        """The height of a column's row."""
        return self.y + HEAD + ROW * self.rows.index(row) + ROW / 2 + 2

    @property
    def head(self) -> float:
        return self.y + HEAD / 2


@dataclass
class Strip:
    """A lane in its place, and the lines in the channel above it by the table they lead to."""

    title: str
    boxes: list[Box]
    y: float = 0
    height: float = 0
    channel: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """A picture: its size, lanes, and lines with whether they are dashed (there may be no such row)."""

    width: float
    height: float
    strips: list[Strip]
    lines: list[Line]


def plan(part: Part) -> Plan:
    """Lay a part out."""
    lines = _drawn(part)
    strips = [_strip(lane, lines) for lane in part.lanes]
    home = {box.table.name: strip for strip in strips for box in strip.boxes}
    for name, reference in lines:
        if (source := home[name]) is not (target := home[reference.target]):
            between = strips.index(target) + 1
            words = f"put the section of {reference.target} before that of {name}: lines lead upwards"
            assert between <= strips.index(source), words
            for strip in (source, strips[between]):
                strip.channel += [] if reference.target in strip.channel else [reference.target]
    y = MARGIN
    for strip in strips:
        y += (GAP / 2 + STEP * len(strip.channel)) if strip.channel else 0
        strip.y, y = y, y + strip.height + GAP
        for box in strip.boxes:
            box.y += strip.y
    router = _Router(strips, home)
    return Plan(
        2 * MARGIN + TRUNK + LANE_WIDTH,
        y - GAP + MARGIN,
        strips,
        [router.line(name, reference) for name, reference in lines],
    )


def _drawn(part: Part) -> list[tuple[str, Reference]]:
    """The references between tables of the part, without those that another one implies."""
    tables = {table.name: table for lane in part.lanes for table in lane.tables}

    def above(name: str, seen: frozenset[str]) -> set[str]:
        found: set[str] = set()
        for each in tables[name].references:
            if each.is_required and each.target in tables and each.target not in seen:
                found |= {each.target} | above(each.target, seen | {each.target})
        return found

    return [
        (name, reference)
        for name, table in tables.items()
        for reference in table.references
        if reference.target in tables
        and reference.target != name
        and not any(
            reference.target in above(other.target, frozenset({name, other.target}))
            for other in table.references
            if other.is_required and other.target in tables and other.target != name
        )
    ]


def _strip(lane: Lane, lines: list[tuple[str, Reference]]) -> Strip:
    names = {table.name for table in lane.tables}
    inside = [(name, each.target) for name, each in lines if name in names and each.target in names]
    heights = [float(TITLE)] * COLUMNS
    boxes: list[Box] = []
    linked = {name for line in inside for name in line}
    for table in sorted(lane.tables, key=lambda table: table.name not in linked):
        emptiest = min(range(COLUMNS), key=heights.__getitem__)
        column = _depth(table.name, inside) if table.name in linked else emptiest
        left = MARGIN + TRUNK + PAD + column * (WIDTH + GUTTER)
        box = Box(table, column, _rows(table), left, heights[column])
        heights[column] += box.height + GAP
        boxes.append(box)
    return Strip(lane.title, boxes, height=max(heights) - GAP + PAD)


def _depth(name: str, inside: list[tuple[str, str]], tried: int = COLUMNS - 1) -> int:
    targets = [target for source, target in inside if source == name]
    if not targets or not tried:
        return 0
    return min(COLUMNS - 1, 1 + max(_depth(each, inside, tried - 1) for each in targets))


def _rows(table: TableFacts) -> list[str]:
    referring = {name for reference in table.references for name in reference.columns}
    return [column.name for column in table.columns if column.is_key or column.name in referring]


class _Router:
    """Finds the way of a line; lines to one table take one way, each table's beside those of the others."""

    def __init__(self, strips: list[Strip], home: dict[str, Strip]) -> None:
        self._strips, self._home = strips, home
        self._boxes = {box.table.name: box for strip in strips for box in strip.boxes}
        self._positions: dict[str, dict[str, int]] = {}

    def line(self, name: str, reference: Reference) -> Line:
        source, target = self._boxes[name], self._boxes[reference.target]
        start = source.middle(reference.columns[-1])
        entry = self._beside(f"in {self._at(source)}", reference.target, source.x - 9, -STEP)
        way = [(source.x, start), (entry, start)]
        if self._home[name] is not self._home[reference.target]:
            way += self._around(entry, self._home[name], reference.target)
        elif source.column - target.column > 1:
            below = self._home[name].y + self._home[name].height - PAD / 2
            leave = self._exit(target)
            way += [(entry, below), (leave, below), (leave, target.head)]
        else:
            way += [(entry, target.head)]
        return [*way, (target.x + WIDTH, target.head)], not reference.is_required

    def _around(self, entry: float, strip: Strip, target: str) -> list[tuple[float, float]]:
        """Up to the channel, along the margin past the lanes between, and to the target's right side."""
        box, near = self._boxes[target], self._strips[self._strips.index(self._home[target]) + 1]
        leave, first, last = self._exit(box), self._channel(strip, target), self._channel(near, target)
        if strip is near:
            return [(entry, first), (leave, first), (leave, box.head)]
        margin = self._beside("margin", target, MARGIN + TRUNK - 5, -STEP)
        return [(entry, first), (margin, first), (margin, last), (leave, last), (leave, box.head)]

    def _exit(self, box: Box) -> float:
        return self._beside(f"out {self._at(box)}", box.table.name, box.x + WIDTH + 13, STEP)

    def _at(self, box: Box) -> str:
        return f"{self._strips.index(self._home[box.table.name])} {box.column}"

    def _channel(self, strip: Strip, target: str) -> float:
        return strip.y - GAP / 2 - STEP * strip.channel.index(target)

    def _beside(self, where: str, target: str, begin: float, step: float) -> float:
        taken = self._positions.setdefault(where, {})
        return begin + step * taken.setdefault(target, len(taken))
