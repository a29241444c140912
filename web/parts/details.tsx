import { Fragment } from "preact";
import { useState } from "preact/hooks";
import type { Desk } from "../client/desk.ts";
import type { Channel, Work } from "../client/frames.ts";
import { ChannelMark } from "./channel.tsx";
import { BackIcon } from "./icons.tsx";
import { timeWithDate } from "./time.ts";
import { agentName, channelName, languageName, queueName, residentName } from "./names.ts";
import { useText } from "./staff-text.ts";

interface DetailsProps {
    readonly store: Desk;
    readonly work: Work;
    readonly onBack: () => void;
}

export function Details({ store, work, onBack }: DetailsProps) {
    const t = useText();
    const addresses = work.addresses ?? [];
    const mine = store.holds(work);
    const joined = work.joined ?? [];
    const facts: [string, string][] = [];
    if (work.opened_at > 0) facts.push([t.openedAt, timeWithDate(work.opened_at)]);
    if (work.language) facts.push([t.languageWanted, languageName(work.language)]);
    if ((work.priority ?? 0) > 0) facts.push([t.priority, String(work.priority)]);
    if (work.first_due_at !== undefined) facts.push([t.firstDue, timeWithDate(work.first_due_at)]);
    if (work.resolve_due_at !== undefined) facts.push([t.resolveDue, timeWithDate(work.resolve_due_at)]);
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
                {facts.map(([name, value]) => (
                    <Fragment key={name}>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </Fragment>
                ))}
                <dt>{t.channelChat}</dt>
                <dd>{work.present ? t.present : t.absent}</dd>
            </dl>
            {joined.length > 0 && <h3 class="side-title">{t.joined}</h3>}
            <ul class="taking-part" data-testid="joined">
                {joined.map((each) => (
                    <li key={each} class="addresses__row taking-part__row">
                        <span class="addresses__text">{agentName(store, each)}</span>
                        {mine && (
                            <button
                                type="button"
                                class="link-button"
                                aria-label={t.putOut(agentName(store, each))}
                                data-testid={`part-${each}`}
                                onClick={() => store.leave(work.conversation, each)}
                            >
                                {t.putOutShort}
                            </button>
                        )}
                    </li>
                ))}
            </ul>
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
                <details class="fold" data-testid="link-fold">
                    <summary class="fold__title">{t.linkTitle}</summary>
                    <LinkForm store={store} work={work} />
                </details>
            )}
        </aside>
    );
}

function LinkForm({ store, work }: { store: Desk; work: Work }) {
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
