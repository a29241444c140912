import type { Conversation } from "../client/conversation.ts";
import { conversationEntries } from "../client/conversation.ts";
import type { Desk } from "../client/desk.ts";
import type { Entry, Work } from "../client/frames.ts";
import { workReturned } from "../client/work.ts";
import { ChannelMark } from "./channel.tsx";
import { channelName, residentName } from "./names.ts";
import { useText } from "./staff-text.ts";
import { age } from "./time.ts";

/* One conversation of a list of one's own. */
export function WorkItem({ store, work, now }: { store: Desk; work: Work; now: number }) {
    const t = useText();
    const unread = store.unread(work.conversation);
    const current = store.selected === work.conversation;
    const thread = store.threads.get(work.conversation);
    const failed = thread?.box.items.some((each) => each.failed !== undefined);
    const back = thread !== undefined && workReturned(conversationEntries(thread.log), store.session) !== null;
    return (
        <li>
            <button
                type="button"
                class="work__item"
                aria-current={current ? "true" : undefined}
                data-testid="work-item"
                data-conversation={work.conversation}
                data-channel={work.channel}
                data-state={work.state}
                data-unread={unread}
                onClick={() => store.select(work.conversation)}
            >
                <ChannelMark channel={work.channel} name={channelName(work.channel, t)} />
                <span class="work__name">{residentName(work, t)}</span>
                <span class="work__age">{age(now - work.opened_at)}</span>
                <span class="work__preview">{preview(thread?.log) ?? work.preview ?? work.subject ?? ""}</span>
                <span class="work__marks">
                    {failed && <span class="tag tag--error">{t.unsent}</span>}
                    {work.state === "wrap_up" && <span class="tag tag--note">{t.wrapUp}</span>}
                    {back && <span class="tag tag--note">{t.returnedTag}</span>}
                    {store.part(work) === "joined" && <span class="tag">{t.joined}</span>}
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
