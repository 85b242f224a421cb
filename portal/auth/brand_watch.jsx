import { useEffect } from "react";

/** Replaces the brand's stylesheet and marks when the page shows another version of the brand than the newest; shows nothing of its own. */
export function BrandWatch({ version, children }) {
  useEffect(() => {
    const shown = () => getComputedStyle(document.documentElement).getPropertyValue("--brand-version").trim();
    if (!version || shown() === `"${version}"`) return;
    const old = document.getElementById("brand-css");
    const fresh = old.cloneNode();
    fresh.href = `/branding.css?v=${version}`;
    // The old one stays until the new one is there: the page never stands without a brand.
    fresh.onload = () => {
      old.remove();
      for (const mark of document.querySelectorAll('link[rel="icon"], img[src^="/brand/"]')) {
        const name = mark.tagName === "IMG" ? "src" : "href";
        mark.setAttribute(name, `${mark.getAttribute(name).split("?")[0]}?v=${version}`);
      }
    };
    old.after(fresh);
  }, [version]);
  return children ?? null;
}
