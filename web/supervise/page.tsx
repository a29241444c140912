import { useEffect, useState } from "preact/hooks";
import { browserEnvironment, browserWakes, browserWire } from "../client/browser.ts";
import { sessionClose, type Session } from "../client/session.ts";
import { Wallboard } from "../client/wallboard.ts";
import { Bar } from "../parts/bar.tsx";
import { ConnectionBanner } from "../parts/banner.tsx";
import { language, useStore } from "../parts/language.ts";
import { SignInForm, useSession } from "../parts/sign-in.tsx";
import { timeOfDay, useNow } from "../parts/time.ts";
import { Agents } from "./agents.tsx";
import { Queues } from "./queues.tsx";
import { useText } from "./text.ts";
import { Waiting } from "./waiting.tsx";

export function Page() {
    const t = useText();
    const [session, setSession] = useSession("supervisor");
    const [ended, setEnded] = useState(false);
    const store = useWallboard(session ?? null);

    function end() {
        setEnded(true);
        setSession(null);
    }

    return (
        <>
            <a class="nl-skip-link nl-skip-link--visible-on-focus" href="#main">
                {t.skip}
            </a>
            {session === null && (
                <>
                    <Bar name={t.title} />
                    <SignInForm role="supervisor" texts={t} ended={ended} onSession={setSession} />
                </>
            )}
            {session === undefined && <p class="loading">{t.connecting}</p>}
            {store !== null && <BoardView store={store} onEnd={end} onLeave={() => setSession(null)} />}
        </>
    );
}

function useWallboard(session: Session | null): Wallboard | null {
    const [store, setStore] = useState<Wallboard | null>(null);
    useEffect(() => {
        if (session === null) return;
        const environment = browserEnvironment();
        /* A wallboard says nothing that must be numbered: a new client each time. */
        const made = new Wallboard(environment, browserWire(), environment.id(), session, () => language.now);
        made.connect();
        setStore(made);
        const stopWakes = browserWakes(made);
        return () => {
            stopWakes();
            made.disconnect();
            setStore(null);
        };
    }, [session]);
    return store;
}

function BoardView({ store, onEnd, onLeave }: { store: Wallboard; onEnd: () => void; onLeave: () => void }) {
    useStore(store);
    const t = useText();
    const now = useNow(1000) + store.clockMs;
    const { board } = store;
    const waiting = board?.queues.reduce((sum, each) => sum + each.waiting, 0) ?? 0;

    useEffect(() => {
        if (store.signedOut) onEnd();
    }, [store.signedOut]);
    useEffect(() => store.sample());
    useEffect(() => {
        document.title = board === null ? t.title : `(${waiting}) ${t.title}`;
    }, [board === null, waiting, t]);

    async function signOut() {
        store.disconnect();
        await sessionClose();
        onLeave();
    }

    return (
        <>
            <Bar name={store.session.organisation}>
                <span class="bar__user">{store.session.name}</span>
                <button type="button" class="bar__button" data-testid="sign-out" onClick={() => void signOut()}>
                    {t.signOut}
                </button>
            </Bar>
            <ConnectionBanner
                status={store.status}
                texts={board === null ? t : { ...t, reconnecting: t.oldFigures(timeOfDay(board.at)) }}
            />
            <main id="main" class={`board ${store.status.phase === "open" ? "" : "board--old"}`}>
                <h1 class="board__title nl-heading nl-heading--level-2">
                    {t.title}
                    {board !== null && <span class="board__total">{t.totalWaiting(waiting)}</span>}
                </h1>
                {board === null ? (
                    <p class="loading">{t.loading}</p>
                ) : (
                    <>
                        <Queues store={store} board={board} now={now} />
                        <div class="board__lower">
                            <Agents board={board} queues={store.queues} now={now} />
                            <Waiting board={board} queues={store.queues} now={now} />
                        </div>
                    </>
                )}
            </main>
        </>
    );
}
