/** Where a command writes, and how wide and colourful. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Width to wrap at, in characters. */
  readonly columns: number;
  readonly colour: boolean;
}

const MIN_COLUMNS = 40;
/** Longer lines are tiring to read on any screen. */
const MAX_COLUMNS = 100;

/** The part of Node's process a terminal is made of. */
interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: { write(text: string): unknown };
}

/** The terminal of this process. Colour only on a real terminal, and never against NO_COLOR (no-color.org). */
export function processTerminal(streams: Streams, env: { readonly NO_COLOR?: string | undefined }): Terminal {
  const { stdout, stderr } = streams;
  const wanted = stdout.columns ?? MAX_COLUMNS;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    columns: Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, wanted)),
    colour: stdout.isTTY === true && (env.NO_COLOR === undefined || env.NO_COLOR === ""),
  };
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

const COLOURS = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 } as const;

export type Colour = keyof typeof COLOURS;

/** Text in a colour, where the terminal shows any. */
export function coloured(terminal: Terminal, colour: Colour, text: string): string {
  return terminal.colour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
}

/**
 * Text from a file or a node as it may be shown: control characters, which could move the cursor and overwrite a verdict, and the
 * bidirectional and invisible ones, which could reorder what is read, appear as escapes.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A value as indented JSON that may be shown: the same characters are written as the escapes of JSON, so it reads back unchanged. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2)
    .split("\n")
    .map((line) => line.replace(UNPRINTABLE, jsonEscape))
    .join("\n");
}

function jsonEscape(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

/** Breaks text into lines of at most `width` characters, at spaces, or inside a word that is longer than a line. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((long) => pieces(long, width))) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function pieces(word: string, width: number): readonly string[] {
  const all: string[] = [];
  for (let at = 0; at === 0 || at < word.length; at += width) all.push(word.slice(at, at + width));
  return all;
}
