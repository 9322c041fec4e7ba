import type { Occurrence } from "../population/timeline.ts";
import type { RegisterCode } from "./configurations.ts";

/**
 * Whether a register hears of what happened when it happens. Of a birth or a death it is the health register alone: all others learn of it when it is
 * registered. A move is told to one register, and that is the mistake in the data that the once-only exchange brings to light.
 */
export function hearsOf(code: RegisterCode, occurrence: Occurrence): boolean {
  switch (occurrence.kind) {
    case "birth":
    case "death":
      return code === "health";
    case "move":
      return code === occurrence.knownTo;
    case "guardian-change":
      return code === "civil-status";
    case "building-permit":
      return code === "construction";
    case "business-change":
      return code === "business";
  }
}
