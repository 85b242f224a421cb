import { useEffect, useRef, useState } from "react";

let plotly;
const loadPlotly = () => (plotly ??= import("plotly.js-basic-dist-min").then((m) => m.default ?? m));

const TOKEN = /^var\((--[\w-]+)\)$/;

// A browser may report a colour in any notation, Plotly knows only the old ones: ask a canvas what was painted.
const painted = (() => {
  let context;
  return (colour) => {
    context ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
      willReadFrequently: true,
    });
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return `rgba(${r},${g},${b},${(a / 255).toFixed(3)})`;
  };
})();

/** The figure with every "var(--token)" replaced by what it is on this element now. */
function withTokens(value, style) {
  if (Array.isArray(value)) return value.length > 64 ? value : value.map((v) => withTokens(v, style));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, withTokens(v, style)]));
  const token = typeof value === "string" && TOKEN.exec(value);
  if (!token) return value;
  const text = style.getPropertyValue(token[1]).trim();
  return CSS.supports("color", text) ? painted(text) : text;
}

const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: "reset" };

/** A Plotly chart that follows the page's colours: light, dark and a brand changed while it is shown. */
export function Chart({ figure, label, height }) {
  const box = useRef(null);
  const latest = useRef(figure);
  const [failed, setFailed] = useState(false);
  latest.current = figure;

  useEffect(() => {
    const element = box.current;
    let gone = false;
    let waiting = 0;
    const draw = async () => {
      try {
        const lib = await loadPlotly();
        if (gone || !latest.current?.data) return;
        const { data, layout } = withTokens(latest.current, getComputedStyle(element));
        await lib.react(element, data, { ...layout, autosize: true }, CONFIG);
      } catch (error) {
        console.error(error);
        if (!gone) setFailed(true);
      }
    };
    const soon = () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(draw);
    };
    element.redraw = soon;
    soon();
    const theme = new MutationObserver(soon);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "style"] });
    document.head.addEventListener("load", soon, true);
    const size = new ResizeObserver(async () => {
      const lib = await loadPlotly();
      if (!gone && element.data) lib.Plots.resize(element);
    });
    size.observe(element);
    return () => {
      gone = true;
      cancelAnimationFrame(waiting);
      theme.disconnect();
      size.disconnect();
      document.head.removeEventListener("load", soon, true);
      plotly?.then((lib) => lib.purge(element));
    };
  }, []);

  useEffect(() => box.current?.redraw?.(), [figure]);

  if (failed) return <p className="ui-hint">The chart could not be drawn. The table has the same figures.</p>;
  return <div ref={box} className="ui-chart" role="img" aria-label={label} style={{ height }} />;
}
