/** Who has reached this age is an adult (Civil Code 91/2015/QH13, article 20). */
const AGE_OF_MAJORITY = 18;
/** Vietnam's time: the year ends there, not in Greenwich. */
const OFFSET = "+07:00";

/**
 * The year of birth as far as a person's number tells, or undefined.
 *
 * - `vn-cccd`: three digits of the place of birth's registration, one of century and sex (0 and 1 for men and women born 1900 to 1999, 2 and 3 for
 *   2000 to 2099, and so on to 8 and 9 for 2300 to 2399), two of the year, six at random (Decree 137/2015/NĐ-CP article 13, Circular 07/2016/TT-BCA
 *   article 7; the numbers stay under the Law on Identity 26/2023/QH15).
 * - `vn-newborn`: the last two digits are the year of the birth notice, which a facility writes at the birth.
 */
export function birthYearIn(person: { readonly scheme: string; readonly id: string }): number | undefined {
  switch (person.scheme) {
    case "vn-cccd": {
      const [, century, year] = /^[0-9]{3}([0-9])([0-9]{2})[0-9]{6}$/.exec(person.id) ?? [];
      return century === undefined ? undefined : 1900 + 100 * Math.floor(Number(century) / 2) + Number(year);
    }
    case "vn-newborn": {
      const year = /\.([0-9]{2})$/.exec(person.id)?.[1];
      return year === undefined ? undefined : 2000 + Number(year);
    }
    default:
      return undefined;
  }
}

/**
 * The moment (Unix milliseconds) from which a person is of age whatever the day they were born on: the end of the year in which they turn 18.
 * Undefined when their number does not tell.
 */
export function ofAgeFrom(person: { readonly scheme: string; readonly id: string }): number | undefined {
  const year = birthYearIn(person);
  return year === undefined ? undefined : Date.parse(`${year + AGE_OF_MAJORITY + 1}-01-01T00:00:00${OFFSET}`);
}
