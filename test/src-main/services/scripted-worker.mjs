// A training process that reports epochs rather than train: EPOCHS of them, one every EVERY_MS. It pauses when it is asked
// to, fails once with FAILS if that is given, and begins with the first whenever it is started, reporting all again.

const { EPOCHS = '5', EVERY_MS = '20', FAILS } = process.env;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const asked = new Map();

process.on('message', async ({ id, call, control }) => {
  if (control) asked.set(id, control);
  if (call !== 'train') return;
  const outcome = { epochs: 0, best: null, device: 'cpu', seconds: 1 };
  for (let number = 1; number <= Number(EPOCHS); number++) {
    await wait(Number(EVERY_MS));
    if (asked.has(id)) return process.send({ id, ok: true, value: { ...outcome, ended: 'paused' } });
    const metrics = {
      epoch: number,
      loss: { total: 1 / number },
      trainAccuracy: 0.5,
      accuracy: 0.5,
      energyInBox: null,
      learningRate: 0.05,
      seconds: 0.25,
      picturesPerSecond: 10,
    };
    process.send({ id, event: { kind: 'epoch', metrics, best: { epoch: 1, accuracy: 0.5 } } });
    outcome.epochs = number;
  }
  if (FAILS && !asked.has('failed')) {
    asked.set('failed', true);
    return process.send({ id, ok: false, error: JSON.parse(FAILS) });
  }
  process.send({ id, ok: true, value: { ...outcome, ended: 'finished' } });
});
process.send({ ready: true });
