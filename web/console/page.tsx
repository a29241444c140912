import { useState } from "preact/hooks";
import { Console } from "../client/console.ts";
import type { DeskOptions } from "../client/desk.ts";
import { Bar } from "../parts/bar.tsx";
import { ConnectionBanner } from "../parts/banner.tsx";
import { Details } from "../parts/details.tsx";
import { InboxIcon } from "../parts/icons.tsx";
import { News } from "../parts/news.tsx";
import { StaffPage, type StaffViewProps } from "../parts/staff-page.tsx";
import { ThreadView } from "../parts/thread.tsx";
import { Offers } from "./offers.tsx";
import { PresenceMenu } from "./presence.tsx";
import { useText } from "./text.ts";
import { useTitle } from "./title.ts";
import { agentTools } from "./tools.tsx";
import { WorkList } from "./work-list.tsx";

const make = (options: DeskOptions) => new Console(options);

export function Page() {
    const t = useText();
    return <StaffPage role="agent" title={t.title} make={make} View={Workplace} />;
}

function Workplace({ store, onSignOut }: StaffViewProps<Console>) {
    const t = useText();
    const offers = store.offers().length;
    const unread = store.unreadTotal();
    useTitle(t.title, offers + unread, offers > 0 ? t.titleOffer(offers) : t.titleUnread(unread));
    const [details, setDetails] = useState(false);
    const work = store.selected === null ? undefined : store.work.get(store.selected);
    return (
        <div class={`console ${work === undefined ? "console--list" : "console--thread"} ${details ? "console--details" : ""}`}>
            <Bar name={store.session.organisation} middle={<PresenceMenu store={store} />}>
                <span class="bar__user">{store.session.name}</span>
                <button type="button" class="bar__button" data-testid="sign-out" onClick={onSignOut}>
                    {t.signOut}
                </button>
            </Bar>
            <ConnectionBanner status={store.status} texts={t} />
            <News store={store} />
            <Offers store={store} />
            <WorkList store={store} />
            <main id="main" class="console__main" tabIndex={-1}>
                <h1 class="hidden">{t.title}</h1>
                {work === undefined ? (
                    <div class="console__empty">
                        <InboxIcon />
                        <p>
                            {store.mine().length === 0
                                ? store.presence === "available"
                                    ? t.chooseNone
                                    : t.noConversationsOffline
                                : t.choose}
                        </p>
                    </div>
                ) : (
                    <ThreadView
                        key={work.conversation}
                        store={store}
                        work={work}
                        tools={agentTools(store, work, t)}
                        details={details}
                        onDetails={() => setDetails(!details)}
                    />
                )}
            </main>
            {work !== undefined && <Details key={work.conversation} store={store} work={work} onBack={() => setDetails(false)} />}
        </div>
    );
}
