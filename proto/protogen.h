/* The generator's parts: each writes one generated file to @out. A build tool, not part of the broker: it may look at every layer's tables. */
#ifndef LOKET_PROTO_PROTOGEN_H
#define LOKET_PROTO_PROTOGEN_H

#include "base/buf.h"

#define PROTOGEN_BYTES_MAX (4u << 20)

int protogen_ts(struct buf *out) MUST_CHECK;                     /* web/client/frames.gen.ts */
int protogen_md(struct text template_text, struct buf *out) MUST_CHECK; /* proto/PROTOCOL.md, from proto/protocol.head.md */
int protogen_example(struct buf *out) MUST_CHECK;                /* its worked example */

/* "queue_row" as "QueueRow". */
int protogen_pascal(const char *name, struct buf *out) MUST_CHECK;

#endif
