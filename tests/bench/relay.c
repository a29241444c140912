/* The bare relay: what libwebsockets and hiredis alone can do for a durable message between two people. Connections /N/a and /N/b are a
 * pair; each message is XADDed to the pair's stream and, once Redis has answered, forwarded to the partner and acked to its sender.
 * No protocol, no checks, no sessions, no routing, no log to read. The yardstick of tests/bench/run; not part of Loket.
 * Answers are written at once, in Redis's callback; waiting for each socket's WRITEABLE was tried and costs a third more. */
#include <hiredis/adapters/libuv.h>
#include <hiredis/async.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = 16384, ACK_BYTES = 16, STREAM_BYTES = 32, MESSAGE_MAX = 512 };

struct note { /* one message to be written to one connection */
    struct note *next;
    size_t n;
    unsigned char room[LWS_PRE], data[]; /* libwebsockets puts its header into the room */
};
struct peer {
    struct lws *wsi;
    int pair, side;
    struct note *first, **last;
    size_t part_n; /* of a message whose end has yet to be read */
    char part[MESSAGE_MAX];
};
struct pending {
    int pair, side;
    struct note *note;
};
static struct peer *pairs[PAIRS_MAX][2];
static redisAsyncContext *redis;

static struct note *note_new(const void *data, size_t n)
{
    struct note *note = malloc(sizeof *note + n);
    *note = (struct note){.n = n};
    memcpy(note->data, data, n);
    return note;
}

static void peer_send(struct peer *p, struct note *note)
{
    if (!p || (!p->first && !lws_partial_buffered(p->wsi))) {
        if (p) {
            (void)!lws_write(p->wsi, note->data, note->n, LWS_WRITE_BINARY); /* fails with the connection, which is then heard of */
        }
        free(note);
        return;
    }
    *p->last = note;
    p->last = &note->next;
    lws_callback_on_writable(p->wsi);
}

static void appended(redisAsyncContext *c, void *reply, void *data)
{
    struct pending *m = data;
    (void)c;
    if (!reply || ((redisReply *)reply)->type != REDIS_REPLY_STRING) {
        fprintf(stderr, "relay: XADD failed\n");
        exit(1);
    }
    struct note *ack = note_new(m->note->data, m->note->n < ACK_BYTES ? m->note->n : ACK_BYTES);
    peer_send(pairs[m->pair][!m->side], m->note);
    peer_send(pairs[m->pair][m->side], ack);
    free(m);
}

static void message(struct peer *p, const void *in, size_t n)
{
    char stream[STREAM_BYTES];
    struct pending *m = malloc(sizeof *m);
    *m = (struct pending){p->pair, p->side, note_new(in, n)};
    const char *argv[] = {"XADD", stream, "*", "e", (const char *)m->note->data};
    size_t bytes[] = {4, (size_t)snprintf(stream, sizeof stream, "pair:%d", p->pair), 1, 1, n};
    redisAsyncCommandArgv(redis, appended, m, 5, argv, bytes);
}

static int receive(struct peer *p, const void *in, size_t n)
{
    bool whole = lws_is_final_fragment(p->wsi);
    if (whole && p->part_n == 0) {
        message(p, in, n);
        return 0;
    }
    if (n > MESSAGE_MAX - p->part_n) {
        return -1;
    }
    memcpy(p->part + p->part_n, in, n);
    p->part_n += n;
    if (whole) {
        message(p, p->part, p->part_n);
        p->part_n = 0;
    }
    return 0;
}

static int writeable(struct peer *p)
{
    while (p->first && !lws_partial_buffered(p->wsi)) {
        struct note *note = p->first;
        p->first = note->next;
        p->last = p->first ? p->last : &p->first;
        int wrote = lws_write(p->wsi, note->data, note->n, LWS_WRITE_BINARY);
        free(note);
        if (wrote < 0) {
            return -1;
        }
    }
    if (p->first) {
        lws_callback_on_writable(p->wsi);
    }
    return 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
    struct peer *p = user;
    char path[32];
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        *p = (struct peer){.wsi = wsi, .last = &p->first};
        if (lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI) <= 0 || sscanf(path, "/%d/", &p->pair) != 1 || p->pair < 0 ||
            p->pair >= PAIRS_MAX) {
            return -1;
        }
        p->side = path[strlen(path) - 1] == 'b';
        pairs[p->pair][p->side] = p;
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return receive(p, in, n);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writeable(p);
    case LWS_CALLBACK_CLOSED:
        pairs[p->pair][p->side] = pairs[p->pair][p->side] == p ? NULL : pairs[p->pair][p->side];
        for (struct note *next; p->first; p->first = next) {
            next = p->first->next;
            free(p->first);
        }
        return 0;
    default:
        return 0;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: bench_relay PORT REDIS-SOCKET\n");
        return 2;
    }
    static const struct lws_protocols protocols[] = {{"bare", callback, sizeof(struct peer), 2048, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};
    uv_loop_t *loop = uv_default_loop();
    struct lws_context_creation_info info = {.port = atoi(argv[1]), .iface = "127.0.0.1", .protocols = protocols, .foreign_loops = (void *[]){loop},
                                             .options = LWS_SERVER_OPTION_LIBUV, .max_http_header_data = 1024, .pt_serv_buf_size = 4096};
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    redis = redisAsyncConnectUnix(argv[2]);
    if (!context || !redis || redis->err || redisLibuvAttach(redis, loop) != REDIS_OK) {
        fprintf(stderr, "relay: cannot listen on port %s or reach redis at %s\n", argv[1], argv[2]);
        return 1;
    }
    return uv_run(loop, UV_RUN_DEFAULT);
}
