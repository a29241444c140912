import { ChatIcon, EmailIcon, SmsIcon } from "./icons.tsx";

const ICONS: Record<string, typeof ChatIcon | undefined> = { chat: ChatIcon, email: EmailIcon, sms: SmsIcon };

/* The mark of a channel; its name is read out, and shown when @named. */
export function ChannelMark({ channel, name, named }: { channel: string; name: string; named?: boolean }) {
    const Icon = ICONS[channel] ?? ChatIcon;
    return (
        <span class={`channel channel--${channel}`} title={name}>
            <Icon />
            <span class={named ? undefined : "hidden"}>{name}</span>
        </span>
    );
}
