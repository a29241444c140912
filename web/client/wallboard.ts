/* The supervisor's wallboard without its looks: the board as the broker sends it, and a short memory for the trend. */
import { Connection, type ConnectionStatus } from "./connection.ts";
import type { Environment } from "./environment.ts";
import type { Board, DownFrame, QueueName } from "./frames.ts";
import type { Session } from "./session.ts";
import { Store } from "./store.ts";
import type { Wire } from "./wire.ts";

export const TREND_STEP_MS = 5000;
export const TREND_STEPS = 120; /* ten minutes */

export class Wallboard extends Store {
    status: ConnectionStatus;
    queues: readonly QueueName[] = [];
    board: Board | null = null;
    clockMs = 0;
    signedOut = false;
    /** Waiting of each queue, oldest first, one for each step. */
    readonly trend = new Map<string, number[]>();
    private trendAt = 0;
    private readonly connection: Connection;

    constructor(
        private readonly env: Environment,
        wire: Wire,
        client: string,
        readonly session: Session,
        language: () => string,
    ) {
        super();
        this.connection = new Connection(env, wire, {
            hello: () => ({ client, language: language() }),
            welcome: (frame) => {
                if (frame.role !== this.session.role) {
                    this.signedOut = true;
                    this.connection.stop();
                    return;
                }
                this.clockMs = frame.now - env.now();
                this.queues = frame.queues ?? [];
                this.connection.send({ verb: "watch" });
            },
            frame: (frame) => this.frame(frame),
            status: (status) => {
                this.status = status;
                if (status.reason === "sign_in") this.signedOut = true;
                this.changed();
            },
        });
        this.status = this.connection.status;
    }

    connect(): void {
        this.connection.start();
    }

    disconnect(): void {
        this.connection.stop();
    }

    wake(): void {
        this.connection.wake();
    }

    offline(): void {
        this.connection.offline();
    }

    /** Once a step, also when nothing changed: a flat line is news too. */
    sample(): void {
        const now = this.env.now();
        if (this.board === null || now - this.trendAt < TREND_STEP_MS) return;
        this.trendAt = now;
        for (const row of this.board.queues) {
            const past = this.trend.get(row.queue) ?? [];
            this.trend.set(row.queue, [...past, row.waiting].slice(-TREND_STEPS));
        }
    }

    private frame(frame: DownFrame): void {
        if (frame.verb !== "board") return;
        this.board = frame;
        this.clockMs = frame.at - this.env.now();
        this.sample();
        this.changed();
    }
}
