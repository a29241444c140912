import { memo } from "preact/compat";
import type { Desk } from "../client/desk.ts";
import type { Entry, Work } from "../client/frames.ts";
import type { OutboxItem } from "../client/outbox.ts";
import type { Receipt } from "../client/conversation.ts";
import type { Thread } from "../client/thread.ts";
import { ChannelMark } from "./channel.tsx";
import { FileIcon } from "./icons.tsx";
import { MessageText } from "./message-text.tsx";
import { day, dayKey, timeOfDay, timeWithDate } from "./time.ts";
import { channelName, residentName } from "./names.ts";
import { useErrors, useText, type Text } from "./staff-text.ts";

const WORDS = new Set(["message", "note", "whisper"]);

interface EntriesProps {
    readonly store: Desk;
    readonly work: Work;
    readonly thread: Thread;
}

export function Entries({ store, work, thread }: EntriesProps) {
    const t = useText();
    const { log } = thread;
    const shown = log.list.slice(0, log.count).filter((entry) => entry.kind !== "hidden");
    return (
        <ol class="messages">
            {shown.map((entry, i) => {
                const before = shown[i - 1];
                return [
                    (before === undefined || dayKey(before.at) !== dayKey(entry.at)) && (
                        <li class="day" key={`day-${entry.seq}`}>
                            {day(entry.at)}
                        </li>
                    ),
                    WORDS.has(entry.kind) ? (
                        <Message
                            key={entry.seq}
                            entry={entry}
                            author={author(entry, store, work, t)}
                            headed={!sameHead(before, entry)}
                            receipt={log.receipts.get(entry.seq)}
                            read={entry.from === "agent" && entry.seq <= log.readResident}
                        />
                    ) : (
                        <SmallLine key={entry.seq} entry={entry} />
                    ),
                ];
            })}
            {thread.waiting().map((item) => (
                <Unsent key={item.key} item={item} store={store} work={work} thread={thread} />
            ))}
        </ol>
    );
}

function author(entry: Entry, store: Desk, work: Work, t: Text): string {
    if (entry.from === "resident") return entry.name || residentName(work, t);
    if (entry.author === store.session.agent) return t.you;
    return entry.name || t.system;
}

/* One head over what one person says on one channel, one after the other. */
function sameHead(a: Entry | undefined, b: Entry): boolean {
    if (a === undefined || dayKey(a.at) !== dayKey(b.at)) return false;
    const keys = ["kind", "from", "author", "name", "channel", "address"] as const;
    return b.kind === "message" && keys.every((key) => a[key] === b[key]);
}

interface MessageProps {
    readonly entry: Entry;
    /** Show who and by which channel. */
    readonly headed: boolean;
    readonly author: string;
    readonly receipt: Receipt | undefined;
    readonly read: boolean;
}

const Message = memo(function Message({ entry, author, headed, receipt, read }: MessageProps) {
    const t = useText();
    const own = entry.from !== "resident";
    const channel = entry.channel ?? "chat";
    const state = receipt?.state ?? (read ? "read" : "accepted");
    return (
        <li
            class={`message ${own ? "message--own" : "message--other"} message--${entry.kind}`}
            data-testid="message"
            data-seq={entry.seq}
            data-from={entry.from}
            data-kind={entry.kind}
            data-channel={channel}
            data-state={own ? state : "received"}
        >
            <p class={headed ? "message__head" : "hidden"}>
                <span class="message__name">{author}</span>
                <KindMark kind={entry.kind} channel={channel} />
                {entry.address && <span class="message__address">{entry.address}</span>}
            </p>
            <div class="message__bubble">
                {entry.subject && <p class="message__subject">{entry.subject}</p>}
                <MessageText text={entry.text ?? ""} />
                {(entry.attachments ?? []).length > 0 && (
                    <ul class="files" aria-label={t.attachments}>
                        {entry.attachments?.map((file) => (
                            <li key={file.hash}>
                                <a
                                    class="nl-link files__link"
                                    href={`/api/attachment/${entry.conversation}/${file.hash}`}
                                    download={file.name}
                                    data-testid="attachment"
                                >
                                    <FileIcon />
                                    {file.name} <span class="files__size">{size(file.bytes)}</span>
                                </a>
                            </li>
                        ))}
                    </ul>
                )}
            </div>
            <p class="message__foot">
                <time dateTime={new Date(entry.at).toISOString()} title={timeWithDate(entry.at)}>
                    {timeOfDay(entry.at)}
                </time>
                {own && entry.kind === "message" && <ReceiptMark state={state} reason={receipt?.reason} />}
            </p>
        </li>
    );
});

/* By which channel, or that the resident does not see it. */
function KindMark({ kind, channel }: { kind: string; channel: string }) {
    const t = useText();
    if (kind === "note") return <span class="tag tag--note">{t.note}</span>;
    if (kind === "whisper") return <span class="tag tag--whisper">{t.whisper}</span>;
    return <ChannelMark channel={channel} name={channelName(channel, t)} named={channel !== "chat"} />;
}

function ReceiptMark({ state, reason }: { state: string; reason: string | undefined }) {
    const t = useText();
    const names: Record<string, string> = {
        accepted: t.accepted,
        sent: t.sent,
        delivered: t.delivered,
        read: t.read,
        failed: t.failed,
        unknown: t.unknown,
    };
    return (
        <span class={`receipt receipt--${state}`} data-testid="receipt" data-state={state}>
            {names[state] ?? state}
            {state === "failed" && reason && `: ${reason}`}
        </span>
    );
}

function size(bytes: number): string {
    if (bytes < 1000) return `${bytes} B`;
    return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/* What happened to the conversation, between the messages. A receipt shows at its message; only a failure also has a line where it came in. */
function SmallLine({ entry }: { entry: Entry }) {
    const t = useText();
    const text = smallText(entry, t);
    if (text === null) return null;
    return (
        <li class="state" data-testid="entry-line" data-seq={entry.seq} data-kind={entry.kind} data-state={entry.state}>
            {text} · <time dateTime={new Date(entry.at).toISOString()}>{timeOfDay(entry.at)}</time>
        </li>
    );
}

function smallText(entry: Entry, t: Text): string | null {
    const reason = entry.reason ? ` (${entry.reason})` : "";
    if (entry.kind === "receipt") return entry.state === "failed" ? t.receiptFailed + reason : null;
    if (entry.kind === "link") {
        const address = entry.address ?? entry.text ?? "";
        return entry.state === "unlinked" ? t.unlinked(address) : t.linked(address);
    }
    return entry.kind === "state" ? stateText(entry, t) : null;
}

/* What happened, by its event; else by the state that came of it. */
function stateText(entry: Entry, t: Text): string {
    const name = entry.name ?? t.system;
    const byEvent: Record<string, string | undefined> = {
        offered: t.stateOffered(name),
        handed_over: t.stateHandedOver(name),
        moved: t.stateMoved,
        declined: t.stateDeclined,
        timed_out: t.stateTimedOut,
        returned: t.stateReturned,
        agent_left: t.stateAgentLeft,
        taken: t.stateTaken(name),
        joined: t.stateJoined(name),
        parted: t.stateParted(name),
        prioritised: t.statePrioritised(name),
        woken: t.stateWoken,
    };
    const byState: Record<string, string | undefined> = {
        offered: t.stateOffered(name),
        active: entry.name ? t.stateActive(name) : t.stateActiveNobody,
        snoozed: t.stateSnoozed,
        wrap_up: t.stateWrapUp,
        closed: t.stateClosed,
    };
    return byEvent[entry.reason ?? ""] ?? byState[entry.state ?? ""] ?? t.stateQueued;
}

interface UnsentProps extends EntriesProps {
    readonly item: OutboxItem & { seq?: number };
}

function Unsent({ item, store, work, thread }: UnsentProps) {
    const t = useText();
    const errors = useErrors();
    const channel = item.channel ?? "chat";
    const state = item.seq !== undefined ? "accepted" : item.failed !== undefined ? "failed" : "sending";
    const kind = item.whisper === true ? "whisper" : item.note === true ? "note" : "message";
    return (
        <li
            class={`message message--own message--${kind} message--${state}`}
            data-testid="message"
            data-seq={item.seq}
            data-from="agent"
            data-kind={kind}
            data-channel={channel}
            data-state={state}
        >
            <p class="message__head">
                <span class="message__name">{t.you}</span>
                <KindMark kind={kind} channel={channel} />
            </p>
            <div class="message__bubble">
                <MessageText text={item.text} />
            </div>
            {item.failed === undefined ? (
                <p class="message__foot">
                    <time dateTime={new Date(item.at).toISOString()}>{timeOfDay(item.at)}</time>
                    <span class={`receipt receipt--${state}`}>{t[state === "accepted" ? "accepted" : "sending"]}</span>
                </p>
            ) : (
                <div class="message__failed" role="alert">
                    <p>{errors[item.failed] ?? errors["other"]}</p>
                    <button type="button" class="link-button" data-testid="retry" onClick={() => thread.retry(item.key)}>
                        {t.retry}
                    </button>
                    <button
                        type="button"
                        class="link-button"
                        data-testid="edit"
                        onClick={() => {
                            const draft = store.drafts.get(work.conversation);
                            store.setDraft(work.conversation, draft ? `${item.text}\n${draft}` : item.text);
                            thread.drop(item.key);
                        }}
                    >
                        {t.edit}
                    </button>
                    <button type="button" class="link-button" data-testid="remove" onClick={() => thread.drop(item.key)}>
                        {t.remove}
                    </button>
                </div>
            )}
        </li>
    );
}
