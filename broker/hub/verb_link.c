/* `link`, `unlink`: an address that was proved belongs to the conversation's resident. */
#include "hub/hub_internal.h"

#include <stdlib.h>

#include "channels/email/mail_parse.h"
#include "channels/sms/sms_text.h"

struct linking {
    struct hub *h;
    struct refusal refusal;
    struct buf blob;
};

static void link_done(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct linking *l = ctx;
    (void)t;
    if (err) {
        hub_refuse(l->h, &l->refusal, err);
    } else {
        deliver_entry(l->h, text_of(l->refusal.conversation), r->seq, buf_text(&l->blob));
        deliver_others(l->h, text_of(l->refusal.conversation), r->seq, buf_text(&l->blob), r->nodes);
        deliver_conversation(l->h, text_of(l->refusal.conversation), (struct text){NULL, 0});
    }
    buf_done(&l->blob);
    free(l);
}

static void link_change(struct hub *h, struct member *m, const struct frame *f, struct text conversation, struct text channel, struct text address,
                        bool on)
{
    char key[ADDRESS_MAX + 1], number[32];
    struct text normal;
    if (text_is(channel, "email") && email_address_key(address, key) == 0) {
        normal = text_of(key);
    } else if (text_is(channel, "sms") && sms_number_normalise(address, h->config->country, number) == 0 && number[0] == '+') {
        normal = text_of(number);
    } else {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, channel_is_known(channel) ? "address" : "channel");
        return;
    }
    struct linking *l = calloc(1, sizeof *l);
    if (!l) {
        edge_refuse(h->edge, m->session, ERR_MEMORY, f, NULL);
        return;
    }
    l->h = h;
    l->refusal.session = m->session;
    l->refusal.verb = f->verb;
    buf_init(&l->blob, HUB_ENTRY_BYTES_MAX);
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    struct frame_entry e = {.conversation = conversation, .kind = TEXT_LITERAL("link"), .at = now, .from = TEXT_LITERAL("agent"),
                            .author = text_of(m->colleague->id), .name = text_of(m->colleague->name), .channel = channel, .address = normal,
                            .state = on ? TEXT_LITERAL("linked") : TEXT_LITERAL("unlinked")};
    struct text blob;
    int err = text_copy(conversation, l->refusal.conversation, sizeof l->refusal.conversation);
    err = err ? err : entry_encode(h, &e, &blob);
    err = err ? err : buf_add_text(&l->blob, blob);
    err = err ? err : store_link(h->store, conversation, channel, normal, on, text_of(m->colleague->id), buf_text(&l->blob), now, link_done, l,
                                 (struct ticket){0});
    if (err) {
        buf_done(&l->blob);
        free(l);
        edge_refuse(h->edge, m->session, err, f, NULL);
    }
}

void verb_link(struct hub *h, struct member *m, const struct frame *f)
{
    link_change(h, m, f, f->link.conversation, f->link.channel, f->link.address, true);
}

void verb_unlink(struct hub *h, struct member *m, const struct frame *f)
{
    link_change(h, m, f, f->unlink.conversation, f->unlink.channel, f->unlink.address, false);
}
