/* The load generator's WebSocket client (RFC 6455) on epoll, for thousands of connections in one thread. What is sent in one turn leaves in
 * one write a connection. Any fault of the other side ends the program with a line on standard error: a benchmark that lost a connection
 * has measured nothing. */
#ifndef LOKET_BENCH_WS_H
#define LOKET_BENCH_WS_H

#include <stddef.h>
#include <stdint.h>

struct ws {
    int fd;
    unsigned state;           /* ws.c */
    struct ws *next_dirty;
    unsigned char *in, *out;  /* a frame that is not complete; bytes that wait */
    size_t in_n, in_room, out_n, out_at, out_room;
    const char *request;      /* of the upgrade; owned */
    void (*opened)(struct ws *w);
    void (*message)(struct ws *w, const unsigned char *data, size_t n); /* borrowed until return */
    unsigned index, role;     /* the caller's */
};

void ws_start(void);
/* Connect to 127.0.0.1:@port and upgrade. At most WS_OPENING_MAX are under way at once, the others wait their turn.
 *   headers   further request headers, each ended by CR LF  */
void ws_open(struct ws *w, int port, const char *path, const char *headers);
/* Queue one masked binary message: @n bytes, of which the caller fills what it gets; ws_send_end() masks them. */
unsigned char *ws_send_begin(struct ws *w, size_t n);
void ws_send_end(struct ws *w, unsigned char *data, size_t n);
void ws_send(struct ws *w, const void *data, size_t n);
/* One turn: everything queued leaves, then what came in is handed over. @until_ns: wake at this time of ns_now at the latest; 0 waits
 * for an event; 1 does not wait. Returns 1 when @watch (a file descriptor, or -1) can be read. */
int ws_turn(uint64_t until_ns, int watch);
uint64_t ns_now(void);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
