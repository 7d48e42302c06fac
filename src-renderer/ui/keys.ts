// Keys as people write them: "Ctrl Shift Z", "Alt Right", "W". The command key of a Mac counts as Ctrl.

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const names: Record<string, string> = {
  ' ': 'Space',
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  Escape: 'Esc',
  Delete: 'Del',
};

/**
 * The chord of a key press. Signs such as "?" and "+" are named by what they write, without Shift, since
 * they lie elsewhere on other keyboards; digits of the top row count also where they need Shift.
 */
export function chordOf({ key, code, ctrlKey, metaKey, altKey, shiftKey }: KeyPress): string {
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  let name = names[key] ?? key;
  let shift = shiftKey;
  if (/^[a-z]$/i.test(name)) name = name.toUpperCase();
  else if (name.length === 1) {
    if (digit !== undefined && !/^\d$/.test(name) && !'+-=?'.includes(name)) name = digit;
    else shift = false;
  }
  return [(ctrlKey || metaKey) && 'Ctrl', altKey && 'Alt', shift && 'Shift', name].filter(Boolean).join(' ');
}

/** Whether the keys belong to the field that has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== 'range';
  return (
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
  );
}
