// Numbers as people read them. One form everywhere: "1,184", "87.6 %", "18 min", "412 of 1,184".

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function count(value: number): string {
  return whole.format(value);
}

/** A fraction 0..1 as "87.6 %"; null is "–". */
export function percent(fraction: number | null, digits = 1): string {
  return fraction === null ? '–' : `${(fraction * 100).toFixed(digits)} %`;
}

/** The word that fits the number: "1 picture", "2 pictures". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** "8 s", "18 min", "1 h 10 min", "2 days". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

/** "just now", "12 min ago", "yesterday", "Mon 16 Nov", "2 Nov 2024". Times in milliseconds. */
export function ago(time: number, now: number): string {
  const minutes = Math.floor((now - time) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const day = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
  const days = Math.round((day(now) - day(time)) / 86_400_000);
  if (days === 0) return `${Math.floor(minutes / 60)} h ago`;
  if (days === 1) return 'yesterday';
  const date = new Date(time);
  const form: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  if (days < 7) form.weekday = 'short';
  if (date.getFullYear() !== new Date(now).getFullYear()) form.year = 'numeric';
  return new Intl.DateTimeFormat('en-GB', form).format(date).replace(',', '');
}

/** "940 B", "5.2 MB". */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let step = 0;
  let value = size;
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** A long file name with its middle left out, so that both ends can be told apart. */
export function middle(name: string, max: number): string {
  if (name.length <= max) return name;
  const tail = Math.ceil((max - 1) * 0.45);
  return `${name.slice(0, max - 1 - tail)}…${name.slice(-tail)}`;
}

/** A note of the core as the start of a line: "drawing pictures" becomes "Drawing pictures". */
export function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
