import { useEffect, useRef } from "react";

const KEPT = "login-email";

/** Has the e-mail of a log-in that failed stand in its form again, and the password asked for; nothing leaves the tab. */
export function KeptEmail() {
  const mark = useRef(null);
  useEffect(() => {
    const form = mark.current.closest("form");
    const email = form.querySelector("[name=email]");
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    if (kept && !email.value && new URLSearchParams(location.search).has("error")) {
      email.value = kept;
      form.querySelector("[name=password]").focus();
    }
    const keep = () => sessionStorage.setItem(KEPT, email.value);
    form.addEventListener("submit", keep);
    return () => form.removeEventListener("submit", keep);
  }, []);
  return <span ref={mark} hidden />;
}
