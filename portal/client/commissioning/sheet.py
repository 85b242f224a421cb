"""The check as one page of plain HTML: quick on a phone at the end of a cable, and printed with a line to sign on."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from portal.core.boards.rules.commissioning import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.core.boards.rules.commissioning import Finding, Phase
    from portal.core.boards.service.commissioning import CommissioningCheck

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #1a7f4b; --look: #a86400; --wrong: #c0262d; --open: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --good: #4cc38a; --look: #f0b429; --wrong: #ff6b6b; --open: #a3a9b3; } }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.35rem; margin: 0; } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.about { color: var(--open); margin: .1rem 0 1rem; }
.sum { font-weight: 600; padding: .6rem .8rem; border: 1px solid; border-radius: .5rem; }
ul { list-style: none; padding: 0; margin: 0; }
li { display: grid; grid-template-columns: 1.6rem 1fr; gap: .5rem; padding: .6rem 0; }
li, th, td { border-top: 1px solid var(--line); }
li b { display: block; } .mark { font-weight: 700; text-align: center; }
.good { color: var(--good); } .look { color: var(--look); }
.wrong { color: var(--wrong); } .open { color: var(--open); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .4rem; } th:first-child { text-align: left; }
form { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem; }
label { font-size: .85rem; color: var(--open); } label.wide, button { grid-column: 1 / -1; }
input, button { font: inherit; width: 100%; min-height: 2.75rem; padding: .4rem .6rem; border: 1px solid var(--line);
  border-radius: .4rem; background: transparent; color: inherit; }
button { background: #1d4ed8; color: #fff; border: 0; font-weight: 600; }
.sign { display: none; }
@media print {
  :root { color-scheme: light; } .screen { display: none; } body { max-width: none; padding: 0; font-size: 12pt; }
  .sign { display: grid; grid-template-columns: 1fr 1fr; gap: 3rem; margin-top: 3.5rem; }
  .sign div { border-top: 1px solid #000; padding-top: .3rem; }
}
"""
_MARKS = {CheckResult.GOOD: "✓", CheckResult.LOOK: "!", CheckResult.WRONG: "✗", CheckResult.OPEN: "…"}
_WORDS = {
    CheckResult.GOOD: "good",
    CheckResult.LOOK: "look at it",
    CheckResult.WRONG: "wrong",
    CheckResult.OPEN: "not known yet",
}
_WORST_FIRST = (CheckResult.WRONG, CheckResult.LOOK, CheckResult.OPEN)


def sheet(check: CommissioningCheck, clamp: Sequence[str], by: str, zone_name: str, when: str) -> str:
    """Return the page. `clamp` and `by` are what was typed in; `when` is the time of the check in words."""
    device = check.device
    about = [device.site_name, device.external_id, *([check.source] if check.source else [])]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Check of {escape(device.name)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Check of {escape(device.name)}</h1>"
        f'<p class="about">{escape(" · ".join(about))}<br>{escape(when)} ({escape(zone_name)})</p>'
        f"{_summary(check.findings)}<ul>{''.join(map(_line, check.findings))}</ul>{_phases(check.phases)}"
        f"{_form(clamp, by)}{_signature(by, when)}</body></html>"
    )


def _summary(found: Sequence[Finding]) -> str:
    for result in _WORST_FIRST:
        count = sum(finding.result is result for finding in found)
        if count:
            words = {
                CheckResult.WRONG: f"{count} wrong",
                CheckResult.LOOK: f"{count} to look at",
                CheckResult.OPEN: f"Nothing wrong so far, {count} not known yet",
            }[result]
            return f'<p class="sum {result}" role="status">{words}</p>'
    return f'<p class="sum {CheckResult.GOOD}" role="status">Everything is as it should be</p>'


def _line(finding: Finding) -> str:
    result = finding.result
    return (
        f'<li><span class="mark {result}" aria-hidden="true">{_MARKS[result]}</span><span><b>{escape(finding.check)}'
        f' <small class="{result}">{_WORDS[result]}</small></b>{escape(finding.words)}</span></li>'
    )


def _phases(phases: Sequence[Phase]) -> str:
    rows = "".join(
        f"<tr><th>L{number}</th><td>{_number(phase.volts, 1)}</td><td>{_number(phase.amps, 2)}</td>"
        f"<td>{_number(phase.kilowatts, 2)}</td><td>{_number(phase.factor, 2)}</td></tr>"
        for number, phase in enumerate(phases, 1)
    )
    head = "<tr><th>Phase</th><th>V</th><th>A</th><th>kW</th><th>Power factor</th></tr>"
    return f"<h2>What the phases measure</h2><table>{head}{rows}</table>"


def _number(value: float | None, decimals: int) -> str:
    return "none" if value is None else f"{value:.{decimals}f}"


def _form(clamp: Sequence[str], by: str) -> str:
    fields = "".join(
        f'<label>Clamp on L{number}, A<input name="l{number}" inputmode="decimal" value="{escape(value)}"></label>'
        for number, value in enumerate(clamp, 1)
    )
    typed = f'<input name="by" autocomplete="name" value="{escape(by)}">'
    name = f'<label class="wide">Your name, for the print{typed}</label>'
    return (
        '<form class="screen" method="get"><h2 style="grid-column:1/-1;margin-bottom:0">Check again</h2>'
        f"{fields}{name}<button>Check again</button></form>"
        '<p class="screen about">To sign it, print this page: it ends with lines for name, date and signature.</p>'
    )


def _signature(by: str, when: str) -> str:
    who = f"Installed and checked by {escape(by)}, {escape(when)}"
    return f'<div class="sign"><div>{who}</div><div>Signature</div></div>'
