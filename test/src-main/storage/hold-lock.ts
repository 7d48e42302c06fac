// A process that holds a project open until it is killed.

import { openProjectStore } from '../../../src-main/storage/project-store.ts';

const store = openProjectStore(process.argv[2]);
store.settings.set('name', 'held');
process.send!('held');
// Names the store, or it would be collected as garbage and its lock let go with it.
setInterval(() => store.isReadOnly, 1000);
