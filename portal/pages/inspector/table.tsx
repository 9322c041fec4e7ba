import { type TableContent, TableParts } from "../../parts/table.tsx";

/** A table that scrolls by itself where it is wider than the page. */
export function Table({ name, ...content }: TableContent & { readonly name: string }) {
  return (
    <div className="scroll" role="region" aria-label={name} tabIndex={0}>
      <table className="figures">
        <TableParts {...content} />
      </table>
    </div>
  );
}
