// The key maps of all screens, in the order of the key sheet and docs/keys.md.

import { annotateKeys } from './features/annotate/key-map.ts';
import { compareKeys } from './features/compare/key-map.ts';
import { homeKeys } from './features/home/key-map.ts';
import { inspectKeys } from './features/inspect/key-map.ts';
import { trainKeys } from './features/train/key-map.ts';
import { windowKeys } from './frame/key-map.ts';
import type { KeySection } from './ui/key-map.ts';

export const keyMaps = [annotateKeys, homeKeys, trainKeys, inspectKeys, compareKeys, windowKeys];
export const keySections: readonly KeySection[] = keyMaps.flatMap<KeySection>(({ sections }) => sections);
