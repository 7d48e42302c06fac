// Which number fields of a form hold a text that is no value: what the form starts must wait for them.

import { getContext, setContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';

class InvalidFields {
  private readonly fields = new SvelteMap<string, string>();

  /** The first one as a sentence, "Epochs: 1 to 500"; null if all hold values. */
  get first(): string | null {
    return this.fields.values().next().value ?? null;
  }
  /** Notes a field as long as it is wrong; returns the way to take it back. */
  add(id: string, label: string, problem: string): () => void {
    this.fields.set(id, `${label}: ${problem}.`);
    return () => void this.fields.delete(id);
  }
}

const key = Symbol('invalid fields');
/** Call while a form is set up: fields inside it are watched. */
export const watchFields = (): InvalidFields => setContext(key, new InvalidFields());
/** Of the form around a field; undefined outside any. */
export const fieldsAround = (): InvalidFields | undefined => getContext<InvalidFields | undefined>(key);
