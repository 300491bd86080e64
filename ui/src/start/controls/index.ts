import type { Component } from "svelte";

import type { Kind } from "../../host/bindings/Kind";
import type { OptionInfo } from "../../host/bindings/OptionInfo";
import type { Options } from "../../host/bindings/Options";
import type { Tables } from "../../host/bindings/Tables";
import type { Typed } from "../paths";
import ActionsControl from "./ActionsControl.svelte";
import ChoiceControl from "./ChoiceControl.svelte";
import FilesControl from "./FilesControl.svelte";
import JsonControl from "./JsonControl.svelte";
import NumberControl from "./NumberControl.svelte";
import PairsControl from "./PairsControl.svelte";
import TextControl from "./TextControl.svelte";
import ToggleControl from "./ToggleControl.svelte";
import ToolControl from "./ToolControl.svelte";

export interface ControlProps {
  tables: Tables;
  info: OptionInfo;
  options: Options;
  /** What is wrong with the value; null: nothing. */
  problem: string | null;
  typed: Typed;
}

/** With what an option is set, by its kind. */
export const CONTROLS: Record<Kind["is"], Component<ControlProps, object, "options">> = {
  toggle: ToggleControl,
  text: TextControl,
  secret: TextControl,
  number: NumberControl,
  choice: ChoiceControl,
  file: TextControl,
  files: FilesControl,
  pairs: PairsControl,
  json_array: JsonControl,
  json_object: JsonControl,
  tool: ToolControl,
  actions: ActionsControl,
};

/** The words below a control. */
export function hint({ explanation, unset }: OptionInfo): string {
  return unset === null ? `${explanation}.` : `${explanation}. Empty: ${unset}.`;
}
