// fovea doctor

import { appVersion } from '../host/local-core.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

export async function doctor(terminal: Terminal): Promise<void> {
  await withCore(terminal, async ({ core }) => {
    const devices = await core.call('devices.list', {});
    const version = appVersion();
    terminal.answer({ fovea: version, node: process.versions.node, devices }, [
      `Fovea ${version} on Node ${process.versions.node}`,
      ...devices.map(
        ({ title, available, reason }) => `  ${available ? 'ready' : 'not available'}  ${title}: ${reason}`,
      ),
    ]);
  });
}
