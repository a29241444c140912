/* Frames to bytes and back, in both forms of the wire. What cannot be read is null: the caller drops it. */
import { decode, encode } from "@msgpack/msgpack";
import type { DownFrame, UpFrame } from "./frames.ts";

export const MSGPACK = "loket.1.msgpack";
export const JSON_FORM = "loket.1.json";
export type Wire = typeof MSGPACK | typeof JSON_FORM;

export function wireEncode(wire: Wire, frame: UpFrame): Uint8Array | string {
    return wire === JSON_FORM ? JSON.stringify(frame) : encode(frame, { ignoreUndefined: true });
}

export function wireDecode(data: unknown): DownFrame | null {
    try {
        const value: unknown = typeof data === "string" ? JSON.parse(data) : decode(data as ArrayBuffer);
        if (typeof value !== "object" || value === null || !("verb" in value)) return null;
        return typeof value.verb === "string" ? (value as DownFrame) : null;
    } catch {
        return null;
    }
}

/** Length as the wire counts it: UTF-8 bytes, not UTF-16 units. */
export function textBytes(text: string): number {
    return new TextEncoder().encode(text).length;
}
