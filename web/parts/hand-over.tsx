import { useState } from "preact/hooks";
import type { Desk } from "../client/desk.ts";
import type { Work } from "../client/frames.ts";
import { queueName } from "./names.ts";
import { People } from "./people.tsx";
import { useText } from "./staff-text.ts";

interface PanelProps {
    readonly store: Desk;
    readonly work: Work;
    readonly onDone: () => void;
}

const SAME = ""; /* back to its own queue, at its old place */

/* To a colleague who takes work now, or to a queue. */
export function HandOver({ store, work, onDone }: PanelProps) {
    const t = useText();
    const [to, setTo] = useState<"agent" | "queue">("agent");
    const [agent, setAgent] = useState<string | null>(null);
    const [queue, setQueue] = useState(SAME);

    function submit(event: Event) {
        event.preventDefault();
        const { conversation } = work;
        if (to === "agent") {
            if (agent === null) return;
            store.transfer(conversation, { agent });
        } else if (queue === SAME) store.requeue(conversation);
        else store.transfer(conversation, { queue });
        onDone();
    }

    return (
        <form class="side-form" onSubmit={submit}>
            <fieldset class="pick">
                <legend class="hidden">{t.handOver}</legend>
                {(["agent", "queue"] as const).map((each) => (
                    <label key={each} class="pick__choice">
                        <input
                            class="pick__input"
                            type="radio"
                            name="hand-over-to"
                            value={each}
                            checked={to === each}
                            data-testid={`hand-over-${each}`}
                            onChange={() => setTo(each)}
                        />
                        <span class="pick__face">{each === "agent" ? t.toColleague : t.toQueue}</span>
                    </label>
                ))}
            </fieldset>
            {to === "agent" ? (
                <People
                    store={store}
                    work={work}
                    name="transfer-to"
                    chosen={agent}
                    can={(each) => each.takes}
                    onChoose={setAgent}
                />
            ) : (
                <>
                    <label class="utrecht-form-label" for="transfer-queue">
                        {t.queue}
                    </label>
                    <select
                        id="transfer-queue"
                        class="utrecht-select utrecht-select--html-select"
                        value={queue}
                        data-testid="transfer-queue"
                        onChange={(event) => setQueue(event.currentTarget.value)}
                    >
                        <option value={SAME}>{t.sameQueue}</option>
                        {store.queues
                            .filter((each) => each.queue !== work.queue)
                            .map((each) => (
                                <option key={each.queue} value={each.queue}>
                                    {queueName(store.queues, each.queue)}
                                </option>
                            ))}
                    </select>
                </>
            )}
            <button
                type="submit"
                class="nl-button nl-button--primary"
                disabled={to === "agent" && agent === null}
                data-testid="transfer"
            >
                {t.handOver}
            </button>
        </form>
    );
}

/* A colleague who reads and writes along. */
export function BringIn({ store, work, onDone }: PanelProps) {
    const t = useText();
    const [agent, setAgent] = useState<string | null>(null);
    return (
        <form
            class="side-form"
            onSubmit={(event) => {
                event.preventDefault();
                if (agent === null) return;
                store.join(work.conversation, agent);
                onDone();
            }}
        >
            <p class="hint">{t.joinHint}</p>
            <People
                store={store}
                work={work}
                name="join-who"
                chosen={agent}
                can={(each) => each.row.presence !== "offline"}
                onChoose={setAgent}
            />
            <button type="submit" class="nl-button nl-button--primary" disabled={agent === null} data-testid="join-do">
                {t.joinDo}
            </button>
        </form>
    );
}
