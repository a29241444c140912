import type { ComponentChildren } from "preact";
import { LanguageSwitch } from "./language-switch.tsx";

/* The top of every page: whose counter this is; then what the page puts there, and the other language. */
export function Bar({ name, middle, children }: { name: string; middle?: ComponentChildren; children?: ComponentChildren }) {
    return (
        <header class="bar">
            <p class="bar__name">
                <svg class="bar__mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
                    <path d="M3 5h26v19H14l-8 6v-6H3z" fill="currentColor" />
                    <path class="bar__mark-words" d="M9 11.5h14M9 17h9" />
                </svg>
                {name}
            </p>
            {middle}
            <div class="bar__end">
                {children}
                <LanguageSwitch />
            </div>
        </header>
    );
}
