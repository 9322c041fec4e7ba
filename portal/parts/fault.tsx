import { Notice } from "./notice.tsx";
import { useFault } from "./states.tsx";

/** What came of something the person did, when it did not work. */
export function Fault({ error }: { readonly error: unknown }) {
  const { title, advice } = useFault(error);
  return (
    <Notice tone="bad" live title={title}>
      <p>{advice}</p>
    </Notice>
  );
}
