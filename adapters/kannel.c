#include "adapters/kannel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channels/sms/sms_text.h"

#define KANNEL_DEADLINE_MS 15000
#define KANNEL_ANSWER_BYTES_MAX 4096
#define KANNEL_URL_BYTES_MAX (3 * TEXT_MAX * 2 + 4096)

/* RFC 3986, section 2.3: everything but the unreserved characters is percent-encoded. */
static int add_encoded(struct buf *b, struct text t)
{
    int err = 0;
    for (size_t i = 0; !err && i < t.n; i++) {
        unsigned char c = (unsigned char)t.s[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        err = plain ? buf_add_byte(b, (char)c) : buf_addf(b, "%%%02X", c);
    }
    return err;
}

static int add_parameter(struct buf *b, const char *name, struct text value)
{
    int err = buf_addf(b, "%s%s=", b->len > 0 && b->data[b->len - 1] != '?' ? "&" : "", name);
    return err ? err : add_encoded(b, value);
}

struct sending {
    outbound_done done;
    void *ctx;
};

static void kannel_done(void *ctx, const struct transfer_result *r)
{
    struct sending *s = ctx;
    char reason[200];
    (void)snprintf(reason, sizeof reason, "%.*s", r->answer.n > 150 ? 150 : (int)r->answer.n, r->answer.s);
    for (char *c = reason; *c; c++) {
        *c = (unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e ? ' ' : *c;
    }
    struct outbound_result result = {.reason = reason, .provider_id = ""};
    if (r->err == 0 && (r->code == 200 || r->code == 202)) {
        result.fate = OUTBOUND_SENT;
        result.reason = "";
    } else if (r->err == 0 && r->code >= 400 && r->code < 500) {
        result.fate = OUTBOUND_REFUSED;
    } else if (r->err == 0) {
        result.fate = OUTBOUND_LATER; /* 503: Kannel says that it did not take it */
    } else {
        result.fate = r->request_sent ? OUTBOUND_UNKNOWN : OUTBOUND_LATER;
        result.reason = r->why;
    }
    s->done(s->ctx, &result);
    free(s);
}

int kannel_send(struct transfers *t, const struct kannel_config *c, const struct outbound *o, outbound_done done, void *ctx)
{
    struct sms_size size;
    struct buf url, report;
    char seq[24];
    buf_init(&url, KANNEL_URL_BYTES_MAX);
    buf_init(&report, 4096);
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)o->seq);
    int err = sms_size(o->text, &size);
    err = err ? err : size.parts > KANNEL_PARTS_MAX ? ERR_TOO_LARGE : 0;
    /* %d and %A are Kannel's escapes in a dlr-url, so they go in after our own encoding. */
    err = err ? err : buf_addf(&report, "%s/hook/sms/kannel/dlr?", c->hook_url);
    err = err ? err : add_parameter(&report, "key", text_of(c->hook_secret));
    err = err ? err : add_parameter(&report, "c", o->conversation);
    err = err ? err : add_parameter(&report, "s", text_of(seq));
    err = err ? err : buf_add_z(&report, "&type=%d&reason=%A");
    err = err ? err : buf_addf(&url, "%s?", c->url);
    err = err ? err : add_parameter(&url, "username", text_of(c->user));
    err = err ? err : add_parameter(&url, "password", text_of(c->password));
    err = err ? err : add_parameter(&url, "from", text_of(c->number));
    err = err ? err : add_parameter(&url, "to", o->address);
    err = err ? err : add_parameter(&url, "charset", TEXT_LITERAL("UTF-8"));
    err = err ? err : add_parameter(&url, "coding", size.gsm7 ? TEXT_LITERAL("0") : TEXT_LITERAL("2"));
    err = err ? err : add_parameter(&url, "dlr-mask", TEXT_LITERAL("31"));
    err = err ? err : add_parameter(&url, "dlr-url", buf_text(&report));
    err = err ? err : add_parameter(&url, "text", o->text);
    struct sending *s = err ? NULL : calloc(1, sizeof *s);
    if (!err && !s) {
        err = ERR_MEMORY;
    }
    if (!err) {
        *s = (struct sending){done, ctx};
        struct transfer_request r = {.url = url.data, .tls = TRANSFER_TLS_REQUIRED, .deadline_ms = KANNEL_DEADLINE_MS,
                                     .answer_bytes_max = KANNEL_ANSWER_BYTES_MAX};
        err = transfer_start(t, &r, kannel_done, s);
    }
    if (err) {
        free(s);
    }
    buf_done(&url);
    buf_done(&report);
    return err;
}

/* --- in --------------------------------------------------------------------------------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One parameter of an application/x-www-form-urlencoded query, decoded into @room (which must have the space: at most the query's length is
 * added). */
static struct text parameter(struct text query, const char *name, struct buf *room)
{
    size_t name_n = strlen(name);
    for (size_t at = 0; at < query.n;) {
        size_t end = at;
        while (end < query.n && query.s[end] != '&') {
            end++;
        }
        if (end - at > name_n && memcmp(query.s + at, name, name_n) == 0 && query.s[at + name_n] == '=') {
            size_t from = room->len;
            for (size_t i = at + name_n + 1; i < end; i++) {
                char c = query.s[i];
                if (c == '+') {
                    c = ' ';
                } else if (c == '%' && i + 2 < end && hex(query.s[i + 1]) >= 0 && hex(query.s[i + 2]) >= 0) {
                    c = (char)(hex(query.s[i + 1]) * 16 + hex(query.s[i + 2]));
                    i += 2;
                }
                room->data[room->len++] = c;
            }
            return (struct text){room->data + from, room->len - from};
        }
        at = end + 1;
    }
    return (struct text){NULL, 0};
}

static const char *country_of(const struct kannel_config *c)
{
    return c->country ? c->country : "";
}

static const struct kannel_config *config_of(const struct kannel_config *configs, size_t n, struct text key, struct text number)
{
    const struct kannel_config *found = NULL;
    char plain[32];
    for (size_t i = 0; i < n; i++) {
        if (key.n > 0 && text_equal_secret(key, text_of(configs[i].hook_secret))) {
            bool same = sms_number_normalise(number, country_of(&configs[i]), plain) == 0 && strcmp(plain, configs[i].number) == 0;
            found = !found || same ? &configs[i] : found; /* every one is compared: time tells nothing */
        }
    }
    return found;
}

int kannel_inbound(const struct kannel_config *configs, size_t n, struct text query, struct buf *room, struct inbound *m)
{
    int err = buf_reserve(room, query.n + 128);
    if (err) {
        return err;
    }
    struct text key = parameter(query, "key", room), to = parameter(query, "to", room);
    const struct kannel_config *c = config_of(configs, n, key, to);
    if (!c) {
        return ERR_FORBIDDEN;
    }
    struct text id = parameter(query, "id", room), from = parameter(query, "from", room), text = parameter(query, "text", room);
    char number[32];
    if (id.n == 0 || id.n > ID_MAX * 2 || sms_number_normalise(from, country_of(c), number) || !text.s || !text_is_utf8(text) || memchr(text.s, '\0', text.n) ||
        text.n > TEXT_LARGE_MAX) {
        return ERR_BAD_INPUT;
    }
    size_t at = room->len;
    size_t bytes = strlen(number);
    memcpy(room->data + at, number, bytes);
    room->len += bytes;
    *m = (struct inbound){
        .channel = TEXT_LITERAL("sms"), .source_id = id, .queue = text_of(c->queue), .address = {room->data + at, bytes}, .text = text};
    return 0;
}

int kannel_delivery(const struct kannel_config *configs, size_t n, struct text query, struct buf *room, struct kannel_report *out)
{
    int err = buf_reserve(room, query.n + 1);
    if (err) {
        return err;
    }
    uint64_t type;
    struct text key = parameter(query, "key", room);
    struct kannel_report r = {.conversation = parameter(query, "c", room), .reason = {NULL, 0}};
    if (!config_of(configs, n, key, (struct text){NULL, 0})) {
        return ERR_FORBIDDEN;
    }
    if (text_to_u64(parameter(query, "s", room), &r.seq) || text_to_u64(parameter(query, "type", room), &type) || r.conversation.n == 0 ||
        r.conversation.n > ID_MAX || r.seq == 0 || r.seq > U53_MAX) {
        return ERR_BAD_INPUT;
    }
    struct text reason = parameter(query, "reason", room);
    /* Kannel's types: 1 delivered, 2 not delivered, 4 queued at the SMSC, 8 accepted by it, 16 refused by it. */
    r.state = type & 1 ? "delivered" : type & 18 ? "failed" : "sent";
    r.reason = reason.s && reason.n > 0 && type & 18 && text_is_utf8(reason) && !memchr(reason.s, '\0', reason.n) ? reason : (struct text){NULL, 0};
    *out = r;
    return 0;
}
