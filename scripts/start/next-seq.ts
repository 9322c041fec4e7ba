/** The number that a recorder gives to its next event; undefined where it asks callers for a token. */
export async function nextSeqOf(recorderUrl: string): Promise<number | undefined> {
  const response = await fetch(`${recorderUrl}/v1/status`);
  const status: unknown = await response.json();
  if (typeof status !== "object" || status === null || !("nextSeq" in status)) return undefined;
  return typeof status.nextSeq === "number" ? status.nextSeq : undefined;
}
