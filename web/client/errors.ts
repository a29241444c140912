/* What to do about an error frame: from the generated table, so that the broker and the pages agree. */
import type { Down } from "./frames.ts";
import { ERRORS } from "./frames.gen.ts";

/** Worth repeating as it is: the broker says so, or the code's class does. */
export function errorRepeats(frame: Down<"error">): boolean {
    if (frame.retry === true) return true;
    const known = (ERRORS as Record<string, { class: string } | undefined>)[frame.code];
    return known !== undefined && known.class.toUpperCase() !== "FATAL";
}
