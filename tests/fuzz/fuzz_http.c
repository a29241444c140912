/* What a stranger's HTTP request holds, taken apart by pure functions. The first byte, a letter, says by which; the rest is the input. */
#include <ctype.h>
#include <string.h>

#include "adapters/kannel.h"
#include "base/check.h"
#include "edge/edge_internal.h"
#include "edge/token.h"
#include "hub/sign_in.h"

static const struct kannel_config numbers[] = {
    {.number = "+31201234567", .queue = "burgerzaken", .hook_url = "http://127.0.0.1:1", .hook_secret = "k"},
    {.number = "+31207654321", .queue = "belastingen", .hook_url = "http://127.0.0.1:1", .hook_secret = "k"},
};

static bool within(struct text part, struct text whole)
{
    return !part.s || part.n == 0 || (part.s >= whole.s && part.s + part.n <= whole.s + whole.n);
}

static void try_inbound(struct text in)
{
    struct buf room;
    struct inbound m;
    buf_init(&room, EDGE_BODY_BYTES_MAX);
    int err = kannel_inbound(numbers, 2, in, &room, &m);
    if (!err) {
        CHECK(text_is(m.queue, numbers[0].queue) || text_is(m.queue, numbers[1].queue));
        CHECK(m.source_id.n > 0 && m.address.n > 0 && text_is_utf8(m.text) && m.text.n <= TEXT_LARGE_MAX);
        CHECK(within(m.source_id, buf_text(&room)) && within(m.address, buf_text(&room)) && within(m.text, buf_text(&room)));
        CHECK(room.len <= room.room && room.len <= room.cap);
    }
    buf_done(&room);
}

static void try_delivery(struct text in)
{
    struct buf room;
    struct kannel_report r;
    buf_init(&room, EDGE_BODY_BYTES_MAX);
    int err = kannel_delivery(numbers, 2, in, &room, &r);
    if (!err) {
        CHECK(r.conversation.n > 0 && r.conversation.n <= ID_MAX && r.seq > 0 && r.seq <= U53_MAX && r.state);
        CHECK(within(r.conversation, buf_text(&room)) && within(r.reason, buf_text(&room)) && text_is_utf8(r.reason));
    }
    buf_done(&room);
}

static void try_page(struct text in)
{
    char file[256];
    if (page_path(in, file, sizeof file) == 0) {
        CHECK(file[0] != '/' && file[0] != '.' && file[0] != '\0' && !strstr(file, "..") && !strstr(file, "//") && !strstr(file, "/."));
        CHECK(page_type(file));
    }
}

static void try_query(struct text in)
{
    struct buf out;
    buf_init(&out, QUERY_BYTES_MAX);
    if (query_add(&out, in) == 0) {
        for (size_t i = 0; i < out.len; i++) {
            CHECK(isalnum((unsigned char)out.data[i]) || strchr("-._~%=", out.data[i]));
        }
        CHECK(in.n * 3 >= out.len);
    }
    buf_done(&out);
}

static void try_token(struct text in)
{
    static const unsigned char secret[32] = "fuzz";
    struct token t;
    for (const char *kind = "sr"; *kind; kind++) {
        CHECK(token_read(secret, in, *kind, 0, &t) != 0 || t.kind == *kind); /* nobody signs by chance */
    }
    /* What can be signed is read back as it was; the input is its parts. */
    struct token made = {.kind = 's', .role = AGENT, .expires_ms = 1000};
    char out[TOKEN_MAX + 1];
    struct text half = {in.s, in.n / 2}, rest = {in.s + in.n / 2, in.n - in.n / 2};
    if (text_copy(half, made.subject, sizeof made.subject) == 0 && text_copy(rest, made.session, sizeof made.session) == 0 && token_make(secret, &made, out) == 0) {
        CHECK(token_read(secret, text_of(out), 's', 999, &t) == 0);
        CHECK(strcmp(t.subject, made.subject) == 0 && strcmp(t.session, made.session) == 0 && t.role == AGENT && t.expires_ms == 1000);
        CHECK(token_read(secret, text_of(out), 's', 1001, &t) == ERR_BAD_TOKEN && token_read(secret, text_of(out), 'r', 999, &t) == ERR_BAD_TOKEN);
        out[strlen(out) / 2] ^= 1;
        CHECK(token_read(secret, text_of(out), 's', 999, &t) == ERR_BAD_TOKEN);
    }
}

static void try_sign_in(struct text in)
{
    char user[ID_MAX + 1], password[SIGN_IN_PASSWORD_MAX + 1];
    int err = sign_in_read(in, user, password);
    CHECK(err == 0 || err == ERR_BAD_FIELD || err == ERR_SIGN_IN);
    CHECK(err || (strlen(user) <= ID_MAX && strlen(password) <= SIGN_IN_PASSWORD_MAX && text_is_utf8(text_of(user)) && text_is_utf8(text_of(password))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) {
        return 0;
    }
    struct text in = {(const char *)data + 1, n - 1}, part;
    enum frame_form form = FRAME_MSGPACK;
    uint64_t number;
    switch (data[0]) {
    case 'i':
        try_inbound(in);
        break;
    case 'd':
        try_delivery(in);
        break;
    case 'c':
        part = cookie_find(in, TOKEN_COOKIE);
        CHECK(within(part, in) && (!part.s || !part.n || !memchr(part.s, ';', part.n)));
        break;
    case 'f':
        part = forwarded_last(in);
        CHECK(within(part, in) && part.n < ADDRESS_TEXT_MAX && (!part.s || !part.n || !memchr(part.s, ',', part.n)));
        break;
    case 's':
        CHECK(subprotocol_pick(in, &form) || form == FRAME_MSGPACK);
        break;
    case 'p':
        try_page(in);
        break;
    case 'q':
        try_query(in);
        break;
    case 'l':
        if (length_parse(in, &number) == 0) {
            CHECK(in.n > 0 && isdigit((unsigned char)in.s[0]));
        }
        break;
    case 'o':
        CHECK(!origin_is_ours((struct text){in.s, in.n / 2}, (struct text){in.s + in.n / 2, in.n - in.n / 2}, NULL) || in.n > 7);
        break;
    case 'b':
        try_sign_in(in);
        break;
    case 't':
        try_token(in);
        break;
    default:
        break;
    }
    return 0;
}
