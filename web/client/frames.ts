/* The wire's types by verb, over the generated ones: `Down<"entry">` is the frame `entry` as the broker sends it. */
import type { DownFrame, UpFrame } from "./frames.gen.ts";

export type { DownFrame, UpFrame };
export type Up<V extends UpFrame["verb"]> = Extract<UpFrame, { verb: V }>;
export type Down<V extends DownFrame["verb"]> = Extract<DownFrame, { verb: V }>;

export type Entry = Down<"entry">;
export type Attachment = NonNullable<Entry["attachments"]>[number];
export type Work = Down<"conversation">;
export type Board = Down<"board">;
export type QueueRow = Board["queues"][number];
export type AgentRow = NonNullable<Board["agents"]>[number];
export type WaitingRow = NonNullable<Board["waiting"]>[number];
export type QueueName = NonNullable<Down<"welcome">["queues"]>[number];

export type StatusName = NonNullable<Down<"welcome">["statuses"]>[number];
export type Alarm = NonNullable<Board["alarms"]>[number];

/** One that everyone has, or one of the organisation's own (`welcome.statuses`). */
export type Presence = string;
export type Channel = "chat" | "email" | "sms";
export const CHANNELS: readonly Channel[] = ["chat", "email", "sms"];
