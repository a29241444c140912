import { useEffect, useState } from "preact/hooks";
import type { Down } from "../client/frames.ts";
import { waitExpected } from "../client/wait.ts";
import { useNow } from "../parts/time.ts";
import { useText } from "./text.ts";
import { expectedText, opensText } from "./words.ts";

/* Where one stands and how long it may take. The eyes see each change; a voice says it only when the place changes. */
export function Wait({ waiting, clockMs }: { waiting: Down<"waiting"> | null; clockMs: number }) {
    const t = useText();
    const now = useNow(30_000) + clockMs;
    const place = waiting?.place ?? 0;
    const expected = waiting === null ? "" : expectedText(waitExpected(waiting.wait_from_s, waiting.wait_to_s), t);
    const shut = waiting?.closed === true;
    const opens = shut && waiting.opens_at !== undefined ? opensText(waiting.opens_at, now, t) : "";
    return (
        <section class="wait" data-testid="wait" data-place={place} aria-label={t.nowQueued}>
            {place > 0 && (
                <p class="wait__place" data-testid="place">
                    {t.place(place)}
                </p>
            )}
            {shut && <p class="wait__words">{`${t.nowShut} ${opens}`}</p>}
            {place > 0 && !shut && (
                <p class="wait__words" data-testid="expected">
                    {expected}
                </p>
            )}
            <p class="hint">{t.waitingHint}</p>
            <PlaceAnnouncer place={place} words={place > 0 ? `${t.place(place)}. ${shut ? opens : expected}` : ""} />
        </section>
    );
}

/* Keeps to the words of the moment at which the place changed. */
function PlaceAnnouncer({ place, words }: { place: number; words: string }) {
    const [said, setSaid] = useState("");
    useEffect(() => setSaid(words), [place]);
    return (
        <p class="hidden" aria-live="polite" data-testid="place-announcer">
            {said}
        </p>
    );
}
