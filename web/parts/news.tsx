import type { Desk, Problem } from "../client/desk.ts";
import { InfoIcon } from "./icons.tsx";
import { useErrors, useText, type Text } from "./staff-text.ts";
import { timeOfDay } from "./time.ts";

/* What staff must see wherever they are on the page: why something did not work, and notices of supervisors. */
export function News({ store }: { store: Desk }) {
    const t = useText();
    const errors = useErrors();
    const { problem } = store;
    return (
        <div class="news">
            <div role="alert">
                {problem !== null && (
                    <p class="notice notice--error" data-testid="problem">
                        {problemText(problem, t) ?? errors[problem.code] ?? errors["other"]}
                        <button type="button" class="link-button" onClick={() => store.forgetProblem()}>
                            {t.dismiss}
                        </button>
                    </p>
                )}
            </div>
            <div role="status">
                {store.bulletins.map((each) => (
                    <div key={each.key} class="notice notice--bulletin" data-testid="bulletin">
                        <InfoIcon />
                        <p>
                            {each.from && <strong>{t.bulletinFrom(each.from)}</strong>}
                            {each.at !== undefined && <span class="hint"> {timeOfDay(each.at)}</span>}
                            <span class="notice__words" dir="auto">
                                {each.text}
                            </span>
                        </p>
                        <button
                            type="button"
                            class="link-button"
                            data-testid="bulletin-dismiss"
                            onClick={() => store.forgetBulletin(each.key)}
                        >
                            {t.dismiss}
                        </button>
                    </div>
                ))}
            </div>
        </div>
    );
}

/* The same code means something else for some verbs. */
function problemText({ code, refused }: Problem, t: Text): string | null {
    if (refused === "accept" || refused === "decline")
        return ["stale", "bad_state", "not_found"].includes(code) ? t.offerOver : null;
    if (refused === "transfer" && code === "capacity") return t.noRoom;
    return null;
}
