/* Made by proto/protogen.c from proto/frames.def, proto/limits.def and broker/base/errors.def. Do not edit: change the
 * tables, then build the target `generate`. */

/** A queue that residents can choose. */
export interface QueueName {
    /** the queue's id */
    queue: string;
    /** its Dutch name */
    name_nl: string;
    /** its English name */
    name_en: string;
    /** outside its opening hours now */
    closed?: boolean | undefined;
    /** closed: when it opens, ms since 1970; absent: not known */
    opens_at?: number | undefined;
    /** closed: what a `start` does: `queue` (waits as ever), `message` (is kept, and answered later) or `close` (is refused) */
    outside?: string | undefined;
    /** closed: what to tell residents, in Dutch */
    outside_nl?: string | undefined;
    /** in English */
    outside_en?: string | undefined;
    /** closed: where to write instead */
    outside_email?: string | undefined;
    /** for agents: the reason codes of `close`; when there are any, one is asked for */
    reasons?: string[] | undefined;
    /** for agents: time after `close` for what is left to do; 0: none */
    wrap_up_s?: number | undefined;
}

/** A presence that an agent can choose besides those that everyone has. */
export interface StatusName {
    /** the value of `presence` */
    status: string;
    /** its Dutch name */
    name_nl: string;
    /** its English name */
    name_en: string;
    /** the channels of which it takes work; none: it takes no work */
    channels?: string[] | undefined;
}

/** A skill, held or asked for. */
export interface Skill {
    /** its name, 1 to 64 of a-z, 0-9 and - */
    skill: string;
    /** 1 to 10; absent: 1. Held: how good; asked for: at least */
    level?: number | undefined;
}

/** A file that came with a message; fetched at `/api/attachment/CONVERSATION/HASH`. */
export interface Attachment {
    /** SHA-256 of the bytes, 64 hexadecimal digits */
    hash: string;
    /** file name as sent, control characters and path separators replaced */
    name: string;
    /** media type, RFC 6838 */
    type: string;
    /** size in bytes */
    bytes: number;
}

/** A way to reach the resident. */
export interface Address {
    /** `email` or `sms` */
    channel: string;
    /** e-mail address (RFC 5321) or number (E.164 with +) */
    address: string;
}

/** One queue on the wallboard. */
export interface QueueRow {
    /** the queue's id */
    queue: string;
    /** conversations that wait */
    waiting: number;
    /** of which the newest message came by chat */
    waiting_chat: number;
    /** by e-mail */
    waiting_email: number;
    /** by SMS */
    waiting_sms: number;
    /** when the oldest of them began to wait, ms since 1970; 0 when none waits */
    oldest_at: number;
    /** conversations that an agent holds */
    active: number;
    /** agents of this queue who take work now */
    available: number;
    /** outside its opening hours */
    closed?: boolean | undefined;
    /** how long the oldest has waited */
    longest_ms?: number | undefined;
    /** given to an agent since midnight */
    answered?: number | undefined;
    /** of which within the time that the queue promises (`level.answer_s`) */
    in_level?: number | undefined;
    /** of which later than that; where nothing is promised, neither counts */
    over_level?: number | undefined;
    /** ended since midnight before anybody took them */
    abandoned?: number | undefined;
    /** average speed of answer since midnight */
    answer_ms?: number | undefined;
    /** average handle time since midnight */
    handle_ms?: number | undefined;
}

/** One agent on the wallboard. */
export interface AgentRow {
    /** the agent's id */
    agent: string;
    /** display name */
    name: string;
    /** `available`, `busy`, `break`, `wrap_up`, `missed`, `offline` or one of the organisation's own */
    presence: string;
    /** capacity units in use */
    load: number;
    /** capacity units in all */
    capacity: number;
    /** conversations held */
    conversations: number;
    /** when presence or load last changed, ms since 1970 */
    since: number;
    /** queues of this agent */
    queues?: string[] | undefined;
    /** has a console open on some broker */
    here?: boolean | undefined;
    /** offers that passed unanswered since the last one that was taken */
    missed?: number | undefined;
    /** units of interruptible work that give way to other work just now */
    aside?: number | undefined;
}

/** One waiting conversation on the wallboard, oldest first. */
export interface WaitingRow {
    /** the conversation */
    conversation: string;
    /** its queue */
    queue: string;
    /** channel last used: `chat`, `email` or `sms` */
    channel: string;
    /** waiting since, ms since 1970 */
    since: number;
    /** its priority */
    priority?: number | undefined;
}

/** Something that a supervisor has to know while it lasts. */
export interface Alarm {
    /** `level` (a service level is in danger or missed), `nobody` (no agent takes work of a queue where somebody waits), `old` (a conversation waits too long), `missed` (an agent misses offers), `stuck` (its requirements fit nobody) */
    kind: string;
    /** ms since 1970 */
    since: number;
    /** the queue */
    queue?: string | undefined;
    /** the conversation */
    conversation?: string | undefined;
    /** the agent */
    agent?: string | undefined;
    /** kind `level`: `first` (first response) or `resolve` */
    target?: string | undefined;
    /** kind `level`: when the target is, or was, missed */
    due_at?: number | undefined;
}

/** What one channel means to one agent. */
export interface ChannelRule {
    /** `chat`, `email` or `sms` */
    channel: string;
    /** capacity units that one conversation takes; absent: the organisation's weight */
    weight?: number | undefined;
    /** at most so many at once; absent: as many as fit */
    limit?: number | undefined;
    /** work is offered and has to be accepted; otherwise it is given at once */
    must_accept?: boolean | undefined;
}

/** One member of staff, as administrators see it, without the password. */
export interface AgentSettings {
    /** display name */
    name: string;
    /** `agent`, `supervisor` or `administrator` (a supervisor who may change settings) */
    role: string;
    /** queues, the most important first (see `routing.queue_order_s`) */
    queues?: string[] | undefined;
    /** capacity units; absent: 6 */
    capacity?: number | undefined;
    /** what differs by channel */
    channels?: ChannelRule[] | undefined;
    /** skills held */
    skills?: Skill[] | undefined;
    /** languages spoken; none: any */
    languages?: string[] | undefined;
}

/** Open on these days from then to then, local time. */
export interface HoursRule {
    /** `mon` `tue` `wed` `thu` `fri` `sat` `sun` */
    days: string[];
    /** `HH:MM` */
    from: string;
    /** `HH:MM`, later than `from`; `24:00` is the end of the day */
    to: string;
}

/** A day with other hours than its weekday has. */
export interface Holiday {
    /** `YYYY-MM-DD` */
    date: string;
    /** `HH:MM`; absent: closed all day */
    from?: string | undefined;
    /** `HH:MM` */
    to?: string | undefined;
}

/** What a queue promises on a channel. The clocks run in opening hours. */
export interface Level {
    /** `chat`, `email` or `sms`; absent: all that have no rule of their own */
    channel?: string | undefined;
    /** given to an agent within; counts for `within service level` */
    answer_s?: number | undefined;
    /** the first words of an agent within */
    first_response_s?: number | undefined;
    /** closed within */
    resolution_s?: number | undefined;
    /** alarm so long before a target is missed; absent: 60 */
    warn_s?: number | undefined;
}

/** One queue, as administrators see it. */
export interface QueueSettings {
    /** its Dutch name */
    name_nl: string;
    /** its English name */
    name_en: string;
    /** required of its agents */
    skills?: Skill[] | undefined;
    /** asked for at first, see `drop_preferred_s` */
    preferred?: Skill[] | undefined;
    /** preferred skills and the language are asked for so long; absent: 30 */
    drop_preferred_s?: number | undefined;
    /** the language is asked for however long it takes */
    language_required?: boolean | undefined;
    /** agents of these queues may take its conversations, too, after `widen_s` */
    widen_to?: string[] | undefined;
    /** see `widen_to` */
    widen_s?: number | undefined;
    /** supervisors are told of one that waits longer; absent: 600 */
    tell_s?: number | undefined;
    /** an offer lasts so long; absent: 20 */
    offer_s?: number | undefined;
    /** offer to so many agents at once, the first to accept has it; 0 or 1: to one */
    broadcast?: number | undefined;
    /** time after the end of a conversation for what is left to do; 0: none */
    wrap_up_s?: number | undefined;
    /** reason codes, one of which is asked for at the end; none: not asked */
    reasons?: string[] | undefined;
    /** what is reopened within this time goes first to the agent who had it; absent: 86400 */
    reopen_s?: number | undefined;
    /** handed over to this queue and taken by nobody: back to the sender after; absent: 300; 0: never */
    return_s?: number | undefined;
    /** opening hours; none: always open */
    hours?: HoursRule[] | undefined;
    /** days with other hours */
    holidays?: Holiday[] | undefined;
    /** a chat outside opening hours: `queue`, `message` or `close`; absent: `queue`. E-mail and SMS always wait */
    outside?: string | undefined;
    /** what residents are told then, in Dutch */
    outside_nl?: string | undefined;
    /** in English */
    outside_en?: string | undefined;
    /** where they can write instead */
    outside_email?: string | undefined;
    /** chats that may wait; more go to `overflow_to`, or are refused with `full`; 0: no limit */
    waiting_max?: number | undefined;
    /** another queue */
    overflow_to?: string | undefined;
    /** of its new conversations; 0 is usual */
    priority?: number | undefined;
    /** what it promises */
    levels?: Level[] | undefined;
}

/** A presence of the organisation's own. */
export interface StatusSettings {
    /** 1 to 32 of a-z, 0-9 and _; not one that everyone has */
    status: string;
    /** its Dutch name */
    name_nl: string;
    /** its English name */
    name_en: string;
    /** takes work of these channels; none: no work */
    channels?: string[] | undefined;
}

/** What holds for the whole organisation. */
export interface RoutingSettings {
    /** of all hours, IANA; absent: Europe/Amsterdam */
    timezone?: string | undefined;
    /** head start of each step of priority; absent: 300 */
    priority_step_s?: number | undefined;
    /** each step down an agent's list of queues counts as so much less waiting; 0: the order does not matter */
    queue_order_s?: number | undefined;
    /** channels whose conversations give way to others when an agent is full */
    interruptible?: string[] | undefined;
    /** what an agent declined is not offered to them again for; absent: 60 */
    decline_rest_s?: number | undefined;
    /** supervisors are told after so many missed offers in a row; absent: 3 */
    missed_max?: number | undefined;
    /** an agent without a connection keeps their work so long; absent: `limits.away_grace_ms` of the broker's file */
    away_grace_s?: number | undefined;
    /** presences besides those that everyone has */
    statuses?: StatusSettings[] | undefined;
}

/** First frame of every connection. `client` names this copy of the program: messages are numbered per client and conversation. */
export interface HelloFrame {
    verb: "hello";
    /** random, made once and kept with the unsent messages (16 to 32 of [0-9a-z]) */
    client: string;
    /** BCP 47 tag of the user's language: `nl`, `en` */
    language?: string | undefined;
    /** the epoch this client knew; when `welcome` has another, forget all sequence numbers and start over */
    epoch?: string | undefined;
}

/** Answer to `hello`. */
export interface WelcomeFrame {
    verb: "welcome";
    /** `resident`, `agent` or `supervisor`, by the cookie of the sign-in */
    role: string;
    /** own id, for agents and supervisors */
    agent?: string | undefined;
    /** own display name, for agents and supervisors */
    name?: string | undefined;
    /** display name of the organisation */
    organisation: string;
    /** identity of the data; changes only when data was lost or restored */
    epoch: string;
    /** the broker's clock, ms since 1970 */
    now: number;
    /** send something at least this often; be ready to hear something twice as often */
    heartbeat_ms: number;
    /** longest text of a `say` in bytes */
    text_bytes_max: number;
    /** queues that can be chosen */
    queues?: QueueName[] | undefined;
    /** for agents: conversations held now; each also follows as a `conversation` frame */
    work?: string[] | undefined;
    /** for agents: presence now */
    presence?: string | undefined;
    /** for agents and supervisors: what the organisation added to `presence` */
    statuses?: StatusName[] | undefined;
    /** for supervisors: may change settings through `/api` */
    admin?: boolean | undefined;
}

/** Heartbeat; the other side answers with `pong` at once. The broker closes with 4408 after two silent intervals; clients do the same. */
export interface PingFrame {
    verb: "ping";
    /** returned in the pong */
    n?: number | undefined;
}

/** Answer to `ping`. */
export interface PongFrame {
    verb: "pong";
    /** as in the ping */
    n?: number | undefined;
}

/** A frame was refused. Nothing of it took effect. */
export interface ErrorFrame {
    verb: "error";
    /** a code from the table of errors */
    code: string;
    /** what is wrong and what to do, in English; for developers, not for display */
    text: string;
    /** verb of the refused frame */
    refused?: string | undefined;
    /** the field at fault */
    field?: string | undefined;
    /** as in the refused frame */
    conversation?: string | undefined;
    /** as in the refused frame; with `counter_gap` the counter that is expected next */
    counter?: number | undefined;
    /** the same frame may succeed later */
    retry?: boolean | undefined;
}

/** The state of the broker changed for everyone in this session. */
export interface NoticeFrame {
    verb: "notice";
    /** `store_away`: nothing is accepted just now, keep what you have and wait; `store_back`: resume what you follow and send again what has no ack; `shutdown`: the broker stops, connect again */
    code: string;
}

/** Start a conversation with its first message. Safe to repeat: the same `key` gives the same conversation. */
export interface StartFrame {
    verb: "start";
    /** random, 16 to 32 of [0-9a-z]; made once for this conversation */
    key: string;
    /** a queue from `welcome` */
    queue: string;
    /** the first message; it has counter 1 */
    text: string;
    /** what the resident wants to be called */
    name?: string | undefined;
    /** the language that the resident wants to be helped in, BCP 47; absent: any */
    language?: string | undefined;
}

/** The conversation exists and its first message is on disk. */
export interface StartedFrame {
    verb: "started";
    /** as in `start` */
    key: string;
    /** the conversation */
    conversation: string;
    /** proof for `resume`; keep it secret. It opens this conversation only */
    token: string;
    /** until when the token is good, ms since 1970 */
    expires_at: number;
    /** sequence number of the first message */
    seq: number;
}

/** Where one's own waiting conversation stands; sent when it changes. Not kept. */
export interface WaitingFrame {
    verb: "waiting";
    /** the conversation */
    conversation: string;
    /** place in line: 1 is next; 0: it waits no more */
    place: number;
    /** the wait that is likely, at least; with `wait_to_s`, or neither when too little is known to say */
    wait_from_s?: number | undefined;
    /** the wait that is likely, at most */
    wait_to_s?: number | undefined;
    /** the queue is outside its opening hours */
    closed?: boolean | undefined;
    /** closed: when it opens, ms since 1970 */
    opens_at?: number | undefined;
}

/** Follow a conversation: everything after `seq` is sent as `entry` frames, then what comes. There is no window: any age is served from the log. */
export interface ResumeFrame {
    verb: "resume";
    /** the conversation */
    conversation: string;
    /** last sequence number seen without a gap; 0 for all */
    seq?: number | undefined;
    /** instead of `seq`: only the newest so many */
    last?: number | undefined;
    /** residents: from `started` */
    token?: string | undefined;
}

/** Following. The entries after `from` come next; live ones follow. */
export interface ResumedFrame {
    verb: "resumed";
    /** the conversation */
    conversation: string;
    /** the entries after this number are sent */
    from: number;
    /** newest sequence number now */
    seq: number;
    /** highest counter of this client that is on disk: drop these from the outbox */
    counter: number;
    /** state of the conversation */
    state: string;
    /** the resident has read up to here */
    read_resident: number;
    /** the agent has read up to here */
    read_agent: number;
}

/** Stop following a conversation. */
export interface LeaveFrame {
    verb: "leave";
    /** the conversation */
    conversation: string;
}

/** Older entries of a conversation, as `entry` frames in order, closed by `history_end`. */
export interface HistoryFrame {
    verb: "history";
    /** the conversation */
    conversation: string;
    /** only entries with a lower number */
    before: number;
    /** at most so many, the newest of them */
    last: number;
}

/** The entries asked for by `history` have been sent. */
export interface HistoryEndFrame {
    verb: "history_end";
    /** the conversation */
    conversation: string;
    /** number of the first entry sent; 0 when there was none */
    from: number;
}

/** Say something. Acked when it is on disk, never before. Repeat it until the ack comes; a repeat gets the first ack again. */
export interface SayFrame {
    verb: "say";
    /** the conversation */
    conversation: string;
    /** 1, 2, 3 … for this client in this conversation, without gaps; a number is used up only by an ack */
    counter: number;
    /** the words, not empty */
    text: string;
    /** agents: `chat`, `email` or `sms`; absent: the channel that the resident used last */
    channel?: string | undefined;
    /** agents: an internal note, never shown to the resident */
    note?: boolean | undefined;
    /** supervisors: to the agent alone; without it a supervisor must have joined or taken the conversation */
    whisper?: boolean | undefined;
}

/** The message is on disk. */
export interface AckFrame {
    verb: "ack";
    /** the conversation */
    conversation: string;
    /** as in `say` */
    counter: number;
    /** its place in the conversation */
    seq: number;
    /** when it was taken in, ms since 1970 */
    at: number;
}

/** One entry of a conversation's log. Numbers are dense from 1: a number that is missing means `resume` again from the last one seen. A number seen before is ignored. */
export interface EntryFrame {
    verb: "entry";
    /** the conversation */
    conversation: string;
    /** its place in the log */
    seq: number;
    /** `message`, `note`, `whisper`, `state`, `receipt`, `link`; `hidden` for what this role may not see (it only keeps the numbers dense) */
    kind: string;
    /** when it was taken in, ms since 1970 */
    at: number;
    /** `resident`, `agent` or `system` */
    from?: string | undefined;
    /** id of the agent, in entries by agents */
    author?: string | undefined;
    /** display name of the author */
    name?: string | undefined;
    /** client that said it: with `counter`, lets a client find its own message */
    client?: string | undefined;
    /** as in `say` */
    counter?: number | undefined;
    /** `chat`, `email` or `sms`: how the message came or leaves */
    channel?: string | undefined;
    /** the words; e-mail may be longer than a `say` */
    text?: string | undefined;
    /** subject line of an e-mail */
    subject?: string | undefined;
    /** the resident's address or number that the message came from or goes to (agents and supervisors only) */
    address?: string | undefined;
    /** kind `state`: the new state; kind `receipt`: `sent`, `delivered`, `failed` or `unknown`; kind `link`: `linked` or `unlinked` */
    state?: string | undefined;
    /** kind `receipt`: the number of the message that it is about */
    of?: number | undefined;
    /** kind `receipt`: the other system's words; kind `state`: why */
    reason?: string | undefined;
    /** e-mail: Message-ID without brackets (RFC 5322); SMS: the provider's id (agents and supervisors only) */
    message_id?: string | undefined;
    /** files that came with it */
    attachments?: Attachment[] | undefined;
}

/** Somebody writes. Sent at most every 3 s while typing; shown for 6 s. Not kept. */
export interface TypingFrame {
    verb: "typing";
    /** the conversation */
    conversation: string;
    /** DOWN: `resident` or `agent` */
    from?: string | undefined;
    /** DOWN: display name of an agent */
    name?: string | undefined;
}

/** Everything up to `seq` was on screen. */
export interface ReadFrame {
    verb: "read";
    /** the conversation */
    conversation: string;
    /** highest number on screen */
    seq: number;
    /** DOWN: `resident` or `agent` */
    from?: string | undefined;
}

/** Own presence. The broker answers with the same frame once it is stored, and sends it when something else changed it. */
export interface PresenceFrame {
    verb: "presence";
    /** `available`, `busy`, `break`, `wrap_up`, `offline` or one of `welcome.statuses`; the broker may say `missed`: an offer passed unanswered, no work comes until another is chosen */
    presence: string;
}

/** What a conversation looks like now; sent when it is assigned, changes, or leaves. A lower `version` than one seen is ignored. */
export interface ConversationFrame {
    verb: "conversation";
    /** the conversation */
    conversation: string;
    /** grows with each change of state */
    version: number;
    /** `queued`, `offered`, `active`, `snoozed`, `wrap_up` or `closed` */
    state: string;
    /** its queue */
    queue: string;
    /** agent who holds it; when it is not you, it left your list */
    owner?: string | undefined;
    /** the resident */
    resident: string;
    /** the resident's name as given */
    name?: string | undefined;
    /** subject line, if any */
    subject?: string | undefined;
    /** channel that the resident used last */
    channel: string;
    /** newest sequence number */
    seq: number;
    /** first message, ms since 1970 */
    opened_at: number;
    /** began to wait, ms since 1970 */
    queued_at: number;
    /** given to its owner, ms since 1970 */
    assigned_at?: number | undefined;
    /** beginning of the newest words of the resident */
    preview?: string | undefined;
    /** the resident's chat page is connected */
    present?: boolean | undefined;
    /** known ways to reach the resident */
    addresses?: Address[] | undefined;
    /** state `offered`: to whom; `accept` or `decline` it before `due_at` */
    offered?: string[] | undefined;
    /** who takes part besides the owner */
    joined?: string[] | undefined;
    /** when the state ends by itself: the offer, the wrap-up or the snooze; ms since 1970 */
    due_at?: number | undefined;
    /** handed over by this agent: it comes back to them when nobody takes it */
    back?: string | undefined;
    /** its priority; each step is a head start in time */
    priority?: number | undefined;
    /** the language that the resident asked for */
    language?: string | undefined;
    /** an answer is promised by then, ms since 1970; absent: given, or not promised */
    first_due_at?: number | undefined;
    /** its end is promised by then, ms since 1970 */
    resolve_due_at?: number | undefined;
}

/** Take an offered conversation. Who is late gets `stale`. */
export interface AcceptFrame {
    verb: "accept";
    /** the conversation */
    conversation: string;
}

/** Let an offered conversation pass. It goes back to its old place, and comes to the same agent again only after a rest, when nobody else takes it. */
export interface DeclineFrame {
    verb: "decline";
    /** the conversation */
    conversation: string;
    /** why, for supervisors */
    reason?: string | undefined;
}

/** Hand over to an agent or to a queue. The former agent's access and load end in the same step; what nobody takes comes back to them. Supervisors: any conversation. */
export interface TransferFrame {
    verb: "transfer";
    /** the conversation */
    conversation: string;
    /** to this agent; refused with `capacity` when they take no work now */
    agent?: string | undefined;
    /** to this queue; one of both */
    queue?: string | undefined;
    /** with `queue`: asked for from now on besides what the queue asks for; none: as before */
    skills?: Skill[] | undefined;
}

/** Bring somebody in besides the owner: they read and write along. To consult: bring a colleague in, then `transfer` to them. */
export interface JoinFrame {
    verb: "join";
    /** the conversation */
    conversation: string;
    /** who; absent: oneself (supervisors) */
    agent?: string | undefined;
}

/** End taking part that `join` began. */
export interface PartFrame {
    verb: "part";
    /** the conversation */
    conversation: string;
    /** who; absent: oneself */
    agent?: string | undefined;
}

/** Put away until a time, or until the resident writes. It takes no capacity meanwhile, and goes first to who had it. */
export interface SnoozeFrame {
    verb: "snooze";
    /** the conversation */
    conversation: string;
    /** ms since 1970; absent: until the resident writes */
    until?: number | undefined;
}

/** The work is done. In a queue with wrap-up the first `close` begins it and the second ends it. A resident's `close` ends waiting or talking. A later message of the resident opens the conversation again. */
export interface CloseFrame {
    verb: "close";
    /** the conversation */
    conversation: string;
    /** highest number seen; when the resident has said more since, the close is refused with `stale`, so that no message ends in a closed conversation unread */
    seq?: number | undefined;
    /** agents: one of the queue's reason codes; needed at the end when it has any */
    reason?: string | undefined;
}

/** Give the conversation back to a queue: its own, at its old place, or another. */
export interface RequeueFrame {
    verb: "requeue";
    /** the conversation */
    conversation: string;
    /** another queue; absent: its own */
    queue?: string | undefined;
}

/** The resident has proved that this address is theirs: from now on what comes from it belongs to the same resident. */
export interface LinkFrame {
    verb: "link";
    /** the conversation */
    conversation: string;
    /** `email` or `sms` */
    channel: string;
    /** e-mail address or number */
    address: string;
}

/** Undo `link`. */
export interface UnlinkFrame {
    verb: "unlink";
    /** the conversation */
    conversation: string;
    /** `email` or `sms` */
    channel: string;
    /** e-mail address or number */
    address: string;
}

/** Take a conversation over, whoever holds it. */
export interface TakeFrame {
    verb: "take";
    /** the conversation */
    conversation: string;
}

/** Give a conversation another priority. Age wins in the end: each step is worth `routing.priority_step_s` of waiting. */
export interface PrioritiseFrame {
    verb: "prioritise";
    /** the conversation */
    conversation: string;
    /** 0 is usual */
    priority: number;
}

/** Change an agent's presence. */
export interface SetPresenceFrame {
    verb: "set_presence";
    /** the agent */
    agent: string;
    /** as in `presence` */
    presence: string;
}

/** A notice of a supervisor to agents; only supervisors send it. Not kept. */
export interface BulletinFrame {
    verb: "bulletin";
    /** the words */
    text: string;
    /** only to agents of these queues; none: to all */
    queues?: string[] | undefined;
    /** DOWN: the supervisor's name */
    from?: string | undefined;
    /** DOWN: when, ms since 1970 */
    at?: number | undefined;
}

/** Send `board` now and when it changes, at most twice a second. Agents see their own queues, supervisors all. */
export interface WatchFrame {
    verb: "watch";
}

/** The wallboard, whole. */
export interface BoardFrame {
    verb: "board";
    /** the broker's clock, ms since 1970 */
    at: number;
    /** the queues */
    queues: QueueRow[];
    /** the agents; for agents: their colleagues, without load, and where there are very many not in each board: keep the former */
    agents?: AgentRow[] | undefined;
    /** the longest waiting, oldest first */
    waiting?: WaitingRow[] | undefined;
    /** what is wrong now (supervisors only) */
    alarms?: Alarm[] | undefined;
}

/** What a client may send. */
export type UpFrame =
    | HelloFrame
    | PingFrame
    | PongFrame
    | StartFrame
    | ResumeFrame
    | LeaveFrame
    | HistoryFrame
    | SayFrame
    | TypingFrame
    | ReadFrame
    | PresenceFrame
    | AcceptFrame
    | DeclineFrame
    | TransferFrame
    | JoinFrame
    | PartFrame
    | SnoozeFrame
    | CloseFrame
    | RequeueFrame
    | LinkFrame
    | UnlinkFrame
    | TakeFrame
    | PrioritiseFrame
    | SetPresenceFrame
    | BulletinFrame
    | WatchFrame;

/** What the broker sends. */
export type DownFrame =
    | WelcomeFrame
    | PingFrame
    | PongFrame
    | ErrorFrame
    | NoticeFrame
    | StartedFrame
    | WaitingFrame
    | ResumedFrame
    | HistoryEndFrame
    | AckFrame
    | EntryFrame
    | TypingFrame
    | ReadFrame
    | PresenceFrame
    | ConversationFrame
    | BulletinFrame
    | BoardFrame;

/** Limits in bytes or items, as proto/limits.def gives them. */
export const LIMITS = {
    /** an identifier: own ones are 26 characters; agents, queues and clients have names of their own */
    ID_MAX: 64,
    /** a verb, state, channel, role or code */
    WORD_MAX: 32,
    /** a display name, file name or media type */
    LABEL_MAX: 200,
    /** SHA-256 in hexadecimal */
    HASH_MAX: 64,
    /** an e-mail address: RFC 5321, section 4.5.3.1.3: a path is at most 256 with its brackets */
    ADDRESS_MAX: 254,
    /** a resident's token */
    TOKEN_MAX: 256,
    /** one line for people: reasons, previews */
    TEXT_LINE_MAX: 512,
    /** RFC 5322, section 2.1.1: one line */
    SUBJECT_MAX: 998,
    /** RFC 5322, section 2.1.1, with room for the header's name */
    MESSAGE_ID_MAX: 250,
    /** the words of one `say`: about 8 pages */
    TEXT_MAX: 16384,
    /** the words of one e-mail; what is longer stays in its raw source, attached */
    TEXT_LARGE_MAX: 65536,
    /** files of one message */
    ATTACHMENTS_MAX: 64,
    /** queues of an organisation */
    QUEUES_MAX: 256,
    /** agents of an organisation */
    AGENTS_MAX: 4096,
    /** conversations that one agent holds */
    WORK_MAX: 1024,
    /** agents to whom one conversation is offered at once */
    OFFERS_MAX: 8,
    /** who takes part in one conversation besides its owner */
    JOINED_MAX: 8,
    /** channels in one list; there are three so far */
    CHANNELS_MAX: 8,
    /** presences of an organisation's own */
    STATUSES_MAX: 32,
    /** reason codes of a queue */
    REASONS_MAX: 64,
    /** skills of one agent */
    SKILLS_MAX: 32,
    /** skills that one conversation asks for */
    NEEDS_MAX: 8,
    /** languages of one agent, and of an organisation */
    LANGUAGES_MAX: 32,
    /** rules of opening hours: three times a day */
    HOURS_MAX: 21,
    /** days with other hours: about ten a year */
    HOLIDAYS_MAX: 200,
    /** days of the week */
    DAYS_MAX: 7,
    /** promises of a queue */
    LEVELS_MAX: 8,
    /** alarms shown at once, the oldest first */
    ALARMS_MAX: 200,
    /** level of a skill */
    LEVEL_MAX: 10,
    /** steps of priority */
    PRIORITY_MAX: 9,
    /** capacity units */
    CAPACITY_MAX: 1000000,
    /** a duration in seconds: one year */
    SECONDS_MAX: 31536000,
    /** addresses of one resident */
    ADDRESSES_MAX: 32,
    /** waiting conversations on a wallboard; the longest waiting are shown */
    WAITING_ROWS_MAX: 50,
    /** one page of history */
    ENTRIES_MAX: 500,
    /** maps and lists within each other: map, list, record, list */
    FRAME_DEPTH_MAX: 4,
    /** so much deeper may unknown fields nest */
    FRAME_DEPTH_SPARE: 4,
    /** fields of one map, known or not */
    FRAME_FIELDS_MAX: 64,
    /** one frame from a client: a `say` of 16,384 bytes with room to escape half of it; who escapes every byte (6 * 16,384 = 98,304) says less in one frame */
    FRAME_UP_BYTES_MAX: 65536,
    /** one frame to a client: a board of 4,096 agents at about 400 bytes */
    FRAME_DOWN_BYTES_MAX: 2097152,
} as const;

/** What to do about an error: `fatal` the request itself is wrong; `retry` the same may succeed later; `again` look
 * at the state first, then try again. */
export type ErrorClass = "fatal" | "retry" | "again";

/** Errors by code, as broker/base/errors.def gives them. `close` is the WebSocket close code; 0: closes nothing. */
export const ERRORS = {
    /** out of memory */
    memory: { close: 4011, class: "retry" },
    /** a bounded queue is full */
    full: { close: 4008, class: "retry" },
    /** the connection is closed */
    closed: { close: 0, class: "retry" },
    /** no answer within the deadline */
    timeout: { close: 0, class: "retry" },
    /** the store cannot be reached; nothing was accepted */
    store_away: { close: 0, class: "retry" },
    /** the store refuses writes; nothing was accepted */
    store_refused: { close: 0, class: "retry" },
    /** the store answered something unexpected */
    store_reply: { close: 0, class: "fatal" },
    /** somebody else changed this first */
    stale: { close: 0, class: "again" },
    /** another broker routes by now */
    fenced: { close: 0, class: "again" },
    /** the agent has no free capacity */
    capacity: { close: 0, class: "again" },
    /** already taken in */
    duplicate: { close: 0, class: "fatal" },
    /** an earlier message is missing; send in order */
    counter_gap: { close: 0, class: "again" },
    /** not a frame: a map with a verb was expected */
    bad_frame: { close: 4400, class: "fatal" },
    /** a field is missing, of the wrong type or out of range */
    bad_field: { close: 0, class: "fatal" },
    /** text is not valid UTF-8 */
    bad_utf8: { close: 0, class: "fatal" },
    /** no such verb */
    unknown_verb: { close: 0, class: "fatal" },
    /** larger than the limit */
    too_large: { close: 4413, class: "fatal" },
    /** more frames than the limit allows; slow down */
    too_fast: { close: 4429, class: "retry" },
    /** sign in first */
    sign_in: { close: 4401, class: "fatal" },
    /** the token is not valid or has expired */
    bad_token: { close: 0, class: "fatal" },
    /** this role may not do that */
    forbidden: { close: 0, class: "fatal" },
    /** no such conversation, queue or agent */
    not_found: { close: 0, class: "fatal" },
    /** not possible in the conversation's present state */
    bad_state: { close: 0, class: "fatal" },
    /** the conversation has no address on that channel */
    bad_channel: { close: 0, class: "fatal" },
    /** the address belongs to another resident */
    address_taken: { close: 0, class: "fatal" },
    /** the queue is outside its opening hours */
    queue_closed: { close: 0, class: "retry" },
    /** the configuration is not valid */
    bad_config: { close: 0, class: "fatal" },
    /** the input cannot be read */
    bad_input: { close: 0, class: "fatal" },
    /** the other system answered with an error */
    remote: { close: 0, class: "retry" },
    /** reading or writing failed */
    io: { close: 0, class: "retry" },
    /** this origin may not connect */
    origin: { close: 4403, class: "fatal" },
    /** nothing was heard for too long */
    heartbeat: { close: 4408, class: "retry" },
    /** the broker stops; connect again */
    shutdown: { close: 4012, class: "retry" },
    /** this session was replaced by a newer one */
    replaced: { close: 4409, class: "fatal" },
} as const satisfies Record<string, { close: number; class: ErrorClass }>;

export type ErrorCode = keyof typeof ERRORS;

/** WebSocket close codes of the broker, with the error that each stands for. */
export const CLOSE_CODES = {
    4008: "full",
    4011: "memory",
    4012: "shutdown",
    4400: "bad_frame",
    4401: "sign_in",
    4403: "origin",
    4408: "heartbeat",
    4409: "replaced",
    4413: "too_large",
    4429: "too_fast",
} as const satisfies Record<number, ErrorCode>;
