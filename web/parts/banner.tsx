import type { ConnectionStatus } from "../client/connection.ts";
import { AlertIcon, OfflineIcon } from "./icons.tsx";
import { useNow } from "./time.ts";
import { useEffect, useRef } from "preact/hooks";

export interface BannerTexts {
    readonly connecting: string;
    readonly reconnecting: string;
    readonly storeAway: string;
    readonly replaced: string;
    readonly origin: string;
}

const SHORT_MS = 700; /* a shorter loss is mended before anyone needs to know */

/* What is wrong with the connection, in words; empty while all is well. Always in the page, so that screen readers hear it change. */
export function ConnectionBanner({ status, texts }: { status: ConnectionStatus; texts: BannerTexts }) {
    const now = useNow(500);
    const since = useRef(now);
    const open = status.phase === "open";
    useEffect(() => {
        since.current = Date.now();
    }, [open]);
    const text = bannerText(status, texts, now - since.current < SHORT_MS);
    return (
        <div class="banner" role="status" data-testid="connection" data-state={status.storeAway ? "store-away" : status.phase}>
            {text !== "" && (
                <p class={`banner__text ${status.phase === "stopped" ? "banner__text--error" : ""}`}>
                    {status.phase === "open" ? <AlertIcon /> : <OfflineIcon />}
                    <span>{text}</span>
                </p>
            )}
        </div>
    );
}

function bannerText(status: ConnectionStatus, texts: BannerTexts, short: boolean): string {
    if (status.phase === "open") return status.storeAway ? texts.storeAway : "";
    if (status.reason === "replaced") return texts.replaced;
    if (status.reason === "origin") return texts.origin;
    if (status.phase === "stopped" || short) return "";
    return status.wasOpen ? texts.reconnecting : texts.connecting;
}
