import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { conversationEntries } from "../client/conversation.ts";
import { PAGE_ENTRIES, type Desk } from "../client/desk.ts";
import type { Work } from "../client/frames.ts";
import { TYPING_SHOWN_MS, type Thread } from "../client/thread.ts";
import { ChannelMark } from "./channel.tsx";
import { BackIcon, DownIcon, InfoIcon } from "./icons.tsx";
import { useStick, useVisible } from "./stick.ts";
import { timeWithDate, useNow } from "./time.ts";
import { workReturned } from "../client/work.ts";
import { Answer, answerModes } from "./answer.tsx";
import { Entries } from "./entries.tsx";
import { WrapUp } from "./finish.tsx";
import { agentName, channelName, queueName, residentName } from "./names.ts";
import { Tools, type Tool } from "./tools.tsx";
import { useText, type Text } from "./staff-text.ts";

interface ThreadViewProps {
    readonly store: Desk;
    readonly work: Work;
    readonly tools: readonly Tool[];
    readonly details: boolean;
    readonly onDetails: () => void;
}

export function ThreadView({ store, work, tools, details, onDetails }: ThreadViewProps) {
    const t = useText();
    const thread = store.threads.get(work.conversation);
    return (
        <section class="thread" aria-labelledby="thread-title">
            <header class="thread__head">
                <button type="button" class="thread__back" onClick={() => store.select(null)} data-testid="back">
                    <BackIcon />
                    <span class="hidden">{t.back}</span>
                </button>
                <div class="thread__who">
                    <h2 class="thread__title" id="thread-title" tabIndex={-1}>
                        {residentName(work, t)}
                    </h2>
                    <p class="thread__sub">
                        <ChannelMark channel={work.channel} name={channelName(work.channel, t)} named />
                        <span class="thread__queue">{queueName(store.queues, work.queue)}</span>
                        <With store={store} work={work} />
                        {work.present && <span class="thread__present">{t.present}</span>}
                    </p>
                </div>
                <button
                    type="button"
                    class="thread__info"
                    aria-expanded={details}
                    aria-controls="details"
                    onClick={onDetails}
                    data-testid="details-toggle"
                >
                    <InfoIcon />
                    <span class="hidden">{t.details}</span>
                </button>
            </header>
            <Tools tools={tools} />
            {thread === undefined ? (
                <p class="console__empty">{stateText(store, work, work.state, t)}</p>
            ) : (
                <Body store={store} work={work} thread={thread} />
            )}
        </section>
    );
}

/* Who has it and who takes part, other than oneself. */
function With({ store, work }: { store: Desk; work: Work }) {
    const t = useText();
    const others = [work.owner, ...(work.joined ?? [])].filter((each) => each !== undefined && each !== store.session.agent);
    if (others.length === 0) return null;
    return <span data-testid="with">{t.withNames(others.map((each) => agentName(store, each as string)).join(", "))}</span>;
}

/* Where it is now that one cannot write in it. */
function stateText(store: Desk, work: Work, state: string, t: Text): string {
    if (state === "closed") return t.closedNow;
    if (state === "snoozed") return work.due_at === undefined ? t.snoozedReply : t.snoozedUntil(timeWithDate(work.due_at));
    if (work.back === store.session.agent && (state === "offered" || state === "queued")) return t.handedOver;
    if (state === "offered") return t.offeredTo((work.offered ?? []).map((each) => agentName(store, each)).join(", "));
    if (state === "queued") return t.waitsNow;
    return store.session.role === "supervisor" ? t.unseen : t.left;
}

function Body({ store, work, thread }: { store: Desk; work: Work; thread: Thread }) {
    const t = useText();
    const list = useRef<HTMLDivElement>(null);
    const visible = useVisible();
    const typing = useTyping(thread, work);
    const { log } = thread;
    const [atEnd, toEnd] = useStick(list, `${log.last} ${thread.waiting().length} ${typing}`);
    const mine = store.takesPart(work);
    /* The frame tells where it went; the log knows the end, and what is only sketched. */
    const state = log.state === "closed" || work.version === 0 ? log.state : work.state;
    const back = workReturned(conversationEntries(log), store.session);
    useOlder(list, thread);

    useEffect(() => {
        if (visible && atEnd && mine) thread.read(log.last);
    });

    if (thread.refused !== null) return <p class="console__empty">{t.refused}</p>;
    return (
        <>
            <div class="thread__list" ref={list} tabIndex={0} role="region" aria-label={t.thread} data-testid="thread">
                {log.base > 0 && (
                    <button
                        type="button"
                        class="nl-button nl-button--subtle thread__older"
                        disabled={thread.loadingOlder}
                        data-testid="older"
                        onClick={() => thread.older(PAGE_ENTRIES)}
                    >
                        {thread.loadingOlder ? t.loadingOlder : t.older}
                    </button>
                )}
                {!log.known && <p class="console__empty">{t.opening}</p>}
                <Entries store={store} work={work} thread={thread} />
                {typing !== null && (
                    <p class="typing" data-testid="typing">
                        <span class="typing__dots" aria-hidden="true" />
                        {typing}
                    </p>
                )}
            </div>
            <Announcer store={store} thread={thread} work={work} typing={typing} />
            <div role="status">
                {back !== null && mine && (
                    <p class="notice notice--back" data-testid="returned" data-reason={back}>
                        {{ declined: t.returnedDeclined, timed_out: t.returnedTimedOut, returned: t.returnedNobody }[back]}
                    </p>
                )}
            </div>
            {!atEnd && (
                <button type="button" class="to-end" onClick={toEnd}>
                    <DownIcon />
                    {t.newMessages}
                </button>
            )}
            {work.state === "wrap_up" && store.holds(work) && <WrapUp store={store} work={work} />}
            {!mine && (
                <p class="thread__over" role="status" data-testid="over">
                    {stateText(store, work, state, t)}
                </p>
            )}
            {answerModes(store, work).length > 0 && state !== "closed" && (
                <Answer store={store} work={work} thread={thread} onSaid={toEnd} />
            )}
        </>
    );
}

function useTyping(thread: Thread, work: Work): string | null {
    const t = useText();
    const now = useNow(1000);
    const { typing } = thread.log;
    if (typing === null || typing.from === "agent" || now - typing.at > TYPING_SHOWN_MS) return null;
    return work.name ? t.typingBy(work.name) : t.typing;
}

/* Near the top, older entries are fetched; what one reads stays where it is while they come in above it. */
function useOlder(list: { current: HTMLDivElement | null }, thread: Thread): void {
    const height = useRef(0);
    const { base } = thread.log;

    useEffect(() => {
        const element = list.current;
        if (element === null) return;
        const look = () => {
            height.current = element.scrollHeight;
            if (element.scrollTop < 80 && element.scrollHeight > element.clientHeight) thread.older(PAGE_ENTRIES);
        };
        element.addEventListener("scroll", look, { passive: true });
        return () => element.removeEventListener("scroll", look);
    }, [thread]);

    useLayoutEffect(() => {
        const element = list.current;
        if (element !== null && height.current > 0 && element.scrollTop < 400)
            element.scrollTop += element.scrollHeight - height.current;
    }, [base]);
}

/* Says each new message of the resident, and each whisper of somebody else, once. */
function Announcer({ store, thread, work, typing }: { store: Desk; thread: Thread; work: Work; typing: string | null }) {
    const t = useText();
    const heard = useRef<number | null>(null);
    const [news, setNews] = useState<{ seq: number; text: string }[]>([]);
    const { log } = thread;

    useEffect(() => {
        if (!log.known) return;
        const before = heard.current;
        heard.current = log.last;
        if (before === null) return;
        const fresh = log.list
            .slice(0, log.count)
            .filter((each) => each.seq > before)
            .flatMap(({ seq, kind, from, author, name, text = "" }) => {
                if (kind === "message" && from === "resident") return [{ seq, text: t.says(residentName(work, t), text) }];
                if (kind !== "whisper" || author === store.session.agent) return [];
                return [{ seq, text: t.says(`${t.whisper}, ${name ?? t.system}`, text) }];
            });
        if (fresh.length > 0) setNews((old) => [...old, ...fresh].slice(-5));
    }, [log.last, log.known]);

    return (
        <div class="hidden">
            <div aria-live="polite">
                {news.map((each) => (
                    <p key={each.seq}>{each.text}</p>
                ))}
            </div>
            <div aria-live="polite">{typing}</div>
        </div>
    );
}
