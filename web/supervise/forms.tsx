import { useState } from "preact/hooks";
import type { Wallboard } from "../client/wallboard.ts";
import { queueName } from "../parts/names.ts";
import { timeOfDay } from "../parts/time.ts";
import { useText } from "./text.ts";

const BULLETIN_LETTERS_MAX = 300; /* the wire takes more; nobody reads more */

/* A notice to agents, to all or to those of some queues. */
export function Bulletin({ store }: { store: Wallboard }) {
    const t = useText();
    const [text, setText] = useState("");
    const [queues, setQueues] = useState<readonly string[]>([]);
    const [sentAt, setSentAt] = useState(0);

    function send(event: Event) {
        event.preventDefault();
        if (text.trim() === "") return;
        store.tell(text.trim(), queues);
        if (store.problem !== null) return;
        setText("");
        setSentAt(Date.now());
    }

    return (
        <details class="panel fold fold--panel" data-testid="bulletin-fold">
            <summary class="fold__title">{t.bulletin}</summary>
            <form class="side-form" onSubmit={send}>
                <label class="utrecht-form-label" for="bulletin-text">
                    {t.bulletinText}
                </label>
                <textarea
                    id="bulletin-text"
                    class="utrecht-textarea utrecht-textarea--html-textarea"
                    rows={2}
                    maxLength={BULLETIN_LETTERS_MAX}
                    dir="auto"
                    value={text}
                    data-testid="bulletin-text"
                    onInput={(event) => setText(event.currentTarget.value)}
                />
                <fieldset class="checks">
                    <legend class="utrecht-form-label">{t.bulletinTo}</legend>
                    {store.queues.map((each) => (
                        <label key={each.queue} class="composer__note">
                            <input
                                type="checkbox"
                                checked={queues.includes(each.queue)}
                                data-testid={`bulletin-${each.queue}`}
                                onChange={(event) =>
                                    setQueues(
                                        event.currentTarget.checked
                                            ? [...queues, each.queue]
                                            : queues.filter((id) => id !== each.queue),
                                    )
                                }
                            />
                            {queueName(store.queues, each.queue)}
                        </label>
                    ))}
                </fieldset>
                <p class="hint">{t.bulletinHint}</p>
                <button type="submit" class="nl-button nl-button--primary" data-testid="bulletin-send">
                    {t.bulletinSend}
                </button>
                <p role="status" class="hint" data-testid="bulletin-sent">
                    {sentAt > 0 && t.bulletinSent(timeOfDay(sentAt))}
                </p>
            </form>
        </details>
    );
}

/* Any conversation, by the id that a log, a colleague or an alarm gives. */
export function OpenById({ store }: { store: Wallboard }) {
    const t = useText();
    const [id, setId] = useState("");
    return (
        <details class="panel fold fold--panel" data-testid="open-fold">
            <summary class="fold__title">{t.openById}</summary>
            <form
                class="side-form"
                onSubmit={(event) => {
                    event.preventDefault();
                    if (id.trim() !== "") store.open(id.trim());
                }}
            >
                <label class="utrecht-form-label" for="open-id">
                    {t.conversationId}
                </label>
                <div class="side-form__row">
                    <input
                        id="open-id"
                        class="utrecht-textbox utrecht-textbox--html-input"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck={false}
                        value={id}
                        data-testid="open-id"
                        onInput={(event) => setId(event.currentTarget.value)}
                    />
                    <button type="submit" class="nl-button nl-button--secondary" data-testid="open-do">
                        {t.openIt}
                    </button>
                </div>
            </form>
        </details>
    );
}
