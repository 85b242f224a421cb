"""What judging a register takes: a year of one-minute readings of one device, by how often it is faulty.

    python -m tests.bench.judging [--days 365] [--rounds 3]

No database: readings are made, judged, put into hours and outlined in this process; figures are seconds of processor
time, the least of the rounds. "late" is one reading that comes late in the middle: the stretch around it is judged
again. Each figure also stands beside the sorting of the same readings in any order, which a database does instead.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable

from portal.core.energy.rules.judging import (
    Judgement,
    RegisterFacts,
    RegisterReading,
    judge,
    judged_hours,
    learn,
    outline_of,
    proposals_of,
    stretch_of,
)

MINUTE = 60_000_000
HOUR = 60 * MINUTE
BEGIN = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
FACTS = RegisterFacts(rated_watts=20_000, count_milliwh=100_000)


def readings_of(days: int, faults_a_day: int) -> list[RegisterReading]:
    """Return a meter of 5,000 kWh that takes up to 6 kW, with a dip, a spike, a zero or half its value now and then."""
    chance, shown, found = random.Random(faults_a_day), 5_000_000_000, list[RegisterReading]()
    for n in range(days * 1_440):
        shown += chance.choice((0, 0, 100_000))
        found.append((BEGIN + n * MINUTE, shown))
    for n in chance.sample(range(100, len(found) - 100), days * faults_a_day):
        at, value = found[n]
        found[n] = (at, chance.choice((0, value - 100_000, value - 200_000, value + 5_000_000, value // 2)))
    return found


def least(rounds: int, work: Callable[[], object]) -> float:
    """Return the least processor time (s) of some rounds."""
    taken: list[float] = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def late(readings: list[RegisterReading], judgement: Judgement) -> list[RegisterReading]:
    """Return the stretch that is judged again where the middle reading comes late."""
    at = readings[len(readings) // 2][0]
    stretch = stretch_of(outline_of(judgement), at, at, 36 * HOUR)
    since, until = stretch.since or 0, stretch.until or at
    return [reading for reading in readings if since <= reading[0] <= until]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    out = sys.stdout.write
    out(f"{'faults a day':>12} {'judge':>7} {'hours':>7} {'outline':>8} {'events':>7} {'learn':>7}")
    out(f" {'late':>7} {'(readings)':>10} {'sorting':>8}\n")
    for faults in (0, 1, 10, 30):
        readings = readings_of(options.days, faults)
        mixed = random.Random(1).sample(readings, len(readings))
        judgement = judge(readings, FACTS)
        part = late(readings, judgement)
        figures = (
            least(options.rounds, lambda readings=readings: judge(readings, FACTS)),
            least(options.rounds, lambda judgement=judgement: judged_hours(judgement, 2 * HOUR)),
            least(options.rounds, lambda judgement=judgement: outline_of(judgement)),
            least(options.rounds, lambda judgement=judgement: proposals_of(judgement)),
            least(options.rounds, lambda readings=readings: learn(readings, RegisterFacts())),
            least(options.rounds, lambda part=part: judge(part, FACTS)),
            least(options.rounds, lambda mixed=mixed: sorted(set(mixed))),
        )
        one, hours, outline, events, learning, stretch, sorting = figures
        out(f"{faults:>12} {one:>7.2f} {hours:>7.2f} {outline:>8.2f} {events:>7.2f} {learning:>7.2f}")
        out(f" {stretch:>7.3f} {len(part):>10} {sorting:>8.2f}\n")


if __name__ == "__main__":
    main()
