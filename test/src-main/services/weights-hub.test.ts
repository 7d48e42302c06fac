import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hubFrom, throughProxy } from '../../../src-main/services/weights-hub.ts';

describe('the hub', () => {
  it('is the public one unless the environment names another', () => {
    expect(hubFrom({})).toEqual({ base: 'https://huggingface.co', token: null });
    expect(hubFrom({ HF_ENDPOINT: 'https://hub.example/', HF_TOKEN: 'secret' })).toEqual({
      base: 'https://hub.example',
      token: 'secret',
    });
  });

  it('gives way to a mirror, which is not told the token of the hub', () => {
    const environment = { FOVEA_WEIGHTS_BASE: 'http://mirror.example//', HF_ENDPOINT: 'https://hub.example' };
    expect(hubFrom({ ...environment, HF_TOKEN: 'secret' })).toEqual({
      base: 'http://mirror.example',
      token: null,
    });
  });
});

it('requests go through the proxy of the environment while they are asked to, and not afterwards', async () => {
  const listening = async (server: ReturnType<typeof createServer>): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };
  const hub = await listening(createServer((_, response) => response.end('weights')));
  const led: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket, head) => {
    led.push(request.url!);
    const onward = connect(hub, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
  });
  const port = await listening(proxy);
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy'])
    vi.stubEnv(name, `http://127.0.0.1:${port}`);
  for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, '');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const text = () => fetch('http://hub.example/w').then((response) => response.text());
  expect(await throughProxy(text)).toBe('weights');
  expect(led).toEqual(['hub.example:80']);
  await expect(text()).rejects.toThrow();
  expect(led).toHaveLength(1);
});
