import { useEffect, useRef, useState } from "react";

// A draft is what stands in a form's boxes, kept for this tab alone: { owner, opening, after, base, boxes }.
// `opening` says what the form is of, `after` which draft was finished last when this one was begun, `base` what the boxes
// held before anything was typed.
const PREFIX = "draft/";
const MOST_CHARACTERS = 200000;
const LONGEST = 500;
// What earlier releases called a form: a tab keeps its drafts while the server is upgraded.
const RENAMED = { "municipality/place": "municipality" };
const NEVER_KEPT = ["password", "file", "submit", "button", "reset", "image"];

const isTexts = (found) =>
  found !== null && typeof found === "object" && !Array.isArray(found) &&
  Object.values(found).every((text) => typeof text === "string" && text.length <= LONGEST);

const forget = (scope) => {
  try {
    sessionStorage.removeItem(PREFIX + scope);
  } catch {}
};

/** The draft of a form, if there is a sound one of this person. Storage is input: whatever else is there goes. */
const find = (scope, owner) => {
  try {
    const text = sessionStorage.getItem(PREFIX + scope);
    if (text === null) return null;
    const draft = text.length <= MOST_CHARACTERS ? JSON.parse(text) : null;
    const isSound =
      draft !== null && draft.owner === owner && typeof draft.after === "string" && isTexts(draft.base) &&
      isTexts(draft.boxes) && Array.isArray(draft.opening) && draft.opening.length === 3 && isTexts({ ...draft.opening });
    if (isSound) {
      const [which, ...of] = draft.opening;
      return { ...draft, opening: [RENAMED[`${scope}/${which}`] ?? which, ...of] };
    }
  } catch {}
  forget(scope);
  return null;
};

const store = (scope, draft) => {
  try {
    const text = JSON.stringify(draft);
    if (text.length <= MOST_CHARACTERS) sessionStorage.setItem(PREFIX + scope, text);
  } catch {}
};

const boxesOf = (form) =>
  [...(form?.elements ?? [])].filter(
    (box) => box.name && !NEVER_KEPT.includes(box.type) && box.autocomplete !== "one-time-code",
  );

const before = (box) =>
  box.tagName === "SELECT"
    ? ([...box.options].find((option) => option.defaultSelected) ?? box.options[0])?.value ?? ""
    : box.defaultValue;

const texts = (boxes, of) => Object.fromEntries(boxes.map((box) => [box.name, of(box).slice(0, LONGEST)]));

const isSame = (some, others) =>
  Object.keys(some).length === Object.keys(others).length && Object.keys(some).every((name) => some[name] === others[name]);

// React notices what is typed, not what is set: so it is set as if it had been typed, into a box as it was before.
const type = (box, text) => {
  box.value = before(box);
  const kind = box.tagName === "SELECT" ? HTMLSelectElement : box.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(box, text);
  box.dispatchEvent(new Event(box.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
};

const isOf = (draft, opening) => draft.opening[0] === opening[0] && draft.opening[1] === opening[1];

const useFinished = (scope, owner, done, then = () => {}) =>
  useEffect(() => {
    const draft = done && owner ? find(scope, owner) : null;
    if (draft && draft.after !== done) {
      forget(scope);
      then();
    }
  }, [done, owner]);

/** Keeps what is typed into the form it is around, and puts it back; where the server holds the form, that does. */
export function KeptForm({ scope, owner, opening, done, ready, held, revision, words, changedWords, discardLabel, children }) {
  const around = useRef(null);
  const [said, say] = useState("");
  const form = () => around.current?.querySelector("form");
  const keep = () => {
    const boxes = boxesOf(form());
    if (!owner || boxes.length === 0) return;
    const begun = find(scope, owner);
    const base = begun && isOf(begun, opening) ? begun.base : texts(boxes, before);
    const typed = texts(boxes, (box) => box.value);
    if (!held && isSame(typed, texts(boxes, before))) forget(scope);
    else store(scope, { owner, opening, after: done, base, boxes: typed });
  };
  useFinished(scope, owner, done, () => say(""));
  useEffect(() => {
    if (!ready || !owner || held) return;
    const draft = find(scope, owner), boxes = boxesOf(form());
    if (!draft || !isOf(draft, opening)) return;
    const wereThere = isSame(draft.boxes, texts(boxes, (box) => box.value));
    const isChanged = !isSame(draft.base, texts(boxes, before));
    // Where they stand still, the server may have forgotten what it was told of them.
    for (const box of boxes) {
      const text = draft.boxes[box.name];
      if (text !== undefined && text !== before(box)) type(box, text);
    }
    if (isChanged || !wereThere) say(isChanged ? changedWords : words);
  }, [ready, owner, scope, opening[0], opening[1]]);
  useEffect(() => {
    // What the server puts into the form (a row more, a row less) belongs to a draft that has begun.
    if (!held || !ready || !owner || !find(scope, owner)) return;
    const later = setTimeout(keep);
    return () => clearTimeout(later);
  }, [revision]);
  const discard = () => {
    forget(scope);
    say("");
    form()?.reset();
    for (const box of boxesOf(form())) type(box, before(box));
  };
  return (
    <>
      {said && (
        <div className="ui-callout ui-callout--note ui-draft" role="status">
          <div>{said}</div>
          <button type="button" className="ui-button ui-button--small" onClick={discard}>
            {discardLabel}
          </button>
        </div>
      )}
      <div ref={around} data-draft={scope} onInput={keep} onChange={keep} style={{ display: "contents" }}>
        {children}
      </div>
    </>
  );
}

/** Looks for a draft when the page has come (back) to life, and says what it is of; shows nothing of its own. */
export function DraftFinder({ scope, owner, done, ready, shown, onOpen, onFound, children }) {
  useFinished(scope, owner, done);
  useEffect(() => {
    if (!ready || !owner) return;
    const draft = find(scope, owner);
    if (!draft) return;
    if (!onFound) {
      if (!shown) onOpen(...draft.opening);
      return;
    }
    // A form that is still there has what the server sent just now and what was typed meanwhile: newer than the draft.
    const later = setTimeout(() => {
      const boxes = boxesOf(document.querySelector(`[data-draft="${scope}"] form`));
      onFound(boxes.length > 0 ? texts(boxes, (box) => box.value) : draft.boxes, draft.after);
    });
    return () => clearTimeout(later);
  }, [ready, owner]);
  return children ?? null;
}

/** Forgets every draft of this tab where somebody has signed out; shows nothing of its own. */
export function NoDrafts({ children }) {
  useEffect(() => {
    if (!new URLSearchParams(location.search).has("signed-out")) return;
    try {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    } catch {}
  }, []);
  return children ?? null;
}
