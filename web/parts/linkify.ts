/* Find web addresses in plain text. Only http and https become links, and only what the URL parser takes; all else stays text. */
export interface Piece {
    readonly text: string;
    readonly href?: string;
}

const CANDIDATE = /\bhttps?:\/\/[^\s<>"']+/gi;

export function linkify(text: string): Piece[] {
    const pieces: Piece[] = [];
    let end = 0;
    for (const match of text.matchAll(CANDIDATE)) {
        const found = trimmed(match[0]);
        const href = safe(found);
        if (href === null) continue;
        if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
        pieces.push({ text: found, href });
        end = match.index + found.length;
    }
    if (end < text.length) pieces.push({ text: text.slice(end) });
    return pieces;
}

/* The stop at the end of a sentence is not part of the address; a closing bracket only if it was opened inside. */
function trimmed(found: string): string {
    let address = found.replace(/[.,;:!?…]+$/, "");
    while (address.endsWith(")") && address.split("(").length < address.split(")").length)
        address = address.slice(0, -1).replace(/[.,;:!?…]+$/, "");
    return address;
}

function safe(found: string): string | null {
    try {
        const url = new URL(found);
        /* user:password@ only ever serves to make one host look like another */
        if (url.username !== "" || url.password !== "") return null;
        return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
    } catch {
        return null;
    }
}
