#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"

static char map_gone[1]; /* key of a removed entry: searches walk past it */

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-2-4, Aumasson and Bernstein 2012; the key is drawn once a process. */
static uint64_t map_hash(struct text t)
{
    static uint64_t key[2];
    static bool drawn;
    if (!drawn) {
        random_bytes(key, sizeof key);
        drawn = true;
    }
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull, key[0] ^ 0x6c7967656e657261ull,
                     key[1] ^ 0x7465646279746573ull};
    for (size_t i = 0; i <= t.n / 8; i++) {
        uint64_t word = 0;
        size_t n = i < t.n / 8 ? 8 : t.n % 8;
        if (n > 0) {
            memcpy(&word, t.s + i * 8, n);
        }
        if (i == t.n / 8) {
            word |= (uint64_t)t.n << 56;
        }
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m, size_t cap)
{
    *m = (struct map){.cap = cap};
}

void map_done(struct map *m)
{
    for (size_t i = 0; i < m->room; i++) {
        if (m->entries[i].key != map_gone) {
            free(m->entries[i].key);
        }
    }
    free(m->entries);
    *m = (struct map){.cap = m->cap};
}

static struct map_entry *map_find(const struct map *m, struct text key, uint64_t hash)
{
    if (m->room == 0) {
        return NULL;
    }
    for (size_t i = hash & (m->room - 1);; i = (i + 1) & (m->room - 1)) {
        struct map_entry *e = &m->entries[i];
        if (!e->key) {
            return NULL;
        }
        if (e->key != map_gone && e->hash == hash && text_equal((struct text){e->key, e->key_bytes}, key)) {
            return e;
        }
    }
}

void *map_get(const struct map *m, struct text key)
{
    struct map_entry *e = map_find(m, key, map_hash(key));
    return e ? e->value : NULL;
}

static void map_place(struct map_entry *entries, size_t room, struct map_entry entry)
{
    size_t i = entry.hash & (room - 1);
    while (entries[i].key) {
        i = (i + 1) & (room - 1);
    }
    entries[i] = entry;
}

/* Removed entries are dropped on the way, so a map that only turns over does not grow. */
static int map_rebuild(struct map *m)
{
    size_t room = 16;
    while (room < (m->count + 1) * 2) {
        room *= 2;
    }
    struct map_entry *entries = calloc(room, sizeof *entries);
    if (!entries) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < m->room; i++) {
        if (m->entries[i].key && m->entries[i].key != map_gone) {
            map_place(entries, room, m->entries[i]);
        }
    }
    free(m->entries);
    m->entries = entries;
    m->room = room;
    m->used = m->count;
    return 0;
}

int map_set(struct map *m, struct text key, void *value)
{
    CHECK(value != NULL);
    uint64_t hash = map_hash(key);
    struct map_entry *e = map_find(m, key, hash);
    if (e) {
        e->value = value;
        return 0;
    }
    if (m->count >= m->cap) {
        return ERR_FULL;
    }
    if ((m->used + 1) * 4 > m->room * 3) {
        int err = map_rebuild(m);
        if (err) {
            return err;
        }
    }
    char *copy = malloc(key.n + 1);
    if (!copy) {
        return ERR_MEMORY;
    }
    if (key.n > 0) {
        memcpy(copy, key.s, key.n);
    }
    copy[key.n] = '\0';
    map_place(m->entries, m->room, (struct map_entry){copy, key.n, hash, value});
    m->count++;
    m->used++;
    return 0;
}

void *map_remove(struct map *m, struct text key)
{
    struct map_entry *e = map_find(m, key, map_hash(key));
    if (!e) {
        return NULL;
    }
    void *value = e->value;
    free(e->key);
    *e = (struct map_entry){.key = map_gone};
    m->count--;
    return value;
}

bool map_next(const struct map *m, size_t *at, struct text *key, void **value)
{
    while (*at < m->room) {
        const struct map_entry *e = &m->entries[(*at)++];
        if (e->key && e->key != map_gone) {
            if (key) {
                *key = (struct text){e->key, e->key_bytes};
            }
            if (value) {
                *value = e->value;
            }
            return true;
        }
    }
    return false;
}
