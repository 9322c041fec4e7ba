import type { Preferences, QuietHours, Wishes } from "./message.ts";

/** The night: nobody who did not ask for it is woken. */
export const NIGHT: QuietHours = { from: "21:00", until: "07:00" };

/** Of whoever never said anything. */
export const DEFAULT_PREFERENCES: Preferences = {
  ...{ language: "vi", sms: true, email: true, quiet: NIGHT, noSms: [] },
};

/** What the preferences say about one procedure; undefined: the person never said anything. */
export function wishesOf(preferences: Preferences | undefined, procedure: string): Wishes {
  const { sms, email, quiet, noSms } = preferences ?? DEFAULT_PREFERENCES;
  return {
    ...(preferences !== undefined && { language: preferences.language }),
    ...{ sms: sms && !noSms.includes(procedure), email, quiet },
  };
}
