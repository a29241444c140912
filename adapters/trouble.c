#include "adapters/trouble.h"

#include <stdio.h>

#include "base/id.h"
#include "base/log.h"

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 30000

void trouble_init(struct trouble *t, const char *queue)
{
    *t = (struct trouble){.queue = queue, .backoff_ms = BACKOFF_MIN_MS};
}

int64_t trouble_tell(struct trouble *t, const char *event, int err, struct text why)
{
    uint32_t random;
    random_bytes(&random, sizeof random);
    int64_t wait = t->backoff_ms / 2 + (int64_t)(random % (uint32_t)t->backoff_ms);
    t->backoff_ms = t->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : t->backoff_ms * 2;
    if (t->told != err) {
        t->told = err;
        char words[300];
        (void)snprintf(words, sizeof words, "%.*s", why.n < sizeof words ? (int)why.n : (int)sizeof words - 1, why.s ? why.s : "");
        for (char *c = words; *c; c++) {
            *c = *c == '"' ? '\'' : (unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e ? '?' : *c;
        }
        log_event(LOG_WARN, event, "queue=%s err=%s why=\"%s\" next=\"again in %lld ms, and so on every %d s at most\"", t->queue, err_name(err),
                  words, (long long)wait, BACKOFF_MAX_MS * 3 / 2000);
    }
    return wait;
}

void trouble_over(struct trouble *t, const char *event)
{
    t->backoff_ms = BACKOFF_MIN_MS;
    if (t->told) {
        t->told = 0;
        log_event(LOG_INFO, event, "queue=%s", t->queue);
    }
}
