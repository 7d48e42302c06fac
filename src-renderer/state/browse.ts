// The folders that the core allows, as the folder dialog lists them.

import { call } from '../bridge/bridge.ts';
import type { FileRef, FolderListing } from '../../src-main/contracts/index.ts';
import { problemOf, type Problem } from './problem.ts';

export async function browse(
  folder: FileRef | null,
): Promise<{ listing: FolderListing } | { problem: Problem }> {
  try {
    return { listing: await call('files.browse', { folder }) };
  } catch (thrown) {
    return { problem: problemOf(thrown) };
  }
}
