import type { QueueName } from "../client/frames.ts";
import { language } from "../parts/language.ts";
import type { Text } from "./text.ts";

export function queueName(queues: readonly QueueName[], id: string): string {
    const found = queues.find((each) => each.queue === id);
    if (found === undefined) return id;
    return language.now === "en" ? found.name_en : found.name_nl;
}

export function channelName(channel: string, t: Text): string {
    const names: Record<string, string | undefined> = { chat: t.channelChat, email: t.channelEmail, sms: t.channelSms };
    return names[channel] ?? channel;
}
