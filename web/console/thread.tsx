import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { PAGE_ENTRIES, type Console } from "../client/console.ts";
import type { Work } from "../client/frames.ts";
import { TYPING_SHOWN_MS, type Thread } from "../client/thread.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { BackIcon, DownIcon, InfoIcon } from "../parts/icons.tsx";
import { useStick, useVisible } from "../parts/stick.ts";
import { useNow } from "../parts/time.ts";
import { Answer } from "./answer.tsx";
import { Entries } from "./entries.tsx";
import { channelName, queueName, residentName } from "./names.ts";
import { useErrors, useText } from "./text.ts";

interface ThreadViewProps {
    readonly store: Console;
    readonly work: Work;
    readonly details: boolean;
    readonly onDetails: () => void;
}

export function ThreadView({ store, work, details, onDetails }: ThreadViewProps) {
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
                    <h2 class="thread__title" id="thread-title">
                        {residentName(work, t)}
                    </h2>
                    <p class="thread__sub">
                        <ChannelMark channel={work.channel} name={channelName(work.channel, t)} named />
                        <span class="thread__queue">{queueName(store.queues, work.queue)}</span>
                        {work.present && <span class="thread__present">{t.present}</span>}
                    </p>
                </div>
                <Actions store={store} work={work} />
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
            <Problem store={store} />
            {thread === undefined ? (
                <p class="console__empty">{work.state === "closed" ? t.closedNow : t.left}</p>
            ) : (
                <Body store={store} work={work} thread={thread} />
            )}
        </section>
    );
}

function Actions({ store, work }: { store: Console; work: Work }) {
    const t = useText();
    const mine = store.holds(work);
    if (!mine) return null;
    return (
        <div class="thread__actions">
            <button
                type="button"
                class="nl-button nl-button--secondary"
                data-testid="close"
                onClick={() => store.close(work.conversation)}
            >
                {t.close}
            </button>
        </div>
    );
}

function Problem({ store }: { store: Console }) {
    const t = useText();
    const errors = useErrors();
    return (
        <div role="alert">
            {store.problem !== null && (
                <p class="notice notice--error" data-testid="problem">
                    {errors[store.problem.code] ?? errors["other"]}
                    <button type="button" class="link-button" onClick={() => store.forgetProblem()}>
                        {t.dismiss}
                    </button>
                </p>
            )}
        </div>
    );
}

function Body({ store, work, thread }: { store: Console; work: Work; thread: Thread }) {
    const t = useText();
    const list = useRef<HTMLDivElement>(null);
    const visible = useVisible();
    const typing = useTyping(thread, work);
    const { log } = thread;
    const [atEnd, toEnd] = useStick(list, `${log.last} ${thread.waiting().length} ${typing}`);
    const mine = store.holds(work);
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
            <Announcer thread={thread} work={work} typing={typing} />
            {!atEnd && (
                <button type="button" class="to-end" onClick={toEnd}>
                    <DownIcon />
                    {t.newMessages}
                </button>
            )}
            {mine ? (
                <Answer store={store} work={work} thread={thread} onSaid={toEnd} />
            ) : (
                <p class="thread__over" role="status">
                    {log.state === "closed" || work.state === "closed" ? t.closedNow : t.left}
                </p>
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

/* Says each new message of the resident once. */
function Announcer({ thread, work, typing }: { thread: Thread; work: Work; typing: string | null }) {
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
            .filter((each) => each.seq > before && each.kind === "message" && each.from === "resident")
            .map((each) => ({ seq: each.seq, text: t.says(residentName(work, t), each.text ?? "") }));
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
