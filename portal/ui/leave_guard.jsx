import { useEffect } from "react";

/** Asks before the page is left while something on it would be lost: by a link, by Back, or by closing the tab. */
export function LeaveGuard({ active, words }) {
  useEffect(() => {
    if (!active) return;
    const unload = (event) => {
      event.preventDefault();
      event.returnValue = words;
    };
    const click = (event) => {
      const link = event.target.closest?.("a[href]");
      const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
      if (!link || !isPlain || link.target === "_blank" || link.getAttribute("href").startsWith("#")) return;
      if (window.confirm(words)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener("beforeunload", unload);
    document.addEventListener("click", click, true);
    return () => {
      window.removeEventListener("beforeunload", unload);
      document.removeEventListener("click", click, true);
    };
  }, [active, words]);
  return null;
}
