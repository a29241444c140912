/* Which client am I? Messages are numbered per client, so two living pages must never share an id, and a page that comes back (reload, crash, next
 * morning) must get the id under which its unsent messages are stored.
 *
 * With Web Locks (https, and http on localhost): every page holds a lock named after its id for as long as it lives. A new page takes the first
 * known id whose lock is free, those with unsent messages first; else it makes one.
 * Without: the id lies in sessionStorage, but only while the page is *away* (between pagehide and the next load). A duplicated tab copies the
 * sessionStorage of a living page, finds nothing, and makes its own. */
import type { Storage } from "./environment.ts";
import { storageRead, storageWrite } from "./environment.ts";

const CLIENTS_MAX = 20;

export interface Locks {
    /** Take the lock for the life of the page; false when another page has it. */
    take(name: string): Promise<boolean>;
}

/** @scope keeps faces and agents apart: `resident`, `agent.anna`. */
export async function identityClaim(
    storage: Storage,
    locks: Locks | null,
    scope: string,
    newId: () => string,
    kept: { take(): string | null },
): Promise<string> {
    const key = `loket.clients.${scope}`;
    const known = (storageRead(storage, key) ?? []) as string[];
    const unsent = (id: string) => (storage.keys().some((each) => each.startsWith(`loket.outbox.${id}.`)) ? 0 : 1);
    if (locks === null) {
        const id = kept.take() ?? newId();
        if (!known.includes(id)) storageWrite(storage, key, [...known, id].slice(-CLIENTS_MAX));
        return id;
    }
    for (const id of [...known].sort((a, b) => unsent(a) - unsent(b))) if (await locks.take(`loket.client.${id}`)) return id;
    const id = newId();
    await locks.take(`loket.client.${id}`);
    const now = (storageRead(storage, key) ?? []) as string[];
    storageWrite(storage, key, [...now, id].slice(-CLIENTS_MAX));
    return id;
}

export const browserLocks: Locks | null =
    typeof navigator !== "undefined" && "locks" in navigator
        ? {
              take(name) {
                  return new Promise((answer) => {
                      void navigator.locks.request(name, { ifAvailable: true }, (lock) => {
                          answer(lock !== null);
                          return lock === null ? undefined : new Promise<never>(() => undefined);
                      });
                  });
              },
          }
        : null;

/** sessionStorage as the place for the id while the page is away. */
export function browserKept(scope: string): { take(): string | null; keep(id: string): void } {
    const key = `loket.client.${scope}`;
    return {
        take() {
            try {
                const id = sessionStorage.getItem(key);
                sessionStorage.removeItem(key);
                return id;
            } catch {
                return null;
            }
        },
        keep(id) {
            const put = () => {
                try {
                    sessionStorage.setItem(key, id);
                } catch {
                    /* then the next load gets a new id */
                }
            };
            window.addEventListener("pagehide", put);
            window.addEventListener("pageshow", () => sessionStorage.removeItem(key));
        },
    };
}

const claimed = new Map<string, Promise<string>>(); /* once a page: who signs in again here is the same client */

export function browserIdentity(storage: Storage, scope: string, newId: () => string): Promise<string> {
    let claim = claimed.get(scope);
    if (claim === undefined) {
        const kept = browserKept(scope);
        claim = identityClaim(storage, browserLocks, scope, newId, kept);
        if (browserLocks === null) void claim.then((id) => kept.keep(id));
        claimed.set(scope, claim);
    }
    return claim;
}
