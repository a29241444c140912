/* Names for things on the console that have several. */
import type { QueueName, Work } from "../client/frames.ts";
import { language } from "../parts/language.ts";
import type { Text } from "./text.ts";

export function residentName(work: Work, t: Text): string {
    return work.name || work.addresses?.[0]?.address || t.nameless;
}

export function channelName(channel: string, t: Text): string {
    const names: Record<string, string | undefined> = { chat: t.channelChat, email: t.channelEmail, sms: t.channelSms };
    return names[channel] ?? channel;
}

export function queueName(queues: readonly QueueName[], id: string): string {
    const found = queues.find((each) => each.queue === id);
    if (found === undefined) return id;
    return language.now === "en" ? found.name_en : found.name_nl;
}
