import { useState } from "preact/hooks";
import type { Work } from "../client/frames.ts";
import type { Wallboard } from "../client/wallboard.ts";
import { Finish, finishAsks } from "../parts/finish.tsx";
import { HandOver } from "../parts/hand-over.tsx";
import type { Tool } from "../parts/tools.tsx";
import { useText, type Text } from "./text.ts";

const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/* What a supervisor can do with any conversation that is not over. */
export function supervisorTools(store: Wallboard, work: Work, t: Text): Tool[] {
    const { conversation } = work;
    if (work.state === "closed") return [];
    const part = store.part(work);
    const panel = { store, work };
    const tools: Tool[] = [];
    if (part === "joined") tools.push({ name: "leave", label: t.leave, act: () => store.leave(conversation) });
    else if (part !== "owner") tools.push({ name: "join", label: t.joinSelf, act: () => store.join(conversation) });
    if (part !== "owner") tools.push({ name: "take", label: t.take, act: () => store.take(conversation) });
    tools.push({ name: "hand-over", label: t.handOver, panel: (close) => <HandOver {...panel} onDone={close} /> });
    tools.push({ name: "prioritise", label: t.priority, panel: (close) => <Prioritise {...panel} onDone={close} /> });
    if (work.state === "wrap_up" && part === "owner") return tools;
    const close = { name: "close", label: t.close, main: true };
    /* Only who has it is asked for a reason. */
    if (part === "owner" && finishAsks(store, work))
        tools.push({ ...close, panel: (done) => <Finish {...panel} label={t.close} testid="close-do" onDone={done} /> });
    else tools.push({ ...close, act: () => store.close(conversation) });
    return tools;
}

function Prioritise({ store, work, onDone }: { store: Wallboard; work: Work; onDone: () => void }) {
    const t = useText();
    const [priority, setPriority] = useState(work.priority ?? 0);
    return (
        <form
            class="side-form"
            onSubmit={(event) => {
                event.preventDefault();
                store.prioritise(work.conversation, priority);
                onDone();
            }}
        >
            <label class="utrecht-form-label" for="priority">
                {t.priority}
            </label>
            <div class="side-form__row">
                <select
                    id="priority"
                    class="utrecht-select utrecht-select--html-select"
                    value={String(priority)}
                    aria-describedby="priority-hint"
                    data-testid="priority"
                    onChange={(event) => setPriority(Number(event.currentTarget.value))}
                >
                    {PRIORITIES.map((each) => (
                        <option key={each} value={String(each)}>
                            {each === 0 ? t.priorityUsual : String(each)}
                        </option>
                    ))}
                </select>
                <button type="submit" class="nl-button nl-button--primary" data-testid="prioritise-do">
                    {t.prioritise}
                </button>
            </div>
            <p class="hint" id="priority-hint">
                {t.priorityHint}
            </p>
        </form>
    );
}
