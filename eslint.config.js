// Lint: TypeScript and Svelte rules, and the one-way imports of the layers, without circles.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import globals from 'globals';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

const root = path.dirname(fileURLToPath(import.meta.url));

// Each layer and what it may import besides itself. The longest matching folder is a file's layer.
const engineCore = ['src-main/contracts', 'src-main/engine/graph'];
const methods = [...engineCore, 'src-main/engine/nn'];
const engineData = [
  ...methods,
  'src-main/files',
  'src-main/imaging',
  'src-main/engine/runtime',
  'src-main/engine/measures',
];
const belowServices = [
  'src-main/contracts',
  'src-main/tasks',
  'src-main/files',
  'src-main/formats',
  'src-main/imaging',
  'src-main/storage',
  'src-main/engine',
];
// What a worker alone may do is out of reach: decoding, and building, training or running a network.
const belowCore = [
  'src-main/tasks',
  ...['contracts', 'files', 'formats', 'storage'].map((room) => `src-main/${room}`),
  ...['nn', 'objectives', 'saliency', 'attacks', 'measures'].map((room) => `src-main/engine/${room}`),
  'src-main/imaging/kinds.ts',
  'src-main/engine/data/weights-file.ts',
  'src-main/engine/runtime/device-list.ts',
];
const belowRoots = [...belowServices, 'src-main/core', 'src-main/services', 'src-main/demo'];
const belowFeatures = [
  'src-main/contracts',
  ...['bridge', 'canvas', 'charts', 'forms', 'state', 'ui'].map((room) => `src-renderer/${room}`),
];
const layers = {
  'src-main/contracts': [],
  'src-main/files': ['src-main/contracts'],
  'src-main/imaging': ['src-main/contracts', 'src-main/files'],
  'src-main/formats': ['src-main/contracts', 'src-main/files', 'src-main/imaging'],
  'src-main/storage': ['src-main/contracts', 'src-main/files'],
  'src-main/engine/graph': ['src-main/contracts'],
  'src-main/engine/runtime': [...engineCore, 'src-main/files'],
  'src-main/engine/nn': engineCore,
  'src-main/engine/objectives': methods,
  'src-main/engine/saliency': methods,
  'src-main/engine/attacks': methods,
  'src-main/engine/measures': methods,
  'src-main/engine/data': engineData,
  'src-main/engine/training': [...engineData, 'src-main/engine/objectives', 'src-main/engine/data'],
  'src-main/engine/inference': [
    ...engineData,
    'src-main/engine/saliency',
    'src-main/engine/attacks',
    'src-main/engine/data',
  ],
  'src-main/tasks': ['src-main/contracts', 'src-main/files'],
  'src-main/tasks/run': belowServices,
  'src-main/core': belowCore,
  'src-main/services': [...belowCore, 'src-main/core'],
  'src-main/demo': [...belowCore, 'src-main/core', 'src-main/services'],
  'src-main/worker': belowServices,
  'src-main/delivery': ['src-main/contracts'],
  'src-main/host': [...belowRoots, 'src-main/delivery'],
  'src-main/shell': [...belowRoots, 'src-main/delivery'],
  'src-main/cli': [...belowRoots, 'src-main/host', 'src-main/tasks/run'],
  'src-renderer/bridge': ['src-main/contracts'],
  'src-renderer/ui': [],
  'src-renderer/canvas': ['src-main/contracts'],
  'src-renderer/charts': ['src-main/contracts'],
  'src-renderer/state': ['src-main/contracts', 'src-renderer/bridge'],
  'src-renderer/forms': ['src-main/contracts', 'src-renderer/state', 'src-renderer/ui'],
  'src-renderer/heat': belowFeatures,
  'src-renderer/metrics': belowFeatures,
  'src-renderer/frame': belowFeatures,
  ...Object.fromEntries(
    ['home', 'annotate', 'train', 'sweep', 'inspect', 'compare'].map((feature) => [
      `src-renderer/features/${feature}`,
      [...belowFeatures, 'src-renderer/heat', 'src-renderer/metrics'],
    ]),
  ),
  'src-renderer/key-maps.ts': ['src-renderer'],
  'src-renderer/App.svelte': ['src-main/contracts', 'src-renderer'],
  'src-renderer/main.ts': ['src-renderer/App.svelte', 'src-renderer/ui'],
};
/** Run at build time. */
const notInWindow = ['src-renderer/vite.config.ts'];
const inside = (file, folder) => file === folder || file.startsWith(`${folder}/`);
const layerOf = (file) =>
  Object.keys(layers)
    .filter((layer) => inside(file, layer))
    .sort((a, b) => b.length - a.length)[0];

/** Only `shell` may import electron; only the engine's runtime its executors; only `storage` SQLite. */
const packageHomes = {
  electron: ['src-main/shell'],
  'onnxruntime-node': ['src-main/engine/runtime/onnx'],
  'better-sqlite3': ['src-main/storage'],
  sharp: ['src-main/imaging'],
  konva: ['src-renderer/canvas'],
  uplot: ['src-renderer/charts'],
};

/** What a file imports of ours, types included; read once a run of the lint. */
const importsRead = new Map();
function importsOf(file) {
  if (!importsRead.has(file)) {
    const full = path.join(root, file);
    const text = fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : '';
    const found = text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']*)'/g);
    importsRead.set(
      file,
      [...found].map(([, target]) => resolve(file, target)),
    );
  }
  return importsRead.get(file);
}
const resolve = (file, target) => path.posix.normalize(path.posix.join(path.posix.dirname(file), target));

/** The way from a file back to `goal` by imports; null if there is none. */
function wayBack(file, goal, seen = new Set()) {
  if (file === goal) return [file];
  if (seen.has(file)) return null;
  seen.add(file);
  for (const next of importsOf(file)) {
    const way = wayBack(next, goal, seen);
    if (way) return [file, ...way];
  }
  return null;
}

const oneWayImports = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = path.relative(root, context.filename).split(path.sep).join('/');
    if (!file.startsWith('src-')) return {};
    const layer = layerOf(file);
    if (layer === undefined) {
      if (notInWindow.includes(file)) return {};
      return {
        Program: (node) => context.report({ node, message: `${file} lies in no layer of the table` }),
      };
    }
    const check = (node) => {
      const target = node.source?.value;
      if (typeof target !== 'string') return;
      if (!target.startsWith('.')) {
        const homes = packageHomes[target.split('/')[0]];
        if (homes && !homes.some((home) => inside(file, home)))
          context.report({ node, message: `only ${homes.join(', ')} may import ${target}` });
        return;
      }
      const resolved = resolve(file, target);
      const other = layerOf(resolved);
      if (other !== layer && !layers[layer].some((folder) => inside(resolved, folder)))
        context.report({ node, message: `${layer} may not import ${other ?? resolved}` });
      const way = wayBack(resolved, file);
      if (way) context.report({ node, message: `imports go in a circle: ${[file, ...way].join(' > ')}` });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'test/fixtures/', 'resources/'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    files: ['**/*.{ts,svelte,js,mjs}'],
    plugins: { fovea: { rules: { 'one-way-imports': oneWayImports } } },
    rules: {
      'fovea/one-way-imports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'off',
    },
  },
  {
    files: ['src-main/**/*.ts'],
    ignores: ['src-main/files/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.property.name=/^mkdir/], CallExpression[callee.name=/^mkdir(Sync)?$/]',
          message: 'makeFolder of files/ makes folders: a recursive mkdir never returns below /proc',
        },
      ],
    },
  },
  { files: ['src-renderer/**/*.{ts,svelte}'], languageOptions: { globals: globals.browser } },
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: ts.parser } } },
);
