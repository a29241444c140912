/* The worked example of PROTOCOL.md: a resident's session, written by the codec itself, so that its bytes are what the broker sends and takes. */
#include <stdio.h>

#include "proto/protogen.h"
#include "proto/table.h"

#define T(literal) {(literal), sizeof(literal) - 1} /* TEXT_LITERAL in a static initialiser */
#define CLIENT T("3f8m0q2v7x1c9k5t")
#define CONVERSATION T("01jd3wqk7p9xv2m4c8f6zt5n0h")
#define TOKEN T("r.01jd3wqk7p9xv2m4c8f6zt5n0h.7mz2q9k4x8c1v5t3p6f0wjd8hn.1.1767139200000.q1c7Zx0e2Yb9Lw4uVn8sTt6rKf3mJd5hGg1pAa2oBb0")
#define AT 1764547200000ull

static const struct frame_queue_name queues[] = {{.queue = T("burgerzaken"), .name_nl = T("Burgerzaken"), .name_en = T("Civil affairs")}};

static const struct step {
    bool up;
    const char *says; /* the sentence above it */
    struct frame frame;
} steps[] = {
    {true, "The connection is open with one of the two subprotocols. The client greets.",
     {.verb = VERB_hello, .hello = {.client = CLIENT, .language = T("nl")}}},
    {false, "The broker says who the client is to it, and what can be chosen.",
     {.verb = VERB_welcome,
      .welcome = {.role = T("resident"), .organisation = T("Gemeente Voorbeeld"), .epoch = T("1nq8d4t0y7s2k6w9r3e5b1xzcv"), .now = AT,
                  .heartbeat_ms = 25000, .text_bytes_max = TEXT_MAX, .queues = queues, .queues_n = 1}}},
    {true, "The first message, with a random key that makes it safe to repeat.",
     {.verb = VERB_start, .start = {.key = T("8v2k6q0m4x9c1t7f"), .queue = T("burgerzaken"), .text = T("Hoe verleng ik mijn paspoort?")}}},
    {false, "It is on disk. The client keeps the token: it is the only key to this conversation.",
     {.verb = VERB_started,
      .started = {.key = T("8v2k6q0m4x9c1t7f"), .conversation = CONVERSATION, .token = TOKEN, .expires_at = 1767139200000ull, .seq = 1}}},
    {true, "Starting does not follow: the client asks for everything from the beginning.",
     {.verb = VERB_resume, .resume = {.conversation = CONVERSATION, .token = TOKEN}}},
    {false, "Two entries exist already, for an agent was free at once. This client's counter 1 is on disk: the first message had it.",
     {.verb = VERB_resumed, .resumed = {.conversation = CONVERSATION, .seq = 2, .counter = 1, .state = T("active")}}},
    {false, "The log, from entry 1.",
     {.verb = VERB_entry,
      .entry = {.conversation = CONVERSATION, .seq = 1, .kind = T("message"), .at = AT + 900, .from = T("resident"), .client = CLIENT, .counter = 1,
                .channel = T("chat"), .text = T("Hoe verleng ik mijn paspoort?")}}},
    {false, "A change of state is an entry of the same log.",
     {.verb = VERB_entry,
      .entry = {.conversation = CONVERSATION, .seq = 2, .kind = T("state"), .at = AT + 950, .from = T("system"), .name = T("Sanne"), .state = T("active")}}},
    {true, "The next message has counter 2.",
     {.verb = VERB_say, .say = {.conversation = CONVERSATION, .counter = 2, .text = T("Het verloopt morgen.")}}},
    {false, "On disk as entry 3.", {.verb = VERB_ack, .ack = {.conversation = CONVERSATION, .counter = 2, .seq = 3, .at = AT + 9100}}},
    {false, "Its author follows too and gets the entry like everyone.",
     {.verb = VERB_entry,
      .entry = {.conversation = CONVERSATION, .seq = 3, .kind = T("message"), .at = AT + 9100, .from = T("resident"), .client = CLIENT, .counter = 2,
                .channel = T("chat"), .text = T("Het verloopt morgen.")}}},
    {false, "The agent wrote an internal note. Residents do not see it, but its number is theirs to count.",
     {.verb = VERB_entry, .entry = {.conversation = CONVERSATION, .seq = 4, .kind = T("hidden"), .at = AT + 15000}}},
    {false, "The agent answers.",
     {.verb = VERB_entry,
      .entry = {.conversation = CONVERSATION, .seq = 5, .kind = T("message"), .at = AT + 21000, .from = T("agent"), .name = T("Sanne"),
                .client = T("k2w8r4t6y0s1n9d3"), .counter = 2, .channel = T("chat"), .text = T("Dat kan vandaag nog, zonder afspraak.")}}},
    {true, "A client with a fault in its counting.",
     {.verb = VERB_say, .say = {.conversation = CONVERSATION, .counter = 4, .text = T("Dank u wel!")}}},
    {false, "It is told which number is next. Nothing of the frame took effect.",
     {.verb = VERB_error,
      .error = {.code = T("counter_gap"), .text = T("an earlier message is missing; send in order"), .refused = T("say"), .conversation = CONVERSATION,
                .counter = 3, .retry = true}}},
    {false, "Half an interval without a word from the client.", {.verb = VERB_ping}},
    {true, "", {.verb = VERB_pong}},
};

static int hex(struct text bytes, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < bytes.n; i++) {
        err = buf_addf(out, "%02x%s", (unsigned char)bytes.s[i], i + 1 == bytes.n ? "" : i % 32 == 31 ? "\n" : " ");
    }
    return err ? err : buf_add_byte(out, '\n');
}

int protogen_example(struct buf *out)
{
    struct buf frame;
    buf_init(&frame, FRAME_DOWN_BYTES_MAX);
    int err = 0;
    for (size_t i = 0; !err && i < sizeof steps / sizeof *steps; i++) {
        const struct step *s = &steps[i];
        err = buf_addf(out, "**%zu. %s `%s`** %s\n\n```json\n", i + 1, s->up ? "→" : "←", frame_verb_name(s->frame.verb), s->says);
        buf_clear(&frame);
        err = err ? err : frame_encode(FRAME_JSON, &s->frame, &frame);
        err = err ? err : buf_addf(out, "%.*s\n```\n\n```text\n", TEXT_ARG(buf_text(&frame)));
        buf_clear(&frame);
        err = err ? err : frame_encode(FRAME_MSGPACK, &s->frame, &frame);
        err = err ? err : hex(buf_text(&frame), out);
        err = err ? err : buf_add_z(out, "```\n\n");
    }
    buf_done(&frame);
    return err;
}
