/* How much of a time is left, as a bar; the words stand beside it. */
export function Countdown({ share }: { share: number }) {
    return <progress class="countdown" max={1000} value={Math.round(share * 1000)} aria-hidden="true" />;
}
