import type { Console } from "../client/console.ts";
import type { Work } from "../client/frames.ts";
import { Finish, finishAsks } from "../parts/finish.tsx";
import { BringIn, HandOver } from "../parts/hand-over.tsx";
import { Snooze } from "../parts/snooze.tsx";
import type { Tool } from "../parts/tools.tsx";
import type { Text } from "./text.ts";

/* What an agent can do with a conversation besides answering: all of it with one's own, leaving one in which one only takes part. */
export function agentTools(store: Console, work: Work, t: Text): Tool[] {
    const { conversation } = work;
    if (store.part(work) === "joined") return [{ name: "leave", label: t.leave, act: () => store.leave(conversation) }];
    if (!store.holds(work) || work.state !== "active") return [];
    const panel = { store, work };
    return [
        { name: "hand-over", label: t.handOver, panel: (close) => <HandOver {...panel} onDone={close} /> },
        { name: "bring-in", label: t.join, panel: (close) => <BringIn {...panel} onDone={close} /> },
        { name: "snooze", label: t.snooze, panel: (close) => <Snooze {...panel} onDone={close} /> },
        finishAsks(store, work)
            ? {
                  name: "close",
                  label: t.close,
                  main: true,
                  panel: (close) => <Finish {...panel} label={t.close} testid="close-do" onDone={close} />,
              }
            : { name: "close", label: t.close, main: true, act: () => store.close(conversation) },
    ];
}
