import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Numbers that look random and are the same for the same seed, on every machine. */
export interface Random {
  /** A whole number from `min` to `max`, both included. */
  integer: (min: number, max: number) => number;
  /** True in so many of a thousand cases. */
  perMille: (cases: number) => boolean;
  pick: <T>(list: readonly T[]) => T;
  /** One of the first members, in proportion to the second ones, which are whole numbers. */
  weighted: <T>(choices: readonly (readonly [T, number])[]) => T;
}

/** A generator of its own for each `purpose`: what one part draws changes nothing for another. @throws RangeError for a seed that is no whole number */
export function random(seed: number, purpose: string): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError("the seed must be a whole number");
  const generator = xoroshiro128plus(mixed(seed, purpose));
  const integer = (min: number, max: number): number => uniformInt(generator, min, max);

  function weighted<T>(choices: readonly (readonly [T, number])[]): T {
    let rest = integer(
      1,
      choices.reduce((sum, [, weight]) => sum + weight, 0),
    );
    for (const [choice, weight] of choices) {
      rest -= weight;
      if (rest <= 0) return choice;
    }
    throw new RangeError("there is nothing to choose from");
  }

  return {
    integer,
    perMille: (cases) => integer(1, 1000) <= cases,
    pick: (list) => {
      const picked = list[integer(0, list.length - 1)];
      if (picked === undefined) throw new RangeError("there is nothing to pick from");
      return picked;
    },
    weighted,
  };
}

/** FNV-1a (32 bits) of the purpose, begun with the seed. */
function mixed(seed: number, purpose: string): number {
  let hash = 0x811c9dc5 ^ (seed | 0);
  for (const character of purpose) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash;
}
