/** The people of the registers that are killed. */
export const TOLD = { seed: 3, persons: 200, asOf: "2026-11-22", days: 10, registers: ["health"] };
