import type { Board, QueueRow } from "../client/frames.ts";
import type { Wallboard } from "../client/wallboard.ts";
import { ChannelMark } from "../parts/channel.tsx";
import { channelName, queueName } from "../parts/names.ts";
import { clock } from "../parts/time.ts";
import { Sparkline } from "./sparkline.tsx";
import { useText } from "./text.ts";

const LATE_MS = 300_000; /* a wait that a supervisor should notice from across the room */

/* A table that is drawn as cards. The roles are said aloud because the style sheet takes the table's own display away, and browsers then forget that it
 * was one. */
export function Queues({ store, board, now }: { store: Wallboard; board: Board; now: number }) {
    const t = useText();
    const heads = [t.queue, t.waiting, t.oldest, t.perChannel, t.active, t.available, t.today, t.trend];
    return (
        <table class="cards" role="table" aria-label={t.queues}>
            <thead role="rowgroup" class="hidden">
                <tr role="row">
                    {heads.map((head) => (
                        <th role="columnheader" scope="col" key={head}>
                            {head}
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody role="rowgroup" class="cards__body">
                {board.queues.map((row) => (
                    <Card key={row.queue} store={store} row={row} now={now} />
                ))}
            </tbody>
        </table>
    );
}

function Card({ store, row, now }: { store: Wallboard; row: QueueRow; now: number }) {
    const t = useText();
    const waited = row.waiting > 0 && row.oldest_at > 0 ? now - row.oldest_at : 0;
    const counts = [
        { channel: "chat", n: row.waiting_chat },
        { channel: "email", n: row.waiting_email },
        { channel: "sms", n: row.waiting_sms },
    ];
    return (
        <tr role="row" class={`card ${waited >= LATE_MS ? "card--late" : ""}`} data-testid="queue-row" data-queue={row.queue}>
            <th role="rowheader" scope="row" class="card__name">
                {queueName(store.queues, row.queue)}
                {row.closed === true && <span class="tag tag--note card__shut">{t.shut}</span>}
            </th>
            <td role="cell" class="card__waiting">
                <span class="card__figure" data-testid="queue-waiting">
                    {row.waiting}
                </span>
                <Label text={t.waiting} />
            </td>
            <td role="cell" class="card__oldest">
                {row.waiting > 0 ? (
                    <>
                        <span class="card__clock" data-testid="queue-oldest">
                            {clock(waited)}
                        </span>
                        <Label text={t.oldest} />
                    </>
                ) : (
                    <span class="card__calm">{t.nobodyWaits}</span>
                )}
            </td>
            <td role="cell" class="card__channels">
                {counts.map(({ channel, n }) => (
                    <span
                        key={channel}
                        class={`card__channel ${n === 0 ? "card__channel--none" : ""}`}
                        data-testid={`queue-${channel}`}
                    >
                        <ChannelMark channel={channel} name={channelName(channel, t)} />
                        {n}
                    </span>
                ))}
            </td>
            <td role="cell" class="card__active">
                <span class="card__small" data-testid="queue-active">
                    {row.active}
                </span>
                <Label text={t.active} />
            </td>
            <td role="cell" class={`card__available ${row.available === 0 ? "card__available--none" : ""}`}>
                <span class="card__small" data-testid="queue-available">
                    {row.available}
                </span>
                <Label text={t.available} />
            </td>
            <td role="cell" class="card__today">
                <Today row={row} />
            </td>
            <td role="cell" class="card__trend">
                <Sparkline values={store.trend.get(row.queue) ?? []} />
            </td>
        </tr>
    );
}

/* Since midnight. What nothing was measured for has no number. */
function Today({ row }: { row: QueueRow }) {
    const t = useText();
    const answered = row.answered ?? 0;
    const inLevel = row.in_level ?? 0;
    const promised = inLevel + (row.over_level ?? 0);
    const figures = [
        { name: "answered", label: t.answered, value: String(answered) },
        {
            name: "level",
            label: t.inLevel,
            value: promised > 0 ? `${Math.round((100 * inLevel) / promised)} %` : "–",
        },
        { name: "abandoned", label: t.abandoned, value: String(row.abandoned ?? 0) },
        { name: "answer", label: t.answerTime, value: answered > 0 ? clock(row.answer_ms ?? 0) : "–" },
        { name: "handle", label: t.handleTime, value: row.handle_ms !== undefined ? clock(row.handle_ms) : "–" },
    ];
    return (
        <dl class="today" aria-label={t.today}>
            {figures.map(({ name, label, value }) => (
                <div key={name} class="today__figure">
                    <dt>{label}</dt>
                    <dd data-testid={`today-${name}`}>{value}</dd>
                </div>
            ))}
        </dl>
    );
}

/* The column's name on the card; screen readers have it from the column. */
function Label({ text }: { text: string }) {
    return (
        <span class="card__label" aria-hidden="true">
            {text}
        </span>
    );
}
