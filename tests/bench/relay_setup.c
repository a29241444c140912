/* The bare relay's side of the load: raw binary messages of the same words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static void said(struct ws *w, const unsigned char *data, size_t n)
{
    unsigned index;
    uint32_t counter;
    if (!text_read((const char *)data, n, &index, &counter) || index >= load.n || (w->role == ROLE_RESIDENT && index != w->index)) {
        fail("the relay sent something else than was said");
    }
    if (w->role == ROLE_RESIDENT) {
        talk_acked(&load.talks[index], counter);
    } else {
        talk_delivered(&load.talks[index], counter);
    }
}

static void opened(struct ws *w)
{
    struct talk *t = &load.talks[w->index];
    *(w->role == ROLE_RESIDENT ? &t->resident_ready : &t->agent_ready) = true;
    talk_ready(t);
}

void relay_setup(void)
{
    load.agents_n = load.n;
    load.agents = calloc(load.n, sizeof *load.agents);
    for (unsigned i = 0; i < load.n; i++) {
        struct talk *t = &load.talks[i];
        char path[32];
        t->agent = &load.agents[i];
        t->frame = calloc(1, TEXT_BYTES);
        t->frame_n = TEXT_BYTES;
        t->resident = (struct ws){.opened = opened, .message = said, .index = i, .role = ROLE_RESIDENT};
        *t->agent = (struct ws){.opened = opened, .message = said, .index = i, .role = ROLE_AGENT};
        snprintf(path, sizeof path, "/%u/a", i);
        ws_open(&t->resident, load.port, path, "Sec-WebSocket-Protocol: bare\r\n");
        snprintf(path, sizeof path, "/%u/b", i);
        ws_open(t->agent, load.port, path, "Sec-WebSocket-Protocol: bare\r\n");
    }
    while (load.ready < load.n) {
        ws_turn(0, -1);
    }
}
