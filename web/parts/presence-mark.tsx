import type { Presence, StatusName } from "../client/frames.ts";
import { presenceDot, presenceName } from "./names.ts";
import { useText } from "./staff-text.ts";

export function PresenceMark({ presence, statuses }: { presence: Presence; statuses: readonly StatusName[] }) {
    const t = useText();
    return (
        <span class="presence-mark">
            <span class={`dot dot--${presenceDot(presence, statuses)}`} aria-hidden="true" />
            {presenceName(presence, statuses, t)}
        </span>
    );
}
