// One file from the network: goes on where an earlier try ended, follows redirects, and is held to a SHA-256 before
// it gets its name.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { AppError, systemError } from '../contracts/errors.ts';
import { readJson, writeJson } from '../core/json-file.ts';

export interface DownloadOptions {
  /** Absolute, http or https. */
  address: string;
  /** Who asks, for the host of the address alone; none unless given. */
  token?: string | null;
  /** Where the whole file goes. What has come so far lies beside it as `<file>.part`. */
  file: string;
  /** What it is, for messages. */
  name: string;
  /** Refuse more. */
  maxBytes: number;
  /** Hex; without it, what the server states is taken. */
  sha256: string | null;
  signal: AbortSignal;
  onProgress(doneBytes: number, totalBytes: number): void;
}

const REDIRECTS = 5;
const hashPattern = /^"?([0-9a-f]{64})"?$/;

/** Which file the part is of: parts of different files must never be joined. */
const partSchema = z.object({ address: z.string(), tag: z.string() });
const isPart = (value: unknown): value is z.infer<typeof partSchema> => partSchema.safeParse(value).success;

/**
 * @returns SHA-256 of the file, hex
 * @throws AppError 'unavailable' when the network fails (what has come stays, and the next try goes on with it),
 *         'bad-file' when the whole is not what it should be (nothing stays), 'cancelled'
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { file, name } = options;
  const part = `${file}.part`;
  const note = `${part}.json`;
  const forget = () => Promise.all([rm(part, { force: true }), rm(note, { force: true })]);

  const known = readJson(note, null, isPart);
  let have = known?.address === options.address ? await sizeOf(part) : 0;
  let { response, stated } = await request(options, have, known?.tag ?? '');
  if (response.status === 416 || (response.status === 206 && rangeStart(response) !== have)) {
    await response.body?.cancel();
    have = 0; // the part is no beginning of that file
    ({ response, stated } = await request(options, 0, ''));
  }
  if (response.status === 200) have = 0;
  else if (response.status !== 206) {
    await response.body?.cancel();
    const code = response.status === 404 ? 'not-found' : 'unavailable';
    throw new AppError(code, `${name} cannot be downloaded: the server answers ${response.status}`, {
      place: new URL(options.address).host,
    });
  }
  const wanted = options.sha256 ?? stated;
  if (wanted === null) {
    await response.body?.cancel();
    throw new AppError('unavailable', `${name} cannot be checked: the server states no SHA-256`, {
      reason: 'give it with --sha256',
    });
  }
  const length = Number(response.headers.get('content-length') ?? NaN);
  const total = Number.isSafeInteger(length) ? have + length : 0; // 0: not told
  const tooLarge = () =>
    new AppError('bad-file', `${name} is larger than the ${options.maxBytes} bytes that it may have`);
  if (total > options.maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  if (have === 0) await forget();
  writeJson(note, { address: options.address, tag: response.headers.get('etag') ?? '' });

  const hash = createHash('sha256');
  if (have > 0) for await (const bytes of createReadStream(part)) hash.update(bytes as Buffer);
  const handle = await open(part, have > 0 ? 'a' : 'w');
  let done = have;
  try {
    options.onProgress(done, total);
    for await (const bytes of response.body ?? []) {
      await handle.writeFile(bytes);
      hash.update(bytes);
      done += bytes.length;
      if (done > options.maxBytes) throw tooLarge();
      options.onProgress(done, total);
    }
    await handle.sync();
  } catch (thrown) {
    // A full disk is no trouble of the network; what has come stays for the next try.
    throw thrown instanceof AppError ? thrown : (systemError(thrown) ?? networkError(options, thrown, done));
  } finally {
    await handle.close();
  }
  if (done < total) throw networkError(options, new Error('the connection ended early'), done);
  const got = hash.digest('hex');
  if (got !== wanted) {
    await forget();
    throw new AppError('bad-file', `${name} came with another content than it should have`, {
      reason: `its SHA-256 is ${got}, not ${wanted}; nothing was kept`,
    });
  }
  await rename(part, file);
  await rm(note, { force: true });
  return got;
}

/** The answer at the end of the redirects, and a SHA-256 that any server on the way stated. */
async function request(
  options: DownloadOptions,
  from: number,
  tag: string,
): Promise<{ response: Response; stated: string | null }> {
  let address = webAddress(options.address, options.name);
  const { origin } = address;
  let stated: string | null = null;
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    let response: Response;
    try {
      response = await fetch(address, {
        redirect: 'manual',
        signal: options.signal,
        headers: {
          'accept-encoding': 'identity',
          ...(options.token && address.origin === origin && { authorization: `Bearer ${options.token}` }),
          ...(from > 0 && { range: `bytes=${from}-` }),
          ...(from > 0 && tag.startsWith('"') && { 'if-range': tag }),
        },
      });
    } catch (thrown) {
      throw networkError(options, thrown, from);
    }
    for (const header of ['x-linked-etag', 'etag']) {
      const found = hashPattern.exec(response.headers.get(header) ?? '');
      if (found) stated ??= found[1];
    }
    const next = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || next === null) return { response, stated };
    await response.body?.cancel();
    const followed = webAddress(new URL(next, address).href, options.name);
    if (address.protocol === 'https:' && followed.protocol === 'http:')
      throw new AppError('refused', `${options.name}: the server leads from https to http`);
    address = followed;
  }
  throw new AppError('unavailable', `${options.name} cannot be downloaded: too many redirects`);
}

function webAddress(text: string, name: string): URL {
  const address = URL.canParse(text) ? new URL(text) : null;
  if (address?.protocol === 'http:' || address?.protocol === 'https:') return address;
  throw new AppError('bad-input', `${name} cannot be downloaded: "${text}" is no http or https address`);
}

function networkError({ name, address, signal }: DownloadOptions, thrown: unknown, done: number): AppError {
  if (signal.aborted) return new AppError('cancelled', `the download of ${name} was cancelled`);
  const cause =
    thrown instanceof Error ? ((thrown.cause as NodeJS.ErrnoException | undefined) ?? thrown) : null;
  const reason = (cause as NodeJS.ErrnoException | null)?.code ?? cause?.message ?? String(thrown);
  const { host } = new URL(address);
  return new AppError(
    'unavailable',
    done > 0
      ? `the download of ${name} broke off after ${done} bytes; ask for it again to go on`
      : `${name} cannot be downloaded: ${host} cannot be reached`,
    { place: host, reason },
    thrown,
  );
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => ({ size: 0 }))).size;

/** First byte of a partial answer; -1 if it does not say. */
function rangeStart(response: Response): number {
  const found = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return found ? Number(found[1]) : -1;
}
