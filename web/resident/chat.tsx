import { useEffect, useRef, useState } from "preact/hooks";
import type { Resident } from "../client/resident.ts";
import { TYPING_SHOWN_MS } from "../client/thread.ts";
import { Composer, composerTooLong } from "../parts/composer.tsx";
import { DownIcon, SendIcon } from "../parts/icons.tsx";
import { useStick, useVisible } from "../parts/stick.ts";
import { useNow } from "../parts/time.ts";
import { named } from "../parts/language.ts";
import { End } from "./end.tsx";
import { chatLines, helper, type Line } from "./lines.ts";
import { Lines } from "./messages.tsx";
import { useErrors, useText } from "./text.ts";
import { Wait } from "./wait.tsx";

const LINES_SHOWN = 200; /* more on request: long conversations must not slow a phone down */

export function Chat({ resident }: { resident: Resident }) {
    const t = useText();
    const { thread } = resident;
    const list = useRef<HTMLDivElement>(null);
    const [shown, setShown] = useState(LINES_SHOWN);
    const [text, setText] = useState("");
    const visible = useVisible();
    const accepted = resident.status.phase === "open" && !resident.status.storeAway;
    const lines = chatLines(thread, resident.startShown, accepted);
    const typing = useTyping(resident);
    const state = thread?.log.state ?? "";
    const [atEnd, toEnd] = useStick(list, `${lines.length} ${typing} ${state} ${resident.waiting?.place ?? 0}`);
    const last = thread?.log.last ?? 0;
    const queue = resident.queues.find((each) => each.queue === resident.queue);
    const over = thread?.refused != null || resident.startRefused !== null;

    useEffect(() => {
        if (visible && atEnd) thread?.read(last);
    });

    function send() {
        if (thread === null || text.trim() === "" || composerTooLong(text, resident.textBytesMax)) return;
        if (!thread.say(text.trim())) return;
        setText("");
        toEnd();
    }

    return (
        <main id="main" class="chat">
            <div class="chat__head">
                <h1 class="chat__title">{queue === undefined ? t.conversation : named(queue)}</h1>
                <div class="chat__line">
                    <Status resident={resident} state={state} />
                    {!over && (state === "queued" || state === "active") && (
                        <End resident={resident} waiting={state === "queued"} />
                    )}
                </div>
            </div>
            <div class="chat__list" ref={list} tabIndex={0} role="region" aria-label={t.conversation}>
                {lines.length > shown && (
                    <button type="button" class="nl-button nl-button--subtle" onClick={() => setShown(shown + LINES_SHOWN)}>
                        {t.olderMessages}
                    </button>
                )}
                <Lines lines={lines.slice(-shown)} thread={thread} />
                {state === "queued" && <Wait waiting={resident.waiting} clockMs={resident.clockMs} />}
                {typing !== null && (
                    <p class="typing" data-testid="typing">
                        <span class="typing__dots" aria-hidden="true" />
                        {typing}
                    </p>
                )}
            </div>
            <Announcer lines={lines} typing={typing} live={thread?.log.known === true} />
            {!atEnd && (
                <button type="button" class="to-end" onClick={toEnd}>
                    <DownIcon />
                    {t.newMessages}
                </button>
            )}
            {over ? (
                <Over resident={resident} />
            ) : (
                <form
                    class="composer"
                    onSubmit={(event) => {
                        event.preventDefault();
                        send();
                    }}
                >
                    {state === "closed" && (
                        <div class="composer__closed">
                            <p>{t.closed}</p>
                            <button
                                type="button"
                                class="nl-button nl-button--secondary"
                                data-testid="new-conversation"
                                onClick={() => resident.startOver()}
                            >
                                {t.newConversation}
                            </button>
                        </div>
                    )}
                    <div class="composer__row">
                        <Composer
                            id="message"
                            label={t.message}
                            value={text}
                            bytesMax={resident.textBytesMax}
                            tooLong={t.tooLong}
                            placeholder={t.placeholder}
                            enterSends={matchMedia("(pointer: fine)").matches}
                            onValue={(value) => {
                                setText(value);
                                if (value !== "") thread?.typing();
                            }}
                            onSend={send}
                        />
                        <button
                            class="nl-button nl-button--primary composer__send"
                            type="submit"
                            disabled={thread === null}
                            data-testid="send"
                        >
                            <span class="nl-button__icon-start">
                                <SendIcon />
                            </span>
                            <span class="nl-button__label composer__send-text">{t.send}</span>
                        </button>
                    </div>
                </form>
            )}
        </main>
    );
}

function useTyping(resident: Resident): string | null {
    const t = useText();
    const now = useNow(1000);
    const typing = resident.thread?.log.typing;
    if (!typing || now - typing.at > TYPING_SHOWN_MS) return null;
    return typing.name ? t.typingBy(typing.name) : t.typing;
}

/* Who helps, or that nobody does yet. */
function Status({ resident, state }: { resident: Resident; state: string }) {
    const t = useText();
    const { thread } = resident;
    const name = thread === null ? undefined : helper(thread.log);
    let text = t.opening;
    if (thread?.refused != null) text = "";
    else if (state === "closed") text = t.nowClosed;
    else if (state === "active") text = name === undefined ? t.helped : t.helpedBy(name);
    else if (state !== "") text = t.waitingForAgent;
    return (
        <p class={`chat__status chat__status--${state || "opening"}`} role="status" data-testid="status" data-state={state}>
            {text}
        </p>
    );
}

function Over({ resident }: { resident: Resident }) {
    const t = useText();
    const errors = useErrors();
    const code = resident.startRefused;
    return (
        <div class="composer composer--over" role="alert">
            <p>{code === null ? t.expired : (errors[code] ?? t.startRefused)}</p>
            <button
                type="button"
                class="nl-button nl-button--primary"
                data-testid="new-conversation"
                onClick={() => resident.startOver()}
            >
                {t.newConversation}
            </button>
        </div>
    );
}

/* Says each new message of the other side once; what was there when the page opened is not news. */
function Announcer({ lines, typing, live }: { lines: readonly Line[]; typing: string | null; live: boolean }) {
    const t = useText();
    const heard = useRef<number | null>(null);
    const [news, setNews] = useState<{ seq: number; text: string }[]>([]);
    const last = lines.reduce((max, line) => Math.max(max, line.seq ?? 0), 0);

    useEffect(() => {
        if (!live) return;
        const before = heard.current;
        heard.current = Math.max(before ?? 0, last);
        if (before === null) return;
        const fresh = lines.flatMap((line) =>
            line.kind === "message" && line.from !== "resident" && (line.seq ?? 0) > before
                ? [{ seq: line.seq ?? 0, text: t.says(line.name ?? t.agent, line.text) }]
                : [],
        );
        if (fresh.length > 0) setNews((old) => [...old, ...fresh].slice(-5));
    }, [last, live]);

    return (
        <div class="hidden">
            <div aria-live="polite" data-testid="announcer">
                {news.map((each) => (
                    <p key={each.seq}>{each.text}</p>
                ))}
            </div>
            <div aria-live="polite">{typing}</div>
        </div>
    );
}
