import type { Console } from "../client/console.ts";
import { presenceChoices, presenceName } from "../parts/names.ts";
import { PresenceMark } from "../parts/presence-mark.tsx";
import { Menu } from "./menu.tsx";
import { useText } from "./text.ts";

/* One's own presence: what it is, and what it can be. */
export function PresenceMenu({ store }: { store: Console }) {
    const t = useText();
    const { statuses } = store;
    const shown = store.presenceWanted ?? store.presence;
    const disabled = store.status.phase !== "open";
    return (
        <Menu
            class="bar__menu"
            label={`${t.presence}: ${presenceName(shown, statuses, t)}`}
            testid="presence"
            value={store.presence}
            disabled={disabled}
            face={
                <>
                    <PresenceMark presence={shown} statuses={statuses} />
                    <span class="menu__arrow" aria-hidden="true" />
                </>
            }
        >
            {(close) => (
                <div role="group" aria-label={t.presence}>
                    {presenceChoices(statuses).map((each) => (
                        <button
                            key={each}
                            type="button"
                            class="menu__choice"
                            aria-pressed={shown === each}
                            data-testid={`presence-${each}`}
                            data-stored={store.presence === each}
                            disabled={disabled}
                            onClick={() => {
                                store.setPresence(each);
                                close();
                            }}
                        >
                            <PresenceMark presence={each} statuses={statuses} />
                        </button>
                    ))}
                </div>
            )}
        </Menu>
    );
}
