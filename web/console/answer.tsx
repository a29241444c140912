import { useEffect, useState } from "preact/hooks";
import type { Console } from "../client/console.ts";
import type { Channel, Work } from "../client/frames.ts";
import { outboxFull } from "../client/outbox.ts";
import type { Thread } from "../client/thread.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { Composer, composerTooLong } from "../parts/composer.tsx";
import { SendIcon } from "../parts/icons.tsx";
import { channelName } from "./names.ts";
import { useText } from "./text.ts";

interface AnswerProps {
    readonly store: Console;
    readonly work: Work;
    readonly thread: Thread;
    readonly onSaid: () => void;
}

/* The answer, on the channel that the resident used last unless the agent picks another; or a note for colleagues. */
export function Answer({ store, work, thread, onSaid }: AnswerProps) {
    const t = useText();
    const [picked, setPicked] = useState<Channel | null>(null);
    const [note, setNote] = useState(false);
    const channels = store.channels(work);
    const channel = picked !== null && channels.includes(picked) ? picked : (work.channel as Channel);
    const text = store.drafts.get(work.conversation) ?? "";
    const full = outboxFull(thread.box);

    useEffect(() => {
        /* On a phone the keyboard would cover what one came to read. */
        if (matchMedia("(pointer: fine)").matches) document.getElementById("answer")?.focus();
    }, []);

    function send() {
        if (text.trim() === "" || composerTooLong(text, store.textBytesMax)) return;
        if (!thread.say(text.trim(), note ? { note: true } : { channel })) return;
        store.setDraft(work.conversation, "");
        setNote(false);
        onSaid();
    }

    return (
        <form
            class={`composer ${note ? "composer--note" : ""}`}
            onSubmit={(event) => {
                event.preventDefault();
                send();
            }}
        >
            <div class="composer__tools">
                {!note && (
                    <fieldset class="pick" data-testid="channels" data-channel={channel}>
                        <legend class="hidden">{t.channel}</legend>
                        {channels.map((each) => (
                            <label key={each} class="pick__choice">
                                <input
                                    class="pick__input"
                                    type="radio"
                                    name="channel"
                                    value={each}
                                    checked={each === channel}
                                    data-testid={`channel-${each}`}
                                    onChange={() => setPicked(each)}
                                />
                                <span class="pick__face">
                                    <ChannelMark channel={each} name={channelName(each, t)} named />
                                </span>
                            </label>
                        ))}
                    </fieldset>
                )}
                <label class="composer__note">
                    <input
                        type="checkbox"
                        checked={note}
                        data-testid="note"
                        onChange={(event) => setNote(event.currentTarget.checked)}
                    />
                    {t.note}
                </label>
            </div>
            <div class="composer__row">
                <Composer
                    id="answer"
                    label={note ? t.note : t.answer}
                    value={text}
                    bytesMax={store.textBytesMax}
                    tooLong={t.tooLong}
                    placeholder={note ? t.notePlaceholder : t.answerPlaceholder}
                    rows={2}
                    enterSends={true}
                    onValue={(value) => {
                        store.setDraft(work.conversation, value);
                        if (value !== "" && !note) thread.typing();
                    }}
                    onSend={send}
                />
                <button class="nl-button nl-button--primary composer__send" type="submit" data-testid="send">
                    <span class="nl-button__icon-start">
                        <SendIcon />
                    </span>
                    <span class="nl-button__label composer__send-text">{note ? t.saveNote : t.send}</span>
                </button>
            </div>
            <p class="hint composer__keys">{full ? t.outboxFull : t.sendKeys}</p>
        </form>
    );
}
