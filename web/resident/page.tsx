import { useEffect } from "preact/hooks";
import type { Resident } from "../client/resident.ts";
import { Bar } from "../parts/bar.tsx";
import { ConnectionBanner } from "../parts/banner.tsx";
import { useStore } from "../parts/language.ts";
import { Ask } from "./ask.tsx";
import { Chat } from "./chat.tsx";
import { useText } from "./text.ts";

export function Page({ resident }: { resident: Resident }) {
    useStore(resident);
    const t = useText();
    const { organisation, thread, startShown } = resident;

    useEffect(() => {
        document.title = organisation === "" ? t.title : `${t.title} – ${organisation}`;
    }, [organisation, t]);

    return (
        <>
            <a class="nl-skip-link nl-skip-link--visible-on-focus" href="#main">
                {t.skip}
            </a>
            <Bar name={organisation || t.title} />
            <ConnectionBanner status={resident.status} texts={t} />
            {thread === null && startShown === null ? <Ask resident={resident} /> : <Chat resident={resident} />}
        </>
    );
}
