import type { Presence, StatusName } from "../client/frames.ts";
import { Menu } from "./menu.tsx";
import { presenceChoices, presenceDot, presenceName } from "./names.ts";
import { useText } from "./staff-text.ts";

interface PresenceMenuProps {
    readonly class: string;
    /** Whose presence. */
    readonly label: string;
    /** As chosen, perhaps not stored yet, and as stored. */
    readonly shown: Presence;
    readonly stored: Presence;
    readonly statuses: readonly StatusName[];
    readonly disabled: boolean;
    readonly testid: string;
    readonly onChoose: (presence: Presence) => void;
}

/* A presence that shows what it is and offers what it can be. */
export function PresenceMenu({ class: name, label, shown, stored, statuses, disabled, testid, onChoose }: PresenceMenuProps) {
    const t = useText();
    const text = presenceName(shown, statuses, t);
    return (
        <Menu
            class={name}
            label={`${label}: ${text}`}
            testid={testid}
            value={shown}
            disabled={disabled}
            face={
                <>
                    <PresenceMark presence={shown} statuses={statuses} />
                    <span class="menu__arrow" aria-hidden="true" />
                </>
            }
        >
            {(close) => (
                <div role="group" aria-label={label}>
                    {presenceChoices(statuses).map((each) => (
                        <button
                            key={each}
                            type="button"
                            class="menu__choice"
                            aria-pressed={shown === each}
                            data-testid={`${testid}-${each}`}
                            data-stored={stored === each}
                            disabled={disabled}
                            onClick={() => {
                                onChoose(each);
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

export function PresenceMark({ presence, statuses }: { presence: Presence; statuses: readonly StatusName[] }) {
    const t = useText();
    return (
        <span class="presence-mark">
            <span class={`dot dot--${presenceDot(presence, statuses)}`} aria-hidden="true" />
            {presenceName(presence, statuses, t)}
        </span>
    );
}
