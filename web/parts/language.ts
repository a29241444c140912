/* The language of the page: Dutch, until somebody chooses another; kept in this browser. Texts live in ../text/, chosen here. */
import { useLayoutEffect, useReducer } from "preact/hooks";
import { browserStorage } from "../client/browser.ts";
import { Store } from "../client/store.ts";

export type Language = "nl" | "en";
const LANGUAGE_KEY = "loket.language";

class LanguageStore extends Store {
    now: Language = browserStorage.get(LANGUAGE_KEY) === "en" ? "en" : "nl";

    choose(language: Language): void {
        this.now = language;
        browserStorage.set(LANGUAGE_KEY, language);
        document.documentElement.lang = language;
        this.changed();
    }
}

export const language = new LanguageStore();
document.documentElement.lang = language.now;

/** Draw again whenever @store changes. Subscribed before the browser draws: a page in the background may not draw for long. */
export function useStore<S extends Store>(store: S): S {
    const [, draw] = useReducer<number, undefined>((n) => n + 1, 0);
    const drawn = store.version;
    useLayoutEffect(() => {
        const stop = store.subscribe(() => draw(undefined));
        if (store.version !== drawn) draw(undefined); /* it changed between drawing and subscribing */
        return stop;
    }, [store]);
    return store;
}

/** A face's texts: `const useText = textsFor(nl, en)`. The type of the Dutch ones binds the English. */
export function textsFor<T>(nl: T, en: T): () => T {
    return () => (useStore(language).now === "en" ? en : nl);
}

/** What has a name in both languages. */
export function named(thing: { readonly name_nl: string; readonly name_en: string }): string {
    return language.now === "en" ? thing.name_en : thing.name_nl;
}
