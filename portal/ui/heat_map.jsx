import { useEffect, useState } from "react";

const percent = (share) => `${(share * 100).toFixed(3)}%`;

/** How opaque each pixel of a picture is, from 0 to 255, row by row. */
async function opacities(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data.filter((_, index) => index % 4 === 3);
}

/** Days from left to right, their hours downwards: a picture by the server, in the page's colours. */
export function HeatMap({ view, label, words, onOpen }) {
  const [at, setAt] = useState(null);
  const [known, setKnown] = useState(null);
  useEffect(() => {
    let gone = false;
    setKnown(null);
    // The picture is the values: what a pixel stands for need not be sent beside it.
    Promise.all([opacities(view.picture), opacities(view.gaps)]).then(
      ([values, gaps]) => !gone && setKnown({ values, gaps }),
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [view]);
  const value = ([day, hour]) => {
    const pixel = hour * view.days + day;
    if (!known) return "";
    if (known.gaps[pixel]) return words.none;
    return words.about.replace("{value}", ((known.values[pixel] / 255) * view.highest).toPrecision(3).replace(".", view.marks?.[1] ?? ".")).replace("{unit}", view.unit);
  };
  const find = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const day = Math.floor(((event.clientX - box.left) / box.width) * view.days);
    const hour = Math.floor(((event.clientY - box.top) / box.height) * 24);
    return [Math.max(0, Math.min(view.days - 1, day)), Math.max(0, Math.min(23, hour))];
  };
  const date = (day) => new Date(Date.parse(`${view.first}T00:00:00Z`) + day * 86400e3);
  const named = (day) =>
    new Intl.DateTimeFormat(words.locale, { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(date(day));
  const iso = (day) => date(day).toISOString().slice(0, 10);
  return (
    <div className="ui-heat">
      <div
        className="ui-heat-map"
        role="img"
        aria-label={label}
        onPointerMove={(event) => setAt(find(event))}
        onPointerLeave={() => setAt(null)}
        onClick={(event) => onOpen?.(iso(find(event)[0]))}
      >
        <i className="ui-heat-picture" style={{ maskImage: `url(${view.picture})`, WebkitMaskImage: `url(${view.picture})` }} />
        <i className="ui-heat-gaps" style={{ maskImage: `url(${view.gaps})`, WebkitMaskImage: `url(${view.gaps})` }} />
        {["00", "06", "12", "18"].map((hour, index) => (
          <span key={hour} className="ui-plot-value" style={{ top: percent(index / 4 + 0.02) }}>
            {hour}
          </span>
        ))}
      </div>
      <div className="ui-heat-months">
        {view.months.map((month) => (
          <button key={month.day} type="button" style={{ left: percent(month.at) }} onClick={() => onOpen?.(month.day)} aria-label={`${month.text}: ${words.open.replace("{month}", month.words)}`}>
            {month.text}
          </button>
        ))}
      </div>
      <p className="ui-hint" aria-hidden="true">
        {at ? words.hour.replace("{day}", named(at[0])).replace("{first}", String(at[1]).padStart(2, "0")).replace("{last}", String(at[1] + 1).padStart(2, "0")) + value(at) : view.hint}
      </p>
    </div>
  );
}
