import type { Console } from "../client/console.ts";
import { queueName } from "../parts/names.ts";
import { age, useNow } from "../parts/time.ts";
import { WorkItem } from "../parts/work-item.tsx";
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
                        <span class="queues__name">
                            {queueName(store.queues, row.queue)}
                            {row.closed === true && <span class="tag queues__shut">{t.queueShut}</span>}
                        </span>
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
