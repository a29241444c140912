import type { Desk } from "../client/desk.ts";
import type { Work } from "../client/frames.ts";
import { colleagues, type Colleague } from "../client/work.ts";
import { PresenceMark } from "./presence-mark.tsx";
import { useText } from "./staff-text.ts";

interface PeopleProps {
    readonly store: Desk;
    readonly work: Work;
    readonly name: string;
    readonly chosen: string | null;
    /** Who can be chosen; the others are shown, so that one sees why not. */
    readonly can: (colleague: Colleague) => boolean;
    readonly onChoose: (agent: string) => void;
}

/* Colleagues with their presence, one to choose. */
export function People({ store, work, name, chosen, can, onChoose }: PeopleProps) {
    const t = useText();
    const except = [store.session.role === "agent" ? store.session.agent : undefined, work.owner, ...(work.joined ?? [])];
    const all = colleagues(store.board?.agents ?? [], except, work.channel, store.statuses);
    if (all.length === 0) return <p class="side-empty">{t.noColleagues}</p>;
    return (
        <fieldset class="people">
            <legend class="hidden">{t.colleague}</legend>
            {all.map((each) => (
                <label key={each.row.agent} class={`people__row ${can(each) ? "" : "people__row--not"}`}>
                    <input
                        type="radio"
                        name={name}
                        value={each.row.agent}
                        checked={chosen === each.row.agent}
                        disabled={!can(each)}
                        data-testid={`${name}-${each.row.agent}`}
                        onChange={() => onChoose(each.row.agent)}
                    />
                    <span class="people__name">{each.row.name}</span>
                    <span class="people__presence">
                        <PresenceMark presence={each.row.presence} statuses={store.statuses} />
                        {!each.takes && <span class="hidden">, {t.takesNone}</span>}
                    </span>
                </label>
            ))}
        </fieldset>
    );
}
