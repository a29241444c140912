import type { Board } from "../client/frames.ts";
import type { Wallboard } from "../client/wallboard.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { channelName, queueName } from "../parts/names.ts";
import { clock } from "../parts/time.ts";
import { useText } from "./text.ts";

interface WaitingProps {
    readonly store: Wallboard;
    readonly board: Board;
    readonly now: number;
}

export function Waiting({ store, board, now }: WaitingProps) {
    const t = useText();
    const rows = board.waiting ?? [];
    return (
        <section class="panel" aria-labelledby="waiting-title">
            <h2 class="nl-heading nl-heading--level-3 panel__title" id="waiting-title">
                {t.longest}
            </h2>
            {rows.length === 0 ? (
                <p class="side-empty">{t.nobodyWaits}</p>
            ) : (
                <div class="panel__scroll" tabIndex={0} role="region" aria-labelledby="waiting-title">
                    <table class="rows">
                        <thead>
                            <tr>
                                <th scope="col">{t.channel}</th>
                                <th scope="col">{t.queue}</th>
                                <th scope="col" class="rows__number">
                                    {t.waitTime}
                                </th>
                                <th scope="col">
                                    <span class="hidden">{t.action}</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            {rows.map((row) => (
                                <tr
                                    key={row.conversation}
                                    data-testid="waiting-row"
                                    data-conversation={row.conversation}
                                    data-channel={row.channel}
                                >
                                    <td>
                                        <ChannelMark channel={row.channel} name={channelName(row.channel, t)} named />
                                    </td>
                                    <td>
                                        {queueName(store.queues, row.queue)}
                                        {(row.priority ?? 0) > 0 && (
                                            <span class="rows__sub" data-testid="waiting-priority">
                                                {`${t.priority} ${row.priority ?? 0}`}
                                            </span>
                                        )}
                                    </td>
                                    <td class="rows__number rows__clock">{clock(now - row.since)}</td>
                                    <td class="rows__act">
                                        <button
                                            type="button"
                                            class="nl-button nl-button--secondary rows__button"
                                            aria-label={t.openThis(
                                                `${channelName(row.channel, t)}, ${queueName(store.queues, row.queue)}`,
                                            )}
                                            data-testid="waiting-open"
                                            onClick={() => store.open(row.conversation)}
                                        >
                                            {t.openIt}
                                        </button>
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </section>
    );
}
