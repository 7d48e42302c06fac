// One heat map that is being looked at: asked for when what it depends on changes, the last one shown until the
// next is there, so that a slider does not make the picture flicker.

import type { ExplainRequest, Explained } from './heat-maps.ts';
import { heatMaps } from './heat-maps.ts';

export class ExplainedImage {
  map = $state.raw<Explained | null>(null);
  /** What `map` answers; while it differs from what is wanted, the next one is on its way. */
  error = $state.raw<unknown>(null);
  busy = $state(false);
  /** When the map that is being made was asked for, in milliseconds since 1970. */
  since = $state(0);
  /** What was cancelled: the method with all that it is told, whatever the picture. Another one goes on by itself. */
  private held = $state<string | null>(null);
  private readonly request: () => ExplainRequest | null;
  /** A person cancelled maps of this kind; none is asked for until they want them again. */
  readonly paused = $derived.by(() => {
    const wanted = this.request();
    return wanted !== null && this.held === kindOf(wanted);
  });

  cancel(): void {
    const wanted = this.request();
    if (wanted) this.held = kindOf(wanted);
  }
  resume(): void {
    this.held = null;
  }

  /** Call while a component is set up: it follows the request from then on. */
  constructor(request: () => ExplainRequest | null, delayMs = 0) {
    this.request = request;
    let shown = '';
    $effect(() => {
      const wanted = this.request();
      const subject = wanted ? subjectOf(wanted) : '';
      // Another picture's heat must not be seen over this one, nor another method's under this name, not even for a moment.
      if (subject !== shown) this.map = null;
      shown = subject;
      this.error = null;
      if (!wanted || this.paused) return;
      let gone = false;
      let release = () => {};
      const timer = setTimeout(() => {
        this.busy = true;
        this.since = Date.now();
        const ticket = heatMaps.want(wanted, true);
        release = ticket.release;
        ticket.answer
          .then(
            (map) => {
              if (!gone) this.map = map;
            },
            (thrown: unknown) => {
              if (!gone) {
                this.map = null;
                this.error = thrown;
              }
            },
          )
          .finally(() => {
            if (!gone) this.busy = false;
          });
      }, delayMs);
      return () => {
        gone = true;
        this.busy = false;
        clearTimeout(timer);
        release();
      };
    });
  }
}

const kindOf = ({ method, params, attack, attackParams, from, eps }: ExplainRequest) =>
  JSON.stringify([method, params, eps > 0 && [attack, attackParams, from]]);

/** What a map is of: while it stays, the last map is shown until the next is there; when it changes, none is. */
export const subjectOf = ({
  project,
  runId,
  imageId,
  method,
  target,
  versus,
  attack,
  from,
  eps,
}: ExplainRequest) =>
  JSON.stringify([project, runId, imageId, method, target, versus, eps > 0 && [attack, from]]);
