// Who works at a task. The lease is one file that is renamed: from `free` to `taken.<who>`, and by whoever finds its owner
// dead to `taken.<another>`. Of two that rename the same file one succeeds, on NFS as well, where locks and exclusive
// creation are not to be relied on. The owner shows that it lives by a heartbeat file, whose age is told by the clock of
// the file server alone: clocks of machines differ.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** How often an owner shows that it lives, and after how long a silent one counts as dead. */
export const BEAT_MS = 10_000;
export const DEAD_MS = 90_000;

export interface Lease {
  /** Shows that the owner lives, and how far it is. @returns false if somebody else has taken the task */
  beat(note: string): boolean;
  release(): void;
}

const FREE = 'free';
const takenBy = (owner: string): string => `taken.${owner}`;
const beatOf = (owner: string): string => `heartbeat.${owner}.json`;

/** To be called once for each task, before anybody looks for it. */
export const makeLease = (folder: string): void => fs.writeFileSync(path.join(folder, FREE), '');

/** @returns null while somebody else works at it */
export function takeLease(folder: string): Lease | null {
  const owner = randomBytes(8).toString('hex');
  const at = (name: string): string => path.join(folder, name);
  const writeBeat = (note: string): void =>
    fs.writeFileSync(at(beatOf(owner)), JSON.stringify({ ...here(), note, at: new Date().toISOString() }));
  writeBeat('starting');
  const leave = (): null => {
    fs.rmSync(at(beatOf(owner)), { force: true });
    return null;
  };
  if (!renamed(at(FREE), at(takenBy(owner)))) {
    const holder = fs.readdirSync(folder).find((name) => name.startsWith('taken.'));
    // Nobody: it changes hands at this moment.
    if (holder === undefined) return leave();
    const other = holder.slice('taken.'.length);
    if (other !== owner) {
      if (!isDead(folder, other, at(beatOf(owner)))) return leave();
      if (!renamed(at(holder), at(takenBy(owner)))) return leave();
      fs.rmSync(at(beatOf(other)), { force: true });
    }
  }
  const isMine = (): boolean => fs.existsSync(at(takenBy(owner)));
  return {
    beat(note) {
      if (!isMine()) return false;
      writeBeat(note);
      return true;
    },
    release() {
      renamed(at(takenBy(owner)), at(FREE));
      leave();
    },
  };
}

/** Of a file server that answers twice, the second time with "not there", the file under the new name tells the truth. */
function renamed(from: string, to: string): boolean {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    return fs.existsSync(to);
  }
}

interface Here {
  host: string;
  pid: number;
  /** When the process began, in ticks of the system; a number is used again. */
  began: string;
}

/** Of this machine since it was started, and this container: process numbers mean something only there. */
function here(): Here {
  const read = (file: string): string => {
    try {
      return fs.readFileSync(file, 'utf8').trim();
    } catch {
      return '';
    }
  };
  let namespace = '';
  try {
    namespace = fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not on Linux.
  }
  return {
    host: [os.hostname(), read('/proc/sys/kernel/random/boot_id'), namespace].join(' '),
    pid: process.pid,
    began: beganAt(process.pid),
  };
}

function beganAt(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** @param own  heartbeat that was written just now, whose time is the file server's */
function isDead(folder: string, owner: string, own: string): boolean {
  const file = path.join(folder, beatOf(owner));
  try {
    const beat = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<Here>;
    const me = here();
    if (
      beat.host === me.host &&
      typeof beat.pid === 'number' &&
      me.host !== '' &&
      !lives(beat.pid, beat.began)
    )
      return true;
  } catch {
    // Without one, or while it is written: its age tells, or that of the lease.
  }
  const age = (name: string): number => fs.statSync(own).mtimeMs - fs.statSync(name).mtimeMs;
  try {
    return age(file) > DEAD_MS;
  } catch {
    try {
      return age(path.join(folder, takenBy(owner))) > DEAD_MS;
    } catch {
      return false;
    }
  }
}

function lives(pid: number, began: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = beganAt(pid);
  return now === '' || began === undefined || began === '' || now === began;
}

/** Tasks that somebody holds, with what their owners last said. */
export function heldBy(folder: string): string | null {
  const holder = fs.readdirSync(folder).find((name) => name.startsWith('taken.'));
  if (holder === undefined) return null;
  try {
    const text = fs.readFileSync(path.join(folder, beatOf(holder.slice('taken.'.length))), 'utf8');
    const { host, note } = JSON.parse(text) as { host?: string; note?: string };
    return `${host?.split(' ')[0] ?? 'somewhere'}: ${note ?? ''}`;
  } catch {
    return 'somewhere';
  }
}
