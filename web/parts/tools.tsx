import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { useText } from "./staff-text.ts";

/** Something that can be done with a conversation: at once, or after a choice in a panel. */
export interface Tool {
    readonly name: string;
    readonly label: string;
    readonly main?: boolean;
    readonly act?: () => void;
    readonly panel?: (close: () => void) => ComponentChildren;
}

/* The tools of a conversation in a row, and under it the panel of one of them. Escape hides it. */
export function Tools({ tools }: { tools: readonly Tool[] }) {
    const t = useText();
    const id = useId();
    const row = useRef<HTMLDivElement>(null);
    const [open, setOpen] = useState<string | null>(null);
    const panel = tools.find((each) => each.name === open)?.panel;
    if (tools.length === 0) return null;

    function close() {
        row.current?.querySelector<HTMLElement>(`[data-testid="${open}"]`)?.focus();
        setOpen(null);
    }

    return (
        <div
            class="tools"
            onKeyDown={(event) => {
                if (event.key !== "Escape" || open === null) return;
                event.stopPropagation(); /* what lies around it stays open */
                close();
            }}
        >
            <div class="tools__row" role="group" aria-label={t.tools} ref={row}>
                {tools.map((tool) => (
                    <button
                        key={tool.name}
                        type="button"
                        class={`nl-button ${tool.main === true ? "nl-button--secondary" : "nl-button--subtle"} tools__button`}
                        aria-expanded={tool.panel === undefined ? undefined : open === tool.name}
                        aria-controls={tool.panel === undefined ? undefined : id}
                        data-testid={tool.name}
                        onClick={() => {
                            setOpen(tool.panel === undefined || open === tool.name ? null : tool.name);
                            tool.act?.();
                        }}
                    >
                        {tool.label}
                    </button>
                ))}
            </div>
            <div id={id} class="tools__panel" hidden={panel === undefined}>
                {panel?.(close)}
            </div>
        </div>
    );
}
