import { useEffect } from "preact/hooks";

const FLASH_MS = 1000;

/* The tab says how much waits, and flashes with @news while nobody looks at it. */
export function useTitle(title: string, count: number, news: string): void {
    useEffect(() => {
        document.title = count > 0 ? `(${count}) ${title}` : title;
        if (count === 0) return;
        let flash = false;
        const handle = setInterval(() => {
            flash = document.visibilityState !== "visible" && !flash;
            document.title = flash ? news : `(${count}) ${title}`;
        }, FLASH_MS);
        return () => clearInterval(handle);
    }, [title, count, news]);
}
