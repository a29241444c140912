/* One connection to the broker that comes back by itself. Owns the socket, the greeting, the heartbeats and the back-off; knows no conversation.
 *
 *   stopped ──start──▶ connecting ──welcome──▶ open
 *      ▲                 ▲    │                 │
 *      │ refused         │    └──lost──▶ waiting ◀──lost── (again after 0.2 s … 5 s, or at once when the page wakes)
 *      └─────────────────┴───────────────┘
 *
 * Lost means: closed by anyone, no welcome in time, or silence for two heartbeats. A page that wakes (shown, focused, back on a network) does not
 * trust its socket: it asks with a ping and gives the answer 3 s, for a socket that lay in a sleeping phone looks open and is not. */
import type { DownFrame, Down, Up, UpFrame } from "./frames.ts";
import type { Environment, SocketLike } from "./environment.ts";
import { wireDecode, wireEncode, type Wire } from "./wire.ts";

export const BACKOFF_FIRST_MS = 200;
export const BACKOFF_LAST_MS = 5000;
export const GREETING_MS = 10_000; /* from dialling to welcome, TLS on a slow phone included */
export const PROBE_MS = 3000;
const STEADY_MS = 5000; /* a connection that lived so long starts the back-off anew */

/* Closes after which the same thing would happen again: sign in first, not this origin, replaced by a newer session of the same client. */
const FINAL_CODES: Record<number, string> = { 4401: "sign_in", 4403: "origin", 4409: "replaced" };

export type Phase = "stopped" | "connecting" | "open" | "waiting";

export interface ConnectionStatus {
    readonly phase: Phase;
    /** Why it stopped, in the broker's words; empty when it was our wish. */
    readonly reason: string;
    /** The store is away: the broker takes nothing in just now. */
    readonly storeAway: boolean;
    /** Was open before: what is missing now was there. */
    readonly wasOpen: boolean;
}

export interface ConnectionEvents {
    hello(): Omit<Up<"hello">, "verb">;
    welcome(frame: Down<"welcome">): void;
    frame(frame: DownFrame): void;
    status(status: ConnectionStatus): void;
}

/** Wait before attempt @attempt (0 is the first after a loss): doubling, capped, and spread so that a restart does not bring everyone at once. */
export function backoffMs(attempt: number, random: number): number {
    const full = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16));
    return Math.round(full * (0.5 + random / 2));
}

export class Connection {
    status: ConnectionStatus = { phase: "stopped", reason: "", storeAway: false, wasOpen: false };
    private socket: SocketLike | null = null;
    private attempt = 0;
    private heartbeatMs = 25_000;
    private heardAt = 0;
    private sentAt = 0;
    private openedAt = 0;
    private cancelTimer: () => void = () => undefined;
    private cancelProbe: () => void = () => undefined;

    constructor(
        private readonly env: Environment,
        private readonly wire: Wire,
        private readonly events: ConnectionEvents,
    ) {}

    start(): void {
        if (this.status.phase !== "stopped") return;
        this.attempt = 0;
        this.dial();
    }

    stop(): void {
        this.drop(1000);
        this.setStatus({ phase: "stopped", reason: "", storeAway: false });
    }

    /** False when it did not leave: the caller keeps what must not be lost. */
    send(frame: UpFrame): boolean {
        if (this.status.phase !== "open") return false;
        this.transmit(frame);
        return true;
    }

    /** The page woke up, or something smells dead. */
    wake(): void {
        if (this.status.phase === "waiting") this.dial();
        else if (this.status.phase === "open") this.probe();
    }

    /** The device says that it has no network: no need to wait until silence proves it. Dialling goes on, for the device may be wrong. */
    offline(): void {
        if (this.status.phase === "open") this.lost(4408);
    }

    private probe(): void {
        const asked = this.env.now();
        this.transmit({ verb: "ping" });
        this.cancelProbe();
        this.cancelProbe = this.env.timer(PROBE_MS, () => {
            if (this.status.phase === "open" && this.heardAt < asked) this.lost(4408);
        });
    }

    private dial(): void {
        this.drop(1000);
        this.setStatus({ phase: "connecting", reason: "" });
        const socket = this.env.socket(this.wire);
        this.socket = socket;
        socket.onopen = () => this.transmit({ verb: "hello", ...this.events.hello() });
        socket.onmessage = (event) => this.heard(event.data);
        socket.onclose = (event) => this.lost(event.code);
        this.cancelTimer = this.env.timer(GREETING_MS, () => this.lost(4408));
    }

    private heard(data: unknown): void {
        this.heardAt = this.env.now();
        const frame = wireDecode(data);
        if (frame === null) return;
        if (frame.verb === "ping") this.transmit({ verb: "pong", n: frame.n });
        else if (frame.verb === "welcome") this.welcomed(frame);
        else if (frame.verb === "notice") this.noticed(frame.code);
        else if (frame.verb !== "pong") this.events.frame(frame);
    }

    private welcomed(frame: Down<"welcome">): void {
        if (this.status.phase !== "connecting") return;
        this.heartbeatMs = Math.max(1000, frame.heartbeat_ms);
        this.openedAt = this.env.now();
        this.setStatus({ phase: "open", reason: "", storeAway: false, wasOpen: true });
        this.beat();
        this.events.welcome(frame);
    }

    private noticed(code: string): void {
        if (code === "store_away") this.setStatus({ storeAway: true });
        if (code === "store_back") this.setStatus({ storeAway: false });
    }

    /* Twice in an interval, so that neither side's patience is tested: say something when we were quiet, count the silence of the other. */
    private beat(): void {
        this.cancelTimer();
        this.cancelTimer = this.env.timer(this.heartbeatMs / 2, () => {
            if (this.env.now() - this.heardAt >= 2 * this.heartbeatMs) return this.lost(4408);
            if (this.env.now() - this.sentAt >= this.heartbeatMs / 2) this.transmit({ verb: "ping" });
            this.beat();
        });
    }

    private lost(code: number): void {
        if (this.socket === null) return;
        this.drop(code === 4408 ? 4408 : 1000);
        const final = FINAL_CODES[code];
        if (final !== undefined) {
            this.setStatus({ phase: "stopped", reason: final, storeAway: false });
            return;
        }
        if (this.openedAt > 0 && this.env.now() - this.openedAt >= STEADY_MS) this.attempt = 0;
        this.openedAt = 0;
        const wait = backoffMs(this.attempt++, this.env.random());
        /* The timer first: whoever hears the status may wake us. */
        this.cancelTimer = this.env.timer(wait, () => this.dial());
        this.setStatus({ phase: "waiting", storeAway: false });
    }

    /* A dropped socket never speaks again, whatever the browser still has in its hands. */
    private drop(code: number): void {
        this.cancelTimer();
        this.cancelProbe();
        const socket = this.socket;
        this.socket = null;
        if (socket === null) return;
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close(code);
    }

    private transmit(frame: UpFrame): void {
        this.sentAt = this.env.now();
        this.socket?.send(wireEncode(this.wire, frame));
    }

    private setStatus(change: Partial<ConnectionStatus>): void {
        this.status = { ...this.status, ...change };
        this.events.status(this.status);
    }
}
