import { describe, expect, it } from 'vitest';
import { additions, enable } from '../../../src-main/cli/enable.ts';

/** An addition whose script is a line of JavaScript, run in the folder of a package that is there. */
const scripted = (script: string, product: string, absence: string | null = null) => ({
  thing: {
    ...additions.cuda,
    title: 'The thing',
    packageName: 'zod',
    script: ['-e', script],
    product,
    needs: 'luck',
    absence: () => absence,
  },
});

describe('enabling a native library', () => {
  it('says in one line what kept its script from fetching it', async () => {
    const script = 'throw new Error("getaddrinfo ENOTFOUND somewhere")';
    expect(await enable('thing', scripted(script, 'nothing'))).toEqual({
      status: 1,
      line: 'fovea: The thing was not enabled; is there a network? Error: getaddrinfo ENOTFOUND somewhere',
    });
  });

  it('believes no script that ends well and leaves nothing', async () => {
    expect(await enable('thing', scripted('', 'nothing'))).toEqual({
      status: 1,
      line: 'fovea: The thing was not enabled; is there a network? its script left nothing',
    });
  });

  it('fetches nothing that is there, and names what it needs', async () => {
    const { status, line } = await enable('thing', scripted('process.exit(1)', 'package.json'));
    expect(status).toBe(0);
    expect(line).toBe('The thing is there; try it with `fovea doctor`. It needs luck.');
  });

  it('runs no script where there can be no library', async () => {
    const { status, line } = await enable('thing', scripted('', 'package.json', 'only on the moon'));
    expect({ status, line }).toEqual({
      status: 1,
      line: 'fovea: The thing cannot be enabled: only on the moon',
    });
  });

  it('names what can be enabled', async () => {
    expect((await enable('toString')).line).toBe('fovea: there is no "toString"; known are cuda, tensorflow');
  });
});
