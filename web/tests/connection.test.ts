import { describe, expect, test } from "vitest";
import { backoffMs, BACKOFF_FIRST_MS, BACKOFF_LAST_MS, Connection, GREETING_MS, PROBE_MS } from "../client/connection.ts";
import type { DownFrame } from "../client/frames.ts";
import { JSON_FORM } from "../client/wire.ts";
import { WELCOME, World } from "./world.ts";

function dialled() {
    const world = new World();
    const frames: DownFrame[] = [];
    const phases: string[] = [];
    const connection = new Connection(world, JSON_FORM, {
        hello: () => ({ client: "me" }),
        welcome: () => undefined,
        frame: (frame) => frames.push(frame),
        status: ({ phase, storeAway }) => phases.push(storeAway ? "store-away" : phase),
    });
    connection.start();
    return { world, connection, frames, phases };
}

function open() {
    const made = dialled();
    made.world.last.onopen?.();
    made.world.last.say(WELCOME);
    return made;
}

describe("back-off", () => {
    test("doubles, is capped, and is spread over its upper half", () => {
        expect(backoffMs(0, 1)).toBe(BACKOFF_FIRST_MS);
        expect(backoffMs(0, 0)).toBe(BACKOFF_FIRST_MS / 2);
        expect(backoffMs(1, 1)).toBe(2 * BACKOFF_FIRST_MS);
        expect(backoffMs(1000, 1)).toBe(BACKOFF_LAST_MS);
    });
});

describe("connection", () => {
    test("greets first, and nothing is said before the welcome", () => {
        const { world, connection, phases } = dialled();
        world.last.onopen?.();
        expect(connection.send({ verb: "watch" })).toBe(false);
        expect(world.last.sent).toEqual([{ verb: "hello", client: "me" }]);
        world.last.say(WELCOME);
        expect(connection.send({ verb: "watch" })).toBe(true);
        expect(phases).toEqual(["connecting", "open"]);
    });

    test("comes back by itself after each loss, later each time, and at once after a steady while", () => {
        const { world } = open();
        world.last.onclose?.({ code: 1006 });
        world.pass(BACKOFF_FIRST_MS - 1);
        expect(world.sockets).toHaveLength(1);
        world.pass(1);
        expect(world.sockets).toHaveLength(2);
        world.last.onclose?.({ code: 1006 });
        world.pass(BACKOFF_FIRST_MS);
        expect(world.sockets).toHaveLength(2);
        world.pass(BACKOFF_FIRST_MS);
        expect(world.sockets).toHaveLength(3);
        world.last.onopen?.();
        world.last.say(WELCOME);
        world.pass(6000);
        world.last.onclose?.({ code: 1006 });
        world.pass(BACKOFF_FIRST_MS);
        expect(world.sockets).toHaveLength(4);
    });

    test("a dial without a welcome is given up", () => {
        const { world } = dialled();
        world.last.onopen?.();
        world.pass(GREETING_MS + BACKOFF_FIRST_MS);
        expect(world.sockets).toHaveLength(2);
        expect(world.sockets[0]?.closed).toBe(4408);
    });

    test("two silent heartbeats are a loss; words of the other side are not silence", () => {
        const { world, connection } = open();
        for (let i = 0; i < 6; i++) {
            world.pass(5000);
            world.last.say({ verb: "ping" });
        }
        expect(connection.status.phase).toBe("open");
        expect(world.last.verbs()).toContain("pong");
        world.pass(25_000);
        expect(world.sockets.length).toBeGreaterThan(1);
    });

    test("says something in each heartbeat", () => {
        const { world } = open();
        world.pass(15_000);
        expect(world.last.verbs().filter((verb) => verb === "ping").length).toBeGreaterThanOrEqual(2);
    });

    test("a page that wakes probes its socket, and drops one that does not answer", () => {
        const { world, connection } = open();
        connection.wake();
        expect(world.last.verbs().at(-1)).toBe("ping");
        world.last.say({ verb: "pong" });
        world.pass(PROBE_MS);
        expect(connection.status.phase).toBe("open");
        world.pass(1);
        connection.wake();
        world.pass(PROBE_MS);
        expect(connection.status.phase).toBe("waiting");
    });

    test("a page that wakes while it waits dials at once", () => {
        const { world, connection } = open();
        world.last.onclose?.({ code: 1006 });
        connection.wake();
        expect(world.sockets).toHaveLength(2);
    });

    test("a device without a network is believed at once, and dialling goes on", () => {
        const { world, connection } = open();
        connection.offline();
        expect(connection.status.phase).toBe("waiting");
        world.pass(BACKOFF_FIRST_MS);
        expect(world.sockets).toHaveLength(2);
    });

    test.each([
        [4401, "sign_in"],
        [4403, "origin"],
        [4409, "replaced"],
    ])("close %i is final and says why: %s", (code, reason) => {
        const { world, connection } = open();
        world.last.onclose?.({ code });
        world.pass(60_000);
        expect(world.sockets).toHaveLength(1);
        expect(connection.status).toMatchObject({ phase: "stopped", reason });
    });

    test("a socket that was dropped is heard no more", () => {
        const { world, frames } = open();
        const old = world.last;
        const heard = old.onmessage;
        old.onclose?.({ code: 1006 });
        expect(old.onmessage).toBeNull();
        world.pass(BACKOFF_FIRST_MS);
        world.last.onopen?.();
        world.last.say(WELCOME);
        expect(heard).not.toBeNull();
        expect(frames).toEqual([]);
    });

    test("notices of the store set and clear the status; a loss clears it as well", () => {
        const { world, connection } = open();
        world.last.say({ verb: "notice", code: "store_away" });
        expect(connection.status.storeAway).toBe(true);
        world.last.say({ verb: "notice", code: "store_back" });
        expect(connection.status.storeAway).toBe(false);
        world.last.say({ verb: "notice", code: "store_away" });
        world.last.onclose?.({ code: 1006 });
        expect(connection.status.storeAway).toBe(false);
    });

    test("what cannot be read is dropped", () => {
        const { world, connection, frames } = open();
        for (const data of ["", "{", "[]", "null", '{"verb":1}', "7"]) world.last.onmessage?.({ data });
        expect(frames).toEqual([]);
        expect(connection.status.phase).toBe("open");
    });
});
