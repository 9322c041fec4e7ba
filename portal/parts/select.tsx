import { useId } from "react";

import { Icon } from "./icon.tsx";

export interface Choice<K extends string | number> {
  readonly id: K;
  readonly name: string;
}

/** One of several, from a list that opens. It is the browser's own: phones show it as they show all lists, and it costs nothing to load. */
export function Select<K extends string | number>(props: {
  readonly label: string;
  readonly value: K;
  readonly choices: readonly Choice<K>[];
  readonly onChange: (value: K) => void;
}) {
  const { label, value, choices, onChange } = props;
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="select">
        <select
          id={id}
          className="input"
          value={value}
          onChange={({ target }) => {
            const chosen = choices.find((choice) => String(choice.id) === target.value);
            if (chosen !== undefined) onChange(chosen.id);
          }}
        >
          {choices.map((choice) => (
            <option key={choice.id} value={choice.id}>
              {choice.name}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </div>
    </div>
  );
}
