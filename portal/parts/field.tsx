import { FieldError, Input, Label, Text, TextArea, TextField } from "react-aria-components";

/** A line or a paragraph to write. */
export function Field(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly fault?: string | undefined;
  readonly isLong?: boolean;
  readonly maxLength?: number;
  readonly isRequired?: boolean;
}) {
  const { label, value, onChange, hint, fault, isLong = false, maxLength, isRequired = false } = props;
  return (
    <TextField
      className="field"
      value={value}
      onChange={onChange}
      isInvalid={fault !== undefined}
      isRequired={isRequired}
      {...(maxLength !== undefined && { maxLength })}
    >
      <Label>{label}</Label>
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      {isLong ? <TextArea className="input" /> : <Input className="input" />}
      <FieldError className="fault">{fault}</FieldError>
    </TextField>
  );
}
