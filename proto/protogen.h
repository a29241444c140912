/* The generator's parts: each writes one generated file to @out. A build tool, not part of the broker: it may look at every layer's tables. */
#ifndef LOKET_PROTO_PROTOGEN_H
#define LOKET_PROTO_PROTOGEN_H

#include "base/buf.h"

#define PROTOGEN_BYTES_MAX (4u << 20)

int protogen_ts(struct buf *out) MUST_CHECK;                            /* web/client/frames.gen.ts */
int protogen_md(struct text template_text, struct buf *out) MUST_CHECK; /* proto/PROTOCOL.md, from proto/protocol.head.md */
int protogen_example(struct buf *out) MUST_CHECK;                       /* its worked example */

int protogen_states(struct buf *out) MUST_CHECK;                 /* the life of a conversation as a mermaid diagram */
int protogen_map(struct text page, struct buf *out) MUST_CHECK;  /* broker/README.md with what stands between its markers made anew; ERR_BAD_INPUT: no markers */

/* "queue_row" as "QueueRow". */
int protogen_pascal(const char *name, struct buf *out) MUST_CHECK;

#endif
