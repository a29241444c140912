import { useState } from "preact/hooks";
import type { Desk } from "../client/desk.ts";
import type { Work } from "../client/frames.ts";
import { snoozeChoices, snoozeField, snoozeOwn } from "../client/snooze.ts";
import { useText } from "./staff-text.ts";
import { timeOfDay } from "./time.ts";

/* Put away until a time that people think in, or until the resident writes. */
export function Snooze({ store, work, onDone }: { store: Desk; work: Work; onDone: () => void }) {
    const t = useText();
    const now = Date.now();
    const [own, setOwn] = useState("");
    const [past, setPast] = useState(false);
    const names = { hour: t.snoozeHour, afternoon: t.snoozeAfternoon, tomorrow: t.snoozeTomorrow, monday: t.snoozeMonday };

    function put(until?: number) {
        store.snooze(work.conversation, until);
        onDone();
    }

    function putOwn(event: Event) {
        event.preventDefault();
        const until = snoozeOwn(own, Date.now());
        setPast(until === null);
        if (until !== null) put(until);
    }

    return (
        <form class="side-form" onSubmit={putOwn} noValidate>
            <p class="hint">{t.snoozeHint}</p>
            <div class="choices" role="group" aria-label={t.snoozeTitle}>
                {snoozeChoices(now).map(({ name, until }) => (
                    <button
                        key={name}
                        type="button"
                        class="nl-button nl-button--secondary"
                        data-testid={`snooze-${name}`}
                        onClick={() => put(until)}
                    >
                        {names[name](timeOfDay(until))}
                    </button>
                ))}
                <button
                    type="button"
                    class="nl-button nl-button--secondary"
                    data-testid="snooze-reply"
                    onClick={() => put(undefined)}
                >
                    {t.snoozeReply}
                </button>
            </div>
            <label class="utrecht-form-label" for="snooze-own">
                {t.snoozeOwn}
            </label>
            <div class="side-form__row">
                <input
                    id="snooze-own"
                    class="utrecht-textbox utrecht-textbox--html-input"
                    type="datetime-local"
                    min={snoozeField(now)}
                    value={own}
                    aria-invalid={past ? "true" : undefined}
                    aria-describedby={past ? "snooze-past" : undefined}
                    data-testid="snooze-own"
                    onInput={(event) => setOwn(event.currentTarget.value)}
                />
                <button type="submit" class="nl-button nl-button--secondary" data-testid="snooze-do">
                    {t.snoozeDo}
                </button>
            </div>
            {past && (
                <p class="composer__problem" id="snooze-past" role="alert">
                    {t.snoozePast}
                </p>
            )}
        </form>
    );
}
