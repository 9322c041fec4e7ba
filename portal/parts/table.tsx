import type { ReactNode } from "react";

export interface TableContent {
  readonly head: readonly ReactNode[];
  /** The first cell of each row says what the row is about. */
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
}

/** The inside of a `<table>`. */
export function TableParts({ head, rows }: TableContent) {
  return (
    <>
      <thead>
        <tr>
          {head.map((cell, at) => (
            <th key={at} scope="col">
              {cell}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells: [first, ...others] }) => (
          <tr key={key}>
            <th scope="row">{first}</th>
            {others.map((cell, at) => (
              <td key={at}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </>
  );
}
