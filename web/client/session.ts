/* Sign-in of agents and supervisors over HTTP. The proof is an HttpOnly cookie that scripts never see. */
export interface Session {
    readonly role: "agent" | "supervisor";
    readonly agent: string;
    readonly name: string;
    readonly organisation: string;
}

export type SignIn = { session: Session } | { error: "sign_in" | "too_fast" | "away" };

/** null: nobody is signed in. Throws when the broker does not answer. */
export async function sessionGet(): Promise<Session | null> {
    const answer = await fetch("/api/session", { headers: { Accept: "application/json" } });
    if (answer.ok) return (await answer.json()) as Session;
    if (answer.status === 401) return null;
    throw new Error(`session: ${answer.status}`);
}

export async function sessionOpen(user: string, password: string): Promise<SignIn> {
    try {
        const answer = await fetch("/api/sign-in", {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ user, password }),
        });
        if (answer.ok) return { session: (await answer.json()) as Session };
        return { error: answer.status === 429 ? "too_fast" : answer.status < 500 ? "sign_in" : "away" };
    } catch {
        return { error: "away" };
    }
}

export async function sessionClose(): Promise<void> {
    await fetch("/api/sign-out", { method: "POST" }).catch(() => undefined);
}
