/* With n answers in the window T, the wait W for the k-th from now has W/T ~ beta prime (k, n + 1/2): a sum of k exponential gaps, whose rate
 * is a gamma variable (Jeffreys' prior). So F = W/T · (n + 1/2)/k has the F distribution with 2k and 2n + 1 degrees of freedom. Its quantiles
 * by Paulson's form of the Wilson-Hilferty approximation: with a = 1/9k and b = 1/(9(n + 1/2)), the cube root g of F makes
 * ((1 - b) g - (1 - a)) / sqrt(a + b g²) nearly normal. From five answers on it is right within a few percent, and what is told to people is
 * rounded by more. */
#include "core/estimate.h"

#define SECOND_MS 1000.0
#define MINUTE_MS 60000.0
#define HOUR_MS 3600000.0
#define WAIT_MS_MAX (365 * 24 * HOUR_MS) /* past a year it is no answer */

#define Z2 1.6424 /* 1.2816²: one in ten lies beyond on either side */

/* The g at which the normal variable is 1.2816 below (@upper: above) 0, by halving: in the last digits nobody is interested. */
static double cube_root_quantile(double a, double b, bool upper)
{
    double middle = (1 - a) / (1 - b), low = upper ? middle : 0, high = upper ? 4 : middle;
    for (int i = 0; i < 40; i++) {
        double g = (low + high) / 2, d = (1 - b) * g - (1 - a);
        bool outside = d * d > Z2 * (a + b * g * g);
        if (outside == upper) {
            high = g;
        } else {
            low = g;
        }
    }
    return (low + high) / 2;
}

static int64_t rounded(double ms, bool up)
{
    double unit = ms < 2 * MINUTE_MS ? 10 * SECOND_MS : ms < HOUR_MS ? MINUTE_MS : 5 * MINUTE_MS;
    int64_t units = (int64_t)(ms / unit);
    return (units + (up && (double)units * unit < ms)) * (int64_t)unit;
}

struct estimate estimate_wait(uint64_t place, uint64_t answered, int64_t window_ms)
{
    if (place == 0 || answered < ESTIMATE_ANSWERS_MIN || window_ms <= 0) {
        return (struct estimate){.known = false};
    }
    double k = (double)place, n = (double)answered + 0.5, a = 1 / (9 * k), b = 1 / (9 * n), scale = (double)window_ms * k / n;
    double low = cube_root_quantile(a, b, false), high = cube_root_quantile(a, b, true);
    double from = scale * low * low * low, to = scale * high * high * high;
    if (to > WAIT_MS_MAX) {
        return (struct estimate){.known = false};
    }
    return (struct estimate){.known = true, .from_ms = rounded(from, false), .to_ms = rounded(to, true)};
}
