import { useState } from "preact/hooks";
import type { Console } from "../client/console.ts";
import type { Channel, Work } from "../client/frames.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { BackIcon } from "../parts/icons.tsx";
import { timeWithDate } from "../parts/time.ts";
import { channelName, queueName, residentName } from "./names.ts";
import { useText } from "./text.ts";

interface DetailsProps {
    readonly store: Console;
    readonly work: Work;
    readonly onBack: () => void;
}

export function Details({ store, work, onBack }: DetailsProps) {
    const t = useText();
    const addresses = work.addresses ?? [];
    const mine = store.holds(work);
    return (
        <aside id="details" class="console__details" aria-label={t.details}>
            <button type="button" class="back console__details-back" onClick={onBack}>
                <BackIcon />
                {t.thread}
            </button>
            <h2 class="side-title">{t.details}</h2>
            <dl class="facts">
                <dt>{t.resident}</dt>
                <dd>{residentName(work, t)}</dd>
                <dt>{t.queue}</dt>
                <dd>{queueName(store.queues, work.queue)}</dd>
                {work.subject && (
                    <>
                        <dt>{t.subject}</dt>
                        <dd>{work.subject}</dd>
                    </>
                )}
                <dt>{t.openedAt}</dt>
                <dd>{timeWithDate(work.opened_at)}</dd>
                <dt>{t.channelChat}</dt>
                <dd>{work.present ? t.present : t.absent}</dd>
            </dl>
            <h3 class="side-title">{t.addresses}</h3>
            {addresses.length === 0 && <p class="side-empty">{t.noAddresses}</p>}
            <ul class="addresses">
                {addresses.map((each) => (
                    <li key={`${each.channel} ${each.address}`} class="addresses__row">
                        <ChannelMark channel={each.channel} name={channelName(each.channel, t)} />
                        <span class="addresses__text">{each.address}</span>
                        {mine && (
                            <button
                                type="button"
                                class="link-button"
                                aria-label={t.unlink(each.address)}
                                onClick={() => store.unlink(work.conversation, each.channel, each.address)}
                            >
                                {t.unlinkShort}
                            </button>
                        )}
                    </li>
                ))}
            </ul>
            {mine && (
                <>
                    <details class="fold" data-testid="link-fold">
                        <summary class="fold__title">{t.linkTitle}</summary>
                        <LinkForm store={store} work={work} />
                    </details>
                    <details class="fold" data-testid="requeue-fold">
                        <summary class="fold__title">{t.requeue}</summary>
                        <MoveForm store={store} work={work} />
                    </details>
                </>
            )}
        </aside>
    );
}

function LinkForm({ store, work }: { store: Console; work: Work }) {
    const t = useText();
    const [address, setAddress] = useState("");
    const [channel, setChannel] = useState<Channel>("email");
    return (
        <form
            class="side-form"
            onSubmit={(event) => {
                event.preventDefault();
                if (address.trim() === "") return;
                store.link(work.conversation, channel, address.trim());
                setAddress("");
            }}
        >
            <p class="hint" id="link-hint">
                {t.linkHint}
            </p>
            <label class="utrecht-form-label" for="link-channel">
                {t.linkChannel}
            </label>
            <select
                id="link-channel"
                class="utrecht-select utrecht-select--html-select"
                value={channel}
                data-testid="link-channel"
                onChange={(event) => setChannel(event.currentTarget.value as Channel)}
            >
                <option value="email">{t.channelEmail}</option>
                <option value="sms">{t.channelSms}</option>
            </select>
            <label class="utrecht-form-label" for="link-address">
                {t.linkAddress}
            </label>
            <input
                id="link-address"
                class="utrecht-textbox utrecht-textbox--html-input"
                type={channel === "email" ? "email" : "tel"}
                autocomplete="off"
                aria-describedby="link-hint"
                value={address}
                data-testid="link-address"
                onInput={(event) => setAddress(event.currentTarget.value)}
            />
            <button type="submit" class="nl-button nl-button--secondary" data-testid="link">
                {t.link}
            </button>
        </form>
    );
}

function MoveForm({ store, work }: { store: Console; work: Work }) {
    const t = useText();
    const [queue, setQueue] = useState("");
    return (
        <form
            class="side-form"
            onSubmit={(event) => {
                event.preventDefault();
                store.requeue(work.conversation, queue || undefined);
            }}
        >
            <label class="utrecht-form-label" for="move-queue">
                {t.requeueTo}
            </label>
            <select
                id="move-queue"
                class="utrecht-select utrecht-select--html-select"
                value={queue}
                data-testid="requeue-queue"
                onChange={(event) => setQueue(event.currentTarget.value)}
            >
                <option value="">{t.requeueSame}</option>
                {store.queues
                    .filter((each) => each.queue !== work.queue)
                    .map((each) => (
                        <option key={each.queue} value={each.queue}>
                            {queueName(store.queues, each.queue)}
                        </option>
                    ))}
            </select>
            <button type="submit" class="nl-button nl-button--secondary" data-testid="requeue">
                {t.move}
            </button>
        </form>
    );
}
