import type { Console } from "../client/console.ts";
import type { Entry, Work } from "../client/frames.ts";
import type { Conversation } from "../client/conversation.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { age, useNow } from "../parts/time.ts";
import { channelName, queueName, residentName } from "./names.ts";
import { useText } from "./text.ts";

export function WorkList({ store }: { store: Console }) {
    const t = useText();
    const now = useNow(10_000) + store.clockMs;
    const mine = store.mine();
    return (
        <nav class="console__list" aria-label={t.conversations}>
            <h2 class="side-title">{t.conversations}</h2>
            {mine.length === 0 && (
                <p class="side-empty">
                    {t.noConversations} {store.presence === "available" ? "" : t.noConversationsOffline}
                </p>
            )}
            <ul class="work">
                {mine.map((work) => (
                    <WorkItem key={work.conversation} store={store} work={work} now={now} />
                ))}
            </ul>
            <Queues store={store} now={now} />
        </nav>
    );
}

function WorkItem({ store, work, now }: { store: Console; work: Work; now: number }) {
    const t = useText();
    const unread = store.unread(work.conversation);
    const current = store.selected === work.conversation;
    const log = store.threads.get(work.conversation)?.log;
    const failed = store.threads.get(work.conversation)?.box.items.some((each) => each.failed !== undefined);
    return (
        <li>
            <button
                type="button"
                class="work__item"
                aria-current={current ? "true" : undefined}
                data-testid="work-item"
                data-conversation={work.conversation}
                data-channel={work.channel}
                data-unread={unread}
                onClick={() => store.select(work.conversation)}
            >
                <ChannelMark channel={work.channel} name={channelName(work.channel, t)} />
                <span class="work__name">{residentName(work, t)}</span>
                <span class="work__age">{age(now - work.opened_at)}</span>
                <span class="work__preview">{preview(log) ?? work.preview ?? work.subject ?? ""}</span>
                <span class="work__marks">
                    {failed && <span class="tag tag--error">{t.unsent}</span>}
                    {!current && store.drafts.has(work.conversation) && <span class="tag">{t.draft}</span>}
                    {unread > 0 && (
                        <span class="nl-number-badge work__unread" title={t.unread(unread)}>
                            <span aria-hidden="true">{unread}</span>
                            <span class="hidden">{t.unread(unread)}</span>
                        </span>
                    )}
                </span>
            </button>
        </li>
    );
}

/* The newest words of either side. */
function preview(log: Conversation | undefined): string | undefined {
    for (let i = (log?.count ?? 0) - 1; i >= 0; i--) {
        const entry = log?.list[i] as Entry;
        if (entry.kind === "message" && entry.text) return entry.text.slice(0, 120);
    }
    return undefined;
}

function Queues({ store, now }: { store: Console; now: number }) {
    const t = useText();
    const rows = store.board?.queues ?? [];
    if (rows.length === 0) return null;
    return (
        <section class="queues" aria-labelledby="queues-title">
            <h2 class="side-title" id="queues-title">
                {t.queues}
            </h2>
            <ul class="queues__list">
                {rows.map((row) => (
                    <li key={row.queue} class="queues__row" data-testid="queue" data-queue={row.queue}>
                        <span class="queues__name">{queueName(store.queues, row.queue)}</span>
                        <span class="queues__waiting" data-waiting={row.waiting}>
                            {t.waiting(row.waiting)}
                        </span>
                        {row.waiting > 0 && <span class="queues__oldest">{t.oldest(age(now - row.oldest_at))}</span>}
                    </li>
                ))}
            </ul>
        </section>
    );
}
