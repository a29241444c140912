import { useEffect, useRef, useState } from "preact/hooks";
import { sessionGet, sessionOpen, type Session } from "../client/session.ts";

export interface SignInTexts {
    readonly signInTitle: string;
    readonly user: string;
    readonly password: string;
    readonly signIn: string;
    readonly signInWrong: string;
    readonly signInTooFast: string;
    readonly signInAway: string;
    readonly signInRole: string;
    readonly signInAgain: string;
}

interface SignInProps {
    readonly role: Session["role"];
    readonly texts: SignInTexts;
    /** The session ended under our hands: say so. */
    readonly ended: boolean;
    readonly onSession: (session: Session) => void;
}

export function SignInForm({ role, texts, ended, onSession }: SignInProps) {
    const [problem, setProblem] = useState(ended ? texts.signInAgain : "");
    const [busy, setBusy] = useState(false);
    const form = useRef<HTMLFormElement>(null);

    async function submit(event: Event) {
        event.preventDefault();
        const field = (name: string) => form.current?.querySelector<HTMLInputElement>(`[name=${name}]`)?.value ?? "";
        setBusy(true);
        const answer = await sessionOpen(field("user").trim(), field("password"));
        setBusy(false);
        if ("session" in answer) {
            if (answer.session.role === role) onSession(answer.session);
            else setProblem(texts.signInRole);
            return;
        }
        setProblem({ sign_in: texts.signInWrong, too_fast: texts.signInTooFast, away: texts.signInAway }[answer.error]);
        form.current?.querySelector<HTMLInputElement>("[name=password]")?.focus();
    }

    return (
        <main id="main" class="sign-in">
            <form ref={form} class="sign-in__form" onSubmit={(event) => void submit(event)}>
                <h1 class="nl-heading nl-heading--level-2">{texts.signInTitle}</h1>
                <div role="alert">{problem !== "" && <p class="notice notice--error">{problem}</p>}</div>
                <label class="utrecht-form-label" for="user">
                    {texts.user}
                </label>
                <input
                    class="utrecht-textbox utrecht-textbox--html-input"
                    id="user"
                    name="user"
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck={false}
                    required
                    data-testid="user"
                />
                <label class="utrecht-form-label" for="password">
                    {texts.password}
                </label>
                <input
                    class="utrecht-textbox utrecht-textbox--html-input"
                    id="password"
                    name="password"
                    type="password"
                    autocomplete="current-password"
                    required
                    data-testid="password"
                />
                <button class="nl-button nl-button--primary" type="submit" disabled={busy} data-testid="sign-in">
                    {texts.signIn}
                </button>
            </form>
        </main>
    );
}

/** Who is signed in: undefined until the broker answered, null for nobody. Asks again while the broker is away. */
export function useSession(role: Session["role"]): [Session | null | undefined, (session: Session | null) => void] {
    const [session, setSession] = useState<Session | null | undefined>(undefined);
    useEffect(() => {
        let handle: ReturnType<typeof setTimeout> | undefined;
        const ask = () => {
            sessionGet().then(
                (found) => setSession(found !== null && found.role === role ? found : null),
                () => (handle = setTimeout(ask, 2000)),
            );
        };
        ask();
        return () => clearTimeout(handle);
    }, [role]);
    return [session, setSession];
}
