import { useEffect, useRef } from "react";

const isLost = () => !document.activeElement || document.activeElement === document.body;
// By dialog: what had the focus when it came. One dialog may follow another, and what opened the first is what stays.
const openers = new WeakMap();
const BOXES = "[role=dialog], [role=alertdialog]";

/** Gives the focus back to what had it when this came, once this is gone; where that is gone too, to the page. */
function useReturned(mark) {
  useEffect(() => {
    const had = document.activeElement;
    const before = had && had !== document.body ? [had, ...(openers.get(had.closest(BOXES)) ?? [])] : [];
    const box = mark.current.closest(BOXES);
    if (box) openers.set(box, before);
    return () => {
      // What closes moves the focus itself, some of it at the end of this turn.
      setTimeout(() => {
        if (before.length && isLost()) (before.find((each) => each.isConnected) ?? document.getElementById("content"))?.focus();
      });
    };
  }, []);
}

/** Stands in a dialog: the library gives the focus back to a button of its own only. */
export function ReturnFocus() {
  const mark = useRef(null);
  useReturned(mark);
  return <span ref={mark} hidden />;
}

/** Takes the focus into the panel it stands in, and back into it when what had it there is gone. */
export function PanelFocus({ at }) {
  const mark = useRef(null);
  useReturned(mark);
  useEffect(() => mark.current.parentElement.focus({ preventScroll: true }), []);
  useEffect(() => {
    if (isLost()) mark.current.parentElement.focus({ preventScroll: true });
  }, [at]);
  return <span ref={mark} hidden />;
}
