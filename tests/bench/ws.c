#include "ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { WS_OPENING_MAX = 64, EVENTS_MAX = 1024, READ_BYTES = 1 << 18, HEADER_MAX = 14, FRAME_MAX = 1 << 22 };
enum { WS_WAITS, WS_CONNECTS, WS_UPGRADES, WS_OPEN, WS_OPEN_BLOCKED };

static int epoll_fd, timer_fd, watched_fd = -1;
static uint64_t mask_state = 0x9e3779b97f4a7c15u, timer_at;
static struct ws *dirty_first;
static struct {
    struct ws *ws;
    int port;
} *line; /* connections that wait their turn */
static size_t line_n, line_at, line_room, opening_n;

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "load: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

uint64_t ns_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *grown(void *data, size_t *room, size_t need)
{
    if (need <= *room) {
        return data;
    }
    size_t next = *room ? *room : 512;
    while (next < need) {
        next *= 2;
    }
    data = realloc(data, next);
    if (!data) {
        fail("out of memory");
    }
    *room = next;
    return data;
}

static void watch(int op, int fd, unsigned events, void *p)
{
    struct epoll_event e = {.events = events, .data.ptr = p};
    if (epoll_ctl(epoll_fd, op, fd, &e)) {
        fail("epoll_ctl: %s", strerror(errno));
    }
}

void ws_start(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (epoll_fd < 0 || timer_fd < 0) {
        fail("epoll: %s", strerror(errno));
    }
    watch(EPOLL_CTL_ADD, timer_fd, EPOLLIN, &timer_fd);
}

static void connect_now(struct ws *w, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (w->fd < 0) {
        fail("socket: %s", strerror(errno));
    }
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(w->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        fail("connect to port %d: %s", port, strerror(errno));
    }
    w->state = WS_CONNECTS;
    opening_n++;
    watch(EPOLL_CTL_ADD, w->fd, EPOLLIN | EPOLLOUT, w);
}

static void line_move(void)
{
    while (line_at < line_n && opening_n < WS_OPENING_MAX) {
        connect_now(line[line_at].ws, line[line_at].port);
        line_at++;
    }
    if (line_at == line_n) {
        line_at = line_n = 0;
    }
}

void ws_open(struct ws *w, int port, const char *path, const char *headers)
{
    char *request;
    /* The key is constant: it guards against caches, of which there is none here. */
    if (asprintf(&request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, port, headers) < 0) {
        fail("out of memory");
    }
    w->request = request;
    w->state = WS_WAITS;
    line = grown(line, &line_room, (line_n + 1) * sizeof *line);
    line[line_n].ws = w;
    line[line_n++].port = port;
}

static void dirty(struct ws *w)
{
    if (!w->next_dirty && w->state == WS_OPEN) {
        w->next_dirty = dirty_first ? dirty_first : w; /* the last one points to itself */
        dirty_first = w;
    }
}

unsigned char *ws_send_begin(struct ws *w, size_t n)
{
    w->out = grown(w->out, &w->out_room, w->out_n + n + HEADER_MAX);
    size_t header = n < 126 ? 6 : 8;
    if (n > 65535) {
        fail("a message of %zu bytes is not what this tool sends", n);
    }
    return w->out + w->out_n + header;
}

void ws_send_end(struct ws *w, unsigned char *data, size_t n)
{
    unsigned char *at = w->out + w->out_n;
    *at++ = 0x82; /* FIN, binary */
    if (n < 126) {
        *at++ = (unsigned char)(0x80 | n);
    } else {
        *at++ = 0x80 | 126;
        *at++ = (unsigned char)(n >> 8);
        *at++ = (unsigned char)n;
    }
    mask_state ^= mask_state << 13; /* xorshift64: another key for each frame, as the RFC asks; nobody here has to be kept from guessing it */
    mask_state ^= mask_state >> 7;
    mask_state ^= mask_state << 17;
    uint64_t key = mask_state & 0xffffffffu, wide = key | key << 32, word;
    memcpy(at, &key, 4);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, data + i, 8);
        word ^= wide;
        memcpy(data + i, &word, 8);
    }
    for (; i < n; i++) {
        data[i] ^= (unsigned char)(wide >> (8 * (i & 7)));
    }
    w->out_n = (size_t)(data - w->out) + n;
    dirty(w);
}

void ws_send(struct ws *w, const void *data, size_t n)
{
    unsigned char *at = ws_send_begin(w, n);
    memcpy(at, data, n);
    ws_send_end(w, at, n);
}

static void flush(struct ws *w)
{
    while (w->out_at < w->out_n) {
        ssize_t n = send(w->fd, w->out + w->out_at, w->out_n - w->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            if (w->state != WS_OPEN_BLOCKED) {
                w->state = WS_OPEN_BLOCKED;
                watch(EPOLL_CTL_MOD, w->fd, EPOLLIN | EPOLLOUT, w);
            }
            return;
        }
        if (n < 0) {
            fail("send: %s", strerror(errno));
        }
        w->out_at += (size_t)n;
    }
    w->out_at = w->out_n = 0;
    if (w->state == WS_OPEN_BLOCKED) {
        w->state = WS_OPEN;
        watch(EPOLL_CTL_MOD, w->fd, EPOLLIN, w);
    }
}

/* Whole frames at the front of @data; returns how many bytes they took. */
static size_t frames_take(struct ws *w, const unsigned char *data, size_t n)
{
    size_t at = 0;
    while (n - at >= 2) {
        const unsigned char *f = data + at;
        size_t payload = f[1] & 127, header = 2;
        if (payload >= 126) {
            size_t length_bytes = payload == 126 ? 2 : 8;
            if (n - at < 2 + length_bytes) {
                break;
            }
            payload = 0;
            for (size_t i = 0; i < length_bytes; i++) {
                payload = payload << 8 | f[2 + i];
            }
            header += length_bytes;
        }
        if (payload > FRAME_MAX) {
            fail("a frame of %zu bytes came", payload);
        }
        if (n - at < header + payload) {
            break;
        }
        if (f[0] == 0x82) {
            w->message(w, f + header, payload);
        } else if (f[0] == 0x88) {
            fail("connection %u (role %u) was closed with code %d %.*s", w->index, w->role, payload >= 2 ? f[header] << 8 | f[header + 1] : 0,
                 payload > 2 ? (int)payload - 2 : 0, (const char *)f + header + 2);
        } else if (f[0] != 0x89 && f[0] != 0x8a) {
            fail("a frame of kind %02x came", f[0]);
        }
        at += header + payload;
    }
    return at;
}

static void received(struct ws *w, const unsigned char *data, size_t n)
{
    if (w->state == WS_UPGRADES) {
        const unsigned char *end = memmem(data, n, "\r\n\r\n", 4);
        if (!end && n < 4096) {
            return;
        }
        if (!end || n < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0) {
            fail("connection %u was not upgraded: %.*s", w->index, (int)(n < 300 ? n : 300), (const char *)data);
        }
        w->state = WS_OPEN;
        opening_n--;
        size_t rest = n - (size_t)(end + 4 - data);
        memmove(w->in, end + 4, rest);
        w->in_n = rest;
        w->opened(w);
        data = w->in;
        n = rest;
    }
    size_t taken = frames_take(w, data, n);
    if (data == w->in) {
        memmove(w->in, data + taken, n - taken);
        w->in_n = n - taken;
    } else if (taken < n) {
        w->in = grown(w->in, &w->in_room, n - taken);
        memcpy(w->in, data + taken, n - taken);
        w->in_n = n - taken;
    }
}

static void readable(struct ws *w)
{
    static unsigned char data[READ_BYTES];
    ssize_t n = recv(w->fd, data, sizeof data, 0);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        fail("connection %u (role %u) ended: %s", w->index, w->role, n < 0 ? strerror(errno) : "closed");
    }
    if (w->in_n == 0 && w->state != WS_UPGRADES) {
        received(w, data, (size_t)n);
        return;
    }
    w->in = grown(w->in, &w->in_room, w->in_n + (size_t)n);
    memcpy(w->in + w->in_n, data, (size_t)n);
    w->in_n += (size_t)n;
    received(w, w->in, w->in_n);
}

static void event(struct ws *w, unsigned events)
{
    if (w->state == WS_CONNECTS && (events & (EPOLLOUT | EPOLLERR))) {
        size_t n = strlen(w->request);
        if (send(w->fd, w->request, n, MSG_NOSIGNAL) != (ssize_t)n) {
            fail("upgrade of connection %u: %s", w->index, strerror(errno));
        }
        free((void *)(uintptr_t)w->request);
        w->request = NULL;
        w->state = WS_UPGRADES;
        watch(EPOLL_CTL_MOD, w->fd, EPOLLIN, w);
        return;
    }
    if (w->state == WS_OPEN_BLOCKED && (events & EPOLLOUT)) {
        flush(w);
    }
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
        readable(w);
    }
}

static void timer_set(uint64_t at)
{
    if (at > 1 && at != timer_at) {
        struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at / 1000000000u), .tv_nsec = (long)(at % 1000000000u)}};
        timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
        timer_at = at;
    }
}

int ws_turn(uint64_t until_ns, int watch_fd)
{
    static struct epoll_event events[EVENTS_MAX];
    if (watch_fd != watched_fd) {
        if (watched_fd >= 0) {
            epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watched_fd, NULL);
        }
        watched_fd = watch_fd;
        if (watch_fd >= 0) {
            watch(EPOLL_CTL_ADD, watch_fd, EPOLLIN, &watched_fd);
        }
    }
    line_move();
    while (dirty_first) {
        struct ws *w = dirty_first;
        dirty_first = w->next_dirty == w ? NULL : w->next_dirty;
        w->next_dirty = NULL;
        flush(w);
    }
    timer_set(until_ns);
    int asked = 0, n = epoll_wait(epoll_fd, events, EVENTS_MAX, until_ns == 1 ? 0 : -1);
    if (n < 0 && errno != EINTR) {
        fail("epoll_wait: %s", strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &watched_fd) {
            asked = 1;
        } else if (events[i].data.ptr == &timer_fd) {
            uint64_t count;
            (void)!read(timer_fd, &count, sizeof count); /* only the waking matters */
            timer_at = 0;
        } else {
            event(events[i].data.ptr, events[i].events);
        }
    }
    return asked;
}
