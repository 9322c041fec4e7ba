const TOKEN =
  /(?:[{}[\],:]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)/y;
const SPACE = /[ \t\r\n]*/y;

/** Where everything of a JSON text (RFC 8259) stands; numbers of characters from 0. */
export interface JsonPlaces {
  /** The place of a member's name or an item, by its JSON pointer (RFC 6901); the whole text's is "". */
  readonly places: ReadonlyMap<string, number>;
  /** Where the text stops being JSON, or repeats a member; undefined where it never does. */
  readonly faultAt: number | undefined;
}

/** Reads a text for its places only; what it says is the parser's business. */
export function jsonPlaces(text: string): JsonPlaces {
  const scan = new Scan(text);
  const isJson = scan.value("") && scan.ended();
  return { places: scan.places, faultAt: isJson ? undefined : scan.at };
}

/** What a member's name adds to the JSON pointer of its object. */
export function memberPointer(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Each method reads what it is named by; false, with `at` where it stopped, when something else stands there. */
class Scan {
  readonly places = new Map<string, number>();
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(pointer: string): boolean {
    const token = this.#peek();
    if (!this.places.has(pointer)) this.places.set(pointer, this.at);
    if (token === "{") return this.#list(token, "}", () => this.#member(pointer));
    let items = 0;
    if (token === "[") return this.#list(token, "]", () => this.value(`${pointer}/${items++}`));
    return token !== undefined && !/^[}\],:]/.test(token) && this.#take(token);
  }

  ended(): boolean {
    return this.#peek() === undefined && this.at === this.#text.length;
  }

  #list(open: string, close: string, element: () => boolean): boolean {
    if (!this.#take(open)) return false;
    if (this.#take(close)) return true;
    while (element()) {
      if (this.#take(close)) return true;
      if (!this.#take(",")) return false;
    }
    return false;
  }

  #member(parent: string): boolean {
    const name = this.#peek();
    if (name?.startsWith('"') !== true) return false;
    const pointer = parent + memberPointer(String(JSON.parse(name)));
    if (this.places.has(pointer)) return false;
    this.places.set(pointer, this.at);
    return this.#take(name) && this.#take(":") && this.value(pointer);
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.at += token.length;
    return true;
  }

  /** The token that comes next, at `at`; undefined where there is none. */
  #peek(): string | undefined {
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.#text)?.[0].length ?? 0;
    TOKEN.lastIndex = this.at;
    return TOKEN.exec(this.#text)?.[0];
  }
}
