/* A list that stays at its end while one reads there, and stays put while one reads further up. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

const NEAR_PX = 60;

/** @list scrolls; @mark changes with the content. The answer: is its end in sight, and a way to get there. */
export function useStick(list: RefObject<HTMLElement>, mark: unknown): [boolean, () => void] {
    const stuck = useRef(true);
    const [atEnd, setAtEnd] = useState(true);

    const toEnd = () => {
        const element = list.current;
        if (element !== null) element.scrollTop = element.scrollHeight;
    };

    useEffect(() => {
        const element = list.current;
        if (element === null) return;
        const look = () => {
            stuck.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
            setAtEnd(stuck.current);
        };
        element.addEventListener("scroll", look, { passive: true });
        /* A keyboard that opens, a window that turns, a composer that grows: the end stays in sight. */
        const sizes = new ResizeObserver(() => stuck.current && toEnd());
        sizes.observe(element);
        return () => {
            element.removeEventListener("scroll", look);
            sizes.disconnect();
        };
    }, [list]);

    useLayoutEffect(() => {
        if (stuck.current) toEnd();
    }, [mark]);

    return [
        atEnd,
        () => {
            stuck.current = true;
            toEnd();
        },
    ];
}

/** Is the page itself on screen? */
export function useVisible(): boolean {
    const [visible, setVisible] = useState(document.visibilityState === "visible");
    useEffect(() => {
        const look = () => setVisible(document.visibilityState === "visible");
        document.addEventListener("visibilitychange", look);
        return () => document.removeEventListener("visibilitychange", look);
    }, []);
    return visible;
}
