import { useEffect, useRef, useState } from "preact/hooks";
import type { Alarm, Board } from "../client/frames.ts";
import type { Wallboard } from "../client/wallboard.ts";
import { AlertIcon, SentIcon } from "../parts/icons.tsx";
import { agentName, queueName } from "../parts/names.ts";
import { age, timeOfDay } from "../parts/time.ts";
import { useText, type Text } from "./text.ts";

const alarmKey = (alarm: Alarm) =>
    [alarm.kind, alarm.queue, alarm.conversation, alarm.agent, alarm.target].map((each) => each ?? "").join(" ");

/* What is wrong now, on top of everything. Each is said once when it begins. */
export function Alarms({ store, board, now }: { store: Wallboard; board: Board; now: number }) {
    const t = useText();
    const alarms = board.alarms ?? [];
    return (
        <section class={`alarms ${alarms.length > 0 ? "alarms--some" : ""}`} aria-labelledby="alarms-title" data-testid="alarms">
            <h2 class="alarms__title" id="alarms-title">
                {alarms.length > 0 ? <AlertIcon /> : <SentIcon />}
                {alarms.length > 0 ? t.alarmCount(alarms.length) : t.noAlarms}
            </h2>
            {alarms.length > 0 && (
                <ul class="alarms__list" aria-label={t.alarms}>
                    {alarms.map((alarm) => (
                        <Row key={alarmKey(alarm)} store={store} alarm={alarm} now={now} />
                    ))}
                </ul>
            )}
            <Announcer store={store} alarms={alarms} />
        </section>
    );
}

function Row({ store, alarm, now }: { store: Wallboard; alarm: Alarm; now: number }) {
    const t = useText();
    const { conversation } = alarm;
    const about = alarmAbout(store, alarm);
    return (
        <li class="alarms__row" data-testid="alarm" data-kind={alarm.kind}>
            <span class="alarms__words">
                <strong>{alarmText(alarm, t)}</strong>
                <span>{about}</span>
                <span class="alarms__since">
                    {alarm.due_at !== undefined && `${dueText(alarm.due_at, now, t)}, `}
                    {t.sinceAge(age(now - alarm.since))}
                </span>
            </span>
            {conversation !== undefined && (
                <button
                    type="button"
                    class="nl-button nl-button--secondary rows__button"
                    aria-label={t.openThis(about)}
                    data-testid="alarm-open"
                    onClick={() => store.open(conversation)}
                >
                    {t.openIt}
                </button>
            )}
        </li>
    );
}

function dueText(due_at: number, now: number, t: Text): string {
    return due_at < now ? t.alarmLate : t.dueBy(timeOfDay(due_at));
}

function alarmText(alarm: Alarm, t: Text): string {
    const texts: Record<string, string | undefined> = {
        level: alarm.target === "resolve" ? t.alarmResolve : t.alarmFirst,
        nobody: t.alarmNobody,
        old: t.alarmOld,
        missed: t.alarmMissed,
        stuck: t.alarmStuck,
    };
    return texts[alarm.kind] ?? alarm.kind;
}

/* Which agent, which queue. */
function alarmAbout(store: Wallboard, alarm: Alarm): string {
    const names = [];
    if (alarm.agent !== undefined) names.push(agentName(store, alarm.agent));
    if (alarm.queue !== undefined) names.push(queueName(store.queues, alarm.queue));
    return names.join(", ");
}

function Announcer({ store, alarms }: { store: Wallboard; alarms: readonly Alarm[] }) {
    const t = useText();
    const known = useRef<Set<string> | null>(null);
    const [news, setNews] = useState<{ key: string; text: string }[]>([]);
    const keys = alarms.map(alarmKey);

    useEffect(() => {
        const before = known.current;
        known.current = new Set(keys);
        if (before === null) return;
        const fresh = alarms.filter((each) => !before.has(alarmKey(each)));
        if (fresh.length === 0) return;
        const said = fresh.map((each) => ({
            key: `${alarmKey(each)} ${each.since}`,
            text: `${alarmText(each, t)}: ${alarmAbout(store, each)}`,
        }));
        setNews((old) => [...old.filter((each) => !said.some(({ key }) => key === each.key)), ...said].slice(-5));
    }, [keys.join("\n")]);

    return (
        <div class="hidden" aria-live="polite">
            {news.map((each) => (
                <p key={each.key}>{each.text}</p>
            ))}
        </div>
    );
}
