/* What the resident sees, from the log and the outbox: plain values, in order. */
import type { Attachment, Entry } from "../client/frames.ts";
import { conversationEntries, type Conversation } from "../client/conversation.ts";
import type { Start } from "../client/resident.ts";
import type { Thread } from "../client/thread.ts";

/** `held`: written, kept, and not on its way: there is no connection, or the broker takes nothing in. */
export type MessageState = "held" | "sending" | "sent" | "read" | "failed" | "received";

export type Line =
    | {
          readonly kind: "message";
          readonly key: string;
          readonly seq?: number | undefined;
          readonly at: number;
          readonly from: string;
          readonly name?: string | undefined;
          readonly text: string;
          readonly channel: string;
          readonly state: MessageState;
          readonly attachments: readonly Attachment[];
          /** In the outbox under this key. */
          readonly unsent?: string;
      }
    | {
          readonly kind: "state";
          readonly key: string;
          readonly seq: number;
          readonly at: number;
          readonly state: string;
          readonly name?: string | undefined;
      };

/** @accepted: connected, and the broker takes messages in. */
export function chatLines(thread: Thread | null, start: Start | null, accepted: boolean): Line[] {
    const lines: Line[] = [];
    const onItsWay = accepted ? "sending" : "held";
    if (start !== null) lines.push(own(`start-${start.key}`, start.text, start.at, onItsWay));
    if (thread === null) return lines;
    let known = { state: "queued", name: undefined as string | undefined }; /* so each begins */
    for (const entry of conversationEntries(thread.log)) {
        const line = entryLine(entry, thread.log);
        if (line === null) continue;
        if (line.kind === "state") {
            /* Passed around by staff, and the same to the resident as before: no news. */
            if (line.state === known.state && line.name === known.name) continue;
            known = { state: line.state, name: line.name };
        }
        lines.push(line);
    }
    for (const item of thread.waiting()) {
        const state = item.seq !== undefined ? "sent" : item.failed !== undefined ? "failed" : onItsWay;
        lines.push({ ...own(item.key, item.text, item.at, state), seq: item.seq, unsent: item.key });
    }
    return lines;
}

function own(key: string, text: string, at: number, state: MessageState): Line & { kind: "message" } {
    return { kind: "message", key, at, from: "resident", text, channel: "chat", state, attachments: [] };
}

function entryLine(entry: Entry, log: Conversation): Line | null {
    const key = `seq-${entry.seq}`;
    if (entry.kind === "state" && entry.state !== undefined) {
        const name = entry.state === "active" ? entry.name : undefined;
        return { kind: "state", key, seq: entry.seq, at: entry.at, state: entry.state, name };
    }
    if (entry.kind !== "message") return null;
    const from = entry.from ?? "system";
    const ownState = entry.seq <= log.readAgent ? "read" : "sent";
    return {
        kind: "message",
        key,
        seq: entry.seq,
        at: entry.at,
        from,
        name: entry.name,
        text: entry.text ?? "",
        channel: entry.channel ?? "chat",
        state: from === "resident" ? ownState : "received",
        attachments: entry.attachments ?? [],
    };
}

/** Who holds the conversation, as far as the log says: the last who was named since it was given to somebody. */
export function helper(log: Conversation): string | undefined {
    for (let i = log.count - 1; i >= 0; i--) {
        const entry = log.list[i] as Entry;
        if (entry.from === "agent" && entry.kind === "message" && entry.name) return entry.name;
        if (entry.kind === "state" && entry.state === "active") return entry.name || undefined;
        if (entry.kind === "state") return undefined;
    }
    return undefined;
}
