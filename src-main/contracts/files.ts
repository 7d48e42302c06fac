// Choosing files and folders without ever seeing a path.

import { z } from 'zod';
import { reads } from './call.ts';
import { fileRefSchema, type FileRef } from './ids.ts';

export interface FolderListing {
  ref: FileRef | null;
  /** Full place, for people. Null at the list of roots. */
  label: string | null;
  parent: FileRef | null;
  entries: { ref: FileRef; name: string; kind: 'folder' | 'file'; sizeBytes: number; project: boolean }[];
  /** How many entries were left out, beyond the first thousand. */
  left: number;
}

export const fileCalls = {
  'files.browse': reads<FolderListing>()(z.object({ folder: fileRefSchema.nullable() })),
  /** Native dialog; `unavailable` in the browser, where `files.browse` serves. */
  'files.pick': reads<FileRef | null>()(
    z.object({ kind: z.enum(['folder', 'file']), title: z.string().max(200) }),
  ),
};
