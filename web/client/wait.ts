/* What can honestly be said of a wait, as a value that the languages put into words. Pure. */
export type Expected =
    | { readonly kind: "unknown" }
    /** Less than a minute. */
    | { readonly kind: "soon" }
    /** Probably not longer than so many minutes. */
    | { readonly kind: "within"; readonly to: number }
    /** Probably from so many to so many minutes. */
    | { readonly kind: "range"; readonly from: number; readonly to: number };

/** Minutes, rounded outward: a range that is too wide is true, one that is too narrow is not. */
export function waitExpected(from_s = 0, to_s?: number): Expected {
    if (to_s === undefined || to_s < from_s) return { kind: "unknown" };
    if (to_s <= 60) return { kind: "soon" };
    const from = Math.floor(from_s / 60);
    const to = Math.ceil(to_s / 60);
    return from < 1 ? { kind: "within", to } : { kind: "range", from, to: Math.max(to, from + 1) };
}
