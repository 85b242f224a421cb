import { useEffect, useRef, useState } from "react";

/** A number with what stands between its thousands and before its decimals. */
function inWords(value, decimals, [group, decimal] = ["\u2009", "."]) {
  const [whole, rest] = Math.abs(value).toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return (value < 0 ? "\u2212" : "") + grouped + (rest ? decimal + rest : "");
}

/** The place in an ascending list that is nearest to a number. */
function nearest(list, wanted) {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low > 0 && wanted - list[low - 1] < list[low] - wanted ? low - 1 : low;
}

/** What a line shows at a place (0 to 1), or at its end where there is none; null in a gap. */
function valueAt(line, at) {
  if (!line.x.length) return null;
  if (at === null) return line.v[line.v.length - 1];
  const index = nearest(line.x, at);
  return Math.abs(line.x[index] - at) <= line.reach ? line.v[index] : null;
}

const percent = (share) => `${(share * 100).toFixed(3)}%`;

function Plot({ chart, view, at, chosen }) {
  const up = (value) => 1 - (value - chart.bottom) / (chart.top - chart.bottom);
  return (
    <div className="ui-plot" style={{ height: chart.height }}>
      <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" aria-label={chart.label}>
        {chart.ticks.map((tick) => (
          <path key={tick.text} className="ui-plot-grid" d={`M0 ${1000 - tick.at * 1000}H1000`} />
        ))}
        {chosen && <rect className="ui-plot-chosen" x={chosen[0] * 1000} y="0" width={(chosen[1] - chosen[0]) * 1000} height="1000" />}
        {chart.lines.map((line) => (
          <path key={`${line.name} band`} className={`ui-plot-band ui-line-${line.tone}`} d={line.band} />
        ))}
        {chart.lines.map((line) => (
          <path key={line.name} className={`ui-plot-line ui-line-${line.tone}`} d={line.path} />
        ))}
        {at !== null && <path className="ui-plot-cross" d={`M${at * 1000} 0V1000`} />}
      </svg>
      {view.gaps.map(([from, to]) => (
        <i key={from} className="ui-plot-gap" style={{ left: percent(from), width: percent(to - from) }} />
      ))}
      {view.late.map(([from, to]) => (
        <i key={from} className="ui-plot-late" style={{ left: percent(from), width: percent(to - from) }} />
      ))}
      {chart.ticks.map((tick) => (
        <span key={tick.text} className="ui-plot-value" style={{ top: percent(1 - tick.at) }}>
          {tick.text}
        </span>
      ))}
      {at !== null &&
        chart.lines.map((line) => {
          const value = valueAt(line, at);
          return value === null ? null : (
            <i key={line.name} className={`ui-plot-dot ui-line-${line.tone}`} style={{ left: percent(at), top: percent(up(value)) }} />
          );
        })}
    </div>
  );
}

function Heading({ chart, at }) {
  return (
    <div className="ui-plot-head">
      <h3>{chart.title}</h3>
      <span className="ui-hint ui-wide-only">{chart.note}</span>
      <p className="ui-plot-values">
        {chart.lines.map((line) => {
          const value = valueAt(line, at);
          return (
            <span key={line.name}>
              {chart.lines.length > 1 && <i className={`ui-plot-key ui-line-${line.tone}`} />}
              {chart.lines.length > 1 && `${line.name} `}
              <b>{value === null ? "\u2013" : inWords(value, chart.decimals, chart.marks)}</b> {chart.unit}
            </span>
          );
        })}
      </p>
    </div>
  );
}

/** Charts one below the other over one axis of time: a crosshair through all of them, and a drag that zooms. */
export function TimeCharts({ view, words, onZoom }) {
  const box = useRef(null);
  const [at, setAt] = useState(null);
  const [begun, setBegun] = useState(null);
  const [said, setSaid] = useState("");
  const length = view.to - view.from;
  const clock = (place) =>
    new Intl.DateTimeFormat(words.locale, {
      timeZone: view.zone,
      hourCycle: "h23",
      ...(view.days ? { day: "numeric", month: "short", year: "numeric" } : { hour: "2-digit", minute: "2-digit" }),
      ...(!view.days && length > 26 * 3600e3 ? { day: "numeric", month: "short" } : {}),
    }).format(new Date(view.from + place * length));
  const chosen = begun !== null && at !== null && Math.abs(at - begun) > 0.004 ? [Math.min(at, begun), Math.max(at, begun)] : null;
  useEffect(() => {
    setAt(null);
    setBegun(null);
  }, [view.from, view.to, view.charts.length]);

  const place = (event) => {
    const plot = box.current.querySelector(".ui-plot").getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - plot.left) / plot.width));
  };
  const zoom = () => {
    if (chosen) onZoom(new Date(view.from + chosen[0] * length).toISOString(), new Date(view.from + chosen[1] * length).toISOString());
    setBegun(null);
  };
  const step = (by, isChoosing) => {
    const x = view.charts.flatMap((chart) => chart.lines.map((line) => line.x)).sort((one, other) => other.length - one.length)[0] ?? [];
    if (!x.length) return;
    const now = at === null ? (by > 0 ? 0 : x.length - 1) : Math.max(0, Math.min(x.length - 1, nearest(x, at) + by));
    setBegun(isChoosing ? (begun ?? at ?? x[now]) : null);
    setAt(x[now]);
    const values = view.charts.flatMap((chart) =>
      chart.lines.map((line) => {
        const value = valueAt(line, x[now]);
        return `${line.name} ${value === null ? words.none : `${inWords(value, chart.decimals, chart.marks)} ${chart.unit}`}`;
      }),
    );
    setSaid(`${clock(x[now])}: ${values.join(", ")}`);
  };
  const press = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
    if (by) step(by, event.shiftKey);
    else if (event.key === "Enter") zoom();
    else if (event.key === "Backspace" && view.zoomed) window.history.back();
    else if (event.key === "Escape") setBegun(null);
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={box}
      className="ui-plots"
      tabIndex={0}
      role="group"
      aria-label={words.label}
      onKeyDown={press}
      onPointerMove={(event) => setAt(place(event))}
      onPointerLeave={() => begun === null && setAt(null)}
      onPointerDown={(event) => {
        if (event.pointerType !== "mouse" || event.button) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        event.preventDefault();
        box.current.focus({ preventScroll: true, focusVisible: false });
        setAt(place(event));
        setBegun(place(event));
      }}
      onPointerUp={() => begun !== null && zoom()}
      onPointerCancel={() => setBegun(null)}
      onDoubleClick={() => view.zoomed && window.history.back()}
    >
      {view.charts.map((chart) => (
        <section key={chart.key} className="ui-plot-chart">
          <Heading chart={chart} at={at} />
          <Plot chart={chart} view={view} at={at} chosen={chosen} />
        </section>
      ))}
      <div className="ui-plot-times" aria-hidden="true">
        {view.ticks.map((tick) => (
          <span key={tick.at} style={{ left: percent(tick.at) }}>
            {tick.text}
          </span>
        ))}
        {at !== null && <b style={{ left: percent(at) }}>{clock(at)}</b>}
      </div>
      <span className="ui-visually-hidden" aria-live="polite">
        {said}
      </span>
    </div>
  );
}
