import { useContext, useEffect } from "react";
import { ColorModeContext } from "$/utils/context-registry";

/** Replaces the brand's stylesheet, marks and colour mode when the page shows another version of the brand than the newest; shows nothing of its own. */
export function BrandWatch({ version, children }) {
  const { setColorMode } = useContext(ColorModeContext);
  useEffect(() => {
    const shown = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--brand-${name}`).trim();
    if (!version || shown("version") === `"${version}"`) return;
    const old = document.getElementById("brand-css");
    const fresh = old.cloneNode();
    fresh.href = `/branding.css?v=${version}`;
    // The old one stays until the new one is there: the page never stands without a brand.
    fresh.onload = () => {
      old.remove();
      if (!localStorage.getItem("own-theme")) setColorMode(shown("appearance"));
      for (const mark of document.querySelectorAll('link[rel="icon"], img[src^="/brand/"]')) {
        const name = mark.tagName === "IMG" ? "src" : "href";
        mark.setAttribute(name, `${mark.getAttribute(name).split("?")[0]}?v=${version}`);
      }
    };
    old.after(fresh);
  }, [version]);
  return children ?? null;
}
