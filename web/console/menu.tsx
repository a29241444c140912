import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface MenuProps {
    readonly class: string;
    /** What the button shows, and what it is called when that does not say enough. */
    readonly face: ComponentChildren;
    readonly label?: string | undefined;
    readonly testid?: string;
    readonly disabled?: boolean | undefined;
    /** Data of the button, for tests. */
    readonly value?: string;
    readonly children: (close: () => void) => ComponentChildren;
}

/* A button that shows and hides what stands under it. Escape, a press elsewhere, or the focus going elsewhere hides it again; arrows go up and down. */
export function Menu(props: MenuProps) {
    const id = useId();
    const whole = useRef<HTMLDivElement>(null);
    const [open, setOpen] = useState(false);

    useEffect(() => {
        if (!open) return;
        const outside = (event: Event) => {
            if (event.target instanceof Node && whole.current?.contains(event.target) !== true) setOpen(false);
        };
        document.addEventListener("pointerdown", outside);
        document.addEventListener("focusin", outside);
        return () => {
            document.removeEventListener("pointerdown", outside);
            document.removeEventListener("focusin", outside);
        };
    }, [open]);

    function close() {
        setOpen(false);
        whole.current?.querySelector("button")?.focus();
    }

    function key(event: KeyboardEvent) {
        if (event.key === "Escape" && open) {
            event.stopPropagation();
            close();
        }
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        if (event.target instanceof HTMLElement && event.target.matches("input, select, textarea")) return;
        event.preventDefault();
        setOpen(true);
        const choices = [...(whole.current?.querySelectorAll<HTMLElement>(".menu__panel button:not(:disabled)") ?? [])];
        const now = choices.indexOf(document.activeElement as HTMLElement);
        const next = now + (event.key === "ArrowDown" ? 1 : -1);
        /* Drawn first: what is hidden takes no focus. */
        setTimeout(() => choices[(next + choices.length) % choices.length]?.focus());
    }

    return (
        <div ref={whole} class={`menu ${props.class}`} onKeyDown={key}>
            <button
                type="button"
                class="menu__button"
                aria-expanded={open}
                aria-controls={id}
                aria-label={props.label}
                disabled={props.disabled}
                data-testid={props.testid}
                data-value={props.value}
                onClick={() => setOpen(!open)}
            >
                {props.face}
            </button>
            <div id={id} class="menu__panel" hidden={!open}>
                {props.children(close)}
            </div>
        </div>
    );
}
