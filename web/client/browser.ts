/* The browser as an environment: the only file of the client that touches window, WebSocket and localStorage. */
import type { Environment, SocketLike, Storage } from "./environment.ts";
import { JSON_FORM, MSGPACK, type Wire } from "./wire.ts";

const ID_LETTERS = "0123456789abcdefghijklmnopqrstuv"; /* 32: five bits of a byte each, evenly */
const ID_LENGTH = 26; /* 130 bits */

function randomId(): string {
    let id = "";
    for (const byte of crypto.getRandomValues(new Uint8Array(ID_LENGTH))) id += ID_LETTERS.charAt(byte & 31);
    return id;
}

/** @as `resident`: the page speaks for a resident even where somebody is signed in as staff in the same browser. */
export const browserEnvironment = (as?: "resident"): Environment => ({
    now: () => Date.now(),
    random: () => Math.random(),
    timer(delay_ms, call) {
        const handle = setTimeout(call, delay_ms);
        return () => clearTimeout(handle);
    },
    socket(protocol): SocketLike {
        const url = new URL(as === undefined ? "/ws" : `/ws?as=${as}`, location.href);
        url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
        const socket = new WebSocket(url, protocol);
        socket.binaryType = "arraybuffer";
        return {
            send(data) {
                if (socket.readyState === WebSocket.OPEN) socket.send(data);
            },
            /* Browsers let a page send 1000 and 3000-4999 only. */
            close: (code) => socket.close(code),
            set onopen(call: (() => void) | null) {
                socket.onopen = call;
            },
            set onmessage(call: ((event: { data: unknown }) => void) | null) {
                socket.onmessage = call;
            },
            set onclose(call: ((event: { code: number }) => void) | null) {
                socket.onclose = call;
            },
        };
    },
    id: randomId,
});

/** `?wire=json` shows readable frames in the browser's tools. */
export function browserWire(): Wire {
    return new URLSearchParams(location.search).get("wire") === "json" ? JSON_FORM : MSGPACK;
}

/** Private windows and full disks throw: the page then lives without a memory rather than not at all. */
export const browserStorage: Storage = {
    get(key) {
        try {
            return localStorage.getItem(key);
        } catch {
            return null;
        }
    },
    set(key, value) {
        try {
            localStorage.setItem(key, value);
        } catch {
            /* as said above */
        }
    },
    remove(key) {
        try {
            localStorage.removeItem(key);
        } catch {
            /* as said above */
        }
    },
    keys() {
        try {
            return Object.keys(localStorage);
        } catch {
            return [];
        }
    },
};

/** Tell @sleeper whenever the page may have slept or the network changed. The answer stops it. */
export function browserWakes(sleeper: { wake(): void; offline(): void }): () => void {
    const wake = () => sleeper.wake();
    const offline = () => sleeper.offline();
    const events = ["online", "focus", "pageshow"];
    const seen = () => {
        if (document.visibilityState === "visible") wake();
    };
    for (const event of events) window.addEventListener(event, wake);
    window.addEventListener("offline", offline);
    document.addEventListener("visibilitychange", seen);
    return () => {
        for (const event of events) window.removeEventListener(event, wake);
        window.removeEventListener("offline", offline);
        document.removeEventListener("visibilitychange", seen);
    };
}
