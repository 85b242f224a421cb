import { useContext } from "react";
import { ColorModeContext } from "$/utils/context-registry";

/** Switches between light and dark. What is chosen here stays the person's own, whatever the brand's pages start in. */
export function ThemeToggle({ children, ...rest }) {
  const { resolvedColorMode, toggleColorMode } = useContext(ColorModeContext);
  const choose = () => {
    localStorage.setItem("own-theme", resolvedColorMode === "light" ? "dark" : "light");
    toggleColorMode();
  };
  return (
    <button {...rest} type="button" onClick={choose}>
      {children}
    </button>
  );
}
