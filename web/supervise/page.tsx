import { useEffect, useState } from "preact/hooks";
import type { DeskOptions } from "../client/desk.ts";
import type { Work } from "../client/frames.ts";
import { Wallboard } from "../client/wallboard.ts";
import { Bar } from "../parts/bar.tsx";
import { ConnectionBanner } from "../parts/banner.tsx";
import { Details } from "../parts/details.tsx";
import { News } from "../parts/news.tsx";
import { StaffPage, type StaffViewProps } from "../parts/staff-page.tsx";
import { ThreadView } from "../parts/thread.tsx";
import { timeOfDay, useNow } from "../parts/time.ts";
import { WorkItem } from "../parts/work-item.tsx";
import { Agents } from "./agents.tsx";
import { Alarms } from "./alarms.tsx";
import { Bulletin, OpenById } from "./forms.tsx";
import { Queues } from "./queues.tsx";
import { useText } from "./text.ts";
import { supervisorTools } from "./tools.tsx";
import { Waiting } from "./waiting.tsx";

const make = (options: DeskOptions) => new Wallboard(options);

export function Page() {
    const t = useText();
    return <StaffPage role="supervisor" title={t.title} make={make} View={BoardView} />;
}

function BoardView({ store, onSignOut }: StaffViewProps<Wallboard>) {
    const t = useText();
    const { board } = store;
    const waiting = board?.queues.reduce((sum, each) => sum + each.waiting, 0) ?? 0;
    const work = store.selected === null ? undefined : store.work.get(store.selected);

    useEffect(() => store.sample());
    useEffect(() => {
        document.title = board === null ? t.title : `(${waiting}) ${t.title}`;
    }, [board === null, waiting, t]);

    return (
        <>
            <Bar name={store.session.organisation}>
                <span class="bar__user">{store.session.name}</span>
                <button type="button" class="bar__button" data-testid="sign-out" onClick={onSignOut}>
                    {t.signOut}
                </button>
            </Bar>
            <ConnectionBanner
                status={store.status}
                texts={board === null ? t : { ...t, reconnecting: t.oldFigures(timeOfDay(board.at)) }}
            />
            <News store={store} />
            <div class={`supervise ${work === undefined ? "" : "supervise--open"}`}>
                <main id="main" class={`board ${store.status.phase === "open" ? "" : "board--old"}`} tabIndex={-1}>
                    <h1 class="board__title nl-heading nl-heading--level-2">
                        {t.title}
                        {board !== null && <span class="board__total">{t.totalWaiting(waiting)}</span>}
                    </h1>
                    {board === null ? <p class="loading">{t.loading}</p> : <BoardBody store={store} board={board} />}
                </main>
                {work !== undefined && <Opened key={work.conversation} store={store} work={work} />}
            </div>
        </>
    );
}

function BoardBody({ store, board }: { store: Wallboard; board: NonNullable<Wallboard["board"]> }) {
    const t = useText();
    const now = useNow(1000) + store.clockMs;
    const mine = store.mine();
    return (
        <>
            <Alarms store={store} board={board} now={now} />
            <Queues store={store} board={board} now={now} />
            <div class="board__lower">
                <Agents store={store} board={board} now={now} />
                <div class="board__side">
                    {mine.length > 0 && (
                        <nav class="panel" aria-labelledby="mine-title">
                            <h2 class="nl-heading nl-heading--level-3 panel__title" id="mine-title">
                                {t.mine}
                            </h2>
                            <ul class="work">
                                {mine.map((work) => (
                                    <WorkItem key={work.conversation} store={store} work={work} now={now} />
                                ))}
                            </ul>
                        </nav>
                    )}
                    <Waiting store={store} board={board} now={now} />
                    <Bulletin store={store} />
                    <OpenById store={store} />
                </div>
            </div>
        </>
    );
}

/* A conversation beside the board; on a narrow screen in its place. The focus goes into it, and back when it is closed. */
function Opened({ store, work }: { store: Wallboard; work: Work }) {
    const t = useText();
    const [details, setDetails] = useState(false);
    useEffect(() => {
        const before = document.activeElement;
        document.getElementById("thread-title")?.focus();
        return () => {
            if (before instanceof HTMLElement && before.isConnected) setTimeout(() => before.focus());
        };
    }, []);
    return (
        <section
            class={`opened ${details ? "opened--details" : ""}`}
            aria-label={t.conversation}
            data-testid="opened"
            data-conversation={work.conversation}
            onKeyDown={(event) => {
                if (event.key === "Escape") store.select(null);
            }}
        >
            {details ? (
                <Details store={store} work={work} onBack={() => setDetails(false)} />
            ) : (
                <ThreadView
                    store={store}
                    work={work}
                    tools={supervisorTools(store, work, t)}
                    details={details}
                    onDetails={() => setDetails(true)}
                />
            )}
        </section>
    );
}
