"""What the dashboards are put together from: questions to the views of `reporting`, panels, variables."""

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DynamicConfigValue,
    VariableRefresh,
    VariableSort,
)

# As in `provisioning/datasources`: a stack has one datasource, of this uid.
_PLUGIN, _UID = "grafana-postgresql-datasource", "portal"
SOURCE = DataSourceRef(type_val=_PLUGIN, uid=_UID)
WEEK_SECONDS = 604_800
IS_SHORT = f"$__unixEpochTo() - $__unixEpochFrom() <= {WEEK_SECONDS}"
"""A condition that holds for ranges of up to a week, which are read from readings; longer ones from their hours."""

IS_LONG = f"$__unixEpochTo() - $__unixEpochFrom() > {WEEK_SECONDS}"
STEP = f"CASE WHEN {IS_SHORT} THEN 'hour' ELSE 'day' END"
"""By what energy is added up over the range shown."""


@dataclass
class Question(Dataquery):
    """SQL over `reporting`, as the datasource takes it. In `time_series` a text column `metric` names the series."""

    sql: str
    format: str = "time_series"

    def to_json(self) -> dict[str, object]:
        return {
            "refId": "A",
            "datasource": SOURCE,
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
        }


@dataclass
class _Asked(Builder[Dataquery]):
    question: Question

    def build(self) -> Dataquery:
        return self.question


def _lines(sql: str) -> str:
    return "\n".join(line.strip() for line in sql.strip().splitlines())


def asked(sql: str, format_: str = "time_series") -> _Asked:
    """A question whose lines are not indented."""
    return _Asked(Question(_lines(sql), format_))


def lines(title: str, unit: str, sql: str, *, about: str = "", span: int = 12) -> timeseries.Panel:
    """A panel of lines; where nothing was measured there is a gap."""
    return (
        _over_time(title, unit, sql, about, span).line_width(1).fill_opacity(0).span_nulls(span_nulls=False)
    )


def bars(title: str, unit: str, sql: str, *, about: str = "", span: int = 12) -> timeseries.Panel:
    """A panel of stacked bars, for what is added up."""
    stacked = common.StackingConfig().mode(StackingMode.NORMAL)
    made = _over_time(title, unit, sql, about, span).draw_style(GraphDrawStyle.BARS)
    return made.fill_opacity(80).line_width(0).stacking(stacked)


def _over_time(title: str, unit: str, sql: str, about: str, span: int) -> timeseries.Panel:
    return plotted(title, unit, about, SOURCE).with_target(asked(sql)).span(span)


def plotted(title: str, unit: str, about: str, source: DataSourceRef) -> timeseries.Panel:
    """A panel over time that asks nothing yet."""
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    made = timeseries.Panel().title(title).description(about).datasource(source).unit(unit)
    return made.legend(legend).tooltip(tooltip).show_points(VisibilityMode.NEVER).height(8).span(12)


def figure(title: str, unit: str, sql: str, *, about: str = "", decimals: int = 1) -> stat.Panel:
    """One number; `no readings` where there is none, and never 0."""
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
    made = stat.Panel().title(title).description(about).datasource(SOURCE).unit(unit).decimals(decimals)
    made = made.no_value("no readings").reduce_options(reduced)
    return made.with_target(asked(sql, "table")).height(4).span(6)


def listed(title: str, sql: str, *, units: dict[str, str], about: str = "", span: int = 24) -> table.Panel:
    """A table; `units` by column."""
    made = table.Panel().title(title).description(about).datasource(SOURCE).height(8).span(span)
    for column, unit in units.items():
        made = made.override_by_name(column, [DynamicConfigValue(id_val="unit", value=unit)])
    return made.with_target(asked(sql, "table"))


def choice(name: str, label: str, sql: str, *, is_many: bool = True) -> QueryVariable:
    """A variable whose values the database lists: columns `__text` and `__value`."""
    made = QueryVariable(name).label(label).datasource(SOURCE).query(_lines(sql))
    made = made.refresh(VariableRefresh.ON_DASHBOARD_LOAD).sort(VariableSort.ALPHABETICAL_ASC)
    return (
        made.multi(multi=is_many)
        .include_all(include_all=is_many)
        .allow_custom_value(allow_custom_value=False)
    )


def dashboard(
    uid: str, title: str, about: str, panels: list[Any], variables: list[QueryVariable]
) -> Dashboard:
    """A dashboard of a stack: read-only, in the reader's time zone, with one cross-hair for all its panels."""
    made = Dashboard(title).uid(uid).description(about).tags(["energy-portal"]).readonly()
    made = (
        made.time("now-24h", "now").timezone("browser").refresh("1m").tooltip(DashboardCursorSync.CROSSHAIR)
    )
    made = made.variables([])
    for variable in variables:
        made = made.with_variable(variable)
    # Numbered here, so that a page can embed one of them.
    for number, panel in enumerate(panels, start=1):
        made = made.with_panel(panel.id(number))
    return made
