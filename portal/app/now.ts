import { useEffect, useState } from "react";

const TICK_MS = 30_000;

/** Unix seconds by this device's clock. */
function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** The same, kept up to date while the page is open. */
export function useNow(): number {
  const [now, setNow] = useState(nowSeconds);
  useEffect(() => {
    const timer = setInterval(() => setNow(nowSeconds()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
