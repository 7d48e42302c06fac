// A worker process that aborts as native code does.

process.abort();
