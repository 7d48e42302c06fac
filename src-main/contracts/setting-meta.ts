// What a setting says of itself in its schema: its group in the form, title and help.

import type { ParamMeta, SettingGroup } from './methods.ts';

export const settingMeta = (
  group: SettingGroup,
  title: string,
  help: string,
  more: Partial<ParamMeta> = {},
) => ({
  title,
  help,
  group,
  ...more,
});
