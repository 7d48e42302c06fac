// Attacks against torchattacks and foolbox, all comparisons of the stored reference with all their attempts and seeds; the
// unit tests hold the quick ones of them. Ends with an error if any leaves over a point more standing.
// Options: --attack, --network (all otherwise).

import { compare, comparable, formOf } from '../src-main/engine/attacks/strengths.ts';
import { sessions } from '../src-main/engine/attacks/small-networks.ts';
import { option, percent, table } from './fovea.ts';

export async function bench(args: string[]): Promise<unknown> {
  const attack = option(args, 'attack', '');
  const network = option(args, 'network', '');
  const rows = [];
  for (const strength of comparable()) {
    if ((attack && strength.attack !== attack) || (network && strength.network !== network)) continue;
    const start = performance.now();
    const { ours, reference } = await compare(strength);
    const seeds = strength.accuracies?.length ?? 1;
    const seconds = (performance.now() - start) / 1e3;
    rows.push({ attack: formOf(strength), network: strength.network, seeds, ours, reference, seconds });
    console.error(`${formOf(strength)}, ${strength.network}: ${percent(ours)} of ${percent(reference)}`);
  }
  await sessions.dispose();
  console.log('share of the pictures that stand; lower is stronger');
  console.log(
    table([
      ['attack', 'network', 'seeds', 'Fovea', 'reference'],
      ...rows.map(({ attack, network, seeds, ours, reference }) => [
        ...[attack, network, String(seeds), percent(ours), percent(reference)],
      ]),
    ]),
  );
  const weaker = rows.filter(({ ours, reference }) => ours > reference + 0.01 + 1e-6);
  if (weaker.length > 0)
    throw new Error(
      `weaker than the reference: ${weaker.map((row) => `${row.attack}, ${row.network}`).join('; ')}`,
    );
  return { rows };
}
