import { useEffect, useState } from "react";

/** A box for a password, which shows it while somebody asks for that. */
export function PasswordInput({ name, autoComplete, words }) {
  const [isShown, setShown] = useState(false);
  const [isReady, setReady] = useState(false);
  useEffect(() => setReady(true), []);
  return (
    <div className="ui-password">
      <input
        id={name}
        name={name}
        type={isShown ? "text" : "password"}
        required
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        className="ui-input"
      />
      {isReady && (
        <button type="button" className="ui-link" aria-pressed={isShown} aria-label={words.label} onClick={() => setShown(!isShown)}>
          {isShown ? words.hide : words.show}
        </button>
      )}
    </div>
  );
}
