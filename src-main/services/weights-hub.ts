// Where published weights are downloaded from: the public hub, or whom the usual variables of the environment name.

import http from 'node:http';

export interface Hub {
  /** Without a slash at the end. */
  readonly base: string;
  /** Told to the hub and to nobody that it leads to. */
  readonly token: string | null;
}

/** The public hub on which timm publishes. */
const PUBLIC_HUB = 'https://huggingface.co';
/** A mirror of the files, for networks that reach nothing else. */
const BASE_VARIABLE = 'FOVEA_WEIGHTS_BASE';

export function hubFrom(environment: NodeJS.ProcessEnv = process.env): Hub {
  const mirror = environment[BASE_VARIABLE];
  const base = (mirror || environment.HF_ENDPOINT || PUBLIC_HUB).replace(/\/+$/, '');
  // A mirror is another's host: the token is the hub's.
  return { base, token: (!mirror && environment.HF_TOKEN) || null };
}

/** Lets requests go through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name while `work` is done. */
export async function throughProxy<T>(work: () => Promise<T>): Promise<T> {
  // Electron's Node may not have it yet.
  const { setGlobalProxyFromEnv }: Partial<typeof http> = http;
  const restore = setGlobalProxyFromEnv?.();
  try {
    return await work();
  } finally {
    restore?.();
  }
}
