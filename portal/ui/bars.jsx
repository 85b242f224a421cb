import { useEffect, useRef, useState } from "react";

const percent = (share) => `${(share * 100).toFixed(3)}%`;

function Told({ bar }) {
  return (
    <div className="ui-bars-told" style={bar.x > 0.5 ? { right: percent(1 - bar.x + 0.005) } : { left: percent(bar.x + bar.w + 0.005) }}>
      <strong>{bar.title}</strong>
      {bar.rows.map((row) => (
        <div key={row.label}>
          <span>
            <i className="ui-hue" style={{ background: row.hue || "transparent" }} />
            {row.label}
          </span>
          <b>{row.value}</b>
        </div>
      ))}
    </div>
  );
}

/** Stacked bars over time, each of which says all its parts at once and may open something. */
export function Bars({ view, label, height, chosen, words, onOpen }) {
  const box = useRef(null);
  const [told, setTold] = useState(null);
  const [isByKey, setByKey] = useState(false);
  useEffect(() => setTold((now) => (now !== null && now < view.bars.length ? now : null)), [view]);
  const find = (event) => {
    const plot = box.current.getBoundingClientRect();
    const at = (event.clientX - plot.left) / plot.width;
    const index = view.bars.findIndex((bar) => at >= bar.x - bar.room && at < bar.x + bar.w + bar.room);
    return index < 0 ? null : index;
  };
  const open = (index) => index !== null && view.bars[index].key && onOpen?.(view.bars[index].key);
  const press = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && view.bars.length) {
      setByKey(true);
      setTold(told === null ? (by > 0 ? 0 : view.bars.length - 1) : Math.max(0, Math.min(view.bars.length - 1, told + by)));
    } else if (event.key === "Enter") open(told);
    else if (event.key === "Escape") setTold(null);
    else return;
    event.preventDefault();
  };
  const bar = told === null ? null : view.bars[told];
  return (
    <div className="ui-bars">
      <div
        ref={box}
        className={bar?.key ? "ui-plot ui-plot--opens" : "ui-plot"}
        style={{ height }}
        tabIndex={0}
        role="group"
        aria-label={`${label} ${view.opens ? words.opens : words.keys}`}
        onKeyDown={press}
        onBlur={() => setTold(null)}
        onPointerMove={(event) => {
          setByKey(false);
          setTold(find(event));
        }}
        onPointerLeave={() => setTold(null)}
        onClick={(event) => open(find(event))}
      >
        <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
          {view.values.map((tick) => (
            <path key={tick.text} className="ui-plot-grid" d={`M0 ${1000 - tick.at * 1000}H1000`} />
          ))}
          {view.bars.map(
            (each) =>
              chosen &&
              each.key === chosen && (
                <rect key={each.key} className="ui-plot-chosen" x={(each.x - each.room) * 1000} width={(each.w + 2 * each.room) * 1000} y="0" height="1000" />
              ),
          )}
          {view.bars.map((each, index) => (
            <g key={each.x} opacity={each.pale ? 0.45 : told !== null && told !== index ? 0.75 : 1}>
              {each.parts.map((part) => (
                <rect
                  key={part.y}
                  x={each.x * 1000}
                  width={each.w * 1000}
                  y={(1 - part.y - part.h) * 1000}
                  height={part.h * 1000}
                  style={{ fill: part.hue }}
                />
              ))}
            </g>
          ))}
          {view.outline && <path className="ui-plot-line ui-line-usual" d={view.outline} />}
          {view.now !== null && <path className="ui-plot-now" d={`M${view.now * 1000} 0V1000`} />}
        </svg>
        {view.gaps.map((gap) => (
          <i key={gap.x} className="ui-plot-gap" style={{ left: percent(gap.x), width: percent(gap.w), top: percent(1 - gap.h) }} title={gap.words} />
        ))}
        {view.values.map((tick) => (
          <span key={tick.text} className="ui-plot-value" style={{ top: percent(1 - tick.at) }}>
            {tick.text}
          </span>
        ))}
        {view.mark && (
          <span className="ui-plot-mark" style={{ left: percent(view.mark.at), top: percent(1 - view.mark.up) }}>
            {view.mark.text}
          </span>
        )}
        {bar && <Told bar={bar} />}
      </div>
      {view.strip.length > 0 && (
        <div className="ui-bars-strip" aria-hidden="true">
          {view.strip.map((part) => (
            <i key={part.x} style={{ left: percent(part.x), width: percent(part.w), background: part.hue, opacity: part.pale ? 0.5 : 1 }} />
          ))}
        </div>
      )}
      <div className="ui-plot-times" aria-hidden="true">
        {view.ticks.map((tick) => (
          <span key={tick.at} style={{ left: percent(tick.at) }}>
            {tick.text}
          </span>
        ))}
      </div>
      <span className="ui-visually-hidden" aria-live="polite">
        {isByKey && bar ? `${bar.title}: ${bar.rows.map((row) => `${row.label} ${row.value}`).join(", ")}` : ""}
      </span>
    </div>
  );
}
