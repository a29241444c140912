import type { Console } from "../client/console.ts";
import type { Presence } from "../client/frames.ts";
import { useText } from "./text.ts";

const CHOICES: readonly Presence[] = ["available", "break", "offline"];

export function PresenceSwitch({ store }: { store: Console }) {
    const t = useText();
    const shown = store.presenceWanted ?? store.presence;
    return (
        <div class="presence" role="group" aria-label={t.presence}>
            {CHOICES.map((each) => (
                <button
                    key={each}
                    type="button"
                    class={`presence__choice presence__choice--${each}`}
                    aria-pressed={shown === each}
                    data-testid={`presence-${each}`}
                    data-stored={store.presence === each}
                    disabled={store.status.phase !== "open"}
                    onClick={() => store.setPresence(each)}
                >
                    <span class={`dot dot--${each}`} aria-hidden="true" />
                    {t[each]}
                </button>
            ))}
        </div>
    );
}
