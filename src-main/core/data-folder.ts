// Where Fovea keeps what is not part of a project: FOVEA_HOME, or where the system wants such things.

import os from 'node:os';
import path from 'node:path';

export function dataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.FOVEA_HOME) return path.resolve(environment.FOVEA_HOME);
  const home = os.homedir();
  if (process.platform === 'win32')
    return path.join(environment.APPDATA ?? path.join(home, 'AppData', 'Roaming'), 'Fovea');
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Fovea');
  return path.join(environment.XDG_DATA_HOME ?? path.join(home, '.local', 'share'), 'fovea');
}
