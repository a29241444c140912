import { useId, useState } from "preact/hooks";
import type { Desk } from "../client/desk.ts";
import type { QueueName, Work } from "../client/frames.ts";
import { countdown } from "../client/work.ts";
import { Countdown } from "./countdown.tsx";
import { reasonName } from "./names.ts";
import { useText } from "./staff-text.ts";
import { clock, useNow } from "./time.ts";

interface FinishProps {
    readonly store: Desk;
    readonly work: Work;
    /** Name of the button. */
    readonly label: string;
    readonly testid: string;
    readonly onDone?: () => void;
}

function queueOf(store: Desk, work: Work): QueueName | undefined {
    return store.queues.find((each) => each.queue === work.queue);
}

/** Ending it takes a reason at once: its queue has reasons, and no wrap-up in which to choose one. */
export function finishAsks(store: Desk, work: Work): boolean {
    const queue = queueOf(store, work);
    return (queue?.reasons ?? []).length > 0 && (queue?.wrap_up_s ?? 0) === 0;
}

/* The end, with one of the queue's reasons when it has any. */
export function Finish({ store, work, label, testid, onDone }: FinishProps) {
    const t = useText();
    const id = useId();
    const [reason, setReason] = useState("");
    const [asked, setAsked] = useState(false);
    const reasons = queueOf(store, work)?.reasons ?? [];
    const missing = asked && reasons.length > 0 && reason === "";
    return (
        <form
            class="side-form finish"
            onSubmit={(event) => {
                event.preventDefault();
                setAsked(true);
                if (reasons.length > 0 && reason === "") return;
                store.close(work.conversation, reason || undefined);
                onDone?.();
            }}
        >
            {reasons.length > 0 && (
                <label class="utrecht-form-label" for={id}>
                    {t.reason}
                </label>
            )}
            <div class="side-form__row">
                {reasons.length > 0 && (
                    <select
                        id={id}
                        class="utrecht-select utrecht-select--html-select"
                        value={reason}
                        aria-invalid={missing ? "true" : undefined}
                        aria-describedby={missing ? `${id}-missing` : undefined}
                        data-testid="reason"
                        onChange={(event) => setReason(event.currentTarget.value)}
                    >
                        <option value="">{t.reasonChoose}</option>
                        {reasons.map((each) => (
                            <option key={each} value={each}>
                                {reasonName(each)}
                            </option>
                        ))}
                    </select>
                )}
                <button type="submit" class="nl-button nl-button--primary" data-testid={testid}>
                    {label}
                </button>
            </div>
            {missing && (
                <p class="composer__problem" id={`${id}-missing`} role="alert">
                    {t.reasonNeeded}
                </p>
            )}
        </form>
    );
}

/* After the end: what is left to do, and for how long. */
export function WrapUp({ store, work }: { store: Desk; work: Work }) {
    const t = useText();
    const now = useNow(500) + store.clockMs;
    const total = (queueOf(store, work)?.wrap_up_s ?? 0) * 1000;
    const time = work.due_at === undefined ? null : countdown(work.due_at, total, now);
    return (
        <section class="wrap-up" aria-labelledby="wrap-up-title" data-testid="wrap-up">
            <h3 class="wrap-up__title" id="wrap-up-title">
                {t.wrapUp}
                {time !== null && <span class="wrap-up__time">{t.timeLeft(clock(time.left_s * 1000))}</span>}
            </h3>
            {time !== null && <Countdown share={time.share} />}
            <p class="hint">{t.wrapUpHint}</p>
            <Finish store={store} work={work} label={t.finish} testid="finish" />
        </section>
    );
}
