/** Hands a file to the person. */
export function download(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

/** `statement-2026-11-22.json`. No number of a person: names of files are seen by others. */
export function statementName(now: Date): string {
  const [day = ""] = now.toISOString().split("T");
  return `minhbach-${day}.json`;
}
