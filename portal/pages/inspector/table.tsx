import type { ReactNode } from "react";

/** A table that scrolls by itself where it is wider than the page. The first cell of each row says what the row is about. */
export function Table(props: {
  readonly name: string;
  readonly head: readonly ReactNode[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
}) {
  const { name, head, rows } = props;
  return (
    <div className="scroll" role="region" aria-label={name} tabIndex={0}>
      <table className="figures">
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
      </table>
    </div>
  );
}
