import type { QueueName } from "../client/frames.ts";
import { ClockIcon } from "../parts/icons.tsx";
import { language } from "../parts/language.ts";
import { useText } from "./text.ts";
import { opensText } from "./words.ts";

/* That a queue is closed: until when, what happens with a question now, and where else to ask it. */
export function Shut({ queue, now }: { queue: QueueName; now: number }) {
    const t = useText();
    const refuses = queue.outside === "close";
    const usual = refuses ? t.shutClose : queue.outside === "message" ? t.shutMessage : t.shutQueue;
    const own = language.now === "en" ? queue.outside_en : queue.outside_nl;
    return (
        <div class="notice notice--shut" data-testid="shut">
            <ClockIcon />
            <div class="notice__words">
                <p>
                    <strong>{t.nowShut}</strong> {queue.opens_at !== undefined && opensText(queue.opens_at, now, t)}
                </p>
                {own && <p dir="auto">{own}</p>}
                {(!own || refuses) && <p>{usual}</p>}
                {queue.outside_email && (
                    <p>
                        {refuses ? t.shutEmailOnly : t.shutEmail}{" "}
                        <a class="nl-link" href={`mailto:${queue.outside_email}`}>
                            {queue.outside_email}
                        </a>
                    </p>
                )}
            </div>
        </div>
    );
}
