/* Times as people read them, by the language of the page. */
import { useLayoutEffect, useReducer } from "preact/hooks";
import { language } from "./language.ts";

const LOCALES = { nl: "nl-NL", en: "en-GB" };
const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions, at: number): string {
    const key = `${language.now}.${name}`;
    let made = formats.get(key);
    if (made === undefined) formats.set(key, (made = new Intl.DateTimeFormat(LOCALES[language.now], options)));
    return made.format(at);
}

export function timeOfDay(at: number): string {
    return format("time", { hour: "2-digit", minute: "2-digit" }, at);
}

export function timeWithDate(at: number): string {
    return format("full", { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }, at);
}

export function day(at: number): string {
    return format("day", { weekday: "long", day: "numeric", month: "long" }, at);
}

/** Same for two times of one day, here. */
export function dayKey(at: number): string {
    return new Date(at).toDateString();
}

/** How long, in two figures at most: `45 s`, `3 min`, `2 h 05`, `4 d`. */
export function age(ms: number): string {
    const s = Math.max(0, Math.floor(ms / 1000));
    const hour = language.now === "nl" ? "u" : "h";
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 86_400) return `${Math.floor(s / 3600)} ${hour} ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}`;
    return `${Math.floor(s / 86_400)} d`;
}

/** As a clock that ticks, for walls: `0:45`, `12:07`, `1:02:09`. */
export function clock(ms: number): string {
    const s = Math.max(0, Math.floor(ms / 1000));
    const two = (n: number) => String(n).padStart(2, "0");
    const hours = Math.floor(s / 3600);
    return hours > 0 ? `${hours}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** Draw again every @every_ms; the answer is now. */
export function useNow(every_ms: number): number {
    const [, draw] = useReducer<number, undefined>((n) => n + 1, 0);
    useLayoutEffect(() => {
        const handle = setInterval(() => draw(undefined), every_ms);
        return () => clearInterval(handle);
    }, [every_ms]);
    return Date.now();
}
