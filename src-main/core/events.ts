// How the core tells its windows what happened.

import type { EventName, Events } from '../contracts/api.ts';

export type Emit = <E extends EventName>(event: E, data: Events[E]) => void;
