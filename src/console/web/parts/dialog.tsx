import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { CodeField, OperatorField } from './fields';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own: it keeps the focus inside, and gives it back. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opened = dialog.current;
    const before = document.activeElement;
    opened?.showModal();
    return () => {
      opened?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={id} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}

export interface ProofProps {
  readonly operator: string;
  readonly code: string;
  readonly setOperator: (value: string) => void;
  readonly setCode: (value: string) => void;
}

/** Who, and the digits that prove it. */
export function ProofFields({ operator, code, setOperator, setCode }: ProofProps) {
  return (
    <>
      <OperatorField value={operator} set={setOperator} />
      <CodeField label="Fresh code" value={code} set={setCode}>
        Not the one that you signed in with: each code counts once.
      </CodeField>
    </>
  );
}
