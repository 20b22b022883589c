import { useEffect, useState } from 'react';

/** The time, once a minute: the range of a chart changes with it, and the chart is not drawn again otherwise. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
