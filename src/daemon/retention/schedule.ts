const minutesOfDay = 1440;

/** Minutes from now to the next time that the clock (UTC) shows `minuteOfDay`; a whole day when it does so now. */
export function minutesUntil(minuteOfDay: number, now: Date): number {
  const minutes = now.getUTCHours() * 60 + now.getUTCMinutes() + now.getUTCSeconds() / 60;
  const until = minuteOfDay - minutes;
  return until > 0 ? until : until + minutesOfDay;
}
