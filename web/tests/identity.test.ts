import { expect, test } from "vitest";
import { identityClaim } from "../client/identity.ts";
import { MemoryStorage } from "./world.ts";

function browser() {
    const taken = new Set<string>();
    return { locks: { take: (name: string) => Promise.resolve(!taken.has(name) && taken.add(name).has(name)) }, taken };
}
const never = { take: () => null };

test("two living pages never share an id; a page that comes back gets its own again", async () => {
    const storage = new MemoryStorage();
    const { locks, taken } = browser();
    let n = 0;
    const id = () => `id${++n}`;
    const a = await identityClaim(storage, locks, "resident", id, never);
    const b = await identityClaim(storage, locks, "resident", id, never);
    expect([a, b]).toEqual(["id1", "id2"]);
    taken.delete("loket.client.id1");
    expect(await identityClaim(storage, locks, "resident", id, never)).toBe("id1");
    expect(await identityClaim(storage, locks, "agent.anna", id, never)).toBe("id3");
});

test("ids with unsent messages come first", async () => {
    const storage = new MemoryStorage();
    let n = 0;
    const first = browser();
    for (let i = 0; i < 3; i++) await identityClaim(storage, first.locks, "resident", () => `id${++n}`, never);
    storage.set("loket.outbox.id2.c", "{}");
    expect(await identityClaim(storage, browser().locks, "resident", () => "new", never)).toBe("id2");
});

test("without Web Locks the id is the one that the page left for itself, or a new one", async () => {
    const storage = new MemoryStorage();
    expect(await identityClaim(storage, null, "resident", () => "new", { take: () => "mine" })).toBe("mine");
    expect(await identityClaim(storage, null, "resident", () => "new", never)).toBe("new");
});
