/** An RFC 3339 time as the schemas let it pass, in milliseconds. A leap second counts as the one before it. NaN for a day that no month has. */
export function momentMs(text: string): number {
  return Date.parse(text.replace(/:60(?=[.Z+-])/, ":59"));
}
