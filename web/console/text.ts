import * as en from "../text/en.ts";
import * as nl from "../text/nl.ts";
import { textsFor } from "../parts/language.ts";

export const useText = textsFor(
    { ...nl.common, ...nl.signIn, ...nl.desk, ...nl.console },
    { ...en.common, ...en.signIn, ...en.desk, ...en.console },
);
export type Text = ReturnType<typeof useText>;
