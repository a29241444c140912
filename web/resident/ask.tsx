import { useEffect, useRef, useState } from "preact/hooks";
import type { Resident } from "../client/resident.ts";
import type { QueueName } from "../client/frames.ts";
import { Composer, composerTooLong } from "../parts/composer.tsx";
import { BackIcon, NextIcon } from "../parts/icons.tsx";
import { named } from "../parts/language.ts";
import { useNow } from "../parts/time.ts";
import { Shut } from "./shut.tsx";
import { useText } from "./text.ts";
import { queueShut } from "./words.ts";

/* Before a conversation: a subject, then the question. */
export function Ask({ resident }: { resident: Resident }) {
    const t = useText();
    const now = useNow(30_000) + resident.clockMs;
    const [chosen, setChosen] = useState<string | null>(null);
    const queue = resident.queues.find((each) => each.queue === chosen);

    if (resident.staff)
        return (
            <main id="main" class="ask">
                <p class="notice">{t.staff}</p>
            </main>
        );
    if (queue !== undefined) return <Question resident={resident} queue={queue} now={now} onBack={() => setChosen(null)} />;
    return (
        <main id="main" class="ask">
            <h1 class="nl-heading nl-heading--level-1 ask__title">{t.askTitle}</h1>
            {resident.queues.length > 0 ? (
                <>
                    <p class="nl-paragraph nl-paragraph--lead">{t.askLead}</p>
                    <ul class="subjects">
                        {resident.queues.map((each) => (
                            <li key={each.queue}>
                                <button
                                    type="button"
                                    class="subject"
                                    data-testid={`subject-${each.queue}`}
                                    onClick={() => setChosen(each.queue)}
                                >
                                    <span>
                                        {named(each)}
                                        {queueShut(each, now) && <span class="subject__shut">{t.shut}</span>}
                                    </span>
                                    <NextIcon />
                                </button>
                            </li>
                        ))}
                    </ul>
                </>
            ) : (
                <p class="nl-paragraph">{resident.status.phase === "open" ? t.noSubjects : t.loading}</p>
            )}
        </main>
    );
}

interface QuestionProps {
    readonly resident: Resident;
    readonly queue: QueueName;
    readonly now: number;
    readonly onBack: () => void;
}

function Question({ resident, queue, now, onBack }: QuestionProps) {
    const t = useText();
    const [text, setText] = useState("");
    const [name, setName] = useState("");
    const title = useRef<HTMLHeadingElement>(null);
    const shut = queueShut(queue, now);
    useEffect(() => title.current?.focus(), []);

    function send() {
        if (text.trim() === "" || composerTooLong(text, resident.textBytesMax)) return;
        resident.begin(queue.queue, text.trim(), name.trim() || undefined);
    }

    return (
        <main id="main" class="ask">
            <button type="button" class="back" onClick={onBack}>
                <BackIcon />
                {t.otherSubject}
            </button>
            <h1 class="nl-heading nl-heading--level-1 ask__title" tabIndex={-1} ref={title}>
                {named(queue)}
            </h1>
            {shut && <Shut queue={queue} now={now} />}
            {!(shut && queue.outside === "close") && (
                <form
                    class="ask__form"
                    onSubmit={(event) => {
                        event.preventDefault();
                        send();
                    }}
                >
                    <label class="utrecht-form-label" for="name">
                        {t.yourName}
                    </label>
                    <input
                        class="utrecht-textbox utrecht-textbox--html-input"
                        id="name"
                        autocomplete="name"
                        maxLength={60}
                        value={name}
                        onInput={(event) => setName(event.currentTarget.value)}
                        data-testid="name"
                    />
                    <label class="utrecht-form-label" for="question">
                        {t.yourQuestion}
                    </label>
                    <Composer
                        id="question"
                        label={null}
                        value={text}
                        bytesMax={resident.textBytesMax}
                        tooLong={t.tooLong}
                        rows={4}
                        enterSends={false}
                        onValue={setText}
                        onSend={send}
                    />
                    <p class="hint">{t.privacy}</p>
                    <button class="nl-button nl-button--primary" type="submit" data-testid="send">
                        {t.send}
                    </button>
                </form>
            )}
        </main>
    );
}
