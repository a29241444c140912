/* The words that the console and the wallboard share. */
import * as en from "../text/en.ts";
import * as nl from "../text/nl.ts";
import { textsFor } from "./language.ts";

export const useText = textsFor({ ...nl.common, ...nl.signIn, ...nl.desk }, { ...en.common, ...en.signIn, ...en.desk });
export type Text = ReturnType<typeof useText>;
export const useErrors = textsFor(nl.errors, en.errors);
