#include "frames.h"

#include <string.h>

#include "ws.h"

/* --- reading --------------------------------------------------------------------------------------------------------------------- */

struct value {
    enum { VALUE_TEXT, VALUE_NUMBER, VALUE_OTHER, VALUE_ITEMS } type;
    struct words text;
    uint64_t number; /* items: how many values follow */
};

struct cursor {
    const unsigned char *at, *end;
    bool bad;
};

static uint64_t take(struct cursor *c, size_t n)
{
    uint64_t value = 0;
    if ((size_t)(c->end - c->at) < n) {
        c->bad = true;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | *c->at++;
    }
    return value;
}

static struct words take_text(struct cursor *c, uint64_t n)
{
    struct words w = {(const char *)c->at, (size_t)n};
    if ((uint64_t)(c->end - c->at) < n) {
        c->bad = true;
        return (struct words){"", 0};
    }
    c->at += n;
    return w;
}

static struct value value_take(struct cursor *c)
{
    unsigned char b = (unsigned char)take(c, 1);
    if (b < 0x80) {
        return (struct value){.type = VALUE_NUMBER, .number = b};
    }
    if (b < 0x90) {
        return (struct value){.type = VALUE_ITEMS, .number = 2u * (b & 15u)};
    }
    if (b < 0xa0) {
        return (struct value){.type = VALUE_ITEMS, .number = b & 15u};
    }
    if (b < 0xc0) {
        return (struct value){.type = VALUE_TEXT, .text = take_text(c, b & 31u)};
    }
    switch (b) {
    case 0xcc: case 0xcd: case 0xce: case 0xcf:
        return (struct value){.type = VALUE_NUMBER, .number = take(c, 1u << (b - 0xcc))};
    case 0xd9: case 0xda: case 0xdb: {
        uint64_t n = take(c, 1u << (b - 0xd9));
        return (struct value){.type = VALUE_TEXT, .text = take_text(c, n)};
    }
    case 0xdc: case 0xdd:
        return (struct value){.type = VALUE_ITEMS, .number = take(c, 2u << (b - 0xdc))};
    case 0xde: case 0xdf:
        return (struct value){.type = VALUE_ITEMS, .number = 2 * take(c, 2u << (b - 0xde))};
    case 0xc0: case 0xc2: case 0xc3:
        return (struct value){.type = VALUE_OTHER};
    default:
        c->bad = true; /* negative numbers, floats, binary: the protocol has none */
        return (struct value){.type = VALUE_OTHER};
    }
}

static void skip(struct cursor *c, uint64_t items)
{
    while (items > 0 && !c->bad) {
        struct value v = value_take(c);
        items += v.type == VALUE_ITEMS ? v.number : 0;
        items--;
    }
}

static void field_keep(struct words key, const struct value *v, struct seen *out)
{
#define KEEP(field, want, from) \
    if (v->type == want && key.n == sizeof #field - 1 && memcmp(key.s, #field, key.n) == 0) { \
        out->field = v->from; \
    }
    switch (key.s[0]) {
    case 'v': KEEP(verb, VALUE_TEXT, text) break;
    case 'c': KEEP(conversation, VALUE_TEXT, text) KEEP(counter, VALUE_NUMBER, number) KEEP(code, VALUE_TEXT, text) break;
    case 't': KEEP(text, VALUE_TEXT, text) KEEP(token, VALUE_TEXT, text) break;
    case 's': KEEP(seq, VALUE_NUMBER, number) KEEP(state, VALUE_TEXT, text) break;
    case 'o': KEEP(owner, VALUE_TEXT, text) break;
    case 'n': KEEP(name, VALUE_TEXT, text) break;
    case 'k': KEEP(kind, VALUE_TEXT, text) break;
    default: break;
    }
}

bool frame_see(const unsigned char *data, size_t n, struct seen *out)
{
    struct cursor c = {data, data + n, false};
    struct value root = value_take(&c);
    *out = (struct seen){0};
    if (root.type != VALUE_ITEMS || (data[0] & 0xf0) == 0x90) {
        return false;
    }
    for (uint64_t i = 0; i < root.number && !c.bad; i += 2) {
        struct value key = value_take(&c), v = value_take(&c);
        if (key.type != VALUE_TEXT || key.text.n == 0) {
            return false;
        }
        if (v.type == VALUE_ITEMS) {
            skip(&c, v.number);
        } else {
            field_keep(key.text, &v, out);
        }
    }
    return !c.bad && c.at == c.end && out->verb.n > 0;
}

bool words_are(struct words w, const char *s)
{
    return w.n == strlen(s) && memcmp(w.s, s, w.n) == 0;
}

/* --- writing --------------------------------------------------------------------------------------------------------------------- */

static void add(struct made *m, const void *data, size_t n)
{
    if (n > sizeof m->data - m->n) {
        fail("a frame is too long");
    }
    memcpy(m->data + m->n, data, n);
    m->n += n;
}

static void add_text(struct made *m, const char *s, size_t n)
{
    unsigned char small = (unsigned char)(0xa0 | n), large[3] = {0xda, (unsigned char)(n >> 8), (unsigned char)n};
    add(m, n < 32 ? &small : large, n < 32 ? 1 : 3);
    add(m, s, n);
}

void made_start(struct made *m, unsigned fields, const char *verb)
{
    unsigned char head = (unsigned char)(0x80 | (fields + 1));
    m->n = 0;
    add(m, &head, 1);
    made_text(m, "verb", verb, strlen(verb));
}

void made_text(struct made *m, const char *key, const char *value, size_t n)
{
    add_text(m, key, strlen(key));
    add_text(m, value, n);
}

size_t made_number(struct made *m, const char *key, uint32_t value)
{
    unsigned char head = 0xce, room[4];
    number_put(room, value);
    add_text(m, key, strlen(key));
    add(m, &head, 1);
    add(m, room, sizeof room);
    return m->n - 4;
}

void number_put(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> (24 - 8 * i));
    }
}
