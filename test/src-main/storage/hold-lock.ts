// A process that holds a project open until it is killed.

import { openProjectStore } from '../../../src-main/storage/project-store.ts';

openProjectStore(process.argv[2]).settings.set('name', 'held');
process.send!('held');
setInterval(() => {}, 1000);
