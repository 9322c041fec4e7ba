/** One agency asks another to do the step of a procedure that is the other's. */
export interface StepOrder {
  /** Names it: the same key again is the same order. */
  readonly key: string;
  readonly procedure: string;
  /** The step's name in the plan of the procedure. */
  readonly step: string;
  readonly caseId: string;
  /** Citizen's number, or the notice's number of a newborn. */
  readonly subject: string;
}

/** Done (and recorded by whoever did it), or why not, as a code. A refusal is final for this key. */
export type OrderResult = "done" | { readonly refused: string };

/** The agencies that do the steps. Both reject when the agency cannot be reached, or cannot do it now: then the same order is given again. */
export interface Orders {
  readonly perform: (order: StepOrder) => Promise<OrderResult>;
  /** Takes back what the order of this key did; `done` too when it never came to anything. */
  readonly undo: (order: StepOrder) => Promise<OrderResult>;
}
