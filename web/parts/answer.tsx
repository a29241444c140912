import { useEffect, useState } from "preact/hooks";
import type { Desk } from "../client/desk.ts";
import type { Channel, Work } from "../client/frames.ts";
import { outboxFull } from "../client/outbox.ts";
import type { Thread } from "../client/thread.ts";
import { ChannelMark } from "./channel.tsx";
import { Composer, composerTooLong } from "./composer.tsx";
import { SendIcon } from "./icons.tsx";
import { channelName } from "./names.ts";
import { useText } from "./staff-text.ts";

interface AnswerProps {
    readonly store: Desk;
    readonly work: Work;
    readonly thread: Thread;
    readonly onSaid: () => void;
}

export type Mode = "answer" | "note" | "whisper";

/** What one may write: who takes part answers and notes; a supervisor whispers, too, and nothing else while reading along. */
export function answerModes(store: Desk, work: Work): Mode[] {
    const part: Mode[] = store.takesPart(work) ? ["answer", "note"] : [];
    return store.session.role === "supervisor" ? [...part, "whisper"] : part;
}

/* The answer, on the channel that the resident used last unless the agent picks another; or a note for colleagues, or a whisper to the agent. */
export function Answer({ store, work, thread, onSaid }: AnswerProps) {
    const t = useText();
    const [picked, setPicked] = useState<Channel | null>(null);
    const modes = answerModes(store, work);
    /* What was begun as a whisper stays one when its author joins. */
    const [wanted, setMode] = useState<Mode>(modes[0] ?? "answer");
    const mode = modes.includes(wanted) ? wanted : (modes[0] ?? "answer");
    const channels = store.channels(work);
    const channel = picked !== null && channels.includes(picked) ? picked : (work.channel as Channel);
    const text = store.drafts.get(work.conversation) ?? "";
    const full = outboxFull(thread.box);
    const names = {
        answer: { label: t.answer, placeholder: t.answerPlaceholder, send: t.send },
        note: { label: t.note, placeholder: t.notePlaceholder, send: t.saveNote },
        whisper: { label: t.whisper, placeholder: t.whisperPlaceholder, send: t.saveWhisper },
    };

    useEffect(() => {
        /* On a phone the keyboard would cover what one came to read. */
        if (matchMedia("(pointer: fine)").matches) document.getElementById("answer")?.focus();
    }, []);

    function send() {
        if (text.trim() === "" || composerTooLong(text, store.textBytesMax)) return;
        if (!thread.say(text.trim(), mode === "answer" ? { channel } : { [mode]: true })) return;
        store.setDraft(work.conversation, "");
        if (mode === "note") setMode("answer");
        onSaid();
    }

    return (
        <form
            class={`composer composer--${mode}`}
            onSubmit={(event) => {
                event.preventDefault();
                send();
            }}
        >
            <div class="composer__tools">
                {mode === "answer" && (
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
                {modes.length > 1 &&
                    modes.slice(1).map((each) => (
                        <label key={each} class="composer__note">
                            <input
                                type="checkbox"
                                checked={mode === each}
                                data-testid={each}
                                onChange={(event) => setMode(event.currentTarget.checked ? each : "answer")}
                            />
                            {each === "note" ? t.note : t.whisper}
                        </label>
                    ))}
                {mode === "whisper" && <span class="hint">{t.whisperFor}</span>}
            </div>
            <div class="composer__row">
                <Composer
                    id="answer"
                    label={names[mode].label}
                    value={text}
                    bytesMax={store.textBytesMax}
                    tooLong={t.tooLong}
                    placeholder={names[mode].placeholder}
                    rows={2}
                    enterSends={true}
                    onValue={(value) => {
                        store.setDraft(work.conversation, value);
                        if (value !== "" && mode === "answer") thread.typing();
                    }}
                    onSend={send}
                />
                <button class="nl-button nl-button--primary composer__send" type="submit" data-testid="send">
                    <span class="nl-button__icon-start">
                        <SendIcon />
                    </span>
                    <span class="nl-button__label composer__send-text">{names[mode].send}</span>
                </button>
            </div>
            <p class="hint composer__keys">{full ? t.outboxFull : t.sendKeys}</p>
        </form>
    );
}
