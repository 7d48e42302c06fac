// npm run enable:cuda, npm run enable:tensorflow: fetches the native libraries that two packages leave out, by these
// packages' own install scripts, which `npm install` does not run. Says in one line how it went.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

interface Addition {
  title: string;
  /** Package whose script fetches it. */
  packageName: string;
  /** From the package's folder, with its arguments. */
  script: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** What must be there after it, from the package's folder. */
  product: string;
  /** Why it cannot be had on this machine; null if it may. */
  absence(): string | null;
  /** What it needs of the system. */
  needs: string;
}

const libraries = path.join('bin', 'napi-v6', process.platform, process.arch);

export const additions: Readonly<Record<string, Addition>> = {
  cuda: {
    title: 'CUDA',
    packageName: 'onnxruntime-node',
    script: [path.join('script', 'install.js')],
    // In the environment, where it outranks the `skip` of .npmrc. 'cuda12' would be taken for nothing at all.
    environment: { ONNXRUNTIME_NODE_INSTALL: 'true' },
    product: path.join(libraries, 'libonnxruntime_providers_cuda.so'),
    absence: () =>
      process.platform === 'linux' && process.arch === 'x64'
        ? null
        : 'its libraries are only for Linux on x64; a GPU trains through WebGPU here',
    needs: 'an NVIDIA driver, CUDA 12 and cuDNN 9',
  },
  tensorflow: {
    title: 'TensorFlow',
    packageName: '@tensorflow/tfjs-node-gpu',
    script: [path.join('scripts', 'install.js'), 'gpu', 'download'],
    environment: {},
    product: path.join('lib', 'napi-v8', 'tfjs_binding.node'),
    absence: () => null,
    needs: 'an NVIDIA driver, CUDA 11.2 and cuDNN 8 for a GPU; without them it computes on the processor',
  },
};

/** @returns status and line for the person */
export async function enable(
  name: string,
  additionsByName = additions,
): Promise<{ status: 0 | 1; line: string }> {
  const addition = Object.hasOwn(additionsByName, name) ? additionsByName[name] : undefined;
  if (!addition) return failed(`there is no "${name}"; known are ${Object.keys(additionsByName).join(', ')}`);
  const { title, packageName, script, environment, product, needs } = addition;
  const absence = addition.absence();
  if (absence !== null) return failed(`${title} cannot be enabled: ${absence}`);
  let folder: string;
  try {
    folder = path.dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
  } catch {
    return failed(`${title} cannot be enabled: the optional package ${packageName} is not installed`);
  }
  const done = {
    status: 0,
    line: `${title} is there; try it with \`fovea doctor\`. It needs ${needs}.`,
  } as const;
  if (existsSync(path.join(folder, product))) return done;

  const { status, words } = await run(folder, script, environment);
  if (status === 0 && existsSync(path.join(folder, product))) return done;
  const reason =
    reasonIn(words) || (status === 0 ? 'its script left nothing' : `its script ended with ${status}`);
  return failed(`${title} was not enabled; is there a network? ${reason}`);
}

const failed = (line: string) => ({ status: 1, line: `fovea: ${line}` }) as const;

async function run(
  folder: string,
  script: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ status: number | null; words: string }> {
  const bins = [
    path.join(folder, 'node_modules', '.bin'),
    path.join(folder, '..', '.bin'),
    path.join(folder, '..', '..', '.bin'),
  ];
  const child = spawn(process.execPath, script, {
    cwd: folder,
    env: { ...process.env, ...environment, PATH: [...bins, process.env.PATH].join(path.delimiter) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const status = await new Promise<number | null>((resolve) => {
    child.on('close', resolve).on('error', (error) => {
      words += `Error: ${error.message}\n`;
      resolve(null);
    });
  });
  return { status, words };
}

/** The line of a stack trace that says what happened. */
function reasonIn(words: string): string {
  const lines = words.split('\n').map((line) => line.trim());
  return (
    lines.find((line) => /^\w*Error\b.*: /.test(line)) ??
    lines.find((line) => /failed|refused/i.test(line)) ??
    ''
  );
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log('This can take a few minutes …');
  const { status, line } = await enable(process.argv[2] ?? '');
  console[status === 0 ? 'log' : 'error'](line);
  process.exitCode = status;
}
