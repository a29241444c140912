import { memo } from "preact/compat";
import type { Thread } from "../client/thread.ts";
import { MessageText } from "../parts/message-text.tsx";
import { AlertIcon, ClockIcon, FileIcon, ReadIcon, SentIcon } from "../parts/icons.tsx";
import { day, dayKey, timeOfDay } from "../parts/time.ts";
import type { Line } from "./lines.ts";
import { useErrors, useText, type Text } from "./text.ts";

type Message = Extract<Line, { kind: "message" }>;

export function Lines({ lines, thread }: { lines: readonly Line[]; thread: Thread | null }) {
    const newestOwn = [...lines].reverse().find((line) => line.kind === "message" && line.from === "resident");
    return (
        <ol class="messages">
            {lines.map((line, i) => {
                const before = lines[i - 1];
                const newDay = before === undefined || dayKey(before.at) !== dayKey(line.at);
                return [
                    newDay && (
                        <li class="day" key={`day-${line.key}`}>
                            {day(line.at)}
                        </li>
                    ),
                    line.kind === "state" ? (
                        <StateLine key={line.key} line={line} />
                    ) : (
                        <MessageLine
                            key={line.key}
                            line={line}
                            named={newDay || before.kind !== "message" || before.from !== line.from || before.name !== line.name}
                            worded={line === newestOwn}
                            thread={thread}
                        />
                    ),
                ];
            })}
        </ol>
    );
}

function stateText(t: Text, state: string, name: string | undefined): string {
    if (state === "closed") return t.nowClosed;
    if (state === "active") return name ? t.nowHelpedBy(name) : t.nowHelped;
    return t.nowQueued;
}

function StateLine({ line }: { line: Extract<Line, { kind: "state" }> }) {
    const t = useText();
    return <li class="state">{stateText(t, line.state, line.name)}</li>;
}

interface MessageLineProps {
    readonly line: Message;
    /** Show the author: the one before is by somebody else. */
    readonly named: boolean;
    /** Say its state in words: the newest of one's own. */
    readonly worded: boolean;
    readonly thread: Thread | null;
}

const MessageLine = memo(function MessageLine({ line, named, worded, thread }: MessageLineProps) {
    const t = useText();
    const own = line.from === "resident";
    const channels: Record<string, string | undefined> = { email: t.channelEmail, sms: t.channelSms };
    const channel = channels[line.channel] ?? "";
    return (
        <li
            class={`message ${own ? "message--own" : "message--other"} message--${line.state}`}
            data-testid="message"
            data-seq={line.seq}
            data-from={line.from}
            data-state={line.state}
        >
            <span class={named && !own ? "message__name" : "hidden"}>{own ? t.you : line.name || t.agent}</span>
            <div class="message__bubble">
                <MessageText text={line.text} />
                {line.attachments.map((file) => (
                    <span class="message__file" key={file.hash}>
                        <FileIcon />
                        {file.name}
                    </span>
                ))}
            </div>
            <span class="message__foot">
                {channel !== "" && <span>{t.via(channel)}</span>}
                <time dateTime={new Date(line.at).toISOString()}>{timeOfDay(line.at)}</time>
                {own && <StateMark state={line.state} worded={worded} />}
            </span>
            {line.state === "failed" && thread !== null && line.unsent !== undefined && (
                <Failed thread={thread} id={line.unsent} />
            )}
        </li>
    );
}, sameMessage);

/* Lines are made anew on each change; what is drawn is the same while these are. */
function sameMessage(a: MessageLineProps, b: MessageLineProps): boolean {
    return (
        a.named === b.named &&
        a.worded === b.worded &&
        a.thread === b.thread &&
        a.line.key === b.line.key &&
        a.line.seq === b.line.seq &&
        a.line.state === b.line.state
    );
}

const MARKS = { held: ClockIcon, sending: ClockIcon, sent: SentIcon, read: ReadIcon, failed: AlertIcon };

function StateMark({ state, worded }: { state: Message["state"]; worded: boolean }) {
    const t = useText();
    if (state === "received") return null;
    const Mark = MARKS[state];
    return (
        <span class={`mark mark--${state}`}>
            <Mark />
            <span class={worded || state === "held" || state === "failed" ? undefined : "hidden"}>{t[state]}</span>
        </span>
    );
}

function Failed({ thread, id }: { thread: Thread; id: string }) {
    const t = useText();
    const errors = useErrors();
    const code = thread.box.items.find((each) => each.key === id)?.failed ?? "other";
    return (
        <div class="message__failed" role="alert">
            <p>
                {t.failedWhy} {errors[code] ?? ""}
            </p>
            <button type="button" class="link-button" onClick={() => thread.retry(id)} data-testid="retry">
                {t.retry}
            </button>
            <button type="button" class="link-button" onClick={() => thread.drop(id)} data-testid="remove">
                {t.remove}
            </button>
        </div>
    );
}
