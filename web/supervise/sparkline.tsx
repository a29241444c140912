import { TREND_STEPS } from "../client/wallboard.ts";
import { useText } from "./text.ts";

const WIDTH = 240;
const HEIGHT = 40;
const PAD = 2; /* half the stroke stays inside */

/* The last ten minutes, newest at the right; the words for who cannot see it. */
export function Sparkline({ values }: { values: readonly number[] }) {
    const t = useText();
    const high = Math.max(1, ...values);
    const step = WIDTH / (TREND_STEPS - 1);
    const points = values.map((value, i) => {
        const x = WIDTH - (values.length - 1 - i) * step;
        const y = HEIGHT - PAD - (value / high) * (HEIGHT - 2 * PAD);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    const label = t.trendText(values.length === 0 ? 0 : Math.min(...values), Math.max(0, ...values));
    return (
        <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
            <line class="sparkline__ground" x1="0" x2={WIDTH} y1={HEIGHT - PAD} y2={HEIGHT - PAD} />
            {points.length > 1 && <polyline class="sparkline__line" points={points.join(" ")} />}
        </svg>
    );
}
