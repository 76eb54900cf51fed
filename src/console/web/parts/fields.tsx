import type { ComponentChildren, Ref } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldProps {
  readonly value: string;
  readonly set: (value: string) => void;
}

export function OperatorField({ value, set }: FieldProps) {
  return (
    <label class="field">
      <span>Operator</span>
      <input
        name="operator"
        autoComplete="username"
        autoCapitalize="none"
        spellcheck={false}
        required
        maxLength={64}
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
}

export interface CodeFieldProps extends FieldProps {
  readonly label: string;
  /** What the code does, below the field. */
  readonly children?: ComponentChildren;
  readonly field?: Ref<HTMLInputElement>;
}

/** Six digits, which a phone offers by itself. */
export function CodeField({ label, value, set, children, field }: CodeFieldProps) {
  const how = useId();
  return (
    <label class="field">
      <span>{label}</span>
      <input
        {...(field ? { ref: field } : {})}
        class="code"
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        pattern="[0-9]{6}"
        maxLength={6}
        required
        {...(children ? { 'aria-describedby': how } : {})}
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
      {children && <small id={how}>{children}</small>}
    </label>
  );
}
