import { useEffect } from "react";

// Shows nothing; loads the page again a while after it could not be read. Whoever goes elsewhere meanwhile gets there.
export function Recovery({ unread, seconds }) {
  useEffect(() => {
    if (!unread) return undefined;
    const timer = setTimeout(() => window.location.reload(), seconds * 1000);
    return () => clearTimeout(timer);
  }, [unread, seconds]);
  return null;
}
