import { language, useStore, type Language } from "./language.ts";

const OTHER: Record<Language, { to: Language; name: string }> = {
    nl: { to: "en", name: "English" },
    en: { to: "nl", name: "Nederlands" },
};

/* Offers the other language, in that language. */
export function LanguageSwitch() {
    const { to, name } = OTHER[useStore(language).now];
    return (
        <button type="button" class="bar__button" lang={to} data-testid="language" onClick={() => language.choose(to)}>
            {name}
        </button>
    );
}
