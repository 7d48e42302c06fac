// Native dialogs for files and folders. What they give goes to the core, which tells the page a reference
// and never the path.

import { dialog, type BrowserWindow } from 'electron';

/** Asks for one file or folder; its absolute path, or null if the person thought better of it. */
export async function pick(
  window: BrowserWindow,
  kind: 'folder' | 'file',
  title: string,
): Promise<string | null> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    title,
    properties: kind === 'folder' ? ['openDirectory', 'createDirectory'] : ['openFile'],
  });
  return canceled ? null : (filePaths[0] ?? null);
}
