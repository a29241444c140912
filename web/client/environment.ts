/* What the client takes from the world: clock, chance, timers, sockets, storage. A browser's in browser.ts; a scripted one in the tests. */

export interface SocketLike {
    send(data: Uint8Array | string): void;
    close(code?: number): void;
    onopen: (() => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onclose: ((event: { code: number }) => void) | null;
}

export interface Environment {
    /** Wall clock, ms since 1970. */
    now(): number;
    /** 0 <= x < 1 */
    random(): number;
    /** Calls once after the delay; the answer cancels. */
    timer(delay_ms: number, call: () => void): () => void;
    socket(protocol: string): SocketLike;
    /** Random id, 26 of [0-9a-z]. */
    readonly id: () => string;
}

/** localStorage, or what stands in for it. */
export interface Storage {
    get(key: string): string | null;
    /** A full store loses the copy, never the caller. */
    set(key: string, value: string): void;
    remove(key: string): void;
    keys(): string[];
}

export function storageRead(storage: Storage, key: string): unknown {
    const text = storage.get(key);
    if (text === null) return null;
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return null;
    }
}

export function storageWrite(storage: Storage, key: string, value: unknown): void {
    storage.set(key, JSON.stringify(value));
}
