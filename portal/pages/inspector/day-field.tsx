import { FieldError, Input, Label, Text, TextField } from "react-aria-components";

/** A day, by the browser's own calendar. */
export function DayField(props: {
  readonly label: string;
  /** `2026-11-22`, or empty. */
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly fault?: string | undefined;
}) {
  const { label, value, onChange, hint, fault } = props;
  return (
    <TextField
      className="field"
      type="date"
      value={value}
      onChange={onChange}
      isInvalid={fault !== undefined}
    >
      <Label>{label}</Label>
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <Input className="input" />
      <FieldError className="fault">{fault}</FieldError>
    </TextField>
  );
}
