import type { Board, QueueName } from "../client/frames.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { clock } from "../parts/time.ts";
import { channelName, queueName } from "./names.ts";
import { useText } from "./text.ts";

interface WaitingProps {
    readonly board: Board;
    readonly queues: readonly QueueName[];
    readonly now: number;
}

export function Waiting({ board, queues, now }: WaitingProps) {
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
                                    <td>{queueName(queues, row.queue)}</td>
                                    <td class="rows__number rows__clock">{clock(now - row.since)}</td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </section>
    );
}
