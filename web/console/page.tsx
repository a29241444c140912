import { useEffect, useState } from "preact/hooks";
import { browserEnvironment, browserStorage, browserWakes, browserWire } from "../client/browser.ts";
import { browserIdentity } from "../client/identity.ts";
import { Console } from "../client/console.ts";
import { sessionClose, type Session } from "../client/session.ts";
import { Bar } from "../parts/bar.tsx";
import { ConnectionBanner } from "../parts/banner.tsx";
import { language, useStore } from "../parts/language.ts";
import { InboxIcon } from "../parts/icons.tsx";
import { SignInForm, useSession } from "../parts/sign-in.tsx";
import { Details } from "./details.tsx";
import { PresenceSwitch } from "./presence.tsx";
import { ThreadView } from "./thread.tsx";
import { useText } from "./text.ts";
import { useTitle } from "./title.ts";
import { WorkList } from "./work-list.tsx";

export function Page() {
    const t = useText();
    const [session, setSession] = useSession("agent");
    const [ended, setEnded] = useState(false);
    const store = useConsole(session ?? null);

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
                    <SignInForm role="agent" texts={t} ended={ended} onSession={setSession} />
                </>
            )}
            {session === undefined && <p class="loading">{t.connecting}</p>}
            {store !== null && <Workplace store={store} onEnd={end} onLeave={() => setSession(null)} />}
        </>
    );
}

/* A console for as long as somebody is signed in. The client's id is claimed first: unsent answers lie under it. */
function useConsole(session: Session | null): Console | null {
    const [store, setStore] = useState<Console | null>(null);
    useEffect(() => {
        if (session === null) return;
        let made: Console | null = null;
        let gone = false;
        let stopWakes: () => void = () => undefined;
        const environment = browserEnvironment();
        void browserIdentity(browserStorage, `agent.${session.agent}`, environment.id).then((client) => {
            if (gone) return;
            made = new Console(environment, browserStorage, browserWire(), client, session, () => language.now);
            made.connect();
            setStore(made);
            stopWakes = browserWakes(made);
        });
        return () => {
            gone = true;
            stopWakes();
            made?.disconnect();
            setStore(null);
        };
    }, [session]);
    return store;
}

interface WorkplaceProps {
    readonly store: Console;
    readonly onEnd: () => void;
    readonly onLeave: () => void;
}

function Workplace({ store, onEnd, onLeave }: WorkplaceProps) {
    useStore(store);
    const t = useText();
    useTitle(t.title, store.unreadTotal(), t.titleUnread);
    const [details, setDetails] = useState(false);
    const work = store.selected === null ? undefined : store.work.get(store.selected);

    useEffect(() => {
        if (store.signedOut) onEnd();
    }, [store.signedOut]);

    async function signOut() {
        store.disconnect();
        await sessionClose();
        onLeave();
    }

    return (
        <div class={`console ${work === undefined ? "console--list" : "console--thread"} ${details ? "console--details" : ""}`}>
            <Bar name={store.session.organisation} middle={<PresenceSwitch store={store} />}>
                <span class="bar__user">{store.session.name}</span>
                <button type="button" class="bar__button" data-testid="sign-out" onClick={() => void signOut()}>
                    {t.signOut}
                </button>
            </Bar>
            <ConnectionBanner status={store.status} texts={t} />
            <WorkList store={store} />
            <main id="main" class="console__main" tabIndex={-1}>
                <h1 class="hidden">{t.title}</h1>
                {work === undefined ? (
                    <div class="console__empty">
                        <InboxIcon />
                        <p>
                            {store.mine().length === 0
                                ? store.presence === "available"
                                    ? t.chooseNone
                                    : t.noConversationsOffline
                                : t.choose}
                        </p>
                    </div>
                ) : (
                    <ThreadView
                        key={work.conversation}
                        store={store}
                        work={work}
                        details={details}
                        onDetails={() => setDetails(!details)}
                    />
                )}
            </main>
            {work !== undefined && <Details key={work.conversation} store={store} work={work} onBack={() => setDetails(false)} />}
        </div>
    );
}
