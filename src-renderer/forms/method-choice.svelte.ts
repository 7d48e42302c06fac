// One method of a registry, chosen with its parameters; what was typed for a method stays while another is looked at.

import type { MethodInfo, ParamValue, Preset } from '../../src-main/contracts/index.ts';
import { defaultsOf } from './defaults.ts';

type Values = Record<string, ParamValue>;

export class MethodChoice<Info extends MethodInfo> {
  methodId = $state('');
  private readonly typed = $state<Record<string, Values>>({});
  private readonly list: () => readonly Info[];
  private readonly presetId: string | undefined;

  /** @param presetId  where the methods that have it begin, in place of the defaults */
  constructor(list: () => readonly Info[], presetId?: string) {
    this.list = list;
    this.presetId = presetId;
  }

  get methods(): readonly Info[] {
    return this.list();
  }
  get method(): Info | null {
    return this.methods.find((one) => one.id === this.methodId) ?? this.methods[0] ?? null;
  }
  get params(): Values {
    const method = this.method;
    if (!method) return {};
    const preset = method.presets.find((one) => one.id === this.presetId);
    const values = { ...defaultsOf(method.params), ...(this.typed[method.id] ?? preset?.params) };
    // What was kept by another version can name what this one does not know.
    return Object.fromEntries(method.params.map(({ name }) => [name, values[name]]));
  }
  setParam(name: string, value: ParamValue): void {
    if (this.method) this.typed[this.method.id] = { ...this.params, [name]: value };
  }
  usePreset(preset: Pick<Preset, 'params'>): void {
    if (this.method) this.typed[this.method.id] = preset.params;
  }
  /** Shows a method as it was shown before. */
  restore(methodId: string, params: Values): void {
    this.methodId = methodId;
    this.typed[methodId] = params;
  }
}
