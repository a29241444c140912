import { useLayoutEffect, useRef } from "preact/hooks";
import { textBytes } from "../client/wire.ts";

interface ComposerProps {
    readonly id: string;
    /** Read out only; null when a label of the form stands before it. */
    readonly label: string | null;
    readonly value: string;
    readonly bytesMax: number;
    readonly tooLong: string;
    readonly placeholder?: string | undefined;
    readonly rows?: number;
    /** Enter sends, Shift+Enter breaks the line. Without: only Ctrl+Enter or Cmd+Enter sends. */
    readonly enterSends: boolean;
    readonly onValue: (value: string) => void;
    readonly onSend: () => void;
}

/* A text field that grows with its words and knows the wire's limit. Half-composed characters (IME) are never sent by Enter. */
export function Composer(props: ComposerProps) {
    const field = useRef<HTMLTextAreaElement>(null);
    const long = composerTooLong(props.value, props.bytesMax);

    /* Rows by the height of the words, not by a style attribute, which the content security policy forbids. */
    useLayoutEffect(() => {
        const area = field.current;
        if (area === null) return;
        area.rows = props.rows ?? 1;
        const line = parseFloat(getComputedStyle(area).lineHeight) || 24;
        const extra = Math.ceil((area.scrollHeight - area.clientHeight) / line);
        if (extra > 0) area.rows = Math.min(8, area.rows + extra);
    }, [props.value, props.rows]);

    function key(event: KeyboardEvent) {
        if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
        if (!props.enterSends && !event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        props.onSend();
    }

    return (
        <div class="composer__field">
            {props.label !== null && (
                <label class="hidden" for={props.id}>
                    {props.label}
                </label>
            )}
            <textarea
                ref={field}
                class="utrecht-textarea utrecht-textarea--html-textarea composer__text"
                id={props.id}
                dir="auto"
                value={props.value}
                placeholder={props.placeholder}
                aria-invalid={long ? "true" : undefined}
                aria-describedby={long ? `${props.id}-long` : undefined}
                data-testid="composer"
                onInput={(event) => props.onValue(event.currentTarget.value)}
                onKeyDown={key}
            />
            {long && (
                <p class="composer__problem" id={`${props.id}-long`} role="alert">
                    {props.tooLong}
                </p>
            )}
        </div>
    );
}

export function composerTooLong(text: string, bytesMax: number): boolean {
    return text.length * 3 > bytesMax && textBytes(text) > bytesMax;
}
