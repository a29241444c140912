import { memo } from "preact/compat";
import { linkify } from "./linkify.ts";

/* Words of a message: text, never markup. Line breaks are kept by the style sheet. */
export const MessageText = memo(function MessageText({ text }: { text: string }) {
    return (
        <div class="message__text" dir="auto">
            {linkify(text).map((piece) =>
                piece.href === undefined ? (
                    piece.text
                ) : (
                    <a class="nl-link" href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                        {piece.text}
                    </a>
                ),
            )}
        </div>
    );
});
