import type { AgentRow, Board, QueueName } from "../client/frames.ts";
import { age } from "../parts/time.ts";
import { queueName } from "./names.ts";
import { useText, type Text } from "./text.ts";

const ORDER: Record<string, number> = { available: 0, break: 1, offline: 2 };

interface AgentsProps {
    readonly board: Board;
    readonly queues: readonly QueueName[];
    readonly now: number;
}

export function Agents({ board, queues, now }: AgentsProps) {
    const t = useText();
    const agents = [...(board.agents ?? [])].sort(
        (a, b) => (ORDER[a.presence] ?? 3) - (ORDER[b.presence] ?? 3) || a.name.localeCompare(b.name),
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
                                <th scope="col">{t.presence}</th>
                                <th scope="col">{t.load}</th>
                                <th scope="col" class="rows__number">
                                    {t.conversations}
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            {agents.map((row) => (
                                <Row key={row.agent} row={row} queues={queues} now={now} />
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </section>
    );
}

function Row({ row, queues, now }: { row: AgentRow; queues: readonly QueueName[]; now: number }) {
    const t = useText();
    return (
        <tr data-testid="agent-row" data-agent={row.agent} data-presence={row.presence} data-load={row.load}>
            <th scope="row">
                {row.name}
                <span class="rows__sub">{(row.queues ?? []).map((each) => queueName(queues, each)).join(", ")}</span>
            </th>
            <td>
                <span class="rows__presence">
                    <span class={`dot dot--${row.presence}`} aria-hidden="true" />
                    {presenceName(row.presence, t)}
                </span>
                {row.since > 0 && <span class="rows__sub">{age(now - row.since)}</span>}
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
                <span class="rows__sub">{t.loadText(row.load, row.capacity)}</span>
            </td>
            <td class="rows__number">{row.conversations}</td>
        </tr>
    );
}

function presenceName(presence: string, t: Text): string {
    const names: Record<string, string | undefined> = {
        available: t.presenceAvailable,
        break: t.presenceBreak,
        offline: t.presenceOffline,
    };
    return names[presence] ?? presence;
}
