// Name and key of a control, shown 500 ms after the pointer or the focus arrives. A popover, so that it
// lies above dialogs too.

import type { Attachment } from 'svelte/attachments';

interface Tip {
  /** Nothing is shown while it is empty. */
  text: string;
  keys?: string | undefined;
}

const DELAY_MS = 500;
const GAP_PX = 6;

/** Place of a tip under `target`, or above where there is no room, kept inside the window. */
export function tipPlace(
  target: { left: number; top: number; bottom: number; width: number },
  tip: { width: number; height: number },
  view: { width: number; height: number },
): { left: number; top: number } {
  const below = target.bottom + GAP_PX;
  const top = below + tip.height <= view.height ? below : Math.max(0, target.top - GAP_PX - tip.height);
  const middle = target.left + target.width / 2 - tip.width / 2;
  return { left: Math.max(4, Math.min(middle, view.width - tip.width - 4)), top };
}

export function tooltip(tip: () => Tip): Attachment<HTMLElement> {
  return (element) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let shown: HTMLElement | undefined;

    const hide = () => {
      clearTimeout(timer);
      shown?.remove();
      shown = undefined;
    };
    const show = () => {
      const { text, keys } = tip();
      if (text === '') return;
      shown = document.createElement('div');
      shown.className = 'tip';
      shown.popover = 'manual';
      shown.setAttribute('aria-hidden', 'true'); // the control's own name says the same
      shown.append(text);
      if (keys !== undefined) {
        const cap = document.createElement('kbd');
        cap.textContent = keys;
        shown.append(cap);
      }
      document.body.append(shown);
      shown.showPopover();
      const place = tipPlace(element.getBoundingClientRect(), shown.getBoundingClientRect(), {
        width: innerWidth,
        height: innerHeight,
      });
      shown.style.left = `${place.left}px`;
      shown.style.top = `${place.top}px`;
    };
    const arrive = () => {
      hide();
      timer = setTimeout(show, DELAY_MS);
    };
    const focusArrives = () => {
      if (element.matches(':focus-visible')) arrive();
    };

    element.addEventListener('pointerenter', arrive);
    element.addEventListener('focus', focusArrives);
    const leaving = ['pointerleave', 'pointerdown', 'blur', 'keydown'] as const;
    for (const event of leaving) element.addEventListener(event, hide);
    return () => {
      hide();
      element.removeEventListener('pointerenter', arrive);
      element.removeEventListener('focus', focusArrives);
      for (const event of leaving) element.removeEventListener(event, hide);
    };
  };
}
