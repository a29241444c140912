/* Drawn here, 24 x 24, in the colour of the text around them. Decoration: the words stand beside them. */
import type { ComponentChildren } from "preact";

function icon(shape: ComponentChildren) {
    return () => (
        <svg
            class="icon"
            viewBox="0 0 24 24"
            width="24"
            height="24"
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
            focusable="false"
        >
            {shape}
        </svg>
    );
}

export const ChatIcon = icon(<path d="M4 5h16v11H10l-5 4v-4H4z" />);
export const EmailIcon = icon(<path d="M3 6h18v12H3zM3 7l9 7 9-7" />);
export const SmsIcon = icon(<path d="M7 3h10v18H7zM11 18h2" />);
export const SendIcon = icon(<path d="M4 12l16-8-6 16-3-7zM11 13l9-9" />);
export const BackIcon = icon(<path d="M15 5l-7 7 7 7" />);
export const NextIcon = icon(<path d="M9 5l7 7-7 7" />);
export const DownIcon = icon(<path d="M12 5v14M6 13l6 6 6-6" />);
export const FileIcon = icon(<path d="M6 3h8l4 4v14H6zM14 3v4h4" />);
export const ClockIcon = icon(<path d="M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5l3 2" />);
export const SentIcon = icon(<path d="M5 13l4 4L19 7" />);
export const ReadIcon = icon(<path d="M2 13l4 4L16 7M11 16l1 1L22 7" />);
export const AlertIcon = icon(<path d="M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v6M12 16.5v.01" />);
export const OfflineIcon = icon(
    <path d="M3 3l18 18M8.5 16a5 5 0 017 0M5 12.5a10 10 0 015-2.7M15 10a10 10 0 014 2.5M2 9a15 15 0 015-3M11 5a15 15 0 0111 4M12 20v.01" />,
);
export const InboxIcon = icon(<path d="M4 5h16v14H4zM4 13h5l1.5 2.5h3L15 13h5" />);
export const InfoIcon = icon(<path d="M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5M12 8v.01" />);
