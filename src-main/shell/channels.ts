// Names of the channels between page and shell; the preload script and the main process share them.

export const CALL = 'fovea:call';
export const CANCEL = 'fovea:cancel';
export const EVENT = 'fovea:event';
export const DROP = 'fovea:drop';
