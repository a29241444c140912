import * as en from "../text/en.ts";
import * as nl from "../text/nl.ts";
import { textsFor } from "../parts/language.ts";

export const useText = textsFor({ ...nl.common, ...nl.signIn, ...nl.supervise }, { ...en.common, ...en.signIn, ...en.supervise });
export type Text = ReturnType<typeof useText>;
