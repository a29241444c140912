import { useEffect } from "preact/hooks";

const FLASH_MS = 1000;

/* The tab says how many messages wait, and flashes while nobody looks at it. */
export function useTitle(title: string, unread: number, unreadTitle: (n: number) => string): void {
    useEffect(() => {
        document.title = unread > 0 ? `(${unread}) ${title}` : title;
        if (unread === 0) return;
        let flash = false;
        const handle = setInterval(() => {
            flash = document.visibilityState !== "visible" && !flash;
            document.title = flash ? unreadTitle(unread) : `(${unread}) ${title}`;
        }, FLASH_MS);
        return () => clearInterval(handle);
    }, [title, unread, unreadTitle]);
}
