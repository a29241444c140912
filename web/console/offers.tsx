import { useEffect, useRef, useState } from "preact/hooks";
import type { Console } from "../client/console.ts";
import type { Work } from "../client/frames.ts";
import { countdown } from "../client/work.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { Countdown } from "../parts/countdown.tsx";
import { channelName, queueName, residentName } from "../parts/names.ts";
import { clock, useNow } from "../parts/time.ts";
import { useText } from "./text.ts";

/* What rings: conversations that are offered, above all others, each until it is answered or its time is up; and that one was missed. */
export function Offers({ store }: { store: Console }) {
    const t = useText();
    const now = useNow(250) + store.clockMs;
    const offers = store.offers();
    return (
        <>
            <Ringer store={store} offers={offers} />
            <section class="offers" aria-label={t.offers} hidden={offers.length === 0 && store.presence !== "missed"}>
                {store.presence === "missed" && <Missed store={store} />}
                {offers.map((work) => (
                    <Offer key={work.conversation} store={store} work={work} now={now} />
                ))}
            </section>
        </>
    );
}

/* Always in the page, so that screen readers hear it change: each offer once, at once. Its countdown is for the eyes. */
function Ringer({ store, offers }: { store: Console; offers: readonly Work[] }) {
    const t = useText();
    return (
        <div class="hidden" role="alert" data-testid="ringer">
            {store.presence === "missed" && <p>{`${t.missedTitle}. ${t.missedText}`}</p>}
            {offers.map((work) => (
                <p key={work.conversation}>
                    {t.offerHeard(channelName(work.channel, t), queueName(store.queues, work.queue), residentName(work, t))}
                </p>
            ))}
        </div>
    );
}

function Offer({ store, work, now }: { store: Console; work: Work; now: number }) {
    const t = useText();
    const [declining, setDeclining] = useState(false);
    const { conversation, due_at } = work;
    const from = store.offeredAt.get(conversation) ?? now;
    const time = due_at === undefined ? null : countdown(due_at, due_at - from, now);
    const title = `offer-${conversation}`;
    return (
        <article class="offer" aria-labelledby={title} data-testid="offer" data-conversation={conversation}>
            <h2 class="offer__title" id={title}>
                {t.offerTitle}
                {time !== null && <span class="offer__time">{t.timeLeft(clock(time.left_s * 1000))}</span>}
            </h2>
            {time !== null && <Countdown share={time.share} />}
            <p class="offer__who">
                <ChannelMark channel={work.channel} name={channelName(work.channel, t)} named />
                <span>{queueName(store.queues, work.queue)}</span>
                <strong>{residentName(work, t)}</strong>
            </p>
            {(work.preview || work.subject) && <p class="offer__preview">{work.preview || work.subject}</p>}
            {declining ? (
                <Decline store={store} conversation={conversation} onCancel={() => setDeclining(false)} />
            ) : (
                <div class="offer__choices">
                    <button
                        type="button"
                        class="nl-button nl-button--primary"
                        data-testid="accept"
                        onClick={() => store.accept(conversation)}
                    >
                        {t.accept}
                    </button>
                    <button
                        type="button"
                        class="nl-button nl-button--secondary"
                        data-testid="decline"
                        onClick={() => setDeclining(true)}
                    >
                        {t.decline}
                    </button>
                </div>
            )}
        </article>
    );
}

function Decline({ store, conversation, onCancel }: { store: Console; conversation: string; onCancel: () => void }) {
    const t = useText();
    const [reason, setReason] = useState("");
    const field = useRef<HTMLInputElement>(null);
    const id = `decline-${conversation}`;
    useEffect(() => field.current?.focus(), []);
    return (
        <form
            class="side-form"
            onSubmit={(event) => {
                event.preventDefault();
                store.decline(conversation, reason.trim() || undefined);
            }}
        >
            <label class="utrecht-form-label" for={id}>
                {t.declineWhy}
            </label>
            <input
                ref={field}
                id={id}
                class="utrecht-textbox utrecht-textbox--html-input"
                maxLength={200}
                value={reason}
                data-testid="decline-reason"
                onInput={(event) => setReason(event.currentTarget.value)}
            />
            <div class="offer__choices">
                <button type="submit" class="nl-button nl-button--primary" data-testid="decline-do">
                    {t.declineDo}
                </button>
                <button type="button" class="nl-button nl-button--secondary" onClick={onCancel}>
                    {t.cancel}
                </button>
            </div>
        </form>
    );
}

function Missed({ store }: { store: Console }) {
    const t = useText();
    return (
        <div class="offer offer--missed" data-testid="missed">
            <h2 class="offer__title">{t.missedTitle}</h2>
            <p>{t.missedText}</p>
            <div class="offer__choices">
                <button
                    type="button"
                    class="nl-button nl-button--primary"
                    data-testid="missed-back"
                    onClick={() => store.setPresence("available")}
                >
                    {t.missedBack}
                </button>
            </div>
        </div>
    );
}
