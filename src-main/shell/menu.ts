// The application menu. Undo and redo are missing on purpose: they belong to the page, whose history
// is the project's; the system's roles would only reach text fields.

import type { MenuItemConstructorOptions } from 'electron';

export function menuTemplate(platform: NodeJS.Platform, packaged: boolean): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : [{ label: '&File', submenu: [{ role: 'quit' } as const] }]),
    {
      label: '&Edit',
      submenu: [{ role: 'cut' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' }],
    },
    {
      label: '&View',
      submenu: [
        { role: 'reload' },
        { role: 'togglefullscreen' },
        ...(packaged ? [] : [{ role: 'toggleDevTools' } as const]),
      ],
    },
    { label: '&Window', role: 'window', submenu: [{ role: 'minimize' }, { role: 'close' }] },
    ...(mac ? [] : [{ label: '&Help', submenu: [{ role: 'about' } as const] }]),
  ];
}
