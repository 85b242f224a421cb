"""What `portal push recover` says."""

from collections.abc import Sequence

from portal.core.outbox.recovered import MergedRow
from portal.push.task import RecoverReport

_SHOWN = 50


def recovered_words(report: RecoverReport) -> str:
    """Return what was fetched, what was left alone, and what is to be done by hand."""
    lines = [f"{report.customer} ({report.id})" + (": nothing was stored" if report.dry_run else "")]
    lines += _rows("", report.changes)
    verb = "would be fetched" if report.dry_run else "fetched"
    lines.append(f"{report.readings} readings {verb}.")
    lines += _merged(report)
    lines += _rows("CONFLICT  ", report.conflicts)
    if report.to_rotate:
        lines.append(
            "The tokens of these devices are lost; give each board a new one, `portal device rotate`:"
        )
        lines += [f"  {external_id}" for external_id in report.to_rotate]
    if report.pushed is not None:
        lines.append(report.pushed.behind or f"The push goes on; {report.pushed.pending_rows} readings wait.")
    return "\n".join(lines)


def _merged(report: RecoverReport) -> list[str]:
    lines: list[str] = []
    if report.merged_readings:
        verb = "would be merged" if report.dry_run else "merged"
        lines.append(f"{report.merged_readings} readings {verb} with the Admin's for the same instant:")
    lines += [f"  {each.at:%Y-%m-%dT%H:%M:%S}Z {each.device_id}" for each in report.merged]
    if report.merged_readings > len(report.merged):
        lines.append(f"  ... and {report.merged_readings - len(report.merged)} more")
    if report.conflicting_values:
        verb = "would be fetched" if report.dry_run else "fetched"
        lines.append(f"{report.conflicting_values} conflicting values {verb}.")
    return lines


def _rows(mark: str, rows: Sequence[MergedRow]) -> list[str]:
    shown = [f"{mark}{row.resource} {row.name!r} ({row.key}): {row.what}" for row in rows[:_SHOWN]]
    return [*shown, *([f"{mark}... and {len(rows) - _SHOWN} more"] if len(rows) > _SHOWN else [])]
