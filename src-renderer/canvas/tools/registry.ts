// The tools, in the order of the rail. A tool more is a folder and a line.

import { boxTool } from './box/tool.ts';
import { brushTool, eraserTool } from './brush/tool.ts';
import { handTool } from './hand/tool.ts';
import { polygonTool } from './polygon/tool.ts';
import { selectTool } from './select/tool.ts';

export const tools = [selectTool, handTool, boxTool, polygonTool, brushTool, eraserTool] as const;
export type ToolName = (typeof tools)[number]['name'];
export const defaultTool: ToolName = 'box';
