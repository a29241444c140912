/* A scripted world for the client: a clock that only the test moves, sockets whose other end the test holds. */
import type { Environment, SocketLike, Storage } from "../client/environment.ts";
import type { DownFrame, UpFrame, Work } from "../client/frames.ts";

export class FakeSocket implements SocketLike {
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onclose: ((event: { code: number }) => void) | null = null;
    readonly sent: UpFrame[] = [];
    closed: number | undefined;

    send(data: Uint8Array | string): void {
        this.sent.push(JSON.parse(data as string) as UpFrame);
    }

    close(code?: number): void {
        this.closed = code ?? 1000;
    }

    /** The broker says. */
    say(frame: DownFrame): void {
        this.onmessage?.({ data: JSON.stringify(frame) });
    }

    verbs(): string[] {
        return this.sent.map((frame) => frame.verb);
    }
}

interface Timer {
    readonly at: number;
    readonly call: () => void;
}

export class World implements Environment {
    sockets: FakeSocket[] = [];
    private time = 1_000_000;
    private timers: Timer[] = [];
    private ids = 0;

    now(): number {
        return this.time;
    }

    random(): number {
        return 1;
    }

    timer(delay_ms: number, call: () => void): () => void {
        const timer = { at: this.time + delay_ms, call };
        this.timers.push(timer);
        return () => {
            this.timers = this.timers.filter((each) => each !== timer);
        };
    }

    socket(): FakeSocket {
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
    }

    readonly id = (): string => `id${++this.ids}`;

    /** Let @ms pass; timers fire in their order. */
    pass(ms: number): void {
        const end = this.time + ms;
        for (;;) {
            const next = this.timers.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0];
            if (next === undefined) break;
            this.timers = this.timers.filter((each) => each !== next);
            this.time = next.at;
            next.call();
        }
        this.time = end;
    }

    get last(): FakeSocket {
        const socket = this.sockets.at(-1);
        if (socket === undefined) throw new Error("nothing was dialled");
        return socket;
    }
}

export class MemoryStorage implements Storage {
    private readonly held = new Map<string, string>();
    get = (key: string): string | null => this.held.get(key) ?? null;
    set = (key: string, value: string): void => void this.held.set(key, value);
    remove = (key: string): void => void this.held.delete(key);
    keys = (): string[] => [...this.held.keys()];
}

export const WELCOME: DownFrame = {
    verb: "welcome",
    role: "resident",
    organisation: "Gemeente Voorbeeld",
    epoch: "e1",
    now: 1_000_000,
    heartbeat_ms: 10_000,
    text_bytes_max: 16_384,
    queues: [{ queue: "burgerzaken", name_nl: "Burgerzaken", name_en: "Civil affairs" }],
};

export const entry = (
    seq: number,
    more: Partial<Extract<DownFrame, { verb: "entry" }>> = {},
): Extract<DownFrame, { verb: "entry" }> => ({
    verb: "entry",
    conversation: "c",
    seq,
    kind: "message",
    at: seq,
    from: "resident",
    text: `m${seq}`,
    ...more,
});

export const resumed = (from: number, seq: number, counter = 0): Extract<DownFrame, { verb: "resumed" }> => ({
    verb: "resumed",
    conversation: "c",
    from,
    seq,
    counter,
    state: "active",
    read_resident: 0,
    read_agent: 0,
});

export const work = (conversation: string, more: Partial<Work> = {}): Work => ({
    verb: "conversation",
    conversation,
    version: 1,
    state: "active",
    queue: "burgerzaken",
    resident: "r",
    channel: "chat",
    seq: 1,
    opened_at: 900_000,
    queued_at: 900_000,
    ...more,
});
