// Writes the set of test/src-main/formats/peer-set.ts in every format that a peer reads:
//   node test/reference/peers.ts FOLDER
// then test/reference/peers.py reads it with the peers and writes the fixture.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { hashesIn, peerFormats, writeForPeers } from '../src-main/formats/peer-set.ts';

const [folder] = process.argv.slice(2);
await writeForPeers(folder);
const files = Object.fromEntries(peerFormats.map((format) => [format, hashesIn(path.join(folder, format))]));
writeFileSync(path.join(folder, 'files.json'), JSON.stringify(files));
