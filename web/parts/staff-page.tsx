import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { browserEnvironment, browserStorage, browserWakes, browserWire } from "../client/browser.ts";
import type { Desk, DeskOptions } from "../client/desk.ts";
import { browserIdentity } from "../client/identity.ts";
import { sessionClose, type Session } from "../client/session.ts";
import { Bar } from "./bar.tsx";
import { language, useStore } from "./language.ts";
import { SignInForm, useSession } from "./sign-in.tsx";
import { useText } from "./staff-text.ts";

export interface StaffViewProps<S extends Desk> {
    readonly store: S;
    readonly onSignOut: () => void;
}

interface StaffPageProps<S extends Desk> {
    readonly role: Session["role"];
    /** Shown in the bar before anybody has signed in. */
    readonly title: string;
    readonly make: (options: DeskOptions) => S;
    readonly View: ComponentType<StaffViewProps<S>>;
}

/* The frame of a page for staff: sign in, then the page, until somebody signs out or the session ends. @make and @View never change. */
export function StaffPage<S extends Desk>({ role, title, make, View }: StaffPageProps<S>) {
    const t = useText();
    const [session, setSession] = useSession(role);
    const [ended, setEnded] = useState(false);
    const store = useDesk(session ?? null, make);

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
                    <Bar name={title} />
                    <SignInForm role={role} texts={t} ended={ended} onSession={setSession} />
                </>
            )}
            {session === undefined && <p class="loading">{t.connecting}</p>}
            {store !== null && <SignedIn store={store} View={View} onEnd={end} onLeave={() => setSession(null)} />}
        </>
    );
}

/* A store for as long as somebody is signed in. The client's id is claimed first: unsent answers lie under it. */
function useDesk<S extends Desk>(session: Session | null, make: (options: DeskOptions) => S): S | null {
    const [store, setStore] = useState<S | null>(null);
    useEffect(() => {
        if (session === null) return;
        let made: S | null = null;
        let gone = false;
        let stopWakes: () => void = () => undefined;
        const env = browserEnvironment();
        void browserIdentity(browserStorage, `${session.role}.${session.agent}`, env.id).then((client) => {
            if (gone) return;
            const common = { env, storage: browserStorage, wire: browserWire(), language: () => language.now };
            made = make({ ...common, client, session });
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

interface SignedInProps<S extends Desk> {
    readonly store: S;
    readonly View: ComponentType<StaffViewProps<S>>;
    readonly onEnd: () => void;
    readonly onLeave: () => void;
}

/* Draws @View again whenever the store changes. */
function SignedIn<S extends Desk>({ store, View, onEnd, onLeave }: SignedInProps<S>) {
    useStore(store);

    useEffect(() => {
        if (store.signedOut) onEnd();
    }, [store.signedOut]);

    async function signOut() {
        store.disconnect();
        await sessionClose();
        onLeave();
    }

    return <View store={store} onSignOut={() => void signOut()} />;
}
