import { useEffect, useRef, useState } from "preact/hooks";
import type { Resident } from "../client/resident.ts";
import { useErrors, useText } from "./text.ts";

/* Ends waiting or talking, after asking once more: a place in line is easily lost and not given back. */
export function End({ resident, waiting }: { resident: Resident; waiting: boolean }) {
    const t = useText();
    const errors = useErrors();
    const [asking, setAsking] = useState(false);
    const no = useRef<HTMLButtonElement>(null);
    const button = useRef<HTMLButtonElement>(null);
    const { ending } = resident;
    const id = "end-question";

    useEffect(() => {
        if (asking) no.current?.focus();
    }, [asking]);

    function cancel() {
        setAsking(false);
        /* Drawn first: the button is back only then. */
        setTimeout(() => button.current?.focus());
    }

    if (ending === "asked")
        return (
            <p class="end hint" role="status">
                {t.ending}
            </p>
        );
    if (!asking)
        return (
            <div class="end">
                <button ref={button} type="button" class="link-button" data-testid="end" onClick={() => setAsking(true)}>
                    {t.end}
                </button>
                {ending !== null && (
                    <p class="composer__problem" role="alert">
                        {errors[ending.code] ?? errors["other"]}
                    </p>
                )}
            </div>
        );
    return (
        <div
            class="end end--asking"
            role="group"
            aria-labelledby={id}
            onKeyDown={(event) => {
                if (event.key === "Escape") cancel();
            }}
        >
            <p id={id}>{waiting ? t.endAskWaiting : t.endAsk}</p>
            <button
                type="button"
                class="nl-button nl-button--primary"
                data-testid="end-yes"
                onClick={() => {
                    setAsking(false);
                    resident.end();
                }}
            >
                {t.endYes}
            </button>
            <button ref={no} type="button" class="nl-button nl-button--secondary" data-testid="end-no" onClick={cancel}>
                {t.endNo}
            </button>
        </div>
    );
}
