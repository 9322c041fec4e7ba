import type { ReactNode } from "react";
import {
  CheckboxButton,
  CheckboxField,
  Label,
  RadioButton,
  RadioField,
  RadioGroup,
} from "react-aria-components";

import { Icon } from "./icon.tsx";

/** Yes or no. */
export function Check(props: {
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
  readonly children: ReactNode;
}) {
  const { isSelected, onChange, children } = props;
  return (
    <CheckboxField isSelected={isSelected} onChange={onChange}>
      <CheckboxButton className="choice">
        <span className="mark">
          <Icon name="check" />
        </span>
        <span>{children}</span>
      </CheckboxButton>
    </CheckboxField>
  );
}

/** One of a few that all can be seen. */
export function OneOf<V extends string>(props: {
  readonly label: ReactNode;
  readonly value: V | null;
  readonly choices: readonly { readonly value: V; readonly name: ReactNode }[];
  readonly onChange: (value: V) => void;
}) {
  const { label, value, choices, onChange } = props;
  return (
    <RadioGroup
      value={value}
      onChange={(chosen) => {
        const choice = choices.find((each) => each.value === chosen);
        if (choice !== undefined) onChange(choice.value);
      }}
    >
      <Label className="group-label">{label}</Label>
      {choices.map((choice) => (
        <RadioField key={choice.value} value={choice.value}>
          <RadioButton className="choice">
            <span className="mark round">
              <Icon name="check" />
            </span>
            <span>{choice.name}</span>
          </RadioButton>
        </RadioField>
      ))}
    </RadioGroup>
  );
}
