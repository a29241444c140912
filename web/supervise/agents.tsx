import type { AgentRow, Board } from "../client/frames.ts";
import type { Wallboard } from "../client/wallboard.ts";
import { presenceChoices, presenceDot, presenceName, queueName, residentName } from "../parts/names.ts";
import { age } from "../parts/time.ts";
import { useText } from "./text.ts";

const ORDER: Record<string, number> = { available: 0, busy: 1, wrap_up: 2, missed: 4, break: 5, offline: 6 };
const OWN = 3;

interface AgentsProps {
    readonly store: Wallboard;
    readonly board: Board;
    readonly now: number;
}

export function Agents({ store, board, now }: AgentsProps) {
    const t = useText();
    const agents = [...(board.agents ?? [])].sort(
        (a, b) => (ORDER[a.presence] ?? OWN) - (ORDER[b.presence] ?? OWN) || a.name.localeCompare(b.name),
    );
    return (
        <section class="panel" aria-labelledby="agents-title">
            <h2 class="nl-heading nl-heading--level-3 panel__title" id="agents-title">
                {t.agents}
            </h2>
            {agents.length === 0 ? (
                <p class="side-empty">{t.noAgents}</p>
            ) : (
                <div class="panel__scroll" tabIndex={0} role="region" aria-labelledby="agents-title">
                    <table class="rows">
                        <thead>
                            <tr>
                                <th scope="col">{t.agent}</th>
                                <th scope="col">{t.agentPresence}</th>
                                <th scope="col">{t.load}</th>
                                <th scope="col" class="rows__number">
                                    {t.conversations}
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            {agents.map((row) => (
                                <Row key={row.agent} store={store} row={row} now={now} />
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </section>
    );
}

function Row({ store, row, now }: { store: Wallboard; row: AgentRow; now: number }) {
    const t = useText();
    const known = store.workOf(row.agent);
    const missed = row.missed ?? 0;
    const aside = row.aside ?? 0;
    return (
        <tr data-testid="agent-row" data-agent={row.agent} data-presence={row.presence} data-load={row.load} data-missed={missed}>
            <th scope="row">
                {row.name}
                <span class="rows__sub">{(row.queues ?? []).map((each) => queueName(store.queues, each)).join(", ")}</span>
            </th>
            <td>
                <PresenceSelect store={store} row={row} />
                <span class="rows__sub">
                    {[
                        row.since > 0 && age(now - row.since),
                        row.here !== true && row.presence !== "offline" && t.notHere,
                        missed > 0 && t.missedOffers(missed),
                    ]
                        .filter(Boolean)
                        .join(" · ")}
                </span>
            </td>
            <td>
                <meter
                    class="load"
                    min={0}
                    max={Math.max(1, row.capacity)}
                    high={row.capacity * 0.75}
                    optimum={0}
                    value={row.load}
                    aria-label={t.load}
                >
                    {t.loadText(row.load, row.capacity)}
                </meter>
                <span class="rows__sub">
                    {t.loadText(row.load, row.capacity)}
                    {aside > 0 && ` · ${t.aside(aside)}`}
                </span>
            </td>
            <td class="rows__number">
                {row.conversations}
                {known.map((work) => (
                    <button
                        key={work.conversation}
                        type="button"
                        class="link-button rows__link"
                        aria-label={t.openThis(residentName(work, t))}
                        data-testid="agent-open"
                        onClick={() => store.open(work.conversation)}
                    >
                        {residentName(work, t)}
                    </button>
                ))}
            </td>
        </tr>
    );
}

/* What it is and what it can be made; `missed` can only be ended. */
function PresenceSelect({ store, row }: { store: Wallboard; row: AgentRow }) {
    const t = useText();
    const choices = presenceChoices(store.statuses);
    if (!choices.includes(row.presence)) choices.unshift(row.presence);
    return (
        <span class="rows__presence">
            <span class={`dot dot--${presenceDot(row.presence, store.statuses)}`} aria-hidden="true" />
            <select
                class="utrecht-select utrecht-select--html-select"
                aria-label={t.statusOf(row.name)}
                value={row.presence}
                disabled={store.status.phase !== "open"}
                data-testid="presence-of"
                onChange={(event) => store.setPresenceOf(row.agent, event.currentTarget.value)}
            >
                {choices.map((each) => (
                    <option key={each} value={each} disabled={each === "missed"}>
                        {presenceName(each, store.statuses, t)}
                    </option>
                ))}
            </select>
        </span>
    );
}
